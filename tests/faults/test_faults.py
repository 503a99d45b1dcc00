"""The table of faults says no more than its tests saw."""

import pytest

from tests.faults.__main__ import Seen


@pytest.mark.parametrize(
    ("seen", "sound"),
    [
        (Seen(passed=1, texts=["held"], lost=0, invented=0), True),
        (Seen(passed=1, texts=["refused"]), True),
        (Seen(), False),
        (Seen(passed=1), False),
        (Seen(passed=1, texts=["held"], skipped=["no nginx"]), False),
        (Seen(passed=1, texts=["held"], failed=["test_it (call)"]), False),
        (Seen(passed=1, texts=["held"], lost=1, invented=0), False),
        (Seen(passed=1, texts=["held"], lost=0, invented=1), False),
    ],
)
def test_a_row_passes_only_where_every_test_of_it_ran_passed_and_told(*, seen: Seen, sound: bool) -> None:
    """A row without an executed test fails, and so does one that lost or invented a change."""
    assert seen.sound is sound
