"""A real Prometheus reads the surface."""

import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from msgspec.structs import replace

from tests.faces import views
from tests.faces.surface import Pretended, served

pytestmark = [
    pytest.mark.heavy,  # tests/house/test_daemon_reload.py has a real Prometheus in the default suite
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="needs prometheus: apt-get install prometheus"),
]
CONFIG = """\
global:
  scrape_interval: 200ms
  scrape_timeout: 200ms
scrape_configs:
{jobs}
  - job_name: probe
    http_sd_configs:
      - url: http://{address}/api/v1/sd
        refresh_interval: 500ms
"""
JOB = """\
  - job_name: driftd{number}
    static_configs:
      - targets: ["{address}"]
"""
SCRAPERS = 5


class Prometheus:
    """Its API."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def ask(self, query: str) -> list[dict[str, Any]]:
        try:
            answer = await self._client.get("/api/v1/query", params={"query": query})
        except httpx.ConnectError:
            return []  # not up yet
        return list(answer.json()["data"]["result"]) if answer.status_code == 200 else []

    async def until(self, query: str, count: int) -> list[dict[str, Any]]:
        """Ask until there are so many series, a hundred times at most."""
        found: list[dict[str, Any]] = []
        for _ in range(100):
            found = await self.ask(query)
            if len(found) == count:
                return found
            await anyio.sleep(0.1)
        raise AssertionError(f"{query}: {found}")


@asynccontextmanager
async def prometheus(address: str, folder: Path) -> AsyncIterator[Prometheus]:
    """Run a Prometheus that scrapes an address, several times over."""
    jobs = "".join(JOB.format(number=number, address=address) for number in range(SCRAPERS))
    async with configured(CONFIG.format(jobs=jobs, address=address), folder) as server:
        yield server


@asynccontextmanager
async def configured(text: str, folder: Path) -> AsyncIterator[Prometheus]:
    """Run a Prometheus with a configuration."""
    config = folder / "prometheus.yml"
    config.write_text(text)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        own = f"127.0.0.1:{free.getsockname()[1]}"
    command = [
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={own}",
        "--log.level=error",
    ]
    with subprocess.Popen(command, cwd=folder) as process:  # noqa: ASYNC220 - only its start blocks
        try:
            async with httpx.AsyncClient(base_url=f"http://{own}", trust_env=False, timeout=30) as client:
                yield Prometheus(client)
        finally:
            process.kill()


async def test_prometheus_reads_it_and_forgets_what_goes(tmp_path: Path) -> None:
    """Five scrapers are up, each connection is probed as discovered, and one that is removed leaves no series."""
    pretended = Pretended(views.status(views.connection("a"), views.connection("b")))
    async with (
        served(pretended) as client,
        prometheus(f"127.0.0.1:{client.base_url.port}", tmp_path) as server,
    ):
        await server.until('up{job=~"driftd.*"} == 1', SCRAPERS)
        await server.until('driftd_connection_info{connection="b",job=~"driftd.*"}', SCRAPERS)
        await server.until('probe_success{job="probe"} == 1', 2)
        (polls,) = await server.until('driftd_polls_total{connection="a",job="driftd0"}', 1)
        assert polls["value"][1] == "12"
        pretended.view = replace(pretended.view, connections=pretended.view.connections[:1])
        await server.until('{connection="b"}', 0)
        await server.until('driftd_connection_info{connection="a",job=~"driftd.*"}', SCRAPERS)
        assert len(await server.ask('up{job=~"driftd.*"} == 1')) == SCRAPERS
