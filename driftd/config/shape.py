"""The tables of the file: one field a key, its type naming the reader that says what is right.

Tables inside tables are read one by one, so that a mistake in one hides none in another.
"""

from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Struct

from driftd.config import values
from driftd.config.plain import paths, share, some, text, whole
from driftd.core.model import Hours
from driftd.core.network import IpNetwork


def _address(value: object) -> str:
    values.url(value)
    return str(value).rstrip("/")


def _proxy(value: object) -> str:
    if isinstance(value, str) and "@" in value:  # never quoted: it may carry a password
        raise ValueError("must not carry a user or password: driftd signs in at no proxy")
    return _address(value)


def _tenant(value: object) -> str:
    parts = values.url(value)
    segments = parts.path.lower().split("/")
    if "sdata" in segments:
        raise ValueError("must not lead to /sdata/, which is for interactive use: give the address before /api1/")
    if "api1" in segments:
        raise ValueError("must end before /api1/: driftd adds the path itself")
    return str(value).rstrip("/")


Seconds = Annotated[float, values.duration]
TokenLife = Annotated[float, values.token_life]
SecondsOrZero = Annotated[float, values.duration_or_zero]
Size = Annotated[int, values.size]
Span = Annotated[Hours, values.hours]
Cron = Annotated[str, values.cron]
Zone = Annotated[str, values.zone]
Range = Annotated[IpNetwork, values.network]
Url = Annotated[str, _address]
ProxyUrl = Annotated[str, _proxy]
TenantUrl = Annotated[str, _tenant]
Audience = Annotated[str, values.audience]
Scope = Annotated[
    str,
    text(
        r"(?=.{1,1000}$)[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*",
        'scopes with one blank between two of them, such as "x3.read"',
    ),
]
"""RFC 6749 §3.3."""
Listen = Annotated[str, values.listen]
Slug = Annotated[str, text(r"[a-z0-9][a-z0-9._-]{0,62}", 'a slug of a-z, 0-9, ".", "_" and "-" such as "aldgate"')]
Class = Annotated[
    str, text(r"[A-Za-z][A-Za-z0-9_]{0,63}", 'an X3 name of letters, digits and "_" such as "BPCUSTOMER"')
]
Member = Annotated[str, text(r"\$?[A-Za-z_][A-Za-z0-9_]{0,63}", 'a member\'s name such as "UPDDATTIM"')]
Segment = Annotated[
    str, text(r"[A-Za-z0-9_.$-]{1,64}", 'one path segment of letters, digits, "_", "-", "." such as "SEED"')
]
Header = Annotated[str, text(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}", 'a header\'s name such as "X-Sage-Folder"')]
Line = Annotated[str, text(r"[^\x00-\x1f\x7f]{1,200}", "text of one line")]
Variable = Annotated[str, text(r"[A-Za-z_][A-Za-z0-9_]{0,199}", 'a variable\'s name such as "DRIFTD_KEY"')]
Credential = Annotated[str, text(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}", 'the name of a credential such as "kek"')]
Argument = Annotated[str, text(r"[^\x00]{1,1000}", "text without NUL")]
Postgres = Annotated[str, values.postgres]
Rule = Literal["keep", "hash", "mask", "drop"]
Whole = Annotated[int, whole(1)]
WholeOrZero = Annotated[int, whole(0)]
Share = Annotated[float, share]
KEY_PARTS = 16
"""Parts of a key; X3's indexes have sixteen at most."""
PageSize = Annotated[int, whole(1, 100_000)]
Requests = Annotated[int, whole(1, 10_000)]
"""Under way at once."""


class Table(Struct, frozen=True, kw_only=True):
    """A table of the file: no key besides the known ones, no value of another type."""

    place: ClassVar[str]
    """Where the table stands, as the file writes it."""


class Daemon(Table, frozen=True, kw_only=True):
    place = "[daemon]"
    data_dir: Line = "/var/lib/driftd"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["logfmt", "json"] = "logfmt"
    max_concurrency: Requests = 64
    stop_grace: SecondsOrZero = 15.0


class Web(Table, frozen=True, kw_only=True):
    place = "[web]"
    listen: Listen = "127.0.0.1:9420"
    web_config_file: Line | None = None
    enable_reload: bool = False
    external_url: Url | None = None
    allowed_hosts: list[Line] = []
    metrics_detail: Literal["basic", "full"] = "basic"
    max_series: Whole = 200_000


class Store(Table, frozen=True, kw_only=True):
    place = "[store]"
    url: Postgres | None = None
    backup_every: SecondsOrZero = 86_400.0
    backups_kept: Whole = 3
    backup_dir: Line | None = None
    ballast: Size | None = None
    low_water: Size | None = None
    keep_bodies: Seconds = 30 * 86_400.0
    keep_changes: Seconds = 90 * 86_400.0
    keep_counters: Seconds = 400 * 86_400.0
    max_log_bytes: Size = 10 * 10**9


class Vault(Table, frozen=True, kw_only=True):
    place = "[vault]"
    key_file: Line | None = None
    key_env: Variable | None = None
    key_credential: Credential | None = None
    key_command: Annotated[list[Argument], some('["/usr/local/bin/key", "driftd"]', 64)] | None = None


class Network(Table, frozen=True, kw_only=True):
    place = "[network]"
    allow_networks: list[Range] = []
    allow_http: list[Range] = []


class Overrides(Table, frozen=True, kw_only=True):
    """What each level may set; what is not set comes from the level above."""

    place = "[defaults]"
    probe: Seconds | None = None
    delta: Seconds | None = None
    sweep: Seconds | None = None
    sweep_cron: Cron | None = None
    timezone: Zone | None = None
    blackout: list[Span] | None = None
    requests_per_day: Whole | None = None
    bytes_per_day: Size | None = None
    details_per_hour: WholeOrZero | None = None
    second_look: SecondsOrZero | None = None
    page_size: PageSize | None = None
    timeout: Seconds | None = None
    max_concurrency: Requests | None = None
    max_per_host: Requests | None = None
    policy: Literal["evolve", "warn", "hold", "freeze"] | None = None
    mass_delete_ratio: Share | None = None
    mass_delete_limit: Whole | None = None
    watermark_overlap: SecondsOrZero | None = None


class Resource(Overrides, frozen=True, kw_only=True):
    place = "[[connections.resources]]"
    name: Class
    representation: Class | None = None
    key: Annotated[list[Member], some('["BPCNUM"]', KEY_PARTS)] | None = None
    details: bool | None = None
    watermark: Member | None = None
    volatile: list[Member] = []
    private: Annotated[dict[str, Rule], paths] = {}
    references: dict[str, Class] = {}


class Connection(Overrides, frozen=True, kw_only=True):
    place = "[[connections]]"
    name: Slug
    base_url: TenantUrl
    folder: Segment
    endpoint: Segment | None = None
    folder_header: Annotated[list[Header], some('["X-Sage-Folder"]')] | None = None
    proxy: ProxyUrl | None = None
    customer: Line | None = None
    environment: Literal["production", "test"] | None = None
    ca_file: Line | None = None
    client_cert_file: Line | None = None
    client_key_file: Line | None = None
    auth: Any = None
    resources: Any = None


class Credentials(Table, frozen=True, kw_only=True):
    place = "[connections.auth]"
    type: Literal["client_credentials"] = "client_credentials"
    token_url: Url
    client_id: Line
    client_secret: Any
    scope: Scope | None = None
    secret_expires: date | None = None


class ConnectedApp(Table, frozen=True, kw_only=True):
    place = "[connections.auth]"
    type: Literal["connected_app"]
    client_id: Line
    client_secret: Any
    username: Line
    audience: Audience
    token_life: TokenLife = 300.0
    secret_expires: date | None = None


class Pairing(Table, frozen=True, kw_only=True):
    place = "[connections.auth]"
    type: Literal["pairing"]
    token_url: Url
    client_id: Line
    client_secret: Any
    pair: Slug | None = None
    secret_expires: date | None = None


class BasicLogin(Table, frozen=True, kw_only=True):
    place = "[connections.auth]"
    type: Literal["basic"]
    username: Line
    password: Any
    secret_expires: date | None = None


class Webhook(Table, frozen=True, kw_only=True):
    place = "[[webhooks]]"
    url: Url
    secret: Any


TABLES: tuple[type[Table], ...] = (
    Daemon,
    Web,
    Store,
    Vault,
    Network,
    Overrides,
    Connection,
    Resource,
    Credentials,
    ConnectedApp,
    Pairing,
    BasicLogin,
    Webhook,
)
