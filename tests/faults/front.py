"""nginx as the web server in front of a tenant, as customers have it: TLS there, plain HTTP behind."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.adapters.x3.asking import CERTIFICATES

NGINX: Final = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
needs_nginx: Final = pytest.mark.skipif(NGINX is None, reason="needs nginx: apt-get install nginx")


@dataclass(frozen=True)
class Front:
    """One server of it: the certificate it shows, and what else it is told in nginx's words."""

    certificate: str = "server"
    told: Sequence[str] = ()

    def lines(self, port: int, tenant: str) -> Iterator[str]:
        """Yield its part of the configuration."""
        yield f"listen 127.0.0.1:{port} ssl;"
        yield f"ssl_certificate {CERTIFICATES / self.certificate}.pem;"
        yield f"ssl_certificate_key {CERTIFICATES / 'key.pem'};"
        yield from self.told
        yield f"location / {{ proxy_pass {tenant}; proxy_set_header Host $http_host;"
        yield "  proxy_set_header Accept-Encoding ''; sub_filter_types application/json; sub_filter_once off;"
        yield "  sub_filter http://$http_host https://$http_host; }"


@contextmanager
def fronting(folder: Path, tenant: str, fronts: Mapping[str, Front]) -> Iterator[Mapping[str, str]]:
    """Serve a tenant behind each front; gives their addresses.

    nginx takes over sockets that listen already (its variable ``NGINX``), so that no port is guessed and nobody waits.
    """
    assert NGINX is not None
    with ExitStack() as stack:
        sockets = {name: stack.enter_context(_listening()) for name in fronts}
        ports = {name: int(each.getsockname()[1]) for name, each in sockets.items()}
        servers = [f"server {{ {' '.join(each.lines(ports[name], tenant))} }}" for name, each in fronts.items()]
        (folder / "nginx.conf").write_text("\n".join(_frame(folder, servers)))
        descriptors = [each.fileno() for each in sockets.values()]
        process = subprocess.Popen(
            [NGINX, "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"],
            env={"NGINX": "".join(f"{each};" for each in descriptors)},
            pass_fds=descriptors,
            cwd=folder,
        )
        stack.callback(process.wait)
        stack.callback(process.terminate)  # not killed: its worker would stay
        yield {name: f"https://localhost:{port}" for name, port in ports.items()}


def _listening() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.bind(("127.0.0.1", 0))
    made.listen()
    made.setblocking(False)  # as nginx expects of a socket that it takes over
    return made


def _frame(folder: Path, servers: Sequence[str]) -> Iterator[str]:
    yield f"daemon off; worker_processes 1; pid {folder}/nginx.pid; events {{ worker_connections 64; }}"
    yield "user root root;" if os.geteuid() == 0 else ""  # else its worker, as nobody, could not enter the folder
    yield "http { access_log off; server_tokens off; keepalive_timeout 5s;"
    yield from (f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    yield from servers
    yield "}"
