"""A refresh token that a connection is brought with: tried beside what is in force, and in force with the connection.

Trying it uses it up. So it is kept before it is used, with a note of that, and its successor as soon as that comes, in
a place of its own: whoever polls by the pair goes on by the token of before. Only the transaction that stores the
connection moves it there. Until then it is known by the mark of what was given: who brings the same again, after a
mistake or a crash, goes on with the successor.
"""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from driftd.adapters.vault.envelope import following
from driftd.adapters.x3.gateway import Begun
from driftd.adapters.x3.pair import Pair
from driftd.app.pairing import FIELD, Pairs, SealedBook
from driftd.config import ConnectionConfig
from driftd.core.sealed import Kept, Place
from driftd.core.secret import Secret
from driftd.errors import SealError

ASIDE: Final = "brought_refresh_token"
"""Where it stands until then."""


class Given(Struct, frozen=True):
    """A refresh token as it was given, and its mark."""

    token: Secret
    mark: bytes
    place: Place
    """Where it is to stand."""


class _Aside(SealedBook):
    """Where a given token and its successors stand until the connection is stored."""

    field = ASIDE

    def __init__(self, pairs: Pairs, given: Given) -> None:
        super().__init__(given.place.connection, pairs.store, pairs.safe, pairs.now, pairs.secrecy)
        self._given = given
        self._first = False
        """Whether the use under way is the first one of what was given."""
        self._before: Kept | None = None
        """What stood there of another token, which the gateway may still take."""
        self._interrupted: int | None = None

    async def begin(self) -> Begun:
        """Note that the token is about to be used; what was given is kept with that."""
        kept = await self.kept()
        self._first = kept is None or kept.given != self._given.mark
        if not self._first:
            return await super().begin()
        now, place = self.now(), replace(self._given.place, field=ASIDE)
        self._before = kept
        self._interrupted = None if kept is None else await self.interrupted(kept)
        before = kept or Kept(place, 0, b"", 0)
        aside = self.next(before, self._given.token, given=self._given.mark, at=now)
        await self._store.renew(aside, used=now)
        self._safe.take(aside)
        self.told(self._given.token)
        return Begun(self._given.token, now)

    async def unused(self, begun: Begun) -> None:
        """Put back what stood there before a token that the gateway did not take; its successor stays."""
        kept, before = await self.kept(), self._before
        if self._first and kept is not None and before is not None:
            await self._put_back(kept, before)
        elif self._first and kept is not None:
            await self._store.remove(kept.place)
            self._safe.drop(self.name, ASIDE)
            self.told()
        else:
            await super().unused(begun)

    async def _put_back(self, kept: Kept, before: Kept) -> None:
        try:
            secret = self.opened(before)
        except SealError:  # of no use to anybody
            await self._store.remove(kept.place)
            self._safe.drop(self.name, ASIDE)
            self.told()
            return
        again = self.next(kept, secret, given=before.given, at=before.at)
        await self._store.renew(again, used=self._interrupted)
        self._safe.take(again)
        self.told(secret)


class Staged:
    """What one connection is brought with, while it is tried; `of` gives its pair, whatever the connection."""

    def __init__(self, pairs: Pairs, given: Given) -> None:
        self._pairs = pairs
        self._given = given
        self._book = _Aside(pairs, given)
        self.pair = Pair(self._book)

    def of(self, _connection: ConnectionConfig) -> Pair:
        """Return the pair."""
        return self.pair

    @property
    def mark(self) -> bytes:
        """The mark of what was given."""
        return self._given.mark

    async def aside(self) -> Kept | None:
        """Return what is kept of it, if it was or may have been used."""
        kept = await self._book.kept()
        return kept if kept is not None and kept.given == self.mark else None

    async def stands(self) -> bool:
        """Tell whether anything came of it that is still there."""
        return self.pair.unsaved is not None or await self.aside() is not None

    async def used(self) -> bool:
        """Tell whether it was used, and what came of it is kept; False: it may have been used."""
        kept = await self.aside()
        return kept is not None and self._book.opened(kept) != self._given.token

    async def to_be_kept(self) -> tuple[Kept, Place | None]:
        """Return the token that is to be the pair's, sealed, and where it stands so far, if anywhere.

        The caller has the lock of that pair.
        """
        place = self._given.place
        kept, now = await self.aside(), await self._pairs.store.kept(place.connection, FIELD)
        token = self._given.token if kept is None else self._book.opened(kept)
        if self.pair.unsaved is not None and self.pair.unsaved.refresh is not None:
            token = self.pair.unsaved.refresh
        at = self._pairs.now() if kept is None else kept.at
        sealed = following(now, token, place, self._pairs.safe.keys.first, at)
        return replace(sealed, given=self.mark), None if kept is None else kept.place

    def kept(self, kept: Kept) -> None:
        """Have the pair use what is kept in its place now, and the access token that came with it."""
        live, held = self._pairs.named(kept.place.connection), self.pair.held
        live.forget()
        live.held = held
        self._pairs.safe.take(kept)
        self._pairs.safe.drop(kept.place.connection, ASIDE)
        self._book.closed = True
        self._book.told()
        self._pairs.secrecy.knows((kept.place.connection, FIELD), self._book.opened(kept))
