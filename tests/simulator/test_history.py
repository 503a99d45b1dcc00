import random
from decimal import Decimal
from typing import Any

import pytest

from driftd.simulator import Farm, Switches, Tenant
from tests.simulator.reader import reading

RESOURCES = tuple(Farm.build(tenants=1, records=1)["aldgate"].classes)


def farm(**more: Any) -> Farm:
    return Farm.build(tenants=1, records=40, **more)


def applied(records: dict[Any, Any], changes: list[Any]) -> dict[Any, Any]:
    """Replay a truth on the records before it, checking each `before` on the way."""
    held = dict(records)
    for change in changes:
        assert held.get(change.key) == change.before
        assert (change.op == "c") == (change.before is None)
        assert (change.op == "d") == (change.after is None)
        if change.after is None:
            del held[change.key]
        else:
            held[change.key] = change.after
    return held


def wander(tenant: Tenant, seed: int, steps: int) -> None:
    """Make many small states, with single records put, renamed, doubled and removed among them."""
    chance = random.Random(seed)
    for step in range(steps):
        create, update, lines, delete = (chance.randrange(4) for _ in range(4))
        tenant.advance(create, update, lines, delete, late=chance.randrange(3), late_by=1e9)
        match chance.randrange(7):
            case 0:
                tenant.put("BPCUSTOMER", {"BPCNUM": f"odd {chance.randrange(3)}", "BPCNAM": str(step)})
            case 1:
                key = chance.choice(list(tenant.records("ITMMASTER")))
                tenant.rename("ITMMASTER", key, f"renamed {step}")
            case 2:
                key = chance.choice(list(tenant.records("SORDER")))
                tenant.put_duplicate("SORDER", key, {"CUSORDREF": str(step)} if chance.random() < 0.7 else None)
            case 3:
                tenant.remove("SORDER", chance.choice(list(tenant.records("SORDER"))))
            case 4:
                tenant.settle()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("facet", ["$query", "$details"])
def test_truth_composes(seed: int, facet: Any) -> None:
    """For any states a ≤ b ≤ c: the records of a, with truth(a, b) and then truth(b, c) applied, are those of c; and so
    with truth(a, c) in one step."""
    tenant = farm(seed=seed)["aldgate"]
    wander(tenant, seed, 15)
    chance = random.Random(seed)
    for resource in RESOURCES:
        a, b, c = sorted(chance.choices(range(tenant.state + 1), k=3))
        start, end = tenant.records(resource, a, facet), tenant.records(resource, c, facet)
        in_two = applied(applied(start, tenant.truth(a, b, resource, facet)), tenant.truth(b, c, resource, facet))
        assert in_two == end == applied(start, tenant.truth(a, c, resource, facet))


def test_the_same_seed_makes_the_same_business() -> None:
    """Two farms of one seed hold the same records at every state; another seed and another tenant hold others."""
    first, second = Farm.build(tenants=2, records=30, seed=5), Farm.build(tenants=2, records=30, seed=5)
    for each in (first, second):
        each.wall = lambda: 1_800_000_000.0
        for _ in range(10):
            each["aldgate"].advance()
    other = Farm.build(tenants=1, records=30, seed=6)
    for resource in RESOURCES:
        records = first["aldgate"].records(resource)
        assert records == second["aldgate"].records(resource)
        assert records != first["borough"].records(resource)
        assert first["aldgate"].records(resource, 0) != other["aldgate"].records(resource)
    assert first["aldgate"].client_secret == second["aldgate"].client_secret


def test_the_collation_does_not_change_what_happens() -> None:
    """Business picks its records by number, not by place: the order of pages has no part in it."""
    truths = []
    for switches in (Switches(collation="binary"), Switches(collation="numeric")):
        built = farm(switches=switches)
        built.wall = lambda: 1_800_000_000.0
        tenant = built["aldgate"]
        for _ in range(10):
            tenant.advance()
        truths.append([tenant.truth(0, tenant.state, resource) for resource in RESOURCES])
    assert truths[0] == truths[1]


def test_an_advance_makes_just_the_changes_asked_for() -> None:
    """Each number given is the number of net changes of that kind, all on different records."""
    tenant = Farm.build(tenants=1, records=100)["aldgate"]
    after = tenant.advance(create=4, update=7, update_lines=3, delete=2, resource="SORDER")
    ops = [change.op for change in tenant.truth(after - 1, after, "SORDER")]
    assert (ops.count("c"), ops.count("u"), ops.count("d")) == (4, 10, 2)
    assert tenant.truth(after - 1, after, "BPCUSTOMER") == []
    spread = tenant.advance(create=30, update=0, update_lines=0, delete=0)
    touched = {resource for resource in RESOURCES if tenant.truth(after, spread, resource)}
    assert touched == {name for name, model in tenant.classes.items() if not model.booked}


