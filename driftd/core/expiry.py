"""Evidence × now → how the credentials of one connection stand, and what of that is a drift.

The worst that is known decides. Where two evidences contradict each other (the date is past, a token is still issued)
both are shown, and the date is called stale: that is not alarmed as an end. Without evidence a credential is unknown.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from driftd.core.credential import (
    ADOPTED,
    REFRESH_LIFE,
    SKEW,
    WINDOW,
    Certificate,
    Credential,
    CredentialState,
    Signs,
)
from driftd.core.drift import Check, Drift, DriftKind, Severity
from driftd.core.reasons import Actor
from driftd.errors import Reason

DAY: Final = 86_400_000
WARNING: Final = 30 * DAY
"""Milliseconds before its end at which a credential is warned of."""
UNUSED: Final = 10 * DAY
"""Milliseconds before its end at which a refresh token is warned of, which is good for 30 d: each use gives another."""
CRITICAL: Final = 3 * DAY
SHRUNK: Final = 0.5
"""Share of the usual life below which tokens are said to live shorter."""
LASTING: Final = 60_000
"""Milliseconds for which answers must have said that the clocks differ."""
ROW: Final = 3
"""Answers in a row that must have said so."""
REFUSALS: Final = frozenset(
    {Reason.OAUTH_INVALID_CLIENT, Reason.OAUTH_ERROR, Reason.UNAUTHORIZED, Reason.TOKEN_EXPIRED}
)
"""Reasons that reject the credentials, once they last."""
_RULE: Final = "end − now: warning at 30 d, critical at 3 d, expired at 0"


class Evidence(Struct, frozen=True):
    """All that is known of the credentials of one connection; times in epoch ms."""

    connection: str
    hosts: tuple[str, ...] = ()
    """Where it leads: to the base address, and to the token endpoint where that is elsewhere."""
    secret_ends: int | None = None
    """The configured date, as good as the person who typed it."""
    proven_at: int | None = None
    """When the secret was last seen to be good: a token was issued for it, or an answer given."""
    outage: Reason | None = None
    """What keeps every resource from being read, where that lasts."""
    token_ends: int | None = None
    """When the token in hand ends."""
    signs: Signs = Signs()
    pair: str = ""
    """The pair of tokens by which it signs in; empty: by none."""

    @property
    def refresh_ends(self) -> int | None:
        """When the refresh token of its pair ends that came with the latest access token; None where there is none."""
        given = self.signs.token.at if self.pair else None
        return None if given is None else given + REFRESH_LIFE

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """Those of the hosts that it leads to, the first to end before the others."""
        known = self.signs.certificates
        return tuple(sorted((known[host] for host in set(self.hosts) & known.keys()), key=lambda each: each.ends_at))


class Judged(Struct, frozen=True):
    """How one credential stands."""

    credential: Credential
    state: CredentialState
    ends_at: int | None = None
    """Best evidence, epoch ms."""
    stale: bool = False
    """Whether a later proof contradicts the configured date."""


def judge(evidence: Evidence, now: int) -> tuple[Judged, ...]:
    """Return how secret, server certificate and refresh token stand at `now` (epoch ms); the last of a pair alone."""
    found = _secret(evidence, now), _certificate(evidence, now)
    return (*found, _refresh(evidence, now)) if evidence.pair else found


def states(evidence: Evidence, now: int) -> Mapping[Credential, CredentialState]:
    """Return the state of each credential at `now` (epoch ms)."""
    return {each.credential: each.state for each in judge(evidence, now)}


def ahead(evidence: Evidence, now: int) -> Mapping[Credential, int]:
    """Return when each credential ends by the best evidence, epoch ms; a stale date is none."""
    found = {each.credential: each.ends_at for each in judge(evidence, now) if not each.stale}
    found[Credential.ACCESS_TOKEN] = evidence.token_ends
    return {credential: at for credential, at in found.items() if at is not None}


def drifts(evidence: Evidence, now: int, *, ours: bool | None = None) -> list[Drift]:
    """Return what departs at `now` (epoch ms); `ours` says whether our own clock is the wrong one, None: nobody knows.

    Refused credentials are none of them: those are the connection's own trouble.
    """
    return [
        *_secret_drifts(evidence, now),
        *_refresh_drifts(evidence, now),
        *(drift for each in evidence.certificates for drift in _certificate_drifts(evidence, each, now)),
        *_life_drifts(evidence),
        *_clock_drifts(evidence, ours=ours),
    ]


def clock_is_ours(evidences: Iterable[Evidence]) -> bool | None:
    """Tell whether it is our clock that is wrong: that of most hosts differs from it, and in the same direction.

    None where there is no second host to ask.
    """
    told = [each for each in evidences if each.signs.skew is not None and each.hosts]
    hosts = {each.hosts[0] for each in told}
    if len(hosts) < 2:
        return None
    ahead_of_us, behind = (
        {each.hosts[0] for each in told if (skew := lasting_skew(each)) is not None and skew * sign > 0}
        for sign in (1, -1)
    )
    return max(len(ahead_of_us), len(behind)) * 2 > len(hosts)


def lasting_skew(evidence: Evidence) -> float | None:
    """Return the seconds by which the tenant's clock is ahead of ours, where several answers over a while say so."""
    skew = evidence.signs.skew
    if skew is None or skew.row < ROW or skew.since is None or skew.at is None:
        return None
    return skew.ahead if abs(skew.at - skew.since) >= LASTING else None


