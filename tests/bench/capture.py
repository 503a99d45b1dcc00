"""driftd with its detection left out, to tell what detection costs beside capture: the arguments of ``driftd``.

A composition of the benchmark alone: rows and changes are handed to nobody, and a cycle is judged by nobody.
"""

from collections.abc import Iterable, Sequence

from driftd.__main__ import main
from driftd.core.model import Change, Row
from driftd.core.schema.model import Form
from driftd.ports import Source
from driftd.runtime.detect import Detection, Verdict
from driftd.runtime.tally import Tally


async def _baseline(_self: Detection, rows: Sequence[Row]) -> None:
    """Take in nothing."""


async def _changed(_self: Detection, rows: Sequence[Row], changes: Sequence[Change]) -> Sequence[Change]:
    return changes


async def _keyless(_self: Detection, records: Iterable[bytes]) -> None:
    """Take in nothing."""


async def _prototypes(_self: Detection, source: Source, tally: Tally, monotonic: float) -> Form | None:
    return None


async def _conclude(_self: Detection, prototypes: Form | None, tally: Tally, now: int) -> Verdict:
    return Verdict()


if __name__ == "__main__":
    for name, nothing in {
        "baseline": _baseline,
        "changed": _changed,
        "keyless": _keyless,
        "prototypes": _prototypes,
        "conclude": _conclude,
    }.items():
        setattr(Detection, name, nothing)
    main()
