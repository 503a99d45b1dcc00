"""Canonical forms of flat records, at a third of the time: the shape is learnt, and typed decoding does the rest.

Most of X3's query rows are flat: scalars, and references whose members all begin with ``$``. For such a shape a typed
decoder (msgspec) reads a record's bytes, what does not count is unset, and the encoder writes the members in order: no
dictionary is built. A record of another shape is left to `canonical`, and widens what is known.

Law: whatever `Flat.forms` returns equals `canonical` of the decoded record, where the record decodes: what stands
unread in a member that does not count may hold a number out of bounds, or nest deeper than the decoder allows.
"""

import re
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, Final

from msgspec import UNSET, MsgspecError, Raw, Struct, UnsetType, defstruct, field, json

from driftd.core.canonical import whole
from driftd.core.model import JsonObject
from driftd.core.numbers import long

_ENCODE: Final = json.Encoder().encode
_LESSONS: Final = 40
"""How often a shape may be widened before records are taken as shapeless."""
_WIDEST: Final = 400
"""Members of the widest shape."""
_UNUSUAL: Final = re.compile(r'["\\\x00-\x1f]')
"""Characters that a typed decoder takes in no member's name."""
_NEAR_NOTHING: Final = 1e-300
"""A fraction below it, and not 0, is of a number that a float may have changed."""
_Kinds = set[Any]


def plain(records: bytes) -> bool:
    """Tell whether records may be read by their shape: no number has more digits than a float keeps."""
    return not long(records)


class Flat:
    """The shape of one resource's records, as far as it is known."""

    def __init__(self, volatile: frozenset[str]) -> None:
        self._volatile = volatile
        self._kinds: dict[str, _Kinds] = {}
        self._inside: dict[str, dict[str, _Kinds]] = {}
        """Of each member that is an object of members that do not count: what was seen in it."""
        self._always: dict[str, frozenset[str]] = {}
        """Which of these were in it every time: such an object is never empty."""
        self._lessons = 0
        self._fit = True
        self._unread = False
        """Whether members that do not count hold more than scalars: these are skipped unread."""
        self._decode: Callable[[bytes], Any] | None = None
        self._left_out: list[str] = []
        self._either: list[str] = []
        """Attributes that may hold an object, which does not count, or a scalar, which does."""
        self._numbers: Callable[[Any], tuple[Any, ...]] | None = None

    @property
    def learnt(self) -> bool:
        """Whether a shape was ever learnt, or given up."""
        return self._lessons > 0

    def forms(self, records: Iterable[bytes]) -> list[bytes | None]:
        """Return the canonical form of each record's bytes, or None for one that does not have the shape.

        The bytes must be `plain`.
        """
        decode, numbers = self._decode, self._numbers
        if decode is None:
            return [None for _ in records]
        left_out, either, encode, unread = self._left_out, self._either, _ENCODE, self._unread
        found: list[bytes | None] = []
        for record in records:
            try:
                if unread and not record.isascii():
                    record.decode()
                seen = decode(record)
            except (MsgspecError, UnicodeDecodeError):
                found.append(None)
                continue
            for name in left_out:
                setattr(seen, name, UNSET)
            for name in either:
                if isinstance(getattr(seen, name), Struct):
                    setattr(seen, name, UNSET)
            if numbers is not None:
                for value in numbers(seen):
                    if value.__class__ is float and not _NEAR_NOTHING <= value % 1 < 1:
                        seen = _with_whole_numbers(seen, record)
                        break
            found.append(None if seen is None else encode(seen))
        return found

    def learn(self, record: JsonObject) -> None:
        """Widen the shape so that it has room for `record`, unless it is not flat."""
        if not self._fit:
            return
        before = self._size()
        room = all(self._room(name, value) for name, value in record.items())
        if room and self._size() == before:
            return  # it has the shape, and took the long way for its values
        self._lessons += 1
        self._fit = room and self._lessons <= _LESSONS and len(self._kinds) <= _WIDEST
        self._decode = json.Decoder(self._shape()).decode if self._fit else None

    def _size(self) -> int:
        """Return a number that grows whenever the shape is widened."""
        inside = sum(1 + sum(map(len, kinds.values())) for kinds in self._inside.values())
        return len(self._kinds) + sum(map(len, self._kinds.values())) + inside - sum(map(len, self._always.values()))

    def _room(self, name: str, value: object) -> bool:
        if _UNUSUAL.search(name):
            return False
        kinds = self._kinds.setdefault(name, set())
        if self._uncounted(name):
            self._unread |= not _scalar(value, kinds)
            return True
        if not isinstance(value, dict):
            return _scalar(value, kinds)
        inside = self._inside.setdefault(name, {})
        for inner, held in value.items():
            self._unread |= not _scalar(held, inside.setdefault(inner, set()))
        always = self._always[name] = self._always.get(name, frozenset(value)).intersection(value)
        return bool(always) and all(map(self._uncounted, value)) and not any(map(_UNUSUAL.search, value))

    def _uncounted(self, name: str) -> bool:
        return name[:1] == "$" or name in self._volatile

    def _shape(self) -> Any:  # noqa: ANN401 - a type made at run time
        fields: list[Any] = []
        self._left_out, self._either, numbers = [], [], []
        for number, name in enumerate(sorted(self._kinds)):
            attribute, kinds = f"m{number}", self._kinds[name]
            union = _union(kinds) | UnsetType
            if name in self._inside:
                union |= _object(self._inside[name], self._always[name])
            if self._uncounted(name) or (name in self._inside and not kinds):
                self._left_out.append(attribute)
            elif name in self._inside:
                self._either.append(attribute)
            if float in kinds and not self._uncounted(name):
                numbers.append(attribute)
            fields.append((attribute, union, field(name=name, default=UNSET)))
        self._numbers = attrgetter(*numbers, numbers[0]) if numbers else None  # of one name it gives no tuple
        return defstruct("Shape", fields, forbid_unknown_fields=True, gc=False)


def _with_whole_numbers(seen: Struct, record: bytes) -> Struct | None:
    """Spell whole numbers as such; None where a float is so near nothing that its spelling may say another number."""
    for name in seen.__struct_fields__:
        value = getattr(seen, name)
        if value.__class__ is float and not _NEAR_NOTHING <= value % 1 < 1:
            if (value % 1 or not value) and (b"e-" in record or b"E-" in record):
                return None
            setattr(seen, name, whole(value))
    return seen


def _scalar(value: object, kinds: _Kinds) -> bool:
    """Note what a scalar is; False for what is none, which is noted as unread bytes."""
    if isinstance(value, bool | str) or value is None:
        kinds.add(type(value))
    elif isinstance(value, int | float):
        kinds.update((int, float))
    else:
        kinds.add(Raw)
        return False
    return True


def _union(kinds: _Kinds) -> Any:  # noqa: ANN401 - a type made at run time
    """Return the type of values of these kinds; unread bytes are of every kind."""
    union: Any = UnsetType
    for kind in {Raw} if Raw in kinds else kinds:
        union |= kind
    return union


def _object(inside: dict[str, _Kinds], always: frozenset[str]) -> Any:  # noqa: ANN401 - a type made at run time
    names = [*sorted(always), *sorted(inside.keys() - always)]
    fields: list[Any] = [
        (f"m{number}", _union(inside[name]), field(name=name))
        if name in always
        else (f"m{number}", _union(inside[name]), field(name=name, default=UNSET))
        for number, name in enumerate(names)
    ]
    return defstruct("Inside", fields, forbid_unknown_fields=True, gc=False)
