"""What is spoken at an address changes while it is served."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx
import pytest
from msgspec.structs import replace

from driftd.adapters.web.tls import context_of
from driftd.config.webtls import Demand, Tls, Version
from driftd.core.secret import Secret
from driftd.faces.http.address import bind
from driftd.faces.http.application import application
from driftd.faces.http.serve import Cover, serve
from tests.adapters.web.issuing import DNS, authority, certificate, key_pem
from tests.adapters.web.issuing import client as issued
from tests.adapters.x3.asking import CERTIFICATES
from tests.faces.surface import PATIENT, Pretended, until


def context(certificate: str = "good.pem", key: str = "key.pem") -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(CERTIFICATES / certificate, CERTIFICATES / key)
    return made


@asynccontextmanager
async def covered(cover: Cover) -> AsyncIterator[str]:
    bound = bind("127.0.0.1:0")
    async with anyio.create_task_group() as group:
        app = application(Pretended().inside(), bound.address)
        await group.start(serve, app, bound, PATIENT, cover)
        yield bound.address
        group.cancel_scope.cancel()


def shown(address: str) -> bytes | None:
    """Return the certificate that is shown there; None where plain HTTP is spoken."""
    host, port = address.split(":")
    try:
        return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((host, int(port)), timeout=20)).strip()
    except ssl.SSLError:
        return None


async def test_tls_comes_changes_and_goes() -> None:
    """Nobody who comes meanwhile is turned away; who is there may have the answer under way, and then goes."""
    cover, seen = Cover(), []
    trusting = ssl.create_default_context(cafile=str(CERTIFICATES / "good.pem"))
    async with covered(cover) as address:
        place = f"https://localhost:{address.split(':')[1]}/-/healthy"
        async with httpx.AsyncClient(trust_env=False, verify=trusting) as client:
            assert (await client.get(f"http://{address}/-/healthy")).status_code == 200
            for new in (context(), context("server.pem", "key.pem"), None):
                cover.change(new)
                await until(lambda: not cover.news.is_set())
                seen.append(await anyio.to_thread.run_sync(shown, address))
                if len(seen) == 1:
                    answer = await client.get(place)
                    assert answer.headers["strict-transport-security"].startswith("max-age=")
            assert (await client.get(f"http://{address}/-/healthy")).status_code == 200
            with pytest.raises(httpx.TransportError):
                await client.get(place)
    good, other, plain = seen
    assert good == ssl.PEM_cert_to_DER_cert((CERTIFICATES / "good.pem").read_text()).strip()
    assert other is not None
    assert other != good
    assert plain is None


async def test_who_has_none_of_the_names_is_answered_nothing(tmp_path: Path) -> None:
    """Over either version of TLS; others are served meanwhile, and nobody hears of it but the client."""
    heard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: heard.append(context))
    names = frozenset({"scraper.example"})
    tls = Tls(certificate("driftd"), Secret(key_pem()), authority(), Demand.MUST, names=names)
    for version in Version:
        async with covered(Cover(context_of(replace(tls, least=version, most=version), "web.yml"))) as address:
            url = f"https://{address}/-/healthy"
            for shown, answered in (("scraper.example", 200), ("other.example", None), ("scraper.example", 200)):
                async with httpx.AsyncClient(trust_env=False, verify=issued(tmp_path, [DNS(shown)])) as client:
                    assert await status(client, url) == answered
    assert heard == []


async def status(client: httpx.AsyncClient, url: str) -> int | None:
    """Return the status of an answer; None where there is none."""
    try:
        return (await client.get(url)).status_code
    except httpx.TransportError:
        return None
