"""The nouns of schema: forms, versions, changes.

A *form* is what a resource's records look like, without counts: it is what is compared, fingerprinted and accepted. The
counts that it rests on are kept apart. There are two forms, never mixed: the *learnt* one from observed records, and
the *declared* one from the tenant's ``$prototypes``.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from driftd.core.drift import Impact, SchemaKind


class Source(StrEnum):
    """Which of the two schemas."""

    LEARNT = "learnt"
    DECLARED = "declared"


class Presence(StrEnum):
    """How often a field is there where it could be."""

    ALWAYS = "always"
    """In all of at least 300 records, so that it is absent in at most 1 % (rule of three, 95 %)."""
    SOMETIMES = "sometimes"
    UNJUDGED = "unjudged"
    """In all records so far, and these are too few to say always."""
    GONE = "gone"
    """It was there; recent records lack it."""


class ValueKind(StrEnum):
    """What a value is. Null and empty text are not among them: they are emptiness, counted apart."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    """With a fraction."""
    TEXT = "text"
    DATE = "date"
    """``2026-01-31``; so are ``0000-00-00``."""
    DATE_OTHER = "date_other"
    """A date in another form: ``31/01/2026``, ``20260131``."""
    DATETIME = "datetime"
    """With its zone."""
    DATETIME_LOCAL = "datetime_local"
    """Without."""
    OBJECT = "object"
    ARRAY = "array"


class FieldForm(Struct, frozen=True, omit_defaults=True):
    """One path's form. None says that nothing is known or no limit set."""

    kinds: tuple[ValueKind, ...] = ()
    """Sorted."""
    presence: Presence = Presence.UNJUDGED
    nullable: bool | None = None
    """Whether empties were seen: absent, null, ``""``, ``0000-00-00``."""
    max_length: int | None = None
    scale: int | None = None
    """Digits behind the decimal point."""
    values: tuple[str, ...] | None = None
    """The closed set of a menu or code, where it is one; each as JSON, sorted."""
    meaning: int = 0
    """Learnt only: how often the values of a menu were exchanged for others at one stroke."""
    key: bool | None = None
    """Whether it is a part of the key: by ``$key``, or because it came where keys repeat, and tells these apart."""
    mandatory: bool | None = None
    """Declared only, as the next two."""
    excluded: bool | None = None
    format: str | None = None
    capabilities: str | None = None
    type: str | None = None
    """Declared only: ``$type`` where it is none that `kinds` can say."""


class Form(Struct, frozen=True):
    """What the records of a resource look like: path → form, such as ``SOHSOP[].ITMREF``.

    Members of an array's objects stand under ``NAME[]``; dynamic names under ``NAME.*`` where they are too many.
    """

    fields: Mapping[str, FieldForm] = {}
    texts: str = ""
    """Hash of the titles around a declared form; no part of its fingerprint."""


class SchemaVersion(Struct, frozen=True):
    """One version of a resource's schema, learnt or declared."""

    number: int
    """1, 2, 3… of its source."""
    source: Source
    fingerprint: str
    """16 hex digits over the form."""
    parent: str | None
    """Fingerprint of the version before."""
    at: int
    """When it was first seen, epoch ms."""
    form: Form
    n: int = 0
    """Records that it rests on."""


class SchemaChange(Struct, frozen=True):
    """One difference of two forms, graded; or one told of by the records themselves."""

    kind: SchemaKind
    field: str | None
    read_impact: Impact
    write_impact: Impact
    before: str = ""
    """The old form in words, such as ``text ≤ 35, always``; empty where there was none."""
    after: str = ""
    source: Source = Source.LEARNT
    also_declared: bool | None = None
    """Whether the other schema says the same; None where it is not known."""
    n: int = 0
    """Records in which the old form was seen."""
    m: int = 0
    """Records looked at since."""
    affected: int = 0
    rule: str = ""
    """Formula with its threshold: ``absent in the last 4,000 records (≤ 0.075 %)``."""
    hint: str = ""
    to: str | None = None
    """The path that a renamed or moved field is thought to have now."""


class Learnt(Struct, frozen=True):
    """What is remembered of a resource's shape besides its versions: the counts, and which versions are in force."""

    counts: bytes = b""
    """Packed, with what is under suspicion: see `core.schema.record`."""
    form: Form | None = None
    """The current learnt form: what the newest evidence shows."""
    stated: Form | None = None
    """The current declared form."""
    version: int = 0
    """Number of the newest learnt version; 0 where there is none."""
    declared: int = 0
    """Number of the newest declared version."""


class Baseline(Struct, frozen=True):
    """What is held as normal of a resource's shape: a form of each source, as a person or the policy accepted it."""

    learnt: Form | None = None
    declared: Form | None = None
    at: int = 0
    """When it was last changed, epoch ms."""
