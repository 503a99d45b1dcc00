"""What comes of a tenant that goes beyond a bound: it is said, and nothing grows."""

import json
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.adapters.logs import lines
from driftd.adapters.x3 import records, wire
from driftd.core import diff, volatile
from driftd.core.canonical import canonical
from driftd.core.drift import SchemaKind, Severity
from driftd.core.model import Kind, Page, Query, Resource
from driftd.core.schema import counts, drifts, paths
from driftd.core.schema.declared import declared
from driftd.core.schema.model import Baseline, Learnt
from driftd.core.schema.study import Study
from driftd.errors import Reason, SourceError
from driftd.ports import Source
from driftd.runtime import reader as reading
from driftd.runtime.reader import Reader
from driftd.runtime.tally import Tally
from tests.adapters.logs.reading import Written
from tests.faces import views

CUSTOMERS = Resource("aldgate", "BPCUSTOMER", "BPCUSTOMER", ("BPCNUM",))


def test_a_change_at_many_places_names_the_whole() -> None:
    """Beyond ten thousand places one pointer stands for all; up to them each is named."""

    def record(value: int, length: int) -> bytes:
        return canonical({"A": [value] * length})

    assert len(diff.pointers(record(1, diff.MOST), record(2, diff.MOST))) == diff.MOST
    assert diff.pointers(record(1, diff.MOST + 1), record(2, diff.MOST + 1)) == ("",)


def learning(*bodies: dict[str, Any]) -> Study:
    """Return a study that has seen these records as a first sweep."""
    study = Study(CUSTOMERS, Learnt(), Baseline())
    study._counts.observe(list(bodies))
    return study


def test_paths_beyond_their_number_are_noted() -> None:
    """A resource of more than three thousand paths has these learnt, and says that there are more."""
    wide = {f"O{number}": {f"M{inner}": 1 for inner in range(100)} for number in range(40)}
    study = learning(*[wide] * 5)
    assert len(study._counts.paths) == counts.MOST
    assert any("3,000 paths" in note for note in study.told())


def test_names_beyond_their_number_are_noted() -> None:
    """An object of more than six hundred names is dynamic, and that is said."""
    study = learning(*[{"BPCNUM": "C1", "O": {f"M{each}{number}": 1 for number in range(300)}} for each in range(5)])
    assert list(study.told()) == ['"O" has more than 600 names: only those that most records have are watched']


def test_a_path_beyond_its_length_is_noted_and_not_learnt() -> None:
    """A name of a megabyte is captured, and neither learnt nor told in alerts."""
    long = "N" * 1_000_000
    study = learning(*[{"BPCNUM": "C1", long: 1, "A": {long: {"B": 2}}}] * 5)
    assert max(map(len, study._counts.paths)) <= paths.LONGEST
    assert len(study._counts.pack()) < 2_000
    assert study._counts.dynamic(long)
    assert any("300 characters" in note for note in study.told())
    assert list(learning({"BPCNUM": "C1"}).told()) == []


def test_a_declared_path_beyond_its_length_is_not_watched() -> None:
    """Names within names come to an end as well."""
    told: Any = {"$type": "application/x-string"}
    for _ in range(10):
        told = {"$properties": {"N" * 60: told}}
    assert max(map(len, declared(told).fields)) <= paths.LONGEST


@given(st.integers(0, 40))
def test_the_gravest_changes_of_shape_are_told(grave: int) -> None:
    """Of more than two hundred those are alerts that are so already, then the gravest."""
    found = [
        views.drift(SchemaKind.FIELD_ADDED_OPTIONAL, f"F{number}", severity=Severity.INFO)
        for number in range(drifts.MOST + 50)
    ]
    found += [views.drift(field=f"G{number}") for number in range(grave)]
    told = {(SchemaKind.FIELD_ADDED_OPTIONAL.value, f"F{number}") for number in range(drifts.MOST, drifts.MOST + 50)}
    kept = drifts.foremost(found, told)
    assert len(kept) == drifts.MOST
    assert told <= {(each.finding, each.field) for each in kept}
    assert sum(each.severity is Severity.CRITICAL for each in kept) == grave
    assert drifts.foremost(found[:9], told) == tuple(found[:9])


def test_only_so_many_members_are_learnt_to_be_volatile() -> None:
    """A tenant all of whose members differ at every read teaches a hundred; long names none."""

    def read(value: int) -> dict[str, Any]:
        return {f"M{number}": value for number in range(500)} | {"N" * 200: value}

    names = volatile.learnt([(read(1), read(2))] * 30)
    assert len(names) == volatile.MOST
    assert max(map(len, names)) <= volatile.LONGEST


@pytest.mark.parametrize("form", ["json", "logfmt"])
@pytest.mark.parametrize("letter", ["\U000e0001", "\u2028", '"', "\x00", "\udcff"])
@pytest.mark.parametrize(("facts", "length"), [(1, 66_000), (8, 9_000), (60, 1_200), (300, 400)])
def test_a_line_of_the_log_has_an_end_with_its_escapes(form: str, letter: str, facts: int, length: int) -> None:
    """What takes twelve characters where it is written counts as twelve."""
    written = Written(form)
    told = letter * length
    written.log.warning("poll failed", **{f"fact{number}": [told] if number % 2 else told for number in range(facts)})
    assert 1_000 < len(written.text) <= lines.LONGEST + 1
    assert written.only()["fact0"].startswith(letter)


@pytest.mark.parametrize("form", ["json", "logfmt"])
def test_a_line_of_the_log_has_an_end(form: str) -> None:
    """Where facts together are too long, each is cut; the line reads back as ever."""
    written = Written(form)
    written.log.warning(
        "poll failed", **{f"fact{number}": "é\n" * 8_000 for number in range(20)}, list=["x" * 9_000] * 64
    )
    facts = written.only()
    assert len(written.text) <= lines.LONGEST
    assert facts["fact0"].startswith("é\né\n")
    assert facts["fact19"].endswith("…")


class Endless:
    """A tenant whose pages never end, and are never alike."""

    def __init__(self) -> None:
        self.asked = 0

    async def page(self, resource: Resource, query: Query) -> Page:
        self.asked += 1
        return Page(b'[{"BPCNUM":"%d"}]' % self.asked, f"?key=gt.{self.asked}", 10, 1)

    def split(self, page: Page) -> list[bytes]:
        return [page.records[1:-1]]


@pytest.mark.anyio
async def test_the_first_reading_comes_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is known of a resource, its pages are bounded all the same."""
    monkeypatch.setattr(reading, "PAGES", 50)
    tenant = Endless()
    read = Reader(cast("Source", tenant), CUSTOMERS, Tally(CUSTOMERS, Kind.SWEEP), volatile=frozenset(), seed=1)

    async def read_on() -> None:
        while True:
            await read.read(Query(1), chained=True)

    with pytest.raises(SourceError) as ended:
        await read_on()
    assert ended.value.reason is Reason.PAGING_INCOMPLETE
    assert tenant.asked == 51


def test_a_page_of_too_many_objects_is_refused() -> None:
    """A large one is not cut: it would become many times its size."""
    page = b'{"$resources":[' + b"{}," * (records.OBJECTS + 1) + b"{}]}"
    with pytest.raises(SourceError) as refused:
        wire.read_envelope(page, split=True)
    assert refused.value.reason is Reason.PAYLOAD_TOO_LARGE
    assert json.loads(wire.read_envelope(b'{"$resources":[{}]}').records or b"") == [{}]
