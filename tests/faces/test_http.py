"""What each path answers."""

import gzip

import anyio
import httpx
import pytest

from driftd.config.model import WebConfig
from driftd.errors import ConfigError, Mistake, StoreError
from driftd.faces.http.scrape import gzip_accepted
from tests.faces import views
from tests.faces.surface import DOWN, Pretended, served, until, values

OPENMETRICS = "application/openmetrics-text;version=1.0.0"


async def test_a_scrape_is_answered_in_the_format_asked_for() -> None:
    async with served(Pretended()) as client:
        text = await client.get("/metrics", headers={"accept-encoding": "identity"})
        openmetrics = await client.get("/metrics", headers={"accept": OPENMETRICS, "accept-encoding": "identity"})
    assert (text.status_code, text.headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert "content-encoding" not in text.headers
    assert values(text.text)['driftd_connection_up{connection="aldgate"}'] == 1
    assert openmetrics.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert openmetrics.text.endswith("# EOF\n")


async def test_a_scrape_is_compressed_where_that_is_taken() -> None:
    """The bytes are the same, and fewer on the way."""
    async with served(Pretended(views.status(*(views.connection(f"c{n}") for n in range(50))))) as client:
        names = {"name[]": ["driftd_connection_state", "driftd_records"]}
        plain = await client.get("/metrics", params=names, headers={"accept-encoding": "identity"})
        async with client.stream("GET", "/metrics", params=names, headers={"accept-encoding": "gzip"}) as answer:
            raw = b"".join([piece async for piece in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == plain.content
    assert len(raw) < len(plain.content) / 5
    assert len(values(plain.text)) == 50 * 13


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("", False),
        ("br", False),
        ("gzipped", False),
    ],
)
def test_gzip_is_what_the_client_says(header: str, taken: bool) -> None:
    assert gzip_accepted(header) is taken


async def test_settings_decide_how_much_is_shown() -> None:
    """Detail and budget are those in force at the scrape."""
    pretended = Pretended()
    async with served(pretended) as client:
        assert "driftd_last_change_timestamp_seconds" not in (await client.get("/metrics")).text
        pretended.web = WebConfig(metrics_detail="full", max_series=50)
        found = (await client.get("/metrics")).text
    assert values(found)["driftd_series_dropped"] > 0
    pretended.web = WebConfig(metrics_detail="full")
    async with served(pretended) as client:
        assert "driftd_last_change_timestamp_seconds" in (await client.get("/metrics")).text


async def test_tenants_that_are_down_are_told_with_200() -> None:
    async with served(Pretended(views.status(DOWN))) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert values(answer.text)['driftd_connection_up{connection="down"}'] == 0


async def test_scrapes_that_come_meanwhile_share_the_rendering() -> None:
    """Five scrapes while one is rendered: one view, one body."""
    pretended = Pretended()
    pretended.gate.clear()
    bodies: list[bytes] = []

    async def scrape(client: httpx.AsyncClient) -> None:
        bodies.append((await client.get("/metrics")).content)

    async with served(pretended) as client:
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(scrape, client)
            await until(lambda: pretended.settings == 10)  # each asks at the door and for what is wanted
            pretended.gate.set()
        assert pretended.views == 1
        await scrape(client)
    assert pretended.views == 2
    assert len(bodies) == 6
    assert len(set(bodies[:5])) == 1


async def test_a_rendering_that_fails_fails_one_scrape() -> None:
    """Who waited for it renders after all; a bug is a 500 that says where to look."""
    pretended = Pretended()
    attempts = 0

    def failing() -> float:
        nonlocal attempts
        assert pretended.gate.wait(20)
        attempts += 1
        if attempts == 1:
            raise ZeroDivisionError
        return 0.0

    pretended.monotonic = failing  # type: ignore[method-assign]
    pretended.gate.clear()
    codes: list[int] = []

    async def scrape(client: httpx.AsyncClient) -> None:
        codes.append((await client.get("/metrics")).status_code)

    async with served(pretended) as client, anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(scrape, client)
        await until(lambda: pretended.settings == 6)
        pretended.gate.set()
    assert sorted(codes) == [200, 200, 500]
    assert [(event, facts["path"]) for _, event, facts in pretended.said] == [("request ended by a bug", "/metrics")]


@pytest.mark.parametrize("path", ["/metrics", "/-/healthy", "/-/ready", "/", "/api/v1/sd", "/probe?target=aldgate"])
async def test_head_answers_as_get_does_without_a_body(path: str) -> None:
    async with served(Pretended()) as client:
        got, head = await client.get(path), await client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    length = "content-length"
    assert length in head.headers
    assert {**head.headers, length: ""} == {**got.headers, length: ""}  # what the process is at differs each time


@pytest.mark.parametrize("path", ["/metrics", "/-/ready", "/", "/api/v1/sd", "/nothing", "/probe"])
async def test_every_answer_has_the_headers_of_safety(path: str) -> None:
    """No guessing of types, no keeping, no name of the server."""
    async with served(Pretended()) as client:
        headers = (await client.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


async def test_ready_names_what_is_missing() -> None:
    """Health has nothing to do with it, nor have tenants."""
    pretended = Pretended(views.status(DOWN))
    pretended.missing = "the database is being migrated"
    async with served(pretended) as client:
        waiting, healthy = await client.get("/-/ready"), await client.get("/-/healthy")
        pretended.missing = None
        ready = await client.get("/-/ready")
    assert (waiting.status_code, healthy.status_code, ready.status_code) == (503, 200, 200)
    assert waiting.text == "driftd is not ready: the database is being migrated\n"


async def test_reload_is_refused_unless_enabled() -> None:
    async with served(Pretended()) as client:
        answer = await client.post("/-/reload")
    assert answer.status_code == 403
    assert "set enable_reload = true" in answer.text


async def test_reload_tells_what_changed_or_every_mistake() -> None:
    pretended = Pretended()
    pretended.web = WebConfig(enable_reload=True)

    async def good() -> str:
        return "1 connection added"

    async def bad() -> str:
        raise ConfigError([Mistake("web.listen", "must be a host and port"), Mistake("zzz", "is not a key")])

    async def worse() -> str:
        raise StoreError("the disk is full: make room")

    answers = []
    async with served(pretended) as client:
        for outcome in (good, bad, worse):
            pretended.reloading = outcome
            answers.append(await client.post("/-/reload"))
    assert [answer.status_code for answer in answers] == [200, 500, 500]
    assert answers[0].text == "1 connection added\n"
    assert answers[1].text == "web.listen: must be a host and port\nzzz: is not a key\n"
    assert "the disk is full" in answers[2].text


@pytest.mark.parametrize("headers", [{"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}])
async def test_another_site_may_not_reload(headers: dict[str, str]) -> None:
    """What a browser sends for another site changes nothing here."""
    pretended = Pretended()
    pretended.web = WebConfig(enable_reload=True)
    async with served(pretended) as client:
        assert (await client.post("/-/reload", headers=headers)).status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/-/reload", {"POST"}),
        ("POST", "/metrics", {"GET", "HEAD"}),
        ("DELETE", "/-/healthy", {"GET", "HEAD"}),
        ("PUT", "/api/v1/sd", {"GET", "HEAD"}),
        ("PUT", "/api/v1/tokens", {"GET", "HEAD", "POST"}),
    ],
)
async def test_other_methods_are_told_which_ones_are_taken(method: str, path: str, allowed: set[str]) -> None:
    async with served(Pretended()) as client:
        answer = await client.request(method, path)
    assert answer.status_code == 405
    assert {each.strip() for each in answer.headers["allow"].split(",")} == allowed
    assert f"does not take {method}" in answer.text


async def test_an_unknown_path_is_told_in_the_form_of_its_place() -> None:
    """A problem document below /api/, plain text elsewhere, a next step in both."""
    async with served(Pretended()) as client:
        api, other, slash = await client.get("/api/v1/zzz"), await client.get("/zzz"), await client.get("/metrics/")
    assert (api.status_code, other.status_code, slash.status_code) == (404, 404, 404)
    assert api.headers["content-type"] == "application/problem+json"
    assert api.json() == {
        "type": "about:blank",
        "title": "not found",
        "status": 404,
        "detail": "there is nothing at this path",
        "hint": "/ lists the paths",
    }
    assert other.text == "there is nothing at this path\nnext: / lists the paths\n"


async def test_the_front_page_links_what_there_is() -> None:
    async with served(Pretended()) as client:
        front = await client.get("/")
        links = [part.split('"')[0] for part in front.text.split('href="')[1:]]
        found = [(await client.get(f"/{link}")).status_code for link in links]
    assert front.headers["content-type"].startswith("text/html")
    assert len(links) == 5
    assert set(found) == {200}


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:9420", "127.0.0.1", "127.0.0.2:80", "[::1]:9420", "monitor.example:1"]
)
async def test_its_own_names_are_answered(host: str) -> None:
    """Forms of localhost, what is configured, with whatever port a tunnel has."""
    pretended = Pretended()
    pretended.web = WebConfig(allowed_hosts=("Monitor.example",))
    async with served(pretended) as client:
        assert (await client.get("/-/healthy", headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:9420",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "x@localhost",
        "10.0.0.1",
    ],
)
async def test_another_host_is_not_answered(host: str) -> None:
    """A page of another site that leads its name here reads nothing."""
    async with served(Pretended()) as client:
        answer = await client.get("/metrics", headers={"host": host})
    assert answer.status_code == 421
    assert "driftd_" not in answer.text


async def test_the_host_of_the_external_url_is_answered() -> None:
    pretended = Pretended()
    pretended.web = WebConfig(external_url="https://driftd.example/x3")
    async with served(pretended) as client:
        assert (await client.get("/-/healthy", headers={"host": "driftd.example"})).status_code == 200


async def test_a_long_body_is_refused_unread() -> None:
    async with served(Pretended()) as client:
        assert (await client.post("/-/reload", content=b"x" * 70_000)).status_code == 413


@pytest.mark.parametrize("path", ["/", "/metrics", "/-/healthy", "/api/v1/alerts", "/api/v1/zzz"])
async def test_every_answer_carries_the_headers_of_safety(path: str) -> None:
    """In the words of the configuration where it has some; none speaks of TLS where none is spoken."""
    pretended = Pretended()
    async with served(pretended) as client:
        found = (await client.get(path)).headers
        pretended.headers = {"X-Frame-Options": "SAMEORIGIN", "Strict-Transport-Security": "max-age=5"}
        other = (await client.get(path)).headers
    policy = dict(each.split(" ", 1) for each in found["content-security-policy"].split("; "))
    assert (policy["default-src"], policy["script-src"], policy["frame-ancestors"]) == ("'none'", "'self'", "'none'")
    assert "unsafe" not in found["content-security-policy"]
    assert found["x-content-type-options"] == "nosniff"
    assert found["cache-control"] == "no-store"
    assert (found["x-frame-options"], other.get_list("x-frame-options")) == ("DENY", ["SAMEORIGIN"])
    assert "strict-transport-security" not in found
    assert other["strict-transport-security"] == "max-age=5"


@pytest.mark.parametrize(("size", "code"), [(10_000, 200), (17_000, 431)])
async def test_a_long_head_is_refused(size: int, code: int) -> None:
    async with served(Pretended()) as client:
        assert (await client.get("/-/healthy", headers={"x-long": "x" * size})).status_code == code
