"""Whether a class may be written, as the tenant declares it: nothing is written, and no record made ready for it.

The prototype of a facet is what a client is shown of it (Sage web-service guide, creating: ``REPR.$create``), and X3
has ``$create`` and ``$edit`` only where class and representation allow them. Whether this user has the right is seen at
the first write.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.reach import Finding
from driftd.core.model import Resource
from driftd.core.trial import Fact

WRITTEN: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"BPCUSTOMER": ("$create", "$edit"), "SORDER": ("$create",)}
)
"""Classes that orders and customers are written to, each with the facets that takes."""
_WORDS: Final = {"$create": "created", "$edit": "changed"}


async def look_at_writing(source: X3Source, resource: Resource) -> Finding:
    """Ask what is declared of a class that was read. Raises `SourceError`."""
    wanted = WRITTEN[resource.name]
    found = {facet: await source.declares(resource, facet) for facet in wanted}
    facts: dict[str, Fact] = {facet.removeprefix("$"): may for facet, may in found.items()}
    may = [_WORDS[facet] for facet in wanted if found[facet]]
    not_ = [_WORDS[facet] for facet in wanted if not found[facet]]
    if may and not not_:
        return Finding(f"declared as one whose records may be {' and '.join(may)}", facts)
    if may:
        return Finding(f"records may be {may[0]}, but not {not_[0]}", facts)
    if await source.declares(resource, "$query"):
        return Finding(f"read only: records are not to be {' or '.join(not_)}", facts)
    return Finding("not known: the tenant shows no prototypes", {})