def test_a_line_change_shows_in_lines_only() -> None:
    """`update_lines` leaves `$query` as it was, but for `UPDDATTIM` where that is shown and lines touch it."""
    built = farm()
    built.wall = lambda: 1_800_000_000.0
    tenant = built["aldgate"]
    after = tenant.advance(0, 0, 6, 0, resource="SORDER")
    assert tenant.truth(0, after, "SORDER", "$query") == []
    assert len(tenant.truth(0, after, "SORDER")) == 6
    for change in tenant.truth(0, after, "SORDER"):
        assert change.before is not None
        assert change.after is not None
        changed = {name for name in change.after if change.after[name] != change.before[name]}
        assert changed == {"SOHSOP", "UPDDATTIM"}
    tenant.switches.updatim_in_query = "present"
    assert len(tenant.truth(0, after, "SORDER", "$query")) == 6
    tenant.switches.etag = "header_only"
    assert tenant.truth(0, after, "SORDER", "$query") == []


def test_header_changes_show_in_query() -> None:
    """`update` always changes a business member that `$query` shows, of whatever class."""
    tenant = farm()["aldgate"]
    after = tenant.advance(0, 60, 0, 0)
    changes = [change for resource in RESOURCES for change in tenant.truth(0, after, resource, "$query")]
    assert len(changes) == 60
    assert all(change.op == "u" for change in changes)


def test_totals_stay_the_sum_of_lines() -> None:
    """However long business goes on, an order's totals are those of its lines."""
    tenant = farm()["aldgate"]
    for _ in range(20):
        tenant.advance(1, 10, 5, 1, resource="SORDER")
    for order in tenant.records("SORDER").values():
        lines: Any = order["SOHSOP"]
        assert order["LINNBR"] == len(lines)
        assert order["TOTLINQTY"] == sum(line["QTY"] for line in lines)
        assert Decimal(str(order["ORDNOT"])) == sum((Decimal(str(line["LINAMT"])) for line in lines), Decimal(0))


def test_late_rows_are_stamped_now_and_seen_later() -> None:
    """A late transaction carries the stamp of its making, is invisible until its time, and then is one state more."""
    built = farm()
    now, wall = 100.0, 1_800_000_000.0
    built.clock, built.wall = lambda: now, lambda: wall
    tenant = built["aldgate"]
    tenant.switches.updatim_in_query = "present"
    first = tenant.advance(0, 0, 0, 0, late=4, late_by=60)
    now, wall = 159.0, wall + 59
    second = tenant.advance(3, 3, 0, 0)
    assert (tenant.state, len(tenant.truth(0, first, "BPCUSTOMER"))) == (second, 0)
    with reading(built) as reader:
        before = {row["BPCNUM"] for row in reader.rows("BPCUSTOMER", count=500)}
        now = 160.0
        after = {row["BPCNUM"] for row in reader.rows("BPCUSTOMER", count=500)}
    assert tenant.state == second + 1
    late = [change for resource in RESOURCES for change in tenant.truth(second, second + 1, resource)]
    assert sorted(change.op for change in late) == ["c", "c", "u", "u"]
    assert {change.after["UPDDATTIM"] for change in late if change.after} == {"2027-01-15T08:00:00Z"}
    created = {change.key[0] for change in tenant.truth(second, second + 1, "BPCUSTOMER") if change.op == "c"}
    assert after - before == created


def test_what_a_late_transaction_holds_is_left_alone() -> None:
    """Business does not touch a record that an uncommitted transaction has changed; once settled both are there."""
    tenant = Farm.build(tenants=1, records=6, only=["ITMMASTER"])["aldgate"]
    first = tenant.advance(0, 0, 0, 0, late=4, late_by=1e9)
    second = tenant.advance(0, 20, 0, 0)
    held_back = {change.key for change in tenant.truth(first, second, "ITMMASTER")}
    settled = tenant.settle()
    late = [change for change in tenant.truth(second, settled, "ITMMASTER") if change.op == "u"]
    assert len(late) == 2
    assert not held_back & {change.key for change in late}


def test_bad_states_and_classes_are_refused() -> None:
    """A state that has not been, states in the wrong order and unknown classes raise, each with its name."""
    tenant = farm()["aldgate"]
    tenant.advance()
    with pytest.raises(ValueError, match="no state 9"):
        tenant.truth(0, 9, "SORDER")
    with pytest.raises(ValueError, match="later"):
        tenant.truth(1, 0, "SORDER")
    with pytest.raises(KeyError, match="NOPE"):
        tenant.advance(resource="NOPE")
    with pytest.raises(ValueError, match="create"):
        tenant.advance(create=-1)


def test_one_class_may_stand_alone() -> None:
    """With `only`, orders name customers that are not served, and business goes on."""
    tenant = Farm.build(tenants=1, records={"SORDER": 20}, only=["SORDER"])["aldgate"]
    tenant.advance()
    assert list(tenant.classes) == ["SORDER"]
    assert all(order["BPCORD"] for order in tenant.records("SORDER").values())
