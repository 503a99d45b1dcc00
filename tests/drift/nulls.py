"""What is no patch: a tenant as it goes on, in ways that look like one and must not be told."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from driftd.simulator import Tenant
from driftd.simulator.json_values import Record
from tests.drift.facts import Facts, Key, Survey

Step = Callable[[Tenant, str], None]
NEW: Final = 12
"""Records that are entered."""
OWN: Final = "YCOND"
"""The member of some types of document only."""


class Null(NamedTuple):
    """What is so from the start, and what happens then."""

    before: Step
    then: Step


def _nothing(_tenant: Tenant, _resource: str) -> None:
    """Leave everything as it is."""


def _business(tenant: Tenant, resource: str) -> None:
    """Let business go on for a while."""
    many = len(tenant.records(resource))
    if many:
        tenant.advance(
            create=NEW, update=min(many, 20), update_lines=NEW, delete=1 if many > 20 else 0, resource=resource
        )


def _language(tenant: Tenant, _resource: str) -> None:
    """Show titles in another language."""
    tenant.switches.move({"language": "FRA"})


def _restyled(tenant: Tenant, _resource: str) -> None:
    """Write the same records otherwise."""
    tenant.switches.move({"whitespace": "spaced", "numbers": "respelled", "member_order": "shuffled", "etag": "absent"})


def _typed(record: Record, resource: str) -> bool:
    """Tell whether a record is of a type that has the member."""
    return str(record.get({"GACCENTRY": "TYP", "SORDER": "SOHTYP"}.get(resource, "CUR"))) in {"OD", "SOI", "EUR"}


def _conditional(tenant: Tenant, resource: str) -> None:
    """Give all records of one type a member."""
    for record in tenant.records(resource, facet="$details").values():
        if _typed(record, resource):
            tenant.put(resource, {**record, OWN: "code"})


def _conditional_goes_on(tenant: Tenant, resource: str) -> None:
    """Enter records of all types, and remove some that have the member; their neighbours never had it."""
    held = tenant.records(resource, facet="$details")
    chosen = sorted(held, key=repr)
    for number, key in enumerate(chosen[:NEW]):
        tenant.put(resource, {**held[key], **_renumbered(tenant, resource, key, number)})
    for key in [key for key in chosen if OWN in held[key]][:2] if len(chosen) > 3 * NEW else ():
        tenant.remove(resource, key)


def _renumbered(tenant: Tenant, resource: str, key: Key, number: int) -> Record:
    """Return another key for a record."""
    names = tenant.classes[resource].key
    last = next(name for name, part in zip(reversed(names), reversed(key), strict=True) if isinstance(part, str))
    return {last: f"ZZ{number:04d}"}


def _left_out(turn: int) -> Step:
    """Leave out of each record the members that are empty, at every third record another third."""

    def step(tenant: Tenant, resource: str) -> None:
        records = tenant.records(resource, facet="$details")
        sometimes = _sometimes_empty(records) - {*tenant.classes[resource].key}
        for place, key in enumerate(sorted(records, key=repr)):
            if place % 3 != turn:
                kept = {name: value for name, value in records[key].items() if name not in sometimes or value}
                tenant.put(resource, kept)

    return step


def _sometimes_empty(records: Mapping[Key, Record]) -> set[str]:
    """Return the members that some records have empty, but not all."""
    survey = Survey(records)
    top = {path: Facts.of(survey, path) for path in survey.values if "." not in path and not path.endswith("[]")}
    return {path for path, facts in top.items() if 0 < facts.empties < facts.present}


NULLS: Final[Mapping[str, Null]] = {
    "nothing": Null(_nothing, _nothing),
    "business": Null(_nothing, _business),
    "language": Null(_nothing, _language),
    "restyled": Null(_nothing, _restyled),
    "conditional": Null(_conditional, _conditional_goes_on),
    "absent when null": Null(_left_out(0), _left_out(1)),
}
