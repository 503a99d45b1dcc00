"""Texts with places to be filled."""

from collections.abc import Mapping
from typing import Final

from driftd.core.words.model import Phrases

_NO_BREAK: Final = "\u00a0"
LONGEST: Final = 400
"""Characters of a foreign text that are shown."""


def filled(template: str, values: Mapping[str, object], phrases: Phrases) -> str:
    """Fill a text with `values`, each made to be one line, in the typography of its language."""
    for plain, set_well in phrases.spacing:
        template = template.replace(plain, set_well)
    return template.format_map({name: one_line(str(value)) for name, value in values.items()})


def one_line(text: str) -> str:
    """Return a foreign text as one line that does nothing to a terminal."""
    plain = "".join(each if each.isprintable() or each == _NO_BREAK else " " for each in text)
    line = " ".join(word for word in plain.split(" ") if word)
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
