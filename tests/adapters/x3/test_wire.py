import string
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.adapters.x3 import wire
from driftd.adapters.x3.records import split
from driftd.core.model import Query, Resource
from driftd.errors import Reason, SourceError
from tests.adapters.x3.scripted import CUSTOMERS, DATED, JOURNAL

HOST = "http://myhost:8124"
ADDRESS = wire.Address("aldgate", HOST, "MYENDPOINT")
COLLECTION = f"{HOST}/api1/x3/erp/MYENDPOINT/BPCUSTOMER"
PARTS = st.text(min_size=1, max_size=12).filter(lambda part: "~" not in part)


def encoded(*parts: object) -> bytes:
    return msgspec.json.encode(parts)


def parameters(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query, keep_blank_values=True, strict_parsing=True))


def reason_of(error: pytest.ExceptionInfo[SourceError]) -> Reason:
    assert '"aldgate"' in str(error.value) or "$" in str(error.value) or "page" in str(error.value)
    return error.value.reason


def test_a_first_page_names_representation_count_and_order() -> None:
    """Every page asks for an explicit order on the key; X3 sorts by no promised order otherwise."""
    assert ADDRESS.page(CUSTOMERS, Query(50)) == (
        f"{COLLECTION}?representation=BPCUSTOMER.$query&count=50&orderBy=BPCNUM%20asc"
    )
    assert parameters(ADDRESS.page(JOURNAL, Query(50, descending=True)))["orderBy"] == "TYP desc,NUM desc"


def test_positions_are_written_as_x3_cursors() -> None:
    """`after` is exclusive (`gt.`), `start` inclusive (`ge.`), parts of a composite key are joined by `~`."""
    assert parameters(ADDRESS.page(CUSTOMERS, Query(50, after=encoded("0143"))))["key"] == "gt.0143"
    assert parameters(ADDRESS.page(JOURNAL, Query(50, start=encoded("OD", 7))))["key"] == "ge.OD~7"


def test_positions_that_exclude_each_other_are_a_bug() -> None:
    """A page cannot begin at two places, nor a reading since a watermark at a key."""
    with pytest.raises(ValueError, match="not both"):
        ADDRESS.page(CUSTOMERS, Query(1, after=encoded("A"), start=encoded("B")))
    with pytest.raises(ValueError, match="next link"):
        ADDRESS.page(DATED, Query(1, since="2026-01-01", after=encoded("A")))
    with pytest.raises(ValueError, match="no watermark"):
        ADDRESS.page(CUSTOMERS, Query(1, since="2026-01-01"))
    with pytest.raises(ValueError, match="no watermark"):
        ADDRESS.page(CUSTOMERS, Query(1, stamped=True))
    with pytest.raises(ValueError, match="next link"):
        ADDRESS.page(DATED, Query(1, stamped=True, start=encoded("A")))


def test_all_records_in_the_order_of_the_watermark() -> None:
    """Without a value to begin from there is no filter: how the tenant spells its stamps is not known yet."""
    asked = parameters(ADDRESS.page(DATED, Query(1, stamped=True, descending=True)))
    assert asked["orderBy"] == "UPDDATTIM desc,BPCNUM desc"
    assert "where" not in asked


@pytest.mark.parametrize(
    ("since", "literal"),
    [
        ("2026-11-01", "@2026-11-01@"),
        ("2026-11-01T08:14:25Z", "@2026-11-01T08:14:25Z@"),
        ("2026-11-01T10:14:25+02:00", "@2026-11-01T08:14:25Z@"),
        ("2026-11-01T08:14:25.900Z", "@2026-11-01T08:14:25Z@"),
        ("2026-11-01T08:14:25", "@2026-11-01T08:14:25@"),
        ("2026-11-01 08:14:25.9", "@2026-11-01T08:14:25@"),
    ],
)
def test_a_watermark_is_asked_for_in_utc_or_as_it_was_and_never_later(since: str, literal: str) -> None:
    """A reading since a watermark filters on it, in UTC where its zone is known, and is ordered by it and the key."""
    asked = parameters(ADDRESS.page(DATED, Query(50, since=since)))
    assert asked["where"] == f"UPDDATTIM ge {literal}"
    assert asked["orderBy"] == "UPDDATTIM asc,BPCNUM asc"


