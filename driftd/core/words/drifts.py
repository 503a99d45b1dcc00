"""What is said of drifts in any language: a clause of each finding, and what the customer is told by its family."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from driftd.core.drift import Check, SchemaKind
from driftd.core.words.model import Words


class Family(StrEnum):
    """Findings of which the customer is told the same, and which are mended in the same way."""

    SHAPE = "shape"
    WRITE = "write"
    EMPTY = "empty"
    VALUE = "value"
    KEY = "key"
    CURSOR = "cursor"
    GONE = "gone"
    BOOKS = "books"
    RECORDS = "records"
    ORPHANS = "orphans"
    SCALE = "scale"
    FILTER = "filter"
    BULK = "bulk"
    RHYTHM = "rhythm"
    OURS = "ours"
    SECRET = "secret"  # noqa: S105 - a name
    PAIR = "pair"
    TOKEN = "token"  # noqa: S105 - a name
    CERTIFICATE = "certificate"
    CLOCK = "clock"
    LOG = "log"


FAMILIES: Final[Mapping[SchemaKind | Check, Family]] = {
    SchemaKind.FIELD_ADDED_OPTIONAL: Family.SHAPE,
    SchemaKind.CUSTOM_FIELD_ADDED: Family.SHAPE,
    SchemaKind.FIELD_ADDED_REQUIRED: Family.WRITE,
    SchemaKind.FIELD_REMOVED_ALWAYS: Family.SHAPE,
    SchemaKind.FIELD_REMOVED_SOMETIMES: Family.SHAPE,
    SchemaKind.REQUIRED_TO_OPTIONAL: Family.SHAPE,
    SchemaKind.BECAME_NULLABLE: Family.EMPTY,
    SchemaKind.OPTIONAL_TO_REQUIRED: Family.WRITE,
    SchemaKind.BECAME_NOT_NULL: Family.SHAPE,
    SchemaKind.TYPE_CHANGED: Family.SHAPE,
    SchemaKind.TYPE_WIDENED: Family.SHAPE,
    SchemaKind.TYPE_NARROWED: Family.SHAPE,
    SchemaKind.ENUM_VALUE_ADDED: Family.VALUE,
    SchemaKind.ENUM_VALUE_REMOVED: Family.VALUE,
    SchemaKind.LIMIT_LOOSENED: Family.SHAPE,
    SchemaKind.LIMIT_TIGHTENED: Family.WRITE,
    SchemaKind.LIMIT_SET: Family.WRITE,
    SchemaKind.PATTERN_ADDED: Family.WRITE,
    SchemaKind.PRECISION_CHANGED: Family.SHAPE,
    SchemaKind.DATE_FORMAT_CHANGED: Family.SHAPE,
    SchemaKind.TEXT_ONLY_CHANGED: Family.SHAPE,
    SchemaKind.FIELD_RENAMED: Family.SHAPE,
    SchemaKind.FIELD_MOVED: Family.SHAPE,
    SchemaKind.COLLECTION_RENAMED: Family.SHAPE,
    SchemaKind.KEY_CHANGED: Family.KEY,
    SchemaKind.CURSOR_LOST: Family.CURSOR,
    SchemaKind.RESOURCE_REMOVED: Family.GONE,
    SchemaKind.RESOURCE_ADDED: Family.SHAPE,
    SchemaKind.MEANING_SUSPECTED: Family.VALUE,
    SchemaKind.ORDER_CHANGED: Family.SHAPE,
    Check.JOURNAL_BALANCE: Family.BOOKS,
    Check.BALANCES: Family.BOOKS,
    Check.HEADER_TOTALS: Family.RECORDS,
    Check.DELIVERED_OVER_ORDERED: Family.RECORDS,
    Check.ORPHANS: Family.ORPHANS,
    Check.MENU_VALUES: Family.VALUE,
    Check.DUPLICATE_KEYS: Family.RECORDS,
    Check.STOCK_SIGNS: Family.RECORDS,
    Check.SET_CHANGES: Family.VALUE,
    Check.SCALE_ERRORS: Family.RECORDS,
    Check.DATE_RANGE: Family.RECORDS,
    Check.SCALE_SHIFT: Family.SCALE,
    Check.EMPTY_ANSWER: Family.FILTER,
    Check.MASS_DELETE: Family.FILTER,
    Check.MASS_UPDATE: Family.BULK,
    Check.STOPPED_CHANGING: Family.RHYTHM,
    Check.CHECK_DID_NOT_RUN: Family.OURS,
    Check.SECRET_EXPIRES: Family.SECRET,
    Check.REFRESH_TOKEN_EXPIRES: Family.PAIR,
    Check.TOKEN_LIFE: Family.TOKEN,
    Check.CERTIFICATE_EXPIRES: Family.CERTIFICATE,
    Check.CLOCK_SKEW: Family.CLOCK,
    Check.LOG_BEGAN_ANEW: Family.LOG,
}


def assembled(
    clauses: Mapping[str, str], families: Mapping[Family, tuple[str, tuple[str, ...]]]
) -> Mapping[str, Words]:
    """Return the words of each finding: `clauses` by finding; what is told and the steps by family.

    Texts may hold what those of reasons may, and {alert}, {resource}, {field}, {to}, {factor}, {ends}, {samples},
    {count} and {n}; what is told may also hold {clause}.
    """
    return {finding: Words(clauses[finding], *families[family]) for finding, family in FAMILIES.items()}
