"""A log that is kept."""

Line = tuple[str, str, dict[str, object]]
"""Level, event and facts."""


class Told:
    """Implements `driftd.ports.Log`; `lines` has what was said."""

    def __init__(self, lines: list[Line], bound: dict[str, object] | None = None) -> None:
        self._lines = lines
        self._bound = bound or {}

    def debug(self, event: str, /, **facts: object) -> None:
        self._lines.append(("debug", event, self._bound | facts))

    def info(self, event: str, /, **facts: object) -> None:
        self._lines.append(("info", event, self._bound | facts))

    def warning(self, event: str, /, **facts: object) -> None:
        self._lines.append(("warning", event, self._bound | facts))

    def error(self, event: str, /, **facts: object) -> None:
        self._lines.append(("error", event, self._bound | facts))

    def bind(self, **facts: object) -> "Told":
        return Told(self._lines, self._bound | facts)
