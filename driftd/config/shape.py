"""The tables of the file as pydantic models: one field a key, its description saying what is right.

Tables inside tables are validated one by one, so that a mistake in one hides none in another.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator

from driftd.config import values
from driftd.config.model import Hours, IpNetwork


def _matching(pattern: str, right: str) -> Callable[[object], str]:
    """Make a reader of text that matches `pattern` wholly."""
    compiled = re.compile(pattern)

    def read(value: object) -> str:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise ValueError(f"must be {right}, not {values.shown(value)}")
        return value

    return read


def _address(value: object) -> str:
    values.url(value)
    return str(value).rstrip("/")


def _tenant(value: object) -> str:
    parts = values.url(value)
    segments = parts.path.lower().split("/")
    if "sdata" in segments:
        raise ValueError("must not lead to /sdata/, which is for interactive use: give the address before /api1/")
    if "api1" in segments:
        raise ValueError("must end before /api1/: driftd adds the path itself")
    return str(value).rstrip("/")


Seconds = Annotated[float, PlainValidator(values.duration)]
SecondsOrZero = Annotated[float, PlainValidator(values.duration_or_zero)]
Size = Annotated[int, PlainValidator(values.size)]
Span = Annotated[Hours, PlainValidator(values.hours)]
Cron = Annotated[str, PlainValidator(values.cron)]
Zone = Annotated[str, PlainValidator(values.zone)]
Range = Annotated[IpNetwork, PlainValidator(values.network)]
Url = Annotated[str, PlainValidator(_address)]
TenantUrl = Annotated[str, PlainValidator(_tenant)]
Listen = Annotated[str, PlainValidator(values.listen)]
Slug = Annotated[
    str,
    PlainValidator(_matching(r"[a-z0-9][a-z0-9._-]{0,62}", 'a slug of a-z, 0-9, ".", "_" and "-" such as "aldgate"')),
]
Class = Annotated[
    str,
    PlainValidator(
        _matching(r"[A-Za-z][A-Za-z0-9_]{0,63}", 'an X3 name of letters, digits and "_" such as "BPCUSTOMER"')
    ),
]
Member = Annotated[
    str, PlainValidator(_matching(r"\$?[A-Za-z_][A-Za-z0-9_]{0,63}", 'a member\'s name such as "UPDDATTIM"'))
]
Segment = Annotated[
    str,
    PlainValidator(
        _matching(r"[A-Za-z0-9_.$-]{1,64}", 'one path segment of letters, digits, "_", "-", "." such as "SEED"')
    ),
]
Header = Annotated[
    str, PlainValidator(_matching(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}", 'a header\'s name such as "X-Sage-Folder"'))
]
Line = Annotated[str, PlainValidator(_matching(r"[^\x00-\x1f\x7f]{1,200}", "text of one line"))]
Postgres = Annotated[str, PlainValidator(values.postgres)]
Rule = Literal["keep", "hash", "mask", "drop"]
Whole = Annotated[int, Field(ge=1, description="a whole number from 1")]


class Table(BaseModel):
    """A table of the file: no key besides the known ones, no value of another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    place: ClassVar[str]
    """Where the table stands, as the file writes it."""


class Daemon(Table):
    place = "[daemon]"
    data_dir: Line = "/var/lib/driftd"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["logfmt", "json"] = "logfmt"
    max_concurrency: Whole = 64
    stop_grace: SecondsOrZero = 15.0


class Web(Table):
    place = "[web]"
    listen: Listen = "127.0.0.1:9420"
    web_config_file: Line | None = None
    enable_reload: bool = False
    external_url: Url | None = None
    allowed_hosts: list[Line] = []
    metrics_detail: Literal["basic", "full"] = "basic"
    max_series: Whole = 200_000


class Store(Table):
    place = "[store]"
    url: Postgres | None = None


class Vault(Table):
    place = "[vault]"
    key_file: Line | None = None
    key_env: Line | None = None


class Network(Table):
    place = "[network]"
    allow_networks: list[Range] = []
    allow_http: list[Range] = []


class Overrides(Table):
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
    details_per_hour: Annotated[int | None, Field(ge=0, description="a whole number from 0")] = None
    second_look: SecondsOrZero | None = None
    page_size: Whole | None = None
    timeout: Seconds | None = None
    max_concurrency: Whole | None = None
    max_per_host: Whole | None = None
    policy: Literal["evolve", "warn", "hold", "freeze"] | None = None
    mass_delete_ratio: Annotated[float | None, Field(gt=0, le=1, description="a share above 0 and up to 1")] = None
    mass_delete_limit: Whole | None = None
    watermark_overlap: SecondsOrZero | None = None


class Resource(Overrides):
    place = "[[connections.resources]]"
    name: Class
    representation: Class | None = None
    key: Annotated[list[Member] | None, Field(min_length=1, description='a list such as ["BPCNUM"]')] = None
    details: bool | None = None
    watermark: Member | None = None
    volatile: list[Member] = []
    private: dict[str, Rule] = {}
    references: dict[str, Class] = {}


class Connection(Overrides):
    place = "[[connections]]"
    name: Slug
    base_url: TenantUrl
    folder: Segment
    endpoint: Segment | None = None
    folder_header: Annotated[
        list[Header] | None, Field(min_length=1, description='a list such as ["X-Sage-Folder"]')
    ] = None
    proxy: Url | None = None
    customer: Line | None = None
    environment: Literal["production", "test"] | None = None
    ca_file: Line | None = None
    auth: Any = None
    resources: Any = None


class Credentials(Table):
    place = "[connections.auth]"
    type: Literal["client_credentials"] = "client_credentials"
    token_url: Url
    client_id: Line
    client_secret: Any
    secret_expires: date | None = None


class BasicLogin(Table):
    place = "[connections.auth]"
    type: Literal["basic"]
    username: Line
    password: Any
    secret_expires: date | None = None


class Webhook(Table):
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
    BasicLogin,
    Webhook,
)
