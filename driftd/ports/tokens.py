"""What is asked of the place where tokens are kept."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from driftd.core.access import Token
from driftd.core.alerts.model import Deed


class Use(NamedTuple):
    """That a token was used."""

    name: str
    digest: bytes
    at: int
    """Epoch ms."""


class Tokens(Protocol):
    """The tokens that let programs in."""

    async def all(self) -> Sequence[Token]:
        """Return them by name."""
        ...

    async def make(self, token: Token, deed: Deed) -> None:
        """Keep a new one; raises `DecisionError` where its name is taken, or there are too many."""
        ...

    async def revoke(self, name: str, deed: Deed) -> bool:
        """Forget one; tell whether there was one."""
        ...

    async def use(self, uses: Iterable[Use]) -> None:
        """Note uses, each of the very token that was used; one that is older than what is noted changes nothing."""
        ...