@pytest.mark.parametrize("since", ["yesterday", "", "2026-01-01@ or 1 eq 1", "0000-00-00"])
def test_a_watermark_that_is_no_date_is_never_put_into_a_filter(since: str) -> None:
    """What a tenant wrote as a watermark cannot become part of an expression, nor of a message."""
    with pytest.raises(SourceError) as error:
        ADDRESS.page(DATED, Query(50, since=since))
    assert error.value.reason is Reason.INVALID_PAYLOAD
    assert since == "" or since not in str(error.value)


@given(st.lists(st.text(max_size=12), min_size=2, max_size=2))
def test_any_key_survives_the_way_into_a_details_address(parts: list[str]) -> None:
    """Quotes are doubled, everything else percent-encoded: the server reads the same parts, `~` in them apart."""
    address = ADDRESS.details(JOURNAL, encoded(*parts))
    raw = urlsplit(address).path.removeprefix("/api1/x3/erp/MYENDPOINT/GACCENTRY('").removesuffix("')")
    assert set(raw) <= set(string.ascii_letters + string.digits + "%~-_.")
    assert [unquote(part).replace("''", "'") for part in raw.split("~")] == parts


@given(PARTS, PARTS)
def test_any_key_survives_the_way_into_a_cursor(first: str, second: str) -> None:
    """What the server finds in `key=` is the parts joined by `~`, whatever signs and scripts they hold."""
    asked = parameters(ADDRESS.page(JOURNAL, Query(5, after=encoded(first, second))))
    assert asked["key"] == f"gt.{first}~{second}"


def test_key_numbers_are_written_digit_by_digit() -> None:
    """A number in a key is never rounded on its way into an address."""
    assert ADDRESS.details(CUSTOMERS, b"[12345678901234567890123]").endswith(
        "('12345678901234567890123')?representation=BPCUSTOMER.$details"
    )


def test_the_documented_next_link_is_followed_with_what_it_dropped() -> None:
    """Sage's sample link drops `count` and order: they are put back, and the cursor stays as sent."""
    link = f"{COLLECTION}?representation=BPCUSTOMER.$query&key=gt.0197"
    assert ADDRESS.page(CUSTOMERS, Query(50, next=link)) == f"{link}&count=50&orderBy=BPCNUM%20asc"


def test_what_a_next_link_keeps_is_not_touched() -> None:
    """A parameter in the link stays as the server wrote it, its own page size and encoding included."""
    link = f"{COLLECTION}?representation=BPCUSTOMER.%24query&count=20&orderBy=BPCNUM+asc&key=gt.A%2BB%26C~"
    assert ADDRESS.page(CUSTOMERS, Query(50, next=link)) == link


def test_a_dropped_filter_is_put_back() -> None:
    """Without its filter a delta would become a sweep: `where` and the order return to the link."""
    link = f"{COLLECTION}?representation=BPCUSTOMER.$query&key=gt.2026-11-01T08:14:25Z~0197"
    asked = parameters(ADDRESS.page(DATED, Query(50, since="2026-11-01", next=link)))
    assert asked["where"] == "UPDDATTIM ge @2026-11-01@"
    assert asked["orderBy"] == "UPDDATTIM asc,BPCNUM asc"
    assert asked["key"] == "gt.2026-11-01T08:14:25Z~0197"


