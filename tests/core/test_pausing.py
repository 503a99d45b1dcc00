"""How a connection is put aside follows from what was ordered, and an order given twice is given once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from driftd.core.decision import Word
from driftd.core.health import NOT_ASIDE, Aside, ConnectionHealth, Trouble, pardoned
from driftd.core.pausing import (
    DAY,
    FARTHEST,
    LONGEST_PAUSE,
    LONGEST_WINDOW,
    Directive,
    Turn,
    deed,
    directed,
    says,
    told,
)
from driftd.core.reasons import MEANINGS, State
from driftd.core.state import judge
from driftd.errors import DecisionError, Reason
from tests.core.health import HOUR, MINUTE, START, failing, granted, judged, poll, scene

NOW = START + 20 * MINUTE
WORD = Word("jo", "stocktaking")
moments = st.integers(-2 * DAY, 2 * DAY).map(lambda ms: NOW + ms)
orders = st.builds(
    Directive,
    st.sampled_from(Turn),
    st.sampled_from([WORD, Word("ann", "stocktaking"), Word("jo", "upgrade")]),
    st.none() | moments,
    st.none() | moments,
)
days = st.lists(st.tuples(st.integers(0, DAY), orders), max_size=8)


def after(given_: list[tuple[int, Directive]]) -> tuple[Aside, int]:
    """Return how a connection is put aside after orders, each so long after the one before; refused ones are none."""
    aside, now = NOT_ASIDE, NOW
    for ms, order in given_:
        now += ms
        try:
            aside = directed(aside, order, now)
        except DecisionError:
            continue
    return aside, now


@given(days, orders)
def test_an_order_given_twice_is_given_once(before: list[tuple[int, Directive]], order: Directive) -> None:
    """Whoever gives it the second time, at the same moment or while it holds; the first one's name stays."""
    aside, now = after(before)
    try:
        once = directed(aside, order, now)
    except DecisionError:
        return
    again = replace(order, word=replace(order.word, by="somebody else"))
    assert directed(once, again, now) == once
    later = now + MINUTE
    holds = order.until is not None and order.until > later
    if order.turn in {Turn.RESUME, Turn.CANCEL} or (holds and (order.since is None or order.since > later)):
        assert directed(once, again, later) == once


@given(days, moments)
def test_it_is_paused_from_the_order_to_its_end_and_never_after_it_was_resumed(
    before: list[tuple[int, Directive]], at: int
) -> None:
    """What was ordered last of pauses counts; a window of maintenance has no part in it."""
    aside, now = after(before)
    paused = directed(aside, Directive(Turn.PAUSE, WORD, now + HOUR), now)
    assert paused.paused(now)
    assert paused.paused(at) == (at < now + HOUR)
    assert paused.maintenance == aside.maintenance
    resumed = directed(paused, Directive(Turn.RESUME, WORD), now + MINUTE)
    assert not resumed.paused(at)
    assert resumed.pause is not None
    assert resumed.pause.end == now + MINUTE


@given(days)
def test_a_cancelled_window_never_runs(before: list[tuple[int, Directive]]) -> None:
    """Nor is it still to come; a pause stays as it was."""
    aside, now = after(before)
    cancelled = directed(aside, Directive(Turn.CANCEL, WORD), now)
    window = cancelled.maintenance
    assert cancelled.pause == aside.pause
    later = [] if window is None else [now, max(now, window.since), now + HOUR]
    assert not any(cancelled.maintained(at) or (window and window.coming(at)) for at in later)


@given(days, orders)
def test_what_changes_leaves_a_deed_that_says_so(before: list[tuple[int, Directive]], order: Directive) -> None:
    """Who, when, why; before and after differ wherever what was ordered is told otherwise. And a pause that holds is
    always one that may be: with a reason and an end within thirty days."""
    aside, now = after(before)
    try:
        changed = directed(aside, order, now)
    except DecisionError:
        return
    row = deed("aldgate", order, aside, changed, now)
    assert (row.at, row.by, row.action, row.connection) == (now, order.word.by, str(order.turn), "aldgate")
    assert row.reason == order.word.reason
    if changed != aside and row.before == row.after:  # another reason only
        assert row.after
    assert says("aldgate", order, aside, changed, now).startswith('"aldgate" ')
    if changed.paused(now):
        assert changed.pause is not None
        assert changed.pause.reason
        assert now < changed.pause.until <= now + LONGEST_PAUSE
        assert told(changed, now).startswith("paused by ")


