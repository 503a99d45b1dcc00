"""The daemon's log: one event, one line, no secret in it.

Only ``driftd run`` imports this package: structlog costs a command 0.3 s (measured).
"""

from driftd.adapters.logs.libraries import library_messages
from driftd.adapters.logs.log import Logs
from driftd.adapters.logs.output import LEVELS
from driftd.adapters.logs.redaction import Redaction

__all__ = ["LEVELS", "Logs", "Redaction", "library_messages"]
