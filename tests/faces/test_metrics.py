"""What is exported follows from the view, and is written as the client writes it."""

import itertools
import subprocess
from collections.abc import Iterable
from pathlib import Path
from shutil import which

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import Metric as ClientMetric
from prometheus_client import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parsed_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parsed

from driftd.core.alerts.model import AlertState
from driftd.core.credential import Credential
from driftd.core.drift import DriftKind, Severity
from driftd.core.health import ConnectionHealth
from driftd.core.model import Op
from driftd.core.reasons import State
from driftd.core.status import ConnectionStatus, Status
from driftd.errors import Reason
from driftd.faces.metrics import catalogue
from driftd.faces.metrics.collector import FamilyCollector, Process, as_metric
from driftd.faces.metrics.exposition import Exposition, Wanted, negotiated
from driftd.faces.metrics.families import UNIMPORTANT, bounded, gathered
from driftd.faces.metrics.family import Family, Kind, Metric, plain, stamps
from driftd.faces.metrics.text import Form, written
from tests.faces import views

TEXT = "text/plain;version=0.0.4"
OPENMETRICS = "application/openmetrics-text;version=1.0.0"
BIG = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A whole view takes its time to be thought up."""
GOLDEN = Path(__file__).parent / "golden.txt"
CATALOGUE = [each for each in vars(catalogue).values() if isinstance(each, Metric)]


def exposition() -> Exposition:
    """An exposition without a process, each of whose clock's readings is a quarter of a second later."""
    ticks = itertools.count()
    return Exposition(lambda: next(ticks) / 4, list)


def shown(status: Status, *, full: bool = True, max_series: int = 10**9) -> list[Family]:
    return bounded(list(gathered(status, full=full)), max_series)


def samples(status: Status, *, full: bool = True) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """Return the value of each series, by name and labels in order."""
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for sample in (one for each in shown(status, full=full) for one in as_metric(each).samples):
        series = found.setdefault(sample.name, {})
        labels = tuple(sorted(sample.labels.items()))
        assert labels not in series, "a series twice"
        series[labels] = sample.value
    return found


def of(connection: ConnectionStatus, *, full: bool = True) -> set[str]:
    """Return the names that a connection alone is exported under, the daemon left out."""
    return set(samples(views.status(connection, daemon=None), full=full)) - {"driftd_series_dropped"}


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


@BIG
@given(views.statuses, st.booleans())
def test_labels_read_back_are_the_names_of_the_view(status: Status, full: bool) -> None:
    """The label sets of a family are those of the view, unharmed by what is in a name."""
    found = samples(status, full=full)
    info = [dict(labels) for labels in found.get("driftd_connection_info", {})]
    assert info == [{"connection": c.name, "folder": c.folder, "host": c.host} for c in status.connections]
    polls = {
        (("connection", c.name), ("resource", r.name)): r.health.polls
        for c in status.connections
        if c.state is not State.PAUSED
        for r in c.resources
    }
    assert found.get("driftd_polls_total", {}) == polls


@BIG
@given(views.statuses)
def test_of_the_states_one_is_hot(status: Status) -> None:
    """Each connection has every state once, the present one at 1 and the others at 0."""
    found = samples(status).get("driftd_connection_state", {})
    assert len(found) == len(State) * len(status.connections)
    hot = [dict(labels) for labels, value in found.items() if value]
    assert hot == [{"connection": each.name, "state": each.state} for each in status.connections]
    assert set(found.values()) <= {0, 1}


@BIG
@given(views.statuses, st.integers(1, 400))
def test_the_budget_drops_whole_families_the_least_important_first(status: Status, max_series: int) -> None:
    """What is left out is a beginning of the order, no more of it than is needed, and counted."""
    everything = {each.metric: each for each in shown(status)}
    kept = {each.metric: each for each in shown(status, max_series=max_series)}
    gone = [metric for metric in UNIMPORTANT if metric in everything and metric not in kept]
    assert gone == [metric for metric in UNIMPORTANT if metric in everything][: len(gone)]
    assert set(everything) - set(kept) == set(gone)
    dropped = sum(everything[metric].series for metric in gone)
    assert kept[catalogue.SERIES_DROPPED].columns[0].values == [dropped]
    size = sum(each.series for each in kept.values())
    assert size + dropped == sum(each.series for each in everything.values())
    droppable = [metric for metric in UNIMPORTANT if metric in kept]
    assert size <= max_series or not droppable
    assert not gone or size + everything[gone[-1]].series > max_series


