"""`driftd`, also as ``python -m driftd``."""

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    from driftd.cli.root import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
