"""References between records: which records of other classes a record names."""

from collections.abc import Mapping
from typing import Final

from msgspec import json

from driftd.core.invariants.model import Link
from driftd.core.invariants.reading import Record, matches, part, rows
from driftd.core.model import KeyBytes, Resource

_ENCODE: Final = json.Encoder().encode


def links(record: Record, key: KeyBytes, resource: Resource) -> frozenset[Link]:
    """Return what a record refers to; nothing for a document that is closed. Empty references are none."""
    if matches(record, resource.rules.closed):
        return frozenset()
    found = set(_named(record, "", resource.references, key))
    for collection in resource.lines:
        for row in rows(record, collection) or ():
            found.update(_named(row, f"{collection}[].", resource.references, key))
    return frozenset(found)


def _named(row: Record, prefix: str, references: Mapping[str, str], key: KeyBytes) -> list[Link]:
    return [
        Link(target, _ENCODE([value]), f"{prefix}{name}", key)
        for name, target in references.items()
        if (value := part(row.get(name))) not in (None, "", 0)
    ]  # fmt: skip
