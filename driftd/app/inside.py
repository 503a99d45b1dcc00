"""The composition of what the daemon's HTTP surface sees and does."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from msgspec.structs import replace

from driftd.adapters.clock import SystemClock
from driftd.adapters.logs import Redaction
from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.vault.safe import Safe
from driftd.adapters.x3.refusals import Refusals
from driftd.app.adoption import Adoption
from driftd.app.care import Keeper
from driftd.app.casework import listed, opened
from driftd.app.changing import Marks
from driftd.app.connections import Connections, House
from driftd.app.keeping import check_reads
from driftd.app.opening import connected
from driftd.app.pairing import Pairs
from driftd.app.renewal import Means, Renewals
from driftd.app.space import Space
from driftd.app.tenants import tenants_of
from driftd.app.trial import Opening, checked
from driftd.app.vault import Vault
from driftd.app.webfile import Webfile
from driftd.config import ConnectionConfig
from driftd.core.casefile import Case
from driftd.core.decision import Word
from driftd.core.retention import Cursor
from driftd.core.sealed import Kept
from driftd.core.trial import Step as TrialStep
from driftd.core.trial import StepOutcome, Trial
from driftd.errors import DecisionError
from driftd.faces.http.inside import Check, Deeds, Entry, Inside, Step, TokenDeeds, Upkeep
from driftd.ports import Log
from driftd.runtime.admission import Admission
from driftd.runtime.daemon import Running
from driftd.runtime.pruning import Pruning


class Housed(NamedTuple):
    """The store, and what looks after it."""

    store: SqliteStore
    space: Space
    keeper: Keeper
    safe: Safe
    """The secrets that it keeps, sealed."""
    pairs: Pairs
    """Those of them that each use replaces."""
    refusals: Refusals
    """Which secrets were refused lately."""
    marks: Marks
    """What was last read of secrets, wherever they stand."""
    admission: Admission
    """The tokens that let programs in."""
    entry: Entry
    web: Webfile


def inside(running: Running, redaction: Redaction, log: Log, housed: Housed, pruning: Pruning) -> Inside:
    """Return the daemon as its HTTP surface sees it."""
    store = housed.store
    vault = Vault(store.vault, housed.safe, lambda: running.config, SystemClock().now)
    opening = partial(connected, learn=redaction.learn)
    adoption = Adoption(vault, housed.pairs, lambda: running.config, opening)

    async def reload() -> str:
        return str(await running.reload())

    async def case(id_: str) -> Case:
        return await opened(store, running.sites(), id_)

    async def move(cursor: Cursor) -> None:
        check_reads(running.config, cursor)
        await store.changelog.move(cursor)

    async def keep(kept: Kept, word: Word, unchecked: bool, name: str = "") -> str:  # noqa: FBT001 - as it is asked for
        prove = partial(_prove, running, redaction, kept.place.connection)
        said = await adoption.keep(
            kept, word, unchecked=unchecked, traffic=lambda each: running.post(each).traffic, prove=prove, name=name
        )
        for each in running.config.connections:
            if each.kept_as == kept.place.connection:
                running.renew(each.name)
        return said

    connections = Connections(
        House(
            store,
            housed.pairs,
            lambda: running.config,
            SystemClock().now,
            running.take,
            running.forget,
            running.changing,
            housed.admission,
            redaction.learn,
            running.renew,
        )
    )
    renewals = Renewals(
        Means(
            lambda: running.config,
            store.vault,
            housed.safe,
            SystemClock().now,
            redaction.learn,
            redaction.forget,
            partial(_with_secret, running, _known),
            keep,
        )
    )

    def ask(name: str) -> None:
        housed.refusals.forget()  # who asks may have mended something
        running.ask(name)

    tenants = tenants_of(running, connections, renewals, store, partial(_trial, running, redaction, housed))
    return Inside(
        status=running.status,
        web=lambda: running.config.web,
        missing=running.missing,
        reload=reload,
        check=partial(_check, running, redaction, housed),
        alerts=partial(listed, store.casebook),
        case=case,
        versions=store.casebook.versions,
        decide=running.decisions.decide,
        erase=running.erasing.erase,
        clock=SystemClock(),
        log=log,
        upkeep=Upkeep(pruning.by_hand, store.changelog.cursors, move, store.changelog.forget),
        vault=Deeds(keep, vault.rotate, vault.shred),
        tenants=replace(tenants, ask=ask),
        direct=running.pausing.direct,
        audit=store.casebook.audit,
        entry=housed.entry,
        tokens=TokenDeeds(housed.admission.listed, housed.admission.make, housed.admission.revoke),
    )


async def _trial(running: Running, redaction: Redaction, housed: Housed, name: str, *, whole: bool = True) -> Trial:
    """Check a connection live, within the limits of its polls."""
    post, opening = running.post(name), Opening(redaction.learn, housed.safe, housed.pairs)
    return await checked(post.connection, opening, post.traffic, whole=whole)


def _known(_secret: str) -> None:
    """Learn nothing: the secret is known to the log."""


async def _with_secret(
    running: Running, learn: Callable[[str], None], connection: ConnectionConfig, safe: Safe
) -> Trial:
    """Check a connection live with the secret of a safe, within the limits of its polls."""
    return await checked(connection, Opening(learn, safe), running.post(connection.name).traffic, whole=False)


async def _check(running: Running, redaction: Redaction, housed: Housed, name: str) -> Check:
    if aside := running.pausing.told(name):
        return Check(success=False, steps=[Step(f"pause {name}", 0.0, f"{aside}; nothing is asked")])
    trial = await _trial(running, redaction, housed, name, whole=False)  # a scraper waits for it
    return Check(trial.valid, [Step(f"{each.check} {each.subject}", each.seconds, _said(each)) for each in trial.steps])


async def _prove(running: Running, redaction: Redaction, name: str, safe: Safe) -> None:
    """Raise `DecisionError` where a connection does not go with the secret of a safe, asked within its limits."""
    trial = await _with_secret(running, redaction.learn, running.post(name).connection, safe)
    if not trial.valid:
        failed = next((each for each in trial.steps if each.outcome is StepOutcome.FAILED), trial.steps[-1])
        what = f"the secret was not kept: {failed.check} {failed.subject}: {failed.message}"
        raise DecisionError(what, hint=failed.hint or "give another, or say unchecked where the tenant is not asked")


def _said(step: TrialStep) -> str:
    reason = f"{step.reason}: " if step.reason else ""
    return f"{step.outcome}: {reason}{step.message}" + (f"\n{step.hint}" if step.hint else "")
