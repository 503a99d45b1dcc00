"""Who is let in to the daemon's own surface, and the socket over which our own user always is."""

from collections.abc import Callable, Sequence
from pathlib import Path
from ssl import SSLContext
from typing import Final

from anyio import to_thread

from driftd.app.webfile import Webfile
from driftd.core.access import Caller, Scope
from driftd.faces.http import local
from driftd.faces.http.address import Bound
from driftd.faces.http.application import application
from driftd.faces.http.inside import Entry, Inside
from driftd.faces.http.serve import Cover, serve
from driftd.ports import Log
from driftd.runtime.admission import Admission

_PLAIN: Final = (
    "name a certificate in web_config_file; or listen on a loopback address, where a proxy that speaks TLS comes in"
)


class Entrance:
    """Judges who asks at an address: by tokens, users, and certificates of clients."""

    def __init__(self, admission: Admission, web: Webfile) -> None:
        self._admission = admission
        self._web = web

    @property
    def guarded(self) -> bool:
        """Whether those who ask have to prove who they are."""
        return self._asks or self._web.proves

    @property
    def _asks(self) -> bool:
        """Whether credentials are needed; where there are none, a certificate that was verified does."""
        return len(self._admission) > 0 or len(self._web.passwords) > 0

    def entry(self, *, loopback: bool) -> Entry:
        """Return who is let in at an address. What others can reach is never open, whatever becomes of the tokens."""

        def open_() -> bool:
            return not self._asks and (loopback or self._web.proves)

        def schemes() -> Sequence[str]:
            if open_():
                return []
            return ["bearer", "basic"] if len(self._web.passwords) else ["bearer"]

        return Entry(
            open=open_,
            bearer=self._admission.bearer,
            users=lambda: len(self._web.passwords) > 0,
            remembered=self._remembered,
            user=self._user,
            schemes=schemes,
            headers=lambda: self._web.file.headers,
        )

    def _remembered(self, name: str, password: str) -> Caller | None:
        return _user(name) if self._web.passwords.remembered(name, password) else None

    async def _user(self, name: str, password: str) -> Caller | None:
        passwords = self._web.passwords
        found = await passwords.right(name, password)
        return _user(name) if found and passwords is self._web.passwords else None  # it may have changed meanwhile


def _user(name: str) -> Caller:
    return Caller(f"user {name}", Scope.ADMIN)


def covering(cover: Cover, bound: Bound, log: Log) -> Callable[[SSLContext | None], None]:
    """Return what has an address speak TLS, or plain HTTP for None: that, where others reach it, is warned of.

    So is what it speaks now.
    """

    def warn() -> None:
        if cover.context is None and not bound.loopback:
            log.warning("credentials travel unencrypted", listen=bound.address, hint=_PLAIN)

    def change(context: SSLContext | None) -> None:
        cover.change(context)
        warn()

    warn()
    return change


async def serve_own(inside: Inside, data_dir: Path, log: Log) -> None:
    """Serve our own user over a socket in the data directory, until cancelled."""
    bound = await to_thread.run_sync(local.listening, data_dir)
    if bound is None:
        log.warning("no socket", data_dir=data_dir, hint="commands ask at the address to listen on")
        return
    try:
        await serve(application(inside, bound.address, local=True), bound)
    finally:
        local.gone(data_dir)
