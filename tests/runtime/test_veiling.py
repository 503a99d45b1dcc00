"""Field rules over whole cycles: what is stored, what is told, and what a change of the rules does."""

import json
from typing import Any, Final

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from driftd.core import fingerprint
from driftd.core.model import Kind
from driftd.core.veil import in_force
from tests.runtime.world import MASTER, NAME, World, row

PATHS: Final = ("A", "B", "N.A", "N.B", "L.A", "L.B", "N", "L")
ORDER: Final = ("keep", "hash", "mask", "drop")
rules = st.dictionaries(st.sampled_from(PATHS), st.sampled_from(ORDER), max_size=4)
value = st.sampled_from([None, "", "secret-one", "secret-two", "secret-three", 7, 7.5, True])
small = st.fixed_dictionaries({"A": value, "B": value})
record = st.fixed_dictionaries({"A": value, "B": value, "N": small, "L": st.tuples(small, small).map(list)})
history = st.tuples(record, record, record, record) | record.flatmap(lambda r: st.tuples(*[st.just(r) | record] * 4))
histories = st.dictionaries(st.integers(1, 9), history, min_size=1, max_size=4)


def ruled(private: dict[str, str], **settings: Any) -> Any:
    return replace(MASTER, private=in_force(private), **settings)


def rule(private: dict[str, str], path: str) -> str:
    """Return the rule of a path, said plainly."""
    found, at = "keep", ""
    for name in path.split("."):
        at = f"{at}.{name}".lstrip(".")
        found = "drop" if found == "drop" else private.get(at) or private.get(name) or found
    return found


def leaves(whole: dict[str, Any]) -> dict[str, tuple[str, Any]]:
    """Return the values of a record by JSON pointer, each with its path."""
    found = {f"/{name}": (name, whole[name]) for name in "AB"}
    found |= {f"/N/{name}": (f"N.{name}", whole["N"][name]) for name in "AB"}
    lines = enumerate(whole["L"])
    return found | {f"/L/{at}/{name}": (f"L.{name}", line[name]) for at, line in lines for name in "AB"}


def told(before: dict[str, Any], after: dict[str, Any], *private: dict[str, str]) -> set[str]:
    """Return where two records differ in what stays visible, or hashed, under all rules."""
    old, new = leaves(before), leaves(after)
    visible = {at for at, (path, _) in new.items() if all(rule(each, path) in ("keep", "hash") for each in private)}
    return {at for at in visible if json.dumps(old[at][1]) != json.dumps(new[at][1])}


def put(world: World, table: dict[int, dict[str, Any]]) -> None:
    world.source.tables[NAME].rows = [row(10 * number, **each) for number, each in sorted(table.items())]


def stored(world: World) -> bytes:
    """Return all that the store holds of bodies, as bytes."""
    (shelf,) = world.store.shelves.values()
    bodies = [each.body + (each.details or b"") for each in shelf.records.values()]
    return b"\n".join([*bodies, *(each.envelope for each in world.store.log)])


@settings(max_examples=60)
@given(histories, rules, rules)
async def test_events_tell_exactly_what_changed_of_what_stays_visible(
    of: dict[int, tuple[dict[str, Any], ...]], one: dict[str, str], other: dict[str, str]
) -> None:
    """Whatever rules become whatever others, and whatever records change between the two sweeps: no event by the rules
    alone, none lost, and from then on under the new rules alone."""
    world = World(ruled(one))
    before = {number: states[0] for number, states in of.items()}
    put(world, before)
    await world.run()
    for step, now in enumerate((one, other, other), 1):
        after = {number: states[step] for number, states in of.items()}
        put(world, after)
        world.resource, since = ruled(now), len(world.events())
        report = await world.run()
        assert report.outcome == "ok"
        wanted = {f"K{10 * n:05}": told(before[n], after[n], one, now) for n in before}
        events = {each["key"]["KEY"]: set(each["changed"]) for each in world.events()[since:]}
        assert events == {key: changed for key, changed in wanted.items() if changed}
        shown = await world.shown()
        for number, whole in after.items():
            assert visible(shown[f"K{10 * number:05}"]) == clear(whole, now)
        one, before = now, after


