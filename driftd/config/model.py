"""The nouns of the configuration, resolved: every default filled in, the nearest setting in force."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias
from urllib.parse import urlsplit

from msgspec import Struct, field
from msgspec.structs import replace

from driftd.config.secret import SecretRef
from driftd.core.model import Hours, Policy, Resource
from driftd.core.network import PUBLIC_ONLY, Egress
from driftd.core.retention import Retention
from driftd.core.rules import Rules
from driftd.errors import Mistake


class ClassDefaults(Struct, frozen=True):
    """What the catalogue knows of a class."""

    representation: str
    key: tuple[str, ...]
    details: bool = False
    lines: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Collections that have a line key, and its members."""
    references: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Member → the class that it names by its key."""
    rules: Rules = Rules()
    """Which member plays which part in exact checks."""
    personal: tuple[str, ...] = ()
    """Paths of members that usually tell of persons."""


class Settings(Struct, frozen=True):
    """What ``[defaults]``, a connection and a resource may each set; durations in seconds."""

    probe: float = 300.0
    delta: float = 900.0
    sweep: float = 86400.0
    sweep_cron: str | None = None
    """Five cron fields in ``timezone``; where set it decides instead of ``sweep``."""
    timezone: str = "UTC"
    blackout: tuple[Hours, ...] = ()
    requests_per_day: int = 20_000
    bytes_per_day: int = 2_000_000_000
    details_per_hour: int = 600
    second_look: float = 45.0
    page_size: int = 500
    timeout: float = 120.0
    """For a whole request."""
    max_concurrency: int = 2
    max_per_host: int = 4
    policy: Policy = Policy.WARN
    mass_delete_ratio: float = 0.10
    mass_delete_limit: int = 500
    watermark_overlap: float = 600.0


class ClientCredentials(Struct, frozen=True):
    """OAuth 2 client credentials."""

    token_url: str
    client_id: str
    client_secret: SecretRef
    scope: str | None = None
    """What tokens are to be good for, with one blank between two; None: what the endpoint takes it for."""
    secret_expires: date | None = None

    @property
    def secret(self) -> SecretRef:
        """Where the secret stands."""
        return self.client_secret


class ConnectedApp(Struct, frozen=True):
    """A connected application, which signs its own tokens."""

    client_id: str
    client_secret: SecretRef
    username: str
    """The allowed user, whom a token names as its subject."""
    audience: str
    """The application's URL exactly as the tenant's administrator entered it."""
    token_life: float = 300.0
    """Seconds; at most the "Tokens validity" of the application."""
    secret_expires: date | None = None

    @property
    def secret(self) -> SecretRef:
        """Where the secret stands."""
        return self.client_secret


class Basic(Struct, frozen=True):
    """A Syracuse user with basic authentication."""

    username: str
    password: SecretRef
    secret_expires: date | None = None

    @property
    def secret(self) -> SecretRef:
        """Where the secret stands."""
        return self.password


class Pairing(Struct, frozen=True):
    """A customer's pair of tokens at Sage's cloud gateway, which each refresh replaces."""

    token_url: str
    client_id: str
    client_secret: SecretRef
    refresh_token: SecretRef
    """Always kept by driftd, as each use replaces it."""
    pair: str = ""
    """Name of the pair, where several connections share it."""
    secret_expires: date | None = None

    @property
    def secret(self) -> SecretRef:
        """Where the client secret stands."""
        return self.client_secret


Auth: TypeAlias = ClientCredentials | ConnectedApp | Pairing | Basic


class ResourceConfig(Struct, frozen=True):
    """A resource, the settings in force for it, and its field rules."""

    resource: Resource
    settings: Settings
    own: frozenset[str] = frozenset()
    """The settings that it does not take from above."""
    personal: tuple[str, ...] = ()
    """Paths of members that usually tell of persons and have no field rule, not even ``keep``."""
    references: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Member → the class whose key it carries."""


