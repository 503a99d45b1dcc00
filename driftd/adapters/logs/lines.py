r"""Facts to one line: logfmt or JSON.

In both forms a text is what JSON writes, with every character that is not printable as ``\uXXXX``: no value can begin
another line, move a terminal's cursor, or be read in another direction than it was written.
"""

import json
import re
from collections.abc import Callable, Mapping, MutableMapping
from functools import lru_cache
from itertools import accumulate
from typing import Any, Final

from driftd.adapters.logs.plain import Plain
from driftd.core.visible import escaped

_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_QUOTED: Final = re.compile(r'["=\\ ]')
_ODD: Final = re.compile(r"[^A-Za-z0-9_.-]")


LONGEST: Final = 65_536
"""Characters of a line; in a longer one each fact is cut to its beginning."""
_BEGINNING: Final = 1_000
"""Characters of it as they are written."""


def logfmt(_output: object, _level: str, facts: MutableMapping[str, Any]) -> str:
    """Render ``name=value`` after ``name=value``; a value that is not plain to read stands in quotes, as in JSON."""
    return _bounded(_logfmt, facts)


def as_json(_output: object, _level: str, facts: MutableMapping[str, Any]) -> str:
    """Render one JSON object."""
    return _bounded(_json, facts)


def _bounded(render: Callable[[Mapping[str, Plain]], str], facts: Mapping[str, Plain]) -> str:
    line = render(facts)
    if len(line) <= LONGEST:
        return line
    room = min(_BEGINNING, LONGEST // (2 * len(facts)))
    return render({name: _beginning(value, room) for name, value in facts.items()})


def _beginning(value: Plain, room: int) -> Plain:
    """Return a value, or so much of its text as is `room` characters when written: an escape is up to 12."""
    text = value if isinstance(value, str) else _encode(value)
    if len(text) <= room and _written(text) <= room:
        return value
    ends = accumulate(map(_written, text[:room]))
    return f"{text[: sum(end <= room for end in ends)]}…"


def _written(text: str) -> int:
    return len(_visible(_encode(text))) - 2


def _logfmt(facts: Mapping[str, Plain]) -> str:
    return " ".join([f"{_named(name)}={_value(value)}" for name, value in facts.items()])


def _json(facts: Mapping[str, Plain]) -> str:
    return _visible(_encode({_named(name): value for name, value in facts.items()}))


@lru_cache(maxsize=1_024)
def _named(name: str) -> str:
    return _ODD.sub("_", name) or "_"


def _value(value: Plain) -> str:
    if not isinstance(value, str):
        text = _encode(value)
        return text if not isinstance(value, list | dict) else _quoted(text)
    return _quoted(value)


def _quoted(text: str) -> str:
    if text and text.isprintable() and not _QUOTED.search(text):
        return text
    return _visible(_encode(text))


def _visible(text: str) -> str:
    if text.isprintable():
        return text
    return "".join([each if each.isprintable() else escaped(each) for each in text])
