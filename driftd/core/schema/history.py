"""The versions of a resource's schema: found by their numbers, and compared."""

from collections.abc import Sequence

from driftd.core.model import Resource
from driftd.core.schema.compare import compare
from driftd.core.schema.model import SchemaChange, SchemaVersion, Source
from driftd.errors import DecisionError


def version(versions: Sequence[SchemaVersion], source: Source, number: int) -> SchemaVersion:
    """Return a version by its number; raises `DecisionError` where there is none."""
    own = [each for each in versions if each.source is source]
    found = next((each for each in own if each.number == number), None)
    if found is None:
        known = f"they are {own[0].number} to {own[-1].number}" if own else "nothing was learnt of it yet"
        raise DecisionError(f"there is no version {number} of the {source} schema", hint=known, unknown=True)
    return found


def between(before: SchemaVersion, after: SchemaVersion, resource: Resource | None = None) -> tuple[SchemaChange, ...]:
    """Return the differences of two versions of one source; `resource` says what is key and watermark.

    A rename shows as what went and what came: equal values prove it, and a version has no values.
    """
    key, cursor = ((), None) if resource is None else (resource.key, resource.watermark)
    return compare(before.form, after.form, key=key, cursor=cursor, source=after.source)
