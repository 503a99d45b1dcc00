"""What the log costs who only writes lines."""

import subprocess
import sys


def test_the_log_loads_no_rich_and_leaves_it_to_others() -> None:
    """Nothing that draws for a terminal is loaded for it; who wants that has it afterwards."""
    code = 'import driftd.adapters.logs, sys; assert "rich" not in sys.modules; import rich; assert rich is not None'
    subprocess.run([sys.executable, "-c", code], check=True)
