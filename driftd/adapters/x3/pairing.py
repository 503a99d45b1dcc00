"""Who we are to a tenant behind Sage's cloud gateway, as the holder of a customer's pair of tokens.

The access token lives 5 minutes, the refresh token 30 days, and each refresh returns a new pair; a customer has one,
whatever folders it is for (Sage developer site). So one refresh of a pair is under way at a time, and none is
cancelled half-way: a token that is on its way back would be lost.

An answer that never came, or an error of the server's, leaves open whether the refresh token was used up. It is tried
again; where it is refused then, the pair is lost, and a person must pair anew.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

import anyio
import orjson

from driftd.adapters.x3.answer import Tally
from driftd.adapters.x3.auth import REST, Post, read_secret
from driftd.adapters.x3.gateway import Begun, Failure, Renewed, judged, read
from driftd.adapters.x3.grant import Grant
from driftd.adapters.x3.pair import Book, Failed, Held, Unsaved
from driftd.adapters.x3.settings import Pairing
from driftd.core.credential import Issued
from driftd.core.secret import Secret
from driftd.errors import DamagedStoreError, FencedError, Reason, SealError, SourceError, StoreError
from driftd.ports import Clock

AHEAD: Final = 60.0
"""Most seconds before its end at which an access token is renewed; half its life where that is less."""
PATIENCE: Final = 60.0
"""Seconds for a refresh, waiting for its turn included: nothing else ends it."""
_UNSENT: Final = frozenset(
    {
        Reason.DNS_FAILURE,
        Reason.CONNECTION_REFUSED,
        Reason.CONNECT_TIMEOUT,
        Reason.TLS_ERROR,
        Reason.TLS_EXPIRED,
        Reason.ADDRESS_NOT_ALLOWED,
    }
)
"""Failures on the way after which nothing can have reached the gateway."""
_REFUSALS: Final = frozenset({Reason.OAUTH_INVALID_CLIENT, Reason.OAUTH_ERROR, Reason.CONFIG_ERROR})


class PairAuthority:
    """Renews the access token of a pair ahead of its end, for one of the connections that share it."""

    def __init__(
        self,
        settings: Pairing,
        connection: str,
        post: Post,
        clock: Clock,
        renewed: Callable[[Issued | None], None] = lambda issued: None,
    ) -> None:
        """Prepare without I/O; `renewed` is told of each token that this connection asked for or came to use."""
        self._settings = settings
        self._pair = settings.pair
        self._connection = connection
        self._post = post
        self._clock = clock
        self._told = renewed
        self._used: Held | None = None
        self._secret: Secret | None = None

    async def grant(self, tally: Tally) -> Grant:
        """Return the access token in hand; renews it ahead of its end, once for all that share it.

        A renewal that fails on the way, not by a refusal, is no failure while the token in hand still lives.
        """
        held = self._held()
        if held is not None and self._clock.monotonic() < held.renew_at:
            return self._use(held)
        async with self._pair.lock:
            held = self._held()
            if held is not None and self._clock.monotonic() < held.renew_at:
                return self._use(held)
            try:
                return self._use(await self._renew(self._pair.book, tally))
            except SourceError as error:
                if held is None or error.reason in _REFUSALS or self._clock.monotonic() >= held.ends_at:
                    raise
                return self._use(held)

    async def renewed(self, refused: Grant, tally: Tally) -> Grant:
        """Return an access token given after the refused one: that of another call, or a new one."""
        async with self._pair.lock:
            held = self._held()
            if held is None or held.grant is refused:
                held = await self._renew(self._pair.book, tally)
            return self._use(held)

    async def adopt(self, book: Book, tally: Tally) -> None:
        """Use another refresh token, that of `book`, in place of the pair's; raises `SourceError` where it fails."""
        async with self._pair.lock:
            self._pair.failed = None
            if book is not self._pair.book:
                self._pair.unsaved = None
            try:
                self._use(await self._renew(book, tally))
            finally:
                self._pair.failed = None  # what failed is not what the pair's own calls would use

    def _held(self) -> Held | None:
        """Return the token in hand, where it was given to the client that we are."""
        held = self._pair.held
        return held if held is not None and held.client == self._client else None

    @property
    def _client(self) -> tuple[str, str]:
        return self._settings.token_url, self._settings.client_id

    def _use(self, held: Held) -> Grant:
        if held is not self._used:
            self._used = held
            self._told(held.issued)
        return held.grant

    async def _renew(self, book: Book, tally: Tally) -> Held:
        secret = self._secret or self._read_secret()
        self._rest(secret)
        with anyio.CancelScope(shield=True):
            if self._pair.unsaved is not None:
                held = await self._save(book, self._pair.unsaved)
                if self._clock.monotonic() < held.renew_at:
                    return held
            return await self._refresh(book, secret, tally)
        raise AssertionError("it swallows nothing")

    async def _refresh(self, book: Book, secret: Secret, tally: Tally) -> Held:
        with self._stored():
            begun = await book.begin()
        asked_at, now = self._clock.monotonic(), self._clock.now()
        answer = await self._ask_with_any_secret(begun.token, secret, tally)
        if isinstance(answer, Failure):
            raise await self._failed(book, begun, answer)
        return await self._take(book, answer, asked_at, now)

    def _rest(self, secret: Secret) -> None:
        """Raise the latest failure again, where that was just now and by the same secret: nothing is asked for."""
        failed = self._pair.failed
        same = failed is not None and failed.client == self._client and failed.secret == secret
        if failed is not None and same and self._clock.monotonic() - failed.at < REST:
            raise self._error(failed.failure)

    def _read_secret(self) -> Secret:
        secret = read_secret(self._settings.secret, self._connection)
        try:
            secret.reveal().encode()
        except UnicodeEncodeError:
            what = f"{self._named}: its client secret is not UTF-8 text"
            raise SourceError(Reason.CONFIG_ERROR, what, hint="put the secret as the gateway shows it") from None
        return secret

    async def _ask_with_any_secret(self, token: Secret, secret: Secret, tally: Tally) -> Renewed | Failure:
        """Ask with the client secret in hand; where that may be refused, read it again, and ask anew if it changed."""
        answer = await self._ask(token, secret, tally)
        if isinstance(answer, Failure) and answer.reason is Reason.OAUTH_INVALID_CLIENT:
            with suppress(SourceError):
                fresh = self._read_secret()
                answer = answer if fresh == secret else await self._ask(token, fresh, tally)
                secret = fresh
        self._secret = secret
        return answer

    async def _ask(self, token: Secret, secret: Secret, tally: Tally) -> Renewed | Failure:
        told = {
            "grant_type": "refresh_token",
            "client_id": self._settings.client_id,
            "client_secret": secret.reveal(),
            "refresh_token": token.reveal(),
        }
        headers, sent = [("Content-Type", "application/json")], tally.requests
        whose = f"{self._named}: the gateway"
        try:
            with anyio.fail_after(PATIENCE):
                answer = await self._post(self._settings.token_url, orjson.dumps(told), headers, tally, whose)
        except SourceError as error:
            unused = tally.requests == sent or error.reason in _UNSENT
            what = str(error).removeprefix(f"{self._named}: ")
            return Failure(error.reason, what, error.hint, error.status, error.retry_after, unused=unused)
        except TimeoutError:
            what = "the gateway gives no answer in time"
            return Failure(Reason.TIMEOUT, what, "wait: it is tried again", unused=tally.requests == sent)
        return read(answer, self._connection, self._clock.now())

    async def _failed(self, book: Book, begun: Begun, failure: Failure) -> SourceError:
        """Note that there is no pair, and return why."""
        if failure.unused:
            with suppress(StoreError):  # then it is told as an interruption, and the token tried again
                await book.unused(begun)
        failure = judged(failure, begun, self._connection, self._clock.now())
        if self._secret is not None:
            self._pair.failed = Failed(failure, self._client, self._secret, self._clock.monotonic())
        self._told(None)
        return self._error(failure)

    async def _take(self, book: Book, given: Renewed, asked_at: float, now: int) -> Held:
        """Keep the refresh token, then have the access token used."""
        access = given.access
        if isinstance(access, SourceError):
            with self._stored():
                await book.renewed(given.refresh)
            self._told(None)
            raise access
        held = Held(
            Grant(Secret(f"Bearer {access.secret.reveal()}"), bearer=True),
            Issued(now, access.life),
            self._client,
            asked_at + access.life - min(AHEAD, access.life / 2),
            asked_at + access.life,
        )
        return await self._save(book, Unsaved(given.refresh, held))

    async def _save(self, book: Book, unsaved: Unsaved) -> Held:
        self._pair.unsaved = unsaved
        with self._stored():
            await book.renewed(unsaved.refresh)
        self._pair.unsaved = self._pair.failed = None
        self._pair.held = unsaved.held
        return unsaved.held

    @contextmanager
    def _stored(self) -> Iterator[None]:
        """Have what goes wrong with the book told as the connection's."""
        try:
            yield
        except (FencedError, DamagedStoreError):
            raise
        except SealError as error:
            what = f"{self._named}: its refresh token is not to be had: {error}"
            hint = f"store it with `driftd connections rotate {self._connection}`"
            raise SourceError(Reason.CONFIG_ERROR, what, hint=hint) from error
        except StoreError as error:
            what = f"{self._named}: its refresh token cannot be kept: {error}"
            hint = "look at free space and permissions of data_dir"
            raise SourceError(Reason.STORE_ERROR, what, hint=hint) from error

    @property
    def _named(self) -> str:
        return f'connection "{self._connection}"'

    def _error(self, failure: Failure) -> SourceError:
        return SourceError(
            failure.reason,
            f"{self._named}: {failure.what}",
            hint=failure.hint,
            status=failure.status,
            retry_after=failure.retry_after,
        )
