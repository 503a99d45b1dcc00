"""A farm of simulated Sage X3 tenants behind a real HTTP server, for the demo, the tests and the benchmarks.

It shows what a reader of X3's web services meets, and knows the exact truth a reader should have found.
"""

from driftd.simulator.access import Access
from driftd.simulator.cassette import CassetteError
from driftd.simulator.farm import Farm
from driftd.simulator.faults import Fault
from driftd.simulator.journal import TruthChange
from driftd.simulator.patches import Patch
from driftd.simulator.replay import Replay
from driftd.simulator.serve import Serving, run, serving
from driftd.simulator.switches import Switches
from driftd.simulator.tenant import RequestSeen, Tenant

__all__ = [
    "Access",
    "CassetteError",
    "Farm",
    "Fault",
    "Patch",
    "Replay",
    "RequestSeen",
    "Serving",
    "Switches",
    "Tenant",
    "TruthChange",
    "run",
    "serving",
]
