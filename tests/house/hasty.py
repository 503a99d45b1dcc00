"""``driftd …`` that looks four times a second at what is due to nobody, for a test alone.

    python -m tests.house.hasty run -c driftd.toml

All else is as in production: how long is waited after refusals, how alerts begin and end.
"""

import sys
from functools import partial

from driftd.__main__ import main
from driftd.app import daemon

if __name__ == "__main__":
    daemon.Process = partial(daemon.Process, tempo=daemon.Tempo(tick=0.25))  # type: ignore[assignment,misc]
    sys.exit(main())  # type: ignore[func-returns-value]
