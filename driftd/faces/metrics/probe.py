"""What ``/probe`` tells of one connection."""

from driftd.core.status import ConnectionStatus
from driftd.faces.metrics import catalogue
from driftd.faces.metrics.connections import connection_families, resource_families
from driftd.faces.metrics.daemon import alone
from driftd.faces.metrics.family import Family


def probe_families(connection: ConnectionStatus, *, success: bool, seconds: float, full: bool) -> list[Family]:
    """Return the families of one connection, and how the probe of it went."""
    probe = [alone(catalogue.PROBE_SUCCESS, int(success)), alone(catalogue.PROBE_DURATION, seconds)]
    found = [*probe, *connection_families([connection]), *resource_families([connection], full=full)]
    return [each for each in found if each.series]
