from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import assume, given
from hypothesis import strategies as st

from driftd.core.watermark import AHEAD, behind, moment, newest

ZONES = [ZoneInfo(name) for name in ("Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca")]
NOW = 1_800_000_000_000
instants = st.integers(1_420_000_000, 1_800_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
around = st.sampled_from([datetime(2024, 10, 27, 1, tzinfo=UTC), datetime(2024, 3, 31, 1, tzinfo=UTC)]).flatmap(
    lambda change: st.integers(-9000, 9000).map(lambda seconds: change + timedelta(seconds=seconds))
)
"""Times about those at which Europe's clocks are changed."""


def spelt(at: datetime, zone: ZoneInfo | None, digits: str) -> str:
    """Write an instant as a server may: with `Z`, or with the zone's offset; fractions of any length."""
    text = at.astimezone(zone or UTC).isoformat(timespec=digits)
    return text if zone else text.replace("+00:00", "Z")


spellings = st.tuples(
    st.one_of(st.none(), st.sampled_from(ZONES)), st.sampled_from(["seconds", "milliseconds", "microseconds"])
)


@given(st.lists(st.tuples(st.one_of(instants, around), spellings), min_size=1, max_size=6))
def test_the_newest_is_the_latest_instant_however_it_is_spelt(
    stamps: list[tuple[datetime, tuple[ZoneInfo, str]]],
) -> None:
    """Zones, changes of clocks and fractions of different length do not count; the spelling is kept."""
    texts = [spelt(at.replace(microsecond=0), *how) for at, how in stamps]
    found = newest(texts, NOW)
    assert found in texts
    assert moment(str(found)) == max(at.replace(microsecond=0) for at, _ in stamps)


def test_what_is_no_stamp_or_far_ahead_does_not_count() -> None:
    """An empty date, words, and a time days ahead of our clock never become the watermark."""
    ahead = spelt(datetime.fromtimestamp(NOW / 1000, UTC) + AHEAD + timedelta(seconds=1), None, "seconds")
    good = spelt(datetime.fromtimestamp(NOW / 1000, UTC) + AHEAD, None, "seconds")
    assert newest(["0000-00-00", "", "soon", ahead, "9999-12-31T23:59:59-14:00"], NOW) is None
    assert newest([ahead, good, "1599-12-31T00:00:00Z"], NOW) == good


def test_behind_keeps_the_servers_form() -> None:
    """The overlap is taken off in the form in which the server writes its stamps; without a zone an hour more."""
    assert behind("2026-11-23T00:05:00Z", 600) == "2026-11-22T23:55:00Z"
    assert behind("2026-11-23T00:05:00.250Z", 600) == "2026-11-22T23:55:00.250Z"
    assert behind("2026-11-23T02:05:00+02:00", 60) == "2026-11-23T02:04:00+02:00"
    assert behind("2026-11-23T02:05:00", 60) == "2026-11-23T01:04:00"
    assert behind("2026-11-23", 60) == "2026-11-22"
    assert behind(None, 600) is None
    assert behind("0000-00-00", 600) is None
    assert behind("0001-01-01T00:00:00Z", 600) is None


@given(st.one_of(instants, around), spellings, st.integers(0, 100_000))
def test_behind_is_the_overlap_before(at: datetime, how: tuple[ZoneInfo | None, str], overlap: int) -> None:
    """With a zone it is exactly the overlap, at most a millisecond more."""
    since = moment(str(behind(spelt(at, *how), overlap)))
    mark = moment(spelt(at, *how))
    assert since is not None
    assert mark is not None
    assert timedelta(0) <= mark - since - timedelta(seconds=overlap) < timedelta(milliseconds=1)


@given(around, st.sampled_from(ZONES), st.integers(0, 7200), st.integers(0, 7200))
def test_local_times_reach_over_a_change_of_clocks(at: datetime, zone: ZoneInfo, overlap: int, later: int) -> None:
    """Whatever is stamped from the overlap before the watermark on, a clock of any zone shows no less than `behind`."""
    assume(at.microsecond == 0)

    def shown(moment_: datetime) -> str:
        return moment_.astimezone(zone).replace(tzinfo=None).isoformat()

    since = str(behind(shown(at), overlap))
    assert shown(at - timedelta(seconds=overlap) + timedelta(seconds=later)) >= since
