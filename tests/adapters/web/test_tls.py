"""TLS is spoken as configured, and every file that cannot be used is told."""

import ssl
from pathlib import Path

import pytest
from msgspec.structs import replace

from driftd.adapters.web.tls import context_of
from driftd.config.webfile import Demand, Tls, Version
from driftd.errors import ConfigError
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
        replace(GOOD, client_ca_file=ca, demand=Demand.MUST, least=Version.TLS13, our_order=False), "web.yml"
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
    assert "does not exist" in told(replace(GOOD, cert_file=none))["cert_file"]
    assert told(replace(GOOD, cert_file=none, key_file=none, client_ca_file=junk)).keys() == {
        "cert_file",
        "key_file",
        "client_ca_file",
    }
    assert "no certificate" in told(replace(GOOD, cert_file=junk))["cert_file"]
    assert "no private key" in told(replace(GOOD, key_file=junk))["key_file"]
    assert "under a password" in told(replace(GOOD, key_file=CERTIFICATES / "locked-key.pem"))["key_file"]
    assert "does not belong" in told(replace(GOOD, key_file=CERTIFICATES / "client-key.pem"))["key_file"]
    assert "cannot be read" in told(replace(GOOD, key_file=tmp_path))["key_file"]
