import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from driftd.simulator import Farm, Switches
from tests.simulator.reader import Reader

FACETS = ("$query", "$details", "$edit", "$create")
CLASSES = tuple(Farm.build(tenants=1, records=0)["aldgate"].classes)


def prototype(reader: Reader, resource: str, facet: str) -> dict[str, Any]:
    answer = reader.get(f"{resource}/$prototypes('{resource}.{facet}')")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def structure(value: Any) -> Any:
    """The prototype without its texts."""
    if not isinstance(value, dict):
        return value
    return {name: structure(inner) for name, inner in value.items() if name != "$localization"}


def departures(records: Any, properties: dict[str, Any], path: str = "") -> Iterator[str]:
    """Yield where records are not as their prototype says."""
    for record in records:
        names = {name for name in record if not name.startswith("$")}
        wanted = {name for name in properties if not name.endswith("_REF")}
        yield from (f"{path}{name} is on one side only" for name in names ^ wanted)
        for name in names & wanted:
            yield from (
                f"{path}{name}: {what}" for what in _departs(record[name], properties[name], f"{path}{name}[].")
            )


def _departs(value: Any, said: dict[str, Any], path: str) -> Iterator[str]:
    kind, empty = said["$type"].removeprefix("application/"), value in (None, "", "0000-00-00", [])
    if empty and said.get("$isMandatory"):
        yield "empty but mandatory"
    if kind == "x-array":
        item = said["$item"]
        if "$properties" in item:
            yield from departures(value, item["$properties"], path)
        else:
            yield from (what for each in value for what in _departs(each, item, path))
        return
    rights: dict[str, Callable[[], object]] = {
        "x-string": lambda: empty or (isinstance(value, str) and len(value) <= said["$maxLength"]),
        "x-boolean": lambda: isinstance(value, bool),
        "x-integer": lambda: isinstance(value, int) and not isinstance(value, bool),
        "x-decimal": lambda: not isinstance(value, bool) and _scale(value) <= int(said["$x3Format"][-1]),
        "x-date": lambda: re.fullmatch(r"\d{4}-\d\d-\d\d", value),
        "x-datetime": lambda: re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value),
    }
    if not rights[kind]():
        yield f"{value!r} is not {said}"


def _scale(value: Any) -> int:
    return max(-int(Decimal(str(value)).normalize().as_tuple().exponent), 0)


@pytest.mark.parametrize("resource", CLASSES)
def test_records_are_as_their_prototype_says(reader: Reader, resource: str) -> None:
    """Every member is declared, and has the type, length and scale declared, also after business has gone on."""
    reader.tenant.step(30)
    reader.tenant.advance(6, 12, 6, 1)
    for facet in ("$query", "$details"):
        properties = prototype(reader, resource, facet)["$properties"]
        records = reader.tenant.records(resource, facet=facet).values()
        assert not [*departures(records, properties)], facet


@pytest.mark.parametrize("facet", FACETS)
def test_the_prototype_of_a_class_is_the_same_in_every_tenant_and_language(reader: Reader, facet: str) -> None:
    """Titles are numbers, whose texts alone follow the language."""
    english = prototype(reader, "SORDER", facet)
    reader.tenant.switches.language = "FRA"
    french = prototype(reader, "SORDER", facet)
    assert structure(english) == structure(french)
    assert english["$localization"].keys() == french["$localization"].keys()
    assert english["$localization"] != french["$localization"]
    assert english["$properties"]["BPCORD"]["$title"].strip("{}") in english["$localization"]


def test_prototypes_are_per_facet(reader: Reader) -> None:
    """`$query` declares its own members, with what they can be used for; `UPDDATTIM` only where it is shown."""
    query, details, create = (prototype(reader, "SORDER", f)["$properties"] for f in ("$query", "$details", "$create"))
    assert query.keys() < details.keys()
    assert "SOHSOP" in details.keys() - query.keys()
    assert details.keys() - create.keys() == {"UPDDATTIM"}
    assert "UPDDATTIM" not in query
    reader.tenant.switches.updatim_in_query = "present"
    assert prototype(reader, "SORDER", "$query")["$properties"]["UPDDATTIM"]["$type"] == "application/x-datetime"


def test_the_key_is_told_and_mandatory(reader: Reader) -> None:
    """The prototype names the parts of the key, in their order."""
    told = prototype(reader, "BALANCE", "$query")
    assert told["$key"] == "~".join(f"{{{name}}}" for name in reader.tenant.classes["BALANCE"].key)
    assert all(told["$properties"][name].get("$isMandatory") for name in ("LEDTYP", "CPY", "FCY", "FIY", "ACC", "CUR"))


@pytest.mark.parametrize(("position", "status"), [("absent", 404), ("refused", 500)])
def test_prototypes_may_be_absent_or_refused(reader: Reader, position: str, status: int) -> None:
    """The switch says with which status; reading goes on."""
    assert Switches.positions()["prototypes"] == ("served", "absent", "refused")
    reader.tenant.switches.move({"prototypes": position})
    assert reader.get("SORDER/$prototypes('SORDER.$query')").status_code == status
    assert reader.query("SORDER").status_code == 200


@pytest.mark.parametrize("path", ["SORDER/$prototypes('PORDER.$query')", "SORDER/$prototypes('SORDER.$bulk')",
                                  "NOPE/$prototypes('NOPE.$query')", "SORDER/$prototypes", "SORDER/what"])  # fmt: skip
def test_a_wrong_prototype_is_an_error(reader: Reader, path: str) -> None:
    """Wrong class, representation or facet, and an address that there is not."""
    assert reader.get(path).status_code in {400, 404}


def test_a_prototype_wants_credentials_and_rights(reader: Reader) -> None:
    """It is read as records are."""
    url = f"/api1/x3/erp/{reader.tenant.endpoint}/PINVOICE/$prototypes('PINVOICE.$query')"
    assert reader.client.get(url).status_code == 401
    reader.tenant.set_access({"PINVOICE": "forbidden"})
    assert reader.client.get(url, headers=reader.headers).status_code == 403
    reader.tenant.set_access({"PINVOICE": "open"})
    assert reader.client.get(url, headers=reader.headers).status_code == 200
