"""What may go of the log, judged commit by commit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.core.retention import (
    DAY,
    LIVES,
    Commit,
    Cursor,
    Pruned,
    Retention,
    lives,
    nameable,
    read_by_all,
    removable,
    strippable,
)

KEPT = Retention()
NOW = 1_000 * DAY
commits = st.builds(Commit, st.integers(1, 100), st.integers(1, 20), st.integers(NOW - 500 * DAY, NOW + DAY))
reads = st.none() | st.integers(0, 130)


@given(commits, reads)
def test_no_reader_loses_what_it_has_not_read_before_the_caps(commit: Commit, read: int | None) -> None:
    """Whatever goes of a commit is old, and behind every live cursor, unless it outlived the counters."""
    gone, bare = removable(commit, KEPT, NOW, read, 0), strippable(commit, KEPT, NOW, read)
    assert 0 <= gone <= commit.size
    assert 0 <= bare <= commit.size
    age = NOW - commit.at
    if age <= KEPT.counters and read is not None:
        assert gone == 0 or commit.first + gone - 1 <= read
    if read is not None:
        assert bare == 0 or commit.first + bare - 1 <= read
    assert gone == 0 or age > KEPT.changes
    assert bare == 0 or age > KEPT.bodies


@given(commits, reads, st.integers(0, 10 * DAY))
def test_what_may_go_may_go_later_too(commit: Commit, read: int | None, later: int) -> None:
    """Time alone never brings back what was given up, and events never outstay their bodies' leave."""
    assert removable(commit, KEPT, NOW, read, 0) <= removable(commit, KEPT, NOW + later, read, 0)
    assert strippable(commit, KEPT, NOW, read) <= strippable(commit, KEPT, NOW + later, read)


@given(commits, reads)
def test_beyond_its_bytes_the_log_keeps_nothing_for_anybody(commit: Commit, read: int | None) -> None:
    """The cap by size is hard."""
    assert removable(commit, KEPT, NOW, read, 1) == commit.size


def test_only_cursors_in_use_count() -> None:
    """The slowest of them; one that a clock put in the future is in use."""
    used = [Cursor("a", 7, NOW), Cursor("b", 5, NOW - LIVES), Cursor("c", 9, NOW + DAY)]
    assert [lives(each, NOW) for each in used] == [True] * 3
    assert read_by_all(used, NOW) == 5
    assert read_by_all(used, NOW + 1) == 7
    assert read_by_all([], NOW) is None


@pytest.mark.parametrize(("name", "right"), [("A.b_c-9", True), ("", False), (".a", False), ("a b", False)])
def test_a_cursor_has_a_plain_name(name: str, right: bool) -> None:
    """It stands in paths and tables."""
    assert nameable(name) is right
    assert not nameable("a" * 65)


def test_what_was_pruned_adds_up() -> None:
    """Whether there is more is what the last bite says."""
    one = Pruned(1, 2, 3, 4, 5, 6, 7, more=True)
    assert one + one == Pruned(2, 4, 6, 8, 10, 12, 14, more=True)
    assert not (one + Pruned()).more
    assert one.rows == 15
