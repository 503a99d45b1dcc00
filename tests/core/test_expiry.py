"""Evidence × now → how credentials stand, and what of that is a drift."""

from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from driftd.core.credential import WINDOW, Certificate, Credential, CredentialState, Dated, Issued, Sign, Signs, noted
from driftd.core.drift import Check, Drift, DriftKind, Severity
from driftd.core.expiry import DAY, Evidence, ahead, clock_is_ours, drifts, judge, lasting_skew, states
from driftd.core.reasons import Actor
from driftd.errors import Reason

NOW = 1_800_000_000_000
HOSTS = ("x3.aldgate.example", "login.aldgate.example")
SECRET, CERTIFICATE = Credential.CLIENT_SECRET, Credential.TLS_CERTIFICATE
REFRESH = Credential.REFRESH_TOKEN


def given_signs(*signs: Sign) -> Signs:
    return reduce(noted, signs, Signs())


def evidence(*signs: Sign, **known: Any) -> Evidence:
    return Evidence("aldgate", HOSTS, signs=given_signs(*signs), **known)


def off(host: str, seconds: float, *, answers: int = 3, every: int = 60_000) -> Evidence:
    signs = given_signs(*(Dated(NOW + n * every, seconds) for n in range(answers)))
    return Evidence(f"of {host} {seconds}", (host,), signs=signs)


def only(found: list[Drift]) -> Drift:
    (drift,) = found
    assert drift.kind is DriftKind.CREDENTIAL
    return drift


@pytest.mark.parametrize(
    ("left", "state", "severity"),
    [
        (31 * DAY, CredentialState.VALID, None),
        (30 * DAY + 1, CredentialState.VALID, None),
        (30 * DAY, CredentialState.EXPIRING, Severity.WARNING),
        (3 * DAY + 1, CredentialState.EXPIRING, Severity.WARNING),
        (3 * DAY, CredentialState.EXPIRING, Severity.CRITICAL),
        (1, CredentialState.EXPIRING, Severity.CRITICAL),
        (0, CredentialState.EXPIRED, Severity.CRITICAL),
        (-DAY, CredentialState.EXPIRED, Severity.CRITICAL),
    ],
)
@pytest.mark.parametrize("which", [SECRET, CERTIFICATE])
def test_days_left_decide(which: Credential, left: int, state: CredentialState, severity: Severity | None) -> None:
    """A warning at 30 days, critical at 3, expired at none: alike for the configured date and for a certificate."""
    known = evidence(secret_ends=NOW + left) if which is SECRET else evidence(Certificate(HOSTS[1], NOW + left, "CA"))
    assert states(known, NOW)[which] is state
    assert ahead(known, NOW) == {which: NOW + left}
    found = drifts(known, NOW)
    if severity is None:
        assert found == []
        return
    drift = only(found)
    assert (drift.severity, drift.actor, drift.certain) == (severity, Actor.X3_ADMIN, True)
    assert drift.finding == (Check.SECRET_EXPIRES if which is SECRET else Check.CERTIFICATE_EXPIRES)
    assert drift.field == (None if which is SECRET else HOSTS[1])
    assert drift.evidence["ends_at"] == NOW + left


@pytest.mark.parametrize(
    ("unused", "state", "severity", "actor"),
    [
        (0, CredentialState.VALID, None, None),
        (20 * DAY - 1, CredentialState.VALID, None, None),
        (20 * DAY, CredentialState.EXPIRING, Severity.WARNING, Actor.OPERATOR),
        (27 * DAY - 1, CredentialState.EXPIRING, Severity.WARNING, Actor.OPERATOR),
        (27 * DAY, CredentialState.EXPIRING, Severity.CRITICAL, Actor.OPERATOR),
        (30 * DAY, CredentialState.EXPIRED, Severity.CRITICAL, Actor.X3_ADMIN),
    ],
)
def test_a_pair_ends_that_is_not_used(
    unused: int, state: CredentialState, severity: Severity | None, actor: Actor | None
) -> None:
    """30 days after its latest use: a warning at 10, critical at 3, then the customer has to act; others have none."""
    used = Issued(NOW - unused, 300)
    known = evidence(used, pair="dalston")
    assert states(known, NOW)[REFRESH] is state
    assert ahead(known, NOW)[REFRESH] == NOW - unused + 30 * DAY
    assert REFRESH not in {**states(evidence(used), NOW), **ahead(evidence(used), NOW)}
    assert drifts(evidence(used), NOW) == []
    found = drifts(known, NOW)
    if severity is None:
        assert found == []
        return
    drift = only(found)
    assert (drift.finding, drift.severity, drift.actor) == (Check.REFRESH_TOKEN_EXPIRES, severity, actor)
    assert (drift.certain, drift.since) == (True, NOW - unused + 20 * DAY)


