"""A short look at one class: whether it can be read, is identified by its key, and shows watermark and details."""

from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.reach import Finding
from driftd.core.model import KeyBytes, Page, Query, Resource
from driftd.core.trial import Capability, Fact, StepOutcome
from driftd.errors import Reason, SourceError

STAMP = "UPDDATTIM"
"""X3's own update stamp, the usual watermark."""
OF_FOLDER = frozenset({Reason.FOLDER_NOT_FOUND, Reason.WRONG_FOLDER})
_OF_CLASS = frozenset({Reason.FORBIDDEN, Reason.RESOURCE_NOT_FOUND})
_NO_KEY = "check key in the configuration: records are identified by it"
_VERDICTS = {
    Capability.NO_RIGHT: "no right to read it",
    Capability.NOT_LICENSED: "not licensed, or its representation has another name here",
    Capability.UNKNOWN: "unknown under this name and representation",
}


async def look(source: X3Source, resource: Resource, page: Page | None) -> Finding:
    """Look at one class: a record, its key, its watermark, and its details where they are wanted."""
    page = page or await source.page(resource, Query(1))
    slices = source.split(page)
    facts: dict[str, Fact] = {"representation": resource.representation, "key": ", ".join(resource.key)}
    if not slices:
        return Finding("available, without a record", facts)
    key = first_key(source, resource, page)
    if not key:
        missing = ", ".join(name for name in resource.key if name not in source.decode(slices[0]))
        what = f"records do not show {missing}" if missing else "the first record has an empty key"
        raise SourceError(Reason.KEY_NOT_UNIQUE, f'"{resource.name}": {what}', hint=_NO_KEY)
    stamp = watermark(resource, frozenset(source.decode(slices[0])))
    if stamp.outcome is not StepOutcome.OK:
        return stamp
    facts |= stamp.facts
    return await _details(source, resource, key, facts) if resource.details else Finding("available", facts)


async def _details(source: X3Source, resource: Resource, key: KeyBytes, facts: dict[str, Fact]) -> Finding:
    try:
        found = await source.details(resource, key)
    except SourceError as error:
        if error.reason in OF_FOLDER:
            raise
        message = f"available, but its details are not ({error.reason}): lines are not captured"
        return Finding(message, facts, StepOutcome.WARNED, error.hint, error.reason)
    gone = found.record is None
    return Finding("available; the record read was deleted meanwhile" if gone else "available with details", facts)


def watermark(resource: Resource, members: frozenset[str]) -> Finding:
    """Say whether the query facet shows the stamp; an unknown one in a filter is answered 500, so none is tried."""
    name = resource.watermark or STAMP
    facts: dict[str, Fact] = {"watermark": name, "configured": resource.watermark is not None}
    facts["offered"] = name in members
    if not members:
        return Finding("no record to see it in", facts)
    if name in members:
        use = "used" if resource.watermark else f'watermark = "{name}" would find changes by it'
        return Finding(f"{name} is offered: {use}", facts)
    if resource.watermark is None:
        return Finding(f"{name} is not offered: new records are found by their key, changes by sweeps", facts)
    hint = f'remove watermark = "{name}" from the configuration: the tenant answers a filter on it with an error'
    return Finding(f"{name} is not shown", facts, StepOutcome.WARNED, hint, Reason.RESOURCE_NOT_FOUND)


def first_key(source: X3Source, resource: Resource, page: Page | None) -> KeyBytes:
    """Return the key of a page's first record; empty where it has none."""
    slices = source.split(page)[:1] if page is not None else ()
    return source.keys(resource, slices)[0] if slices else b""


def meant(error: SourceError, seen: Capability) -> SourceError:
    """Return the failure of a class with what it means for the class."""
    meaning = _VERDICTS.get(seen) if error.reason in _OF_CLASS else None
    message = f"{error} ({meaning})" if meaning else str(error)
    return SourceError(error.reason, message, hint=error.hint, status=error.status, retry_after=error.retry_after)
