"""Certificate files: what is wrong with each is said by name, renewed ones are read anew, and who sees our own."""

import os
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from driftd.adapters.clock import SystemClock
from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.settings import Basic
from driftd.adapters.x3.trust import Files, faults, tls_context
from driftd.core.model import Query
from driftd.core.secret import Secret
from driftd.errors import Reason, SourceError
from tests.adapters.x3.asking import CERTIFICATES
from tests.adapters.x3.scripted import CUSTOMERS, settings
from tests.adapters.x3.sockets import Wire, answered, listening
from tests.house.door import certified

AUTHORITY, CLIENT, KEY = (CERTIFICATES / name for name in ("authority.pem", "client.pem", "client-key.pem"))
MISSING = CERTIFICATES / "missing.pem"


@pytest.mark.parametrize(
    ("files", "key", "says"),
    [
        (Files(MISSING), "ca_file", "does not exist"),
        (Files(CERTIFICATES), "ca_file", "cannot be read"),
        (Files(KEY), "ca_file", "holds no certificates in PEM"),
        (Files(None, MISSING, KEY), "client_cert_file", "does not exist"),
        (Files(None, CLIENT, MISSING), "client_key_file", "does not exist"),
        (Files(None, KEY, KEY), "client_cert_file", "holds no certificate in PEM"),
        (Files(None, CLIENT, CERTIFICATES / "key.pem"), "client_key_file", "does not belong to the certificate"),
        (Files(None, CLIENT, CLIENT), "client_key_file", "holds no private key in PEM"),
        (Files(None, CLIENT), "client_cert_file", "holds no private key in PEM"),
        (Files(None, CLIENT, CERTIFICATES / "locked-key.pem"), "client_key_file", "under a password"),
        (Files(None, CERTIFICATES / "weak.pem"), "client_cert_file", "takes for too weak"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_what_is_wrong(files: Files, key: str, says: str) -> None:
    """By the check of the configuration and, in the same words, by the connection."""
    ((found, what),) = faults(files)
    assert found == key
    assert says in what
    with pytest.raises(SourceError) as error:
        tls_context(files)
    assert error.value.reason is Reason.CONFIG_ERROR
    assert str(error.value) == f'the {key} "{getattr(files, key)}" {what}'


def test_files_that_are_good_have_no_fault_and_one_context(tmp_path: Path) -> None:
    """Also certificate and key in one file."""
    both = tmp_path / "both.pem"
    both.write_bytes(CLIENT.read_bytes() + KEY.read_bytes())
    for files in (Files(), Files(AUTHORITY), Files(AUTHORITY, CLIENT, KEY), Files(None, both)):
        assert list(faults(files)) == []
        assert tls_context(files) is tls_context(files)
        assert tls_context(files).verify_mode is ssl.CERT_REQUIRED
        assert tls_context(files).check_hostname
        assert tls_context(files).minimum_version is ssl.TLSVersion.TLSv1_2
    assert tls_context(Files(AUTHORITY)) is not tls_context(Files(AUTHORITY, CLIENT, KEY))


def test_a_renewed_file_is_read_anew(tmp_path: Path) -> None:
    held = tmp_path / "ca.pem"
    shutil.copy(AUTHORITY, held)
    before = tls_context(Files(held))
    shutil.copy(CERTIFICATES / "good.pem", held)
    os.utime(held, ns=(0, 7))
    assert tls_context(Files(held)) is not before


@pytest.mark.anyio
async def test_a_renewed_authority_is_taken_up_by_the_next_connect(tmp_path: Path) -> None:
    """Without a restart; a file that went bad is told of, and the one after it serves again."""
    held = tmp_path / "ca.pem"
    shutil.copy(AUTHORITY, held)

    async def page(wire: Wire) -> None:
        await wire.request()
        await wire.send(answered(b'{"$resources":[]}'))

    async with listening(page, certified("good")) as server:
        base = f"https://localhost:{server.port}"
        given = settings(Basic("u", Secret("p")), base_url=base, ca_file=held)
        async with X3Source(given, None, SystemClock()) as source:
            for step, (name, reason) in enumerate(
                [("authority", Reason.TLS_ERROR), ("client-key", Reason.CONFIG_ERROR), ("good", None)]
            ):
                shutil.copy(CERTIFICATES / f"{name}.pem", held)
                os.utime(held, ns=(0, step))
                if reason is None:
                    assert (await source.page(CUSTOMERS, Query(5))).records == b"[]"
                    continue
                with pytest.raises(SourceError) as error:
                    await source.page(CUSTOMERS, Query(5))
                assert error.value.reason is reason
                assert 'connection "aldgate"' in str(error.value)


@contextmanager
def demanding(version: ssl.TLSVersion) -> Iterator[tuple[int, list[bytes]]]:
    """Serve one client, over TLS and only with a certificate of the authority; gives the port, and what was asked.

    In a thread and on a plain socket: asyncio's own TLS closes without sending its alert.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "server.pem", CERTIFICATES / "key.pem")
    context.load_verify_locations(AUTHORITY)
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = context.maximum_version = version
    asked: list[bytes] = []

    def serve() -> None:
        raw, _ = bound.accept()
        raw.settimeout(10)
        with context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False) as session:
            try:
                session.do_handshake()
                asked.append(session.recv(65536))
                session.sendall(answered(b'{"$resources":[]}'))
            except ssl.SSLError:
                session.shutdown(socket.SHUT_WR)
                while session.recv(65536):
                    pass

    with socket.create_server(("127.0.0.1", 0)) as bound:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield bound.getsockname()[1], asked
        finally:
            thread.join(20)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("version", "client", "says"),
    [
        (ssl.TLSVersion.TLSv1_3, (CLIENT, KEY), ""),
        (ssl.TLSVersion.TLSv1_2, (CLIENT, KEY), ""),
        (ssl.TLSVersion.TLSv1_3, (None, None), "asks for a client certificate"),
        (ssl.TLSVersion.TLSv1_3, (CERTIFICATES / "good.pem", CERTIFICATES / "key.pem"), "refuses our client"),
        (ssl.TLSVersion.TLSv1_2, (CERTIFICATES / "good.pem", CERTIFICATES / "key.pem"), "refuses our client"),
    ],
)
async def test_a_server_that_asks_for_a_certificate_by_tls_is_understood(
    version: ssl.TLSVersion, client: tuple[Path | None, Path | None], says: str
) -> None:
    """Its alert, which under TLS 1.3 comes after the handshake, has the words of what to set."""
    cert, key = client
    with demanding(version) as (port, asked):
        given = settings(
            Basic("u", Secret("p")),
            base_url=f"https://localhost:{port}",
            ca_file=AUTHORITY,
            client_cert_file=cert,
            client_key_file=key,
        )
        async with X3Source(given, None, SystemClock()) as source:
            if not says:
                assert (await source.page(CUSTOMERS, Query(5))).records == b"[]"
                return
            with pytest.raises(SourceError) as error:
                await source.page(CUSTOMERS, Query(5))
    assert error.value.reason is Reason.TLS_ERROR
    assert says in str(error.value)
    assert "client_cert_file" in error.value.hint
    assert asked == []
