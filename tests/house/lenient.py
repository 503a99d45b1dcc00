"""``driftd …`` that lets wrong credentials be sent as often as anybody likes, for a test alone.

python -m tests.house.lenient run -c driftd.toml
"""

import sys

from driftd.__main__ import main
from driftd.faces.http import failures

if __name__ == "__main__":
    setattr(failures, "AT_ONCE", 10**9)  # noqa: B010 - a test composition, not a setting
    sys.exit(main())  # type: ignore[func-returns-value]
