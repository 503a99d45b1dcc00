"""What a memory store forgets, as a field rule or the erasing of a record has it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import orjson
from msgspec.structs import replace

from driftd.core import fingerprint
from driftd.core.canonical import overlay
from driftd.core.lines import ERASED
from driftd.core.model import Change, Contents, KeyBytes, Recorded, Resource, Standing
from driftd.core.veil import united
from driftd.ports import Erased, Erasure

if TYPE_CHECKING:
    from tests.fakes.memory_shelf import Shelf
    from tests.fakes.memory_store import MemoryStore


def rewrite(store: "MemoryStore", resource: Resource, stricter: Callable[[bytes], bytes]) -> Standing:
    """Have all that is remembered of a resource as field rules have it now."""
    shelf = store.shelf(resource)
    if resource.private not in shelf.standing.halfway:
        halfway = united((*shelf.standing.halfway, resource.private))
        shelf.standing = replace(shelf.standing, halfway=halfway)
    for key, stored in shelf.records.items():
        body, details = stricter(stored.body), None if stored.details is None else stricter(stored.details)
        print_ = fingerprint.of(overlay(body, details))
        shelf.records[key] = replace(stored, body=body, details=details, fingerprint=print_)
    mine = (resource.connection, resource.name)
    store.log = [_rewritten(each, stricter) if each[1:3] == mine else each for each in store.log]
    shelf.withheld = [[(_stricter(change, stricter), of) for change, of in commit] for commit in shelf.withheld]
    store.changelog.rewritten(*mine, lambda change: _stricter(change, stricter))
    shelf.standing = replace(shelf.standing, scrubbed=resource.private)
    return shelf.standing


def erase(store: "MemoryStore", resource: Resource, what: Erasure) -> Erased:
    """Have a record never have been."""
    shelf, mine = store.shelf(resource), (resource.connection, resource.name)
    gone = shelf.records.pop(what.key, None)
    live = int(gone is not None and gone.deleted_at is None)
    events = [each for each in store.log if each[1:3] == mine and _key_of(each, resource) == what.key]
    store.log = [each for each in store.log if each not in events]
    shelf.withheld = [[each for each in commit if each[0].key != what.key] for commit in shelf.withheld]
    store.changelog.erased({each.seq for each in events})
    shelf.forgotten = store.last_seq
    for id_, (segment, contents) in shelf.segments.items():
        keys = tuple(ERASED if each == what.key else each for each in contents.keys)
        shelf.segments[id_] = (segment, Contents(contents.raw, keys))
    shelf.layout = [id_ for id_ in shelf.layout if shelf.segments[id_][0].boundary != what.key]
    before = len(shelf.erased)
    shelf.erased = shelf.erased | {what.record}
    erased = shelf.standing.erased + len(shelf.erased) - before
    shelf.standing = replace(shelf.standing, records=shelf.standing.records - live, erased=erased)
    store.casebook.detect(*mine, what.detected)
    shelf.unfinished[what.record] = what.key, what.forget
    return Erased(live, len(events))


def wipe(shelf: "Shelf") -> None:
    """End the erasing of records: what is to be forgotten is read anew."""
    gone = {record for record, (_, forget) in shelf.unfinished.items() if forget}
    for id_, (segment, contents) in shelf.segments.items() if gone else ():
        if ERASED in contents.keys:
            shelf.segments[id_] = (replace(segment, digest=bytes(16)), contents)
    shelf.erased -= gone
    shelf.standing = replace(shelf.standing, erased=shelf.standing.erased - len(gone))
    shelf.unfinished.clear()


def _key_of(recorded: Recorded, resource: Resource) -> KeyBytes:
    key = orjson.loads(recorded.envelope)["key"]
    return orjson.dumps([key[name] for name in resource.key])


def _stricter(change: Change, stricter: Callable[[bytes], bytes]) -> Change:
    before, after = (None if each is None else stricter(each) for each in (change.before, change.after))
    return replace(change, before=before, after=after, before_hash=_hash(before), after_hash=_hash(after))


def _rewritten(recorded: Recorded, stricter: Callable[[bytes], bytes]) -> Recorded:
    event = orjson.loads(recorded.envelope)
    for side in ("before", "after"):
        body = None if event[side] is None else stricter(orjson.dumps(event[side], option=orjson.OPT_SORT_KEYS))
        event |= {side: body and orjson.Fragment(body), f"{side}_hash": _hash(body)}
    return recorded._replace(envelope=orjson.dumps(event))


def _hash(body: bytes | None) -> str | None:
    return None if body is None else fingerprint.of(body).hex()
