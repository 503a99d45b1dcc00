"""Everything a daemon shows: no secret may stand in it, and no bug."""

import base64
from collections.abc import Iterator
from urllib.parse import quote_plus

from driftd.faces.metrics.exposition import Exposition, Wanted
from tests.simulation.scene import Scene


def shown_wrongly(scene: Scene) -> Iterator[str]:
    """Yield what is wrong with the log of all daemons, and with what the last one shows."""
    shown = {"the log": repr(scene.around.lines)}
    running = scene.lives[-1].running
    if running is not None:
        status = running.status()
        shown["the status"] = repr(status)
        shown["the metrics"] = Exposition(lambda: 0.0, list).generate(status, "", Wanted(full=True))[1].decode()
    secrets = [form for secret in scene.secrets() for form in _forms(secret)]
    for what, text in shown.items():
        if any(secret in text for secret in secrets):
            yield f"a secret stands in {what}"
    for _, event, facts in scene.around.lines:
        if "bug" in event:
            yield f"BUG {event}: {facts!r}"


def _forms(secret: str) -> set[str]:
    return {secret, quote_plus(secret), base64.b64encode(secret.encode()).decode().rstrip("=")}
