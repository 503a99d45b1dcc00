"""The web configuration is read in the format of Prometheus' exporters; every mistake is told at once with its path."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.config.webfile import WebFile, parse_web
from driftd.config.webtls import Demand, Tls, Version
from driftd.core.secret import Secret
from driftd.errors import ConfigError

HASH = "$2y$10$" + "a" * 53
WHOLE = f"""
tls_server_config:
  cert_file: server.crt
  key_file: /etc/driftd/server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: clients.crt
  min_version: TLS12
  max_version: TLS13
  cipher_suites:
    - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
    - TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
  prefer_server_cipher_suites: false
http_server_config:
  http2: true
  headers:
    X-Frame-Options: sameorigin
    Strict-Transport-Security: max-age=31536000; includeSubDomains
basic_auth_users:
  jo: {HASH}
  "123": {HASH}
"""


CLIENTS = "cert_file: a, key_file: b, client_ca_file: c, client_auth_type: RequireAndVerifyClientCert"
INLINE = """
tls_server_config:
  cert: |
    -----BEGIN CERTIFICATE-----
    MII
  key: |
    -----BEGIN PRIVATE KEY-----
    planted
  client_ca: "-----BEGIN CERTIFICATE-----"
  client_auth_type: RequireAndVerifyClientCert
  client_allowed_sans: [scraper.example, "2001:DB8::0:1", "::ffff:10.0.0.1", jo@example.org, "spiffe://prod/scraper"]
  curve_preferences: [CurveP384]
"""


def read(text: str) -> WebFile:
    return parse_web(text.encode(), "web.yml", Path("/conf"))


def told(text: str | bytes) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        parse_web(text.encode() if isinstance(text, str) else text, "web.yml", Path("/conf"))
    return {each.path.removeprefix("web.yml: "): each.message for each in caught.value.mistakes}


def test_the_whole_of_it_is_read() -> None:
    assert read(WHOLE) == WebFile(
        Tls(
            Path("/conf/server.crt"),
            Path("/etc/driftd/server.key"),
            Path("/conf/clients.crt"),
            Demand.MUST,
            Version.TLS12,
            Version.TLS13,
            ("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"),
            our_order=False,
        ),
        {"X-Frame-Options": "sameorigin", "Strict-Transport-Security": "max-age=31536000; includeSubDomains"},
        {"jo": Secret(HASH), "123": Secret(HASH)},
    )


def test_certificates_and_key_may_stand_in_it() -> None:
    """As may the names that clients must have one of, addresses in one form; the key does not show itself."""
    found = read(INLINE)
    names = {"scraper.example", "2001:db8::1", "10.0.0.1", "jo@example.org", "spiffe://prod/scraper"}
    assert found.tls == Tls(
        "-----BEGIN CERTIFICATE-----\nMII\n",
        Secret("-----BEGIN PRIVATE KEY-----\nplanted\n"),
        "-----BEGIN CERTIFICATE-----",
        Demand.MUST,
        names=frozenset(names),
        curve="secp384r1",
    )
    assert "planted" not in repr(found)
    assert found.tls.files == ()
    mixed = read("tls_server_config: {cert_file: a, key: '-----BEGIN x'}").tls
    assert mixed is not None
    assert mixed.files == (Path("/conf/a"),)


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}", "---\n", "basic_auth_users:\n", "tls_server_config: null"])
def test_nothing_is_a_configuration_too(text: str) -> None:
    assert read(text) == WebFile()


def test_every_mistake_is_told_at_once() -> None:
    """With its path, and what would be right; what may be a password is not repeated."""
    found = told(
        """
zzz: 1
tls_server_config:
  cert_file: [1]
  client_auth_type: RequireAnyClientCert
  min_version: TLS10
  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]
  curve_preferences: [P-256]
  key: "-----BEGIN"
  cert_fil: x
http_server_config:
  http2: maybe
basic_auth_users:
  jo: hunter2
  "a:b": x
  cheap: $2y$03$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
  dear: $2y$31$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