def test_changes_of_shape_go_first_then_failures_and_nothing_before_it_must() -> None:
    """As many series as the budget are all shown; one more costs a whole family."""
    size = sum(each.series for each in shown(views.status()))
    gone = []
    for max_series in (size, size - 1, size - 2, size - 3):
        kept = {each.metric.name for each in shown(views.status(), max_series=max_series)}
        gone.append({each.metric.name for each in shown(views.status())} - kept)
    shape, failures = "driftd_schema_changes_total", "driftd_poll_failures_total"
    assert gone == [set(), {shape}, {shape}, {shape, failures}]


def test_a_paused_connection_keeps_what_pausing_does_not_stop() -> None:
    assert of(views.connection(state=State.PAUSED)) == {
        "driftd_connection_info",
        "driftd_connection_state",
        "driftd_connection_state_since_timestamp_seconds",
        "driftd_credential_expiry_timestamp_seconds",
    }


def test_what_has_not_happened_yet_is_absent_rather_than_0() -> None:
    """A connection before its first poll has no timestamp of one, no duration, and is neither up nor down."""
    fresh = views.resource(
        next_poll=None,
        last_poll=None,
        last_success=None,
        last_change=None,
        last_sweep=None,
        last_evaluation=None,
        coverage=None,
        polls=0,
        failures={},
        changes={},
    )
    found = of(views.connection("c", fresh, health=ConnectionHealth(), since=0, expiry={}))
    assert not [each for each in found if "timestamp" in each]
    assert not found & {"driftd_connection_up", "driftd_last_poll_duration_seconds", "driftd_details_coverage_ratio"}
    assert {"driftd_polls_total", "driftd_changes_total", "driftd_records"} <= found
    status = views.status(daemon=views.daemon(reloaded=0, database=None))
    assert "driftd_config_last_reload_success_timestamp_seconds" not in samples(status)
    assert "driftd_database_oldest_reader_timestamp_seconds" not in samples(status)


def test_known_series_start_at_0_and_reasons_when_seen() -> None:
    """Changes, answers and log lines have every label set of their closed kinds, failures only what happened."""
    one = views.connection("c", views.resource("R", changes={Op.UPDATE: 5, Op.READ: 9}, failures={Reason.TIMEOUT: 2}))
    found = samples(views.status(one, daemon=views.daemon(answers={}, log_lines={"info": 3})))
    own = (("connection", "c"),)
    place = (("resource", "R"),)
    assert found["driftd_changes_total"] == {
        (*own, ("op", op), *place): count for op, count in (("c", 0), ("u", 5), ("d", 0))
    }
    assert found["driftd_poll_failures_total"] == {(*own, ("reason", "timeout"), *place): 2}
    assert found["driftd_http_requests_total"] == {
        (("code", code),): 0 for code in ("2xx", "3xx", "4xx", "5xx", "error")
    }
    assert found["driftd_log_messages_total"] == {
        (("level", level),): 3 * (level == "info") for level in ("debug", "info", "warning", "error")
    }


def test_times_are_in_seconds_and_shares_of_the_day() -> None:
    found = samples(views.status())
    own = (("connection", "aldgate"),)
    ends = found["driftd_credential_expiry_timestamp_seconds"]
    assert ends[*own, ("credential", Credential.ACCESS_TOKEN)] == views.NOW / 1000 + 1800
    used = found["driftd_tenant_budget_used_ratio"]
    assert used == {(("budget", "requests"), *own): 0.25, (("budget", "bytes"), *own): 0.0035}


def test_a_histogram_counts_up_to_its_sum() -> None:
    found = samples(views.status(daemon=views.daemon(polls=views.durations(5, 4, 3))))
    buckets = found["driftd_poll_duration_seconds_bucket"]
    assert list(buckets.values()) == [5, 9, *[12] * 10]
    assert [dict(labels)["le"] for labels in buckets][-2:] == ["300.0", "+Inf"]
    assert (found["driftd_poll_duration_seconds_count"][()], found["driftd_poll_duration_seconds_sum"][()]) == (12, 3)


