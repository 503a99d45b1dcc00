"""The page of metrics and paths says what is exported and served, and nothing else."""

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families as parsed

from driftd.faces.metrics.exposition import Exposition, Wanted
from tests.faces import views
from tests.faces.surface import Pretended, served

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
ROW = re.compile(r"^\| `(\w+)`(¹?) \| ([\w, ]*?) ?\| (gauge|counter|histogram) \| (.+) \|$", re.MULTILINE)


def exported(*, full: bool) -> dict[str, tuple[str, set[str], str]]:
    """Return kind, labels and help of what an exposition and a probe hold, by name as the page has it."""
    body = Exposition(lambda: 0.0).generate(views.status(), "", Wanted(full=full))[1].decode()
    found = {}
    for each in parsed(body):
        name = f"{each.name}_total" if each.type == "counter" else each.name
        labels = {label for sample in each.samples for label in sample.labels} - {"le"}
        found[name] = (each.type, labels, each.documentation)
    return {name: known for name, known in found.items() if name.startswith("driftd_")}


async def test_every_metric_is_on_the_page_as_it_is() -> None:
    """Name, labels, kind and help, both ways; those marked are what basic leaves out."""
    shown = {
        name: (kind, {each for each in labels.split(", ") if each}, text)
        for name, _, labels, kind, text in ROW.findall(PAGE)
    }
    async with served(Pretended()) as client:
        probe = {each.name for each in parsed((await client.get("/probe?target=aldgate")).text)}
    full, basic = exported(full=True), exported(full=False)
    assert {name: known for name, known in shown.items() if name.startswith("driftd_")} == full
    assert {name for name in shown if not name.startswith("driftd_")} == {
        name for name in probe if not name.startswith("driftd_")
    }
    assert {name for name, mark, *_ in ROW.findall(PAGE) if mark} == full.keys() - basic.keys()


async def test_every_path_on_the_page_is_served() -> None:
    paths = re.findall(r"^\| `(GET|POST) (/[^`]*)`", PAGE, re.MULTILINE)
    assert len(paths) == 10
    async with served(Pretended()) as client:
        for method, path in paths:
            answer = await client.request(method, path.replace("NAME", "aldgate"))
            assert answer.status_code == (403 if method == "POST" else 200)


def test_every_metric_named_in_the_text_exists() -> None:
    named = set(re.findall(r"\bdriftd_[a-z_]+\b", PAGE)) - {"driftd_connection_info"}
    assert named <= exported(full=True).keys()


async def test_every_path_on_the_page_of_drift_is_served() -> None:
    """With the methods that stand there; what is decided wrongly is a problem, not an unknown path."""
    page = (Path(__file__).parents[2] / "docs" / "drift.md").read_text()
    paths = re.findall(r"`(GET|POST) (/api/[^`]*)`", page)
    (others,) = re.findall(r"ID/accept`, `(\w+)`, `(\w+)`, `(\w+)`", page)
    paths += [("POST", f"/api/v1/drifts/ID/{action}") for action in others]
    assert len(paths) == 11
    async with served(Pretended()) as client:
        for method, path in paths:
            known = path.replace("ID", "0123").replace("NAME", "aldgate").replace("RESOURCE", "BPCUSTOMER")
            answer = await client.request(method, known, json=None if method == "GET" else {})
            assert answer.status_code == (200 if method == "GET" else 400), known


async def test_every_path_on_the_page_of_connections_is_served() -> None:
    """With the methods that stand there."""
    page = (Path(__file__).parents[2] / "docs" / "connections.md").read_text()
    paths = re.findall(r"^\| `(GET|POST|PUT|DELETE) (/api/v1/connections[^`?]*)", page, re.MULTILINE)
    assert len(paths) >= 9
    async with served(Pretended()) as client:
        for method, path in paths:
            known = path.replace("NAME", "aldgate")
            body = {"secret": "planted"} if path.endswith("/rotate") else {}
            answer = await client.request(method, known, json=None if method in {"GET", "DELETE"} else body)
            assert answer.status_code in {"GET": {200}, "DELETE": {400}}.get(method, {200, 201, 202}), (method, known)


async def test_every_path_on_the_page_of_storage_is_served() -> None:
    text = (Path(__file__).parents[2] / "docs" / "storage.md").read_text()
    paths = re.findall(r"^\| `(GET|POST) (/[^`]*)` \|", text, re.MULTILINE)
    assert len(paths) >= 4
    async with served(Pretended()) as client:
        for method, path in paths:
            body = {"after": 1} if path.endswith("NAME") else {}
            answer = await client.request(method, path.replace("NAME", "aldgate"), json=body)
            assert answer.status_code == 200, path
