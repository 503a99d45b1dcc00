"""Any patch is seen where it is made and nowhere else, can be taken back, and is refused whole where it cannot be."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, get_args

import orjson
import pytest

from driftd.simulator import Farm, Patch
from driftd.simulator.patches import Change
from tests.simulator.reader import Reader, reading, stripped
from tests.simulator.test_prototypes import prototype

PATCHES = (
    Patch("SORDER", "remove", "CUSORDREF"),
    Patch("SORDER", "remove", "SOHSOP[].DISCRGVAL1"),
    Patch("SORDER", "add", "XMARK"),
    Patch("SORDER", "add", "", "YFLAG"),
    Patch("SORDER", "add", "SOHSOP[].NEWPRI", {"type": "number", "mandatory": True}),
    Patch("SORDER", "rename", "BPCORD", "CUSTOMER"),
    Patch("SORDER", "rename", "SOHSOP", "ORDERLINES"),
    Patch("SORDER", "move", "CUSORDREF", "REFERENCE.CUSTOMER"),
    Patch("SORDER", "move", "CUSORDREF", "SOHSOP[].CUSORDREF"),
    Patch("SORDER", "nest", "BPCORD,BPCNAM", "CUSTOMER"),
    Patch("SORDER", "nest", "SOHSOP[].QTY,SAU", "QUANTITY"),
    Patch("SORDER", "wrap", "BPCORD"),
    Patch("SORDER", "wrap", "SOHSOP[].ITMREF", "id"),
    Patch("SORDER", "retype", "LINNBR", "text"),
    Patch("SORDER", "retype", "TSCCOD[]", "integer"),
    Patch("SORDER", "empty", "BPCORD"),
    Patch("SORDER", "empty", "ORDDAT"),
    Patch("SORDER", "lengthen", "BPCNAM", 60),
    Patch("SORDER", "mandatory", "SHIDAT"),
    Patch("SORDER", "scale", "ORDNOT", 4),
    Patch("SORDER", "multiply", "SOHSOP[].NETPRI", 100),
    Patch("SORDER", "date_form", "ORDDAT", "DD/MM/YYYY"),
    Patch("SORDER", "menu", "ORDSTA", 7),
    Patch("SORDER", "shift_menu", "DLVSTA", {"2": 3, "3": 4}),
    Patch("SORDER", "title", "BPCORD", "Buyer"),
    Patch("SORDER", "order", ""),
    Patch("SORDER", "order", "SOHSOP"),
    Patch("SORDER", "format", "CUR", "K:3c"),
    Patch("SORDER", "exclude", "PTE"),
    Patch("SORDER", "key_part", "SITE"),
)
OF_PROTOTYPES = {"mandatory", "exclude", "format"}
OF_VALUES = {"empty", "multiply", "menu", "shift_menu"}
UNSEEN = {"title", "order", *OF_PROTOTYPES}
"""Changes that leave every record equal to what it was."""


def label(patch: Patch) -> str:
    return f"{patch.change}-{patch.field}"


@pytest.fixture(scope="module")
def served() -> Iterator[Reader]:
    """A farm smaller than that of other modules."""
    with reading(Farm.build(tenants=1, records=24)) as reader:
        yield reader


def records(reader: Reader) -> dict[Any, dict[str, Any]]:
    return reader.tenant.records("SORDER")


def test_every_change_is_tried() -> None:
    """Each kind of change stands among the patches of these tests, but for `flatten`, which undoes others."""
    assert {patch.change for patch in PATCHES} == set(get_args(Change)) - {"flatten"}


@pytest.mark.parametrize("patch", PATCHES, ids=label)
def test_a_patch_is_seen_on_its_side_alone_and_can_be_taken_back(reader: Reader, patch: Patch) -> None:
    """Records change with the data side, the prototype with its own, and both are as before once it is taken back."""
    before, declared = records(reader), prototype(reader, "SORDER", "$details")
    on_data, in_prototype = patch.change not in UNSEEN, patch.change not in OF_VALUES
    for side, data, proto in (
        ("both", on_data, in_prototype),
        ("data", on_data, False),
        ("prototype", False, in_prototype),
    ):
        number = reader.tenant.patch(replace(patch, side=side))  # type: ignore[arg-type]
        assert (records(reader) != before) == data, side
        assert (orjson.dumps(prototype(reader, "SORDER", "$details")) != orjson.dumps(declared)) == proto, side
        reader.tenant.unpatch(number)
    assert records(reader) == before
    assert prototype(reader, "SORDER", "$details") == declared


@pytest.mark.parametrize("patch", PATCHES, ids=label)
def test_the_truth_is_what_a_reader_sees(reader: Reader, patch: Patch) -> None:
    """Under any patch both facets show the truth, agree with each other, and go on for records entered later."""
    reader.tenant.patch(patch)
    reader.tenant.advance(2, 2, 2, 0, resource="SORDER")
    rows = reader.rows("SORDER", count=9)
    truth = reader.tenant.records("SORDER", facet="$query")
    names = {"SOHNUM", *prototype(reader, "SORDER", "$query")["$properties"]}
    assert {orjson.dumps(stripped(row)) for row in rows} >= {orjson.dumps(record) for record in truth.values()}
    assert all({name for name in stripped(row) if name[:1] != "$"} <= names for row in rows)
    wholes = records(reader)
    for key in [*truth][::9]:
        whole = stripped(reader.details("SORDER", str(key[0])).json())
        assert whole == wholes[key]
        assert {name: whole[name] for name in truth[key]} == truth[key]


@pytest.mark.parametrize("patch", [each for each in PATCHES if each.change not in UNSEEN], ids=label)
def test_a_share_strikes_always_the_same_records(reader: Reader, patch: Patch) -> None:
    """About a share of the records is struck, whatever else happens; the others are as they were."""
    before = records(reader)
    reader.tenant.patch(patch)
    whole = {key for key, record in records(reader).items() if record != before[key]}
    reader.tenant.unpatch()
    struck = []
    for _ in range(2):
        reader.tenant.patch(replace(patch, share=0.5))
        struck.append({key for key, record in records(reader).items() if record != before[key]})
        reader.tenant.unpatch()
    assert struck[0] == struck[1] <= whole
    if patch.change != "key_part":  # all records show their first part
        assert 0.2 * len(whole) <= len(struck[0]) <= 0.8 * len(whole)


@pytest.mark.parametrize("patch", PATCHES, ids=label)
def test_patches_are_json(patch: Patch) -> None:
    """A patch survives JSON."""
    assert Patch.of(orjson.loads(orjson.dumps(patch.shown()))) == patch


def test_a_patch_is_of_one_tenant(reader: Reader) -> None:
    """Its neighbours, of the same classes, are as they were."""
    farm = Farm.build(tenants=2, records=20)
    before = farm["borough"].records("SORDER")
    farm["aldgate"].patch(Patch("SORDER", "remove", "CUSORDREF"))
    assert farm["borough"].records("SORDER") == before
    assert farm["borough"].patches == {}


def test_patches_hold_for_earlier_states(reader: Reader) -> None:
    """The truth between two states is told as a reader sees both now."""
    tenant = Farm.build(tenants=1, records=20)["aldgate"]
    after = tenant.advance(1, 3, 0, 0, resource="SORDER")
    tenant.patch(Patch("SORDER", "rename", "CUSORDREF", "PO"))
    changes = tenant.truth(0, after, "SORDER")
    assert changes
    assert all("PO" in side for change in changes for side in (change.before, change.after) if side)
    assert all("PO" in record for record in tenant.records("SORDER", 0).values())


def test_a_title_follows_through_a_patch() -> None:
    """A renamed customer shows at the companion of a renamed reference."""
    with reading(Farm.build(tenants=1, records=20)) as reader:
        reader.tenant.patch(Patch("SORDER", "rename", "BPCORD", "CUSTOMER"))
        order = reader.rows("SORDER")[4]
        customer = reader.tenant.records("BPCUSTOMER", facet="$details")[order["CUSTOMER"],]
        reader.tenant.put("BPCUSTOMER", {**customer, "BPCNAM": "Renamed plc"})
        assert reader.rows("SORDER")[4]["CUSTOMER_REF"]["$title"] == "Renamed plc"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("SORDER", "drop", "CUR"), "drop"),
        (("SORDER", "remove", ""), "field"),
        (("SORDER", "remove", "CUR[x]"), "CUR\\[x\\]"),
        (("SORDER", "remove", "CUR,PTE"), "one field"),
        (("SORDER", "remove", "CUR", None, 0.0), "share"),
        (("SORDER", "remove", "CUR", None, 1.5), "share"),
        (("SORDER", "remove", "CUR", None, 1.0, "left"), "left"),
        (("SORDER", "rename", "CUR"), "rename"),
        (("SORDER", "rename", "CUR", 3), "rename"),
        (("SORDER", "move", "SOHSOP[].QTY", "PORDERQ[].QTY"), "PORDERQ"),
        (("SORDER", "nest", "CUR,SOHSOP[].QTY", "X"), "nested"),
        (("SORDER", "retype", "CUR", "number?"), "integer"),
        (("SORDER", "lengthen", "CUR", -1), "-1"),
        (("SORDER", "lengthen", "CUR"), "lengthen"),
        (("SORDER", "scale", "ORDNOT", True), "True"),
        (("SORDER", "multiply", "ORDNOT", "ten"), "ten"),
        (("SORDER", "date_form", "ORDDAT", "MM/DD"), "MM/DD"),
        (("SORDER", "menu", "ORDSTA"), "menu"),
        (("SORDER", "shift_menu", "ORDSTA", [2, 3]), "object"),
        (("SORDER", "add", "", None), "custom"),
        (("SORDER", "add", "X", {"kind": 1}), "kind"),
        (("SORDER", "add", "X", {"type": "colour"}), "colour"),
        (("SORDER", "add", "X", {"values": []}), "values"),
        (("SORDER", "key_part", "X", ["1"]), "two"),
    ],
)  # fmt: skip
def test_what_no_patch_can_be_is_refused(arguments: Any, says: str) -> None:
    """A bad patch raises with what is wrong, before it is made."""
    with pytest.raises(ValueError, match=says):
        Patch(*arguments)


@pytest.mark.parametrize(
    ("patch", "says"),
    [
        (Patch("NOPE", "remove", "CUR"), "NOPE"),
        (Patch("SORDER", "remove", "CURR"), "CURR.*CUR"),
        (Patch("SORDER", "remove", "SOHSOP[].NOPE"), "NOPE"),
        (Patch("SORDER", "add", "CUR"), "CUR"),
        (Patch("SORDER", "add", "NOPE[].X"), "NOPE"),
        (Patch("SORDER", "rename", "CUR", "BPCNAM"), "BPCNAM"),
        (Patch("SORDER", "flatten", "CUR"), "no object"),
        (Patch("SORDER", "flatten", "SOHSOP"), "no object"),
    ],
)
def test_a_patch_of_what_is_not_there_is_refused(reader: Reader, patch: Patch, says: str) -> None:
    """All patches are made or none."""
    before = records(reader)
    with pytest.raises(ValueError, match=says):
        reader.tenant.patch(Patch("SORDER", "remove", "PTE"), patch)
    assert records(reader) == before
    assert reader.tenant.patches == {}
    with pytest.raises(ValueError, match="at least one"):
        reader.tenant.patch()
    with pytest.raises(ValueError, match="no patch 99"):
        reader.tenant.unpatch(99)


def test_patches_over_http(reader: Reader) -> None:
    """They are made, listed and taken back by the control API; what is wrong is 400."""
    url = "/control/tenants/aldgate/patches"
    patch = Patch("SORDER", "rename", "CUSORDREF", "PO")
    made = reader.client.post(url, json=patch.shown()).json()
    number = made["patch"]
    assert made["patches"] == {str(number): [patch.shown()]} == reader.client.get(url).json()["patches"]
    assert "PO" in reader.rows("SORDER")[0]
    both = reader.client.post(url, json={"patches": [{"resource": "SORDER", "change": "remove", "field": "PO"}]}).json()
    assert reader.client.delete(url, params={"patch": both["patch"]}).json() == {"patches": made["patches"]}
    for wrong in ({"resource": "SORDER"}, {"resource": "SORDER", "change": "remove", "field": "X"}, {"patches": 3}):
        assert reader.client.post(url, json=wrong).status_code == 400
    assert reader.client.delete(url, params={"patch": 10**9}).status_code == 400
    assert reader.client.delete(url).json() == {"patches": {}}
