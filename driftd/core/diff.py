"""Before × after → change events. Everything here is about one record; what a sweep did not show is `gate`'s matter.

Laws: ``pointers(a, a)`` is empty; putting what `pointers(a, b)` names from `b` into `a` gives `b`.
"""

import hashlib
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from msgspec import Raw, Struct, json
from msgspec.structs import replace

from driftd.core import fingerprint
from driftd.core.canonical import overlay, refreshed, without
from driftd.core.model import Change, ChangeReason, Confidence, KeyBytes, Op, Resource, Row, Stored
from driftd.core.veil import Veil

MOST: Final = 10_000
"""Places of one record that a change names."""
_MEMBERS: Final = json.Decoder(dict[str, Raw]).decode
_ELEMENTS: Final = json.Decoder(list[Raw]).decode


class Sighting(NamedTuple):
    """One record as a cycle saw it, decoded because its bytes were not known."""

    key: KeyBytes
    raw: bytes
    body: bytes
    """Canonical query facet."""
    page: int
    row: int
    ts: int
    """When it was seen, epoch ms."""
    source_ts: int | None = None
    details: bytes | None = None
    """Canonical details, where they were read for this sighting."""
    placed: bool = True


def pointers(before: bytes, after: bytes) -> tuple[str, ...]:
    """Return the JSON pointers (RFC 6901) at which two canonical objects differ, members of `after` first.

    A value that became an object or an array, or ceased to be one, is one difference; array elements are compared by
    position. Where they differ at more than `MOST` places, the one pointer ``""`` stands for the whole.
    """
    found = tuple(islice(_objects(_MEMBERS(before), _MEMBERS(after), ""), MOST + 1))
    return found if len(found) <= MOST else ("",)


class Sides(Struct, frozen=True):
    """How a record seen and one stored are made comparable, where they do not count as they are."""

    volatile: frozenset[str] = frozenset()
    """Members that were not yet left out of what is stored: they then count on neither side."""
    body: Veil | None = None
    """What counts of the query facet, under field rules; None: all."""
    details: Veil | None = None
    """What counts of details that were read under field rules of another time; None: the same as of the body."""

    def compared(self, body: bytes, details: bytes | None) -> bytes:
        """Return what counts of a record."""
        if self.body is None:
            return overlay(body, details)
        whole = self.details or self.body
        return overlay(self.body.compared(body), None if details is None else whole.compared(details))


_AS_THEY_ARE: Final = Sides()


def sighted(
    seen: Sighting, stored: Stored | None, resource: Resource, *, sides: Sides = _AS_THEY_ARE, forgotten: int = 0
) -> tuple[Row, Change | None]:
    """Compare a sighting with what is stored of its key: the row to keep, and the change event if there is one.

    `forgotten` is `Standing.forgotten`: a key that nothing is known of may have had events before.
    """
    details, details_at = (seen.details, seen.ts) if seen.details is not None else (None, None)
    if details is None and stored is not None and stored.deleted_at is None:
        details, details_at = stored.details, stored.details_at
    after = overlay(seen.body, details)
    row = Row(
        key=seen.key,
        raw=seen.raw,
        fingerprint=fingerprint.of(after),
        body=seen.body,
        details=details,
        details_at=details_at,
        first_seen=seen.ts if stored is None else stored.first_seen,
        placed=seen.placed,
    )
    if stored is None or stored.deleted_at is not None:
        id_ = event_id(resource, seen.key, row.fingerprint, stored.seq if stored else forgotten)
        return row, _created(seen, after, row.fingerprint, id_, stored)
    if stored.fingerprint == row.fingerprint:
        return row, None
    before = without(overlay(stored.body, stored.details), sides.volatile)
    if sides.body is None:
        changed = pointers(before, after)
    else:
        held = without(sides.compared(stored.body, stored.details), sides.volatile)
        changed = pointers(held, sides.compared(seen.body, details))
    if not changed:
        return row, None
    id_ = event_id(resource, seen.key, row.fingerprint, stored.seq)
    change = _updated(seen, (before, after), changed, id_, stored)
    return row, replace(change, completed=stored.details is None and details is not None)


def first(seen: Sighting) -> Row:
    """Return the row of a baseline's sighting: nothing is stored, so there is no event."""
    return Row(
        key=seen.key,
        raw=seen.raw,
        fingerprint=fingerprint.of(overlay(seen.body, seen.details)),
        body=seen.body,
        details=seen.details,
        details_at=seen.ts if seen.details is not None else None,
        first_seen=seen.ts,
    )


