"""What is open of a resource's shape: baseline × forms of now, in both schemas, and each cause once."""

from typing import NamedTuple

from driftd.core.model import Resource
from driftd.core.schema import record
from driftd.core.schema.agreement import agreed
from driftd.core.schema.compare import compare
from driftd.core.schema.model import Baseline, Learnt, SchemaChange, Source
from driftd.core.schema.record import Remembered


class Opened(NamedTuple):
    """What differs between the baseline and the forms of now."""

    changes: tuple[SchemaChange, ...]
    current: Baseline
    among: tuple[SchemaChange, ...] = ()
    """As each schema shows it."""


def opened(learnt: Learnt, baseline: Baseline, resource: Resource) -> Opened:
    """Return what is open of a resource's shape between two cycles."""
    found = differences(learnt, baseline, record.unpacked(learnt.counts), resource)
    return Opened(found.told(learnt, baseline), Baseline(learnt.form, learnt.stated), found.all)


class Differences(NamedTuple):
    """What each schema shows."""

    seen: tuple[SchemaChange, ...]
    said: tuple[SchemaChange, ...]

    @property
    def all(self) -> tuple[SchemaChange, ...]:
        return (*self.seen, *self.said)

    def told(self, learnt: Learnt, baseline: Baseline) -> tuple[SchemaChange, ...]:
        """Return each cause once."""
        return agreed(self.seen, self.said, baseline=baseline.learnt, prototype=learnt.stated)


def differences(learnt: Learnt, baseline: Baseline, remembered: Remembered, resource: Resource) -> Differences:
    """Return the differences of both schemas. Where records prove that a field moved, its declaration has moved too."""
    key, cursor, moves = resource.key, resource.watermark, remembered.renamed
    seen: tuple[SchemaChange, ...] = ()
    said: tuple[SchemaChange, ...] = ()
    if learnt.form is not None and baseline.learnt is not None and learnt.form != baseline.learnt:
        seen = compare(
            baseline.learnt,
            learnt.form,
            renamed=moves,
            evidence=remembered.evidence,
            key=key,
            cursor=cursor,
        )
    if learnt.stated is not None and baseline.declared is not None and learnt.stated != baseline.declared:
        said = compare(baseline.declared, learnt.stated, renamed=moves, key=key, cursor=cursor, source=Source.DECLARED)
    return Differences(seen, said)