"""
    )
    assert found.keys() == {
        "zzz",
        "tls_server_config.cert_file",
        "tls_server_config.client_auth_type",
        "tls_server_config.min_version",
        "tls_server_config.cipher_suites[0]",
        "tls_server_config.curve_preferences[0]",
        "tls_server_config.key",
        "tls_server_config.cert_fil",
        "http_server_config.http2",
        "basic_auth_users.jo",
        "basic_auth_users.a:b",
        "basic_auth_users.cheap",
        "basic_auth_users.dear",
    }
    assert "hunter2" not in str(found)
    assert 'did you mean "cert_file"' in found["tls_server_config.cert_fil"]
    assert "RequireAndVerifyClientCert" in found["tls_server_config.client_auth_type"]


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        ("zzz: 1", "zzz", "is not known; known are tls_server_config"),
        ("[1]", "web.yml", "must be names with values"),
        ("tls_server_config: 5", "tls_server_config", "must be a table"),
        (
            "tls_server_config: {cert_file: a, key_file: b, client_ca_file: c}",
            "tls_server_config.client_auth_type",
            "must be",
        ),
        (
            "tls_server_config: {cert_file: a, key_file: b, client_auth_type: VerifyClientCertIfGiven}",
            "tls_server_config.client_ca_file",
            "is missing",
        ),
        (
            "tls_server_config: {cert_file: a, key_file: b, min_version: TLS13, max_version: TLS12}",
            "tls_server_config.min_version",
            "above max_version",
        ),
        (
            "tls_server_config: {cert_file: a, key_file: b, client_allowed_sans: [x]}",
            "tls_server_config.client_auth_type",
            'must be "RequireAndVerifyClientCert" for client_allowed_sans',
        ),
        (
            f"tls_server_config: {{{CLIENTS}, client_allowed_sans: []}}",
            "tls_server_config.client_allowed_sans",
            "nobody",
        ),
        (
            f"tls_server_config: {{{CLIENTS}, client_allowed_sans: ['a b']}}",
            "tls_server_config.client_allowed_sans[0]",
            "a name of a certificate",
        ),
        (
            "tls_server_config: {cert_file: a, key_file: b, curve_preferences: [X25519, CurveP256]}",
            "tls_server_config.curve_preferences",
            "name one, or leave this out",
        ),
        (
            "tls_server_config: {cert: planted-key, key_file: b}",
            "tls_server_config.cert",
            'begins with "-----BEGIN"',
        ),
        (
            "tls_server_config: {cert: '-----BEGIN x', cert_file: a, key_file: b}",
            "tls_server_config.cert",
            "leave one of them out",
        ),
        (
            "tls_server_config: {cert_file: a, key: '-----BEGIN x', key_file: b}",
            "tls_server_config.key",
            "leave one of them out",
        ),
        (
            "tls_server_config: {key: '-----BEGIN x'}",
            "tls_server_config.cert_file",
            "or write it here as cert",
        ),
        ("rate_limit: {interval: 1s, burst: 20}", "rate_limit", "let a proxy limit requests"),
        ("http_server_config: {headers: {Server: x}}", "http_server_config.headers.Server", "cannot be set"),
        (
            'http_server_config: {headers: {X-Frame-Options: "a\\nb"}}',
            "http_server_config.headers.X-Frame-Options",
            "one line",
        ),
        ("http_server_config: {headers: [x]}", "http_server_config.headers", "names with their values"),
        ("basic_auth_users: [jo]", "basic_auth_users", "names with the bcrypt hashes"),
        ("basic_auth_users: {jo: 5}", "basic_auth_users.jo", "bcrypt hash"),
        (f'basic_auth_users: {{"": {HASH}}}', "basic_auth_users.", "1 to 80"),
    ],
)
def test_a_mistake_says_what_would_be_right(text: str, path: str, says: str) -> None:
    found = told(text)
    assert list(found) == [path]
    assert says in found[path]
    assert "planted" not in str(found)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: b: c", "at line 1"),
        ("jo: 1\njo: 2", '"jo" is given twice'),
        ("basic_auth_users:\n  jo: 1\n  jo: 2", '"jo" is given twice'),
        ("basic_auth_users: {123: x}", "put it in quotes"),
        ("basic_auth_users: {yes: x}", "put it in quotes"),
        ("? [a]\n: b", "put it in quotes"),
        ("a: &x [1]\nb: *x", "aliases are not read"),
        ("a: !!python/object/apply:os.system [ls]", "is not YAML that can be read"),
        ("a: 2026-13-45", "can be none"),
        ("---\na: 1\n---\nb: 2", "is not YAML that can be read"),
        ("[" * 5000, "too deeply"),
        (b"a: \xff", "is not UTF-8"),
        ("a: \x00", "is not YAML that can be read"),
        (b"#" * (1 << 20) + b"#", "longer than 1 MiB"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_place(text: str | bytes, says: str) -> None:
    found = told(text)
    assert list(found) == ["web.yml"]
    assert says in found["web.yml"]


@given(st.text(max_size=60) | st.binary(max_size=60))
def test_whatever_stands_there_is_read_or_told(text: str | bytes) -> None:
    """And never a traceback."""
    content = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    with suppress(ConfigError):
        assert isinstance(parse_web(content, "web.yml", Path()), WebFile)