def clear(whole: dict[str, Any], private: dict[str, str]) -> dict[str, Any]:
    """Return the values that a snapshot must show as they are, and what must stand for the others."""
    kept = {at: (rule(private, path), held) for at, (path, held) in leaves(whole).items()}
    return {
        at: "***" if of == "mask" else "hash" if of == "hash" and held not in (None, "") else held
        for at, (of, held) in kept.items()
        if of != "drop"
    }


def visible(shown: dict[str, Any]) -> dict[str, Any]:
    """Return the same of what the snapshot shows."""
    found = {f"/{name}": shown[name] for name in "AB" if name in shown}
    for at, part in [("/N", shown.get("N", {})), *((f"/L/{n}", each) for n, each in enumerate(shown.get("L", [])))]:
        found |= {f"{at}/{name}": held for name, held in part.items()}
    return {at: "hash" if str(held).startswith("hash:") else held for at, held in found.items()}


@pytest.mark.parametrize("policy", ["hash", "mask", "drop"])
async def test_what_was_read_before_a_rule_is_rewritten_by_the_next_cycle(policy: str) -> None:
    """In the snapshot, in tombstones, in the log and its hashes, even by a probe: and silently."""
    world = World.of(3)
    for number in (1, 2, 3):
        world.source.put(NAME, [row(10 * number, EMAIL=f"planted-{number}@example.test", X=1)])
    await world.run()
    world.source.put(NAME, [row(10, EMAIL="planted-9@example.test", X=2)])
    world.source.tables[NAME].rows = [each for each in world.source.tables[NAME].rows if each["KEY"] != "K00030"]
    await world.run()
    assert b"planted" in stored(world)
    hashes, seqs = [(e["before_hash"], e["after_hash"]) for e in world.events()], [e["seq"] for e in world.events()]
    world.resource = ruled({"EMAIL": policy})
    report = await world.run(Kind.PROBE)
    assert (report.outcome, report.u, report.c, report.d) == ("ok", 0, 0, 0)
    assert b"planted" not in stored(world)
    assert [e["seq"] for e in world.events()] == seqs
    rehashed = [(e["before_hash"], e["after_hash"]) for e in world.events()]
    assert all(old != new for old, new in zip(hashes, rehashed, strict=True))
    quiet = await world.run()
    assert (quiet.pages_unchanged, quiet.records_decoded) == (1, 0)


async def test_the_bytes_of_private_records_are_hashed_with_a_key() -> None:
    """Whoever has the database alone can try no value against the fingerprint of a record's bytes."""
    world = World(ruled({"NAME": "hash"}))
    world.source.put(NAME, [row(10)])
    await world.run()
    ((key, record),) = (await world.store.known(world.resource, [b'["K00010"]'])).items()
    raw = orjson.dumps(world.source.tables[NAME].rows[0])
    standing = await world.store.standing(world.resource)
    assert (key, record.raw != fingerprint.raw(raw, standing.seed)) == (b'["K00010"]', True)


def people(first: int = 1, last: int = 330, **members: Any) -> list[dict[str, Any]]:
    return [
        row(10 * n, EMAIL=f"p{n}@example.test", CODE="ABCD"[n % 4] * 2, GRADE=n % 3) | members
        for n in range(first, last)
    ]


async def alerts(world: World) -> list[tuple[str, str | None]]:
    return [(each.drift.finding, each.drift.field) for each in await world.store.casebook.alerts() if each.open]