def _secret(evidence: Evidence, now: int) -> Judged:
    ends, proven = evidence.secret_ends, evidence.proven_at
    if evidence.outage in REFUSALS:
        return Judged(Credential.CLIENT_SECRET, CredentialState.REJECTED, ends)
    if ends is None:
        state = CredentialState.UNKNOWN if proven is None else CredentialState.VALID
        return Judged(Credential.CLIENT_SECRET, state)
    if now >= ends and proven is not None and proven > ends:
        return Judged(Credential.CLIENT_SECRET, CredentialState.VALID, ends, stale=True)
    return Judged(Credential.CLIENT_SECRET, _by_date(ends, now), ends)


def _refresh(evidence: Evidence, now: int) -> Judged:
    ends = evidence.refresh_ends
    if evidence.outage in REFUSALS:
        return Judged(Credential.REFRESH_TOKEN, CredentialState.REJECTED, ends)
    if ends is None:
        return Judged(Credential.REFRESH_TOKEN, CredentialState.UNKNOWN)
    return Judged(Credential.REFRESH_TOKEN, _by_date(ends, now, UNUSED), ends)


def _certificate(evidence: Evidence, now: int) -> Judged:
    if not evidence.certificates:
        return Judged(Credential.TLS_CERTIFICATE, CredentialState.UNKNOWN)
    ends = evidence.certificates[0].ends_at
    return Judged(Credential.TLS_CERTIFICATE, _by_date(ends, now), ends)


def _by_date(ends: int, now: int, warning: int = WARNING) -> CredentialState:
    if ends <= now:
        return CredentialState.EXPIRED
    return CredentialState.EXPIRING if ends - now <= warning else CredentialState.VALID


def _severity(ends: int, now: int) -> Severity:
    return Severity.CRITICAL if ends - now <= CRITICAL else Severity.WARNING


def _secret_drifts(evidence: Evidence, now: int) -> Iterator[Drift]:
    ends = evidence.secret_ends
    judged = _secret(evidence, now)
    if ends is None or ends - now > WARNING:
        return
    found = Drift(
        evidence.connection,
        DriftKind.CREDENTIAL,
        Check.SECRET_EXPIRES,
        _severity(ends, now),
        Actor.X3_ADMIN,
        expected="a secret that is good for more than 30 d",
        seen=_ending("the secret, by the configured date,", ends, now),
        rule=_RULE,
        hint="ask the customer's X3 administrator for a new client secret, then set secret_expires to its end",
        evidence={"ends_at": ends, "proven_at": evidence.proven_at, "state": judged.state},
        certain=True,  # a date needs no second look
        since=ends - WARNING,
    )
    if not judged.stale:
        yield found
        return
    proven = _day_and_time(evidence.proven_at or now)
    yield replace(
        found,
        severity=Severity.INFO,
        actor=Actor.OPERATOR,
        expected="a date that is still ahead",
        seen=f"{found.seen}, and yet the secret was good at {proven}",
        rule="a proof after the date contradicts it: the date is stale",
        hint="set secret_expires to the date of the present secret, or remove it",
        since=ends,
    )


