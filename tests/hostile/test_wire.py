"""Pages, records, keys and links of a tenant that sends anything at all."""

import json
from contextlib import suppress
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import strategies as st

from driftd.adapters.x3 import keys, records, wire
from driftd.adapters.x3.inflate import Body
from driftd.adapters.x3.settings import Caps
from driftd.core import oversize
from driftd.core.model import Query, Resource
from driftd.errors import Reason, SourceError
from driftd.simulator.where import Reading, parse
from tests.hostile.effort import tried
from tests.hostile.texts import TEXTS

CUSTOMERS = Resource("aldgate", "BPCUSTOMER", "BPCUSTOMER", ("BPCNUM",), watermark="UPDDATTIM")
ENTRIES = Resource("aldgate", "GACCENTRY", "GACCENTRY", ("TYP", "NUM"))
ADDRESS = wire.Address("aldgate", "https://x3.example/base", "SEED")
PAGE = (
    b'{"$itemsPerPage":2,"$resources":[{"BPCNUM":"C1","UPDDATTIM":"2026-11-23T10:00:00Z","A":[{"B":1.50}]},'
    b'{"BPCNUM":"C2","N":null}],"$links":{"$next":{"$url":"?key=gt.C2"}},"$diagnoses":[]}'
)
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@st.composite
def spoilt(draw: st.DrawFn, whole: bytes = PAGE) -> bytes:
    """Return a valid page with some bytes cut out, put in, doubled or turned."""
    body = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(body)))
        to = min(len(body), at + draw(st.integers(0, 12)))
        news = draw(
            st.binary(max_size=6) | st.sampled_from([b'"', b"{", b"[[[[", b"\\ud800", b"\xef\xbb\xbf", b"1e999"])
        )
        body[at:to] = bytes(body[at:to]) * 2 if draw(st.booleans()) else news
    return bytes(body)


def taken_apart(body: bytes) -> None:
    """Read a page all the way, as a cycle does."""
    for split in (False, True):
        with suppress(SourceError):
            envelope = wire.read_envelope(body, split=split)
            wire.folders(body)
            slices = envelope.slices if envelope.slices is not None else records.split(envelope.records or b"[]")
            found = keys.keys(("BPCNUM",), slices)
            assert len(found) == len(slices)
            for key, each in zip(found, slices, strict=True):
                if key:
                    ADDRESS.details(CUSTOMERS, key)
                    keys.cursor(key)
                with suppress(SourceError):
                    assert isinstance(records.decode(each), dict)
            if envelope.next is not None:
                ADDRESS.page(CUSTOMERS, Query(100, next=envelope.next))


@tried(60, spoilt())
def test_a_spoilt_page_is_read_or_refused(body: bytes) -> None:
    """A valid page with bytes changed gives records, or a `SourceError`; never anything else."""
    taken_apart(body)


