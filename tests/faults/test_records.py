"""Rows 20, 29 and 31 to 34: records and encodings that break careless readers, and what is kept of them."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from driftd.adapters.x3.settings import Caps
from driftd.core import oversize
from driftd.errors import Reason
from driftd.runtime.tally import CycleReport
from driftd.simulator import Fault
from tests.faults.observing import Observe
from tests.house.rig import decoded, named, truth
from tests.house.troubled import SICK, Troubled, shown, troubled


async def answered(house: Troubled, rows: str) -> CycleReport:
    """Poll a tenant whose customers are these rows, whatever it holds."""
    body = f'{{"$resources":[{rows}],"$links":{{}}}}'
    house.patient.tenant.faults[:] = [Fault("raw_body", resource=SICK, facet="$query", body=body)]
    report = (await house.poll())["aldgate", SICK]
    house.heal()
    return report


async def kept(house: Troubled) -> dict[Any, Any]:
    """Return the snapshot of the resource in trouble."""
    return {named(key): decoded(body) for key, body in await shown(house.store, "aldgate", SICK)}


def wrong(want: dict[Any, Any], have: dict[Any, Any]) -> dict[str, int]:
    """Count what a snapshot lacks, and has too much, as an observation has it."""
    lost = sum(have.get(key) != record for key, record in want.items())
    return {"lost": lost, "invented": sum(key not in want for key in have)}


@pytest.mark.fault(20)
async def test_a_key_of_another_type_is_another_key(tmp_path: Path, observe: Observe) -> None:
    """1 and "1" are two records, beside each other and one after the other; no key is made of what is none."""
    async with troubled(tmp_path) as house:
        await answered(house, '{"BPCNUM":1,"BPCNAM":"a"},{"BPCNUM":"1","BPCNAM":"b"},{"BPCNUM":[1],"BPCNAM":"c"}')
        have = await kept(house)
        count = wrong({(1,): {"BPCNUM": 1, "BPCNAM": "a"}, ("1",): {"BPCNUM": "1", "BPCNAM": "b"}}, have)
        observe(f'1 and "1": {len(have)} records; a list as key: set aside', **count)
        assert sum(count.values()) == 0


ENCODED: dict[str, tuple[dict[str, str], Callable[[str], str], str]] = {
    "UTF-8": ({}, lambda text: text.encode().decode("latin-1"), "ok"),
    "UTF-8 with a byte order mark": ({}, lambda text: ("\ufeff" + text).encode().decode("latin-1"), "ok"),
    "Latin-1 declared": ({"Content-Type": "application/json; charset=ISO-8859-1"}, lambda text: text, "ok"),
    "cp1252 declared": (
        {"Content-Type": 'application/json; charset="Windows-1252"'},
        lambda text: text.encode("cp1252").decode("latin-1"),
        "ok",
    ),
    "Latin-1 not declared": ({}, lambda text: text, "failed"),
    "UTF-16 declared": (
        {"Content-Type": "application/json; charset=utf-16"},
        lambda text: text.encode("utf-16").decode("latin-1"),
        "failed",
    ),
    "a NUL, escaped": ({}, lambda text: text.replace("é", "\\u0000"), "ok"),
    "a NUL, raw": ({}, lambda text: text.replace("é", "\0"), "failed"),
}


@pytest.mark.fault(29)
@pytest.mark.parametrize("how", ENCODED)
async def test_text_is_what_was_sent_or_refused(how: str, tmp_path: Path, observe: Observe) -> None:
    """Text in UTF-8, or in an encoding that is declared, is kept character by character; anything else is refused."""
    headers, encoded, outcome = ENCODED[how]
    async with troubled(tmp_path) as house:
        body = encoded('{"$resources":[{"BPCNUM":"1","BPCNAM":"Café"}],"$links":{}}')
        fault = Fault("raw_body", resource=SICK, facet="$query", body=body)
        if headers:
            fault.headers = headers
        house.patient.tenant.faults[:] = [fault]
        report = (await house.poll())["aldgate", SICK]
        name = "Caf\0" if "NUL" in how else "Café"
        want = {("1",): {"BPCNUM": "1", "BPCNAM": name}} if outcome == "ok" else {}
        have = await kept(house) if report.outcome != "failed" else {}
        count = wrong(want, have)
        observe(f"{how}: {report.outcome}{f' by {report.reason}' if report.reason else ', kept as it is'}", **count)
        assert (report.outcome, count) == (outcome, {"lost": 0, "invented": 0})


@pytest.mark.fault(31)
async def test_members_that_come_twice_are_told(tmp_path: Path, observe: Observe) -> None:
    """The last one counts, as in every decoder; it is said for as long as it lasts, and the records are captured."""
    async with troubled(tmp_path) as house:
        twice = '{"BPCNUM":"1","BPCNAM":"a","BPCNAM":"b"},{"BPCNUM":"2","BPCNAM":"c"}'
        reports = [await answered(house, twice) for _ in range(2)]
        have = await kept(house)
        count = wrong({(n,): {"BPCNUM": n, "BPCNAM": name} for n, name in (("1", "b"), ("2", "c"))}, have)
        observe(f"{reports[1].outcome} by {reports[1].reason} at each poll, with the member's name", **count)
        for report in reports:
            assert (report.outcome, report.reason) == ("partial", Reason.INVALID_PAYLOAD)
            assert "come twice in one record: BPCNAM;" in report.message
        assert sum(count.values()) == 0
        assert (await answered(house, '{"BPCNUM":"1","BPCNAM":"b"},{"BPCNUM":"2","BPCNAM":"c"}')).outcome == "ok"


HUGE: dict[str, dict[str, Any]] = {
    "a text of 5 MiB": {"NOTE": "x" * (5 << 20)},
    "600,000 members": {"LINES": [{"A": n, "B": n} for n in range(300_000)]},
}


@pytest.mark.fault(34)
@pytest.mark.parametrize(
    "what", [pytest.param(each, marks=pytest.mark.heavy if "members" in each else []) for each in HUGE]
)
async def test_a_record_over_a_limit_is_kept_as_a_fingerprint(what: str, tmp_path: Path, observe: Observe) -> None:
    """Its change still shows, the others are captured exactly, and once it is small again it is captured whole."""
    async with troubled(tmp_path, classes=(SICK,)) as house:
        await house.settled()
        tenant = house.patient.tenant
        big: dict[str, Any] = {"BPCNUM": "BIG", "BPCNAM": "big"}
        fingerprints, events, reasons = [], list[str](), set[Reason | None]()
        for changed in ({}, {"BPCNAM": "bigger"}):
            tenant.put(SICK, big | HUGE[what] | changed)
            house.advance()
            reasons.add((await house.poll())["aldgate", SICK].reason)
            await house.compared(besides="BIG")
            events += [op for op, key, _, _ in await house.events() if key == ("BIG",)]
            await house.remember()
            fingerprints.append((await kept(house))[("BIG",)])
        said = f"{', '.join(map(str, reasons))}, kept as a fingerprint, told as {' '.join(events)}"
        observe(f"{what}: {said}", lost=house.lost, invented=house.invented)
        assert reasons == {Reason.PAYLOAD_TOO_LARGE}
        assert (house.lost, house.invented) == (0, 0)
        assert [set(each) for each in fingerprints] == [{oversize.NAME}] * 2
        assert fingerprints[0] != fingerprints[1]
        assert events == ["c", "u"]
        tenant.put(SICK, big)
        assert (await house.poll())["aldgate", SICK].outcome == "ok"
        assert await kept(house) == truth(tenant, SICK)


@pytest.mark.fault(33)
@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "deflate, gzip"])
async def test_only_one_gzip_is_taken_off(encoding: str, tmp_path: Path, observe: Observe) -> None:
    """Nested encodings, and those that were not asked for, are refused unread."""
    async with troubled(tmp_path, classes=(SICK,), observe=observe, what=encoding) as house:
        await house.settled()
        house.spoil(Fault("delay", seconds=0.0, headers={"Content-Encoding": encoding}), page=2)
        await house.suffers(Reason.INVALID_PAYLOAD)
        house.heal()
        await house.recovers()


@pytest.mark.fault(33)
async def test_a_gzip_bomb_takes_no_memory(tmp_path: Path, observe: Observe) -> None:
    """64 MiB that come as 64 KiB are inflated up to the bound and no further."""
    caps = Caps(wire=1 << 20, body=2 << 20, ratio_floor=1 << 18)
    async with troubled(tmp_path, classes=(SICK,), caps=caps) as house:
        await house.settled()
        house.spoil(Fault("gzip_bomb", size=64 << 20), page=2)
        tracemalloc.start()
        try:
            report = await house.suffers(Reason.PAYLOAD_TOO_LARGE)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        house.heal()
        await house.recovers()
        observe(f"64 MiB bomb: {report.reason}, peak {peak >> 20} MiB", lost=house.lost, invented=house.invented)
        assert peak < 16 << 20


def test_fixed_limits_are_far_from_what_x3_sends() -> None:
    """An order of 5,000 lines of 60 members is no record over a limit."""
    line = b"{%s}" % b",".join(b'"MEMBER%d":1' % m for m in range(60))
    record = b'{"SOHNUM":"1","LINES":[%s]}' % b",".join([line] * 5000)
    assert oversize.bounded(record) is record
