"""Tokens: who they let in, how they are made and revoked, and when each was last used."""

import hmac
from collections.abc import Callable, Collection, Sequence
from typing import Final

import anyio
from anyio import CancelScope, Event, Lock
from msgspec.structs import replace

from driftd.core.access import MINUTE, Caller, Token, digest_of, nameable
from driftd.core.alerts.model import Deed
from driftd.core.decision import Word, check_word
from driftd.errors import DecisionError, FencedError, StoreError
from driftd.ports import Clock, Log, Tokens, Use

_LENGTH: Final = 32
_NOBODY: Final = bytes(_LENGTH)


class Admission:
    """The tokens of one database, while it is open for writing: a change counts from the moment it is stored.

    Methods raise `DecisionError` for what cannot be done, and as the store.
    """

    def __init__(self, store: Tokens, connections: Callable[[], Collection[str]], clock: Clock, log: Log) -> None:
        self._store = store
        self._connections = connections
        """Return the names that there are."""
        self._clock = clock
        self._log = log
        self._tokens: dict[bytes, Token] = {}
        self._unwritten: dict[str, Use] = {}
        self._used = Event()
        self.changing = Lock()
        """Held while a token is made, and while a connection goes: none is made for one that is gone."""

    async def load(self) -> None:
        """Begin with what is stored."""
        self._tokens = {each.digest: each for each in await self._store.all()}

    def __len__(self) -> int:
        """Return how many tokens there are, expired ones too: they keep the doors closed."""
        return len(self._tokens)

    def listed(self) -> Sequence[Token]:
        """Return them by name, each with its last use."""
        return sorted(self._tokens.values(), key=lambda each: each.name)

    def bearer(self, text: str) -> Caller | None:
        """Return whom the text of a token lets in; None: nobody."""
        digest, now = digest_of(text), self._clock.now()
        token = self._tokens.get(digest)
        same = hmac.compare_digest(token.digest if token else _NOBODY, digest)
        if token is None or not same or token.expired(now):
            return None
        if token.used_at is None or abs(now - token.used_at) >= MINUTE:
            self._tokens[digest] = replace(token, used_at=now)
            self._unwritten[token.name] = Use(token.name, digest, now)
            self._used.set()
        return token.caller

    async def make(self, token: Token, word: Word) -> str:
        """Let the bearers of a token in from now on, and say so."""
        check_word(word)
        async with self.changing:
            self._check(token)
            kept = replace(token, made_at=self._clock.now(), made_by=word.by, used_at=None)
            await self._store.make(kept, self._deed("make_token", kept, word))
            self._tokens[kept.digest] = kept
        return f'the token "{kept.name}" lets its bearers {kept.lets}'

    async def revoke(self, name: str, word: Word) -> str:
        """Let the bearers of a token in no more, and say so."""
        check_word(word)
        token = next((each for each in self._tokens.values() if each.name == name), None)
        if token is None or not await self._store.revoke(name, self._deed("revoke_token", token, word)):
            hint = "`driftd tokens list` shows them"
            raise DecisionError(f'there is no token "{name}"', hint=hint, unknown=True)
        self._tokens.pop(token.digest, None)
        self._unwritten.pop(name, None)
        return f'the token "{name}" lets nobody in any more'

    def unbound(self, connection: str) -> None:
        """Let in nobody by the tokens bound to a connection: the store revoked them with it."""
        for token in [each for each in self._tokens.values() if each.connection == connection]:
            del self._tokens[token.digest]
            self._unwritten.pop(token.name, None)

    async def run(self) -> None:
        """Note uses, once a minute at most; what is left is noted when cancelled. Raises `FencedError`."""
        try:
            while True:
                await self._used.wait()
                await self._note()
                await self._clock.sleep(MINUTE / 1000)
        finally:
            with CancelScope(shield=True), anyio.move_on_after(1):
                await self._note()

    async def _note(self) -> None:
        uses, self._unwritten, self._used = self._unwritten, {}, Event()
        if not uses:
            return
        try:
            await self._store.use(uses.values())
        except FencedError:
            raise
        except StoreError as error:  # the use is not worth more than a line
            self._log.warning("use of tokens not noted", error=str(error))

    def _check(self, token: Token) -> None:
        """Refuse what cannot be a token; raises `DecisionError`."""
        if not nameable(token.name):
            raise _invalid("no token can be called so", 'up to 64 letters, digits and ".", "_", "-", such as "grafana"')
        if len(token.digest) != _LENGTH:
            raise _invalid("this is no SHA-256", "send the 64 hex digits of the hash of the token's text")
        if token.expired(self._clock.now()):
            raise _invalid("the token would have expired already", "give a time that is still to come")
        if token.connection is not None and token.connection not in self._connections():
            raise _invalid(f'no connection is named "{token.connection}"', "`driftd status` shows the names")
        if token.digest in self._tokens:
            raise DecisionError("there is a token of this text already", hint="make another")

    def _deed(self, action: str, token: Token, word: Word) -> Deed:
        """Return a row of the audit log: what its bearers may, before and after."""
        before, after = ("", token.lets) if action == "make_token" else (token.lets, "")
        at, connection = self._clock.now(), token.connection or ""
        return Deed(at, word.by, action, connection, None, token.name, word.reason, before, after)


def _invalid(message: str, hint: str) -> DecisionError:
    return DecisionError(message, hint=hint, invalid=True)
