"""What a cassette shows: errors keep their words, and nothing of a record, a secret or a host is left."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.adapters.x3 import cassette, diagnoses
from driftd.adapters.x3.answer import Answer
from driftd.adapters.x3.disguise import Disguise
from driftd.adapters.x3.losslessly import rewritten
from driftd.adapters.x3.masking import mask
from driftd.adapters.x3.overheard import Heard
from tests.adapters.x3.scripted import BASE

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
PAGE = f"{BASE}/api1/x3/erp/ALDGATE/BPCUSTOMER?representation=BPCUSTOMER.$query&count=20&orderBy=BPCNUM%20asc"


class Same:
    """Replaces nothing."""

    def text(self, name: str, text: str) -> str:
        return text

    def number(self, name: str, spelling: str) -> str:
        return spelling

    def of(self, name: str) -> "Same":
        return self


def line(answer: Answer, address: str = PAGE, *, values: bool = False, hidden: tuple[str, ...] = ()) -> dict[str, Any]:
    heard = Heard(address, "/auth/token" in address, 0.1, answer)
    told: dict[str, Any] = json.loads(
        cassette.exchange(heard, Disguise(b"k", hidden, values=values), reading=False), parse_float=Decimal
    )
    return told


@given(JSON)
def test_rewriting_loses_nothing(value: object) -> None:
    told = rewritten(json.dumps(value).encode(), Same())
    assert told is not None
    assert json.loads(told) == value
    assert "\n" not in told


@pytest.mark.parametrize("body", ['{"A":1.00E+2,"A":0.10}', '{"B":12345678901234567890.125,"Z":null}', '"\\ud800"'])
def test_rewriting_keeps_spellings_order_and_repeated_members(body: str) -> None:
    assert rewritten(body.encode(), Same()) == body


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a":"\\x"}', b"\xff", b"[" * 100_000])
def test_what_is_not_json_is_not_rewritten(body: bytes) -> None:
    assert rewritten(body, Same()) is None


@pytest.mark.parametrize(
    "text",
    ["721 : Record does not exist", "Error 21: Invalid token", "Client authentication failed", "Unknown property"],
)
def test_words_of_errors_survive(text: str) -> None:
    assert mask(text) == text


def test_every_other_word_is_masked() -> None:
    assert mask("721 : Record ACME of Müller & Söhne, 771.42 EUR is locked") == (
        "721 : Record xxxx of xxxxxx & xxxxx, 999.99 xxx is locked"
    )
    assert mask('{"BPCNAM":"Acme\\x","OST":12}') == '{"BPCNAM":"xxxx\\x","OST":99}'


def test_a_masked_error_has_the_reason_it_had() -> None:
    for words in ("Class GHOST not found", "dossier XYZ inconnu", "Facet '$details' is not allowed", "accès refusé"):
        said, masked = (
            diagnoses.reason_of(diagnoses.read(Answer(400, each.encode()))) for each in (words, mask(words))
        )
        assert said is masked
        assert said is not None


def test_a_key_is_the_same_in_records_addresses_and_links() -> None:
    link = f"{PAGE}&key=gt.T%7E1~O%27Hara"
    body = {"$resources": [{"BPCNUM": "O'Hara", "REF": "T~1"}], "$links": {"$next": {"$url": link}}}
    told = line(Answer(200, json.dumps(body).encode(), "application/json"), link)
    record = told["body"]["$resources"][0]
    assert told["parameters"]["key"] == f"gt.{record['REF']}~{record['BPCNUM']}"
    assert told["body"]["$links"]["$next"]["$url"].endswith(told["parameters"]["key"])
    details = f"{BASE}/api1/x3/erp/ALDGATE/BPCUSTOMER('T%7E1~O%27%27Hara')?representation=BPCUSTOMER.$details"
    assert line(Answer(200, b"{}"), details)["record"] == f"{record['REF']}~{record['BPCNUM']}"


@pytest.mark.parametrize("values", [False, True])
def test_no_token_secret_or_host_is_recorded(values: bool) -> None:
    """Not even with the values of records, wherever the tenant repeats them."""
    disguise = Disguise(b"k", ("x3.aldgate.example", "s3cret-of-aldgate"), values=values)
    token = Answer(200, b'{"access_token":"planted-token","expires_in":300,"token_type":"Bearer"}', "application/json")
    echo = b'{"$diagnoses":[{"$severity":"error","$message":"Bearer planted-token of s3cret-of-aldgate"}],"A":"x.%b"}'
    page = Answer(500, b"<html>https://x3.aldgate.example/ planted-token</html>", "text/html")
    text = b"".join(
        cassette.exchange(each, disguise, reading=False)
        for each in (
            Heard(f"{BASE}/auth/token", True, 0.1, token),
            Heard(PAGE, False, 0.1, Answer(401, echo % b"x3.aldgate.example")),
            Heard(PAGE, False, 0.1, page),
        )
    ).decode()
    for planted in ("planted-token", "s3cret-of-aldgate", "aldgate.example"):
        assert planted not in text
    assert '"expires_in":300' in text


def test_with_values_private_members_have_pseudonyms_even_so() -> None:
    """All that stands in them, and titles, which repeat them; the rest is as it came."""
    body = b'{"$resources":[{"A":"Acme","N":"Jo Doe","R_REF":{"$title":"Jo Doe"},"CNT":[{"B":"Jo Doe","C":17}]}]}'
    disguise = Disguise(b"k", values=True, private={"N", "CNT"})
    heard = Heard(PAGE, False, 0.1, Answer(200, body))
    (told,) = json.loads(cassette.exchange(heard, disguise, reading=False))["body"]["$resources"]
    assert told["A"] == "Acme"
    assert told["N"] == told["R_REF"]["$title"] == told["CNT"][0]["B"] != "Jo Doe"
    assert told["CNT"][0]["C"] != 17


def test_with_values_records_are_as_they_came() -> None:
    body = b'{"$itemsPerPage":20,"$resources":[{"A":1.00E+2,"WEB":"https://shop.example/","N":"Acme"}]}'
    told = line(Answer(200, body), values=True, hidden=("x3.aldgate.example",))
    assert told["body"] == json.loads(body, parse_float=Decimal)
