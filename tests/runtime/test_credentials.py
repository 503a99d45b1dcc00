"""Credentials as the daemon knows them: from answers into health, and from health into drifts."""

from datetime import date

import anyio
import pytest
from msgspec.structs import replace

from driftd.config import Basic, ClientCredentials, ConnectedApp, ConnectionConfig, Pairing, SecretRef
from driftd.core.breaker import Limits
from driftd.core.budget import Budget, Usage
from driftd.core.credential import Certificate, Credential, CredentialState, Dated, Issued, Signs, TokenLife
from driftd.core.drift import Check
from driftd.core.expiry import DAY, Evidence
from driftd.core.health import ConnectionHealth, ResourceHealth, Trouble
from driftd.errors import Reason
from driftd.runtime.credentials import credential_drifts, evidence_of
from driftd.runtime.gauges import Gauges
from driftd.runtime.purse import Purse
from driftd.runtime.traffic import ConnectionTraffic
from driftd.runtime.view import Present, connection_status
from driftd.runtime.way import Way
from tests.fakes.virtual import VirtualClock, virtual_run
from tests.runtime.test_view import NOW, connection, known

CERTIFICATE = Certificate("x3.aldgate.example", NOW + 2 * DAY, "CA")


def evidence(health: ConnectionHealth, configured: ConnectionConfig, *polls: int) -> Evidence:
    resources = {str(n): ResourceHealth(last_success=at) for n, at in enumerate(polls)}
    return evidence_of(configured, health, resources)


def trouble(reason: Reason, times: int) -> Trouble:
    return Trouble(reason, "", "", 401, since=NOW, at=NOW, times=times, alike=times)


def traffic(clock: VirtualClock) -> ConnectionTraffic:
    gauges = Gauges(clock.monotonic)
    way = Way(anyio.CapacityLimiter(2), clock, lambda: 0.5, Limits())
    return ConnectionTraffic(2, way, anyio.CapacityLimiter(3), Purse("a", Budget(10, 10), Usage(), clock), gauges)


def test_the_time_that_answers_show_goes_on() -> None:
    """It is that of the latest answer, by a clock that nobody sets."""

    async def play() -> None:
        clock = VirtualClock()
        here = traffic(clock)
        assert here.shown() is None
        here.showed(CERTIFICATE)
        assert here.shown() is None
        here.showed(Dated(NOW, 0))
        await clock.sleep(5)
        assert here.shown() == NOW + 5_000
        here.showed(Dated(NOW, -3_600))
        await clock.sleep(2)
        assert here.shown() == NOW + 2_000 - 3_600_000

    virtual_run(play)


def test_what_answers_show_joins_the_health_once() -> None:
    """Tokens, certificates and clocks that differ; clocks that agree are noted once, so that health rests."""

    async def play() -> None:
        here = traffic(VirtualClock())
        for sign in (Dated(NOW, 0), Dated(NOW, 0), CERTIFICATE):
            here.showed(sign)
        here.renewed(Issued(NOW, 60))
        here.renewed(Issued(NOW + 1, 60))
        health = here.settle(ConnectionHealth())
        assert (health.tokens, health.token_failures, health.token_ends) == (2, 0, NOW + 60_001)
        assert health.signs.certificates == {CERTIFICATE.host: CERTIFICATE}
        assert health.signs.skew is not None
        assert health.signs.token.at == NOW + 1
        assert here.settle(health) is health
        here.showed(Dated(NOW + 2, 0.5))
        assert here.settle(health) is health
        here.showed(Dated(NOW + 3, 99))
        off = here.settle(health).signs.skew
        assert off is not None
        assert (off.ahead, off.row) == (99, 1)
        here.showed(Dated(NOW + 4, 0))
        assert here.settle(health) == health

    virtual_run(play)


def test_a_remembered_skew_ends_with_the_first_answer_after_a_start() -> None:
    """What was known before the start is contradicted by a clock that agrees."""

    async def play() -> None:
        first = traffic(VirtualClock())
        first.showed(Dated(NOW, 99))
        skewed = first.settle(ConnectionHealth())
        second = traffic(VirtualClock())
        second.showed(Dated(NOW + 5, 0))
        skew = second.settle(skewed).signs.skew
        assert skew is not None
        assert skew.row == 0

    virtual_run(play)


def test_the_hosts_are_those_of_base_and_token_address() -> None:
    """One where both are the same; a password has no token endpoint."""
    elsewhere = ClientCredentials("https://LOGIN.example:8443/token", "driftd", SecretRef("p", env="S"))
    basic = Basic("u", SecretRef("p", env="S"))
    hosts = [evidence(ConnectionHealth(), connection(auth=auth)).hosts for auth in (elsewhere, basic)]
    assert hosts == [("x3.aldgate.example", "login.example"), ("x3.aldgate.example",)]
    assert evidence(ConnectionHealth(), connection()).hosts == ("x3.aldgate.example",)


