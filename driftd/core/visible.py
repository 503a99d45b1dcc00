r"""Foreign texts as they may be shown: what is not printable is written as ``\uXXXX``.

No text can then move a terminal's cursor, change its colours or title, be read in another direction than it was
written, or begin a line that we did not begin.
"""

from functools import lru_cache
from typing import Final

_SPACES: Final = "\u00a0\u202f"
"""No-break spaces of our own typography."""


def visible(text: str) -> str:
    """Return a text in one line; within a JSON text the escapes are JSON's."""
    if text.isprintable():
        return text
    return "".join([each if each.isprintable() or each in _SPACES else escaped(each) for each in text])


@lru_cache(1_024)
def escaped(character: str) -> str:
    """Escape as JSON does: beyond U+FFFF as two surrogates (RFC 8259, section 7)."""
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
