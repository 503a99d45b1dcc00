"""``driftd …``, which writes into a file how many tasks its loop has, whenever it is sent SIGUSR1.

python -m tests.house.counted FILE run -c driftd.toml
"""

import asyncio
import signal
import sys
from contextlib import suppress
from pathlib import Path

from driftd.__main__ import main


def _count(*_: object) -> None:
    place = Path(sys.argv[0])
    with suppress(RuntimeError):  # no loop runs yet, or any more
        new = place.with_suffix(".new")
        new.write_text(str(len(asyncio.all_tasks())))
        new.replace(place)


if __name__ == "__main__":
    del sys.argv[0]
    signal.signal(signal.SIGUSR1, _count)
    sys.exit(main())  # type: ignore[func-returns-value]
