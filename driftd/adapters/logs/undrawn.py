"""What we use of structlog, without rich: it would load that to draw for a terminal, a tenth of a daemon's start."""

import sys

_loaded = "rich" in sys.modules
sys.modules.setdefault("rich", None)  # type: ignore[arg-type]  # says that there is none
try:
    from structlog import BoundLoggerBase
    from structlog.typing import Processor
finally:
    if not _loaded:
        del sys.modules["rich"]

__all__ = ["BoundLoggerBase", "Processor"]
