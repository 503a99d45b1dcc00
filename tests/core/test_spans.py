"""Spans and moments in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.core.words import PHRASES, Language, day_and_time, relative, span

ENGLISH, FRENCH = PHRASES[Language.ENGLISH].units, PHRASES[Language.FRENCH].units
SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0 s"),
        (999, "0 s"),
        (59 * SECOND, "59 s"),
        (61 * SECOND, "1 min 1 s"),
        (HOUR, "1 h"),
        (HOUR + 20 * MINUTE + 5 * SECOND, "1 h 20 min"),
        (DAY + 5 * SECOND, "1 d"),
        (9 * DAY + 23 * HOUR, "9 d 23 h"),
        (10 * DAY + 23 * HOUR, "10 d"),
    ],
)
def test_a_span_is_told_in_its_two_greatest_units(milliseconds: int, text: str) -> None:
    """What is smaller does not matter to people."""
    assert span(milliseconds, ENGLISH).replace("\u00a0", " ") == text


@given(st.integers(-400 * DAY, 400 * DAY))
def test_before_and_after_are_told_apart(moved: int) -> None:
    """In both languages; a second is now."""
    for units, before, after in ((ENGLISH, "ago", "in "), (FRENCH, "il y a", "dans")):
        text = relative(10**12 + moved, 10**12, units)
        assert (before in text) == (moved <= -SECOND)
        assert text.startswith(after) == (moved >= SECOND)


def test_a_moment_is_written_out_with_its_zone() -> None:
    """As in a letter: the first of a month has its own form in French."""
    first = 1_790_812_800_000 - 8 * HOUR
    assert day_and_time(first, "UTC", PHRASES[Language.ENGLISH]) == "30 September 2026, 16:00 (UTC)"
    french = day_and_time(first + 7 * HOUR, "Europe/Paris", PHRASES[Language.FRENCH])
    assert french.replace("\u00a0", " ") == "1er octobre 2026 à 1 h 00 (Europe/Paris)"
