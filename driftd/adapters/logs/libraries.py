"""What libraries say through the standard library's ``logging`` and ``warnings``, in our form."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from driftd.ports import Log


class _Route(logging.Handler):
    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        say = self._log.error if record.levelno >= logging.ERROR else self._log.warning
        error = record.exc_info[1] if record.exc_info else None
        say("library message", logger=record.name, text=_text(record), error=error)


@contextmanager
def library_messages(log: Log) -> Iterator[None]:
    """Send warnings and errors of every library to `log` alone, and put things back afterwards.

    A library that sets up its own logging must be told not to: uvicorn by ``log_config=None``.
    """
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers[:] = [_Route(log)]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    try:
        yield
    finally:
        logging.captureWarnings(capture=False)
        root.setLevel(level)
        root.handlers[:] = before


def _text(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # a library's mistake in its own message must not end what it was doing
        return str(record.msg)
