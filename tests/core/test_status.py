"""The one view: who acts, how far a trouble reaches, and how many are in each state."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from driftd.core.drift import Scope
from driftd.core.reasons import MEANINGS, Actor, Cause, State
from driftd.core.status import ConnectionStatus, Reached, counted, located
from driftd.errors import Reason
from tests.core.statuses import NOW, of, status


def fleet(*hosts: tuple[str, Reason | None, int]) -> list[ConnectionStatus]:
    """Return connections: so many on each host, with a trouble or without."""
    return [
        replace(of(reason) if reason else status(), name=f"{host}-{reason or 'ok'}-{number}", host=host)
        for host, reason, many in hosts
        for number in range(many)
    ]


def reached(connections: list[ConnectionStatus]) -> set[Reached]:
    return set(located(connections).values())


def test_eighty_connections_on_one_host_are_one_trouble_of_the_host() -> None:
    """Each of them says so, with how many of how many."""
    assert reached(fleet(("a", Reason.CONNECT_TIMEOUT, 80))) == {Reached(Scope.HOST, 80, 80)}
    assert reached(fleet(("a", Reason.CONNECT_TIMEOUT, 80), ("b", None, 80))) == {Reached(Scope.HOST, 80, 80)}
    assert reached(fleet(("a", Reason.CONNECT_TIMEOUT, 60), ("a", None, 20))) == {Reached(Scope.HOST, 60, 80)}


def test_two_of_a_host_or_few_of_many_are_each_their_own() -> None:
    """A host is struck by three at least, and by half."""
    assert reached(fleet(("a", Reason.TIMEOUT, 2))) == {Reached(Scope.TENANT)}
    assert reached(fleet(("a", Reason.TIMEOUT, 3), ("a", None, 4))) == {Reached(Scope.TENANT)}
    assert reached(fleet(("a", Reason.TIMEOUT, 3), ("a", None, 3))) == {Reached(Scope.HOST, 3, 6)}


def test_different_reasons_on_a_host_are_different_troubles() -> None:
    """Three ways to fail are not one."""
    told = [Reason.TIMEOUT, Reason.UNAUTHORIZED, Reason.SERVER_ERROR]
    assert reached(fleet(*(("a", each, 1) for each in told))) == {Reached(Scope.TENANT)}


def test_the_same_trouble_on_several_hosts_is_everywhere() -> None:
    """Three hosts with one connection each are as telling as two with many."""
    single = fleet(*((host, Reason.DNS_FAILURE, 1) for host in "abc"), ("d", None, 1))
    assert reached(single) == {Reached(Scope.ALL, 3, 4)}
    shared = fleet(("a", Reason.DNS_FAILURE, 3), ("b", Reason.DNS_FAILURE, 3), ("c", None, 2))
    assert reached(shared) == {Reached(Scope.ALL, 6, 8)}


def test_a_trouble_of_one_resource_says_so() -> None:
    """Where the rest of the connection is read."""
    one = of(Reason.FORBIDDEN, trouble_at="SORDER")
    assert located([one, replace(status(), name="b")]) == {"aldgate": Reached(Scope.RESOURCE)}


hosts = st.sampled_from("abc")
told = st.lists(st.tuples(hosts, st.none() | st.sampled_from([Reason.TIMEOUT, Reason.TLS_EXPIRED])), max_size=12)


@given(told)
def test_who_has_a_trouble_is_located_and_only_they(pairs: list[tuple[str, Reason | None]]) -> None:
    """And no scope claims more members, or more that fail, than there are."""
    connections = [
        replace(each, name=f"{number}-{each.name}")
        for number, (host, reason) in enumerate(pairs)
        for each in fleet((host, reason, 1))
    ]
    found = located(connections)
    assert found.keys() == {each.name for each in connections if each.reason}
    for each in connections:
        if each.reason:
            scope = found[each.name]
            peers = [other for other in connections if scope.scope is Scope.ALL or other.host == each.host]
            same = [other for other in peers if other.reason is each.reason]
            if scope.scope in {Scope.ALL, Scope.HOST}:
                assert (scope.failing, scope.of) == (len(same), len(peers))
            else:
                assert (scope.failing, scope.of) == (1, 1)


@given(st.lists(st.sampled_from(State)))
def test_every_connection_is_counted_once(states: list[State]) -> None:
    """States that none is in are left out."""
    counts = counted(status(each) for each in states)
    assert counts == {each: states.count(each) for each in set(states)}


@pytest.mark.parametrize("reason", list(Reason))
def test_cause_and_actor_are_those_of_the_reason(reason: Reason) -> None:
    """Nobody acts yet while it is only being tried again."""
    found = of(reason)
    assert (found.reason, found.cause, found.actor) == (reason, MEANINGS[reason].cause, MEANINGS[reason].actor)
    again = status(State.RETRYING, reason)
    assert (again.reason, again.cause, again.actor) == (reason, MEANINGS[reason].cause, Actor.WAIT)


@pytest.mark.parametrize("state", list(State))
def test_without_a_failure_the_state_says_who_acts(state: State) -> None:
    """Nobody where all is well; what driftd itself does not get done is for our SRE."""
    found = status(state)
    assert found.reason is None
    if state is State.OK:
        assert (found.cause, found.actor) == (None, None)
    if state in {State.STALLED, State.UNKNOWN}:
        assert (found.cause, found.actor) == (Cause.INTERNAL, Actor.SRE)
    if state in {State.PAUSED, State.MAINTENANCE, State.RETRYING}:
        assert (found.cause, found.actor) == (None, Actor.WAIT)


def test_the_last_success_of_a_connection_is_that_of_its_latest_resource() -> None:
    """None where nothing was ever read."""
    assert of(Reason.TIMEOUT).last_success == NOW - 60_000
    assert status(resources=()).last_success is None
