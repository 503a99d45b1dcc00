"""`parse` of a good file gives resolved nouns."""

from datetime import date, time
from pathlib import Path

from msgspec.structs import replace

from driftd.config import Basic, ClientCredentials, ConnectedApp, Policy, SecretRef, parse
from driftd.core.model import Calendar, Hours
from driftd.core.retention import Retention
from tests.config.written import CATALOGUE, CONNECTED_APP, TENANT, mistakes, read


def test_an_empty_file_is_all_defaults_and_no_connection() -> None:
    config = read("")
    assert config.connections == ()
    assert config.data_dir == Path("/var/lib/driftd")
    assert (config.daemon.max_concurrency, config.daemon.stop_grace, config.web.listen) == (64, 15.0, "127.0.0.1:9420")


def test_a_connection_without_resources_polls_the_standard_catalogue() -> None:
    (connection,) = read(TENANT).connections
    assert [each.name for each in connection.resources] == ["BPCUSTOMER", "SORDER"]
    order = connection.resources[1]
    assert (order.connection, order.representation, order.key, order.details) == ("aldgate", "SOH", ("SOHNUM",), True)
    assert order.lines == {"SOHSOP": ("SOPLIN",)}
    assert (connection.endpoint, connection.folder_header) == ("ALDGATE", ("X-Sage-Folder",))


def test_of_defaults_connection_and_resource_the_nearest_wins() -> None:
    text = """
    [defaults]
    probe = "1m"
    delta = "2m"
    page_size = 100
    sweep_cron = "30 2 * * *"
    """
    level = TENANT.replace('name = "aldgate"', 'name = "aldgate"\ndelta = "3m"\npage_size = 200\nsweep = "12h"')
    own = '[[connections.resources]]\nname = "BPCUSTOMER"\npage_size = 300\nmass_delete_ratio = 1\nsecond_look = "0s"'
    (connection,) = read(text + level + own).connections
    (customers,) = connection.resources
    assert (customers.probe, customers.delta, customers.page_size) == (60.0, 180.0, 300)
    assert (customers.guards.ratio, customers.guards.limit, customers.guards.second_look) == (1.0, 500, 0.0)
    assert (connection.settings.sweep_cron, customers.sweep) == (None, 43200.0)
    assert customers.calendar.sweep_cron is None
    assert connection.settings.page_size == 200


def test_every_key_of_a_resource_arrives() -> None:
    own = """
    [[connections.resources]]
    name = "YORDERS"
    representation = "YORD"
    key = ["YNUM", "YTYP"]
    details = true
    watermark = "UPDDATTIM"
    volatile = ["PRINTED_AT"]
    private = { EMAIL = "hash", IBAN = "drop" }
    references = { BPCORD = "BPCUSTOMER" }
    policy = "hold"
    blackout = ["22:00-04:30"]
    timezone = "Europe/London"
    watermark_overlap = "1.5h"
    bytes_per_day = "1.5GB"
    """
    (orders,) = read(TENANT + own).connections[0].classes
    resource, settings = orders.resource, orders.settings
    assert (resource.representation, resource.key, resource.details) == ("YORD", ("YNUM", "YTYP"), True)
    assert (resource.watermark, resource.volatile) == ("UPDDATTIM", ("PRINTED_AT",))
    assert (dict(resource.private), dict(orders.references)) == (
        {"EMAIL": "hash", "IBAN": "drop"},
        {"BPCORD": "BPCUSTOMER"},
    )
    assert (settings.policy, settings.blackout) == (Policy.HOLD, (Hours(time(22), time(4, 30)),))
    assert resource.calendar == Calendar(None, "Europe/London", settings.blackout)
    assert (settings.timezone, resource.watermark_overlap, settings.bytes_per_day) == (
        "Europe/London",
        5400.0,
        1_500_000_000,
    )


