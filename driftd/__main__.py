"""`driftd`, also as ``python -m driftd``."""

import gc
import os
import sys


def main() -> None:
    """Run the command line and exit with its code.

    Nothing that is imported is garbage, and nothing is left to do at the end: files are closed and threads joined where
    they were opened. Not to look for the one, nor to take the modules apart one by one, is a fifth of a short command.
    """
    gc.disable()  # `driftd.cli.loop.settle` enables it
    from driftd.cli.root import run

    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # closed by whoever started us
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
