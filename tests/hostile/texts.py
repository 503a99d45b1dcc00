"""Texts that break out of where they stand."""

from typing import Final

from hypothesis import strategies as st

NASTY: Final = (
    "\n", "\r\n", "\x00", "\x07", "\x1b[31m", "\x1b]0;title\x07", "\x1b[2J", "\x9b31m", "\x7f", "\x85", "\u2028",
    "\u2029", "\u202e", "\u2066", "\ufeff", "\ue000", "\U000e0041", '"', "'", "\\", "{", "}", "{}", "{0}", "{field}",
    "%s", "%(x)s", "[bold]", "[/]", "[link=https://evil.example]", "<script>alert(1)</script>", "&amp;", "=", "`",
    " level=error", "$(x)", "..", "/", "?", "#", "~", "%0d%0a", "%2e%2e%2f", "\u0627\u0644", "e\u0301", "🙂", "＂",
    "x" * 5_000,
)  # fmt: skip
"""What ends a line, a quotation or a label, moves a cursor, turns the direction, or is markup somewhere."""

TEXTS: Final = st.lists(st.sampled_from(NASTY) | st.text("aZ_0 .é漢", max_size=8), min_size=1, max_size=6).map("".join)
LONE: Final = st.sampled_from(["\ud800", "a\udfffb", "\udc80"])
"""Halves of surrogate pairs, which no UTF-8 holds; Python makes them of arguments that are none."""


def harmless(text: str) -> bool:
    """Tell whether a terminal only shows a text: nothing in it moves the cursor or turns the direction."""
    return all(each.isprintable() or each in "\n\u00a0\u202f" for each in set(text))