def test_a_pair_that_was_never_used_is_unknown_and_a_refused_one_rejected() -> None:
    assert states(evidence(pair="dalston"), NOW)[REFRESH] is CredentialState.UNKNOWN
    assert drifts(evidence(pair="dalston"), NOW) == []
    refused = evidence(Issued(NOW, 300), pair="dalston", outage=Reason.OAUTH_ERROR)
    assert states(refused, NOW)[REFRESH] is CredentialState.REJECTED


def test_no_evidence_is_unknown() -> None:
    """Nothing known is neither valid nor a drift, and shows no date."""
    assert set(states(evidence(), NOW).values()) == {CredentialState.UNKNOWN}
    assert (drifts(evidence(), NOW), ahead(evidence(), NOW)) == ([], {})


def test_a_proof_alone_is_evidence() -> None:
    """A token that was issued shows a good secret, whose end nobody knows."""
    known = evidence(proven_at=NOW - 1, token_ends=NOW + 5)
    assert states(known, NOW)[SECRET] is CredentialState.VALID
    assert ahead(known, NOW) == {Credential.ACCESS_TOKEN: NOW + 5}


@given(st.integers(0, 400 * DAY), st.integers(-400 * DAY, 400 * DAY))
def test_a_date_that_a_later_proof_contradicts_is_stale(past: int, proof: int) -> None:
    """A date that is over alarms, unless the secret was good after it: then the operator is told that it is stale."""
    known = evidence(secret_ends=NOW - past, proven_at=NOW + proof)
    drift = only(drifts(known, NOW))
    secret, _ = judge(known, NOW)
    if NOW + proof > NOW - past:
        assert (secret.state, secret.stale) == (CredentialState.VALID, True)
        assert (drift.severity, drift.actor) == (Severity.INFO, Actor.OPERATOR)
        assert SECRET not in ahead(known, NOW)
    else:
        assert (secret.state, secret.stale) == (CredentialState.EXPIRED, False)
        assert (drift.severity, drift.actor) == (Severity.CRITICAL, Actor.X3_ADMIN)
        assert ahead(known, NOW)[SECRET] == NOW - past


@pytest.mark.parametrize("reason", Reason)
def test_a_lasting_refusal_is_the_worst_evidence(reason: Reason) -> None:
    """It decides over a date ahead and over a stale one; it makes no drift of its own, and no other reason counts."""
    rejects = reason in {
        Reason.OAUTH_INVALID_CLIENT,
        Reason.OAUTH_ERROR,
        Reason.UNAUTHORIZED,
        Reason.TOKEN_EXPIRED,
    }
    distant = evidence(secret_ends=NOW + 90 * DAY, proven_at=NOW, outage=reason)
    assert (states(distant, NOW)[SECRET] is CredentialState.REJECTED) == rejects
    assert drifts(distant, NOW) == []
    past = evidence(secret_ends=NOW - 2, proven_at=NOW - 1, outage=reason)
    assert (only(drifts(past, NOW)).severity is Severity.CRITICAL) == rejects


