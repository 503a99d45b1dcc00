"""What sources publish of the wire, decoded by the code that reads tenants. None of it comes from the simulator.

Each file names its source and how good that is; values that a source leaves out are filled in within its conventions.
"""

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from driftd.adapters.x3 import diagnoses, keys, records, token, verdict, wire
from driftd.adapters.x3.answer import Answer
from driftd.core.model import Query, Resource
from driftd.errors import Reason, SourceError
from tests.adapters.x3.scripted import CUSTOMERS, ScriptedTenant, source

FOLDER = Path(__file__).parent / "fixtures"
NOW = 1_800_000_000_000
ASKED = verdict.Question("aldgate", "BPCUSTOMER", "SEED")
ASKED_DETAILS = verdict.Question("aldgate", "BPCUSTOMER", "SEED", details=True)
AT = wire.Address("aldgate", "http://myhost:8124", "MYENDPOINT")
MARKS = {"Sage", "third party", "standard", "inferred"}


class Published(NamedTuple):
    """One answer of a source."""

    name: str
    answer: Answer


def told(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def published(name: str) -> list[Published]:
    return [
        Published(
            each.get("name", ""),
            Answer(
                each["status"],
                json.dumps(each["body"]).encode() if "body" in each else each["text"].encode(),
                each["content_type"],
                each.get("location", ""),
            ),
        )
        for each in told(name)["answers"]
    ]


def only(name: str) -> Answer:
    (found,) = published(name)
    return found.answer


def refused(answer: Answer, asked: verdict.Question = ASKED) -> Reason:
    """Return the reason for which an answer is no page, or no record."""
    with pytest.raises(SourceError) as error:
        (verdict.details if asked.details else verdict.page)(answer, asked, NOW)
    assert error.value.hint
    return error.value.reason


def rows(envelope: wire.Envelope) -> Sequence[bytes]:
    return records.split(envelope.records or b"")


@pytest.mark.parametrize("file", sorted(FOLDER.iterdir()), ids=lambda file: file.stem)
def test_every_file_names_its_source(file: Path) -> None:
    found = told(file.stem)
    assert found["mark"] in MARKS
    assert found["source"]
    assert found["page"]
    assert found["what"]


def test_a_page_has_keys_and_a_next_link_that_is_completed() -> None:
    """The sample's link drops ``count`` and knows no ``orderBy``; what is asked next has both again."""
    envelope = verdict.page(only("query_page"), ASKED, NOW)
    assert keys.keys(("BPCNUM",), rows(envelope)) == [b'["0113"]', b'["0197"]']
    address = AT.page(CUSTOMERS, Query(50, next=envelope.next))
    assert address.startswith(f"{told('addresses')['query']}&key=gt.0197&")
    assert "count=50" in address
    assert "orderBy=BPCNUM%20asc" in address


def test_an_empty_page_is_a_page_and_the_end() -> None:
    envelope = verdict.page(only("query_empty"), ASKED, NOW)
    assert (envelope.records, envelope.next) == (b"[]", None)


def test_a_filter_on_an_unknown_property_is_a_failure_and_no_empty_page() -> None:
    assert refused(only("query_unknown_property")) is Reason.SERVER_ERROR


def test_a_platform_entity_is_a_page_too() -> None:
    envelope = verdict.page(only("collaboration_query"), ASKED, NOW)
    (row,) = map(records.decode, rows(envelope))
    assert (row["$etag"], row["description"]) == (1, "X3 folder")
    assert envelope.next is None


def test_a_page_as_long_as_it_was_asked_for_is_read() -> None:
    envelope = verdict.page(only("customers_long_page"), ASKED, NOW)
    assert [set(records.decode(each)) for each in rows(envelope)] == [{"BPCNUM", "BPCNAM"}] * 2


@pytest.mark.parametrize("name", ["details", "details_lines"])
def test_a_record_is_decoded_with_its_children(name: str) -> None:
    body = verdict.details(only(name), ASKED_DETAILS, NOW)
    assert body is not None
    record = records.decode(body)
    if name == "details":
        assert (record["BPCNUM"], record["$etag"]) == ("0113", "2015-08-18T08:14:25Z")
    else:
        assert [line["ITMREF"] for line in list_of(record["SOHSOP"])] == ["ITM003", "ITM004"]


def list_of(value: object) -> list[dict[str, Any]]:
    assert isinstance(value, list)
    return value


def customer() -> dict[str, Any]:
    body = verdict.details(only("bpcustomer_details"), ASKED_DETAILS, NOW)
    assert body is not None
    return dict(records.decode(body))


def test_values_of_a_real_customer_are_what_the_conventions_say() -> None:
    record = customer()
    assert (record["BPCSTA"], record["ORDCLE"]) == (False, True)
    assert (record["ABCCLS"], record["INVPER"]) == (1, 6)
    assert not isinstance(record["ABCCLS"], bool)
    assert Decimal(str(record["OST"])) == Decimal("771.42")
    assert (record["POSCOD"], record["CNT_CCNCRM"]) == ("0157", "000000000000012")


def test_empties_of_a_real_customer_stay_what_they_are() -> None:
    record = customer()
    assert record["CNTBIR"] == record["CDTISRDAT"] == "0000-00-00"
    assert (record["CLAINVTEX"], record["BPCRSK"], record["OSTAUZ"], record["FCY"]) == (None, "", 0, "")
    assert (len(record["TSCCOD"]), record["TSCCOD"].count("")) == (5, 4)
    assert [each["TELTYP"] for each in record["BPCBPRBPA"][0]["BPCBPRBPACOLTEL"]] == [1, 2, 3, 4, 5]


def test_titles_of_references_do_not_count_and_their_keys_do() -> None:
    """A record in another language has the same canonical form."""
    from driftd.core.canonical import canonical

    record = customer()
    other = {**record, "$actxLan": "FRA", "CUR_REF": {**record["CUR_REF"], "$title": "Rand sud-africain"}}
    assert canonical(record) == canonical(other)
    assert canonical(record) != canonical({**record, "CUR": "EUR"})


def test_a_customer_of_another_folder_is_refused() -> None:
    answer = only("bpcustomer_details")
    assert refused(answer, verdict.Question("aldgate", "BPCUSTOMER", "PROD", details=True)) is Reason.WRONG_FOLDER


def test_an_invoice_has_a_representation_of_another_name_and_lines_with_keys() -> None:
    found = told("sinvoicev_details")
    resource = Resource("aldgate", found["class"], found["representation"], ("NUM",), details=True)
    body = verdict.details(only("sinvoicev_details"), ASKED_DETAILS, NOW)
    assert body is not None
    (key,) = keys.keys(resource.key, [body])
    assert AT.details(resource, key).endswith("/SINVOICEV('SIV2401-0001')?representation=EDISIHTR.$details")
    record = records.decode(body)
    (line,) = list_of(record["SIVSID"])
    assert (line["SIDLIN"], line["ITMREF"], line["SIVSIDC_VAT"]) == (1000, "ITM001", ["STD", "", ""])


def test_a_missing_record_is_none_and_never_a_failure() -> None:
    assert verdict.details(only("record_missing"), ASKED_DETAILS, NOW) is None


def test_details_that_are_not_allowed_are_forbidden_whatever_the_status() -> None:
    for each in published("details_not_allowed"):
        assert refused(each.answer, ASKED_DETAILS) is Reason.FORBIDDEN


def test_broken_escapes_are_an_invalid_payload_and_never_part_of_a_page() -> None:
    assert refused(only("malformed_escapes")) is Reason.INVALID_PAYLOAD
    with pytest.raises(SourceError) as error:
        records.decode(only("malformed_escapes").body)
    assert error.value.reason is Reason.INVALID_PAYLOAD
    assert "Dock" not in str(error.value)


def test_a_refused_creation_is_told_by_its_diagnosis_not_by_its_status() -> None:
    found = {each.name: diagnoses.read(each.answer) for each in published("create_refused")}
    assert [each.severe for each in found["refused"]] == [True]
    assert list(found["saved"]) == []


def test_business_messages_are_severe_and_only_the_missing_record_is_one() -> None:
    for each in published("generic_messages"):
        gone = each.name == "Record does not exist"
        assert diagnoses.says_no_record(diagnoses.read(each.answer)) is gone
        if not gone:
            assert refused(each.answer, ASKED_DETAILS) is Reason.SERVER_ERROR


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Missing required request parameters", Reason.OAUTH_ERROR),
        ("Invalid grant type", Reason.OAUTH_ERROR),
        ("Unauthorised", Reason.OAUTH_INVALID_CLIENT),
        ("The application registered on Sage Business Cloud is disabled", Reason.OAUTH_INVALID_CLIENT),
        ("The pairing request has not been accepted.", Reason.OAUTH_ERROR),
        ("Pairing request not found", Reason.OAUTH_ERROR),
        ("Could not associate the requested url", Reason.OAUTH_ERROR),
        ("internal error", Reason.SERVER_ERROR),
    ],
)
def test_the_gateways_messages_have_their_reasons(name: str, reason: Reason) -> None:
    (answer,) = (each.answer for each in published("gateway_errors") if each.name == name)
    with pytest.raises(SourceError) as error:
        token.read(answer, "aldgate", NOW)
    assert error.value.reason is reason


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("code", "reason"),
    [("21", Reason.CLOCK_SKEW), *((code, Reason.UNAUTHORIZED) for code in ("41", "42", "45", "50"))],
)
async def test_codes_of_a_connected_application_have_their_reasons(code: str, reason: Reason) -> None:
    """21 says "issued in the future": the clocks differ, and no credential is at fault."""
    (found,) = (each.answer for each in published("connected_app_errors") if each.name == code)
    tenant = ScriptedTenant(
        answer=lambda _: httpx.Response(found.status, content=found.body, headers={"Content-Type": found.content_type})
    )
    async with source(tenant) as given:
        with pytest.raises(SourceError) as error:
            await given.page(CUSTOMERS, Query(5))
    assert error.value.reason is reason