@pytest.mark.parametrize(
    "link",
    [
        "HTTP://MYHOST:8124/api1/x3/erp/MYENDPOINT/BPCUSTOMER?key=gt.1",
        "/api1/x3/erp/MYENDPOINT/BPCUSTOMER?key=gt.1",
        "?key=gt.1",
        "http://myhost.:8124/api1/x3/erp/MYENDPOINT/%42PCUSTOMER?key=gt.1",
        f"{COLLECTION}?key=gt.1#last",
    ],
)
def test_the_same_place_in_another_spelling_is_followed(link: str) -> None:
    """Case of the host, relative links and needless percent-encoding do not make another place."""
    address = ADDRESS.page(CUSTOMERS, Query(9, next=link))
    assert address.startswith(f"{COLLECTION}?key=gt.1&")


@pytest.mark.parametrize(
    "link",
    [
        "http://elsewhere:8124/api1/x3/erp/MYENDPOINT/BPCUSTOMER?key=gt.1",
        "https://myhost:8124/api1/x3/erp/MYENDPOINT/BPCUSTOMER?key=gt.1",
        "http://myhost/api1/x3/erp/MYENDPOINT/BPCUSTOMER?key=gt.1",
        "http://myhost:8124/api1/x3/erp/OTHER/BPCUSTOMER?key=gt.1",
        "http://myhost:8124/api1/x3/erp/MYENDPOINT/BPSUPPLIER?key=gt.1",
        "http://user:pw@myhost:8124/api1/x3/erp/MYENDPOINT/BPCUSTOMER?key=gt.1",
        "http://myhost:8124@elsewhere/api1/x3/erp/MYENDPOINT/BPCUSTOMER?key=gt.1",
        "//elsewhere/api1/x3/erp/MYENDPOINT/BPCUSTOMER?key=gt.1",
        "http://myhost:port/api1/x3/erp/MYENDPOINT/BPCUSTOMER?key=gt.1",
        "http://[myhost/",
        "javascript:alert(1)",
        f"{COLLECTION}?representation=OTHER.$query&key=gt.1",
        f"{COLLECTION}('0197')?representation=BPCUSTOMER.$query",
    ],
)
def test_a_next_link_to_another_place_is_refused(link: str) -> None:
    """Credentials go to the connection's own origin and class, wherever a page points."""
    with pytest.raises(SourceError) as error:
        ADDRESS.page(CUSTOMERS, Query(9, next=link))
    assert error.value.reason is Reason.PAGING_INCOMPLETE
    assert "gt.1" not in str(error.value)
    assert "next link" in str(error.value)


def test_default_ports_are_the_same_origin() -> None:
    """`https://host` and `https://host:443` are one place."""
    address = wire.Address("aldgate", "https://x3.example/syracuse/", "F")
    link = "https://x3.example:443/syracuse/api1/x3/erp/F/BPCUSTOMER?key=gt.1"
    assert address.page(CUSTOMERS, Query(5, next=link)).startswith(
        "https://x3.example/syracuse/api1/x3/erp/F/BPCUSTOMER?key=gt.1&"
    )


def test_names_with_signs_are_encoded_in_the_path() -> None:
    """An endpoint or class cannot break out of its path segment."""
    resource = Resource("aldgate", "A/B?", "R", ("K",))
    address = wire.Address("aldgate", HOST, "X Y/../Z").page(resource, Query(1))
    assert urlsplit(address).path == "/api1/x3/erp/X%20Y%2F..%2FZ/A%2FB%3F"


SAMPLE = b"""{"$itemsPerPage":20,
 "$resources":[{"BPCNUM":"0113","BPCNAM":"ACME Inc."}, {"BPCNUM":"0114"}],
 "$links":{"$next":{"$url":"http://myhost:8124/x?key=gt.0197","$type":"application/json","$method":"GET"},
           "$last":{"$url":"http://myhost:8124/x?key=lt","$type":"application/json","$method":"GET"}}}"""


@pytest.mark.parametrize("head", [b"", b"\xef\xbb\xbf", b" \r\n"])
def test_the_documented_envelope_is_read_without_decoding_its_records(head: bytes) -> None:
    """The records of a page are the exact bytes between the brackets, white space included."""
    envelope = wire.read_envelope(head + SAMPLE)
    assert envelope.records == b'[{"BPCNUM":"0113","BPCNAM":"ACME Inc."}, {"BPCNUM":"0114"}]'
    assert envelope.next == "http://myhost:8124/x?key=gt.0197"
    assert envelope.diagnoses is None