def test_a_token_proves_a_secret_and_an_answer_a_password() -> None:
    """A good poll may rest on a token of before the secret was rotated, so it proves none; one that we signed does."""
    health = ConnectionHealth(signs=Signs(token=TokenLife(at=NOW)))
    assert evidence(health, connection(), NOW + 7).proven_at == NOW
    basic = connection(auth=Basic("u", SecretRef("p", env="S")))
    assert evidence(health, basic, NOW + 7, NOW + 5).proven_at == NOW + 7
    assert evidence(health, basic).proven_at is None
    app = connection(auth=ConnectedApp("c", SecretRef("p", env="S"), "u", "https://elsewhere.example/xtrem/api"))
    assert evidence(health, app, NOW + 7, NOW + 5).proven_at == NOW + 7
    assert evidence(health, app).hosts == ("x3.aldgate.example",)


def test_what_is_known_of_issued_tokens_ends_with_the_type_that_had_them() -> None:
    """After a reload to a type without a token endpoint no end of a token is shown, and no life of one compared."""
    token = TokenLife(at=NOW, usual=900, longest=60, lower_since=NOW)
    health = ConnectionHealth(
        token_ends=NOW + 9, signs=Signs(token=token, certificates={CERTIFICATE.host: CERTIFICATE})
    )
    app = connection(auth=ConnectedApp("c", SecretRef("p", env="S"), "u", "https://x3.aldgate.example/xtrem/api"))
    checks = [
        {each.finding for each in credential_drifts([evidence(health, each)], NOW)} for each in (connection(), app)
    ]
    assert checks == [{Check.TOKEN_LIFE, Check.CERTIFICATE_EXPIRES}, {Check.CERTIFICATE_EXPIRES}]
    assert evidence(health, app).token_ends is None


@pytest.mark.parametrize(("times", "state"), [(1, CredentialState.VALID), (2, CredentialState.REJECTED)])
def test_a_refused_secret_is_rejected_once_it_lasts(times: int, state: CredentialState) -> None:
    """The second look decides, as it does for the state of the connection; the drift of it is the connection's own."""
    health = ConnectionHealth(
        outage=trouble(Reason.OAUTH_INVALID_CLIENT, times), signs=Signs(token=TokenLife(at=NOW - 1))
    )
    shown = connection_status(connection(), "h", replace(known(), health=health), Present(), NOW)
    assert shown.credentials[Credential.CLIENT_SECRET] is state
    assert shown.credentials[Credential.TLS_CERTIFICATE] is CredentialState.UNKNOWN
    assert credential_drifts([evidence(health, connection())], NOW) == []


def test_the_status_shows_the_dates_ahead() -> None:
    """Of secret, certificate and token; a date that a token contradicts is left out."""
    health = ConnectionHealth(
        token_ends=NOW + 9, signs=Signs(token=TokenLife(at=NOW), certificates={CERTIFICATE.host: CERTIFICATE})
    )
    auth = replace(connection().auth, secret_expires=date(2020, 1, 1))
    shown = connection_status(connection(auth=auth), "h", replace(known(), health=health), Present(), NOW)
    assert shown.expiry == {Credential.TLS_CERTIFICATE: CERTIFICATE.ends_at, Credential.ACCESS_TOKEN: NOW + 9}
    found = credential_drifts([evidence(health, connection(auth=auth))], NOW)
    assert {each.finding for each in found} == {Check.SECRET_EXPIRES, Check.CERTIFICATE_EXPIRES}


def test_clocks_are_compared_over_all_connections() -> None:
    """Two hosts that differ alike say that it is our clock."""

    async def play() -> None:
        found = []
        for host in ("a.example", "b.example"):
            here = traffic(VirtualClock())
            for n in range(3):
                here.showed(Dated(NOW + n * 60_000, 200))
            configured = connection(name=host, base_url=f"https://{host}", auth=Basic("u", SecretRef("p", env="S")))
            found.append(evidence(here.settle(ConnectionHealth()), configured))
        hints = {each.hint for each in credential_drifts(found, NOW)}
        assert hints == {"set the clock of this machine: those of most hosts differ from it"}

    virtual_run(play)


def paired(name: str, pair: str = "dalston") -> ConnectionConfig:
    refresh = SecretRef("r", field="refresh_token")
    auth = Pairing("https://api.example/v1/token", "driftd", SecretRef("p", env="S"), refresh, pair)
    return connection(name=name, auth=auth)


def used(at: int | None) -> ConnectionHealth:
    return ConnectionHealth(signs=Signs(token=TokenLife(at=at)))


def test_those_who_share_a_pair_know_of_its_latest_use() -> None:
    """So that one that is not polled warns of nothing while another one is; other pairs do not count."""
    old, new = used(NOW - 25 * DAY), used(NOW)
    shared = [evidence(old, paired("a")), evidence(new, paired("b")), evidence(used(None), paired("c"))]
    other = evidence(old, paired("d", "elsewhere"))
    assert credential_drifts(shared, NOW) == []
    (drift,) = credential_drifts([*shared, other], NOW)
    assert (drift.connection, drift.finding) == ("d", Check.REFRESH_TOKEN_EXPIRES)
    assert {each.connection for each in credential_drifts([shared[0], shared[2]], NOW)} == {"a", "c"}


def test_a_pair_is_proved_by_its_tokens_and_leads_to_its_gateway() -> None:
    known = evidence(used(NOW), paired("a"), NOW + 7)
    assert (known.proven_at, known.pair) == (NOW, "dalston")
    assert known.hosts == ("x3.aldgate.example", "api.example")