@tried(60, st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """So does what is no page at all, and what stands where a page has its records."""
    taken_apart(body)
    taken_apart(b'{"$resources":[' + body + b"]}")


@tried(10, st.lists(st.dictionaries(TEXTS | st.just("BPCNUM"), JSONS, max_size=4), max_size=4))
def test_records_of_any_members_are_read_or_refused(rows: list[dict[str, Any]]) -> None:
    """Members may have any name and value."""
    taken_apart(json.dumps({"$resources": rows}).encode())
    taken_apart(json.dumps({"$resources": rows}, ensure_ascii=False).encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("depth", [200, 900, 1100, 100_000])
@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_nesting_without_end_is_refused(depth: int, opening: bytes) -> None:
    """However deep a page nests, and wherever, it is refused or its key is not used."""
    closing = b"]" if opening == b"[" else b"}"
    nested = opening * depth + b"1" + closing * depth
    for where in (b'{"$resources":[{"BPCNUM":%b}]}', b'{"$links":%b}', b"%b", b'{"$resources":%b}'):
        taken_apart(where % nested)
    with suppress(SourceError):
        assert keys.keys(("BPCNUM",), [b'{"BPCNUM":%b}' % nested]) == [keys.KEYLESS]
    with pytest.raises(SourceError):
        records.decode(b'{"BPCNUM":%b}' % nested)


def test_a_key_is_not_longer_than_its_bound() -> None:
    """A longer one is no key: its record is set aside as one without."""
    longest = "k" * (keys.LONGEST_KEY - 4)
    slices = [json.dumps({"BPCNUM": text}).encode() for text in (longest, longest + "k", "C1")]
    assert list(map(bool, keys.keys(("BPCNUM",), slices))) == [True, False, True]
    numbered = [*slices, b'{"BPCNUM":1.5}']  # read one by one
    assert list(map(bool, keys.keys(("BPCNUM",), numbered))) == [True, False, True, True]


@pytest.mark.parametrize(
    "record",
    [
        b'{"A":"' + b"x" * oversize.RECORD + b'"}',
        b'{"A":[' + b"1," * (oversize.MEMBERS + 1) + b"1]}",
        b'{"A":[' + b"[[[]]]," * (oversize.MEMBERS // 3) + b"[]]}",
        b"{" + b",".join(b'"%d":1' % number for number in range(oversize.MEMBERS + 2)) + b"}",
    ],
    ids=["bytes", "elements", "arrays", "members"],
)
def test_a_record_over_a_bound_is_not_taken_apart(record: bytes) -> None:
    """Its bytes, and all its members and elements, are bounded; a fingerprint stands for it."""
    assert list(records.decode(record)) == [oversize.NAME]


def test_commas_in_texts_are_no_values() -> None:
    """A long text of commas is one value."""
    assert list(records.decode(b'{"A":"' + b"," * (oversize.MEMBERS + 9) + b'"}')) == ["A"]


def test_a_next_link_is_not_longer_than_its_bound() -> None:
    """A longer one ends the paging."""
    link = "?key=gt." + "k" * (wire.LONGEST_LINK - 8)
    assert ADDRESS.page(CUSTOMERS, Query(10, next=link))
    with pytest.raises(SourceError) as refused:
        ADDRESS.page(CUSTOMERS, Query(10, next=link + "k"))
    assert refused.value.reason is Reason.PAGING_INCOMPLETE


@tried(80, TEXTS)
def test_a_next_link_leads_nowhere_else(link: str) -> None:
    """Whatever a link says, it is refused, or what is asked is the class's own address in plain ASCII."""
    with suppress(SourceError):
        asked = ADDRESS.page(CUSTOMERS, Query(10, next=link))
        assert asked.isascii()
        assert asked.isprintable()
        assert asked.startswith(f"{ADDRESS.collection(CUSTOMERS)}?")
        assert "#" not in asked


@tried(80, st.lists(TEXTS.map(lambda text: text[:200]), min_size=2, max_size=2))
def test_a_key_in_an_address_is_the_key_and_nothing_else(parts: list[str]) -> None:
    """Key values come back from the addresses made of them: no value ends its place and begins another."""
    record = json.dumps({"TYP": parts[0], "NUM": parts[1]}).encode()
    key = keys.keys(("TYP", "NUM"), [record])[0]
    if not key:
        return
    asked = urlsplit(ADDRESS.details(ENTRIES, key))
    assert asked.geturl().isascii()
    assert asked.query == "representation=GACCENTRY.$details"
    assert asked.fragment == ""
    place = asked.path.removeprefix("/base/api1/x3/erp/SEED/GACCENTRY('").removesuffix("')")
    assert [unquote(part).replace("''", "'") for part in place.split("~")] == parts
    paged = urlsplit(ADDRESS.page(ENTRIES, Query(10, after=key)))
    told = dict(parse_qsl(paged.query.replace("+", "%2B"), keep_blank_values=True, strict_parsing=True))
    assert set(told) == {"representation", "count", "orderBy", "key"}
    raw = paged.query.rpartition("&key=gt.")[2]
    assert [unquote(part) for part in raw.split("~")] == parts


@tried(
    80,
    st.builds("{}{}".format, st.datetimes().map(datetime.isoformat), st.sampled_from(["", "Z", "+14:00", "-12:30"]))
    | st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-23"])
    | TEXTS
    | TEXTS.map(lambda text: f"2026-11-23{text}"),
)
def test_a_watermark_is_one_literal_of_the_filter(watermark: str) -> None:
    """It is refused, or X3's parser reads one comparison of the watermark with one instant."""
    with suppress(SourceError):
        asked = ADDRESS.page(CUSTOMERS, Query(10, since=watermark))
        told = dict(parse_qsl(urlsplit(asked).query))["where"]
        name, relation, literal = told.split(" ")
        assert (name, relation) == ("UPDDATTIM", "ge")
        assert literal[0] == literal[-1] == "@"
        assert literal.count("@") == 2
        parse(told, {"UPDDATTIM"}, Reading("binary"))


@tried(60, st.lists(st.binary(max_size=60), max_size=5), st.sampled_from(["gzip", "", "x-gzip", "gzip, gzip", "br"]))
def test_a_body_of_any_bytes_is_inflated_or_refused(chunks: list[bytes], encoding: str) -> None:
    """Whatever comes as gzip, what is kept stays below its caps."""
    caps = Caps(wire=200, body=400, ratio=10, ratio_floor=100)
    with suppress(SourceError):
        body = Body(encoding, caps, "aldgate")
        body.announce("".join(map(chr, chunks[0][:30])) if chunks else "")
        for chunk in chunks:
            for _ in body.feed(chunk):
                pass
        assert len(body.whole()) <= caps.body
