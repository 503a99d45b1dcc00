"""The steps of a live check as they are taken: timed, and every failure told with its reason."""

import math
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from driftd.adapters.x3.masking import mask
from driftd.adapters.x3.overheard import Heard
from driftd.adapters.x3.reach import Finding
from driftd.adapters.x3.tape import Tape
from driftd.core.trial import Capability, Check, Fact, Step, StepOutcome
from driftd.errors import Reason, SourceError
from driftd.ports import Clock, Traffic

Tell: TypeAlias = Callable[[Step], None]
_SLOW: Final = "look why the tenant is slow; `driftd connections test` takes as long as it needs"
_HEAD = 300
"""Characters of an answer that are shown, masked."""


class Listeners(Struct, frozen=True):
    """Who hears of a check while it is made."""

    tape: Tape | None = None
    """Takes every request with its answer."""
    tell: Tell | None = None
    """Is told each step once it is taken."""


NOBODY: Final = Listeners()


class Within(Struct, frozen=True):
    """How far a check may go."""

    traffic: Traffic | None = None
    """Says when a request may be sent; None: whenever."""
    seconds: float = math.inf
    """After which nothing more is asked, and what was found so far is told."""


UNBOUND: Final = Within()


class Steps:
    """What was found so far, and what was heard last."""

    def __init__(self, connection: str, clock: Clock, listeners: Listeners) -> None:
        self.connection = connection
        self.done: list[Step] = []
        self.heard: Heard | None = None
        """The latest request of the step being taken."""
        self.full = False
        """Whether what is heard belongs to a full read."""
        self._clock = clock
        self._tape, self._tell = listeners.tape, listeners.tell

    def hear(self, heard: Heard) -> None:
        """Take note of a request, also on the tape, but for prototypes: no cassette serves them."""
        self.heard = heard
        if self._tape is not None and "/$prototypes(" not in heard.address:
            self._tape.take(heard, reading=self.full)

    async def take(self, check: Check, subject: str, work: Callable[[], Awaitable[Finding]]) -> bool:
        """Take one step; tells whether it did not fail."""
        seconds, found = await self.timed(work)
        if isinstance(found, SourceError):
            self.fail(check, subject, found, seconds)
            return False
        self.add(check, subject, found, seconds)
        return True

    async def timed(self, work: Callable[[], Awaitable[Finding]]) -> tuple[float, Finding | SourceError]:
        """Return what work found, or how it failed, and the seconds it took."""
        begun, self.heard = self._clock.monotonic(), None
        try:
            found: Finding | SourceError = await work()
        except SourceError as error:
            found = error
        return self._clock.monotonic() - begun, found

    def add(self, check: Check, subject: str, found: Finding, seconds: float = 0.0) -> None:
        """Add a step that did not fail."""
        step = Step(
            check, subject, found.outcome, seconds, found.message, found.reason, hint=found.hint, facts=found.facts
        )
        self._take(replace(step, capability=Capability.AVAILABLE if check is Check.CLASS else None))

    def fail(
        self,
        check: Check,
        subject: str,
        error: SourceError,
        seconds: float = 0.0,
        found: Capability | None = None,
    ) -> None:
        """Add a step that failed."""
        message = str(error).removeprefix(f'connection "{self.connection}": ')
        step = Step(check, subject, StepOutcome.FAILED, seconds, message, error.reason, hint=error.hint)
        self._take(replace(step, facts=self._seen(error), capability=found))

    def skip(self, check: Check, subject: str, why: str) -> None:
        """Add a step that could not be taken."""
        self._take(Step(check, subject, StepOutcome.SKIPPED, 0.0, why))

    def end(self, planned: Iterable[tuple[Check, str]], seconds: float) -> None:
        """Tell that the time is over: the step under way, the first of those left, failed; the others are skipped."""
        done = {(step.check, step.subject) for step in self.done}
        left = [each for each in planned if each not in done]
        for check, subject in left[:1]:
            error = SourceError(Reason.TIMEOUT, f"the check is not over after {seconds:g} s", hint=_SLOW)
            self.fail(check, subject, error, found=Capability.UNKNOWN if check is Check.CLASS else None)
        for check, subject in left[1:]:
            self.skip(check, subject, f"the check was over after {seconds:g} s")

    def _take(self, step: Step) -> None:
        self.done.append(step)
        if self._tell is not None:
            self._tell(step)

    def failed(self, check: Check, subject: str) -> bool:
        """Tell whether a step failed."""
        return any(
            (step.check, step.subject) == (check, subject) and step.outcome is StepOutcome.FAILED for step in self.done
        )

    def _seen(self, error: SourceError) -> Mapping[str, Fact]:
        """Return what can be shown of the answer that was refused: status, type and head, every other word masked."""
        answer = self.heard.answer if self.heard is not None else None
        if answer is None:
            return {}
        facts: dict[str, Fact] = {"status": answer.status, "content_type": answer.content_type}
        if error.retry_after is not None:
            facts["retry_after"] = error.retry_after
        head = " ".join(mask(answer.body[: 4 * _HEAD].decode("utf-8", "replace")).split())
        return {**facts, "answer": head[:_HEAD]}
