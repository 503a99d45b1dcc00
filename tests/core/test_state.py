"""The state of a connection follows from its evidence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from driftd.core.health import CONNECTIONS, RESOURCES, ConnectionHealth, Pause, Poll, Result, Trouble, Window
from driftd.core.reasons import MEANINGS, State
from driftd.core.state import OLD, Scene, judge
from driftd.errors import Reason
from tests.core.health import HOUR, INTERVAL, MINUTE, OF_RESOURCE, START, failing, granted, judged, poll, scene

NAMES = ("SORDER", "BPCUSTOMER")
NOW = START + 20 * MINUTE
SPAN = round(INTERVAL * 1000)
GOOD = [(name, poll(START + MINUTE)) for name in NAMES]
PAUSE = Pause("stocktaking", "ann", NOW + HOUR)
WINDOW = Window(NOW - HOUR, NOW + HOUR)
LATE = {"SORDER": NOW - 2 * SPAN - 1}

reasons = st.none() | st.sampled_from(Reason)
histories = st.lists(st.tuples(st.sampled_from(NAMES), reasons, st.sampled_from(Result)), max_size=8).map(
    lambda told: [
        (name, poll(START + n * MINUTE, reason, result=result if reason else Result.OK))
        for n, (name, reason, result) in enumerate(told)
    ]
)
scenes = st.builds(
    lambda known, pause, window, due: replace(
        known, health=replace(known.health, pause=pause, maintenance=window), due=due
    ),
    histories.map(scene),
    st.none() | st.just(PAUSE),
    st.none() | st.just(WINDOW),
    st.just({}) | st.just(LATE),
)


def lasting(reason: Reason, *names: str) -> list[tuple[str, Poll]]:
    return failing(reason, granted(reason), *names)


EXAMPLES: dict[State, Scene] = {
    State.PAUSED: replace(scene(GOOD), health=ConnectionHealth(pause=PAUSE)),
    State.MAINTENANCE: replace(scene(GOOD), health=ConnectionHealth(maintenance=WINDOW)),
    State.UNVALIDATED: scene([]),
    State.UNKNOWN: scene([(name, poll(START - HOUR)) for name in NAMES]),
    State.CONFIG_ERROR: scene(lasting(Reason.WRONG_FOLDER, "SORDER")),
    State.AUTH_FAILED: scene(lasting(Reason.OAUTH_INVALID_CLIENT, "SORDER")),
    State.UNREACHABLE: scene(lasting(Reason.DNS_FAILURE, "SORDER")),
    State.RATE_LIMITED: scene(lasting(Reason.RATE_LIMITED, "SORDER")),
    State.STALLED: scene(GOOD, due=LATE),
    State.RETRYING: scene([*GOOD, ("SORDER", poll(START + 2 * MINUTE, Reason.TIMEOUT))]),
    State.DEGRADED: scene([*GOOD, *lasting(Reason.FORBIDDEN, "SORDER")]),
    State.OK: scene(GOOD),
}


@pytest.mark.parametrize("state", list(State))
def test_every_state_is_reached(state: State) -> None:
    """There is evidence for each of the twelve."""
    assert judged(EXAMPLES[state]).state is state


@pytest.mark.parametrize("first", list(State))
@pytest.mark.parametrize("second", list(State))
def test_the_first_that_applies_wins(first: State, second: State) -> None:
    """What holds of a connection in two ways is the one that comes first; a lasting trouble before a short one."""
    order: list[State] = [*State]
    order.remove(State.DEGRADED)
    order.insert(order.index(State.RETRYING), State.DEGRADED)
    both = _both(EXAMPLES[first], EXAMPLES[second])
    if both is not None:
        assert judged(both).state is min(first, second, key=order.index)


def _both(one: Scene, other: Scene) -> Scene | None:
    """Return the evidence of two scenes about two halves of a connection; None where they exclude each other."""
    if one is other or any(each in (one, other) for each in (EXAMPLES[State.UNVALIDATED], EXAMPLES[State.UNKNOWN])):
        return None
    if EXAMPLES[State.STALLED] in (one, other) and (one.health.outage or other.health.outage):
        return None
    outages = [each.health.outage for each in (one, other) if each.health.outage]
    if len(outages) == 2:
        return None
    return Scene(
        ConnectionHealth(
            outage=outages[0] if outages else None,
            pause=one.health.pause or other.health.pause,
            maintenance=one.health.maintenance or other.health.maintenance,
        ),
        {**one.resources, **{f"{name}2": each for name, each in other.resources.items()}},
        {**one.intervals, **{f"{name}2": each for name, each in other.intervals.items()}},
        START,
        {**one.due, **{f"{name}2": each for name, each in other.due.items()}},
    )


@pytest.mark.parametrize("reason", list(Reason))
def test_a_reason_that_lasts_everywhere_gives_the_state_of_its_meaning(reason: Reason) -> None:
    """And one fewer than it is granted gives none but ``retrying``."""
    polls = lasting(reason, *NAMES) if reason in RESOURCES else lasting(reason, "SORDER")
    found = judged(scene(polls))
    assert found.state is MEANINGS[reason].state
    assert found.trouble
    assert found.trouble.reason is reason
    if granted(reason) > 1:
        names = NAMES if reason in RESOURCES else ("SORDER",)
        assert judged(scene(failing(reason, granted(reason) - 1, *names))).state is State.RETRYING


@pytest.mark.parametrize("reason", OF_RESOURCE)
def test_a_resource_alone_never_takes_its_connection_down(reason: Reason) -> None:
    """Where one resource lasts in failing and another is read, the connection is degraded, and says by which."""
    found = judged(scene([*GOOD, *lasting(reason, "SORDER")]))
    assert (found.state, found.resource) == (State.DEGRADED, "SORDER")


def test_one_resource_that_lasts_and_one_short_failure_are_not_down() -> None:
    """All resources must fail past their grace: a moment of the last good one is not enough."""
    polls = [*lasting(Reason.FORBIDDEN, "SORDER"), ("BPCUSTOMER", poll(START + 9 * MINUTE, Reason.TIMEOUT))]
    assert judged(scene(polls)).state is State.DEGRADED


def test_resources_that_last_in_failing_in_several_ways_are_down_by_the_first_of_their_states() -> None:
    """Nothing is read any more: the worst counts, unless one fails in what it sends."""
    ways = [*lasting(Reason.TIMEOUT, "SORDER"), *lasting(Reason.FORBIDDEN, "BPCUSTOMER")]
    found = judged(scene(ways))
    assert found.state is State.AUTH_FAILED
    assert found.trouble
    assert found.trouble.reason is Reason.FORBIDDEN
    sent = [*lasting(Reason.TIMEOUT, "SORDER"), *lasting(Reason.INVALID_PAYLOAD, "BPCUSTOMER")]
    assert judged(scene(sent)).state is State.DEGRADED


def test_what_is_only_not_trusted_is_not_down() -> None:
    """Held deletes at every resource degrade; data arrives."""
    held = [(name, poll(START + MINUTE, Reason.EMPTY_ANSWER, result=Result.PARTIAL)) for name in NAMES]
    assert judged(scene(held)).state is State.DEGRADED


@given(histories, reasons)
def test_a_lasting_trouble_is_not_hidden_by_another_ones_short_one(polls: list[tuple[str, Poll]], last: Reason) -> None:
    """Where a third resource lasts in failing, no evidence of the others makes the connection ``retrying`` or ok."""
    known = scene([*lasting(Reason.INVALID_PAYLOAD, "ITMMASTER"), *polls], (*NAMES, "ITMMASTER"))
    short = known.health.outage is not None and not known.health.outage.lasting
    assert judged(known).state not in {State.OK, State.RETRYING}
    assert not short or judged(known).state is State.DEGRADED


@given(scenes, st.integers(-48 * HOUR, 48 * HOUR))
def test_a_paused_connection_is_paused_whatever_else(known: Scene, moved: int) -> None:
    """Until the pause ends by itself, or a person ends it; then it is what its evidence says of one that begins now."""
    now = NOW + moved
    for pause in (PAUSE, replace(PAUSE, ended=min(NOW, now))):
        paused = replace(known, health=replace(known.health, pause=pause))
        free = replace(known, health=replace(known.health, pause=None), started=max(START, pause.end))
        expected = judge(free, now).state if pause.ended or now >= PAUSE.until else State.PAUSED
        assert judge(paused, now).state is expected


@given(st.integers(-2 * HOUR, 2 * HOUR))
def test_maintenance_holds_inside_its_window(moved: int) -> None:
    """From its beginning to before its end."""
    inside = judge(EXAMPLES[State.MAINTENANCE], NOW + moved).state is State.MAINTENANCE
    assert inside == (WINDOW.since <= NOW + moved < WINDOW.until)


@given(st.integers(0, 10 * SPAN), st.booleans())
def test_evidence_of_before_the_start_is_unknown_once_it_is_old(age: int, daemon: bool) -> None:
    """Younger than three intervals it still counts, with a daemon and without."""
    at = START - age
    known = scene([(name, poll(at)) for name in NAMES], started=START if daemon else None)
    assert (judge(known, START).state is State.UNKNOWN) == (age > OLD * SPAN)


def test_the_first_poll_after_the_start_ends_the_unknown() -> None:
    """From then on evidence counts however old it grows: what is missing then is late, not unknown."""
    old = [(name, poll(START - HOUR)) for name in NAMES]
    assert judge(scene([*old, ("SORDER", poll(START + MINUTE))]), START + HOUR).state is State.OK


@given(st.integers(OLD * SPAN + 1, 400 * 24 * HOUR), st.booleans())
def test_a_clock_set_back_never_makes_old_evidence_fresh(back: int, restarted: bool) -> None:
    """Stamps that lie ahead of the clock prove nothing of now, whether the daemon began before or after it was set."""
    known = scene(GOOD, started=START - back if restarted else START)
    assert judge(known, START + MINUTE - back).state is State.UNKNOWN


def test_after_the_clock_was_set_back_the_first_poll_is_evidence_again() -> None:
    """The other resources' stamps from ahead of it do not stand in its way."""
    back = 24 * HOUR
    known = scene([*GOOD, ("SORDER", poll(START - back + MINUTE))], started=START - back)
    assert judge(known, START - back + 2 * MINUTE).state is State.OK


