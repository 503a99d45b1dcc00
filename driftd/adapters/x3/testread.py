"""The test read of BPCUSTOMER and what it tells, then a short look at each configured class."""

import re
from collections.abc import Iterator, Sequence

import msgspec

from driftd.adapters.x3 import catalogue, wire
from driftd.adapters.x3.classlook import OF_FOLDER, first_key, look, meant, watermark
from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.reach import Finding
from driftd.adapters.x3.refused import SKEW
from driftd.adapters.x3.settings import X3Settings
from driftd.adapters.x3.steps import Steps
from driftd.adapters.x3.writelook import WRITTEN, look_at_writing
from driftd.core.model import Page, Query, Resource
from driftd.core.trial import Check, Fact, StepOutcome, capability
from driftd.errors import Reason, SourceError

TESTED = "BPCUSTOMER"
"""The class whose reading makes a connection valid."""
_FOLDER = re.compile(r"[A-Za-z0-9_.$-]{1,64}")
_NAMED = 3
"""Folders that a message names."""
_OF_CLASS = frozenset(
    {Reason.FORBIDDEN, Reason.RESOURCE_NOT_FOUND, Reason.INVALID_PAYLOAD, Reason.PAYLOAD_TOO_LARGE, Reason.SERVER_ERROR}
)
"""Reasons that may be of one class alone: the others are looked at all the same."""


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
        self._resource = next((each for each in resources if each.name == TESTED), None) or _standard(
            settings, resources
        )
        self._page: Page | None = None
        self._per_page: int | None = None
        """Records to a page, as the tenant says."""

    def planned(self) -> Iterator[tuple[Check, str]]:
        """Yield every step with its subject, in order."""
        yield Check.FOLDER, self._settings.folder
        yield from ((check, TESTED) for check in (Check.READ, Check.PAGE_CAP, Check.WATERMARK))
        yield Check.CLOCK, self._settings.name
        yield from self._of_classes()

    def _of_classes(self) -> Iterator[tuple[Check, str]]:
        for resource in self._resources:
            yield Check.CLASS, resource.name
            if resource.name in WRITTEN:
                yield Check.WRITE, resource.name

    def skip(self, why: str) -> None:
        """Skip all of it, as it cannot be tried."""
        for check, subject in self.planned():
            self._steps.skip(check, subject, why)

    async def run(self) -> None:
        """Take the steps."""
        steps = self._steps
        seconds, found = await steps.timed(self._read)
        heard = steps.heard
        if isinstance(found, SourceError):
            self._not_read(found, seconds)
            steps.skip(Check.PAGE_CAP, TESTED, f"{TESTED} is not read")
            steps.skip(Check.WATERMARK, TESTED, f"{TESTED} is not read")
        else:
            await steps.take(Check.FOLDER, self._settings.folder, self._folder)
            steps.add(Check.READ, TESTED, found, seconds)
            steps.add(Check.PAGE_CAP, TESTED, self._cap())
            steps.add(Check.WATERMARK, TESTED, watermark(self._resource, self._members()))
        if heard is None or heard.answer is None:
            steps.skip(Check.CLOCK, self._settings.name, f"{TESTED} is not answered")
        else:
            steps.add(Check.CLOCK, self._settings.name, _clock(heard.skew))
        if isinstance(found, SourceError) and found.reason not in _OF_CLASS:
            for check, subject in self._of_classes():
                steps.skip(check, subject, f"{TESTED} is not read for a reason that holds for all")
        else:
            await self._classes(read=not isinstance(found, SourceError))

    def _not_read(self, error: SourceError, seconds: float) -> None:
        """Tell a failed read: of the folder or of the class, whichever the answer blames."""
        steps, folder = self._steps, self._settings.folder
        if error.reason in OF_FOLDER:
            steps.fail(Check.FOLDER, folder, self._answered(error), seconds)
            steps.skip(Check.READ, TESTED, "the folder is not the right one")
        else:
            steps.skip(Check.FOLDER, folder, f"{TESTED} is not read")
            steps.fail(Check.READ, TESTED, error, seconds)

    def _answered(self, error: SourceError) -> SourceError:
        """Return the failure of a folder with the one that answers in its place, where the answer names it."""
        answer = self._steps.heard.answer if self._steps.heard is not None else None
        named = wire.folders(answer.body) - {self._settings.folder} if answer is not None else set()
        codes = sorted(f'"{each}"' for each in named if _FOLDER.fullmatch(each))[:_NAMED]
        if error.reason is not Reason.WRONG_FOLDER or not codes:
            return error
        message = f"{error}: {', '.join(codes)} answers"
        return SourceError(error.reason, message, hint=error.hint, status=error.status)

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

    def _members(self) -> frozenset[str]:
        """Return the members of the first record."""
        slices = self._source.split(self._page) if self._page is not None else ()
        return frozenset(self._source.decode(slices[0])) if slices else frozenset()

    async def _classes(self, *, read: bool) -> None:
        for resource in self._resources:
            tested = self._page if read and resource.name == TESTED else None
            await self._class(resource, tested)

    async def _class(self, resource: Resource, page: Page | None) -> None:
        steps, standard = self._steps, catalogue.lookup(resource.name) is not None
        seconds, found = await steps.timed(lambda: look(self._source, resource, page))
        if isinstance(found, SourceError):
            seen = capability(found.reason, standard=standard)
            steps.fail(Check.CLASS, resource.name, meant(found, seen), seconds, seen)
        else:
            steps.add(Check.CLASS, resource.name, found, seconds)
        if resource.name not in WRITTEN:
            return
        if isinstance(found, SourceError):
            steps.skip(Check.WRITE, resource.name, "the class is not available")
        else:
            await steps.take(Check.WRITE, resource.name, lambda: look_at_writing(self._source, resource))

    async def _folder(self) -> Finding:
        """See whose records these are; where rows do not say it, one record's details may."""
        settings, page = self._settings, self._page
        facts: dict[str, Fact] = {"endpoint": settings.segment, "header": ", ".join(settings.folder_headers)}
        named = wire.folders(page.records) if page is not None else set()
        key = first_key(self._source, self._resource, page)
        if not named and key:
            try:
                await self._source.details(self._resource, key)
            except SourceError as error:
                if error.reason in OF_FOLDER:
                    raise self._answered(error) from error
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


def _clock(skew: float | None) -> Finding:
    if skew is None:
        return Finding("the tenant does not tell its time", {})
    facts: dict[str, Fact] = {"seconds_ahead": round(skew, 1)}
    if abs(skew) <= SKEW:
        return Finding("the clocks agree", facts)
    side = "ahead" if skew > 0 else "behind"
    hint = "set the clock of this machine, or ask the customer's X3 administrator to set the tenant's"
    message = f"the tenant's clock is {abs(skew):.0f} s {side}: fresh tokens may be refused"
    return Finding(message, facts, StepOutcome.WARNED, hint, Reason.CLOCK_SKEW)


def _standard(settings: X3Settings, resources: Sequence[Resource]) -> Resource:
    """Return the tested class as a standard installation has it, in pages as large as those of the others."""
    known = catalogue.lookup(TESTED)
    if known is None:
        raise LookupError(TESTED)
    size = resources[0].page_size if resources else 500
    return Resource(settings.name, known.name, known.representation, known.key, page_size=size)
