"""Rows 12 and 14: bodies that drip, hang, end early, or come with flipped bits."""

import os
from collections import Counter
from pathlib import Path
from random import Random

import anyio
import pytest

from driftd.adapters.x3.settings import Pace
from driftd.errors import Reason
from tests.adapters.x3.reaching import EMPTY, failure_of
from tests.adapters.x3.sockets import Wire, answered
from tests.faults.carried import carried
from tests.faults.observing import Observe
from tests.faults.proxy import End, Toxics
from tests.house.rig import truth
from tests.house.troubled import SICK

SEED = int(os.environ.get("DRIFTD_SEED", "1"))
"""Set to replay: ``DRIFTD_SEED=7 pytest tests/faults/test_bodies.py``."""
SHORT = os.environ.get("DRIFTD_HEAVY") == "short"
SLOW = {
    "a byte at a time": Toxics(piece=1, rate=100),
    "late and later": Toxics(piece=50, latency=0.1, jitter=0.1),
    "silent within a body": Toxics(limit=1500, end="hang"),
    "silent from the first byte": Toxics(limit=0, end="hang"),
}


@pytest.mark.fault(12)
@pytest.mark.parametrize("how", SLOW)
async def test_a_body_that_drips_is_ended_by_the_deadline(how: str, tmp_path: Path, observe: Observe) -> None:
    """Each piece that comes does not renew the time for the whole: the request ends in time, and so does its poll."""
    async with carried(tmp_path, observe, how, timeout=0.4) as here:
        await here.proxy.cut()
        here.proxy.down.__dict__.update(SLOW[how].__dict__)
        with anyio.fail_after(20):
            report = await here.endures()
        here.house.seen.append(f"{report.outcome} by {report.reason} at the deadline of one request")
        assert (report.outcome, report.reason, report.requests) == ("failed", Reason.TIMEOUT, 1), report.message
        await here.well()