class ConnectionConfig(Struct, frozen=True):
    """One tenant: where it is, who we are there, and what is polled of it."""

    name: str
    base_url: str
    """Origin and optional path, without a trailing slash."""
    folder: str
    endpoint: str
    """Path segment of the endpoint; the folder where nothing else is said."""
    auth: Auth
    settings: Settings
    classes: tuple[ResourceConfig, ...]
    folder_header: tuple[str, ...] = ("X-Sage-Folder",)
    proxy: str | None = None
    customer: str | None = None
    environment: str | None = None
    ca_file: Path | None = None
    client_cert_file: Path | None = None
    client_key_file: Path | None = None
    network: Egress = PUBLIC_ONLY
    """Where it may lead: one for all, and part of each, so that a reload that changes it opens connections anew."""
    place: str = ""
    """Where it stands, such as ``connections[3]``; begins with the file's name where that is one of ``conf.d``."""
    listed: bool = True
    """Whether it names its resources; where it does not, it polls the standard catalogue."""
    stored: bool = False
    """Whether it stands in the database, and not in the file."""

    @property
    def unplaced(self) -> "ConnectionConfig":
        """The same connection, wherever in the files it stands."""
        auth, secret = self.auth, replace(self.auth.secret, path="")
        held = replace(auth, password=secret) if isinstance(auth, Basic) else replace(auth, client_secret=secret)
        if isinstance(held, Pairing):
            held = replace(held, refresh_token=replace(held.refresh_token, path=""))
        return replace(self, auth=held, place="")

    @property
    def secrets(self) -> tuple[SecretRef, ...]:
        """Where its secrets stand; first the one that a person is asked for."""
        auth = self.auth
        return (auth.refresh_token, auth.client_secret) if isinstance(auth, Pairing) else (auth.secret,)

    @property
    def kept_as(self) -> str:
        """The name under which driftd keeps its secrets: that of its pair where it shares one."""
        return (self.auth.pair if isinstance(self.auth, Pairing) else "") or self.name

    @property
    def host(self) -> str:
        """The host of the tenant."""
        return urlsplit(self.base_url).hostname or self.base_url

    @property
    def port(self) -> int:
        """The port of the tenant's web server."""
        address = urlsplit(self.base_url)
        return address.port or (80 if address.scheme == "http" else 443)

    @property
    def resources(self) -> tuple[Resource, ...]:
        """The resources polled, in the order of the configuration."""
        return tuple(each.resource for each in self.classes)


class DaemonConfig(Struct, frozen=True):
    """The daemon itself."""

    data_dir: Path
    log_level: str = "info"
    log_format: str = "logfmt"
    max_concurrency: int = 64
    """Requests at once, all connections."""
    stop_grace: float = 15.0


class WebConfig(Struct, frozen=True):
    """The daemon's own HTTP surface."""

    listen: str = "127.0.0.1:9420"
    web_config_file: Path | None = None
    enable_reload: bool = False
    external_url: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    metrics_detail: str = "basic"
    max_series: int = 200_000


class StoreConfig(Struct, frozen=True):
    """Where everything is remembered: SQLite in the data directory where ``url`` is None."""

    url: str | None = None
    """Shown nowhere: it may carry a password."""
    backup_every: float = 86_400.0
    """Seconds; 0: driftd makes no backups by itself."""
    backups_kept: int = 3
    backup_dir: Path | None = None
    """None: ``backups`` in the data directory."""
    ballast: int | None = None
    """Bytes that are kept for when the disk is full; None: as fits the volume."""
    low_water: int | None = None
    """Free bytes below which nothing more is captured; None: as fits the volume."""
    retention: Retention = Retention()
    """How long what happened is kept."""

    def __repr__(self) -> str:
        return f"StoreConfig({'' if self.url is None else 'url=…, '}retention={self.retention!r})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [*([] if self.url is None else [("url", "…")]), ("retention", self.retention)]


class VaultConfig(Struct, frozen=True):
    """Where the keys of secrets that driftd stores itself are; at most one of them is set."""

    key_file: Path | None = None
    key_env: str | None = None
    key_credential: str | None = None
    """Name of a systemd credential."""
    key_command: tuple[str, ...] = ()
    """A program and its arguments; it prints the keys."""
    hidden: frozenset[str] = frozenset()
    """Variables that hold secrets, which the program is not given."""

    @property
    def named(self) -> str:
        """The setting that says where; empty: none does."""
        places = ("key_file", "key_env", "key_credential", "key_command")
        return next((name for name in places if getattr(self, name)), "")


class WebhookConfig(Struct, frozen=True):
    """A signed sink for alert, state and order events."""

    url: str
    secret: SecretRef


class Config(Struct, frozen=True):
    """Everything configured."""

    daemon: DaemonConfig
    connections: tuple[ConnectionConfig, ...]
    web: WebConfig = field(default_factory=WebConfig)
    store: StoreConfig = field(default_factory=StoreConfig)
    vault: VaultConfig = field(default_factory=VaultConfig)
    network: Egress = PUBLIC_ONLY
    """Where connections may lead."""
    webhooks: tuple[WebhookConfig, ...] = ()
    not_in_force: tuple[Mistake, ...] = ()
    """Settings that are understood but change nothing in this release."""
    defaults: Settings = Settings()
    """What holds for a connection that sets nothing itself."""
    catalogue: Mapping[str, ClassDefaults] = field(default_factory=lambda: MappingProxyType({}))
    folder: Path = Path()
    """Where relative paths begin."""

    @property
    def data_dir(self) -> Path:
        """The directory of database and lock."""
        return self.daemon.data_dir

    @property
    def backup_dir(self) -> Path:
        """The directory of backups."""
        return self.store.backup_dir or self.data_dir / "backups"
