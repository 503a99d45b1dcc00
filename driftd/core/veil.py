"""Field rules: what a record shows of private members, before anything of it is stored or compared.

A rule is named by a member, at every depth (``EMAIL``), or by its path from the record (``SOHCNT.EMAIL``, whether an
object or a collection stands between; ``SOHCNT[].EMAIL`` says the same). The path counts before the name, and a member
without a rule follows what it lies in.

- *keep*: as the tenant shows it
- *hash*: ``hash:`` and 32 hex digits, HMAC-SHA-256 with a key of the connection over path and canonical value, so that
  1 and ``"1"`` differ; null and ``""`` stay what they are
- *mask*: ``***``, whatever it was
- *drop*: the member is not there

Of an object or a collection each value within is hashed or masked; a drop takes all of it.

Laws: `Veil.record` of what two rules show is what the stricter one shows; `Veil.stored` is idempotent, and of what is
stored under a laxer rule it makes what a stricter one would have stored.
"""

import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from msgspec import Raw, Struct, field, json

from driftd.core.canonical import scalar
from driftd.core.model import Json, JsonObject, Privacy, Resource, Standing

MASK: Final = "***"
_HASHED: Final = re.compile(r"hash:[0-9a-f]{32}")
_STRICTEST_LAST: Final = tuple(Privacy)
_PATHS: Final = 5_000
"""Paths of which is kept what was found."""
_ENCODE: Final = json.Encoder(order="sorted").encode
SETS: Final = 8
"""Sets of field rules that are remembered each by itself."""
Rules: TypeAlias = Mapping[str, Privacy]
"""Name or path of a member → its rule."""


def derived(key: bytes, purpose: str, name: str = "") -> bytes:
    """Return the key of a purpose, as one step of HKDF (RFC 5869) with SHA-256 gives it."""
    return hmac.digest(key, f"driftd|{purpose}|v1|{name}".encode() + b"\x01", "sha256")


def plain(path: str) -> str:
    """Return a path without marks of collections: the form in which rules are looked up."""
    return path.replace("[]", "")


def in_force(rules: Mapping[str, str]) -> dict[str, Privacy]:
    """Return rules as they are looked up, sorted; nothing where all are kept."""
    found = {plain(path): Privacy(rule) for path, rule in sorted(rules.items())}
    return found if any(rule is not Privacy.KEEP for rule in found.values()) else {}


def names(resources: Iterable[Resource]) -> frozenset[str]:
    """Return the names of members that are not kept as they are, whatever they lie in."""
    ruled = (item for each in resources for item in each.private.items())
    return frozenset(path.rpartition(".")[2] for path, rule in ruled if rule is not Privacy.KEEP)


def of_before(standing: Standing, now: Rules) -> tuple[Rules, ...]:
    """Return the rules other than those of `now` under which what is stored may stand; none: all is as it must be.

    Rules taken back before a sweep under them came to its end are among them, as far as their rewriting may have begun.
    """
    if not standing.baselined:
        return ()
    return tuple(each for each in united((standing.private, *standing.halfway, standing.scrubbed)) if each != now)


def united(sets: Iterable[Rules]) -> tuple[Rules, ...]:
    """Return sets of rules without repetition, at most `SETS`: for the oldest beyond stands one that is stricter.

    It drops each member that they name, wherever it is: a union of names and paths could be laxer than one of the sets.
    """
    found: list[Rules] = []
    for each in sets:
        if each not in found:
            found.append(each)
    old, kept = (found[: 1 - SETS], found[1 - SETS :]) if len(found) > SETS else ([], found)
    ruled = {path.rpartition(".")[2] for each in old for path, rule in each.items() if rule is not Privacy.KEEP}
    return (dict.fromkeys(sorted(ruled), Privacy.DROP), *kept) if old else tuple(kept)


def unsettled(old: Iterable[Rules], new: Rules) -> Rules:
    """Return the new rules, with a mask on all whose rule is another one than in any of the `old` sets."""
    sets = tuple(old)
    return {
        path: Privacy.MASK if any(each.get(path) != new.get(path) for each in sets) else new.get(path, Privacy.KEEP)
        for path in sorted({*new}.union(*sets))
    }


def recipe(rules: Rules) -> str:
    """Name what hashes of raw bytes are made under: they say nothing of each other under different rules."""
    return ",".join(f"{path}={rule}" for path, rule in sorted(rules.items()))


