"""The web configuration is in force once it changes; one that cannot be used changes nothing, and is told once."""

import shutil
from pathlib import Path
from ssl import SSLContext
from typing import Any

import anyio
import bcrypt
import pytest

from driftd.app.webfile import Webfile
from driftd.errors import ConfigError
from tests.adapters.x3.asking import CERTIFICATES
from tests.fakes.log import Line, Told

HASH = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()
TLS = "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n"
USERS = f"basic_auth_users: {{jo: {HASH}}}\n"


class Desk:
    """A web configuration that is watched, and a clock whose every look is asked for."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "web.yml"
        self.named: Path | None = self.path
        self.lines: list[Line] = []
        self.web = Webfile(lambda: self.named, self, Told(self.lines))
        self.contexts: list[SSLContext | None] = []
        self.web.changed = self.contexts.append
        self._asked, self._looked = anyio.create_memory_object_stream[None](1)
        self._done = anyio.Event()

    def now(self) -> int:
        raise AssertionError

    def monotonic(self) -> float:
        raise AssertionError

    async def sleep(self, _seconds: float) -> None:
        self._done.set()
        await self._looked.receive()

    async def look(self) -> list[tuple[str, Any]]:
        """Have it look once; return what is told, with the path of what is refused."""
        await self._done.wait()
        self._done = anyio.Event()
        await self._asked.send(None)
        await self._done.wait()
        told, self.lines[:] = [(event, facts.get("path")) for _, event, facts in self.lines], []
        return told

    def close(self) -> None:
        self._asked.close()
        self._looked.close()


async def test_it_is_in_force_whenever_it_changes(tmp_path: Path) -> None:
    """Users, headers, TLS, the certificate itself, and that none is named any more; nothing is done where nothing
    changed, and TLS is left alone where only users did."""
    desk = Desk(tmp_path)
    desk.path.write_text(USERS)
    for name, source in (("cert.pem", "good.pem"), ("key.pem", "key.pem")):
        shutil.copy(CERTIFICATES / source, tmp_path / name)
    await desk.web.load(desk.path)
    assert (len(desk.web.passwords), desk.web.context, desk.contexts) == (1, None, [])
    async with anyio.create_task_group() as group:
        group.start_soon(desk.web.watch)
        loaded = [("web configuration loaded", None)]
        assert await desk.look() == []
        desk.path.write_text(USERS + TLS)
        before = desk.web.passwords
        assert await desk.look() == loaded
        assert desk.web.context is not None
        assert desk.web.passwords is before
        assert desk.contexts == [desk.web.context]
        (tmp_path / "new.pem").write_bytes((CERTIFICATES / "server.pem").read_bytes())
        (tmp_path / "new.pem").replace(tmp_path / "cert.pem")
        assert await desk.look() == loaded
        assert len(desk.contexts) == 2
        desk.path.write_text(TLS + "http_server_config: {headers: {X-Frame-Options: DENY}}\n")
        assert await desk.look() == loaded
        assert (len(desk.web.passwords), dict(desk.web.file.headers)) == (0, {"X-Frame-Options": "DENY"})
        assert len(desk.contexts) == 2
        desk.named = None
        assert await desk.look() == loaded
        assert desk.contexts[2:] == [None]
        assert await desk.look() == []
        group.cancel_scope.cancel()
    desk.close()


async def test_one_that_cannot_be_used_changes_nothing(tmp_path: Path) -> None:
    """It is told once, and again when it is another mistake; put right, it is in force, whichever file that took."""
    desk = Desk(tmp_path)
    desk.path.write_text(USERS)
    await desk.web.load(desk.path)
    async with anyio.create_task_group() as group:
        group.start_soon(desk.web.watch)
        for text, path in (("a: [", "web.yml"), ("zzz: 1", "web.yml: zzz")):
            desk.path.write_text(text)
            assert await desk.look() == [("web configuration refused", path)]
            assert await desk.look() == []
        desk.path.unlink()
        assert await desk.look() == [("web configuration refused", "web.web_config_file")]
        desk.path.write_text(TLS)
        missing = [f"web.yml: tls_server_config.{key}" for key in ("cert_file", "key_file")]
        assert await desk.look() == [("web configuration refused", each) for each in missing]
        assert (len(desk.web.passwords), desk.contexts) == (1, [])
        for name, source in (("cert.pem", "good.pem"), ("key.pem", "key.pem")):
            shutil.copy(CERTIFICATES / source, tmp_path / name)
        assert await desk.look() == [("web configuration loaded", None)]
        assert (len(desk.web.passwords), len(desk.contexts)) == (0, 1)
        group.cancel_scope.cancel()
    desk.close()


async def test_at_the_start_one_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    with pytest.raises(ConfigError, match="does not exist"):
        await desk.web.load(desk.path)
    desk.close()
