"""Texts in lines as wide as there is room for."""

import re
from textwrap import wrap
from typing import Final

_CODE: Final = re.compile("`[^`]*`")


def wrapped(text: str, wide: int, mark: str = "") -> list[str]:
    """Break a text into lines behind a mark; a command that fits on one is not torn."""
    room = wide - len(mark) - 1
    whole = _CODE.sub(lambda found: found[0].replace(" ", "\0") if len(found[0]) <= room else found[0], text)
    lines = wrap(
        whole, wide, initial_indent=mark, subsequent_indent=" " * len(mark), break_on_hyphens=False,
        break_long_words=len(max(text.split(), key=len, default="")) > room,
    )  # fmt: skip
    return [line.replace("\0", " ") for line in lines]
