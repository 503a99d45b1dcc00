"""`driftd`, also as ``python -m driftd``."""

import gc
import os
import sys
from contextlib import suppress


def main() -> None:
    """Run the command line and exit with its code.

    Nothing that is imported is garbage, and nothing is left to do at the end: files are closed and threads joined where
    they were opened. Not to look for the one, nor to take the modules apart one by one, is a fifth of a short command.
    """
    gc.disable()  # `driftd.cli.loop.settle` enables it
    try:
        from driftd.cli.root import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # before a command could take it
        os._exit(130)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # what can be said of it was said
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
