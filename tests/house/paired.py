"""An estate that signs in by a customer's pair, which the daemon keeps and renews."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from driftd.simulator import RequestSeen, Tenant
from tests.house.planting import planted
from tests.house.process import Estate, Ran, connection, estate, head

PAIR = "customer-17"


def table(site: Estate, tenant: Tenant, more: str = "") -> str:
    """Return the table of a pair of a tenant's customer."""
    return (
        f'type = "pairing"\ntoken_url = "{site.served.url}{tenant.pair_path}"\nclient_id = "{tenant.client_id}"\n'
        f'client_secret = {{ file = "application.secret" }}\n{more}'
    )


def write(site: Estate, more: str = f'pair = "{PAIR}"\n') -> None:
    """Write the configuration: all tenants are folders of one customer, at a port that commands find."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    first = site.tenants[0]
    (site.folder / "application.secret").write_text(first.client_secret)
    text = head(daemon={"log_level": "debug"}, web={"listen": listen, "metrics_detail": "full"})
    text += "".join(connection(each, site.served.url, auth=table(site, first, more)) for each in site.tenants)
    site.place.write_text(f'[vault]\nkey_file = "key"\n{text}')


@contextmanager
def paired(folder: Path, tenants: int = 2) -> Iterator[tuple[Estate, Tenant]]:
    """Give folders of one customer, and the one at whose gateway they are paired."""
    with estate(folder, tenants=tenants) as site:
        first, *others = site.tenants
        first.credentials.client_secret = planted("application")
        for each in others:
            each.credentials, each.gateway = first.credentials, first.gateway
        write(site)
        assert site.run("keys generate").code == 0
        yield site, first


def given(site: Estate, secret: str, *more: str, name: str = "aldgate") -> Ran:
    """Give driftd a secret to keep."""
    line = [sys.executable, "-m", "driftd", "connections", "rotate", name, "--secret-stdin", *more]
    done = subprocess.run(
        line,
        cwd=site.folder,
        input=f"{secret}\n",
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def watched(tenants: list[Tenant]) -> set[str]:
    """Return what will hold every access token that the tenants are shown."""
    shown: set[str] = set()

    def seen(request: RequestSeen) -> None:
        shown.add(request.headers.get("authorization", "").removeprefix("Bearer "))

    hook: Callable[[RequestSeen], None] = seen
    for each in tenants:
        each.on_request = hook
    return shown