def test_how_long_the_log_is_kept_is_read() -> None:
    text = '[store]\nkeep_bodies = "1d"\nkeep_changes = "36h"\nkeep_counters = "2d"\nmax_log_bytes = "1MB"'
    day = 86_400_000
    assert read(text).store.retention == Retention(day, day * 3 // 2, 2 * day, 1_000_000)
    assert read("").store.retention == Retention()


def test_both_ways_to_authenticate_are_read_with_the_place_of_their_secret() -> None:
    basic = """
    [[connections]]
    name = "brigg"
    base_url = "https://x3.brigg.example:8124/erp/"
    folder = "BRIGG"
    auth = { type = "basic", username = "u", password = { file = "p" }, secret_expires = 2027-03-31 }
    """
    first, second = parse(TENANT + basic, catalogue=CATALOGUE, folder=Path("/etc/driftd")).connections
    assert isinstance(first.auth, ClientCredentials)
    assert isinstance(second.auth, Basic)
    assert (first.auth.secret.env, second.auth.secret.file) == ("ALDGATE_SECRET", Path("/etc/driftd/p"))
    assert second.auth.secret_expires == date(2027, 3, 31)
    assert second.base_url == "https://x3.brigg.example:8124/erp"


def test_a_scope_is_kept_as_it_stands() -> None:
    """None is none, and not an empty one, which nobody grants."""
    (found,) = read(TENANT + 'scope = "x3.read urn:x3:BPCUSTOMER"').connections
    assert isinstance(found.auth, ClientCredentials)
    assert found.auth.scope == "x3.read urn:x3:BPCUSTOMER"
    (found,) = read(TENANT).connections
    assert isinstance(found.auth, ClientCredentials)
    assert found.auth.scope is None
    for wrong in ("", " ", "a  b", "a b ", 'a\\"b', "é", "x" * 1_001):
        assert "must be scopes with one blank" in mistakes(f'{TENANT}scope = "{wrong}"')["connections[0].auth.scope"]


def test_variables_that_hold_secrets_are_known_to_who_starts_programs() -> None:
    """Those of connections of every kind, and none else."""
    found = read('[vault]\nkey_command = ["/bin/kek"]\n' + TENANT + CONNECTED_APP)
    assert found.vault.hidden == {"ALDGATE_SECRET", "CAMDEN_SECRET"}
    assert (found.vault.named, read(TENANT).vault.named) == ("key_command", "")


def test_a_connected_application_keeps_its_audience_byte_for_byte() -> None:
    """Neither case nor slashes nor port are touched: X3 compares them so. Tokens live five minutes by default."""
    audience = "HTTP://X3.camden.example:80//xtrem/api?a=b#/"
    untouched = CONNECTED_APP.replace("https://x3.camden.example/xtrem/api", audience).replace(
        'token_life = "5m"\n', ""
    )
    (found,) = read(untouched).connections
    assert isinstance(found.auth, ConnectedApp)
    assert found.auth.audience == audience
    assert (found.auth.client_id, found.auth.username, found.auth.token_life) == ("driftd", "reader", 300)
    assert (found.auth.secret.env, found.auth.secret_expires) == ("CAMDEN_SECRET", None)
    other = read(untouched + 'token_life = "10m"\nsecret_expires = 2027-03-31\n').connections[0].auth
    assert isinstance(other, ConnectedApp)
    assert (other.token_life, other.secret_expires) == (600, date(2027, 3, 31))
    assert found.unplaced == replace(
        found, auth=replace(found.auth, client_secret=SecretRef("", "CAMDEN_SECRET")), place=""
    )


def test_settings_that_change_nothing_yet_are_named() -> None:
    config = read("[store]\nurl = 'postgresql://db.example/driftd'\n" + TENANT)
    assert [each.path for each in config.not_in_force] == ["store.url"]
    assert read(TENANT).not_in_force == ()


def test_a_member_within_another_is_named_by_its_path() -> None:
    """As TOML writes it, as driftd tells of it, and as one text."""
    for written in ('SOHCNT.EMAIL = "hash"', '"SOHCNT.EMAIL" = "hash"', '"SOHCNT[].EMAIL" = "hash"'):
        own = f'[[connections.resources]]\nname = "SORDER"\nprivate = {{ {written}, X = "keep" }}\n'
        assert read(TENANT + own).connections[0].resources[0].private["SOHCNT.EMAIL"] == "hash"


def test_personal_members_without_a_rule_are_known() -> None:
    """Whatever the rule says, it was thought of."""
    own = '[[connections.resources]]\nname = "SORDER"\nprivate = { EMAIL = "keep", BPCNAM = "hash" }\n'
    (orders,) = read(TENANT + own).connections[0].classes
    assert (orders.personal, dict(orders.resource.private)) == (
        ("SOHCNT[].TEL",),
        {"EMAIL": "keep", "BPCNAM": "hash"},
    )
    assert read(TENANT).connections[0].classes[1].personal == ("BPCNAM", "SOHCNT[].EMAIL", "SOHCNT[].TEL")


def test_what_the_daemon_goes_by_is_in_force() -> None:
    daemon = "[daemon]\nlog_level = 'debug'\nlog_format = 'json'\nstop_grace = '5s'\nmax_concurrency = 8\n"
    limits = "[defaults]\nbytes_per_day = '1GB'\nrequests_per_day = 10000\nmax_per_host = 2\nmax_concurrency = 1\n"
    assert read(daemon + limits + TENANT).not_in_force == ()
