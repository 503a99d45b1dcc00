"""The whole runtime on virtual time, under faults that one seed decides.

    python -m tests.simulation --seed 4711 [--hours 72]
    python -m tests.simulation --seeds 1000 --hours 72 --processes 2

The X3 adapter, the runtime and the store are the real ones; the tenant is the simulator, reached through connections in
memory. `simulate(seed, hours)` plays one seed and returns what it broke.
"""

from tests.simulation.play import simulate
from tests.simulation.verdict import Verdict

__all__ = ["Verdict", "simulate"]
