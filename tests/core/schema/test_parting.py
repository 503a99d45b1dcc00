"""A key that gained a part is told; records that come twice by accident are not."""

from collections.abc import Sequence
from typing import Any

import pytest

from driftd.core.drift import SchemaKind
from driftd.core.schema.differing import opened
from driftd.core.schema.parting import Twins, parted
from tests.core.schema.polled import Polled, Record, customer, customers, told


def twins(many: int, new: str = "SITE", **more: Any) -> list[Twins]:
    """Return pairs of records with one key each, which differ in one member; the second has `more`."""
    return [(customer(n) | {new: "1"}, customer(n) | {new: "2"} | more) for n in range(many)]


@pytest.mark.parametrize(
    ("pairs", "rows", "wanted"),
    [
        (twins(100), 400, {"SITE": 100}),
        (twins(2), 4, {}),
        (twins(10), 400, {}),
        ([(one, one) for one, _ in twins(100)], 400, {}),
        ([*twins(100), *((one, one) for one, _ in twins(10))], 400, {}),
        ([(customer(n), customer(n) | {"SITE": "2"}) for n in range(100)], 400, {}),
    ],
)
def test_many_pairs_must_differ_in_a_new_member(pairs: Sequence[Twins], rows: int, wanted: dict[str, int]) -> None:
    """Few, the same, and such as lack it on one side, say nothing."""
    assert parted(pairs, {"SITE"}, rows) == wanted


def swept(polled: Polled, pairs: Sequence[Twins]) -> list[Any]:
    """Sweep a resource in which records come in pairs."""
    polled.twins = list(pairs)
    return told(polled.sweep())


def test_a_key_that_gained_a_part_is_changed() -> None:
    """The new member is told as that and no more, until it is gone again or accepted; deletes are not believed."""
    polled = customers()
    polled.edit(lambda record: record.update(SITE="2"))
    assert swept(polled, twins(200)) == [(SchemaKind.KEY_CHANGED, "SITE")]
    assert polled.concluded.key_lost
    assert swept(polled, []) == [(SchemaKind.KEY_CHANGED, "SITE")]
    polled.edit(lambda record: record.pop("SITE"))
    assert swept(polled, []) == []


def test_an_accepted_part_is_known() -> None:
    """What was accepted is not told again."""
    polled = customers()
    polled.edit(lambda record: record.update(SITE="2"))
    assert swept(polled, twins(200))
    polled.accept()
    assert swept(polled, twins(200)) == []
    assert opened(polled.learnt, polled.base, polled.resource).changes == ()


def test_records_that_came_twice_by_accident_part_nothing() -> None:
    """A record that was revised while it was read differs in what there was before; a new member is only new."""
    polled = customers()

    def revised(record: Record) -> None:
        record["NOTE"] = "x"

    polled.edit(revised)
    pairs = [(customer(n) | {"NOTE": "x"}, customer(n) | {"NOTE": "x", "BPCNAM": "other"}) for n in range(200)]
    assert swept(polled, pairs) == [(SchemaKind.FIELD_ADDED_OPTIONAL, "NOTE")]