def _refresh_drifts(evidence: Evidence, now: int) -> Iterator[Drift]:
    ends = evidence.refresh_ends
    if ends is None or ends - now > UNUSED:
        return
    ended = ends <= now
    yield Drift(
        evidence.connection,
        DriftKind.CREDENTIAL,
        Check.REFRESH_TOKEN_EXPIRES,
        _severity(ends, now),
        Actor.X3_ADMIN if ended else Actor.OPERATOR,
        expected="a refresh token that is used, and so replaced, within 30 d",
        seen=_ending(f'the refresh token of the pair "{evidence.pair}"', ends, now),
        rule="last use + 30 d − now: warning at 10 d, critical at 3 d, expired at 0",
        hint="pair anew with the customer's X3, and give the refresh token: `driftd connections rotate`"
        if ended
        else "have the connection polled, which replaces the token: see in `driftd explain` what keeps it from that",
        evidence={"ends_at": ends, "used_at": evidence.signs.token.at},
        certain=True,  # a date needs no second look
        since=ends - UNUSED,
    )


def _certificate_drifts(evidence: Evidence, certificate: Certificate, now: int) -> Iterator[Drift]:
    ends = certificate.ends_at
    if ends - now > WARNING:
        return
    yield Drift(
        evidence.connection,
        DriftKind.CREDENTIAL,
        Check.CERTIFICATE_EXPIRES,
        _severity(ends, now),
        Actor.X3_ADMIN,
        field=certificate.host,
        expected="a certificate that is good for more than 30 d",
        seen=_ending(f'the certificate of "{certificate.host}"', ends, now),
        rule=_RULE,
        hint="ask the customer's X3 administrator to renew the certificate of the web server",
        evidence={"host": certificate.host, "ends_at": ends, "issuer": certificate.issuer},
        certain=True,
        since=ends - WARNING,
    )


def _life_drifts(evidence: Evidence) -> Iterator[Drift]:
    token = evidence.signs.token
    if token.lower_since is None or not 0 < token.longest < SHRUNK * token.usual:
        return
    yield Drift(
        evidence.connection,
        DriftKind.CREDENTIAL,
        Check.TOKEN_LIFE,
        Severity.WARNING,
        Actor.X3_ADMIN,
        expected=f"tokens that live {token.usual:.0f} s, as they did",
        seen=f"the longest of {WINDOW} lives {token.longest:.0f} s",
        rule=f"longest of {WINDOW} < {SHRUNK} · usual; usual after {ADOPTED // DAY} d",
        n=WINDOW,
        m=WINDOW,
        affected=WINDOW,
        hint="ask the customer's X3 administrator whether the validity of tokens was changed, or the secret is to end",
        evidence={"usual": token.usual, "longest": token.longest, "latest": token.life},
        certain=True,  # it rests on two dozen tokens
        since=token.lower_since,
    )


def _clock_drifts(evidence: Evidence, *, ours: bool | None) -> Iterator[Drift]:
    skew, seen = lasting_skew(evidence), evidence.signs.skew
    if skew is None or seen is None or evidence.outage is Reason.CLOCK_SKEW:
        return
    theirs = ours is False
    yield Drift(
        evidence.connection,
        DriftKind.CREDENTIAL,
        Check.CLOCK_SKEW,
        Severity.WARNING,
        Actor.X3_ADMIN if theirs else Actor.SRE,
        expected=f"clocks that agree within {SKEW:.0f} s",
        seen=f"the tenant's clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} ours",
        rule=f"|Date − now| > {SKEW:.0f} s in {ROW} answers in a row and for {LASTING // 1000} s",
        m=seen.row,
        affected=seen.row,
        hint=_CLOCK_HINTS[ours],
        evidence={"ahead_seconds": skew},
        certain=True,
        since=seen.since,
    )


_CLOCK_HINTS: Final[Mapping[bool | None, str]] = {
    True: "set the clock of this machine: those of most hosts differ from it",
    False: "ask the customer's X3 administrator to set the server's clock: those of other hosts agree with ours",
    None: "set the clock of this machine; where that is right, ask the customer's X3 administrator to set the server's",
}


def _ending(what: str, ends: int, now: int) -> str:
    """Say when something ends, in words that do not change with every evaluation."""
    left = ends - now
    if left <= 0:
        return f"{what} ended {_day_and_time(ends)}"
    return (
        f"{what} ends {_day_and_time(ends)}, in {left // DAY} d"
        if left >= DAY
        else f"{what} ends {_day_and_time(ends)}"
    )


def _day_and_time(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
