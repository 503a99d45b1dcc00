"""The change event as consumers read it: one JSON object, field names after Debezium where a field means the same."""

from typing import Final

import orjson
from msgspec import Struct

from driftd.core.model import Change, KeyBytes, Kind, Op

SCHEMA: Final = "driftd.change/1"
TRUNCATED: Final = "driftd.truncated/1"
CONNECTOR: Final = "sage-x3"


class Context(Struct, frozen=True):
    """What all events of one cycle share."""

    connection: str
    resource: str
    key: tuple[str, ...]
    """Names of the key's members, in order."""
    host: str
    folder: str
    kind: Kind
    sweep_id: str
    sweep: int
    """Number of the cycle among the resource's cycles."""
    version: str
    """driftd's version at that time."""
    schema_version: str | None = None


def key_object(names: tuple[str, ...], key: KeyBytes) -> dict[str, object]:
    """Return the key as ``{name: value}``."""
    return dict(zip(names, orjson.loads(key), strict=True))


def envelope(change: Change, seq: int, context: Context) -> bytes:
    """Render one change event without a line break.

    Bodies are inserted byte for byte, so that numbers keep every digit. An event whose bodies are no longer kept has a
    member ``compacted`` that is true; hashes of them as long as no field rule came since.
    """
    compacted = change.before is None and change.after is None and change.op is not Op.MARKER
    return orjson.dumps(
        {
            "schema": SCHEMA,
            "id": change.id,
            "seq": seq,
            "op": change.op,
            "key": key_object(context.key, change.key),
            "before": _fragment(change.before),
            "after": _fragment(change.after),
            "changed": change.changed,
            "before_hash": change.before_hash,
            "after_hash": change.after_hash,
            "source": _source(change, context),
            "ts_ms": change.ts,
            "first_seen_ms": change.first_seen,
            "confidence": change.confidence,
            "reason": change.reason,
            "related": change.related,
            **({"compacted": True} if compacted else {}),
        }
    )


def _source(change: Change, context: Context) -> dict[str, object]:
    """Return where a change was seen."""
    return {
        "connector": CONNECTOR,
        "version": context.version,
        "connection": context.connection,
        "host": context.host,
        "folder": context.folder,
        "resource": context.resource,
        "snapshot": "false" if context.kind is Kind.SWEEP else "incremental",
        "sweep_id": context.sweep_id,
        "page": change.page,
        "schema_version": context.schema_version,
        "ts_ms": change.source_ts,
        "sequence": orjson.dumps([str(context.sweep), str(change.row)]).decode(),
    }


def truncated(first: int, after: int) -> bytes:
    """Render what a reader is told whose place in the log is gone: there is nothing before the seq `first`."""
    return orjson.dumps(
        {
            "schema": TRUNCATED,
            "truncated_before": first,
            "after": after,
            "next": "read the snapshot (driftd records) of each resource that you follow again, then go on after its"
            " as_of_seq; events up to that are in it",
        }
    )


def _fragment(body: bytes | None) -> orjson.Fragment | None:
    return None if body is None else orjson.Fragment(body)
