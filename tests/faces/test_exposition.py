"""What is exported is written as the client writes it, in the form that was asked for."""

import itertools
import subprocess
from collections.abc import Iterable
from pathlib import Path
from shutil import which

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Metric as ClientMetric
from prometheus_client import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parsed_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parsed

from driftd.core.status import Status
from driftd.faces.metrics import catalogue
from driftd.faces.metrics.collector import FamilyCollector, Process, as_metric
from driftd.faces.metrics.exposition import Exposition, Wanted, negotiated
from driftd.faces.metrics.family import Kind, Metric, plain, stamps
from driftd.faces.metrics.text import Form, written
from tests.faces import views
from tests.faces.exported import BIG, shown

TEXT = "text/plain;version=0.0.4"
OPENMETRICS = "application/openmetrics-text;version=1.0.0"
GOLDEN = Path(__file__).parent / "golden.txt"
CATALOGUE = [each for each in vars(catalogue).values() if isinstance(each, Metric)]


def exposition() -> Exposition:
    """An exposition without a process, each of whose clock's readings is a quarter of a second later."""
    ticks = itertools.count()
    return Exposition(lambda: next(ticks) / 4, list)


@BIG
@given(views.statuses, st.booleans())
def test_the_bytes_are_those_of_the_client(status: Status, full: bool) -> None:
    """Whatever the names and numbers, both formats are what `prometheus_client` writes of the same families."""
    families = shown(status, full=full)
    collector = FamilyCollector(lambda: families)
    assert b"".join(written(families, Form.TEXT)) == generate_latest(collector)
    assert b"".join(written(families, Form.OPENMETRICS)) == generate_openmetrics(collector)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("kind", [Kind.GAUGE, Kind.COUNTER])
def test_every_spelling_is_that_of_the_client(kind: Kind) -> None:
    """Numbers at the edges of each spelling, times at the edges of theirs, and help of any kind."""
    numbers = [0, 1, 999_999, 1_000_000, 2**53, 2**63, 10**16, 10**22, 0.1, 1e-7, 999_999.5, 1e6, 1e15, 1e16, 1e300]
    numbers += [float("inf"), float("nan"), 123_456_789.125, -1, -1.5]
    times = [1, 999, 10**9 - 1, 10**9, 10**12 - 1, 10**12, 10**12 + 1, 2 * 10**12, 1_795_400_000_120, 10**13, 10**15]
    metric = Metric("x_total", kind, 'a "quoted" \\ help\nof two lines')
    families = [
        plain(metric, [""] * len(numbers), numbers),
        stamps(metric, ['{a="b"}'] * len(times), times),
    ]
    collector = FamilyCollector(lambda: families)
    assert b"".join(written(families, Form.TEXT)) == generate_latest(collector)
    assert b"".join(written(families, Form.OPENMETRICS)) == generate_openmetrics(collector)  # type: ignore[no-untyped-call]


def test_the_bytes_are_those_of_the_client_beyond_a_slice() -> None:
    """A family of more samples than are written at once is written wholly and in order."""
    families = shown(views.many(700))
    assert b"".join(written(families, Form.TEXT)) == generate_latest(FamilyCollector(lambda: families))


def test_the_exposition_is_as_it_was() -> None:
    """Both formats of a small view, byte for byte: a change of a name, label or help is a change for every user."""
    said = exposition().generate(views.status(), TEXT, Wanted(full=True))[1]
    said += exposition().generate(views.status(), OPENMETRICS, Wanted(full=True, names=frozenset(["driftd_polls"])))[1]
    replaced = said.decode().replace(f'pythonversion="{python()}"', 'pythonversion="3"')
    assert replaced == GOLDEN.read_text()


def python() -> str:
    import platform

    return platform.python_version()


@BIG
@given(views.statuses)
def test_openmetrics_is_read_back_strictly(status: Status) -> None:
    """The strict parser of OpenMetrics takes it, with as many series as there are."""
    families = shown(status)
    read = list(parsed_openmetrics(b"".join(written(families, Form.OPENMETRICS)).decode()))  # type: ignore[no-untyped-call]
    assert sum(len(each.samples) for each in read) == sum(each.series for each in families)


