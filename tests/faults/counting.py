"""What a log lacks, and what it has too many, against all that was ever true at a tenant."""

from typing import Any

from driftd.simulator import Tenant
from tests.house.process import CLASSES
from tests.house.rig import Rig, normal, truth

Key = tuple[Any, ...]


def differences(rig: Rig) -> tuple[int, int]:
    """Return how many records differ for a consumer that followed the log, and how many events were never true."""
    lost = 0
    for name in CLASSES:
        want, held = truth(rig.tenant, name, "$query"), rig.told[name]
        lost += sum(want.get(key) != held.get(key) for key in want.keys() | held.keys())
    true = {name: versions(rig.tenant, name) for name in CLASSES}
    return lost, sum(after not in true[name].get(key, []) for name, _, key, after in rig.after)


def versions(tenant: Tenant, name: str) -> dict[Key, list[Any]]:
    """Return by key what each record became, one after another; None where it was deleted."""
    found: dict[Key, list[Any]] = {}
    for state in range(1, tenant.state + 1):
        for change in tenant.truth(state - 1, state, name, "$query"):
            found.setdefault(change.key, []).append(normal(change.after))
    return found
