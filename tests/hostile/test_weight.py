"""What becomes of an answer in memory is a small multiple of its bytes, whatever its shape."""

import json
import re
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.adapters.x3 import answer, diagnoses, keys, records, token, verdict, wire
from driftd.adapters.x3.answer import Answer
from driftd.adapters.x3.settings import Caps
from driftd.core import oversize, volatile
from driftd.errors import Reason, SourceError
from tests.hostile.effort import tried
from tests.hostile.test_wire import JSONS

NOW: Final = 1_800_000_000_000
PAGE: Final = verdict.Question("aldgate", "BPCUSTOMER", "ALDGATE")
RECORD: Final = verdict.Question("aldgate", "SORDER", "ALDGATE", details=True)
JSON: Final = "application/json"
TIMES: Final = 20
"""Bytes of memory for each of an answer, at its highest. An element that is cut out at once costs 64 to 130."""
DECODED: Final = 250
"""Bytes of memory for each member that may be decoded: an object of one member is the heaviest."""
SIZE: Final = 100_000

PLACES: Final = (
    b'{"$resources":[%b]}',
    b'{"$resources":[{"BPCNUM":"C1"},%b]}',
    b'{"$resources":[{"BPCNUM":"C1","A":[%b]}]}',
    b'{"$resources":[{"BPCNUM":[%b]}]}',
    b'{"$resources":[],"$diagnoses":[%b]}',
    b'{"$resources":[],"$diagnoses":{"$message":[%b]}}',
    b'{"$resources":[],"$links":{"$next":{"$url":[%b]}}}',
    b'{"$diagnoses":[{"$severity":"error","$message":[%b]}]}',
    b'{"$properties":{"A":[%b]}}',
    b'{"error":[%b]}',
    b'{"a":[%b]}',
    b"[%b]",
    b"%b",
)
"""Where in an answer something stands many times over."""
SCALARS: Final = st.sampled_from([b"1", b"-1.5", b"true", b"null", b'""', b'"\\""', b'"ab"', b"1e5"])
UNITS: Final = st.recursive(
    SCALARS,
    lambda inner: st.builds(b"[%b]".__mod__, inner) | st.builds(b'{"A":%b}'.__mod__, inner),
    max_leaves=6,
) | st.sampled_from([b"[]", b"{}", b"[[[[[[[[]]]]]]]]", b'{"":{"":{}}}'])
PADDING: Final = st.sampled_from([0, 0, 1, 6, 9]).map(b" ".__mul__)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what is let pass as small be small, so that the law shows with little."""
    monkeypatch.setattr(records, "_LARGE", 1_000)
    monkeypatch.setattr(diagnoses, "WHOLE", 4_000)
    monkeypatch.setattr(oversize, "MEMBERS", 1_000)
    monkeypatch.setattr(oversize, "SMALL", 2_000)
    monkeypatch.setattr(records, "RECORDS", 1_000)


def cut(answered: Answer) -> list[bytes]:
    """Do with an answer all that is done before a record is decoded; return what may be one."""
    found = [answered.body]
    for split in (True, False):
        with suppress(SourceError):
            page = verdict.page(answered, PAGE, NOW, split=split)
            slices = records.split(page.records or b"[]") if page.slices is None else page.slices
            found += slices[:3]
            keys.keys(("BPCNUM",), slices)
            wire.folders(page.records or b"")
            volatile.cutter({"UPDTICK"})(page.records or b"")
    for judge in (verdict.details, verdict.prototype):
        with suppress(SourceError):
            found.append(judge(answered, RECORD, NOW) or b"{}")
    return found


def taken_apart(answered: Answer) -> None:
    """Do with an answer all that is done before its records are compared."""
    for record in cut(answered):
        with suppress(SourceError):
            records.decode(record)


def weight(done: Callable[[], object]) -> int:
    """Return the bytes of memory that something takes at its highest."""
    tracemalloc.start()
    try:
        done()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def repeated(place: bytes, unit: bytes, padding: bytes, size: int = SIZE) -> bytes:
    """Put something into a place as often as there is room for it."""
    each = unit + padding + b","
    return place % (each * (size // len(each)) + unit)


@pytest.mark.usefixtures("small")
@tried(40, st.sampled_from(PLACES), UNITS, PADDING, st.sampled_from([200, 404, 500]))
def test_an_answer_of_any_shape_weighs_little(place: bytes, unit: bytes, padding: bytes, status: int) -> None:
    """Nothing is built of an answer before its bytes are judged: neither of pages, nor records, nor errors."""
    body = repeated(place, unit, padding)
    allowed = TIMES * len(body) + DECODED * 2 * oversize.MEMBERS
    assert weight(lambda: taken_apart(Answer(status, body, JSON))) <= allowed, body[:80]


@pytest.mark.parametrize("unit", [b"1", b"[]", b"{}", b'""', b'{"A":1}'])
@pytest.mark.parametrize("place", [PLACES[0], PLACES[4], PLACES[9]])
def test_a_large_answer_weighs_little(place: bytes, unit: bytes) -> None:
    """With the bounds as they are, of megabytes, until a record is decoded: of that half a million members may be."""
    body = repeated(place, unit, b"", 3 << 20)
    for status in (200, 500):
        assert weight(lambda: cut(Answer(status, body, JSON))) <= TIMES * len(body)  # noqa: B023 - at once


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", [b"$actxFolder", b"UPDTICK", b"BPCNUM", b"$message"])
@pytest.mark.parametrize("text", [b"x", b'\\"', b"\\u00e9", b"\xf0\x9f\x90\x8d"])
@pytest.mark.parametrize("end", [b'"}]}', b""])
def test_a_long_text_weighs_little(name: bytes, text: bytes, end: bytes) -> None:
    """No pattern keeps where it might go back to: that took 145 bytes for each character."""
    body = b'{"$resources":[{"%b":"' % name + text * (SIZE // len(text)) + end
    for sent in (body, body.replace(b'{"$resources":[', b"", 1).replace(b"]}", b"")):
        assert weight(lambda: taken_apart(Answer(200, sent, JSON))) <= TIMES * len(body)  # noqa: B023 - at once


@pytest.mark.parametrize("start", [b'{"', b'{"A":"', b'{"A":[1,"'])
def test_texts_without_an_end_are_passed_over_once(start: bytes) -> None:
    """Details may be no JSON at all: quotes after quotes took the square of their number."""
    for much in (b'\\"' * 300_000, b'\\"' * 900_000, b'"\\' * 900_000):
        body = start + much + b"[" * 100
        with suppress(SourceError):
            records.decode(verdict.details(Answer(200, body, JSON), RECORD, NOW) or b"{}")


def refused(done: Callable[[], object]) -> Reason:
    """Return why something is refused."""
    with pytest.raises(SourceError) as error:
        done()
    return error.value.reason


def test_a_dense_page_of_too_many_records_is_not_cut() -> None:
    """Empty objects are counted before they become records; other elements are refused at the first of them."""
    page = repeated(PLACES[0], b"{}", b"", 2 << 20)
    cut = wire.read_envelope(page, split=True)
    assert cut.slices is None
    assert refused(lambda: records.split(cut.records or b"")) is Reason.PAYLOAD_TOO_LARGE
    mixed = wire.read_envelope(repeated(PLACES[1], b"1", b"", 2 << 20)).records or b""
    assert refused(lambda: records.split(mixed)) is Reason.INVALID_PAYLOAD
    few = b"[" + b'{"A":1},' * (oversize.RECORDS - 1) + b'{"A":[' + b"1," * 500_000 + b"1]}]"
    assert records.dense(few)
    assert len(records.split(few)) == oversize.RECORDS


def test_a_small_page_of_too_many_records_is_refused() -> None:
    """As many records as a page may have are cut, in one pass or in two; one more are not."""
    most = b",".join([b'{"A":1}'] * oversize.RECORDS)
    for more, split in ((b"", True), (b"", False), (b",{}", True), (b",{}", False)):
        page = wire.read_envelope(b'{"$resources":[' + most + more + b"]}", split=split)
        assert (page.slices is not None) == (split and not more)
        if more:
            assert refused(lambda: records.split(page.records or b"")) is Reason.PAYLOAD_TOO_LARGE  # noqa: B023 - at once
        else:
            assert len(page.slices or records.split(page.records or b"")) == oversize.RECORDS


def test_a_page_of_too_many_values_is_refused() -> None:
    """Elements and arrays within records are counted, before anything is cut."""
    for unit in (b"1", b"[[[]]]"):
        page = repeated(PLACES[2], unit, b"", 34_000_000)
        assert refused(lambda: wire.read_envelope(page)) is Reason.PAYLOAD_TOO_LARGE  # noqa: B023 - at once


@pytest.mark.usefixtures("small")
def test_an_honest_page_is_cut_in_one_pass() -> None:
    """Members as X3 names them leave room enough for a page of any size."""
    page = b'{"$resources":[' + b",".join(b'{"BPCNUM":"C%d","QTY":1.5,"CUR":"EUR"}' % n for n in range(900)) + b"]}"
    assert len(page) > records._LARGE
    assert len(wire.read_envelope(page, split=True).slices or ()) == 900


@pytest.mark.parametrize(("charset", "longest"), [("ISO-8859-1", 2), ('"Windows-1252"', 3)])
def test_a_body_of_another_encoding_is_bounded_before_it_is_encoded_anew(charset: str, longest: int) -> None:
    """One that may become three times as long is refused; plain ASCII is as long as ever, and stays what it is."""
    kind = f"application/json; charset={charset}"
    assert answer.RECODED * longest <= Caps().body
    whole = b"\x80" * answer.RECODED
    assert len(answer.in_utf8(whole, kind, "aldgate")) == longest * len(whole)
    assert refused(lambda: answer.in_utf8(whole + b"\x80", kind, "aldgate")) is Reason.PAYLOAD_TOO_LARGE
    plain = b"x" * (answer.RECODED + 1)
    assert answer.in_utf8(plain, kind, "aldgate") is plain
    assert answer.in_utf8(whole + b"\x80", JSON, "aldgate")


@pytest.mark.usefixtures("small")
def test_large_diagnoses_are_judged_by_their_beginning() -> None:
    """They are an error, of the reason that their first words give; a page with them is none."""
    said = b'{"$severity":"info","$message":"this endpoint is unknown"},' + b"{}," * 10_000 + b"{}"
    for place, status in ((PLACES[4], 200), (PLACES[4], 400), (b'{"$diagnoses":[%b]}', 404)):
        answered = Answer(status, place % said, JSON)
        (found,) = diagnoses.read(answered)
        assert found.severe
        assert len(found.text) <= diagnoses.LOOKED_AT
        assert refused(lambda: verdict.page(answered, PAGE, NOW)) is Reason.FOLDER_NOT_FOUND  # noqa: B023 - at once


@given(JSONS, st.integers(1, 9))
def test_what_stands_outside_texts_is_told_from_any_pieces(value: object, size: int) -> None:
    """Escaped quotes and backslashes end no text, wherever a piece ends."""
    written = json.dumps(value, separators=(",", ":"))
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', "", written)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(oversize, "_PIECE", size)
        found = list(oversize.pieces(written.encode()))
    assert b"".join(plain for plain, _ in found).decode() == outside


def test_a_text_is_as_long_as_it_is_over_many_pieces() -> None:
    """The length of one is that of all its bytes, and of the next one begins anew."""
    long = b'{"A":"' + b"x" * oversize.FIELD + b'","B":"' + b"y" * oversize.SMALL + b'"}'
    assert max(length for _, length in oversize.pieces(long)) == oversize.FIELD
    assert oversize.bounded(long) is long
    assert oversize.bounded(long.replace(b"xx", b"xxx", 1)) != long.replace(b"xx", b"xxx", 1)


def test_a_token_answer_weighs_little() -> None:
    """It is decoded whole, and bounded by its own cap."""
    body = repeated(b'{"access_token":[%b]}', b"[]", b"", Caps().token)
    with suppress(SourceError):
        assert weight(lambda: token.read(Answer(200, body, JSON), "aldgate", NOW)) <= 64 << 20
