"""Tenants whose connections are brought to a daemon that runs."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx

from driftd.simulator import Tenant
from tests.house.process import CLASSES, Daemon, Estate, connection, estate, head

PATH = "/api/v1/connections"


def table(tenant: Tenant, url: str, **settings: Any) -> dict[str, Any]:
    """Return the body that brings a tenant, its secret in it."""
    auth = {
        "token_url": url + tenant.token_path,
        "client_id": tenant.client_id,
        "client_secret": tenant.client_secret,
    }
    resources = [{"name": each, "details": False} for each in CLASSES]
    known = {"base_url": url, "folder": tenant.folder, "endpoint": tenant.endpoint, "auth": auth}
    return {**known, "resources": resources, **settings}


@contextmanager
def vendor(folder: Path, tenants: int = 2, named: int = 1, *, vault: bool = True) -> Iterator[Estate]:
    """Serve tenants of which the file names the first few; the others are to be brought. Driftd has a key."""
    with estate(folder, tenants) as site:
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            listen = f"127.0.0.1:{free.getsockname()[1]}"
        text = head(daemon={"log_level": "debug"}, web={"listen": listen})
        text += "".join(connection(each, site.served.url) for each in site.tenants[:named])
        site.place.write_text(('[vault]\nkey_file = "key"\n' if vault else "") + text)
        if vault:
            assert site.run("keys generate").code == 0
        yield site


def put(daemon: Daemon, name: str, body: Any, query: str = "") -> httpx.Response:
    """Bring a connection."""
    return daemon.client.put(f"{daemon.url}{PATH}/{name}{query}", json=body)


def delete(daemon: Daemon, name: str, data: str, reason: str = "over") -> httpx.Response:
    """Remove a connection."""
    return daemon.client.delete(f"{daemon.url}{PATH}/{name}", params={"data": data, "reason": reason})