def test_the_process_and_the_interpreter_are_told_of_once() -> None:
    """The client's own metrics come along, without `_created` and without what it says of garbage."""
    content_type, body = Exposition(lambda: 0.0).generate(views.status(), TEXT, Wanted(full=True))
    read = list(parsed(body.decode()))
    names = [each.name for each in read]
    assert len(names) == len(set(names))
    assert {"process_resident_memory_bytes", "process_cpu_seconds", "process_open_fds", "python_info"} <= set(names)
    assert not [each for each in names if "_created" in each or each.startswith("python_gc")]
    assert content_type.startswith("text/plain; version=0.0.4")


def test_the_clients_own_metrics_are_written_as_it_writes_them() -> None:
    own = [as_metric(each) for each in Process().families()]
    again = [each for each in own if each.name == "python_info"]

    class Fixed:
        def collect(self) -> Iterable[ClientMetric]:
            return again

    (family,) = (each for each in Process().families() if each.metric.name == "python_info")
    assert b"".join(written([family], Form.TEXT)) == generate_latest(Fixed())


def test_it_says_how_long_it_took_to_come_to_the_end() -> None:
    """The duration is told last, and contains the writing of all before it."""
    body = exposition().generate(views.status(), TEXT, Wanted())[1].decode().splitlines()
    assert body[-1] == "driftd_collector_duration_seconds 0.25"


@pytest.mark.parametrize("accept", [TEXT, OPENMETRICS])
@pytest.mark.parametrize(
    "name",
    ["driftd_polls_total", "driftd_polls", "driftd_poll_duration_seconds_sum", "driftd_collector_duration_seconds"],
)
def test_names_filter_families(name: str, accept: str) -> None:
    """A family is named by itself or by one of its samples; nothing else comes."""
    body = exposition().generate(views.status(), accept, Wanted(names=frozenset([name, "nothing"])))[1].decode()
    heads = [line.split()[2] for line in body.splitlines() if line.startswith("# TYPE")]
    assert len(heads) == 1
    assert name.startswith(heads[0].removesuffix("_total"))


@pytest.mark.parametrize(
    ("accept", "content_type", "form"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8", Form.TEXT),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8", Form.TEXT),
        ("text/html", "text/plain; version=0.0.4; charset=utf-8", Form.TEXT),
        ("text/plain;version=abc", "text/plain; version=0.0.4; charset=utf-8", Form.TEXT),
        (
            "application/openmetrics-text",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Form.OPENMETRICS,
        ),
        (
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75",
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
            Form.OPENMETRICS,
        ),
        (
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2",
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
            Form.OPENMETRICS,
        ),
        (
            "text/plain;version=1.0.0;escaping=allow-utf-8",
            "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
            Form.TEXT,
        ),
        (
            "application/openmetrics-text;version=1.0.0;escaping=dots",
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=dots",
            None,
        ),
    ],
)
def test_the_format_is_what_was_asked_for(accept: str, content_type: str, form: Form | None) -> None:
    """As the client chooses; a version that is no number asks for the plainest."""
    found = negotiated(accept)
    assert (found.content_type, found.form) == (content_type, form)


@pytest.mark.parametrize(
    "accept",
    [
        TEXT,
        OPENMETRICS,
        *(
            f"{kind};version={version};escaping={escaping}"
            for kind, version in (
                ("text/plain", "1.0.0"),
                ("application/openmetrics-text", "1.0.0"),
                ("application/openmetrics-text", "2.0.0"),
            )
            for escaping in ("underscores", "allow-utf-8", "dots", "values")
        ),
    ],
)
def test_whatever_is_agreed_on_the_bytes_are_the_clients(accept: str) -> None:
    """Ours where they are the same, else its own."""
    families = list(exposition().families(views.status(), Wanted()))
    expected = negotiated(accept).encoder(FamilyCollector(lambda: families))
    assert exposition().generate(views.status(), accept, Wanted())[1] == expected


def test_every_metric_of_the_catalogue_can_be_seen() -> None:
    """Nothing stands in the catalogue that is never exported, and nothing is exported that does not stand in it."""
    seen = {each.metric for each in exposition().families(views.status(), Wanted(full=True))}
    probe = {catalogue.PROBE_SUCCESS, catalogue.PROBE_DURATION}
    assert seen == set(CATALOGUE) - probe


@pytest.mark.skipif(which("promtool") is None, reason="needs promtool: apt-get install prometheus")
@pytest.mark.parametrize("full", [False, True], ids=["basic", "full"])
def test_promtool_finds_nothing_to_say(full: bool) -> None:
    """`promtool check metrics` is clean, what the client tells of the process included."""
    body = Exposition(lambda: 0.0).generate(views.status(), TEXT, Wanted(full=full))[1]
    done = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")