async def test_a_change_of_the_rules_is_no_change_of_the_shape() -> None:
    """Whatever a rule becomes: what is hashed looks other than before, what is dropped is gone, and nobody is told."""
    world = World(ruled({}))
    world.source.tables[NAME].rows = people()
    await world.run()
    for policy in ("hash", "mask", "drop", "hash", "keep", "drop", "keep"):
        world.resource = ruled({"EMAIL": policy, "CODE": policy, "GRADE": policy, "AMOUNT": policy})
        for step in range(3):
            world.source.put(NAME, people(step + 1, step + 8, NAME=f"{policy} {step}"))
            report = await world.run()
            assert (report.outcome, report.u, report.drifts) == ("ok", 7, ()), policy
            assert all(each["reason"] is None for each in world.events()[-7:])
        assert await alerts(world) == []
        memory = await world.store.casebook.memory("conn", NAME)
        assert (b"AA" in memory.learnt.counts) == (policy == "keep")
        form = memory.learnt.form
        assert form is not None
        assert ("EMAIL" in form.fields) == (policy in ("keep", "hash"))


async def test_a_hashed_member_that_goes_is_told() -> None:
    """Its shape is watched as that of any other member."""
    world = World(ruled({"EMAIL": "hash"}))
    world.source.tables[NAME].rows = people()
    await world.run()
    for each in world.source.tables[NAME].rows:
        del each["EMAIL"]
    for _ in range(4):
        await world.run()
    assert await alerts(world) == [("field_removed_always", "EMAIL")]


async def test_details_of_before_a_change_of_the_rules_are_compared_as_they_were_shown() -> None:
    """They are not read anew at once: when they are, what is shown from then on is no change, and a change is one."""
    world = World(ruled({"PHONE": "drop"}, details=True, details_per_hour=60))
    world.source.tables[NAME].rows = [row(10 * n) for n in range(1, 7)]
    for n in range(1, 7):
        world.source.tables[NAME].lines[World.key_of(row(10 * n))] = {"PHONE": f"000{n}", "FAX": f"111{n}"}
    for _ in range(14):
        await world.run()
    world.resource = ruled({}, details=True, details_per_hour=60)
    before = len(world.events())
    for _ in range(14):
        await world.run()
    assert len(world.events()) == before
    assert {each["PHONE"] for each in (await world.shown()).values()} == {f"000{n}" for n in range(1, 7)}
    world.source.tables[NAME].lines[World.key_of(row(10))] = {"PHONE": "0009", "FAX": "1111"}
    for _ in range(14):
        await world.run()
    assert [each["changed"] for each in world.events()[before:]] == [["/PHONE"]]


async def test_the_first_sight_of_a_member_after_a_change_of_the_rules_tells_what_changed_since() -> None:
    """A record whose details still stand as they were shown before: its own members are judged by the rules of now."""
    world = World(ruled({"NAME": "drop"}, details=True, details_per_hour=10**6))
    world.source.tables[NAME].rows = [row(10)]
    world.source.tables[NAME].lines[World.key_of(row(10))] = {"FAX": "1111"}
    await world.run()
    world.resource = ruled({}, details=True, details_per_hour=0)
    await world.run()
    world.resource = ruled({}, details=True, details_per_hour=10**6)
    world.source.put(NAME, [row(10, NAME="other")])
    await world.run()
    assert [each["changed"] for each in world.events()] == [["/NAME"]]


async def test_details_that_the_sweep_after_a_change_of_the_rules_read_stand_under_the_new_ones() -> None:
    """However long the sweep took: a later change of them is told."""
    world = World(ruled({"PHONE": "drop"}, details=True))
    world.source.tables[NAME].rows = [row(10), row(20), row(30), row(40), row(50)]
    await world.run()
    world.resource = ruled({}, details=True)
    world.source.put(NAME, [row(60)])
    world.source.drop(NAME, [World.key_of(row(20))])
    world.source.tables[NAME].lines[World.key_of(row(60))] = {"PHONE": "0001"}
    await world.run()
    assert world.clock.slept
    world.source.tables[NAME].lines[World.key_of(row(60))] = {"PHONE": "0002"}
    await world.run()
    assert [(each["op"], each["changed"]) for each in world.events()] == [("c", []), ("d", []), ("u", ["/PHONE"])]
