"""The tenant that everybody reads: one simulator process on a core of its own.

Prints its address as one line of JSON once it listens, and ends when its standard input does: with whoever started it.
"""

import argparse
import json
import os
import signal
import sys
import threading

from driftd.simulator import Farm, run

CLASS = "BPCUSTOMER"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, required=True)
    parser.add_argument("--core", type=int)
    asked = parser.parse_args()
    if asked.core is not None:
        os.sched_setaffinity(0, {asked.core})
    threading.Thread(target=_until_left, daemon=True).start()
    farm = Farm.build(tenants=1, records={CLASS: asked.records}, only=[CLASS])
    farm.warm()
    run(farm, "127.0.0.1", 0, lambda url: print(json.dumps({"url": url}), flush=True))


def _until_left() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
