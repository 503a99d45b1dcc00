"""Records that share a key, or have none: what detection is shown of them, and whether keys can prove a delete."""

from collections.abc import Callable, Mapping, Sequence

from driftd.core.lines import Line
from driftd.core.model import JsonObject, KeyBytes, Resource, Segment
from driftd.core.schema.parting import SAMPLED
from driftd.errors import Reason
from driftd.runtime.detect import Detection
from driftd.runtime.tally import Tally


class Keys:
    """The keys of one pass."""

    def __init__(
        self, resource: Resource, detection: Detection, tally: Tally, decode: Callable[[bytes], JsonObject]
    ) -> None:
        self._resource = resource
        self._detection = detection
        self._tally = tally
        self._decode = decode
        self._shown = 0

    async def show(self, lines: Sequence[Line], latest: Mapping[KeyBytes, Line]) -> None:
        """Show detection some of the rows that have the key of another one here; `latest` is the last of each key."""
        room = SAMPLED - self._shown
        if len(latest) == len(lines) or not room:
            return
        earlier = [line for line in lines if line.key and latest[line.key] is not line][:room]
        twins = [(self._decode(line.record), self._decode(latest[line.key].record)) for line in earlier]
        self._shown += len(twins)
        await self._detection.repeated(twins)

    def unique(self, layout: Sequence[Segment], before: Sequence[Segment], repeated: int, missing: int) -> bool:
        """Tell whether the keys of a sweep can prove that records are `missing`; says so where they cannot.

        `layout` is what it read, `before` what stood there; `repeated` keys came twice.
        """
        duplicates = sum(one.duplicates for one in layout) + repeated
        keyless = sum(one.keyless for one in layout)
        if duplicates or keyless:
            self._tally.doubt(
                Reason.KEY_NOT_UNIQUE,
                f'"{self._resource.connection}" {self._resource.name}: {duplicates} records share a key with another'
                f" one, {keyless} have none and are left out",
                "have the customer's X3 admin look at these records; the others are captured as ever",
            )
        if missing and self._detection.loses_key(self._tally.records):
            return False
        return not duplicates and keyless <= sum(one.keyless for one in before)