@given(days, st.integers(0, 3 * DAY))
def test_it_turns_when_it_is_said_to_turn_and_not_before(before: list[tuple[int, Directive]], ms: int) -> None:
    """Until then it is as it is now; a poller sleeps that long."""
    aside, now = after(before)
    turns = aside.turns(now)
    held = (aside.paused(now), aside.maintained(now))
    last = now + ms if turns is None else min(now + ms, turns - 1)
    assert (aside.paused(last), aside.maintained(last)) == held
    if turns is not None:
        at = aside.paused(turns), aside.maintained(turns)
        assert at != held


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (Directive(Turn.PAUSE, WORD), "a pause needs an end"),
        (Directive(Turn.PAUSE, WORD, NOW), "still to come"),
        (Directive(Turn.PAUSE, WORD, NOW + LONGEST_PAUSE + 1), "within 30 days"),
        (Directive(Turn.PAUSE, Word("jo", " "), NOW + HOUR), "needs a reason"),
        (Directive(Turn.PAUSE, Word("", "why"), NOW + HOUR), '"by" is empty'),
        (Directive(Turn.MAINTENANCE, WORD, NOW - 1, NOW - HOUR), "still to come"),
        (Directive(Turn.MAINTENANCE, WORD, NOW + HOUR, NOW + HOUR), "before it begins"),
        (Directive(Turn.MAINTENANCE, WORD, NOW + LONGEST_WINDOW + HOUR + 1, NOW + HOUR), "7 days at most"),
        (Directive(Turn.MAINTENANCE, WORD, NOW + FARTHEST + HOUR, NOW + FARTHEST + 1), "within 90 days"),
        (Directive(Turn.RESUME, Word("jo", "")), "needs a reason"),
    ],
)
def test_an_order_that_cannot_be_taken_is_refused(order: Directive, said: str) -> None:
    """With what would be right."""
    with pytest.raises(DecisionError, match=said) as refused:
        directed(NOT_ASIDE, order, NOW)
    assert refused.value.invalid
    assert refused.value.hint


def test_a_window_that_runs_is_made_longer_and_no_later_one_is_planned_beside_it() -> None:
    """One that is still to come gives way."""
    running = directed(NOT_ASIDE, Directive(Turn.MAINTENANCE, WORD, NOW + HOUR), NOW)
    longer = directed(running, Directive(Turn.MAINTENANCE, WORD, NOW + 2 * HOUR), NOW + MINUTE)
    assert longer.maintenance is not None
    assert (longer.maintenance.since, longer.maintenance.until) == (NOW, NOW + 2 * HOUR)
    with pytest.raises(DecisionError, match="a window runs until") as refused:
        directed(running, Directive(Turn.MAINTENANCE, WORD, NOW + DAY + HOUR, NOW + DAY), NOW + MINUTE)
    assert not refused.value.invalid
    coming = directed(NOT_ASIDE, Directive(Turn.MAINTENANCE, WORD, NOW + DAY + HOUR, NOW + DAY), NOW)
    other = directed(coming, Directive(Turn.MAINTENANCE, WORD, NOW + 2 * HOUR, NOW + HOUR), NOW)
    assert other.maintenance is not None
    assert other.maintenance.since == NOW + HOUR


@pytest.mark.parametrize("reason", list(Reason))
def test_what_is_pardoned_has_its_whole_grace_again(reason: Reason) -> None:
    """It is not over, nor forgotten since when; as many failures as ever make it last."""
    known = scene(failing(reason, granted(reason) + 2, "SORDER"), ("SORDER",))
    health, resource = known.health, known.resources["SORDER"]
    eased = replace(
        known,
        health=replace(health, outage=pardoned(health.outage), failed=()),
        resources={"SORDER": replace(resource, trouble=pardoned(resource.trouble), failed=())},
    )
    assert judged(known).state is MEANINGS[reason].state
    assert judged(eased).state is State.RETRYING
    trouble = eased.health.outage or eased.resources["SORDER"].trouble
    assert isinstance(trouble, Trouble)
    before = known.health.outage or known.resources["SORDER"].trouble
    assert before is not None
    assert trouble.since == before.since
    assert pardoned(None) is None


@pytest.mark.parametrize(("hours", "state"), [(3.0, State.UNKNOWN), (0.1, State.OK)])
def test_after_a_long_pause_nothing_is_known_until_the_first_poll(hours: float, state: State) -> None:
    """Nothing is late that was due in it; what was polled just before a short one still counts."""
    end = NOW + round(hours * HOUR)
    aside = directed(NOT_ASIDE, Directive(Turn.PAUSE, WORD, end), NOW)
    polls = [(name, poll(NOW - 1000)) for name in ("SORDER", "BPCUSTOMER")]
    known = replace(scene(polls), due=dict.fromkeys(("SORDER", "BPCUSTOMER"), NOW + MINUTE))
    health: ConnectionHealth = replace(known.health, pause=aside.pause)
    assert judge(replace(known, health=health), end - 1).state is State.PAUSED
    assert judge(replace(known, health=health), end).state is state
    polled = scene([*polls, *((name, poll(end + 1000)) for name in ("SORDER", "BPCUSTOMER"))])
    assert judge(replace(polled, health=replace(polled.health, pause=aside.pause)), end + MINUTE).state is State.OK