class Veil(Struct, frozen=True):
    """The rules of one resource; of several sets the strictest counts, member by member."""

    sets: tuple[Rules, ...]
    key: bytes
    """Of the connection."""
    _seen: dict[tuple[str, tuple[Privacy, ...]], tuple[tuple[Privacy, ...], Privacy]] = field(default_factory=dict)
    """What was found of paths: records of a class have the same ones."""

    def __repr__(self) -> str:
        return f"Veil({[dict(each) for each in self.sets]})"

    def with_(self, *sets: Rules) -> "Veil":
        """Return the veil under which what is stored under any of `sets` too looks alike."""
        return Veil((*self.sets, *sets), self.key)

    def record(self, record: JsonObject) -> JsonObject:
        """Return a decoded record as the rules show it."""
        return _Look(self, fresh=True).members(record, "", self._keep)

    def stored(self, body: bytes) -> bytes:
        """Return a canonical body, as it is stored, as the rules show it: what is hashed or masked already stays."""
        return _Look(self, fresh=False).raw_members(body, self._keep)

    def compared(self, body: bytes) -> bytes:
        """Return a canonical body, as it is stored, with what may tell a change: masked members are none of it."""
        return _Look(self, fresh=False, masked=False).raw_members(body, self._keep)

    def rule(self, path: str) -> Privacy:
        """Return the rule of a path such as ``SOHCNT[].EMAIL``, what it lies in included."""
        rules, at, found = self._keep, "", Privacy.KEEP
        for name in plain(path).split("."):
            at = f"{at}.{name}" if at else name
            rules, found = self.at(at, name, rules)
            if found is Privacy.DROP:
                return found
        return found

    def hides(self, path: str) -> bool:
        """Tell whether a path says nothing of its shape: it is masked or dropped."""
        return self.rule(path) in (Privacy.MASK, Privacy.DROP)

    def at(self, path: str, name: str, above: tuple[Privacy, ...]) -> tuple[tuple[Privacy, ...], Privacy]:
        """Return the rule of each set at a path below `above`, and the one that counts."""
        known = self._seen.get((path, above))
        if known is not None:
            return known
        if len(self._seen) >= _PATHS:
            self._seen.clear()
        known = self._seen[path, above] = self._found(path, name, above)
        return known

    def _found(self, path: str, name: str, above: tuple[Privacy, ...]) -> tuple[tuple[Privacy, ...], Privacy]:
        found = tuple(
            rules.get(path) or rules.get(name) or inherited for rules, inherited in zip(self.sets, above, strict=True)
        )
        return found, max(found, key=_STRICTEST_LAST.index, default=Privacy.KEEP)

    def hashed(self, path: str, value: bytes) -> str:
        """Return the hash of a canonical value at a path."""
        digest = hmac.digest(self.key, b"%b\0%b" % (path.encode(), value), "sha256")
        return f"hash:{digest.hex()[:32]}"

    @property
    def _keep(self) -> tuple[Privacy, ...]:
        return (Privacy.KEEP,) * len(self.sets)


class _Look:
    """One walk over a record."""

    def __init__(self, veil: Veil, *, fresh: bool, masked: bool = True) -> None:
        self._veil = veil
        self._fresh = fresh
        self._masked = masked

    def members(self, record: JsonObject, at: str, above: tuple[Privacy, ...]) -> dict[str, Json]:
        """Return the members of a decoded object that are shown."""
        kept: dict[str, Json] = {}
        for name, value in record.items():
            path = f"{at}.{name}" if at else name
            rules, rule = self._veil.at(path, name, above)
            if rule is Privacy.KEEP and not isinstance(value, dict | list):
                kept[name] = value
            elif rule is not Privacy.DROP:
                kept[name] = self._value(value, path, rules, rule)
        return kept

    def _value(self, value: Json, path: str, rules: tuple[Privacy, ...], rule: Privacy) -> Json:
        if isinstance(value, dict):
            return self.members(value, path, rules)
        if isinstance(value, list):
            return [self._value(each, path, rules, rule) for each in value]
        if rule is Privacy.MASK:
            return MASK
        if rule is Privacy.HASH and value is not None and value != "":
            return self._veil.hashed(path, scalar(value))
        return value

    def raw_members(self, body: bytes, above: tuple[Privacy, ...], at: str = "") -> bytes:
        """Return the members of a canonical object that are shown, numbers as they are spelt."""
        kept = {}
        for name, raw in json.decode(body, type=dict[str, Raw]).items():
            path = f"{at}.{name}" if at else name
            rules, rule = self._veil.at(path, name, above)
            value = bytes(raw)
            if rule is Privacy.KEEP and value[:1] not in (b"{", b"["):
                kept[name] = raw
                continue
            shown = None if rule is Privacy.DROP else self._raw(value, path, rules, rule)
            if shown is None or (rule is Privacy.MASK and not self._masked and not shown.strip(b"[]{},")):
                continue
            kept[name] = Raw(shown)
        return _ENCODE(kept)

    def _raw(self, value: bytes, path: str, rules: tuple[Privacy, ...], rule: Privacy) -> bytes | None:
        """Return a value as it is shown; None for one that is none of what is compared."""
        if value[:1] == b"{":
            return self.raw_members(value, rules, path)
        if value[:1] == b"[":
            elements = (self._raw(bytes(each), path, rules, rule) for each in json.decode(value, type=list[Raw]))
            return b"[" + b",".join(each for each in elements if each is not None) + b"]"
        if rule is Privacy.MASK:
            return b'"***"' if self._masked else None
        if rule is Privacy.HASH and value not in (b"null", b'""') and not self._is_hashed(value):
            return _ENCODE(self._veil.hashed(path, value))
        return value

    def _is_hashed(self, value: bytes) -> bool:
        text = value[1:-1].decode(errors="replace")
        return text == MASK or _HASHED.fullmatch(text) is not None
