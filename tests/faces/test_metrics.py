"""What is exported follows from the view, and what is too much of it is left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.core.alerts.model import AlertState
from driftd.core.credential import Credential
from driftd.core.drift import DriftKind, Severity
from driftd.core.health import ConnectionHealth
from driftd.core.model import Op
from driftd.core.reasons import State
from driftd.core.status import ConnectionStatus, Status
from driftd.errors import Reason
from driftd.faces.metrics import catalogue
from driftd.faces.metrics.collector import as_metric
from driftd.faces.metrics.exposition import Wanted
from driftd.faces.metrics.families import UNIMPORTANT, bounded, gathered
from tests.faces import views
from tests.faces.exported import BIG, shown


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
