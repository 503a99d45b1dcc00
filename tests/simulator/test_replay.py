"""A cassette served: recorded records under any paging, recorded failures, and plain words for all else."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from driftd.simulator import CassetteError, Replay, serving

HEAD = {
    "cassette": 1,
    "driftd": "0.1.0",
    "redacted": True,
    "folder": "F1",
    "endpoint": "E1",
    "classes": [
        {
            "name": "GACCENTRY",
            "representation": "GAC",
            "key": ["TYP", "NUM"],
            "details": True,
            "watermark": "UPDDATTIM",
        },
        {"name": "SORDER", "representation": "SORDER", "key": ["SOHNUM"]},
        {"name": "ITMMASTER", "representation": "ITMMASTER", "key": ["ITMREF"]},
    ],
}
ROWS = [
    {"TYP": "b", "NUM": 10, "UPDDATTIM": "2025-03-01T00:00:00Z", "AMT": 1},
    {"TYP": "A", "NUM": 2, "UPDDATTIM": "2025-01-01T00:00:00Z"},
    {"TYP": "A", "NUM": 2, "UPDDATTIM": "2025-01-02T00:00:00Z"},
    {"TYP": "c", "NUM": 1, "UPDDATTIM": "2025-02-01T00:00:00Z"},
    {"TYP": "d~e", "NUM": 7, "UPDDATTIM": "2025-04-01T00:00:00Z"},
]
ASC, DESC = "TYP asc,NUM asc", "TYP desc,NUM desc"


def page(rows: list[dict[str, Any]], more: dict[str, Any] | None = None) -> dict[str, Any]:
    parameters = {"representation": "GAC.$query", "count": "500", "orderBy": ASC}
    answered = {"status": 200, "content_type": "application/json", "skew": 0}
    body = {"$itemsPerPage": 3, "$resources": rows, "$links": {}}
    return {
        "kind": "read",
        "class": "GACCENTRY",
        "parameters": parameters,
        "reading": True,
        **answered,
        "body": body,
    } | (more or {})


REFUSED = {
    "class": "SORDER",
    "parameters": {"representation": "SORDER.$query", "count": "1"},
    "reading": False,
    "status": 403,
    "body": {"$diagnoses": [{"$severity": "error", "$message": "not allowed"}]},
}
FAILED = {"status": 500, "body": {"$diagnoses": [{"$severity": "error", "$message": "failed"}]}}
WHOLE = {"TYP": "A", "LINES": [{"AMT": 1}]}
LINES = [
    {"kind": "token", "seconds": 0.1, "status": 200, "skew": -120, "body": {"access_token": "…"}},
    page(ROWS[:3]),
    page(ROWS[3:]),
    page([], {"record": "A~2", "parameters": {"representation": "GAC.$details"}, "body": WHOLE}),
    page([], REFUSED),
]


def written(folder: Path, lines: list[Any], *, end: str = "\n") -> Path:
    text = "\n".join([json.dumps(each) for each in [HEAD, *lines]] + [json.dumps({"end": len(lines) + 1})]) + end
    (folder / "c.cassette").write_text(text)
    return folder / "c.cassette"


@contextmanager
def client(replay: Replay) -> Iterator[httpx.Client]:
    with serving(replay) as served, httpx.Client(base_url=served.url, verify=False, timeout=10) as asking:
        yield asking


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[httpx.Client]:
    with client(Replay.load(written(tmp_path, LINES))) as found:
        yield found


def query(asking: httpx.Client, name: str = "GACCENTRY", **parameters: Any) -> httpx.Response:
    representation = "GAC" if name == "GACCENTRY" else name
    given = {"representation": f"{representation}.$query", **parameters}
    return asking.get(f"/api1/x3/erp/E1/{name}", params=given)


def amounts(asking: httpx.Client, **parameters: Any) -> list[str]:
    answer = query(asking, **parameters)
    assert answer.status_code == 200, answer.text
    return [row["UPDDATTIM"][5:10] for row in answer.json()["$resources"]]


def test_any_credentials_get_a_token(asking: httpx.Client) -> None:
    assert asking.post("/replay/auth/token", data={"client_secret": "x"}).json()["token_type"] == "Bearer"


def test_records_come_in_the_recorded_order_in_pages_no_larger_than_the_tenants(asking: httpx.Client) -> None:
    answer = query(asking, count=500, orderBy=ASC)
    assert answer.json()["$itemsPerPage"] == 3
    seen = list(answer.json()["$resources"])
    while link := answer.json()["$links"].get("$next"):
        answer = asking.get(link["$url"])
        seen += answer.json()["$resources"]
    assert seen == ROWS


def test_a_reading_may_begin_at_any_recorded_key_forwards_and_backwards(asking: httpx.Client) -> None:
    """A key that is there twice is passed wholly by ``gt``; parts may hold ``~`` and be numbers."""
    assert amounts(asking, orderBy=ASC, key="gt.b~10", count=2) == ["01-01", "01-02"]
    assert amounts(asking, orderBy=ASC, key="gt.A~2") == ["02-01", "04-01"]
    assert amounts(asking, orderBy=ASC, key="ge.A~2", count=3) == ["01-01", "01-02", "02-01"]
    assert amounts(asking, orderBy=ASC, key="ge.d~e~7") == ["04-01"]
    assert amounts(asking, orderBy=ASC, key="lt.c~1", count=2) == ["01-01", "01-02"]
    assert amounts(asking, orderBy=ASC, key="lt", count=2) == ["02-01", "04-01"]
    assert amounts(asking, orderBy=DESC, count=2) == ["04-01", "02-01"]
    assert amounts(asking, orderBy=DESC, key="gt.c~1") == ["01-02", "01-01", "03-01"]
    assert amounts(asking, orderBy=ASC, key="gt.d~e~7") == []


def test_what_is_newer_than_a_watermark_comes_in_its_order(asking: httpx.Client) -> None:
    since = "UPDDATTIM ge @2025-01-02T00:00:00Z@"
    by_stamp = "UPDDATTIM asc,TYP asc,NUM asc"
    answer = query(asking, where=since, orderBy=by_stamp)
    assert [row["UPDDATTIM"][5:10] for row in answer.json()["$resources"]] == ["01-02", "02-01", "03-01"]
    answer = asking.get(answer.json()["$links"]["$next"]["$url"])
    assert [row["UPDDATTIM"][5:10] for row in answer.json()["$resources"]] == ["04-01"]
    assert "$next" not in answer.json()["$links"]


def test_details_and_failures_are_answered_as_recorded(asking: httpx.Client) -> None:
    found = asking.get("/api1/x3/erp/E1/GACCENTRY('A~2')", params={"representation": "GAC.$details"})
    assert found.json() == {"TYP": "A", "LINES": [{"AMT": 1}]}
    assert query(asking, "SORDER", count=77).status_code == 403


@pytest.mark.parametrize(
    ("path", "representation", "says"),
    [
        ("GHOST", "GHOST.$query", 'class "GHOST" not found: recorded are GACCENTRY, SORDER, ITMMASTER'),
        ("ITMMASTER", "ITMMASTER.$query", '"/api1/x3/erp/E1/ITMMASTER" with '),
        ("GACCENTRY", "GACCENTRY.$query", 'representation "GACCENTRY.$query" not found: recorded is GAC'),
        ("GACCENTRY", "GAC.$edit", 'representation "GAC.$edit" not found'),
        ("GACCENTRY('Z~9')", "GAC.$details", 'of the record "Z~9" not found'),
        ("../E2/GACCENTRY", "GAC.$query", 'endpoint "E2" not found: recorded is "E1"'),
        ("../../../other", "", "was not recorded"),
    ],
)
def test_what_was_not_recorded_is_an_error_that_names_it(
    asking: httpx.Client, path: str, representation: str, says: str
) -> None:
    answer = asking.get(f"/api1/x3/erp/E1/{path}", params={"representation": representation})
    assert answer.status_code == 404
    (told,) = answer.json()["$diagnoses"]
    assert told["$message"].startswith("cassette: ")
    assert says in told["$message"]


@pytest.mark.parametrize("parameters", [{"key": "gt.Z~9"}, {"orderBy": "NUM asc"}, {"where": "AMT gt 5"}])
def test_an_order_filter_or_key_that_was_not_recorded_is_an_error(
    asking: httpx.Client, parameters: dict[str, Any]
) -> None:
    assert query(asking, **parameters).status_code == 404


def test_the_clock_stands_as_it_stood(tmp_path: Path) -> None:
    replay = Replay.load(written(tmp_path, LINES))
    replay.wall = lambda: 1_000_000_000.0
    with client(replay) as asking:
        assert query(asking).headers["date"] == "Sun, 09 Sep 2001 01:44:40 GMT"


def test_a_reading_that_broke_off_breaks_off_again(tmp_path: Path) -> None:
    """Behind the last page that was had stands the failure, not an end."""
    with client(Replay.load(written(tmp_path, [page(ROWS[:3]), page([], FAILED)]))) as asking:
        answer = query(asking, count=500, orderBy=ASC)
        assert len(answer.json()["$resources"]) == 3
        assert asking.get(answer.json()["$links"]["$next"]["$url"]).status_code == 500


def test_numbers_are_served_as_they_are_spelt(tmp_path: Path) -> None:
    file = written(tmp_path, [page(ROWS[:1])])
    file.write_text(file.read_text().replace('"AMT": 1', '"AMT": 12345678901234567890.1250'))
    with client(Replay.load(file)) as asking:
        assert '"AMT": 12345678901234567890.1250' in query(asking).text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text[: len(text) // 2], "it ends within a line"),
        (lambda text: text.rstrip("\n"), "it ends within a line"),
        (lambda text: text[: text.rindex('{"end"')], "its last line is missing"),
        (lambda text: text.replace('{"end": 6}', '{"end": 9}'), "it should have 9 lines"),
        (lambda text: text.replace('"cassette": 1', '"cassette": 99'), "has version 99, and only 1 is known"),
        (lambda text: text.replace('"folder": "F1"', '"folder": 1'), "line 1"),
        (lambda text: text.replace('"kind": "token"', '"kind": token'), "line 2 is not whole"),
        (lambda _: "", "is no cassette"),
        (lambda _: "[connections]\n", "is no cassette"),
        (lambda _: '{"hello": 1}\n', "is no cassette"),
    ],
)
def test_a_file_that_is_no_whole_cassette_is_refused_with_why(tmp_path: Path, change: Any, says: str) -> None:
    file = written(tmp_path, LINES)
    file.write_text(change(file.read_text()))
    with pytest.raises(CassetteError) as error:
        Replay.load(file)
    assert f'"{file}"' in str(error.value)
    assert says in str(error.value)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CassetteError, match="cannot be read"):
        Replay.load(tmp_path / "nowhere")
