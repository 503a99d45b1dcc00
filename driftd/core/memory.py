"""What detection remembers of one resource from cycle to cycle; written with the cycle's own commit."""

from msgspec import Struct

from driftd.core.model import KeyBytes
from driftd.core.rhythm import Rhythm
from driftd.core.scale import Quote, Shift
from driftd.core.schema.model import Learnt


class Memory(Struct, frozen=True):
    """All that the next evaluation starts from, but the baseline, which a person may change between two cycles."""

    learnt: Learnt = Learnt()
    evaluated: int | None = None
    """When all checks last ran to their end, epoch ms."""
    shifts: tuple[Shift, ...] = ()
    """Shifts of scale that are neither undone nor accepted."""
    quotes: tuple[Quote, ...] = ()
    """How the latest prices of new documents compare with those before."""
    rhythm: Rhythm = Rhythm()
    churn: tuple[float, ...] = ()
    """The share of records that changed in each of the latest sweeps that saw changes."""
    review: KeyBytes | None = None
    """The key up to which records were judged against other classes that were not known at their baseline; empty: none
    as yet; None: all were."""