def test_a_bearer_token_is_had_with_its_life() -> None:
    found = token.read(only("token"), "aldgate", NOW)
    assert (found.secret.reveal(), found.life) == ("mF_9.B5f-4.1JqM", 3600)


def test_a_refused_client_and_a_token_of_another_type_are_told_apart() -> None:
    reasons = {}
    for each in published("token_errors"):
        with pytest.raises(SourceError) as error:
            token.read(each.answer, "aldgate", NOW)
        reasons[each.name] = error.value.reason
    assert reasons == {
        "invalid_client": Reason.OAUTH_INVALID_CLIENT,
        "unsupported_grant_type": Reason.OAUTH_ERROR,
        "another type": Reason.OAUTH_ERROR,
    }


def test_a_login_page_is_no_page_and_the_way_there_none_either() -> None:
    for each in published("login_page"):
        assert verdict.is_login(each.answer)
        assert refused(each.answer) is Reason.MAINTENANCE_PAGE


def test_addresses_are_written_as_published() -> None:
    found = told("addresses")
    cursor, details = found["cursor"], found["details"]
    assert keys.cursor(json.dumps(cursor["parts"]).encode()) == cursor["written"]
    assert AT.page(CUSTOMERS, Query(20)).startswith(found["query"])
    entry = Resource("aldgate", details["class"], details["class"], ("TYP", "NUM"))
    assert AT.details(entry, json.dumps(details["parts"]).encode()) == details["written"]
