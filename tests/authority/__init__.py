"""An OAuth server that nobody here wrote: npm's oidc-provider, in a process of its own.

    npm ci --prefix tests/authority

is done by the first test that needs it, into the cache of pytest; the lock has a hash of each package.
"""

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
import pytest

from driftd.simulator.oauth import Credentials
from driftd.simulator.switches import Switches

_HERE: Final = Path(__file__).parent
_FILES: Final = ("package.json", "package-lock.json", "authority.mjs")
_INSTALL: Final = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev")


def installed(cache: pytest.Cache) -> Path:
    """Return the folder of the program and its packages; skips the test where they cannot be had, with what to do."""
    if missing := [each for each in ("node", "npm") if shutil.which(each) is None]:
        pytest.skip(f"there is no {' and no '.join(missing)}: apt-get install nodejs npm")
    content = b"".join((_HERE / name).read_bytes() for name in _FILES)
    place = cache.mkdir("authority") / sha256(content).hexdigest()[:16]
    if not place.exists():
        _install(place)
    return place


def _install(place: Path) -> None:
    """Install beside and move, so that it is there as a whole; whoever else does it at the same time may be first."""
    with TemporaryDirectory(dir=place.parent) as unfinished:
        folder = Path(unfinished) / "authority"
        folder.mkdir()
        for name in _FILES:
            shutil.copy(_HERE / name, folder)
        done = subprocess.run(_INSTALL, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode:
            pytest.skip(f"the package registry was not reached: npm ci --prefix tests/authority: {done.stderr[-300:]}")
        try:
            folder.rename(place)
        except OSError:
            assert place.exists()


@dataclass
class Authority:
    """The server, and what a tenant asks it by. Its client has one secret at a time."""

    process: "subprocess.Popen[str]"
    tenant_secret: str
    """By which whoever is given a token asks whether it is good."""
    url: str = ""

    def tell(self, **what: Any) -> dict[str, int]:
        """Have it do something: change its `client`, the `life` of tokens in s, or `revoke` all.

        Of the client that is its `secret`, and with `basic` that it may not identify itself in the form. Returns how
        often a token was asked for and granted.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        answer: dict[str, int] = json.loads(self.process.stdout.readline())
        return answer

    @property
    def token_url(self) -> str:
        return f"{self.url}/token"

    def judged(self, token: str) -> dict[str, Any]:
        """Say what it thinks of a token (RFC 7662)."""
        with httpx.Client(trust_env=False, verify=False) as client:
            auth = ("tenant", self.tenant_secret)
            answer = client.post(f"{self.url}/token/introspection", data={"token": token}, auth=auth)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found


@contextmanager
def authority(folder: Path, client_id: str, secret: str, scope: str = "x3.read") -> Iterator[Authority]:
    """Run the server of a client until the block ends; `scope` is all that it may ask for."""
    tenant_secret = secrets.token_urlsafe(24)
    with subprocess.Popen(
        ["node", "authority.mjs"],
        cwd=folder,
        env={**os.environ, "NODE_ENV": "test"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        found = Authority(process, tenant_secret)
        client = {"id": client_id, "secret": secret, "scope": scope, "tenant": tenant_secret}
        try:
            found.url = f"http://127.0.0.1:{found.tell(**client, scopes=['x3.read', 'x3.other'])['port']}"
            yield found
        finally:
            process.kill()


@dataclass(slots=True)
class Asking(Credentials):
    """Credentials of a tenant that takes what the server says is good, and asks it each time."""

    authority: Authority | None = None
    scope: str = ""
    """That a token must have."""
    shown: set[str] = field(default_factory=set)
    """Tokens that were shown to it."""

    def admits(self, authorization: str, now: float, switches: Switches) -> bool:
        """Tell whether a token is good, and good for this."""
        assert self.authority is not None
        token = authorization.removeprefix("Bearer ")
        self.shown.add(token)
        judged = self.authority.judged(token)
        return bool(judged["active"]) and set(self.scope.split()) <= set(judged.get("scope", "").split())