@pytest.mark.fault(12)
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_slower_than_it_may_be_is_ended_before_the_deadline(*, chunked: bool, observe: Observe) -> None:
    """A body must come at some pace, whether it says its length or not."""
    gone = anyio.Event()

    async def drip(wire: Wire) -> None:
        await wire.request()
        if chunked:
            await wire.send(answered(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked"))
        else:
            await wire.send(answered(b"", length=len(EMPTY)))
        try:
            for byte in EMPTY:
                await wire.send(b"1\r\n%c\r\n" % byte if chunked else b"%c" % byte)
                await anyio.sleep(0.05)
        finally:
            gone.set()

    with anyio.fail_after(20):
        error, server = await failure_of(drip, timeout=60.0, pace=Pace(slack=0.1, rate=1000))
        await gone.wait()
    observe(f"{'chunked' if chunked else 'with a length'}, too slow: {error.reason}, long before the deadline")
    assert error.reason is Reason.TIMEOUT
    assert len(server.asked) == 1


async def _cut_short(directory: Path, observe: Observe, cuts: int, *, gzip: bool) -> None:
    chance = Random(SEED)
    async with carried(directory, observe, f"{'gzip, ' if gzip else ''}{cuts} cuts", SEED) as here:
        house = here.house
        house.patient.tenant.switches.move({"gzip": "on" if gzip else "off"})
        size = (await here.endures()).bytes
        ends: tuple[End, ...] = ("close", "reset")
        failed = 0
        for _ in range(cuts):
            await here.proxy.cut()
            here.proxy.down.limit, here.proxy.down.end = chance.randrange(size * 9 // 10), chance.choice(ends)
            report = await here.endures()
            assert report.outcome == "ok" or report.reason is Reason.CONNECTION_RESET, report.message
            failed += report.outcome == "failed"
        house.seen.append(f"{failed} sweeps failed whole by {Reason.CONNECTION_RESET}, none took a part")
        assert failed >= cuts * 2 // 3
        await here.well()


@pytest.mark.fault(14)
@pytest.mark.parametrize("gzip", [False, True])
async def test_a_body_that_ends_early_is_no_page(*, gzip: bool, tmp_path: Path, observe: Observe) -> None:
    """Wherever an answer breaks off, by an end or a reset, the sweep fails whole, and the next one is exact."""
    await _cut_short(tmp_path, observe, 4, gzip=gzip)


@pytest.mark.fault(14)
@pytest.mark.heavy
@pytest.mark.parametrize("gzip", [False, True])
async def test_a_body_that_ends_anywhere_is_no_page(*, gzip: bool, tmp_path: Path, observe: Observe) -> None:
    """The same at 150 places (``DRIFTD_HEAVY=short``: 15)."""
    await _cut_short(tmp_path, observe, 15 if SHORT else 150, gzip=gzip)


async def _flipped(directory: Path, observe: Observe, flips: int, *, tls: bool = False) -> None:
    chance, how = Random(SEED), "TLS" if tls else "gzip"
    async with carried(directory, observe, f"{how}, {flips} flipped bits", SEED, tls=tls, timeout=1.0) as here:
        house = here.house
        house.patient.tenant.switches.move({"gzip": "off" if tls else "on"})
        size, reasons = (await here.endures()).bytes, Counter[str]()
        for _ in range(flips):
            await here.proxy.cut()
            here.proxy.down.flips = frozenset({chance.randrange(8 * size * 9 // 10)})
            reasons[str((await here.endures()).reason or "harmless")] += 1
        house.seen.append(", ".join(f"{many} {name}" for name, many in sorted(reasons.items())))
        assert reasons["harmless"] < flips / 2
        await here.well()


@pytest.mark.fault(14)
@pytest.mark.parametrize("tls", [False, pytest.param(True, marks=pytest.mark.heavy)])
async def test_a_flipped_bit_is_noticed_by_a_checksum(*, tls: bool, tmp_path: Path, observe: Observe) -> None:
    """gzip's checksum and TLS show it: the sweep fails, or the bit lay where it says nothing of a record."""
    await _flipped(tmp_path, observe, 4, tls=tls)


@pytest.mark.fault(14)
@pytest.mark.heavy
@pytest.mark.parametrize("tls", [False, True])
async def test_a_flipped_bit_anywhere_is_noticed_by_a_checksum(*, tls: bool, tmp_path: Path, observe: Observe) -> None:
    """The same of 200 (``DRIFTD_HEAVY=short``: 20)."""
    await _flipped(tmp_path, observe, 20 if SHORT else 200, tls=tls)


@pytest.mark.fault(14)
@pytest.mark.heavy
async def test_a_flipped_bit_without_a_checksum_lasts_no_longer_than_a_sweep(tmp_path: Path, observe: Observe) -> None:
    """Plain HTTP has none: what is no page is refused, a letter that became another is taken as it was sent, and the
    next sweep sets it right. Nobody can do better without TLS."""
    flips, told, chance = 20 if SHORT else 100, Counter[str](), Random(SEED)
    async with carried(tmp_path, lambda _text, **_counts: None, "plain", SEED, timeout=1.0) as here:
        house = here.house
        size = (await here.endures()).bytes
        for _ in range(flips):
            await here.proxy.cut()
            here.proxy.down.flips = frozenset({chance.randrange(8 * size * 9 // 10)})
            before = house.lost + house.invented
            report = await here.endures()
            wrong = house.lost + house.invented > before
            told["taken" if wrong else str(report.reason or "harmless")] += 1
        here.proxy.down.clear()
        await house.poll()
        shown = await house.patient.snapshot(SICK)
        observe(f"plain HTTP, {flips} flipped bits: " + ", ".join(f"{n} {name}" for name, n in sorted(told.items())))
        assert shown == truth(house.patient.tenant, SICK)
        assert sum(told.values()) - told["taken"] > flips / 4
