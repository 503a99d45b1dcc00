import socket
import threading
import zlib
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any, get_args

import httpx
import pytest

from driftd.simulator import Farm, Fault, serving
from driftd.simulator.faults import Kind
from tests.simulator.reader import Reader


def spoil(reader: Reader, kind: Any, **members: Any) -> Fault:
    fault = Fault(kind, **members)
    reader.tenant.faults.append(fault)
    return fault


def raw(reader: Reader, limit: int = 1 << 30) -> bytes:
    """Everything the server sends on a connection of its own, to its end."""
    headers = "".join(f"{name}: {value}\r\n" for name, value in reader.headers.items())
    path = f"/api1/x3/erp/{reader.tenant.endpoint}/SORDER?representation=SORDER.$query"
    url = httpx.URL(reader.server.url)
    with socket.create_connection((url.host, url.port or 0), timeout=10) as connection:
        request = f"GET {path} HTTP/1.1\r\nHost: {url.host}:{url.port}\r\nConnection: close\r\n{headers}\r\n"
        connection.sendall(request.encode())
        received = b""
        while len(received) < limit and (piece := connection.recv(1 << 16)):
            received += piece
        return received


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503, 599])
@pytest.mark.parametrize(("body", "start"), [("json", b'{"$diagnoses"'), ("html", b"<!DOCTYPE"), ("empty", b"")])
def test_status(reader: Reader, status: int, body: str, start: bytes) -> None:
    """Any status with any body and header can be put in an answer's place."""
    spoil(reader, "status", status=status, body=body, headers={"Retry-After": "7"})
    answer = reader.query("SORDER")
    assert answer.status_code == status
    assert answer.content.startswith(start)
    assert bool(answer.content) == bool(start)
    assert answer.headers["retry-after"] == "7"


def test_faults_match_what_they_name(reader: Reader) -> None:
    """Resource, facet, key and page select the answers that are spoilt; all others are whole."""
    spoil(reader, "status", resource="SORDER", facet="$query", page=2)
    spoil(reader, "status", key="SON00000003", status=503)
    first = reader.query("SORDER", count=5)
    url = first.json()["$links"]["$next"]["$url"]
    assert [reader.client.get(url, headers=reader.headers).status_code for _ in range(2)] == [500, 200]
    assert reader.query("BPCUSTOMER").status_code == 200
    assert [reader.details("SORDER", f"SON0000000{n}").status_code for n in (2, 3)] == [200, 503]


def test_faults_count(reader: Reader) -> None:
    """`nth` spoils one request of many, `times` the first few; the fault tells how often it acted."""
    nth = spoil(reader, "status", nth=2)
    assert [reader.query("SORDER").status_code for _ in range(4)] == [200, 500, 200, 200]
    reader.tenant.faults.clear()
    times = spoil(reader, "status", times=2, resource="SORDER")
    assert [reader.query("SORDER").status_code for _ in range(4)] == [500, 500, 200, 200]
    assert (nth.acted, nth.matched, times.acted) == (1, 4, 2)


def test_the_token_endpoint_can_be_spoilt(reader: Reader) -> None:
    """With a path, a fault reaches every request of the tenant, such as the one for a token."""
    assert reader.headers  # with a token of before
    spoil(reader, "status", path="/auth/token", status=503)
    assert reader.client.post(reader.tenant.token_path).status_code == 503
    assert reader.query("SORDER").status_code == 200


def test_html_login(reader: Reader) -> None:
    """A login page with 200 takes the place of JSON."""
    spoil(reader, "html_login")
    answer = reader.query("SORDER")
    assert (answer.status_code, answer.headers["content-type"][:9]) == (200, "text/html")


