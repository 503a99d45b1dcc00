"""The live check of a tenant that cannot be reached: each cause has its step and reason, and the rest is skipped."""

import asyncio
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest

from driftd.adapters.clock import SystemClock
from driftd.adapters.x3.settings import Basic
from driftd.adapters.x3.trial import examine
from driftd.core.network import PUBLIC_ONLY
from driftd.core.secret import Secret
from driftd.core.trial import Check, Step
from driftd.errors import Reason
from tests.adapters.x3.looked import BOTH, CUSTOMERS, FAILED, OK, SKIPPED, step
from tests.adapters.x3.scripted import settings as scripted_settings
from tests.adapters.x3.sockets import Wire, listening

pytestmark = pytest.mark.anyio
CERTIFICATES = Path(__file__).parent / "certificates"


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def unreached(base_url: str, check: Check, **changes: Any) -> Step:
    """Check a tenant that cannot be reached; returns the step that failed, all behind it being skipped."""
    given = scripted_settings(Basic("u", Secret("hunter2")), base_url=base_url, **changes)
    trial = await examine(given, BOTH, SystemClock())
    assert not trial.valid
    assert trial.requests == 0
    failed = step(trial, check)
    assert failed.outcome is FAILED
    assert failed.hint
    assert {each.outcome for each in trial.steps[trial.steps.index(failed) + 1 :]} == {SKIPPED}
    return failed


async def test_a_name_that_is_not_found_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_arguments: object, **_more: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    assert (await unreached("http://x3.aldgate.invalid", Check.RESOLVE)).reason is Reason.DNS_FAILURE


@pytest.mark.parametrize(
    ("address", "says"),
    [("10.20.0.5", "private address"), ("169.254.169.254", "credentials"), ("fd00:ec2::254", "credentials")],
)
async def test_a_name_that_leads_where_no_tenant_is_ends_it(
    monkeypatch: pytest.MonkeyPatch, address: str, says: str
) -> None:
    """Nothing is connected to; of a private range it is said which setting admits it."""

    async def resolved(*_arguments: object, **_more: object) -> list[object]:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, 443))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolved)
    failed = await unreached("https://x3.aldgate.example", Check.RESOLVE, egress=PUBLIC_ONLY)
    assert failed.reason is Reason.ADDRESS_NOT_ALLOWED
    assert says in failed.message
    assert ("[network] allow_networks" in failed.hint) == (says == "private address")


async def test_a_refused_port_ends_it() -> None:
    assert (await unreached(f"http://127.0.0.1:{closed_port()}", Check.CONNECT)).reason is Reason.CONNECTION_REFUSED


async def test_a_proxy_that_is_not_there_is_the_proxys_fault() -> None:
    """The way leads to the proxy alone: the tenant's name is the proxy's to resolve."""
    proxy = f"http://127.0.0.1:{closed_port()}"
    failed = await unreached("https://x3.aldgate.invalid", Check.CONNECT, proxy=proxy)
    assert failed.reason is Reason.PROXY_ERROR
    assert failed.subject == proxy.removeprefix("http://")


def tls(certificate: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / certificate, CERTIFICATES / "key.pem")
    return context


async def idle(wire: Wire) -> None:
    await wire.reader.read()


async def http(wire: Wire) -> None:
    await wire.reader.read(1)
    await wire.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


async def test_a_certificate_of_nobody_ends_it() -> None:
    async with listening(idle, tls("good.pem")) as server:
        failed = await unreached(f"https://localhost:{server.port}", Check.TLS)
    assert failed.reason is Reason.TLS_ERROR
    assert "self-signed" in failed.message


async def test_an_expired_certificate_has_its_own_reason() -> None:
    async with listening(idle, tls("expired.pem")) as server:
        trusted = {"ca_file": CERTIFICATES / "expired.pem"}
        failed = await unreached(f"https://localhost:{server.port}", Check.TLS, **trusted)
    assert failed.reason is Reason.TLS_EXPIRED


async def test_a_port_of_plain_http_is_told_apart_from_a_bad_certificate() -> None:
    async with listening(http) as server:
        failed = await unreached(f"https://127.0.0.1:{server.port}", Check.TLS)
    assert failed.reason is Reason.TLS_ERROR
    assert "without TLS" in failed.message
    assert "scheme and port" in failed.hint


async def test_a_trusted_certificate_is_shown() -> None:
    async def page(wire: Wire) -> None:
        await wire.request()
        body = b'{"$itemsPerPage":20,"$resources":[]}'
        head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close"
        await wire.send(f"{head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    async with listening(page, tls("good.pem")) as server:
        given = scripted_settings(
            Basic("u", Secret("hunter2")),
            base_url=f"https://localhost:{server.port}",
            ca_file=CERTIFICATES / "good.pem",
        )
        trial = await examine(given, (CUSTOMERS,), SystemClock())
    found = step(trial, Check.TLS)
    assert found.outcome is OK
    assert str(found.facts["version"]).startswith("TLSv1.")
    assert {"subject", "issuer", "names", "not_after"} <= found.facts.keys()
    assert "localhost" in str(found.facts["names"])
    assert trial.valid


async def test_a_host_that_never_answers_is_given_up_in_time() -> None:
    async with listening(idle) as server:
        given = scripted_settings(
            Basic("u", Secret("hunter2")), base_url=f"http://127.0.0.1:{server.port}", timeout=0.2
        )
        trial = await examine(given, BOTH, SystemClock())
    assert (step(trial, Check.READ).outcome, step(trial, Check.READ).reason) == (FAILED, Reason.TIMEOUT)
    assert step(trial, Check.CLOCK).outcome is SKIPPED
    assert step(trial, Check.CLASS, "SORDER").outcome is SKIPPED
