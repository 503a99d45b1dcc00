"""A log on a stream in memory, and what a reader of its lines sees."""

import io
import json
import re
from typing import Any

from driftd.adapters.logs import Logs, Redaction
from driftd.ports import Log

AT = 1_700_000_000_123
_PAIR = re.compile(r'([A-Za-z0-9_.-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))(?: |$)')
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "\\": "\\", "/": "/"}


class FixedClock:
    """It is always the same time."""

    def __init__(self, ms: int = AT) -> None:
        self.ms = ms

    def now(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1000

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)  # a log waits for nobody


class Written:
    """A log of `form`, and the lines it wrote."""

    def __init__(self, form: str = "json", level: str = "debug", redaction: Redaction | None = None) -> None:
        self.stream = io.StringIO(newline="")
        self.form = form
        self.logs = Logs(self.stream, FixedClock(), level=level, form=form, redaction=redaction or Redaction())
        self.log: Log = self.logs.log

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def only(self) -> dict[str, Any]:
        """Return the facts of the one line that was written."""
        assert self.text.endswith("\n")
        assert self.text[:-1].isprintable()
        assert len(self.text.splitlines()) == 1
        return json.loads(self.text) if self.form == "json" else read_logfmt(self.text[:-1])


def read_logfmt(line: str) -> dict[str, str]:
    """Read a line as a collector does: names, and values bare or in quotes with JSON's escapes."""
    found, at = {}, 0
    while at < len(line):
        pair = _PAIR.match(line, at)
        assert pair, line[at:]
        name, quoted, bare = pair.groups()
        assert name not in found
        found[name] = bare if quoted is None else _unescaped(quoted)
        at = pair.end()
    return found


def _unescaped(text: str) -> str:
    plain = re.sub(r'\\(u[0-9a-f]{4}|[nrtbf"\\/])', lambda m: _ESCAPES.get(m[1]) or chr(int(m[1][1:], 16)), text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
