"""One trial: what is patched, where, how much of it, and which cycles look at it afterwards."""

from typing import Final, NamedTuple

from driftd.core.model import Kind
from tests.drift.evidence import Patched

NULLS: Final = ("nothing", "business", "language", "restyled", "conditional", "absent when null")
"""Changes that are none of shape: see `nulls`. So are the patches ``title`` and ``order``."""
ONE: Final = 0.0
"""The share that stands for a single record."""


class Trial(NamedTuple):
    """A patch and its circumstances."""

    resource: str
    change: str
    field: str = ""
    to: object = None
    share: float = 1.0
    """Of the records; `ONE`: a single one."""
    side: str = "both"
    seen: Kind = Kind.SWEEP
    """The kind of all cycles after the patch."""
    records: int = 320
    undone: bool = False
    """The patch is in force from the start, and is taken back."""
    details: bool = False
    """A class without lines is completed from the details facet all the same."""
    watermark: bool = False
    """The query facet shows the update stamp, and deltas select by it."""
    touched: int = 0
    """So many records are revised by business beside the patch."""

    @property
    def patched(self) -> Patched:
        """Return it as the oracle wants it."""
        to = self.to if isinstance(self.to, str) else None
        return Patched(self.resource, self.change, self.field, to, self.share, self.side, self.undone)

    @property
    def null(self) -> bool:
        """Whether the trial is of a null patch."""
        return self.change in NULLS or self.change in {"title", "order"}

    def __str__(self) -> str:
        """Name it on one line, so that it can be run alone."""
        words = [self.resource, self.change, self.field, "" if self.to is None else f"→ {self.to}"]
        words += ["one record" if self.share == ONE else f"{self.share:.0%}", self.side, f"by {self.seen}"]
        words += [f"of {self.records}", "undone" if self.undone else "", "with details" if self.details else ""]
        words += ["with a watermark" if self.watermark else "", f"{self.touched} touched" if self.touched else ""]
        return " ".join(word for word in words if word)
