"""The `Tokens` port on a dict."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from driftd.core import access
from driftd.core.access import Token
from driftd.core.alerts.model import Deed
from driftd.errors import DecisionError, FencedError
from driftd.ports import Use


class MemoryTokens:
    """Tokens, gone with the process."""

    def __init__(self) -> None:
        self.kept: dict[str, Token] = {}
        self.deeds: list[Deed] = []
        self.writes = 0
        """How often uses were noted."""
        self.failing: Exception | None = None
        """What every write fails with."""

    async def all(self) -> Sequence[Token]:
        return sorted(self.kept.values(), key=lambda each: each.name)

    async def make(self, token: Token, deed: Deed) -> None:
        self._may_write()
        if len(self.kept) >= access.MOST:
            raise DecisionError(f"there are {access.MOST:,} tokens already", hint="revoke one")
        if token.name in self.kept or token.digest in {each.digest for each in self.kept.values()}:
            raise DecisionError(f'there is a token "{token.name}" already', hint="choose another name")
        self.kept[token.name] = token
        self.deeds.append(deed)

    async def revoke(self, name: str, deed: Deed) -> bool:
        self._may_write()
        if self.kept.pop(name, None) is None:
            return False
        self.deeds.append(deed)
        return True

    async def use(self, uses: Iterable[Use]) -> None:
        self.writes += 1
        self._may_write()
        for use in uses:
            token = self.kept.get(use.name)
            if token is not None and token.digest == use.digest and (token.used_at or 0) < use.at:
                self.kept[use.name] = replace(token, used_at=use.at)

    def _may_write(self) -> None:
        if self.failing is not None:
            raise self.failing

    def fence(self) -> None:
        """Have every write fail as after the start of another process."""
        self.failing = FencedError("another process owns the store")
