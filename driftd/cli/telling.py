"""How the demo speaks: to people in colour, to programs in JSON, one object an event."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from textwrap import wrap
from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Struct
from rich.text import Text

from driftd.cli.saying import tell
from driftd.cli.story import Chapter, Outcome, Teller
from driftd.cli.tables import console, show_table
from driftd.core.alerts.model import Notice, Telling
from driftd.core.casefile import of_alert
from driftd.core.document import moment
from driftd.core.drift import Severity
from driftd.core.explained import Place, explained, place_of
from driftd.core.visible import visible

if TYPE_CHECKING:
    from driftd.core.alerts.model import Alert

_WIDE: Final = 100
_INDENT: Final = 20
_STYLES: Final = {Severity.CRITICAL: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold blue"}
_SAID: Final = {
    Telling.FIRING: "alert fires",
    Telling.SEVERITY: "new severity",
    Telling.FLAPPING: "alert flaps",
    Telling.RESOLVED: "alert ended",
}
_COLUMNS: Final = ("#", "injected", "found as", "where", "severity", "delay", "ended")


class Stage(Struct, frozen=True):
    """Where the story plays."""

    daemon: str
    """Its address: scheme, host and port; so are the simulators'."""
    simulators: Mapping[str, Sequence[str]]
    """The names of the tenants at each."""
    homes: Mapping[str, Place]
    """Where each tenant is."""


class Speaker(Teller, Protocol):
    """A teller who also begins and ends."""

    def opening(self, stage: Stage) -> None:
        """Say what is watched, and where to look."""

    def begun(self, records: Mapping[str, int]) -> None:
        """Say that all is read, so many records of each tenant."""

    def closing(self, outcome: Outcome) -> None:
        """Sum up."""


