"""Drift: a departure from baseline or contract, as one evaluation found it.

A `Drift` says what was expected, what was seen, by which rule, and who acts. It carries no value of a tenant's record:
fields and keys only. What becomes of it is the matter of `alerts`.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from driftd.core.reasons import Actor


class DriftKind(StrEnum):
    """What a drift is about: the label ``kind`` of metrics."""

    SCHEMA = "schema"
    DATA = "data"
    VOLUME = "volume"
    FRESHNESS = "freshness"
    CREDENTIAL = "credential"
    MAPPING = "mapping"
    INVARIANT = "invariant"


class Scope(StrEnum):
    """How far a trouble or a drift reaches, as the other connections show it."""

    TENANT = "tenant"
    HOST = "host"
    FOLDER = "folder"
    RESOURCE = "resource"
    ALL = "all"


class Severity(StrEnum):
    """How much it matters; in the order of weight."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Impact(StrEnum):
    """What a change of shape does to whoever reads, or writes, by the old one; in the order of weight."""

    BREAKING = "breaking"
    WARNING = "warning"
    INFO = "info"
    NONE = "none"


class SchemaKind(StrEnum):
    """The taxonomy of changes of shape."""

    FIELD_ADDED_OPTIONAL = "field_added_optional"
    FIELD_ADDED_REQUIRED = "field_added_required"
    FIELD_REMOVED_ALWAYS = "field_removed_always"
    FIELD_REMOVED_SOMETIMES = "field_removed_sometimes"
    REQUIRED_TO_OPTIONAL = "required_to_optional"
    BECAME_NULLABLE = "became_nullable"
    OPTIONAL_TO_REQUIRED = "optional_to_required"
    BECAME_NOT_NULL = "became_not_null"
    TYPE_CHANGED = "type_changed"
    TYPE_WIDENED = "type_widened"
    TYPE_NARROWED = "type_narrowed"
    ENUM_VALUE_ADDED = "enum_value_added"
    ENUM_VALUE_REMOVED = "enum_value_removed"
    LIMIT_LOOSENED = "limit_loosened"
    LIMIT_TIGHTENED = "limit_tightened"
    LIMIT_SET = "limit_set"
    PATTERN_ADDED = "pattern_added"
    PRECISION_CHANGED = "precision_changed"
    DATE_FORMAT_CHANGED = "date_format_changed"
    TEXT_ONLY_CHANGED = "text_only_changed"
    FIELD_RENAMED = "field_renamed"
    FIELD_MOVED = "field_moved"
    COLLECTION_RENAMED = "collection_renamed"
    KEY_CHANGED = "key_changed"
    CURSOR_LOST = "cursor_lost"
    RESOURCE_REMOVED = "resource_removed"
    RESOURCE_ADDED = "resource_added"
    CUSTOM_FIELD_ADDED = "custom_field_added"
    MEANING_SUSPECTED = "meaning_suspected"
    ORDER_CHANGED = "order_changed"


class Check(StrEnum):
    """The exact checks of data and volume, and the watch over driftd's own work."""

    JOURNAL_BALANCE = "journal_balance"
    BALANCES = "balances"
    HEADER_TOTALS = "header_totals"
    DELIVERED_OVER_ORDERED = "delivered_over_ordered"
    ORPHANS = "orphans"
    MENU_VALUES = "menu_values"
    DUPLICATE_KEYS = "duplicate_keys"
    STOCK_SIGNS = "stock_signs"
    SET_CHANGES = "set_changes"
    SCALE_ERRORS = "scale_errors"
    DATE_RANGE = "date_range"
    SCALE_SHIFT = "scale_shift"
    EMPTY_ANSWER = "empty_answer"
    MASS_DELETE = "mass_delete"
    MASS_UPDATE = "mass_update"
    STOPPED_CHANGING = "stopped_changing"
    CHECK_DID_NOT_RUN = "check_did_not_run"
    SECRET_EXPIRES = "secret_expires"  # noqa: S105 - a name
    REFRESH_TOKEN_EXPIRES = "refresh_token_expires"  # noqa: S105 - a name
    TOKEN_LIFE = "token_life"  # noqa: S105 - a name
    CERTIFICATE_EXPIRES = "certificate_expires"
    CLOCK_SKEW = "clock_skew"
    LOG_BEGAN_ANEW = "log_began_anew"


class Drift(Struct, frozen=True):
    """One departure. Texts are English, terse, and without values of records."""

    connection: str
    kind: DriftKind
    finding: str
    """A value of `SchemaKind`, `Check` or `Reason`, or ``stalled``."""
    severity: Severity
    actor: Actor
    resource: str | None = None
    """None where it is the whole connection's."""
    field: str | None = None
    """A path such as ``SOHSOP[].ITMREF``."""
    expected: str = ""
    seen: str = ""
    rule: str = ""
    """The formula with its threshold, such as ``absent in m of m records; 3/m = 0.06``."""
    n: int = 0
    """Records that the expectation rests on."""
    m: int = 0
    """Records looked at now."""
    affected: int = 0
    """Records of these that depart."""
    samples: tuple[str, ...] = ()
    """Keys of some of them, at most 20."""
    read_impact: Impact = Impact.NONE
    write_impact: Impact = Impact.NONE
    hint: str = ""
    """What it may be, such as ``BPCNAM → BPCNAM1? 50 of 50 values are equal``."""
    evidence: Mapping[str, object] = {}
    """Whatever else lets the verdict be reckoned again: versions, cycle ids, counts; JSON: lists, no tuples."""
    certain: bool = False
    """Whether it fires at once: a second look has confirmed it, or a key is lost."""
    own_grace: bool = False
    """Whether it only pends until it is `certain`, however often it is found: what found it counts by itself."""
    since: int | None = None
    """When it began, epoch ms, where that is known better than by the first evaluation."""


_WEIGHT: Final = MappingProxyType({Impact.BREAKING: 3, Impact.WARNING: 2, Impact.INFO: 1, Impact.NONE: 0})
_LEVEL: Final = MappingProxyType(
    {
        Impact.BREAKING: Severity.CRITICAL,
        Impact.WARNING: Severity.WARNING,
        Impact.INFO: Severity.INFO,
        Impact.NONE: Severity.INFO,
    }
)


def worst(*impacts: Impact) -> Impact:
    """Return the heaviest of `impacts`."""
    return max(impacts, key=_WEIGHT.__getitem__)


def severity_of(read: Impact, write: Impact, *, used: bool) -> Severity:
    """Return what a change of shape matters: breaking counts as critical only where the field is used."""
    level = _LEVEL[worst(read, write)]
    return Severity.WARNING if level is Severity.CRITICAL and not used else level
