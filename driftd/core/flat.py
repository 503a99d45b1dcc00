"""Canonical forms of flat records, at a third of the time: the shape is learnt, and typed decoding does the rest.

Most of X3's query rows are flat: scalars, and references whose members all begin with ``$``. For such a shape a typed
decoder (msgspec) reads a record's bytes, what does not count is unset, and the encoder writes the members in order: no
dictionary is built. A record of another shape is left to `canonical`, and widens what is known.

Law: whatever `Flat.form` returns equals `canonical` of the decoded record.
"""

import re
from typing import Any, Final

from msgspec import UNSET, MsgspecError, Raw, UnsetType, defstruct, field, json

from driftd.core.canonical import whole
from driftd.core.model import JsonObject
from driftd.core.numbers import risky

_ENCODE: Final = json.Encoder().encode
_NUMBER: Final = (int, float)
_LESSONS: Final = 40
"""How often a shape may be widened before records are taken as shapeless."""
_WIDEST: Final = 400
"""Members of the widest shape."""
_UNUSUAL: Final = re.compile(r'["\\\x00-\x1f]')
"""Characters that a typed decoder takes in no member's name."""


def plain(records: bytes) -> bool:
    """Tell whether records may be read by their shape: UTF-8, no surrogate escapes, no number that a float changes.

    Members that do not count are skipped unread there, so what is wrong in them has to be seen before.
    """
    if (b"\\u" in records and (b"\\ud" in records or b"\\uD" in records)) or risky(records):
        return False
    if records.isascii():
        return True
    try:
        records.decode()
    except UnicodeDecodeError:
        return False
    return True


class Flat:
    """The shape of one resource's records, as far as it is known."""

    def __init__(self, volatile: frozenset[str]) -> None:
        self._volatile = volatile
        self._kinds: dict[str, set[Any]] = {}
        self._inside: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
        """Of a member that is an object of ``$`` members: the names always there, and all names."""
        self._lessons = 0
        self._fit = True
        self._decode: Any = None
        self._left_out: list[str] = []
        self._numbers: list[str] = []

    def form(self, record: bytes) -> bytes | None:
        """Return the canonical form of a record's bytes, or None for one that does not have the shape.

        The bytes must be `plain`.
        """
        if self._decode is None:
            return None
        try:
            seen = self._decode(record)
        except (MsgspecError, UnicodeDecodeError):
            return None
        for name in self._left_out:
            setattr(seen, name, UNSET)
        for name in self._numbers:
            value = getattr(seen, name)
            if value.__class__ is float and not value % 1:
                setattr(seen, name, whole(value))
        return _ENCODE(seen)

    def learn(self, record: JsonObject) -> None:
        """Widen the shape so that it has room for `record`, unless it is not flat."""
        self._lessons += 1
        self._fit = (
            self._fit
            and all(self._room(name, value) for name, value in record.items())
            and self._lessons <= _LESSONS
            and len(self._kinds) <= _WIDEST
        )
        self._decode = json.Decoder(self._shape()).decode if self._fit else None

    def _room(self, name: str, value: object) -> bool:
        if _UNUSUAL.search(name):
            return False
        kinds = self._kinds.setdefault(name, set())
        if self._uncounted(name):
            return True
        if isinstance(value, dict):
            inside = frozenset(value)
            always, ever = self._inside.get(name, (inside, inside))
            self._inside[name] = always & inside, ever | inside
            return bool(always & inside) and all(map(self._uncounted, inside)) and not any(map(_UNUSUAL.search, inside))
        if isinstance(value, bool | str) or value is None:
            kinds.add(type(value))
        elif isinstance(value, int | float):
            kinds.update(_NUMBER)
        else:
            return False
        return True

    def _uncounted(self, name: str) -> bool:
        return name[:1] == "$" or name in self._volatile

    def _shape(self) -> Any:  # noqa: ANN401 - a type made at run time
        fields: list[Any] = []
        self._left_out, self._numbers = [], []
        for number, name in enumerate(sorted(self._kinds)):
            attribute, kinds = f"m{number}", self._kinds[name]
            union: Any = UnsetType
            if self._uncounted(name):
                union |= Raw
            for kind in kinds:
                union |= kind
            if name in self._inside:
                union |= _object(*self._inside[name])
            if self._uncounted(name) or name in self._inside:
                self._left_out.append(attribute)
            if float in kinds:
                self._numbers.append(attribute)
            fields.append((attribute, union, field(name=name, default=UNSET)))
        return defstruct("Shape", fields, forbid_unknown_fields=True, gc=False)


def _object(always: frozenset[str], ever: frozenset[str]) -> Any:  # noqa: ANN401 - a type made at run time
    names = [*sorted(always), *sorted(ever - always)]
    fields: list[Any] = [
        (f"m{number}", Raw, field(name=name))
        if name in always
        else (f"m{number}", Raw, field(name=name, default=Raw()))
        for number, name in enumerate(names)
    ]
    return defstruct("Inside", fields, forbid_unknown_fields=True, gc=False)
