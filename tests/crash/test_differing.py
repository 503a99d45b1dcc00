"""What is lost, what is invented and what differs otherwise are told apart."""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from shutil import copytree
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.core.model import Op, Recorded
from tests.contracts.stores import room
from tests.crash.__main__ import table
from tests.crash.differing import Difference, Shown, difference
from tests.crash.ground import Row
from tests.crash.polls import file, play
from tests.crash.promised import Kept, Promised, broken
from tests.crash.shown import shown

_COLUMNS: Final = "generation, ordinal, id, op, key, before, after, changed, before_hash, after_hash, page, row"
_TIMES: Final = "source_ts, ts, first_seen, confidence, reason, related"
_LAST: Final = "(SELECT max(generation) FROM changes)"
_NEXT: Final = "(SELECT size FROM generations WHERE id = generation)"
LESS: Final = f"DELETE FROM changes WHERE generation = {_LAST} AND ordinal = 0"
MORE: Final = f"""
INSERT INTO changes ({_COLUMNS}, {_TIMES})
    SELECT {_COLUMNS.replace("ordinal, id", f"{_NEXT}, 'another'")}, {_TIMES} FROM changes
    WHERE generation = {_LAST} AND ordinal = 0;
UPDATE generations SET size = size + 1 WHERE id = {_LAST};
UPDATE meta SET last_seq = last_seq + 1;
"""
CHANGED: Final = f"UPDATE changes SET after = before WHERE generation = {_LAST} AND op = 'u'"
UNDONE: Final = f"UPDATE changes SET op = 'c' WHERE generation = {_LAST} AND op = 'u'"
ELSEWHOSE: Final = f"UPDATE changes SET key = CAST('[\"z\"]' AS BLOB) WHERE generation = {_LAST} AND op = 'u'"
RECORD: Final = "DELETE FROM records WHERE key = CAST('[\"d\"]' AS BLOB)"
OTHER_BODY: Final = """
UPDATE records SET body = (SELECT body FROM records WHERE key = CAST('["e"]' AS BLOB))
WHERE key = CAST('["d"]' AS BLOB)
"""
OTHER_ID: Final = f"UPDATE changes SET id = 'another' WHERE generation = {_LAST} AND ordinal = 0"
CASEBOOK: Final = "DELETE FROM deeds"
LEFT_OVER: Final = "INSERT INTO contents (segment_id, raw, keys) VALUES (4711, x'', x'')"


@pytest.fixture(scope="module")
def whole() -> Iterator[tuple[Path, Shown]]:
    """Play all polls, and file what belongs to none; return where that is, and what it shows."""
    with room() as directory:
        asyncio.run(play(directory / "whole", range(3)))
        asyncio.run(file(directory / "whole"))
        yield directory / "whole", asyncio.run(shown(directory / "whole"))


@pytest.mark.parametrize(
    ("doctored", "lost", "invented"),
    [
        pytest.param(LESS, 1, 0, id="one event less"),
        pytest.param(MORE, 0, 1, id="one event more"),
        pytest.param(CHANGED, 1, 1, id="an event with another content"),
        pytest.param(UNDONE, 1, 1, id="an event that tells of another deed"),
        pytest.param(ELSEWHOSE, 1, 1, id="an event of another key"),
        pytest.param(RECORD, 1, 0, id="one record less"),
        pytest.param(OTHER_BODY, 1, 1, id="a record with another body"),
        pytest.param(OTHER_ID, 0, 0, id="an event with another id"),
        pytest.param(CASEBOOK, 0, 0, id="an empty casebook"),
        pytest.param(LEFT_OVER, 0, 0, id="a row left over"),
    ],
)
def test_what_is_less_is_lost_and_what_is_more_is_invented(
    whole: tuple[Path, Shown], tmp_path: Path, doctored: str, lost: int, invented: int
) -> None:
    """What is changed is both, and what is neither differs otherwise."""
    directory, want = whole
    data_dir = copytree(directory, tmp_path / "doctored")
    with closing(sqlite3.connect(data_dir / "driftd.db")) as db:
        db.executescript(doctored)
    found = difference(want, asyncio.run(shown(data_dir)))
    assert (len(found.lost), len(found.invented)) == (lost, invented)
    assert found.otherwise
    assert found.columns == (["lost"] * lost + ["invented"] * invented or ["otherwise"])