@pytest.mark.parametrize("links", [b"", b',"$links":{}', b',"$links":{"$next":null}', b',"$links":null'])
def test_an_absent_next_link_is_the_end(links: bytes) -> None:
    """The server proves the end by leaving `$next` out."""
    assert wire.read_envelope(b'{"$resources":[]' + links + b"}")[:3] == (b"[]", None, None)


def test_missing_resources_are_not_empty_ones() -> None:
    """No `$resources` and an empty `$resources` are told apart."""
    assert wire.read_envelope(b'{"$itemsPerPage":20}').records is None
    assert wire.read_envelope(b'{"$resources":[]}').records == b"[]"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"$resources":[{"A":"C:\\share"}]}',
        b'{"$resources":[1,2}',
        b'{"$resources":[1,2]',
        b'{"$resources":[1]} {}',
        b'{"$resources":{}}',
        b'{"$resources":null}',
        b'{"$resources":[NaN]}',
        b'{"$resources":["\\ud800"]}',
        b'{"$resources":[],"$links":[]}',
        b'{"$resources":[],"$links":{"$next":{"$url":7}}}',
        b'{"$resources":[],"$links":{"$next":{}}}',
        b'{"$resources":[],"$links":{"$next":{"$url":"\xff"}}}',
        b'{"$resources":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_is_no_envelope_fails_the_page(body: bytes) -> None:
    """Malformed, truncated or differently shaped bodies are never taken for a page, or for the end."""
    for at_once in (False, True):
        with pytest.raises(SourceError) as error:
            wire.read_envelope(body, split=at_once)
        assert error.value.reason is Reason.INVALID_PAYLOAD


blanks = st.sampled_from(["", " ", "\n ", "\t\r\n"])
records = st.lists(
    st.dictionaries(st.sampled_from(["A", "B]", "$x"]), st.text(max_size=5) | st.integers() | st.none())
    | st.just({"L": [{"M": 1}, []]}),
    max_size=5,
)


@given(records, blanks, st.sampled_from(["", '"$itemsPerPage":20,', '"a":[1],']), st.sampled_from(["", ',"z":[{}]']))
def test_splitting_a_page_as_it_is_read_gives_the_same(
    rows: list[dict[str, object]], blank: str, before: str, behind: str
) -> None:
    """In one pass or in two, the bytes of the array, its slices and the next link are the same."""
    listed = f",{blank}".join(msgspec.json.encode(row).decode() for row in rows)
    links = '"$links":{"$next":{"$url":"http://myhost/x"}}'
    body = f'{{{before}"$resources":{blank}[{blank}{listed}{blank}]{behind},{links}}}'.encode()
    once, twice = wire.read_envelope(body, split=True), wire.read_envelope(body)
    assert twice.slices is None
    assert once[:3] == twice[:3]
    assert once.slices in (None, split(twice.records or b""))


def test_a_page_as_x3_sends_it_is_split_as_it_is_read() -> None:
    """The documented envelope needs no second pass."""
    assert wire.read_envelope(SAMPLE, split=True).slices == [
        b'{"BPCNUM":"0113","BPCNAM":"ACME Inc."}',
        b'{"BPCNUM":"0114"}',
    ]


def test_folders_are_found_at_every_depth_and_only_as_members() -> None:
    """`$actxFolder` counts wherever it stands as a member; a text that mentions it, and an empty one, do not."""
    body = rb'{"a":[{"$actxFolder" : "SEED"}],"$actxFolder":"","b":"$actxFolder","c":"\"$actxFolder\":\"NO\""}'
    assert wire.folders(body) == {"SEED"}
    assert wire.folders(b'{"A":1}') == set()
