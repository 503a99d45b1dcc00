"""Requests of any kind, and what tenants say, at the daemon's own HTTP surface."""

import json
import math
from typing import Any
from urllib.parse import quote

import anyio
from hypothesis import strategies as st
from msgspec.structs import replace
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from driftd.core.casefile import Case, of_alert, of_case
from driftd.core.document import of_status
from driftd.core.explained import Place, explained
from driftd.core.health import Trouble
from driftd.core.words import Language
from driftd.errors import Reason
from driftd.faces.http.application import application
from driftd.faces.metrics.exposition import Exposition, Wanted
from tests.faces import views
from tests.faces.surface import DOWN, Pretended
from tests.hostile.effort import tried
from tests.hostile.texts import TEXTS, harmless

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def hostile(text: str) -> Any:
    """Return a view in which a tenant has said `text` wherever it can say anything."""
    drift = views.drift(
        field=text,
        expected=text,
        seen=text,
        rule=text,
        hint=text,
        samples=(text,),
        evidence={"to": text, "factor": text},
    )
    trouble = Trouble(Reason.INVALID_PAYLOAD, text, text, None, views.NOW, views.NOW, 3)
    bad = views.connection("bad", trouble=trouble, alerts=(views.alert(told=replace(drift, connection="bad")),))
    return views.status(bad, DOWN)


def families(text: str, accept: str) -> list[Any]:
    """Return what a scraper reads of such a view."""
    wanted = Wanted(full=True)
    _, body = Exposition(lambda: 0.0).generate(hostile(text), accept, wanted)
    read = read_openmetrics if "openmetrics" in accept else read_text
    return list(read(body.decode()))


@tried(5, TEXTS)
def test_no_text_of_a_tenant_is_a_label(text: str) -> None:
    """Whatever a tenant says, an exposition is read by Prometheus' own parser, with its labels as ever."""
    quiet = {family.name: len(family.samples) for family in families("BPCNAM", "")}
    for accept in ("", OPENMETRICS):
        for family in families(text, accept):
            assert accept or len(family.samples) == quiet[family.name]
            for sample in family.samples:
                for name, value in sample.labels.items():
                    assert len(value) <= 64 or name in {"version", "implementation"}
                    assert not set(value) & set("<>\"'&\n\r") or name == "host"
                    assert value.isprintable()
                assert not math.isnan(sample.value) or family.name.startswith("python")


@tried(20, TEXTS)
def test_documents_and_words_hold_what_a_tenant_says_and_no_more(text: str) -> None:
    """JSON reads back, and words are one line each that does nothing to a terminal."""
    alert = hostile(text).connections[0].alerts[0]
    case = Case(alert, views.HISTORY, [replace(views.DEED, reason=text, by=text)], 3, "00ff")
    for language in Language:
        said = explained(alert, Place("x3.example", "SEED"), language)
        for line in (said.clause, said.actor, said.tell, *said.fix):
            assert harmless(line.replace("\u00a0", " ").replace("\u202f", " "))
            assert "\n" not in line
            assert len(line) < 3_000
        json.loads(json.dumps(of_case(case, Place(), views.NOW, language)))
    json.loads(json.dumps([of_alert(alert, Place(), views.NOW), of_status(hostile(text))]))


PATHS = st.sampled_from(
    ["/", "/metrics", "/probe", "/api/v1/sd", "/api/v1/alerts", "/api/v1/drifts", "/-/healthy", "/-/ready", "/-/reload",
     "/api/v1/drifts/0123456789abcdef", "/api/v1/drifts/{}", "/api/v1/drifts/{}/accept", "/api/v1/drifts/{}/mute",
     "/api/v1/connections/aldgate/schema/BPCUSTOMER", "/api/v1/connections/{}/schema/{}", "/{}", "/api/v1/audit",
     "/api/v1/connections/{}/pause", "/api/v1/connections/{}/resume", "/api/v1/connections/{}/maintenance"]
)  # fmt: skip
NAMES = st.sampled_from(
    ["target", "fresh", "debug", "name[]", "connection", "resource", "all", "from", "to", "source", "since", "limit",
     "before"]
)  # fmt: skip
ODD = TEXTS | st.sampled_from(
    ["http://[", "9" * 5_000, "-1", "1e999", "nan", "learnt", "declared", "1", "aldgate", "\u0663"]
)
BODIES = st.binary(max_size=60) | st.builds(
    lambda told: json.dumps(told).encode("utf-8", "surrogatepass"),
    st.dictionaries(
        st.sampled_from(["reason", "by", "until", "seconds", "candidates", "from", "cancel"]),
        ODD | st.floats() | st.none() | st.sampled_from([10**400, "0001-01-01T00:00:00+14:00", [[]] * 9]),
        max_size=4,
    ),
)
HEADERS = st.sampled_from(
    ["accept", "accept-encoding", "x-prometheus-scrape-timeout-seconds", "origin", "content-length", "sec-fetch-site",
     "host", "transfer-encoding"]
)  # fmt: skip


async def asked(request: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Send a request past the server, as a hostile one might come through; return what was sent back."""
    method, path, word, query, headers, body = request
    pretended, sent = Pretended(), []
    text = "&".join(f"{quote(name)}={quote(value)}" for name, value in query)
    given = {"host": "localhost", "content-type": "application/json", **dict(headers)}
    whole = path.replace("{}", word)
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": whole, "raw_path": quote(whole).encode(), "query_string": text.encode(), "root_path": "",
        "headers": [(name.encode(), value.encode("latin-1", "replace")) for name, value in given.items()],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 9420),
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    with anyio.fail_after(20):
        await application(pretended.inside(), "127.0.0.1:9420")(scope, receive, send)
    assert not [line for line in pretended.said if line[0] == "error"], pretended.said
    return sent


REQUESTS = st.tuples(
    st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "\u0130"]), PATHS, ODD.map(lambda t: t[:200]),
    st.lists(st.tuples(NAMES, ODD), max_size=3), st.lists(st.tuples(HEADERS, ODD), max_size=3), BODIES,
)  # fmt: skip


async def all_asked(requests: list[tuple[Any, ...]]) -> None:
    """Send each and look at its answer."""
    for request in requests:
        answered(request, await asked(request))


@tried(12, st.lists(REQUESTS, min_size=3, max_size=8))
def test_any_request_is_answered(requests: list[tuple[Any, ...]]) -> None:
    """Whatever is asked, there is one answer, it is no bug, and what it says is JSON where it says so."""
    anyio.run(all_asked, requests)


def answered(request: tuple[Any, ...], sent: list[dict[str, Any]]) -> None:
    """Look at an answer."""
    start, *bodies = sent
    assert start["type"] == "http.response.start"
    assert start["status"] != 500 or request[1] == "/-/reload"
    headers = {name.decode().lower(): value.decode("latin-1") for name, value in start["headers"]}
    assert headers["x-content-type-options"] == "nosniff"
    body = b"".join(message.get("body", b"") for message in bodies)
    if "json" in headers.get("content-type", "") and request[0] != "HEAD":
        assert json.loads(body) is not None
    assert len(body) < 2_000_000
