"""The stream that lines go to, and what is counted of them."""

import threading
from typing import Final, TextIO

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class Output:
    """Writes whole lines. A stream that is closed, full or cannot encode a line costs that line and nothing else."""

    def __init__(self, stream: TextIO, level: str) -> None:
        self._stream = stream
        # Reentrant: a library may log from a finaliser that runs while a line is being written.
        self._lock = threading.RLock()
        self.threshold = LEVELS[level]
        self.counts = dict.fromkeys(LEVELS, 0)
        self.dropped = 0

    def write(self, level: str, line: str) -> None:
        """Write one line and count it."""
        with self._lock:
            try:
                self._stream.write(f"{line}\n")
                self._stream.flush()
            except (OSError, ValueError, RuntimeError):
                self.dropped += 1
            else:
                self.counts[level] += 1
