import re
from typing import Any, cast

import httpx
import pytest

from driftd.simulator import Switches
from tests.simulator.reader import Reader, stripped

READING = [
    (name, position)
    for name, positions in Switches.positions().items()
    for position in positions
    if position not in Switches.refusing.get(name, ())
]


def test_every_position_is_listed_default_first() -> None:
    """`positions` names each enumerable switch; its first position is the default."""
    default = Switches()
    for name, positions in Switches.positions().items():
        assert positions[0] == getattr(default, name)
        assert len(positions) > 1
    assert {"collation", "next_keeps", "uuid", "etag", "updatim_in_query"} <= set(Switches.positions())


def test_wrong_positions_are_refused() -> None:
    """A position or a switch that does not exist raises and moves nothing."""
    switches = Switches()
    with pytest.raises(ValueError, match="binary"):
        switches.collation = cast("Any", "alphabetical")
    with pytest.raises(ValueError, match="no switch"):
        switches.move({"cap": 5, "speed": 9})
    with pytest.raises(ValueError, match="cap"):
        switches.cap = 0
    with pytest.raises(AttributeError):
        setattr(switches, "speed", 9)  # noqa: B010 - the point is that there is no such attribute
    assert switches == Switches()


@pytest.mark.parametrize(("name", "position"), READING)
def test_under_every_reading_switch_a_good_reader_holds_the_truth(reader: Reader, name: str, position: Any) -> None:
    """Whatever position a switch has (but for those that refuse), pages and details hold exactly the truth."""
    reader.tenant.switches.move({name: position})
    reader.forget_token()
    rows = reader.rows("SORDER", count=25, orderBy="SOHNUM")
    assert {(row["SOHNUM"],): stripped(row) for row in rows} == reader.tenant.records("SORDER", facet="$query")
    key = rows[0]["SOHNUM"]
    assert stripped(reader.details("SORDER", key).json()) == reader.tenant.records("SORDER")[key,]


@pytest.mark.parametrize("member", ["$uuid", "$etag"])
def test_meta_members_are_stable_volatile_or_absent(reader: Reader, member: str) -> None:
    """`$uuid` and `$etag` are the same at two reads, or differ in every record, or are not there; in both facets."""
    name = member[1:]

    def seen() -> list[Any]:
        rows = reader.rows("SORDER", count=60)
        return [row.get(member) for row in rows] + [reader.details("SORDER", rows[0]["SOHNUM"]).json().get(member)]

    stable = seen()
    assert stable == seen()
    assert stable[0] == stable[-1]
    reader.tenant.switches.move({name: "volatile"})
    first, second = seen(), seen()
    assert not set(first) & set(second)
    assert len(set(first)) == len(first)
    reader.tenant.switches.move({name: "absent"})
    assert set(seen()) == {None}
    reader.tenant.switches.move({name: "stable"})
    assert seen() == stable


def test_spellings_change_bytes_and_not_records(reader: Reader) -> None:
    """Blanks, member order and number spelling differ on the wire while every record stays equal."""
    plain = answer = reader.query("SORDER", count=60)
    for name, position in (("whitespace", "spaced"), ("member_order", "shuffled"), ("numbers", "respelled")):
        reader.tenant.switches.move({name: position})
        answer = reader.query("SORDER", count=60)
        assert answer.content != plain.content
        assert answer.json()["$resources"] == plain.json()["$resources"]
    again = reader.query("SORDER", count=60)
    assert again.content != answer.content
    assert re.search(rb"\dE\+\d", again.content)


def test_language_changes_titles_only(reader: Reader) -> None:
    """Titles are translated; records as held are not."""
    key = reader.rows("SORDER")[0]["SOHNUM"]
    english = reader.details("SORDER", key).json()
    reader.tenant.switches.language = "FRA"
    french = reader.details("SORDER", key).json()
    assert english["STOFCY_REF"] != french["STOFCY_REF"]
    assert french["$actxLan"] == "FRA"
    assert stripped(english) == stripped(french)


