"""Who we are to a tenant: a bearer token kept fresh, or HTTP Basic; one that we sign is in `signed`.

A token is renewed ahead of its end, reckoned on the monotonic clock from before the request for it. One renewal is in
flight at a time; whoever comes meanwhile waits for it. After a failed one there is a rest, in which the same failure is
answered without asking: a tenant that locks out accounts is not hammered.

A token that lives says nothing of the secret, which may have been rotated since. So a new one is asked for every
`Proof.every` seconds, and the one in hand serves meanwhile; also where the secret is refused, until a second look.
"""

import base64
from collections.abc import Awaitable, Callable
from typing import Final, Protocol
from urllib.parse import quote_plus, urlencode

import anyio
from msgspec import Struct

from driftd.adapters.x3 import token as tokens
from driftd.adapters.x3.answer import Answer, Tally
from driftd.adapters.x3.grant import Grant
from driftd.adapters.x3.refusals import Refusals, Shown
from driftd.adapters.x3.settings import NEVER, Basic, ClientCredentials, Proof, SecretSource
from driftd.core.credential import Issued
from driftd.core.secret import Secret
from driftd.errors import DriftdError, Reason, SourceError
from driftd.ports import Clock

REST: Final = 30.0
"""Seconds after a failed renewal in which its failure is the answer; never longer than until the second look."""
SECOND: Final = 2
"""Refusals in a row that are believed while the token in hand lives."""

Post = Callable[[str, bytes, list[tuple[str, str]], Tally, str], Awaitable[Answer]]
"""Ask for a token: address, body, headers with its type, what it costs, whose answer it is."""


class Authority(Protocol):
    """Gives and renews what requests are authorised by. Raises `SourceError`."""

    async def grant(self, tally: Tally) -> Grant:
        """Return what to authorise a request with; renews ahead of its end."""
        ...

    async def renewed(self, refused: Grant, tally: Tally) -> Grant | None:
        """Return another grant than the one that was refused; None where there is no other."""
        ...


class BasicAuthority:
    """HTTP Basic in the header of every call."""

    def __init__(self, settings: Basic, connection: str) -> None:
        self._settings = settings
        self._connection = connection
        self._grant: Grant | None = None

    async def grant(self, _tally: Tally) -> Grant:
        """Return the header; the password is read at the first call and after a refusal."""
        if self._grant is None:
            self._grant = self._read()
        return self._grant

    async def renewed(self, refused: Grant, _tally: Tally) -> Grant | None:
        """Read the password again, in case it was rotated."""
        if self._grant is refused:
            self._grant = self._read()
        return None if self._grant is None or self._grant.header == refused.header else self._grant

    def _read(self) -> Grant:
        password = read_secret(self._settings.password, self._connection)
        pair = f"{self._settings.username}:{password.reveal()}".encode()
        return Grant(Secret(f"Basic {base64.b64encode(pair).decode()}"), bearer=False)


class _Held(Struct, frozen=True):
    grant: Grant
    renew_at: float
    """Monotonic seconds."""
    ends_at: float


class _Failed(Struct, frozen=True):
    error: SourceError
    at: float
    """Monotonic seconds."""


