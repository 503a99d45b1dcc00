"""``/probe`` and ``/api/v1/sd``: one connection at a time, as it is known or as it is now."""

from datetime import UTC, datetime

import anyio
import httpx
import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families as parsed

from driftd.config.model import WebConfig
from driftd.faces.http.inside import Check, Step
from tests.faces import views
from tests.faces.surface import DOWN, Pretended, for_ever, served, until, values


async def test_a_probe_tells_of_one_connection() -> None:
    """Its series alone, and whether the latest poll went well."""
    async with served(Pretended(views.status(views.connection("a"), DOWN))) as client:
        good, bad = [await client.get("/probe", params={"target": name}) for name in ("a", "down")]
    assert good.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = values(good.text)
    assert (found.pop("probe_success"), found.pop("probe_duration_seconds")) == (1, 0)
    assert found
    assert all('connection="a"' in each for each in found)
    assert values(bad.text)["probe_success"] == 0
    assert "driftd_polls_total" in {sample.name for each in parsed(good.text) for sample in each.samples}


@pytest.mark.parametrize(
    ("query", "code"), [("target=zzz", 404), ("target=", 400), ("", 400), ("target=%0a%3cb%3e", 404)]
)
async def test_a_probe_of_nobody_is_told(query: str, code: int) -> None:
    async with served(Pretended()) as client:
        answer = await client.get(f"/probe?{query}")
    assert answer.status_code == code
    assert "next: name a connection" in answer.text
    assert len(answer.text.splitlines()) == 2


async def test_a_live_check_is_made_once_a_minute() -> None:
    """Within it the latest is told again; one connection's does not count for another."""
    pretended = Pretended(views.status(views.connection("a"), views.connection("b")))
    checked: list[str] = []

    async def check(name: str) -> Check:
        checked.append(name)
        pretended.seconds += 2
        return Check(len(checked) != 2)

    pretended.checking = check
    found = []
    async with served(pretended) as client:
        for name, waiting in (("a", 0), ("a", 57), ("b", 0), ("a", 1)):
            pretended.seconds += waiting
            answer = values((await client.get("/probe", params={"target": name, "fresh": "1"})).text)
            found.append((answer["probe_success"], answer["probe_duration_seconds"]))
    assert checked == ["a", "b", "a"]
    assert found == [(1, 2), (1, 2), (0, 2), (1, 2)]


async def test_a_live_check_ends_before_the_scrape_does() -> None:
    """What is not done half a second before the scraper's time is over counts as failed, and is cancelled."""
    pretended = Pretended()
    cancelled = []

    async def check(_name: str) -> Check:
        try:
            return await for_ever()
        finally:
            cancelled.append(True)

    pretended.checking = check
    async with served(pretended) as client:
        headers = {"x-prometheus-scrape-timeout-seconds": "0.55"}
        answer = await client.get("/probe", params={"target": "aldgate", "fresh": "1"}, headers=headers)
    assert values(answer.text)["probe_success"] == 0
    assert cancelled == [True]


async def test_live_checks_asked_for_at_once_are_one() -> None:
    pretended = Pretended()
    begun, go_on = [], anyio.Event()

    async def check(name: str) -> Check:
        begun.append(name)
        await go_on.wait()
        return Check(success=True)

    pretended.checking = check
    codes: list[float] = []

    async def probe(client: httpx.AsyncClient) -> None:
        answer = await client.get("/probe", params={"target": "aldgate", "fresh": "1"})
        codes.append(values(answer.text)["probe_success"])

    async with served(pretended) as client, anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(probe, client)
        await until(lambda: pretended.views >= 6)  # each looks for the connection, and for all names
        go_on.set()
    assert begun == ["aldgate"]
    assert codes == [1, 1, 1]


async def test_a_probe_tells_its_steps_where_asked() -> None:
    pretended = Pretended(views.status(DOWN))

    async def check(_name: str) -> Check:
        return Check(False, (Step("resolve", 0.02, "203.0.113.5"), Step("token", 1.5, "401\ninvalid_client")))

    pretended.checking = check
    async with served(pretended) as client:
        live = await client.get("/probe", params={"target": "down", "fresh": "1", "debug": "true"})
        known = await client.get("/probe", params={"target": "down", "debug": "true"})
    assert live.headers["content-type"] == "text/plain; charset=utf-8"
    assert "   0.020 s  resolve: 203.0.113.5\n   1.500 s  token: 401\n            invalid_client\n" in live.text
    assert "did not answer as it must" in live.text
    since = datetime.fromtimestamp(DOWN.since / 1000, UTC).isoformat(timespec="seconds")
    assert f"state: unreachable since {since}" in known.text
    assert "dns_failure: no such name" in known.text
    assert "next: ask their network admin" in known.text
    assert "probe_success 0.0" in known.text


async def test_prometheus_is_told_a_target_a_connection() -> None:
    """The list leads to /probe of each connection at the address that is served."""
    pretended = Pretended(views.status(views.connection("a"), views.connection("b")))
    async with served(pretended) as client:
        answer = await client.get("/api/v1/sd")
        targets = answer.json()
        for target in targets:
            path, name = target["labels"]["__metrics_path__"], target["labels"]["__param_target"]
            assert (await client.get(f"http://{target['targets'][0]}{path}?target={name}")).status_code == 200
        pretended.web = WebConfig(external_url="https://driftd.example/x3")
        (outside, _) = (await client.get("/api/v1/sd")).json()
    assert answer.headers["content-type"] == "application/json"
    assert [target["labels"]["connection"] for target in targets] == ["a", "b"]
    assert outside == {
        "targets": ["driftd.example"],
        "labels": {
            "__scheme__": "https",
            "__metrics_path__": "/x3/probe",
            "__param_target": "a",
            "connection": "a",
        },
    }


async def test_a_connection_that_goes_is_forgotten() -> None:
    """Its series and its target vanish with the next view."""
    pretended = Pretended(views.status(views.connection("a"), views.connection("b")))
    async with served(pretended) as client:
        pretended.view = replace(pretended.view, connections=pretended.view.connections[:1])
        body = (await client.get("/metrics")).text
        assert 'connection="a"' in body
        assert 'connection="b"' not in body
        assert len((await client.get("/api/v1/sd")).json()) == 1
        assert (await client.get("/probe?target=b")).status_code == 404
