"""Who is let in to the daemon's own surface, and the socket over which our own user always is."""

from pathlib import Path

from anyio import to_thread

from driftd.core.access import Caller
from driftd.faces.http import local
from driftd.faces.http.application import application
from driftd.faces.http.inside import Entry, Inside
from driftd.faces.http.serve import serve
from driftd.ports import Log
from driftd.runtime.admission import Admission


class Entrance:
    """Judges who asks at an address: by tokens."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    @property
    def guarded(self) -> bool:
        """Whether those who ask have to prove who they are."""
        return len(self._admission) > 0

    def entry(self, *, loopback: bool) -> Entry:
        """Return who is let in at an address. What others can reach is never open, whatever becomes of the tokens."""
        return Entry(
            open=lambda: loopback and not self.guarded,
            bearer=self._admission.bearer,
            users=lambda: False,
            remembered=_nobody,
            user=_no_user,
            schemes=lambda: ["bearer"] if self.guarded or not loopback else [],
            headers=dict,
        )


def _nobody(_name: str, _password: str) -> Caller | None:
    return None


async def _no_user(_name: str, _password: str) -> Caller | None:
    return None


async def serve_own(inside: Inside, data_dir: Path, log: Log) -> None:
    """Serve our own user over a socket in the data directory, until cancelled."""
    bound = await to_thread.run_sync(local.listening, data_dir)
    if bound is None:
        log.warning("no socket in the data directory: commands ask at the address to listen on", data_dir=data_dir)
        return
    try:
        await serve(application(inside, bound.address, local=True), bound)
    finally:
        local.gone(data_dir)
