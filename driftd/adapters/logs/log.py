"""structlog put together: facts → plain values → without secrets → in order → one line."""

from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, Final, Self, TextIO

from driftd.adapters.logs.lines import as_json, logfmt
from driftd.adapters.logs.output import LEVELS, Output
from driftd.adapters.logs.plain import Plain, bug, plain
from driftd.adapters.logs.redaction import Redaction
from driftd.adapters.logs.undrawn import BoundLoggerBase, Processor
from driftd.ports import Clock

_FORMS: Final[Mapping[str, Processor]] = {"logfmt": logfmt, "json": as_json}
_FIRST: Final = ("connection", "resource", "poll_id", "reason")
_OURS: Final = frozenset({"event", "time", "level", "msg", "traceback"})
_DEBUG, _INFO, _WARNING, _ERROR = LEVELS.values()


class Logs:
    """The log of one process: its stream, form and threshold.

    Raises `KeyError` for a level or form that the configuration does not know.
    """

    def __init__(
        self, stream: TextIO, clock: Clock, *, level: str = "info", form: str = "logfmt", redaction: Redaction
    ) -> None:
        self._output = Output(stream, level)
        self.log: Final = _Log(self._output, [_plain, _Redact(redaction), _Stamp(clock), _FORMS[form]], {})

    @property
    def counts(self) -> Mapping[str, int]:
        """Lines written, by level."""
        return self._output.counts

    @property
    def dropped(self) -> int:
        """Lines that the stream did not take."""
        return self._output.dropped

    def set_level(self, level: str) -> None:
        """Change the threshold of the log and of all that was bound from it."""
        self._output.threshold = LEVELS[level]


class _Log(BoundLoggerBase):
    """Implements `driftd.ports.Log`. structlog's own filtering logger cannot change its level."""

    _logger: Output

    def debug(self, event: str, /, **facts: object) -> None:
        if self._logger.threshold <= _DEBUG:
            self._say("debug", event, facts)

    def info(self, event: str, /, **facts: object) -> None:
        if self._logger.threshold <= _INFO:
            self._say("info", event, facts)

    def warning(self, event: str, /, **facts: object) -> None:
        if self._logger.threshold <= _WARNING:
            self._say("warning", event, facts)

    def error(self, event: str, /, **facts: object) -> None:
        if self._logger.threshold <= _ERROR:
            self._say("error", event, facts)

    def bind(self, **facts: object) -> Self:
        return super().bind(**_named(facts))

    def _say(self, level: str, event: str, facts: dict[str, object]) -> None:
        (line,), _ = self._process_event(level, event, _named(facts))
        self._logger.write(level, line)


def _named(facts: dict[str, object]) -> dict[str, object]:
    """Give way where a fact has the name of something that every line has."""
    if _OURS.isdisjoint(facts):
        return facts
    return {f"{name}_" if name in _OURS else name: value for name, value in facts.items()}


def _plain(_output: Output, _level: str, facts: MutableMapping[str, Any]) -> dict[str, Plain]:
    rendered = {name: plain(value) for name, value in facts.items() if value is not None}
    told = bug(facts.get("error"))
    return rendered if told is None else rendered | {"traceback": told}


class _Redact:
    def __init__(self, redaction: Redaction) -> None:
        self._redaction = redaction

    def __call__(self, _output: Output, _level: str, facts: MutableMapping[str, Any]) -> dict[str, Plain]:
        return {name: self._redaction.value(value, name) for name, value in facts.items()}


class _Stamp:
    """Adds when and how grave, and puts first what a reader looks for first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(self, _output: Output, level: str, facts: MutableMapping[str, Any]) -> dict[str, Plain]:
        line: dict[str, Plain] = {"time": _rfc3339(self._clock.now()), "level": level, "msg": facts.pop("event")}
        line |= {name: facts[name] for name in _FIRST if name in facts}
        return line | dict(facts)


def _rfc3339(at: int) -> str:
    try:
        moment = datetime.fromtimestamp(at // 1_000, UTC)
    except (OverflowError, ValueError, OSError):
        return str(at)  # a clock beyond the year 9999 still gets its line
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % 1_000:03}Z"