def test_alerts_are_counted_by_what_they_are_and_muted_ones_apart() -> None:
    """Firing ones by resource, kind and severity; a pending one not at all, one that ended within a day at 0."""
    ended = views.drift(kind=DriftKind.DATA, severity=Severity.INFO)
    alerts = (
        views.alert("a" * 16),
        views.alert("b" * 16),
        views.alert("c" * 16, AlertState.PENDING),
        views.alert("d" * 16, AlertState.RESOLVED, ended),
        views.alert("e" * 16, mute=views.muted()),
        views.alert("f" * 16, told=views.drift(resource=None), mute=views.muted(views.NOW)),
    )
    status = views.status(views.connection(alerts=alerts))
    own = (("connection", "aldgate"),)
    labels = (*own, ("kind", "schema"), ("resource", "BPCUSTOMER"), ("severity", "critical"))
    whole = (*own, ("kind", "schema"), ("resource", ""), ("severity", "critical"))
    over = (*own, ("kind", "data"), ("resource", "BPCUSTOMER"), ("severity", "info"))
    assert samples(status)["driftd_alerts_firing"] == {labels: 2, over: 0, whole: 1}
    assert samples(status, full=False)["driftd_alerts_firing"] == {labels: 2, whole: 1}
    assert samples(status)["driftd_alerts_muted"] == {own: 1}
    told = {dict(labels)["alert"] for labels in samples(status)["driftd_alert_info"]}
    assert told == {"a" * 16, "b" * 16, "f" * 16}


def test_of_alerts_the_heaviest_500_are_told_those_of_many_connections_among_them() -> None:
    """Critical before warning before info, then the older; the id is in each."""
    many = [
        views.alert(f"{n:016x}", told=views.drift(severity=tuple(Severity)[n % 3]), since=views.NOW - n)
        for n in range(600)
    ]
    group = views.alert("f" * 16, told=views.drift(connection="", resource=None), group=True, since=views.NOW - 10**6)
    status = views.status(views.connection(alerts=tuple(many)), groups=(group,))
    found = [dict(labels) for labels in samples(status)["driftd_alert_info"]]
    assert len(found) == 500
    assert (found[0]["alert"], found[0]["connection"]) == ("f" * 16, "")
    expected = sorted(range(600), key=lambda n: (n % 3, -n))[:499]
    assert [each["alert"] for each in found[1:]] == [f"{n:016x}" for n in expected]


@pytest.mark.parametrize(
    ("field", "shown_as"),
    [
        ("BPCNAM", "BPCNAM"),
        ("SOHSOP[].ITMREF", "SOHSOP[].ITMREF"),
        ("A" * 64, "A" * 64),
        ("A" * 65, ""),
        ("bpcnam", ""),
        ('A"},x="', ""),
        ("A\n", ""),
        ("1A", ""),
        (None, ""),
    ],
)
def test_a_field_is_a_label_where_it_has_the_form_of_one(field: str | None, shown_as: str) -> None:
    """What a tenant may call a member otherwise is none."""
    status = views.status(views.connection(alerts=(views.alert(told=views.drift(field=field)),)))
    (labels,) = samples(status)["driftd_alert_info"]
    assert dict(labels)["field"] == shown_as


def test_shape_that_changed_is_counted_by_kind_and_impact() -> None:
    found = samples(views.status())["driftd_schema_changes_total"]
    assert {(dict(labels)["kind"], dict(labels)["impact"]): value for labels, value in found.items()} == {
        ("field_removed_always", "breaking"): 1,
        ("field_added_optional", "info"): 2,
    }


def test_basic_is_what_the_rules_read() -> None:
    """Less detail leaves families of resources out, and nothing else."""
    basic, full = of(views.connection(), full=False), of(views.connection())
    assert full - basic == {
        "driftd_last_poll_duration_seconds",
        "driftd_last_poll_timestamp_seconds",
        "driftd_last_change_timestamp_seconds",
        "driftd_deletes_pending",
        "driftd_details_coverage_ratio",
        "driftd_schema_changes_total",
    }
    assert basic < full


def test_basic_drops_nothing_of_2000_connections_of_4_resources() -> None:
    families = bounded(list(gathered(views.many(), full=False)), Wanted().max_series)
    assert families[-1].columns[0].values == [0]


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
