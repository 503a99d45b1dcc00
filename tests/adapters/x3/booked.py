"""A book of one refresh token in memory: what it notes is what would be found after a crash."""

from dataclasses import dataclass, field

from driftd.adapters.x3.gateway import Begun
from driftd.core.secret import Secret
from driftd.errors import SealError, StoreError


@dataclass
class MemoryBook:
    """Keeps one token and the note of its use. `now` is what its clock shows, epoch ms."""

    token: str
    now: int = 1_800_000_000_000
    since: int = 1_800_000_000_000
    begun: int | None = None
    full: bool = False
    """Whether nothing can be written."""
    kept: list[str] = field(default_factory=list)
    """Every successor, in order."""

    async def begin(self) -> Begun:
        self._writes()
        if not self.token:
            raise SealError("driftd keeps none for it yet")
        before, self.begun = self.begun, self.begun or self.now
        return Begun(Secret(self.token), self.since, before)

    async def unused(self, begun: Begun) -> None:
        self._writes()
        if begun.interrupted is None:
            self.begun = None

    async def renewed(self, token: Secret | None) -> None:
        self._writes()
        self.token = self.token if token is None else token.reveal()
        self.kept.append(self.token)
        self.since, self.begun = self.now, None

    def _writes(self) -> None:
        if self.full:
            raise StoreError("the disk is full")
