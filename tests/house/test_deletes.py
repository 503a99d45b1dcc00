"""What a sweep does not show: confirmed, pending, taken back."""

import json
from pathlib import Path

import pytest

from driftd.core.model import Guards, Kind
from driftd.simulator import Fault, RequestSeen
from tests.house.customers import NAME, customers, exact, keys, second_look


@pytest.mark.parametrize("where", ["start", "middle", "end", "boundaries", "apart", "whole page"])
async def test_deletes_are_confirmed_within_the_same_poll(where: str, tmp_path: Path) -> None:
    """Deletes within the guard are told by the poll that missed them, wherever they stood, as confirmed absent."""
    async with customers(tmp_path, guards=Guards(ratio=0.9, second_look=0.0)) as house:
        there = keys(house)
        gone = {
            "start": there[:2],
            "middle": there[24:27],
            "end": there[-3:],
            "boundaries": there[9::10],
            "apart": there[3::19],
            "whole page": there[20:30],
        }[where]
        for key in gone:
            house.tenant.remove(NAME, key)
        (report,) = await house.poll()
        assert (report.outcome, report.d, report.pending, report.held) == ("ok", len(gone), 0, 0)
        events = [json.loads(each.envelope) for each in await house.store.read_changes(0, 100)]
        assert {each["confidence"] for each in events} == {"confirmed_absent"}
        assert {tuple(each["key"].values()) for each in events} == set(gone)
        await exact(house)


async def test_what_stood_behind_the_end_is_looked_at_once(tmp_path: Path) -> None:
    """However many stored segments stood there: all of them lie between the same neighbours."""
    async with customers(tmp_path, guards=Guards(ratio=0.9, second_look=0.0)) as house:
        looks: list[RequestSeen] = []
        house.tenant.on_request = lambda seen: looks.append(seen) if second_look(seen) else None
        there = keys(house)
        for key in there[-35:]:
            house.tenant.remove(NAME, key)
        (report,) = await house.poll()
        starts = [seen.query["key"] for seen in looks]
        assert (report.d, starts.count(f"ge.{there[-36][0]}")) == (35, 1)
        await exact(house)


async def test_a_record_that_the_second_look_shows_is_not_deleted(tmp_path: Path) -> None:
    """A record that comes back between sweep and second look was never gone: no delete, nothing pending."""
    async with customers(tmp_path) as house:
        tenant = house.tenant
        row = dict(tenant.records(NAME)[keys(house)[25]])
        tenant.remove(NAME, str(row["BPCNUM"]))

        def back(seen: RequestSeen) -> None:
            if second_look(seen):
                tenant.on_request = None
                tenant.put(NAME, row)

        tenant.on_request = back
        (report,) = await house.poll()
        assert row["BPCNUM"] in {key[0] for key in keys(house)}, "there was no second look"
        assert (report.outcome, report.d, report.pending, report.held) == ("ok", 0, 0, 0)
        await house.poll()
        await exact(house)
        assert not house.after


async def test_neighbours_gone_at_the_second_look(tmp_path: Path) -> None:
    """Where a known neighbour is gone at the second look, it proves nothing: the delete is pending, the record stays;
    the second complete sweep infers it."""
    async with customers(tmp_path) as house:
        tenant = house.tenant
        there = keys(house)
        tenant.remove(NAME, there[25])

        def move(seen: RequestSeen) -> None:
            if second_look(seen):
                for key in (there[24], there[26]):
                    if key in tenant.records(NAME):
                        tenant.remove(NAME, key)

        tenant.on_request = move
        (report,) = await house.poll()
        tenant.on_request = None
        assert (report.outcome, report.d, report.pending) == ("ok", 0, 1)
        assert there[25] in await house.snapshot(NAME)
        tenant.faults.append(Fault("status", resource=NAME, status=503, nth=8))
        await house.poll()
        tenant.faults.clear()
        (report,) = await house.poll()
        assert (report.outcome, report.pending) == ("ok", 0)
        house.seq = 0
        await exact(house)
        events = [json.loads(each.envelope) for each in await house.store.read_changes(0, 100)]
        told = {tuple(each["key"].values()): each["confidence"] for each in events}
        assert set(told) == {there[24], there[25], there[26]}


async def test_a_pending_delete_is_inferred_by_the_second_sweep(tmp_path: Path) -> None:
    """Where no second look is ever possible, a record missing from two complete sweeps in a row is told as
    `inferred_absent`, not before."""
    async with customers(tmp_path) as house:
        tenant = house.tenant
        lost = keys(house)[25]
        tenant.remove(NAME, lost)
        fresh = iter(range(10**6))

        def disturb(seen: RequestSeen) -> None:
            if second_look(seen):
                start = seen.query["key"].removeprefix("ge.")
                if (start,) in tenant.records(NAME):
                    tenant.rename(NAME, start, f"{start}-{next(fresh)}")

        tenant.on_request = disturb
        (report,) = await house.poll()
        assert (report.d, report.pending) == (0, 1)
        (report,) = await house.poll()
        tenant.on_request = None
        events = [json.loads(each.envelope) for each in await house.store.read_changes(0, 100)]
        told = {tuple(each["key"].values()): each["confidence"] for each in events if each["op"] == "d"}
        assert told[lost] == "inferred_absent"
        await house.poll()
        await house.poll()
        house.seq = 0
        await exact(house)


async def test_a_failed_sweep_between_two_is_no_evidence(tmp_path: Path) -> None:
    """A probe, a delta or a failed sweep proves no absence: they leave pending deletes and the missing alone."""
    async with customers(tmp_path) as house:
        tenant = house.tenant
        for key in keys(house)[5:8]:
            tenant.remove(NAME, key)
        for kind in (Kind.PROBE, Kind.DELTA):
            (report,) = await house.poll(kind)
            assert (report.outcome, report.d, report.pending) == ("ok", 0, 0)
        tenant.faults.append(Fault("status", resource=NAME, status=503, nth=5))
        (report,) = await house.poll()
        assert (report.outcome, report.d) == ("failed", 0)
        tenant.faults.clear()
        assert not await house.store.absent(house.resources[0])
        (report,) = await house.poll()
        assert (report.outcome, report.d) == ("ok", 3)
        await exact(house)


@pytest.mark.parametrize("by", list(Kind))
async def test_a_key_that_comes_back_is_resurrected(by: Kind, tmp_path: Path) -> None:
    """A deleted key that comes back is `c` with reason `resurrected`, never `u`, whichever cycle sees it first; it
    keeps the time at which it was first seen."""
    async with customers(tmp_path) as house:
        tenant = house.tenant
        key = keys(house)[0] if by is not Kind.DELTA else keys(house)[-1]
        row = dict(tenant.records(NAME)[key])
        tenant.remove(NAME, key)
        await house.poll()
        tenant.put(NAME, row | {"BPCNAM": "back again"})
        await house.poll(by)
        await house.poll()
        events = [json.loads(each.envelope) for each in await house.store.read_changes(0, 100)]
        assert [(each["op"], each["reason"]) for each in events] == [("d", None), ("c", "resurrected")]
        assert events[0]["first_seen_ms"] == events[1]["first_seen_ms"]
        await exact(house)