@given(st.dictionaries(st.sampled_from([*HOSTS, "elsewhere.example"]), st.integers(-50 * DAY, 50 * DAY)))
def test_the_certificate_that_ends_first_decides(left: dict[str, int]) -> None:
    """Each host of the connection has a drift of its own; one that it no longer leads to does not count."""
    known = evidence(*(Certificate(host, NOW + each) for host, each in left.items()))
    own = {host: each for host, each in left.items() if host in HOSTS}
    assert ahead(known, NOW) == ({CERTIFICATE: NOW + min(own.values())} if own else {})
    assert {drift.field for drift in drifts(known, NOW)} == {host for host, each in own.items() if each <= 30 * DAY}


def test_tokens_that_live_less_than_half_as_long_are_told() -> None:
    """Compared with their own past, for as long as that is not the usual."""

    def life(*lives: float) -> list[Drift]:
        return drifts(evidence(*(Issued(NOW + n, each) for n, each in enumerate(lives))), NOW)

    whole = [3600.0] * WINDOW
    assert life(*whole, *[1800.0] * WINDOW) == []
    drift = only(life(*whole, *[1799.0] * WINDOW))
    assert (drift.finding, drift.severity, drift.since) == (Check.TOKEN_LIFE, Severity.WARNING, NOW + 2 * WINDOW - 1)
    assert life(*whole, *[1799.0] * (WINDOW - 1)) == []
    assert life(*whole, *[1799.0] * WINDOW, *whole) == []


@given(st.floats(-1e5, 1e5), st.integers(1, 5), st.integers(0, 120_000))
def test_a_skew_must_last_over_several_answers(seconds: float, answers: int, every: int) -> None:
    """Three answers in a row over a minute, all more than 60 s off; never a matter of the secret."""
    known = off("a", seconds, answers=answers, every=every)
    lasts = abs(seconds) > 60 and answers >= 3 and (answers - 1) * every >= 60_000
    assert (lasting_skew(known) is not None) == lasts
    found = drifts(known, NOW)
    assert [drift.finding for drift in found] == [Check.CLOCK_SKEW] * lasts
    assert SECRET in states(known, NOW)
    assert states(known, NOW)[SECRET] is CredentialState.UNKNOWN
    assert drifts(replace(known, outage=Reason.CLOCK_SKEW), NOW) == []  # the connection's own trouble says it


@pytest.mark.parametrize(
    ("hosts", "ours", "actor"),
    [
        ({"a": 90}, None, Actor.SRE),
        ({"a": 90, "b": 0}, False, Actor.X3_ADMIN),
        ({"a": 90, "b": 80, "c": 0}, True, Actor.SRE),
        ({"a": 90, "b": -80}, False, Actor.X3_ADMIN),
        ({"a": -90, "b": -80}, True, Actor.SRE),
    ],
)
def test_the_other_hosts_tell_whose_clock_is_wrong(hosts: dict[str, int], ours: bool | None, actor: Actor) -> None:
    known = [off(host, seconds) for host, seconds in hosts.items()]
    assert clock_is_ours(known) is ours
    drift = only(drifts(known[0], NOW, ours=clock_is_ours(known)))
    assert drift.actor is actor


@given(
    st.builds(
        Evidence,
        connection=st.just("aldgate"),
        hosts=st.just(HOSTS),
        secret_ends=st.none() | st.integers(0, 2 * NOW),
        proven_at=st.none() | st.integers(0, 2 * NOW),
        outage=st.none() | st.sampled_from(Reason),
        signs=st.lists(
            st.builds(Issued, st.integers(0, 2 * NOW), st.floats(0.1, 1e9))
            | st.builds(Certificate, st.sampled_from(HOSTS), st.integers(0, 250_000_000_000_000), st.text())
            | st.builds(Dated, st.integers(0, 2 * NOW), st.floats(-1e9, 1e9))
        ).map(lambda signs: given_signs(*signs)),
    )
)
def test_every_evidence_is_judged(known: Evidence) -> None:
    """Whatever is known, nothing that ends soon is called valid, unless a proof came after it."""
    for each in judge(known, NOW):
        soon = each.ends_at is not None and each.ends_at - NOW <= 30 * DAY
        assert each.state is not CredentialState.VALID or each.stale or not soon
    for drift in drifts(known, NOW):
        assert drift.seen
        assert drift.hint