class TokenAuthority:
    """OAuth 2 ``client_credentials``: identifies itself in the form, or by Basic where the endpoint wants that."""

    def __init__(
        self,
        settings: ClientCredentials,
        connection: str,
        post: Post,
        clock: Clock,
        renewed: Callable[[Issued | None], None] = lambda issued: None,
        proof: Proof = NEVER,
        refusals: Refusals | None = None,
    ) -> None:
        """Prepare without I/O; `renewed` is told of each token asked for, `refusals` of each refused secret."""
        self._settings = settings
        self._connection = connection
        self._post = post
        self._clock = clock
        self._told = renewed
        self._proof = proof
        self._refused = refusals or Refusals()
        self._proof_at = 0.0
        """When a token is asked for although there is one, monotonic seconds."""
        self._refusals = 0
        """Since a token was last issued."""
        self._lock = anyio.Lock()
        self._held: _Held | None = None
        self._failed: _Failed | None = None
        self._secret: Secret | None = None
        self._by_header: bool | None = None
        """Whether the endpoint wants Basic (True) or the form (False); None until one of them worked."""

    async def grant(self, tally: Tally) -> Grant:
        """Return a bearer token; renews it ahead of its end, and where the secret is to be proved.

        A renewal that fails on the way, not by a refusal, is no failure while the token in hand still lives; neither is
        a first refusal while that need not be renewed.
        """
        held = self._held
        if held is not None and self._serves(held, proving=self._lock.locked()):
            return held.grant
        async with self._lock:
            held = self._held
            if held is not None and self._serves(held):
                return held.grant
            try:
                return await self._renew(tally)
            except SourceError as error:
                if held is None or not self._bears(held, error):
                    raise
                return held.grant

    def _serves(self, held: _Held, *, proving: bool = False) -> bool:
        """Tell whether a token is given without asking for another; `proving`: somebody else does that already."""
        now = self._clock.monotonic()
        return now < held.renew_at and (now < self._proof_at or (proving and self._refusals < SECOND))

    def _bears(self, held: _Held, error: SourceError) -> bool:
        """Tell whether a token goes on serving although no other could be had."""
        now = self._clock.monotonic()
        if error.reason in _REFUSALS:
            return now < held.renew_at and self._refusals < SECOND
        return now < held.ends_at

    async def renewed(self, refused: Grant, tally: Tally) -> Grant | None:
        """Return a token issued after the refused one: that of another call, or a new one."""
        async with self._lock:
            if self._held is not None and self._held.grant is not refused:
                return self._held.grant
            return await self._renew(tally)

    async def _renew(self, tally: Tally) -> Grant:
        rest = min(REST, self._proof.second_look)
        if self._failed is not None and self._clock.monotonic() - self._failed.at < rest:
            raise again(self._failed.error)
        try:
            asked_at = self._clock.monotonic()
            issued = await self._ask_with_any_secret(tally)
        except SourceError as error:
            self._note(error)
            raise
        self._failed, self._refusals, self._proof_at = None, 0, asked_at + self._proof.every
        self._told(Issued(self._clock.now(), issued.life))
        grant = Grant(Secret(f"Bearer {issued.secret.reveal()}"), bearer=True)
        self._held = _Held(grant, asked_at + issued.renew_after, asked_at + issued.life)
        return grant

    def _note(self, error: SourceError) -> None:
        """Take note of a failed renewal, and of when the secret is to be proved again."""
        now = self._clock.monotonic()
        self._failed = _Failed(error, now)
        self._told(None)
        if error.reason not in _REFUSALS:
            self._proof_at = now + self._proof.every
            return
        self._refusals += 1
        self._proof_at = now + self._proof.second_look if self._refusals < SECOND else now

    async def _ask_with_any_secret(self, tally: Tally) -> tokens.Token:
        """Ask with the secret in hand; where it is refused, read it again and ask once more if it changed."""
        if self._secret is None:
            self._secret = read_secret(self._settings.secret, self._connection)
        try:
            return await self._ask_in_any_way(self._secret, tally)
        except SourceError as error:
            if error.reason is not Reason.OAUTH_INVALID_CLIENT:
                raise
            fresh = read_secret(self._settings.secret, self._connection)
            if fresh == self._secret:
                raise
        self._secret = fresh
        return await self._ask_in_any_way(fresh, tally)

    async def _ask_in_any_way(self, secret: Secret, tally: Tally) -> tokens.Token:
        """Ask, unless the secret was refused to another connection lately; tell the others what came of it."""
        shown, clock = Shown(self._settings.token_url, secret, self._settings.client_id), self._clock
        known = self._refused.known(shown, self._connection, clock.monotonic())
        if known is not None:
            raise known
        try:
            issued = await self._identified(secret, tally)
        except SourceError as error:
            if error.reason is Reason.OAUTH_INVALID_CLIENT:
                self._refused.note(shown, self._connection, error, clock.monotonic())
            raise
        self._refused.taken(shown)
        return issued

    async def _identified(self, secret: Secret, tally: Tally) -> tokens.Token:
        """Identify in the form; where that is refused and nothing has worked yet, by Basic once."""
        by_header = self._by_header is True
        answer = await self._ask(secret, tally, by_header=by_header)
        now = self._clock.now()
        try:
            issued = tokens.read(answer, self._connection, now)
        except SourceError as error:
            if self._by_header is not None or not tokens.blames_client(error, answer):
                raise
            by_header = True
            issued = tokens.read(await self._ask(secret, tally, by_header=True), self._connection, now)
        self._by_header = by_header
        return issued

    async def _ask(self, secret: Secret, tally: Tally, *, by_header: bool) -> Answer:
        client, form = self._settings.client_id, {"grant_type": "client_credentials"}
        form |= {"scope": self._settings.scope} if self._settings.scope is not None else {}
        headers = [("Content-Type", "application/x-www-form-urlencoded")]
        if by_header:  # RFC 6749 §2.3.1: form-encoded before base64
            pair = f"{quote_plus(client)}:{quote_plus(secret.reveal())}".encode()
            headers += [("Authorization", f"Basic {base64.b64encode(pair).decode()}")]
        else:
            form |= {"client_id": client, "client_secret": secret.reveal()}
        whose = f'connection "{self._connection}": the token endpoint'
        return await self._post(self._settings.token_url, urlencode(form).encode(), headers, tally, whose)


_REFUSALS: Final = frozenset({Reason.OAUTH_INVALID_CLIENT, Reason.OAUTH_ERROR, Reason.CONFIG_ERROR})


def read_secret(source: SecretSource, connection: str) -> Secret:
    """Return a secret from where it stands; raises `SourceError` with ``config_error`` where it cannot be read."""
    if isinstance(source, Secret):
        return source
    try:
        return Secret(source())
    except (DriftdError, OSError, LookupError, ValueError) as error:
        what = str(error) if isinstance(error, DriftdError) else "its place cannot be read"
        raise SourceError(
            Reason.CONFIG_ERROR,
            f'connection "{connection}": no secret: {what}',
            hint="put the secret where the configuration reads it",
        ) from (error if isinstance(error, DriftdError | OSError) else None)


def again(error: SourceError) -> SourceError:
    """Return the same failure as a new exception, so that tracebacks do not pile up on one."""
    return SourceError(
        error.reason,
        str(error),
        hint=error.hint,
        status=error.status,
        retry_after=error.retry_after,
        heard=error.heard,
    )