def test_a_header_only_etag_hides_line_changes(reader: Reader) -> None:
    """With `header_only`, a change of lines leaves every byte of `$query` as it was; else the `$etag` moves."""
    for position, moves in (("header_only", False), ("stable", True)):
        reader.tenant.switches.move({"etag": position})
        before = reader.query("SORDER", count=60).content
        reader.tenant.advance(0, 0, 3, 0, resource="SORDER")
        assert (reader.query("SORDER", count=60).content != before) == moves


def test_the_folder_header(reader: Reader) -> None:
    """It must name the endpoint's folder; or is ignored; or chooses the folder, with that folder's credentials."""
    url = f"/api1/x3/erp/{reader.tenant.endpoint}/BPCUSTOMER?representation=BPCUSTOMER.$query"

    def status(folder: str | None) -> int:
        headers = {"Authorization": reader.headers["Authorization"]}
        return reader.client.get(url, headers=headers | ({"X-Sage-Folder": folder} if folder else {})).status_code

    assert [status("ALDGATE"), status("BOROUGH"), status(None)] == [200, 403, 403]
    reader.tenant.switches.folder_header = "ignored"
    assert [status("ALDGATE"), status("BOROUGH"), status(None)] == [200, 200, 200]
    reader.tenant.switches.folder_header = "selects"
    assert [status("ALDGATE"), status("BOROUGH"), status("NOWHERE"), status(None)] == [200, 401, 400, 200]
    reader.tenant.switches.move({"folder_header": "required", "folder_header_name": "X-Dossier"})
    assert status("ALDGATE") == 403


@pytest.mark.parametrize("code", [400, 404, 500])
@pytest.mark.parametrize(
    "path",
    ["NOCLASS?representation=NOCLASS.$query", "BPCUSTOMER", "BPCUSTOMER?representation=SORDER.$query",
     "BPCUSTOMER?representation=BPCUSTOMER.$details", "BPCUSTOMER?representation=BPCUSTOMER.$edit",
     "BPCUSTOMER('x')?representation=BPCUSTOMER.$query"],
)  # fmt: skip
def test_wrong_addresses_have_their_code(reader: Reader, path: str, code: int) -> None:
    """Wrong class, representation and facet answer with the code and the body their switches say."""
    reader.tenant.switches.move({"error_code": code})
    url = f"/api1/x3/erp/{reader.tenant.endpoint}/{path}"
    answer = reader.client.get(url, headers=reader.headers)
    assert answer.status_code == code
    assert answer.json()["$diagnoses"][0]["$severity"] == "error"
    reader.tenant.switches.error_body = "html"
    assert reader.client.get(url, headers=reader.headers).text.startswith("<!DOCTYPE html>")


def test_a_missing_record(reader: Reader) -> None:
    """A missing record is 200 with diagnosis 721, or 404."""
    answer = reader.details("BPCUSTOMER", "nobody")
    assert answer.status_code == 200
    assert answer.json() == {"$diagnoses": [{"$severity": "error", "$message": "721 : Record does not exist"}]}
    reader.tenant.switches.missing_record = "not_found_404"
    assert reader.details("BPCUSTOMER", "nobody").status_code == 404


@pytest.mark.parametrize("position", Switches.refusing["details_facet"])
def test_details_may_be_refused(reader: Reader, position: str) -> None:
    """`$details` is refused with the code in the switch's position, `$query` is not."""
    reader.tenant.switches.move({"details_facet": position})
    assert reader.details("SORDER", "SON00000001").status_code == int(position[-3:])
    assert reader.query("SORDER").status_code == 200


