"""How one tenant is reached: what the configuration says, ready for use."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Final, TypeAlias

from msgspec import Struct

from driftd.adapters.x3.allowance import OF_ALL, Allowance
from driftd.adapters.x3.pair import Pair
from driftd.adapters.x3.refusals import Refusals
from driftd.adapters.x3.trust import Files
from driftd.core.network import PUBLIC_ONLY, Egress
from driftd.core.secret import Secret

FOLDER_HEADER: Final = "X-Sage-Folder"

SecretSource: TypeAlias = Secret | Callable[[], str]
"""A fixed secret, or where it is read: again when the tenant refuses it, so that a rotated one is taken up."""


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """OAuth 2 ``client_credentials`` at the tenant's own token endpoint (RFC 6749 §4.4)."""

    token_url: str
    """Configured, never guessed: no public source names X3's."""
    client_id: str
    secret: SecretSource = field(repr=False)
    scope: str | None = None
    """Asked for where it is set (RFC 6749 §3.3)."""


@dataclass(frozen=True, slots=True)
class Basic:
    """HTTP Basic of a Syracuse user; on-premises only."""

    username: str
    password: SecretSource = field(repr=False)


@dataclass(frozen=True, slots=True)
class ConnectedApp:
    """A connected application: it signs its own tokens, and there is no endpoint for them."""

    client_id: str
    secret: SecretSource = field(repr=False)
    username: str
    """The allowed user."""
    audience: str
    """The application's URL byte for byte, as the tenant's administrator entered it."""
    token_life: float = 300.0
    """Seconds from a token's issue to its end; at most the "Tokens validity" of the application."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """A pair of tokens that Sage's cloud gateway renews."""

    token_url: str
    """Of the region that the customer was paired in."""
    client_id: str
    """Of the application registered on Sage Business Cloud."""
    secret: SecretSource = field(repr=False)
    pair: Pair = field(repr=False)
    """Shared by the connections that it is for."""


Auth: TypeAlias = ClientCredentials | ConnectedApp | Pairing | Basic


class Proof(Struct, frozen=True):
    """How often the secret is proved: by a token asked for although the one in hand lives, and goes on serving."""

    every: float = inf
    """Seconds between tokens at most."""
    second_look: float = 45.0
    """Seconds after which it is asked again where it is refused meanwhile: only the second refusal is believed."""


NEVER: Final = Proof()
"""By the tokens alone that are needed."""


class Caps(Struct, frozen=True):
    """What an answer may weigh. A page over them is refused whole."""

    wire: int = 256 << 20
    """Bytes of one body on the wire."""
    body: int = 512 << 20
    """Bytes of one body after inflating."""
    small: int = 8 << 20
    """Inflated bytes up to which a body takes nothing of what large ones share: a page of 500 records has 0.3 MB."""
    ratio: int = 250
    """Inflated bytes for a byte on the wire; JSON with padded arrays stays below 100, gzip can reach 1,030."""
    ratio_floor: int = 8 << 20
    """Inflated bytes up to which the ratio does not count."""
    token: int = 1 << 20
    """Bytes of a token answer."""


class Pace(Struct, frozen=True):
    """How slowly a body may come: a wait for each piece alone would be renewed by every byte."""

    slack: float = 30.0
    """Seconds that any body may take."""
    rate: int = 1024
    """Bytes a second that it must bring besides."""

    def seconds(self, size: int) -> float:
        """Return how long so many bytes may take."""
        return self.slack + size / self.rate


@dataclass(frozen=True, slots=True)
class X3Settings:
    """One connection, as the X3 adapter needs it."""

    name: str
    """The connection's slug; every message names it."""
    base_url: str
    """Scheme, host, port and an optional path before ``/api1``."""
    folder: str
    """Sent in each of `folder_headers`, and compared with ``$actxFolder`` of the answers."""
    auth: Auth
    endpoint: str | None = None
    """Path segment that selects the folder; None takes the folder code."""
    folder_headers: tuple[str, ...] = (FOLDER_HEADER,)
    proxy: str | None = field(default=None, repr=False)
    """Address of a forward proxy, only from the configuration. One with a user or password is refused."""
    egress: Egress = PUBLIC_ONLY
    """Where it may lead besides public addresses over https."""
    ca_file: Path | None = None
    """PEM file of certificate authorities trusted besides the public ones."""
    client_cert_file: Path | None = None
    """PEM file of the certificate by which the tenant's front knows us."""
    client_key_file: Path | None = None
    """PEM file of its key; None: that stands beside the certificate."""
    timeout: float = 120.0
    """Seconds for a whole request, from the connect to the last byte of the body."""
    connect_timeout: float = 10.0
    """Seconds for the connect and, apart, for the TLS handshake."""
    proof: Proof = NEVER
    refusals: Refusals = field(default_factory=Refusals, repr=False)
    """What the connections of the process know of refused secrets."""
    max_connections: int = 4
    """Sockets open at once to this tenant."""
    caps: Caps = field(default_factory=Caps)
    allowance: Allowance = field(default=OF_ALL, repr=False)
    """What its large answers take from."""
    pace: Pace = field(default_factory=Pace)

    @property
    def files(self) -> Files:
        """The certificate files."""
        return Files(self.ca_file, self.client_cert_file, self.client_key_file)

    @property
    def segment(self) -> str:
        """Path segment that selects the folder."""
        return self.endpoint or self.folder