@given(st.integers(0, 5 * SPAN), st.integers(0, 5 * SPAN), reasons)
def test_a_connection_stalls_only_without_failures_and_without_progress(
    due: int, moved: int, reason: Reason | None
) -> None:
    """A poll two intervals overdue, that no cycle gets on with and no failure explains, is stalled; one: late."""
    polls = [*GOOD, *([("SORDER", poll(START + MINUTE, reason))] if reason else [])]
    known = scene(polls, due={"SORDER": NOW - due}, progress={"SORDER": NOW - moved}, started=START - HOUR)
    quiet = min(due, moved)
    state = judge(known, NOW).state
    assert (state is State.STALLED) == (reason is None and quiet > 2 * SPAN)
    if reason is None:
        assert (state is State.RETRYING) == (SPAN < quiet <= 2 * SPAN)


@given(st.integers(0, 100 * 24 * HOUR), st.integers(0, 10 * 24 * HOUR))
def test_what_is_due_in_the_future_is_never_late(ahead: int, quiet: int) -> None:
    """Hours without cycles put the next poll off: nothing is late before it."""
    known = scene(GOOD, due=dict.fromkeys(NAMES, NOW + quiet + ahead))
    assert judge(known, NOW + quiet).state is State.OK


def test_nothing_is_late_where_no_daemon_runs_or_before_it_had_its_time() -> None:
    """Late counts from the daemon's start."""
    assert judge(replace(EXAMPLES[State.STALLED], started=None), NOW).state is not State.STALLED
    assert judge(scene(GOOD, due=LATE, started=START + MINUTE - SPAN), START + MINUTE + 1).state is State.OK


@given(scenes)
def test_a_state_that_somebody_must_act_on_says_why(known: Scene) -> None:
    """Whatever is down by a failure carries its trouble, and a lasting one."""
    found = judge(known, NOW)
    if found.state in {State.CONFIG_ERROR, State.AUTH_FAILED, State.UNREACHABLE, State.RATE_LIMITED, State.DEGRADED}:
        assert isinstance(found.trouble, Trouble)
        assert found.trouble.lasting
    if found.state in {State.OK, State.STALLED, State.PAUSED, State.MAINTENANCE, State.UNKNOWN, State.UNVALIDATED}:
        assert found.trouble is None
    assert found.state.down == (
        found.state in {State.CONFIG_ERROR, State.AUTH_FAILED, State.UNREACHABLE, State.STALLED}
    )


@pytest.mark.parametrize("reason", sorted(CONNECTIONS))
def test_a_failure_of_the_connection_is_no_resources_own(reason: Reason) -> None:
    """It is told once, without a resource."""
    found = judged(scene(lasting(reason, "SORDER")))
    assert found.resource is None
