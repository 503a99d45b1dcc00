"""A maximum is remembered for its span, and not much longer."""

from hypothesis import given
from hypothesis import strategies as st

from driftd.core.greatest import Greatest

notes = st.lists(st.tuples(st.floats(0, 100), st.floats(0, 1000)), max_size=50)


@given(notes, st.floats(0, 200))
def test_the_greatest_of_the_span_is_shown_and_nothing_much_older(
    steps: list[tuple[float, float]], after: float
) -> None:
    """What is younger than the span counts; what is older than the span and a twelfth does not."""
    greatest, now, noted = Greatest(60.0), 1000.0, list[tuple[float, float]]()
    for pause, value in steps:
        now += pause
        greatest.note(now, value)
        noted.append((now, value))
    now += after
    shown = greatest.at(now)
    assert shown >= max((value for at, value in noted if now - at < 60.0), default=0.0)
    assert shown <= max((value for at, value in noted if now - at <= 65.0), default=0.0)
