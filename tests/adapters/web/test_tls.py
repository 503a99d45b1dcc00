"""TLS is spoken as configured, and every file that cannot be used is told."""

import os
import ssl
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from driftd.adapters.web.tls import context_of
from driftd.config.webtls import Demand, Tls, Version
from driftd.core.secret import Secret
from driftd.errors import ConfigError
from tests.adapters.web.issuing import (
    DNS,
    EMAIL,
    URI,
    Talk,
    address,
    authority,
    believing,
    certificate,
    client,
    key_pem,
)
from tests.adapters.x3.asking import CERTIFICATES

GOOD = Tls(CERTIFICATES / "good.pem", CERTIFICATES / "key.pem")


def told(tls: Tls) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        context_of(tls, "web.yml")
    return {each.path.removeprefix("web.yml: tls_server_config."): each.message for each in caught.value.mistakes}


def test_what_is_configured_is_what_is_spoken() -> None:
    plain = context_of(GOOD, "web.yml")
    assert (plain.minimum_version, plain.verify_mode) == (ssl.TLSVersion.TLSv1_2, ssl.CERT_NONE)
    ca = CERTIFICATES / "authority.pem"
    strict = context_of(
        replace(GOOD, client_ca=ca, demand=Demand.MUST, least=Version.TLS13, our_order=False), "web.yml"
    )
    assert (strict.minimum_version, strict.verify_mode) == (ssl.TLSVersion.TLSv1_3, ssl.CERT_REQUIRED)
    assert not strict.options & ssl.OP_CIPHER_SERVER_PREFERENCE
    suites = ("ECDHE-RSA-AES128-GCM-SHA256",)
    chosen = context_of(replace(GOOD, suites=suites, most=Version.TLS12), "web.yml")
    assert "ECDHE-RSA-AES128-GCM-SHA256" in {each["name"] for each in chosen.get_ciphers()}
    assert "ECDHE-RSA-AES256-GCM-SHA384" not in {each["name"] for each in chosen.get_ciphers()}


def test_each_file_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """All of them at once, with the next step."""
    none, junk = tmp_path / "none", tmp_path / "junk"
    junk.write_text("nothing")
    assert "does not exist" in told(replace(GOOD, cert=none))["cert_file"]
    assert told(replace(GOOD, cert=none, key=none, client_ca=junk)).keys() == {
        "cert_file",
        "key_file",
        "client_ca_file",
    }
    assert "no certificate" in told(replace(GOOD, cert=junk))["cert_file"]
    assert "no private key" in told(replace(GOOD, key=junk))["key_file"]
    assert "under a password" in told(replace(GOOD, key=CERTIFICATES / "locked-key.pem"))["key_file"]
    assert "does not belong" in told(replace(GOOD, key=CERTIFICATES / "client-key.pem"))["key_file"]
    assert "cannot be read" in told(replace(GOOD, key=tmp_path))["key_file"]


INLINE = Tls(certificate("driftd", [DNS("driftd.example")]), Secret(key_pem()), authority(), Demand.MUST)
ALL = {"scraper.example", "10.0.0.1", "2001:db8::1", "jo@example.org", "spiffe://prod/scraper"}


def test_what_stands_in_the_configuration_is_spoken_with() -> None:
    """And no file with it is left open."""
    open_before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    served = context_of(replace(INLINE, client_ca=None, demand=Demand.NONE), "web.yml")
    shown = Talk(believing(), served).shakes_hands().client.getpeercert(binary_form=True)
    assert isinstance(INLINE.cert, str)
    assert shown == ssl.PEM_cert_to_DER_cert(INLINE.cert)
    assert len(os.listdir("/proc/self/fd")) == open_before  # noqa: PTH208


def test_what_stands_there_and_cannot_be_used_is_told_without_it() -> None:
    """At its setting, which has no file."""
    key = Secret("-----BEGIN PRIVATE KEY-----\nplanted\n-----END PRIVATE KEY-----\n")
    found = told(replace(INLINE, cert="-----BEGIN x", key=key, client_ca="-----BEGIN x"))
    assert found == {"cert": "holds no certificate in PEM", "client_ca": "holds no certificate in PEM"}
    found = told(replace(INLINE, key=key))
    assert found == {"key": "holds no private key in PEM, or one under a password"}
    assert "does not belong" in told(replace(INLINE, cert=CERTIFICATES / "good.pem"))["key"]
    assert "does not belong" in told(replace(INLINE, key=CERTIFICATES / "key.pem"))["key_file"]


@pytest.mark.parametrize("version", [Version.TLS12, Version.TLS13])
@pytest.mark.parametrize(
    ("names", "lets_in"),
    [
        ([DNS("scraper.example")], True),
        ([DNS("other.example"), EMAIL("jo@example.org")], True),
        ([address("10.0.0.1")], True),
        ([address("2001:db8::1")], True),
        ([URI("spiffe://prod/scraper")], True),
        ([DNS("other.example"), EMAIL("al@example.org"), address("10.0.0.2"), URI("spiffe://prod")], False),
        ([DNS("scraper.example.evil.org"), DNS("*.example"), DNS("Scraper.example")], False),
        ([], False),
    ],
    ids=str,
)
def test_only_who_has_one_of_the_names_is_let_in(
    tmp_path: Path, names: list[Any], lets_in: bool, version: Version
) -> None:
    """Each byte of it, of whichever kind it is; the handshake of others fails, and nothing of theirs is read."""
    served = context_of(replace(INLINE, names=frozenset(ALL), least=version, most=version), "web.yml")
    talk = Talk(client(tmp_path, names), served)
    if lets_in:
        talk.shakes_hands()
        return
    with pytest.raises(ssl.SSLCertVerificationError, match="none of the names"):
        talk.shakes_hands()


def test_who_comes_again_is_named_by_the_first_time(tmp_path: Path) -> None:
    """Where a session is resumed no certificate is sent; under another configuration it is not resumed at all."""
    mine = client(tmp_path, [DNS("scraper.example")])
    served = context_of(replace(INLINE, names=frozenset(ALL)), "web.yml")
    session = Talk(mine, served).shakes_hands().client.session
    again = Talk(mine, served, session).shakes_hands()
    assert again.client.session_reused
    narrowed = context_of(replace(INLINE, names=frozenset({"other.example"})), "web.yml")
    with pytest.raises(ssl.SSLCertVerificationError, match="none of the names"):
        Talk(mine, narrowed, session).shakes_hands()


@pytest.mark.parametrize("version", [Version.TLS12, Version.TLS13])
def test_the_curve_that_is_chosen_is_the_only_one(version: Version) -> None:
    open_ = replace(INLINE, client_ca=None, demand=Demand.NONE, least=version, most=version)
    theirs = believing()
    theirs.set_ecdh_curve("prime256v1")
    for curve in ("prime256v1", None):
        Talk(theirs, context_of(replace(open_, curve=curve), "web.yml")).shakes_hands()
    for curve in ("secp384r1", "secp521r1", "X25519"):
        with pytest.raises(ssl.SSLError):
            Talk(theirs, context_of(replace(open_, curve=curve), "web.yml")).shakes_hands()
    assert "has not" in told(replace(open_, curve="nonsense"))["curve_preferences"]