@pytest.mark.parametrize(
    ("position", "status", "kind"),
    [("json_401", 401, "application/json"), ("plain_401", 401, "text/plain"), ("redirect_302", 302, "text/html"),
     ("html_200", 200, "text/html")],
)  # fmt: skip
def test_bad_credentials(reader: Reader, position: str, status: int, kind: str) -> None:
    """Bad and missing credentials get the body of the switch, never a record."""
    reader.tenant.switches.move({"bad_credentials": position})
    url = f"/api1/x3/erp/{reader.tenant.endpoint}/BPCUSTOMER?representation=BPCUSTOMER.$query"
    for authorization in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic !"}):
        answer = reader.client.get(url, headers=authorization)
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith(kind)
        assert "BPCNUM" not in answer.text


def test_extra_parameters(reader: Reader) -> None:
    """`$bulk`, `select` and offsets are ignored or rejected."""
    usual = reader.query("SORDER").json()["$resources"]
    assert reader.query("SORDER", select="SOHNUM", startIndex=5).json()["$resources"] == usual
    assert reader.get("SORDER", representation="SORDER.$bulk").json()["$resources"] == usual
    reader.tenant.switches.extra_params = "rejected"
    assert reader.query("SORDER", offset=5).status_code == 400
    assert reader.get("SORDER", representation="SORDER.$bulk").status_code == 400


def test_the_rate_limit(reader: Reader) -> None:
    """More requests in a second than allowed are 429 with `Retry-After`; a second later all is well."""
    now = 0.0
    farm = reader.server._server.application.host._farm
    clock = farm.clock
    reader.headers  # noqa: B018 - fetch the token by the real clock first
    try:
        token_clock = clock()
        farm.clock = lambda: token_clock + now
        reader.tenant.switches.rate_limit = 3
        statuses = [reader.query("SORDER").status_code for _ in range(5)]
        assert statuses == [200, 200, 200, 429, 429]
        assert reader.query("SORDER").headers["retry-after"] == "1"
        now = 1.5
        assert reader.query("SORDER").status_code == 200
    finally:
        farm.clock = clock


def test_gzip_is_for_clients_that_accept_it(reader: Reader) -> None:
    """With `gzip` on, an accepting client gets compressed bytes, another plain ones, both the same page."""
    reader.tenant.switches.gzip = "on"
    url = f"/api1/x3/erp/{reader.tenant.endpoint}/SORDER?representation=SORDER.$query"
    packed = reader.client.get(url, headers=reader.headers)
    plain = reader.client.get(url, headers=reader.headers | {"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content


def test_the_platform_lists(reader: Reader) -> None:
    """`endPoints` lists what the credentials open; `representationProxies` only where the switch says so."""
    url = "/api1/syracuse/collaboration/syracuse/"
    listed = reader.client.get(url + "endPoints?representation=endPoints.$query&count=100", headers=reader.headers)
    assert [row["$key"] for row in listed.json()["$resources"]] == ["ALDGATE"]
    assert reader.client.get(url + "endPoints").status_code == 401
    proxies = url + "representationProxies?representation=representationProxy.$lookup"
    assert reader.client.get(proxies, headers=reader.headers).status_code == 400
    reader.tenant.switches.representation_proxies = "present"
    entities = reader.client.get(proxies, headers=reader.headers).json()["$resources"]
    assert [row["entity"] for row in entities] == list(reader.tenant.classes)


def test_sdata_costs_licence_tokens(reader: Reader) -> None:
    """Each request under `/sdata/` without its cookie costs a licence token; api1 sets no cookie and costs none."""
    before = reader.tenant.licence_tokens
    path = f"x3/erp/{reader.tenant.endpoint}/SORDER?representation=SORDER.$query"
    assert "set-cookie" not in reader.client.get(f"/api1/{path}", headers=reader.headers).headers
    with httpx.Client(base_url=reader.server.url, verify=False) as keeping:
        for _ in range(3):
            assert keeping.get(f"/sdata/{path}", headers=reader.headers).status_code == 200
    assert reader.tenant.licence_tokens == before + 1
    for _ in range(2):
        httpx.get(f"{reader.server.url}/sdata/{path}", headers=reader.headers, verify=False)
    assert reader.tenant.licence_tokens == before + 3
