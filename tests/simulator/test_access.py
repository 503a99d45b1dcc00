import pytest

from driftd.simulator import Access, Farm
from tests.simulator.reader import Reader, reading


@pytest.mark.parametrize("code", [400, 404, 500])
def test_an_unlicensed_class_is_an_unknown_one(reader: Reader, code: int) -> None:
    """Without its module a class gets the very answer of a name that never was, in both facets; others are as ever."""
    reader.tenant.switches.move({"error_code": code})
    reader.tenant.set_access({"PORDER": Access.UNLICENSED})
    unknown, missing = reader.query("NEVERWAS"), reader.query("PORDER")
    assert missing.status_code == unknown.status_code == code
    assert missing.text == unknown.text.replace("NEVERWAS", "PORDER")
    assert reader.details("PORDER", "POH00000002").status_code == code
    assert reader.query("SORDER").status_code == 200
    reader.tenant.set_access({"PORDER": Access.OPEN})
    assert reader.query("PORDER").status_code == 200


def test_a_forbidden_class_is_403(reader: Reader) -> None:
    """Without the right a class answers 403 in both facets, and business behind it goes on."""
    reader.tenant.set_access({"GACCENTRY": "forbidden"})
    state = reader.tenant.state
    assert reader.query("GACCENTRY").status_code == 403
    assert reader.details("GACCENTRY", "FAC~0000000001").status_code == 403
    reader.tenant.step(60)
    assert reader.tenant.truth(state, reader.tenant.state, "GACCENTRY") != []
    reader.tenant.set_access({"GACCENTRY": "open"})
    assert reader.query("GACCENTRY").status_code == 200


def test_access_is_each_tenants_own() -> None:
    """What one tenant lacks another has; the list of representations leaves out what is not licensed."""
    with reading(Farm.build(tenants=2, records=3)) as reader:
        reader.tenant.switches.move({"representation_proxies": "present"})
        reader.tenant.set_access({"ITMMVT": "unlicensed", "SORDER": "forbidden"})
        assert reader.query("ITMMVT").status_code == 400
        url = "/api1/syracuse/collaboration/syracuse/representationProxies"
        listed = reader.client.get(url, headers=reader.headers).json()["$resources"]
        assert {row["entity"] for row in listed} == set(reader.tenant.classes) - {"ITMMVT"}
    with reading(Farm.build(tenants=2, records=3), "borough") as other:
        assert other.query("ITMMVT").status_code == 200
