"""The test read of BPCUSTOMER and what it tells, then a short look at each configured class."""

from collections.abc import Sequence

import msgspec

from driftd.adapters.x3 import catalogue, wire
from driftd.adapters.x3.client import SKEW, X3Source
from driftd.adapters.x3.reach import Finding
from driftd.adapters.x3.settings import X3Settings
from driftd.adapters.x3.steps import Steps
from driftd.core.model import KeyBytes, Page, Query, Resource
from driftd.core.trial import Check, Fact, StepOutcome
from driftd.errors import Reason, SourceError

TESTED = "BPCUSTOMER"
"""The class whose reading makes a connection valid."""
STAMP = "UPDDATTIM"
"""X3's own update stamp, the usual watermark."""
_OF_FOLDER = frozenset({Reason.FOLDER_NOT_FOUND, Reason.WRONG_FOLDER})
_OF_CLASS = frozenset(
    {Reason.FORBIDDEN, Reason.RESOURCE_NOT_FOUND, Reason.INVALID_PAYLOAD, Reason.PAYLOAD_TOO_LARGE, Reason.SERVER_ERROR}
)
"""Reasons that may be of one class alone: the others are looked at all the same."""
_NO_KEY = "check key in the configuration: records are identified by it"
_VERDICTS = {
    Reason.FORBIDDEN: "no right to read it",
    Reason.RESOURCE_NOT_FOUND: "not licensed, or unknown under this name and representation",
}


class _Items(msgspec.Struct):
    per_page: int | None = msgspec.field(name="$itemsPerPage", default=None)


_items = msgspec.json.Decoder(_Items).decode


