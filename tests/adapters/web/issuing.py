"""An authority that issues certificates to clients, and what two sides of TLS say to each other without a socket."""

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

DNS, EMAIL, URI = x509.DNSName, x509.RFC822Name, x509.UniformResourceIdentifier


def address(text: str) -> x509.IPAddress:
    return x509.IPAddress(ip_address(text))


@cache
def key() -> ec.EllipticCurvePrivateKey:
    """One for all: only names differ here."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem() -> str:
    return key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def certificate(name: str, names: Sequence[x509.GeneralName] = (), *, authority: bool = False) -> str:
    """Return a certificate of our authority in PEM."""
    subject, issuer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in (name, "authority"))
    made = x509.CertificateBuilder(issuer, subject, key().public_key(), x509.random_serial_number())
    made = made.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
    made = made.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    if names:
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return made.sign(key(), SHA256()).public_bytes(Encoding.PEM).decode()


@cache
def authority() -> str:
    return certificate("authority", authority=True)


def client(folder: Path, names: Sequence[x509.GeneralName]) -> ssl.SSLContext:
    """Return a client that shows a certificate with these names, and believes everybody."""
    made = believing()
    (folder / "shown.pem").write_text(certificate("client", names) + key_pem())
    made.load_cert_chain(folder / "shown.pem")
    return made


def believing() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    return made


class Talk:
    """A client and a server, both in this process."""

    def __init__(self, client: ssl.SSLContext, server: ssl.SSLContext, session: ssl.SSLSession | None = None) -> None:
        up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = client.wrap_bio(down, up, session=session)
        self.server = server.wrap_bio(up, down, server_side=True)

    def shakes_hands(self) -> "Talk":
        """Raise `ssl.SSLError` where one of them refuses the other, the client first where both would."""
        for _ in range(4):
            for side in (self.client, self.server):
                try:
                    side.do_handshake()
                except ssl.SSLWantReadError:
                    continue
        self.server.write(b"x")
        assert self.client.read(1) == b"x"
        return self
