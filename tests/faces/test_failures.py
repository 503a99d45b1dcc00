"""How many failures a peer has, and how many peers are remembered."""

from hypothesis import given
from hypothesis import strategies as st

from driftd.faces.http.failures import AT_ONCE, EVERY, PEERS, Failures


def test_a_peer_has_some_at_once_and_then_one_at_a_time() -> None:
    failures = Failures()
    for _ in range(AT_ONCE):
        assert failures.wait("10.0.0.1", 5.0) == 0
        failures.failed("10.0.0.1", 5.0)
    assert failures.wait("10.0.0.1", 5.0) == EVERY
    assert failures.wait("10.0.0.1", 5.0 + EVERY - 1) == 1
    assert failures.wait("10.0.0.1", 5.0 + EVERY) == 0
    assert failures.wait("10.0.0.2", 5.0) == 0


@given(st.lists(st.floats(0, 100), max_size=100))
def test_no_more_are_let_through_than_there_is_time_for(gaps: list[float]) -> None:
    """Whenever a peer fails as soon as it may, in any time it fails `AT_ONCE` times and once more every `EVERY`."""
    failures, now, failed = Failures(), 0.0, 0
    for gap in gaps:
        now += gap
        if not failures.wait("p", now):
            failures.failed("p", now)
            failed += 1
        assert failed <= AT_ONCE + now / EVERY + 1e-6


def test_what_was_no_failure_after_all_does_not_count() -> None:
    failures = Failures()
    for _ in range(10 * AT_ONCE):
        assert not failures.wait("p", 1.0)
        failures.failed("p", 1.0)
        failures.excused("p")


def test_a_home_of_ipv6_is_one_peer() -> None:
    """An address that stands for one of IPv4 is that one."""
    failures = Failures()
    for number in range(AT_ONCE):
        failures.failed(f"2001:db8:0:1::{number:x}", 0.0)
        failures.failed("10.0.0.1" if number % 2 else "::ffff:10.0.0.1", 0.0)
    assert failures.wait("2001:db8:0:1:ffff::", 0.0) == EVERY
    assert failures.wait("2001:db8:0:2::1", 0.0) == 0
    assert failures.wait("::ffff:10.0.0.1", 0.0) == EVERY
    assert failures.wait("::ffff:10.0.0.2", 0.0) == 0


def test_not_more_peers_are_remembered_than_there_is_room_for() -> None:
    """The one that was longest quiet goes first."""
    failures = Failures()
    for _ in range(AT_ONCE):
        failures.failed("first", 0.0)
    for number in range(PEERS - 1):
        failures.failed(f"p{number}", 0.0)
    assert failures.wait("first", 0.0)
    failures.failed("first", 0.0)
    failures.failed("p-last", 0.0)
    assert len(failures) == PEERS
    assert failures.wait("first", 0.0)
    for number in range(PEERS):
        failures.failed(f"q{number}", 0.0)
    assert len(failures) == PEERS
    assert not failures.wait("first", 0.0)
