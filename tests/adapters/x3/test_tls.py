"""Certificates and the encryption of connections, over real sockets."""

import ssl
from pathlib import Path

import pytest

from driftd.adapters.clock import SystemClock
from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.trust import Files, tls_context
from driftd.errors import Reason, SourceError
from tests.adapters.x3.reaching import EMPTY, PAGE, failure, failure_of, reaching
from tests.adapters.x3.scripted import CUSTOMERS, settings
from tests.adapters.x3.sockets import Wire, answered, listening

pytestmark = pytest.mark.anyio
CERTIFICATES = Path(__file__).parent / "certificates"


def serving(name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{name}.pem", CERTIFICATES / "key.pem")
    return context


async def answering(wire: Wire) -> None:
    await wire.request()
    await wire.send(answered(EMPTY))


async def test_a_private_authority_is_trusted_when_configured() -> None:
    """`ca_file` adds an authority: with it the page comes, over TLS."""
    trusted = CERTIFICATES / "good.pem"
    async with (
        listening(answering, serving("good")) as server,
        reaching(server.port, scheme="https", host="localhost", ca_file=trusted) as given,
    ):
        assert (await given.page(CUSTOMERS, PAGE)).records == b"[]"


@pytest.mark.parametrize(
    ("certificate", "host", "ca_file", "reason"),
    [
        ("good", "localhost", None, Reason.TLS_ERROR),
        ("good", "127.0.0.1", "good.pem", Reason.TLS_ERROR),
        ("expired", "localhost", "expired.pem", Reason.TLS_EXPIRED),
    ],
)
async def test_a_certificate_is_always_verified(
    certificate: str, host: str, ca_file: str | None, reason: Reason
) -> None:
    """An unknown authority, another name and a past date each end the connection before anything is sent."""
    async with listening(answering, serving(certificate)) as server:
        trusted = None if ca_file is None else CERTIFICATES / ca_file
        error = await failure(reaching(server.port, scheme="https", host=host, ca_file=trusted))
    assert error.reason is reason
    assert server.asked == []


async def test_a_certificate_that_ends_at_no_time_is_refused_like_any_other() -> None:
    """What nobody vouches for may say "the 99th month": that it is not trusted is all that is told."""
    async with listening(answering, serving("timeless")) as server:
        error = await failure(reaching(server.port, scheme="https", host="localhost"))
    assert error.reason is Reason.TLS_ERROR
    assert str(error).endswith('the certificate of "localhost", for "localhost", issued by "localhost"')


async def test_plain_http_behind_https_is_a_tls_error() -> None:
    """A server that does not speak TLS is reported as that."""

    async def answer(wire: Wire) -> None:
        await wire.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    error, _ = await failure_of(answer, scheme="https")
    assert error.reason is Reason.TLS_ERROR


def test_a_context_is_shared_and_never_lax() -> None:
    """One context per CA setting: verifying names and chains, TLS 1.2 at least."""
    context = tls_context()
    assert context is tls_context()
    assert context is not tls_context(Files(CERTIFICATES / "good.pem"))
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_an_unusable_ca_file_is_a_matter_of_configuration(tmp_path: Path) -> None:
    """A file without certificates, or none at all, is named when the source is made."""
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing")
    for path in (empty, tmp_path / "absent.pem"):
        with pytest.raises(SourceError, match=path.name) as error:
            X3Source(settings(ca_file=path), None, SystemClock())
        assert error.value.reason is Reason.CONFIG_ERROR