def test_truncated(reader: Reader) -> None:
    """The connection ends before the promised length, after half of it or where said."""
    spoil(reader, "truncated", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        reader.query("SORDER")
    spoil(reader, "truncated", size=10)
    assert raw(reader).endswith(b'\r\n\r\n{"$itemsPe')


@pytest.mark.parametrize("facet", ["$query", "$details"])
def test_malformed(reader: Reader, facet: str) -> None:
    """A backslash escape that JSON does not have stands in an otherwise whole answer."""
    spoil(reader, "malformed")
    answer = reader.query("SORDER") if facet == "$query" else reader.details("SORDER", "SON00000001")
    assert b"C:\\share\\" in answer.content
    with pytest.raises(ValueError, match="escape"):
        answer.json()


def test_not_utf8(reader: Reader) -> None:
    """A string holds bytes that are no UTF-8."""
    spoil(reader, "not_utf8")
    with pytest.raises(UnicodeDecodeError):
        reader.query("SORDER").content.decode()


def test_raw_bytes(reader: Reader) -> None:
    """A body can be any bytes; so can what stands on the socket in place of HTTP."""
    spoil(reader, "raw_body", body="]]\x00\xff", times=1)
    assert reader.query("SORDER").content == b"]]\x00\xff"
    spoil(reader, "raw_socket", body="SSH-2.0-nonsense\r\n")
    assert raw(reader) == b"SSH-2.0-nonsense\r\n"
    with pytest.raises(httpx.RemoteProtocolError):
        reader.query("SORDER")


def test_deep(reader: Reader) -> None:
    """JSON nested beyond any parser's patience."""
    spoil(reader, "deep", size=5000)
    assert reader.query("SORDER").text == '{"$resources":' + "[" * 5000 + "]" * 5000 + "}"


def test_delay_and_slow_first(reader: Reader) -> None:
    """An answer comes late: every one, or the first."""
    for kind, count in (("delay", 2), ("slow_first", 1)):
        fault = spoil(reader, kind, seconds=0.02)
        assert [reader.query("SORDER").status_code for _ in range(2)] == [200, 200]
        assert fault.acted == count
        reader.tenant.faults.clear()


def test_hang_until_the_client_goes(reader: Reader) -> None:
    """No byte comes until the client gives up; the server then serves others as before."""
    spoil(reader, "hang", times=1)
    with pytest.raises(httpx.ReadTimeout):
        reader.client.get(
            f"/api1/x3/erp/{reader.tenant.endpoint}/SORDER?representation=SORDER.$query",
            headers=reader.headers,
            timeout=0.05,
        )
    assert reader.query("SORDER").status_code == 200


def test_drip(reader: Reader) -> None:
    """The body arrives whole, in pieces with pauses."""
    whole = reader.query("SORDER", count=1).content
    spoil(reader, "drip", size=len(whole) // 4, seconds=0.005)
    assert reader.query("SORDER", count=1).content == whole


def test_gzip_bomb(reader: Reader) -> None:
    """A few hundred kilobytes inflate to hundreds of megabytes of valid JSON."""
    spoil(reader, "gzip_bomb")
    head, _, body = raw(reader).partition(b"\r\n\r\n")
    assert b"content-encoding: gzip" in head
    assert len(body) < 1_000_000
    inflater, inflated, left = zlib.decompressobj(31), 0, body
    ends = b""
    while left and not inflater.eof:
        piece = inflater.decompress(left, 1 << 24)
        ends = (ends + piece)[:40] if inflated == 0 else ends
        inflated, left = inflated + len(piece), inflater.unconsumed_tail
    assert inflater.eof  # the checksum at its end is right, too
    assert inflated > 290_000_000
    assert ends.startswith(b'{"$itemsPerPage":20,"$resources":[ ')


def test_huge_body(reader: Reader) -> None:
    """A body of any length is sent without being built."""
    spoil(reader, "huge_body", size=5_000_000)
    answer = reader.query("SORDER")
    assert len(answer.content) == 5_000_000
    assert answer.json()["$resources"] == []


def test_next_leads_astray(reader: Reader) -> None:
    """`$next` points to another host, to its own page, or back to the first."""
    for kind in ("next_elsewhere", "next_loop", "next_back"):
        spoil(reader, kind)
        answer = reader.query("SORDER", count=5, key="gt.SON00000009")
        url = answer.json()["$links"]["$next"]["$url"]
        if kind == "next_elsewhere":
            assert url.startswith("http://elsewhere.example:8124/api1/x3/erp/")
        else:
            page = reader.client.get(url, headers=reader.headers).json()
            same = page["$resources"] == answer.json()["$resources"]
            assert same == (kind == "next_loop")
            assert page["$resources"][0]["SOHNUM"] == ("SON00000010" if same else "SON00000001")
        reader.tenant.faults.clear()


def test_spoilt_envelopes(reader: Reader) -> None:
    """`$resources` is missing, or empty without `$next`, or the answer is a diagnosis, all with 200."""
    spoil(reader, "no_resources", times=1)
    assert "$resources" not in reader.query("SORDER").json()
    reader.tenant.faults.clear()
    spoil(reader, "empty", times=1)
    page = reader.query("SORDER").json()
    assert page["$resources"] == []
    assert "$next" not in page["$links"]
    reader.tenant.faults.clear()
    spoil(reader, "diagnoses", body="Locked record")
    answer = reader.query("SORDER")
    assert (answer.status_code, answer.json()["$diagnoses"][0]["$message"]) == (200, "Locked record")


@pytest.mark.parametrize("actx", ["absent", "present"])
def test_wrong_folder(reader: Reader, actx: Any) -> None:
    """Every record states another folder, in both facets."""
    reader.tenant.switches.actx_in_query = actx
    spoil(reader, "wrong_folder", to="TESTDOS")
    assert reader.details("SORDER", "SON00000001").json()["$actxFolder"] == "TESTDOS"
    answer = reader.query("SORDER")
    assert {row["$actxFolder"] for row in answer.json()["$resources"]} == {"TESTDOS"}
    assert b"ALDGATE" not in answer.content.partition(b'"$links"')[0]


def test_headers_lie(reader: Reader) -> None:
    """A redirect to another host, a wrong content type, a clock an hour off, a closed connection."""
    spoil(reader, "redirect", times=1)
    answer = reader.query("SORDER")
    assert (answer.status_code, answer.headers["location"][:24]) == (302, "http://elsewhere.example")
    reader.tenant.faults.clear()
    spoil(reader, "content_type", to="text/csv", times=1)
    assert reader.query("SORDER").headers["content-type"] == "text/csv"
    reader.tenant.faults.clear()
    right = parsedate_to_datetime(reader.query("SORDER").headers["date"])
    spoil(reader, "date_skew", seconds=-3600, times=1)
    skewed = parsedate_to_datetime(reader.query("SORDER").headers["date"])
    assert 3590 < (right - skewed).total_seconds() < 3610
    reader.tenant.faults.clear()
    spoil(reader, "close")
    assert reader.query("SORDER").headers["connection"] == "close"


def test_every_kind_acts(reader: Reader) -> None:
    """No kind is a name only: each changes how an answer arrives."""
    usual = reader.query("SORDER")
    quiet = {"delay", "slow_first", "drip", "date_skew", "close", "content_type"}  # the body stays as it is
    for kind in sorted(set(get_args(Kind)) - {"hang"}):
        fault = spoil(reader, kind, seconds=0, size=2_000_000 if kind in {"gzip_bomb", "huge_body"} else 40)
        received = raw(reader).partition(b"\r\n\r\n")[2]
        assert fault.acted == 1
        assert (received == usual.content) == (kind in quiet), kind
        reader.tenant.faults.clear()


def test_unknown_kinds_are_refused() -> None:
    """A fault that does not exist cannot be made."""
    bad: Any = "explode"
    with pytest.raises(ValueError, match="gzip_bomb"):
        Fault(bad)


def test_the_server_stops_while_answers_hang() -> None:
    """A server told to stop gives up the answers that wait, and leaves no thread behind."""
    farm = Farm.build(tenants=1, records=2)
    tenant = farm["aldgate"]
    tenant.faults += [Fault("hang", nth=1), Fault("delay", seconds=1e6)]
    before = threading.active_count()
    seen = threading.Semaphore(0)
    tenant.on_request = lambda _request: seen.release()
    with serving(farm) as server:
        url = httpx.URL(server.url)
        connections = [socket.create_connection((url.host, url.port or 0), timeout=10) for _ in range(2)]
        for connection in connections:
            path = f"/api1/x3/erp/{tenant.endpoint}/SORDER"
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {url.host}\r\n\r\n".encode())
            assert seen.acquire(timeout=10)
    for connection in connections:
        with suppress(ConnectionResetError):
            assert connection.recv(10) == b""
        connection.close()
    assert threading.active_count() == before