def completed(seen: Sighting, details: bytes) -> Sighting:
    """Return a sighting with its details: read later than its row, they are right where the two differ."""
    return seen._replace(body=refreshed(seen.body, details), details=details)


def deleted(
    stored: Stored, resource: Resource, confidence: Confidence, *, page: int, row: int, now: int
) -> tuple[Row, Change]:
    """Return the tombstone and the delete event of a record that is gone."""
    tombstone = Row(
        key=stored.key,
        raw=stored.raw,
        fingerprint=stored.fingerprint,
        body=stored.body,
        details=stored.details,
        details_at=stored.details_at,
        first_seen=stored.first_seen,
        deleted_at=now,
    )
    change = Change(
        id=event_id(resource, stored.key, b"", stored.seq),
        op=Op.DELETE,
        key=stored.key,
        before=overlay(stored.body, stored.details),
        after=None,
        changed=(),
        before_hash=stored.fingerprint.hex(),
        after_hash=None,
        page=page,
        row=row,
        source_ts=None,
        ts=now,
        first_seen=stored.first_seen,
        confidence=confidence,
    )
    return tombstone, change


def row_of(stored: Stored, *, placed: bool | None = None) -> Row:
    """Return what is stored as a row to stage, believed present."""
    return Row(
        key=stored.key,
        raw=stored.raw,
        fingerprint=stored.fingerprint,
        body=stored.body,
        details=stored.details,
        details_at=stored.details_at,
        first_seen=stored.first_seen,
        placed=stored.placed if placed is None else placed,
    )


def event_id(resource: Resource, key: KeyBytes, after: bytes, previous_seq: int) -> str:
    """Return the dedupe key of an event: the same change found again after a crash has the same id."""
    digest = hashlib.sha256()
    for part in (resource.connection.encode(), resource.name.encode(), key, after, str(previous_seq).encode()):
        digest.update(len(part).to_bytes(4, "big"))
        digest.update(part)
    return digest.hexdigest()


def _created(seen: Sighting, after: bytes, print_after: bytes, id_: str, stored: Stored | None) -> Change:
    return Change(
        id=id_,
        op=Op.CREATE,
        key=seen.key,
        before=None,
        after=after,
        changed=(),
        before_hash=None,
        after_hash=print_after.hex(),
        page=seen.page,
        row=seen.row,
        source_ts=seen.source_ts,
        ts=seen.ts,
        first_seen=seen.ts if stored is None else stored.first_seen,
        reason=None if stored is None else ChangeReason.RESURRECTED,
    )


def _updated(seen: Sighting, sides: tuple[bytes, bytes], changed: tuple[str, ...], id_: str, stored: Stored) -> Change:
    before, after = sides
    return Change(
        id=id_,
        op=Op.UPDATE,
        key=seen.key,
        before=before,
        after=after,
        changed=changed,
        before_hash=fingerprint.of(before).hex(),
        after_hash=fingerprint.of(after).hex(),
        page=seen.page,
        row=seen.row,
        source_ts=seen.source_ts,
        ts=seen.ts,
        first_seen=stored.first_seen,
    )


def _objects(before: dict[str, Raw], after: dict[str, Raw], path: str) -> Iterator[str]:
    for name, value in after.items():
        old = before.get(name)
        if old is None:
            yield f"{path}/{_escaped(name)}"
        elif old != value:
            yield from _values(old, value, f"{path}/{_escaped(name)}")
    for name in before:
        if name not in after:
            yield f"{path}/{_escaped(name)}"


def _values(before: Raw, after: Raw, path: str) -> Iterator[str]:
    opens = bytes(before)[:1], bytes(after)[:1]
    if opens == (b"{", b"{"):
        yield from _objects(_MEMBERS(before), _MEMBERS(after), path)
    elif opens == (b"[", b"["):
        yield from _arrays(_ELEMENTS(before), _ELEMENTS(after), path)
    else:
        yield path


def _arrays(before: list[Raw], after: list[Raw], path: str) -> Iterator[str]:
    for position in range(max(len(before), len(after))):
        here = f"{path}/{position}"
        if position >= len(before) or position >= len(after):
            yield here
        elif before[position] != after[position]:
            yield from _values(before[position], after[position], here)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
