"""Deletes are believed only with proof."""

from hypothesis import given
from hypothesis import strategies as st

from driftd.core.gate import LOOKS, NEAR, Range, allowed, joined, judge, ranges, silent
from driftd.core.model import Guards
from driftd.errors import Reason

keys = st.lists(st.integers(0, 400), unique=True, max_size=120).map(lambda numbers: [b"[%d]" % n for n in numbers])


@given(keys, st.data(), st.none() | st.just(b'["before"]'))
def test_ranges_hold_every_missing_key_once(order: list[bytes], data: st.DataObject, before: bytes | None) -> None:
    """Each missing key is in one range, between the nearest keys that are there."""
    missing = set(data.draw(st.lists(st.sampled_from(order), unique=True))) if order else set()
    found = ranges(before, order, missing, 40)
    assert [key for one in found for key in one.missing] == [key for key in order if key in missing]
    present = [key for key in order if key not in missing]
    for one in found:
        assert one.before == before or one.before in present
        assert one.after is None or one.after in present
        start = -1 if one.before == before and one.before not in order else order.index(one.before or b"")
        stop = len(order) if one.after is None else order.index(one.after)
        inside = order[start + 1 : stop]
        assert one.span == len(inside)
        assert [key for key in inside if key in missing] == list(one.missing)


def test_close_gaps_share_a_range() -> None:
    """Two missing keys a few records apart cost one request; far apart, two."""
    order = [b"[%d]" % n for n in range(100)]
    near = 40 // NEAR + 1
    assert len(ranges(None, order, {b"[10]", b"[%d]" % (10 + near)}, 40)) == 1
    assert len(ranges(None, order, {b"[10]", b"[%d]" % (11 + near)}, 40)) == 2


def test_a_range_is_no_longer_than_a_page() -> None:
    """Many missing keys near each other are looked at page by page; only keys side by side are never parted."""
    order = [b"[%d]" % n for n in range(100)]
    assert all(one.span <= 40 for one in ranges(None, order, set(order[::2]), 40))
    assert [one.span for one in ranges(None, order, set(order[1:90]), 40)] == [89]


@given(st.integers(1, 5000), st.integers(0, 5000))
def test_mass_delete_is_held(trusted: int, candidates: int) -> None:
    """More than max(3, min(10 %, 500)) missing records are held, and all records of a resource that had three."""
    limit = max(3, min(0.1 * trusted, 500))
    held = judge(candidates, trusted, Guards(), key_unique=True) is Reason.SUSPECT_MASS_DELETE
    assert held == (candidates > limit or (trusted >= 3 and 0 < trusted <= candidates))


def test_limits_are_settings() -> None:
    """Ratio and limit are the resource's own."""
    assert judge(60, 100, Guards(ratio=0.5), key_unique=True) is Reason.SUSPECT_MASS_DELETE
    assert judge(50, 100, Guards(ratio=0.5), key_unique=True) is None
    assert judge(11, 1000, Guards(limit=10), key_unique=True) is Reason.SUSPECT_MASS_DELETE


def test_keys_that_are_not_unique_prove_nothing() -> None:
    """Deletes are suspended while keys are not unique."""
    assert judge(1, 100, Guards(), key_unique=False) is Reason.KEY_NOT_UNIQUE
    assert judge(0, 100, Guards(), key_unique=False) is None


def test_silence_is_suspected() -> None:
    """Five trusted records that become none are no delete of all."""
    assert silent(0, 5)
    assert not silent(0, 4)
    assert not silent(1, 500)


def test_a_second_look_never_costs_more_than_the_sweep() -> None:
    """Fifty ranges are always allowed, beyond that as many as the sweep took requests."""
    assert allowed(1) == LOOKS
    assert allowed(2000) == 2000


@given(
    st.lists(
        st.builds(
            Range,
            before=st.none() | st.sampled_from([b"[1]", b"[5]"]),
            missing=st.lists(st.binary(min_size=1, max_size=2), min_size=1, max_size=3).map(tuple),
            after=st.none() | st.sampled_from([b"[5]", b"[9]"]),
            span=st.integers(1, 40),
        )
    )
)
def test_one_look_is_for_all_between_two_neighbours(found: list[Range]) -> None:
    """No two looks begin and end alike, each missing key is in one of them, and reads as far as any of its parts."""
    looks = joined(found)
    between = [(each.before, each.after) for each in looks]
    assert between == [*dict.fromkeys((each.before, each.after) for each in found)]
    for look, place in zip(looks, between, strict=True):
        parts = [each for each in found if (each.before, each.after) == place]
        assert look.missing == tuple(key for each in parts for key in each.missing)
        assert look.span == max(each.span for each in parts)
