"""Runs trials through a subject, and shows what came of them by kind."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from driftd.core.model import Kind
from driftd.simulator import Patch
from driftd.simulator.conversions import chance
from tests.drift.evidence import Evidence
from tests.drift.ground import Ground
from tests.drift.judge import Judgement, judged
from tests.drift.nulls import NULLS
from tests.drift.oracle import Ground as Known
from tests.drift.oracle import Verdict, verdict
from tests.drift.plan import ONE, Trial
from tests.drift.prototypes import Declared, properties
from tests.drift.subject import Found, Subject

CYCLES: Final = 3
"""Two evaluations must be enough, and the third shows what flaps."""
HOUR: Final = 3_600_000
"""Milliseconds that pass before the first of them: a prototype is read so often."""
Make = Callable[[Ground], Subject]


@dataclass
class Outcome:
    """What came of one trial."""

    trial: Trial
    verdict: Verdict
    judgement: Judgement
    found: tuple[Found, ...]
    delay: int | None = None
    """Cycles from the patch until all of it fired that must."""


@dataclass
class Bench:
    """Runs trials; grounds that no trial changed are used again."""

    make: Make
    cycles: int = CYCLES
    """After a patch."""
    _ready: dict[tuple[object, ...], tuple[Ground, Subject]] = field(default_factory=dict)

    async def outcomes(self, trials: Iterable[Trial]) -> AsyncIterator[Outcome]:
        """Run trials one after the other."""
        for trial in trials:
            yield await self.outcome(trial)

    async def outcome(self, trial: Trial) -> Outcome:
        """Run one trial."""
        ground, subject, patch = await self._begun(trial)
        before = ground.survey()
        declared = properties(await ground.prototype())
        paged = ground.paged()
        ground.source.forget()
        asked = ground.transport.prototypes
        patch = self._patched(trial, ground, patch)
        ground.clock.ms += HOUR
        found: dict[Found, int] = {}
        for number in range(1, self.cycles + 1):
            await subject.poll(trial.seen)
            for each in await subject.findings():
                found.setdefault(each, number)
        evidence = Evidence(
            ground.resource.key, before, ground.survey(), ground.keys(ground.source.shown),
            ground.keys(ground.source.detailed), paged | ground.paged(), str(trial.seen),
        )  # fmt: skip
        read = trial.seen is not Kind.DELTA or ground.transport.prototypes > asked
        now: Declared = properties(await ground.prototype()) if read else declared
        known = Known(ground.resource.watermark, ground.used, (declared, now), trial.change == "withhold")
        if patch is not None:
            ground.tenant.unpatch(patch)
        right = verdict(trial.patched, evidence, known)
        return Outcome(trial, right, judged(right, found), tuple(found), max(found.values(), default=None))

    async def _begun(self, trial: Trial) -> tuple[Ground, Subject, int | None]:
        """Return the ground with what stands from the start, and a subject that knows it."""
        changing = bool(trial.touched or trial.change in {*NULLS, "withhold"} or trial.undone)
        place = (trial.resource, trial.records, trial.details, trial.watermark)
        if place in self._ready and not changing:
            ground, subject = self._ready[place]
            return ground, subject.copied(), None
        ground = Ground.of(trial.resource, trial.records, details=trial.details, watermark=trial.watermark)
        patch = ground.tenant.patch(_patch(trial, ground)) if trial.undone else None
        if trial.change in NULLS:
            NULLS[trial.change].before(ground.tenant, trial.resource)
        subject = self.make(ground)
        await subject.poll(Kind.SWEEP)
        await subject.poll(Kind.PROBE)
        if not changing:
            self._ready[place] = ground, subject
            return ground, subject.copied(), None
        return ground, subject, patch

    def _patched(self, trial: Trial, ground: Ground, patch: int | None) -> int | None:
        """Do what the trial does; return the patch in force afterwards."""
        tenant = ground.tenant
        if trial.touched:
            tenant.advance(create=0, update=trial.touched, update_lines=0, delete=0, resource=trial.resource)
        if trial.change in NULLS:
            NULLS[trial.change].then(tenant, trial.resource)
        elif trial.change == "withhold":
            tenant.set_access({trial.resource: "unlicensed"})
        elif trial.undone and patch is not None:
            tenant.unpatch(patch)
        else:
            return tenant.patch(_patch(trial, ground))
        return None


def _patch(trial: Trial, ground: Ground) -> Patch:
    """Return the patch of a trial; of one record: with the share that strikes just one."""
    share = trial.share
    if share == ONE:
        struck = sorted(chance(trial.resource, trial.field, key) / 2**64 for key in ground.survey().keys)
        share = sum(struck[:2]) / 2 if len(struck) > 1 else 1.0
    return Patch(trial.resource, trial.change, trial.field, trial.to, share, trial.side)  # type: ignore[arg-type]


# --- what is shown


def shown(outcomes: Sequence[Outcome]) -> str:
    """Render the matrix: by kind of change, and all of them."""
    kinds = sorted({_kind(each) for each in outcomes})
    lines = [_line("kind of patch", "trials", "right", "found", "impacts right", "severity right", "cycles", "false")]
    lines += [_row(kind, [each for each in outcomes if _kind(each) == kind]) for kind in kinds]
    return "\n".join([*lines, _row("all", outcomes)])


def wrong(outcomes: Iterable[Outcome]) -> list[str]:
    """Return a line for each trial that did not come out right."""
    return [
        f"{each.trial}: {', '.join(each.verdict.cases) or 'nothing'};"
        f" missed {[one.name for one in each.judgement.missed]},"
        f" false {[(one.finding, one.field) for one in each.judgement.false]}"
        f"{'' if each.judgement.impacts is not False else ', impacts wrong'}; found {[one[3:] for one in each.found]}"
        for each in outcomes
        if not each.judgement.right
    ]


def misweighed(outcomes: Iterable[Outcome]) -> list[str]:
    """Return a line for each trial whose finding weighs more, or less, than it must."""
    return [f"{each.trial}: {[one[3:] for one in each.found]}" for each in outcomes if each.judgement.severity is False]


def _kind(outcome: Outcome) -> str:
    trial = outcome.trial
    return f"null: {trial.change}" if trial.null else f"{trial.change}{' undone' if trial.undone else ''}"


def _row(kind: str, outcomes: Sequence[Outcome]) -> str:
    judgements = [each.judgement for each in outcomes]
    delays = [each.delay for each in outcomes if each.delay is not None and each.judgement.right]
    return _line(
        kind,
        str(len(outcomes)),
        _share([each.right for each in judgements]),
        _share([each.found for each in judgements]),
        _share([each.impacts for each in judgements]),
        _share([each.severity for each in judgements]),
        f"{sum(delays) / len(delays):.1f}" if delays else "–",
        str(sum(len(each.false) for each in judgements)),
    )


def _share(answers: Iterable[bool | None]) -> str:
    given = [each for each in answers if each is not None]
    return f"{sum(given)}/{len(given)}" if given else "–"


def _line(*cells: str) -> str:
    return f"{cells[0]:28}" + "".join(f"{cell:>16}" for cell in cells[1:])
