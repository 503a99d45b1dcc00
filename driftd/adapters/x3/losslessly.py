"""JSON rewritten value by value: member order, repeated members and the spelling of numbers stay as they were. Pure."""

import json
from typing import Final, Protocol


class Values(Protocol):
    """Gives each value another one. `name` is the member it stands under, ``""`` at the top."""

    def text(self, name: str, text: str) -> str:
        """Return what stands in place of a text."""
        ...

    def number(self, name: str, spelling: str) -> str:
        """Return the spelling that stands in place of a number's."""
        ...

    def of(self, name: str) -> "Values":
        """Return what gives values to all that stands under a member."""
        ...


class _Members(list[tuple[str, object]]):
    """The members of an object, in order."""


class _Spelt(str):
    """A number as it is spelt."""

    __slots__ = ()


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_Members, parse_int=_Spelt, parse_float=_Spelt, parse_constant=_Spelt
)


def rewritten(body: bytes, values: Values) -> str | None:
    """Return a JSON body in one line with its values replaced; None for what is not JSON in UTF-8."""
    try:
        return _written(_DECODER.decode(body.decode("utf-8-sig")), "", values)
    except (ValueError, RecursionError):
        return None


def quoted(text: str) -> str:
    """Return a text as JSON; halves of surrogate pairs, which UTF-8 cannot hold, are escaped."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(text)
    return json.dumps(text, ensure_ascii=False)


def _written(value: object, name: str, values: Values) -> str:
    if isinstance(value, _Members):
        return "{" + ",".join(f"{quoted(key)}:{_written(each, key, values.of(key))}" for key, each in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_written(each, name, values) for each in value) + "]"
    if isinstance(value, _Spelt):
        return values.number(name, value) if value[-1:].isdecimal() else str(value)
    if isinstance(value, str):
        return quoted(values.text(name, value))
    return {None: "null", True: "true", False: "false"}[value]  # type: ignore[index]