def test_what_is_the_same_does_not_differ(whole: tuple[Path, Shown], tmp_path: Path) -> None:
    """A copy shows what it is a copy of."""
    directory, want = whole
    assert want.events
    assert want.records
    found = difference(want, asyncio.run(shown(copytree(directory, tmp_path / "copy"))))
    assert found == Difference([], [], "")
    assert not found.columns


def test_what_cannot_go_on_differs_otherwise(whole: tuple[Path, Shown]) -> None:
    """What it shows is not known: the reason is told."""
    assert difference(whole[1], "no space left") == Difference(otherwise="no space left")


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_each_is_counted_as_often_as_it_is_missing_or_too_many(
    both: Sequence[str], lost: Sequence[str], invented: Sequence[str]
) -> None:
    """In events and records, in any order, and with what is told twice."""
    invented = [each.upper() for each in invented]
    want, have = [*both, *lost], [*invented, *reversed(both)]
    for found in (
        difference(Shown(want, [], "same"), Shown(have, [], "same")),
        difference(Shown([], want, "same"), Shown([], have, "same")),
    ):
        assert (sorted(found.lost), sorted(found.invented), found.otherwise) == (sorted(lost), sorted(invented), "")


def _event(seq: int, *, id_: str = "", value: int = 0) -> Recorded:
    envelope = b'{"id":"%s","key":{"K":%d},"after":%d}' % ((id_ or str(seq)).encode(), seq, value)
    return Recorded(seq, "acme", "BPCUSTOMER", Op.CREATE, envelope)


LOG: Final = tuple(map(_event, (1, 2, 3)))
PROMISED: Final = Promised(2, notices=1, deeds=1)


@pytest.mark.parametrize(
    ("log", "counts", "columns"),
    [
        pytest.param(LOG[:2], PROMISED, [], id="what was promised and no more"),
        pytest.param(LOG, Promised(3, 2, 2), [], id="all"),
        pytest.param(LOG[:1], PROMISED, ["lost"], id="less than was promised"),
        pytest.param((*LOG, _event(4)), PROMISED, ["invented"], id="what never was"),
        pytest.param((LOG[0], _event(2, value=7)), PROMISED, ["lost", "invented"], id="another content"),
        pytest.param((LOG[0], _event(2, id_="7")), PROMISED, ["otherwise"], id="another id"),
        pytest.param((LOG[0], LOG[1]._replace(seq=7)), PROMISED, ["otherwise"], id="another place"),
        pytest.param(LOG, Promised(3, notices=0, deeds=1), ["otherwise"], id="a notice less"),
        pytest.param(LOG, Promised(3, notices=1, deeds=0), ["otherwise"], id="a deed less"),
    ],
)
def test_of_what_was_promised_nothing_may_be_lost(
    log: Sequence[Recorded], counts: Promised, columns: list[str]
) -> None:
    """What was committed to last is there before anything goes on, and nothing that the log never told."""
    assert broken(PROMISED, LOG, Kept(counts, log)).columns == columns


def test_what_cannot_be_opened_after_a_loss_differs_otherwise() -> None:
    """Whether it has what was promised is not known."""
    assert broken(PROMISED, LOG, "not a database").columns == ["otherwise"]


def test_a_point_counts_where_it_differs_and_once_as_a_point() -> None:
    """The table has a column for each, and its last line is their sum; the first difference is told."""
    one, other = Row("one"), Row("other")
    one.met(1, Difference())
    one.met(5, Difference(lost=["a", "b"], invented=["c"], otherwise="rows"))
    other.met(7, Difference(otherwise="rows"))
    printed = [line.split() for line in table([one, other]).splitlines()]
    assert printed[0][-5:] == ["points", "survived", "lost", "invented", "otherwise"]
    assert [line[-5:] for line in printed[1:]] == [list("21110"), list("10001"), list("31111")]
    assert (one.differing, other.differing) == ([5], [7])
    assert one.first == "lost a\nlost b\ninvented c\nrows"