class ToPeople:
    """Tells people; `clock` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = clock()
        self._console = console()
        self._homes: Mapping[str, Place] = {}

    def opening(self, stage: Stage) -> None:
        """Say what is watched, and where to look."""
        self._homes = stage.homes
        self._say("driftd watches five simulated Sage X3 tenants; eight things will befall them.", "bold")
        rows = [("daemon", stage.daemon), ("metrics", f"{stage.daemon}/metrics")]
        rows += [("alerts", f"{stage.daemon}/api/v1/alerts")]
        rows += [("simulator", f"{url} serves {', '.join(names)}") for url, names in stage.simulators.items()]
        for label, text in rows:
            self._say(f"  {label:<10} {text}")

    def begun(self, records: Mapping[str, int]) -> None:
        """Say that all is read."""
        self._line("read", f"{sum(records.values()):,} records of {len(records)} tenants, for the first time")

    def struck(self, chapter: Chapter) -> None:
        """Tell of an incident that was done."""
        self._say()
        self._line(f"incident {chapter.number}", chapter.incident.happens, "bold cyan")

    def alert(self, notice: Notice, chapter: Chapter | None) -> None:
        """Tell of an alert: what it is, who acts and what to say as it fires."""
        alert, drift = notice.alert, notice.alert.drift
        said = explained(alert, place_of(alert, self._homes))
        label = _SAID[notice.telling]
        if notice.telling is not Telling.FIRING:
            style = "green" if notice.telling is Telling.RESOLVED else _STYLES[drift.severity]
            self._line(label, f"{where(alert)}: {drift.finding}, {drift.severity}", style)
            return
        late = "" if chapter is None or chapter.delay is None else f", {chapter.delay:.1f} s later"
        self._line(label, f"{drift.severity}{late}, {where(alert)}: {said.clause}", _STYLES[drift.severity])
        self._row("who acts", said.actor)
        self._row("say", f"“{said.tell}”")
        if chapter is None:
            self._row("", "No incident accounts for this: it is a false alert.")

    def mended(self, chapter: Chapter) -> None:
        """Tell that an incident is undone."""
        self._line("mended", chapter.incident.mended)

    def missed(self, chapter: Chapter) -> None:
        """Tell that an incident was not found in time."""
        self._line("missed", f"Nothing was told of it: {chapter.incident.title}.", "bold red")

    def closing(self, outcome: Outcome) -> None:
        """Sum up."""
        self._say()
        show_table(_COLUMNS, [_summed(each) for each in outcome.chapters], ("#", "delay", "ended"))
        for notice in outcome.false:
            self._say(f"false: {where(notice.alert)}: {notice.alert.drift.finding}", "bold red")
        self._say(summary(outcome), "bold green" if outcome.right else "bold red")

    def _line(self, label: str, text: str, style: str = "bold") -> None:
        seconds = self._clock() - self._began
        at = f"{int(seconds // 60)}:{int(seconds % 60):02d}"
        self._print(f"{at:>5}  {label}", text, style)

    def _row(self, label: str, text: str) -> None:
        self._print(f"       {label}", text, "")

    def _print(self, head: str, text: str, style: str) -> None:
        for number, line in enumerate(wrap(text, _WIDE - _INDENT, break_on_hyphens=False) or [""]):
            label = "" if number else head
            self._console.print(Text.assemble((label.ljust(_INDENT), style), visible(line)), soft_wrap=True)

    def _say(self, text: str = "", style: str = "") -> None:
        self._console.print(Text(visible(text), style=style), soft_wrap=True)


class ToPrograms:
    """Prints one JSON object an event."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._homes: Mapping[str, Place] = {}

    def opening(self, stage: Stage) -> None:
        """Say what is watched, and where to look."""
        self._homes = stage.homes
        simulators = [{"url": url, "tenants": list(names)} for url, names in stage.simulators.items()]
        self._print("opening", daemon=stage.daemon, metrics=f"{stage.daemon}/metrics", simulators=simulators)

    def begun(self, records: Mapping[str, int]) -> None:
        """Say that all is read."""
        self._print("read", records=dict(records))

    def struck(self, chapter: Chapter) -> None:
        """Tell of an incident that was done."""
        self._print("incident", number=chapter.number, title=chapter.incident.title, says=chapter.incident.happens)

    def alert(self, notice: Notice, chapter: Chapter | None) -> None:
        """Tell of an alert that fires or ended."""
        alert = notice.alert
        document = of_alert(alert, place_of(alert, self._homes), notice.at)
        number = None if chapter is None else chapter.number
        self._print("alert", telling=notice.telling, incident=number, alert=document)

    def mended(self, chapter: Chapter) -> None:
        """Tell that an incident is undone."""
        self._print("mended", number=chapter.number, says=chapter.incident.mended)

    def missed(self, chapter: Chapter) -> None:
        """Tell that an incident was not found in time."""
        self._print("missed", number=chapter.number, title=chapter.incident.title)

    def closing(self, outcome: Outcome) -> None:
        """Sum up."""
        delays = {str(each.number): each.delay for each in outcome.chapters}
        found = sum(each.found is not None for each in outcome.chapters)
        injected, false = len(outcome.chapters), len(outcome.false)
        self._print("summary", injected=injected, found=found, false=false, delays=delays, ok=outcome.right)

    def _print(self, event: str, **facts: object) -> None:
        tell({"event": event, "at": moment(self._now()), **facts})


def where(alert: "Alert") -> str:
    """Return whom an alert is about."""
    name = alert.scope_id if alert.group else alert.drift.connection
    return f"{name} {alert.drift.resource}" if alert.drift.resource else name


def summary(outcome: Outcome) -> str:
    """Return the outcome in one line."""
    chapters, delays = outcome.chapters, sorted(_delays(outcome.chapters))
    spread = f", after {median(delays):.1f} s (median; at most {delays[-1]:.1f} s)" if delays else ""
    left = outcome.planned - len(chapters)
    rest = f"; {left} more were not played" if left else ""
    return f"{len(chapters)} injected, {len(delays)} found{spread}, {len(outcome.false)} false{rest}"


def _delays(chapters: Iterable[Chapter]) -> list[float]:
    return [each.delay for each in chapters if each.delay is not None]


def _summed(chapter: Chapter) -> tuple[str, ...]:
    incident, alert = chapter.incident, chapter.alert
    if alert is None or chapter.delay is None:
        return (str(chapter.number), incident.title, "-", incident.name, "-", "-", "-")
    drift = alert.drift
    ended = "open" if chapter.firing or chapter.ended is None else f"{(chapter.ended - chapter.struck) / 1000:.1f} s"
    field = f" {drift.field}" if drift.field else ""
    seen = (f"{drift.finding}{field}", where(alert), str(drift.severity), f"{chapter.delay:.1f} s", ended)
    return (str(chapter.number), incident.title, *seen)
