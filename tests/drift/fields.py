"""The fields of the simulated classes, by what they hold: what there is to be patched."""

from functools import cache
from typing import Final, NamedTuple

from driftd.adapters.x3 import catalogue
from driftd.simulator import Farm
from tests.drift.facts import Facts, Survey

MENUS: Final = frozenset(
    {
        "BPCUSTOMER.BPCTYP", "BPCUSTOMER.ABCCLS", "BPCUSTOMER.INVPER", "ITMMASTER.ITMSTA", "ITMMASTER.STOMGTCOD",
        "SORDER.DLVSTA", "SORDER.ORDSTA", "SORDER.PRITYP", "SORDER.DLVPIO", "SORDER.SOHSOP[].SOQSTA",
        "SDELIVERY.MDL", "PORDER.APPFLG", "PORDER.RCPFLG", "PORDER.PORDERQ[].LINSTA", "PINVOICE.PINVOICED[].TWMSTA",
    }
)  # fmt: skip
"""Local menus, as X3 calls a closed set of small numbers."""
SAMPLE: Final = 40
STAMP: Final = "UPDDATTIM"


class Known(NamedTuple):
    """One field."""

    path: str
    kind: str
    """Of its values; ``values`` for an array of plain ones, ``lines`` for a collection, ``""`` where all are empty."""
    key: bool
    depth: int
    """0 in the record, 1 in its lines, 2 in lines of lines."""
    distinct: int
    longest: int
    empties: bool


def classes() -> tuple[str, ...]:
    """Return the classes that are patched."""
    return catalogue.standard()


@cache
def fields(resource: str, *, details: bool = False) -> tuple[Known, ...]:
    """Return the fields of a class in the facet that is read of it."""
    tenant = next(iter(Farm.build(tenants=1, records=SAMPLE).values()))
    model = tenant.classes[resource]
    survey = Survey(tenant.records(resource, facet="$details" if details else None))
    known = []
    for path in sorted(survey.values):
        facts = Facts.of(survey, path)
        inner = f"{path}[]." in survey.holders
        kind = facts.kinds.most_common(1)[0][0] if facts.kinds else ""
        if f"{resource}.{path}" in MENUS:
            kind = "menu"
        elif kind == "array":
            kind = "lines" if inner else "values"
        elif kind == "integer" and "number" in facts.kinds:
            kind = "number"
        if not path.endswith("[]") and path != STAMP:
            empty = facts.empties > 0
            depth = path.count("[].")
            known.append(Known(path, kind, path in model.key, depth, len(facts.values), facts.longest, empty))
    return tuple(known)