class TestRead:
    """The steps from folder to classes."""

    __test__ = False  # no test of pytest's

    def __init__(self, settings: X3Settings, resources: Sequence[Resource], steps: Steps, source: X3Source) -> None:
        self._settings = settings
        self._resources = resources
        self._steps = steps
        self._source = source
        self._resource = next((each for each in resources if each.name == TESTED), None) or _standard(settings.name)
        self._page: Page | None = None
        self._per_page: int | None = None
        """Records to a page, as the tenant says."""

    def skip(self, why: str, *, since: Check = Check.FOLDER) -> None:
        """Skip what cannot be tried, from a step on."""
        order = (Check.FOLDER, Check.READ, Check.PAGE_CAP, Check.WATERMARK, Check.CLOCK)
        for check in order[order.index(since) :] if since in order else ():
            self._steps.skip(check, self._settings.folder if check is Check.FOLDER else TESTED, why)
        for resource in self._resources:
            self._steps.skip(Check.CLASS, resource.name, why)

    async def run(self) -> None:
        """Take the steps."""
        steps = self._steps
        seconds, found = await steps.timed(self._read)
        clock = self._clock()
        if isinstance(found, SourceError):
            self._not_read(found, seconds)
            steps.skip(Check.PAGE_CAP, TESTED, f"{TESTED} is not read")
            steps.skip(Check.WATERMARK, TESTED, f"{TESTED} is not read")
        else:
            await steps.take(Check.FOLDER, self._settings.folder, self._folder)
            steps.add(Check.READ, TESTED, found, seconds)
            steps.add(Check.PAGE_CAP, TESTED, self._cap())
            steps.add(Check.WATERMARK, TESTED, self._watermark(self._resource, self._members()))
        steps.add(Check.CLOCK, self._settings.name, clock)
        if isinstance(found, SourceError) and found.reason not in _OF_CLASS:
            self.skip(f"{TESTED} is not read for a reason that holds for all", since=Check.CLASS)
        else:
            await self._classes(read=not isinstance(found, SourceError))

    def _not_read(self, error: SourceError, seconds: float) -> None:
        """Tell a failed read: of the folder or of the class, whichever the answer blames."""
        steps, folder = self._steps, self._settings.folder
        if error.reason in _OF_FOLDER:
            steps.fail(Check.FOLDER, folder, error, seconds)
            steps.skip(Check.READ, TESTED, "the folder is not the right one")
        else:
            steps.skip(Check.FOLDER, folder, f"{TESTED} is not read")
            steps.fail(Check.READ, TESTED, error, seconds)

    async def _read(self) -> Finding:
        page = self._page = await self._source.page(self._resource, Query(self._resource.page_size))
        heard, count = self._steps.heard, len(self._source.split(page))
        if heard is not None and heard.answer is not None:
            self._per_page = _items(wire.without_bom(heard.answer.body)).per_page
        facts: dict[str, Fact] = {"records": count, "bytes": page.wire_bytes}
        if count:
            return Finding(f"{count} records read", facts)
        hint = "ask the customer's X3 administrator whether the folder has customers and the user may see them"
        return Finding("answers without records", facts, StepOutcome.WARNED, hint, Reason.EMPTY_ANSWER)

    def _clock(self) -> Finding:
        heard = self._steps.heard
        skew = heard.skew if heard is not None else None
        if skew is None:
            return Finding("the tenant does not tell its time", {})
        facts: dict[str, Fact] = {"seconds_ahead": round(skew, 1)}
        if abs(skew) <= SKEW:
            return Finding("the clocks agree", facts)
        side = "ahead" if skew > 0 else "behind"
        hint = "set the clock of this machine, or ask the customer's X3 administrator to set the tenant's"
        message = f"the tenant's clock is {abs(skew):.0f} s {side}: fresh tokens may be refused"
        return Finding(message, facts, StepOutcome.WARNED, hint, Reason.CLOCK_SKEW)

    async def _folder(self) -> Finding:
        """See whose records these are; where rows do not say it, one record's details may."""
        settings, page = self._settings, self._page
        facts: dict[str, Fact] = {"endpoint": settings.segment, "header": ", ".join(settings.folder_headers)}
        named = wire.folders(page.records) if page is not None else set()
        key = self._key(self._resource, page)
        if not named and key:
            try:
                await self._source.details(self._resource, key)
            except SourceError as error:
                if error.reason in _OF_FOLDER:
                    raise
            else:
                heard = self._steps.heard
                named = wire.folders(heard.answer.body) if heard is not None and heard.answer is not None else set()
        if named:
            return Finding(f'the answer names "{settings.folder}"', facts)
        return Finding("accepted; the answer does not name its folder", facts)

    def _cap(self) -> Finding:
        """Say how many records a page holds at most, by what the tenant says or else by a page that is not the last."""
        asked, page = self._resource.page_size, self._page
        given = len(self._source.split(page)) if page is not None else 0
        last = page is None or page.next is None
        most = self._per_page or (asked if last else given)
        facts: dict[str, Fact] = {"asked": asked, "given": given}
        if most >= asked:
            return Finding(f"pages of {asked} as asked", facts)
        hint = f"set page_size = {most} for this connection, so that the plan of its requests is right"
        return Finding(f"asked for {asked}, the tenant gives at most {most} a page", facts, StepOutcome.WARNED, hint)

    def _members(self) -> frozenset[str]:
        """Return the members of the first record."""
        slices = self._source.split(self._page) if self._page is not None else ()
        return frozenset(self._source.decode(slices[0])) if slices else frozenset()

    def _watermark(self, resource: Resource, members: frozenset[str]) -> Finding:
        """Say whether the query facet shows the stamp; an unknown one in a filter is answered 500, so none is tried."""
        name = resource.watermark or STAMP
        facts: dict[str, Fact] = {"watermark": name, "configured": resource.watermark is not None}
        if not members:
            return Finding("no record to see it in", facts)
        if name in members:
            use = "used" if resource.watermark else f'watermark = "{name}" would find changes by it'
            return Finding(f"{name} is offered: {use}", facts)
        if resource.watermark is None:
            return Finding(f"{name} is not offered: new records are found by their key, changes by sweeps", facts)
        hint = f'remove watermark = "{name}" from the configuration: the tenant answers a filter on it with an error'
        return Finding(f"{name} is not shown", facts, StepOutcome.WARNED, hint, Reason.RESOURCE_NOT_FOUND)

    async def _classes(self, *, read: bool) -> None:
        for resource in self._resources:
            tested = self._page if read and resource.name == TESTED else None
            await self._steps.take(Check.CLASS, resource.name, lambda: self._class(resource, tested))  # noqa: B023 - at once

    async def _class(self, resource: Resource, page: Page | None) -> Finding:
        """Look at one class: a record, its key, its watermark, and its details where they are wanted."""
        source = self._source
        try:
            page = page or await source.page(resource, Query(1))
        except SourceError as error:
            raise _told(error) from error
        slices = source.split(page)
        facts: dict[str, Fact] = {"representation": resource.representation, "key": ", ".join(resource.key)}
        if not slices:
            return Finding("available, without a record", facts)
        key = self._key(resource, page)
        if not key:
            missing = ", ".join(name for name in resource.key if name not in source.decode(slices[0]))
            what = f"records do not show {missing}" if missing else "the first record has an empty key"
            raise SourceError(Reason.KEY_NOT_UNIQUE, f'"{resource.name}": {what}', hint=_NO_KEY)
        if resource.watermark is not None:
            found = self._watermark(resource, frozenset(source.decode(slices[0])))
            if found.outcome is not StepOutcome.OK:
                return found
        return await self._details(resource, key, facts) if resource.details else Finding("available", facts)

    async def _details(self, resource: Resource, key: KeyBytes, facts: dict[str, Fact]) -> Finding:
        try:
            found = await self._source.details(resource, key)
        except SourceError as error:
            if error.reason in _OF_FOLDER:
                raise
            message = f"available, but its details are not ({error.reason}): lines are not captured"
            return Finding(message, facts, StepOutcome.WARNED, error.hint, error.reason)
        gone = found.record is None
        return Finding("available; the record read was deleted meanwhile" if gone else "available with details", facts)

    def _key(self, resource: Resource, page: Page | None) -> KeyBytes:
        slices = self._source.split(page)[:1] if page is not None else ()
        return self._source.keys(resource, slices)[0] if slices else b""


def _told(error: SourceError) -> SourceError:
    """Return the failure of a class with what it means for the class."""
    meaning = _VERDICTS.get(error.reason)
    message = f"{error} ({meaning})" if meaning else str(error)
    return SourceError(error.reason, message, hint=error.hint, status=error.status, retry_after=error.retry_after)


def _standard(connection: str) -> Resource:
    known = catalogue.lookup(TESTED)
    if known is None:
        raise LookupError(TESTED)
    return Resource(connection, known.name, known.representation, known.key)
