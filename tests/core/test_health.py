"""What is remembered of polls, and when a failure becomes a trouble that lasts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.core.health import (
    BEATS,
    CONNECTIONS,
    RESOURCES,
    Beat,
    ConnectionHealth,
    Poll,
    ResourceHealth,
    Result,
    Trouble,
    connection_polled,
    heartbeat,
    host_struck,
    resource_polled,
)
from driftd.core.model import Kind, Op
from driftd.core.reasons import GRACE, GRACE_SPAN, MEANINGS, Reach
from driftd.errors import Reason
from tests.core.health import HOUR, MINUTE, OF_CONNECTION, OF_RESOURCE, START, granted, poll

ORDER = [
    "dns_failure",
    "connection_refused",
    "connect_timeout",
    "connection_reset",
    "timeout",
    "proxy_error",
    "tls_error",
    "tls_expired",
    "server_error",
    "gateway_error",
    "maintenance_page",
    "rate_limited",
    "budget_exhausted",
    "oauth_invalid_client",
    "oauth_error",
    "token_expired",
    "unauthorized",
    "forbidden",
    "folder_not_found",
    "wrong_folder",
    "resource_not_found",
    "address_not_allowed",
    "config_error",
    "empty_answer",
    "invalid_payload",
    "payload_too_large",
    "paging_incomplete",
    "suspect_mass_delete",
    "key_not_unique",
    "clock_skew",
    "store_error",
    "internal_error",
]


def troubled(polls: list[Poll], health: ResourceHealth | None = None) -> Trouble | None:
    health = health or ResourceHealth()
    for each in polls:
        health = resource_polled(health, each)
    return health.trouble


def outage(polls: list[Poll], health: ConnectionHealth | None = None) -> Trouble | None:
    health = health or ConnectionHealth()
    for each in polls:
        health = connection_polled(health, each)
    return health.outage


def test_stored_reasons_keep_their_places() -> None:
    """Heartbeats hold reasons by position: a new one goes to the end, here as in the enum, and none goes."""
    assert [str(each) for each in Reason][: len(ORDER)] == ORDER
    assert len(Reason) <= 63
    assert list(Result) == ["ok", "partial", "failed"]


def test_every_reason_has_a_meaning_and_strikes_a_resource_or_a_connection() -> None:
    """No reason is left without one, and none belongs to both."""
    assert set(MEANINGS) == set(Reason)
    assert set(Reason) == RESOURCES | CONNECTIONS
    assert not RESOURCES & CONNECTIONS
    assert {each for each in Reason if MEANINGS[each].reach is Reach.RESOURCE} == RESOURCES


@given(st.lists(st.tuples(st.sampled_from(Result), st.none() | st.sampled_from(Reason), st.integers(0, 70_000))))
def test_a_heartbeat_gives_back_the_last_ninety_polls(told: list[tuple[Result, Reason | None, int]]) -> None:
    """Time, outcome, reason and duration come back as they were; of longer histories, the end."""
    health, expected = ResourceHealth(), []
    for number, (result, reason, hundredths) in enumerate(told * 5):
        at = START + number * MINUTE
        health = resource_polled(health, poll(at, reason, result=result, seconds=hundredths / 100))
        expected.append(Beat(at // 1000, result, reason, min(hundredths, 65535) / 100))
    assert list(heartbeat(health.beats)) == expected[-BEATS:]


@pytest.mark.parametrize("at", [-1, 0, 1 << 50])
def test_a_clock_that_is_far_off_breaks_no_heartbeat(at: int) -> None:
    """A stamp outside what a beat can hold becomes the nearest one."""
    (beat,) = heartbeat(resource_polled(ResourceHealth(), poll(at)).beats)
    assert 0 <= beat.at < 1 << 32


@pytest.mark.parametrize("reason", list(Reason))
def test_a_trouble_lasts_when_its_grace_is_used_up(reason: Reason) -> None:
    """So many failures in a row as its reason is granted: not one fewer."""
    see = troubled if reason in RESOURCES else outage
    polls = [poll(START + n * 9 * HOUR, reason) for n in range(granted(reason))]
    for number in range(1, len(polls) + 1):
        found = see(polls[:number])
        assert found is not None
        assert found.times == number
        assert found.lasting == (number == len(polls))
        assert (found.since, found.at, found.message) == (polls[0].at, polls[number - 1].at, polls[0].message)


def test_a_refused_secret_counts_at_its_own_second_look() -> None:
    """``oauth_invalid_client`` lasts from its second time on; another failure before it is no look at the secret."""
    first, second = (poll(START + n * MINUTE, Reason.OAUTH_INVALID_CLIENT) for n in (2, 3))
    before = poll(START + MINUTE, Reason.GATEWAY_ERROR)
    assert (found := outage([before, first]))
    assert not found.lasting
    assert (found := outage([first, second]))
    assert found.lasting


@given(st.lists(st.sampled_from(OF_CONNECTION), min_size=GRACE))
def test_failures_in_a_row_last_whatever_their_reasons(reasons: list[Reason]) -> None:
    """A connection that fails by turns in several ways fails."""
    found = outage([poll(START + n * 9 * HOUR, reason) for n, reason in enumerate(reasons)])
    assert found
    assert found.lasting
    assert found.reason is reasons[-1]


@given(st.integers(0, 2 * GRACE_SPAN), st.integers(0, 2 * GRACE_SPAN))
def test_three_failures_within_eight_hours_last_although_polls_went_well_between(first: int, second: int) -> None:
    """Beyond eight hours they are three moments."""
    times = [START, START + first + 10 * MINUTE, START + first + second + 20 * MINUTE]
    polls = []
    for at in times:
        polls += [poll(at, Reason.TIMEOUT), poll(at + MINUTE), poll(at + 2 * MINUTE)]
    found = troubled(polls[:-2])
    assert found
    assert found.times == 1
    assert found.lasting == (times[-1] - times[0] <= GRACE_SPAN)


@pytest.mark.parametrize("jump", [-30 * 24 * HOUR, -9 * HOUR, 9 * HOUR])
def test_a_clock_that_was_set_does_not_bring_failures_together(jump: int) -> None:
    """Two failures of before and one of after, with good polls between, are no three in eight hours."""
    polls = [poll(START, Reason.TIMEOUT), poll(START + 1000), poll(START + 2000)]
    polls += [poll(START + 3000, Reason.TIMEOUT), poll(START + 4000), poll(START + 5000)]
    found = troubled([*polls, poll(START + 6000 + jump, Reason.TIMEOUT)])
    assert found
    assert not found.lasting


def test_failures_are_counted_on_after_the_clock_was_set_back() -> None:
    """A latest failure that lies ahead of the clock hides none that follows."""
    polls = [poll(START, Reason.TIMEOUT), *(poll(START - 24 * HOUR + n * MINUTE, Reason.TIMEOUT) for n in (1, 2))]
    found = troubled(polls)
    assert found
    assert (found.times, found.lasting) == (3, True)


@given(st.integers(1, 8))
def test_polls_that_ran_at_the_same_time_fail_once(many: int) -> None:
    """One outage that strikes all resources of a connection at once is one failure."""
    found = outage([poll(START + n, Reason.CONNECT_TIMEOUT) for n in range(many)])
    assert found
    assert (found.times, found.alike, found.lasting) == (1, 1, False)


def test_polls_that_overlap_without_end_still_count() -> None:
    """A chain of polls, each begun while the one before ran, fails more than once."""
    span = 2 * MINUTE
    chain = [poll(at + span, Reason.GATEWAY_ERROR, began=at) for at in range(START, START + 10 * span, span // 2)]
    found = outage(chain)
    assert found
    assert found.times == len(chain) // 2
    assert found.lasting


@given(st.lists(st.sampled_from(["good", "bad"]), max_size=12))
def test_two_good_polls_end_a_trouble(told: list[str]) -> None:
    """One is not enough, and nothing else ends it; the same holds for a connection."""
    polls = [poll(START + n * MINUTE, Reason.TIMEOUT if each == "bad" else None) for n, each in enumerate(told)]
    wide = [poll(START + n * MINUTE, Reason.DNS_FAILURE if each == "bad" else None) for n, each in enumerate(told)]
    over = "bad" not in told or told[-2:] == ["good", "good"]
    assert (troubled(polls) is None) == over
    assert (outage(wide) is None) == over


@pytest.mark.parametrize("reason", OF_RESOURCE)
def test_what_one_resource_is_refused_proves_the_connection(reason: Reason) -> None:
    """Answers end an outage even where they refuse a resource; failures without an answer do not."""
    down = connection_polled(ConnectionHealth(), poll(START, Reason.UNAUTHORIZED))
    refused = [poll(START + n * MINUTE, reason, status=403) for n in (1, 2)]
    silent = [poll(START + n * MINUTE, reason) for n in (1, 2)]
    assert outage(refused, down) is None
    assert outage(silent, down) == down.outage
    assert connection_polled(down, refused[0]).up is False


@pytest.mark.parametrize("reason", OF_CONNECTION)
def test_a_partial_poll_struck_by_the_connection_is_not_a_good_one(reason: Reason) -> None:
    """After it, two good polls are needed as after a failure."""
    health = connection_polled(ConnectionHealth(good=7), poll(START, reason, result=Result.PARTIAL))
    assert health.outage
    once = connection_polled(health, poll(START + MINUTE))
    assert once.outage
    assert connection_polled(once, poll(START + 2 * MINUTE)).outage is None


def test_a_partial_poll_is_committed_and_not_good() -> None:
    """What it read is remembered, its trouble begins, and an old one does not end by it."""
    held = poll(START, Reason.SUSPECT_MASS_DELETE, result=Result.PARTIAL, held=9, kind=Kind.SWEEP)
    health = resource_polled(ResourceHealth(good=5), held)
    assert (health.last_success, health.last_sweep, health.held, health.good) == (START, START, 9, 0)
    assert health.failures == {}
    assert health.trouble
    assert health.trouble.lasting


@given(st.lists(st.tuples(st.sampled_from([None, *OF_RESOURCE]), st.integers(0, 3), st.sampled_from(Kind))))
def test_counts_and_times_are_those_of_the_polls(told: list[tuple[Reason | None, int, Kind]]) -> None:
    """Every poll is counted once; what a failed one says of records counts for nothing."""
    polls = [
        poll(START + n * MINUTE, reason, changes={Op.CREATE: changes, Op.DELETE: 0}, kind=kind, records=n)
        for n, (reason, changes, kind) in enumerate(told)
    ]
    health = ResourceHealth()
    for each in polls:
        health = resource_polled(health, each)
    good = [each for each in polls if each.result is Result.OK]
    assert health.polls == len(polls)
    assert sum(health.failures.values()) == len(polls) - len(good)
    assert health.changes.get(Op.CREATE, 0) == sum(each.changes[Op.CREATE] for each in polls)
    assert health.last_success == max((each.at for each in good), default=None)
    assert health.last_sweep == max((each.at for each in good if each.kind is Kind.SWEEP), default=None)
    assert health.last_change == max((each.at for each in good if each.changes[Op.CREATE]), default=None)
    assert health.records == (good[-1].records if good else 0)


def test_a_struck_host_takes_its_connections_with_it() -> None:
    """They are down by its trouble, from when they were first down, and are over it as over their own."""
    trouble = outage([poll(START + n * MINUTE, Reason.CONNECT_TIMEOUT) for n in range(3)])
    assert trouble
    struck = host_struck(ConnectionHealth(good=9), trouble)
    assert (struck.up, struck.good, struck.outage) == (False, 0, trouble)
    earlier = connection_polled(ConnectionHealth(), poll(START - HOUR, Reason.CONNECT_TIMEOUT))
    later = host_struck(earlier, trouble).outage
    assert later
    assert (later.since, later.at) == (START - HOUR, trouble.at)
    back = [poll(trouble.at + n * MINUTE) for n in (1, 2)]
    assert outage(back, struck) is None
