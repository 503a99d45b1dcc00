"""Durations are counted in fixed buckets."""

from hypothesis import given
from hypothesis import strategies as st

from driftd.core.histogram import SECONDS, Histogram

durations = st.floats(0, 1000) | st.sampled_from(SECONDS)


@given(st.lists(durations))
def test_every_duration_is_in_the_first_bucket_that_holds_it(seconds: list[float]) -> None:
    """Bounds are inclusive, as Prometheus' ``le`` is; what is longer than all has a place of its own."""
    histogram = Histogram()
    for each in seconds:
        histogram.observe(each)
    shown = histogram.shown()
    assert len(shown.counts) == len(shown.bounds) + 1
    assert sum(shown.counts) == len(seconds)
    for number, bound in enumerate(shown.bounds):
        assert sum(shown.counts[: number + 1]) == sum(each <= bound for each in seconds)
    assert shown.total == sum(seconds)


def test_what_is_shown_does_not_change_any_more() -> None:
    """A scrape that is being rendered sees one moment."""
    histogram = Histogram()
    before = histogram.shown()
    histogram.observe(1.0)
    assert sum(before.counts) == 0
