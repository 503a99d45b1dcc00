"""`parse`: a good file gives resolved nouns, a bad one every mistake at once."""

from datetime import date, time
from ipaddress import ip_network
from pathlib import Path

import pytest

from driftd.config import Basic, ClassDefaults, ClientCredentials, Config, Policy, parse
from driftd.core.model import Calendar, Hours
from driftd.core.retention import Retention
from driftd.core.rules import Rules, Total
from driftd.errors import ConfigError

CATALOGUE = {
    "BPCUSTOMER": ClassDefaults("BPCUSTOMER", ("BPCNUM",)),
    "SORDER": ClassDefaults(
        "SOH",
        ("SOHNUM",),
        details=True,
        lines={"SOHSOP": ("SOPLIN",)},
        references={"BPCORD": "BPCUSTOMER"},
        rules=Rules(totals=(Total("TOTLINQTY", "SOHSOP", "QTY"),)),
        personal=("BPCNAM", "SOHCNT[].EMAIL", "SOHCNT[].TEL"),
    ),
}
TENANT = """
[[connections]]
name = "aldgate"
base_url = "https://x3.aldgate.example"
folder = "ALDGATE"
[connections.auth]
token_url = "https://x3.aldgate.example/auth/token"
client_id = "driftd"
client_secret = { env = "ALDGATE_SECRET" }
"""


def read(text: str) -> Config:
    return parse(text, catalogue=CATALOGUE)


def mistakes(text: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return {each.path: each.message for each in caught.value.mistakes}


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


def test_networks_open_plain_http_and_private_addresses() -> None:
    text = '[network]\nallow_networks = ["10.20.0.0/16"]\nallow_http = ["127.0.0.0/8"]'
    for address in ("http://127.0.0.1:8124", "http://localhost:8124", "https://10.20.1.1", "http://x3.internal"):
        assert read(text + TENANT.replace("https://x3.aldgate.example", address)).connections[0].base_url == address
    assert read(text).network.allow_http == (ip_network("127.0.0.0/8"),)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("x3.example", "must be a URL"),
        ("ftp://x3.example", "must be a URL"),
        ("https://", "must be a URL"),
        ("https://x3.example:99999", "proper host and port"),
        ("https://user:hunter2@x3.example", "must not carry a user or password"),
        ("https://x3.example?token=hunter2", "must not carry a query or fragment"),
        ("https://x3.example#a", "must not carry a query or fragment"),
        ("https://x3.exa mple", "without blanks"),
        ("https://[x3.example]", "must be a URL"),
        ("https://x3.example/sdata/x3/erp", "must not lead to /sdata/"),
        ("https://x3.example/SData", "must not lead to /sdata/"),
        ("https://x3.example/api1/x3/erp", "must end before /api1/"),
        ("http://x3.example", "must be https"),
        ("http://127.0.0.1:8124", "must be https"),
        ("https://10.1.2.3", '"10.1.2.3/32"'),
        ("https://[::1]:8124", "private address"),
        ("https://localhost:8124", "private address 127.0.0.1"),
        ("https://x3.localhost.", "private address 127.0.0.1"),
        ("https://[::ffff:10.1.2.3]", '"10.1.2.3/32"'),
        ("https://[64:ff9b::10.1.2.3]", "64:ff9b::a01:203"),
        ("https://169.254.169.254", "no setting admits it"),
        ("https://2130706433", "ends in a number"),
        ("https://0x7f.1", "ends in a number"),
        ("https://127.1", "ends in a number"),
        ("https://8.8.8.8.", "ends in a number"),
        ("https://0250.0.0.1", "ends in a number"),
        ("https://[fe80::1%25eth0]", "zone"),
        ("https://x3%2eexample", "escape"),
        ("https://x3.example]", "must be a URL"),
        ("https://x3..example", "a host's name"),
        ("https://x3_.éxample.①27", "a host's name"),
        ("https://x3.ｅxample", "a host's name"),
        ("https://x3.example:0", "from 1 to 65535"),
    ],
)
def test_a_base_url_that_cannot_be_right_is_refused_with_its_reason(address: str, says: str) -> None:
    found = mistakes(TENANT.replace('https://x3.aldgate.example"\nfolder', f'{address}"\nfolder'))
    assert list(found) == ["connections[0].base_url"]
    assert says in found["connections[0].base_url"]
    assert "hunter2" not in found["connections[0].base_url"]


@pytest.mark.parametrize(
    "address",
    ["https://x3.example.", "https://x3_test.example:8443/erp", "https://xn--bcher-kva.example", "https://bücher.example",
     "https://8.8.8.8", "https://[2606:4700::1111]:8124", "https://3com.example"],
)  # fmt: skip
def test_a_base_url_that_may_be_right_is_taken(address: str) -> None:
    assert read(TENANT.replace("https://x3.aldgate.example", address, 1)).connections[0].base_url == address


@pytest.mark.parametrize(
    ("base", "proxy", "key", "says"),
    [
        ("https://x3.example", "http://egress.internal:3128", "proxy", "must be https"),
        ("https://x3.example", "https://u:p@egress.example", "proxy", "signs in at no proxy"),
        ("https://x3.example", "http://10.0.0.9:3128", "proxy", 'allow_http, such as "10.0.0.9/32"'),
        ("https://x3.example", "https://10.0.0.9:3128", "proxy", 'allow_networks, such as "10.0.0.9/32"'),
        ("https://10.0.0.9", "https://egress.example", "base_url", 'allow_networks, such as "10.0.0.9/32"'),
        ("http://x3.example", "https://egress.example", "base_url", "of the proxy over plain http"),
    ],
)
def test_a_proxy_is_judged_too_and_so_is_what_it_is_asked_for(base: str, proxy: str, key: str, says: str) -> None:
    text = TENANT.replace("https://x3.aldgate.example", base, 1).replace("folder =", f'proxy = "{proxy}"\nfolder =', 1)
    found = mistakes(text)
    assert list(found) == [f"connections[0].{key}"]
    assert says in found[f"connections[0].{key}"]


def test_a_client_key_needs_its_certificate() -> None:
    own = TENANT.replace("folder =", 'client_key_file = "k.pem"\nfolder =', 1)
    assert "without the client_cert_file" in mistakes(own)["connections[0].client_key_file"]
    both = own.replace("folder =", 'client_cert_file = "c.pem"\nfolder =', 1)
    (connection,) = parse(both, catalogue=CATALOGUE, folder=Path("/etc/driftd")).connections
    assert (connection.client_cert_file, connection.client_key_file) == (
        Path("/etc/driftd/c.pem"),
        Path("/etc/driftd/k.pem"),
    )


def test_plain_http_needs_its_own_range() -> None:
    text = '[network]\nallow_http = ["10.0.0.0/8"]' + TENANT.replace("https://x3.aldgate.example", "http://127.0.0.1")
    assert '"127.0.0.1/32"' in mistakes(text)["connections[0].base_url"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("probe = 300", 'write "300s"'),
        ('probe = "0s"', "longer than 0"),
        ('probe = "five"', 'such as "45s"'),
        ("probe = true", "must be a duration"),
        ('second_look = "-3s"', "must not be negative"),
        ('sweep_cron = "61 2 * * *"', "minute field"),
        ('sweep_cron = "0 2 * * mondays"', "day of week field"),
        ('sweep_cron = "0 5-2 * * *"', "hour field"),
        ('sweep_cron = "nightly"', "five cron fields"),
        ('sweep_cron = "0 2 30 2 *"', "never comes"),
        ('blackout = ["00:00-12:00", "12:00-00:00"]', "no hour is left"),
        ('timezone = "Europe/Lodnon"', "must be a time zone"),
        ('timezone = "../../etc/passwd"', "must be a time zone"),
        ('blackout = "12:00-13:00"', "must be a list"),
        ('blackout = ["12:00-24:30"]', 'such as "12:00-13:30"'),
        ('blackout = ["12:00-12:00"]', "same minute"),
        ("page_size = 0", "must be at least 1, not 0"),
        ('page_size = "500"', "must be a whole number"),
        ("page_size = 1.5", "must be a whole number"),
        ("requests_per_day = true", "must be a whole number"),
        ('bytes_per_day = "2XB"', 'such as "2GB"'),
        ("bytes_per_day = 0", "at least one byte"),
        ("mass_delete_ratio = 1.5", "must be at most 1, not 1.5"),
        ("mass_delete_ratio = 0", "must be above 0, not 0"),
        ("details_per_hour = -1", "must be at least 0, not -1"),
        ('policy = "hodl"', 'must be one of "evolve", "warn", "hold" or "freeze", not "hodl"'),
    ],
)
def test_an_impossible_setting_is_refused_at_every_level(line: str, says: str) -> None:
    own = '[[connections.resources]]\nname = "SORDER"\n'
    levels = {
        "defaults": f"[defaults]\n{line}\n{TENANT}",
        "connections[0]": TENANT.replace('name = "aldgate"', f'name = "aldgate"\n{line}'),
        "connections[0].resources[0]": f"{TENANT}{own}{line}\n",
    }
    for path, text in levels.items():
        ((place, message),) = mistakes(text).items()
        assert place.removesuffix("[0]") == f"{path}.{line.split(maxsplit=1)[0]}"
        assert says in message


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        ("[demon]", "demon", 'did you mean "daemon"?'),
        ("data_dir = '/x'", "data_dir", "it belongs in [daemon]"),
        ("prob = '5m'", "prob", "It belongs in [defaults]"),
        ("[nonsense]", "nonsense", "known are daemon, web"),
        ("[daemon]\ndata_dri = '/x'", "daemon.data_dri", 'did you mean "data_dir"?'),
        ("[daemon]\nprobe = '5m'", "daemon.probe", "it belongs in [defaults]"),
        ("[daemon]\nzzz = 1", "daemon.zzz", "known are data_dir"),
        ("daemon = 3", "daemon", "must be a table"),
        ("[web]\nlisten = '9420'", "web.listen", 'such as "127.0.0.1:9420"'),
        ("[vault]\nkey_file = 'k'\nkey_env = 'K'", "vault.key_env", "give one of the two"),
        ("[defaults]\nsweep = '1d'\nsweep_cron = '0 2 * * *'", "defaults.sweep_cron", "give one of the two"),
        ("[network]\nallow_http = ['10.0.0.1/8']", "network.allow_http[0]", 'did you mean "10.0.0.0/8"?'),
        ("[network]\nallow_networks = ['::ffff:10.0.0.0/104']", "network.allow_networks[0]", "written as IPv4"),
        ("[store]\nurl = 'mysql://x'", "store.url", "postgresql://"),
        ("[store]\nkeep_bodies = '91d'", "store.keep_bodies", "must not be longer than keep_changes, which is 90d"),
        (
            "[store]\nkeep_changes = '2000d'",
            "store.keep_changes",
            "longer than keep_counters, which is 400d",
        ),
        ("[store]\nkeep_counters = 0", "store.keep_counters", "must be a duration"),
        ("[store]\nmax_log_bytes = '0B'", "store.max_log_bytes", "at least one byte"),
        ("[connections]\nname = 'a'", "connections", "write [[connections]]"),
        ("[[webhooks]]\nurl = 'https://h.example'\nsecret = 'x'", "webhooks[0].secret", "must not stand in the file"),
    ],
)
def test_a_mistake_outside_of_connections_names_its_path_and_the_right_form(text: str, path: str, says: str) -> None:
    found = mistakes(text)
    assert list(found) == [path]
    assert says in found[path]


@pytest.mark.parametrize(
    ("old", "new", "path", "says"),
    [
        ('name = "aldgate"', 'name = "Ald Gate"', "name", "must be a slug"),
        ('folder = "ALDGATE"', "", "folder", "is missing: add the X3 folder"),
        ('folder = "ALDGATE"', 'folder = "A/B"', "folder", "one path segment"),
        ('folder = "ALDGATE"', 'folder = "A"\nfolder_header = ["A: b"]', "folder_header[0]", "a header's name"),
        ('client_id = "driftd"', "", "auth.client_id", "is missing"),
        ('{ env = "ALDGATE_SECRET" }', '"hunter2"', "auth.client_secret", 'give { env = "NAME" }'),
        ('{ env = "ALDGATE_SECRET" }', '{ env = "A", file = "b" }', "auth.client_secret", "must be either"),
        ('{ env = "ALDGATE_SECRET" }', '{ value = "hunter2" }', "auth.client_secret", "must be either"),
        ('{ env = "ALDGATE_SECRET" }', "{ env = 3 }", "auth.client_secret.env", "a variable's name"),
        ('client_secret = { env = "ALDGATE_SECRET" }', "", "auth.client_secret", "is missing"),
        ("client_id", 'type = "pairing"\nclient_id', "auth.type", "is not available yet"),
        ("client_id", 'type = "kerberos"\nclient_id', "auth.type", 'must be "client_credentials" or "basic"'),
        ("token_url", 'password = "hunter2"\ntoken_url', "auth.password", "is not a key of [connections.auth]"),
    ],
)
def test_a_mistake_of_a_connection_names_its_path_and_never_a_secret(old: str, new: str, path: str, says: str) -> None:
    found = mistakes(TENANT.replace(old, new))
    assert list(found) == [f"connections[0].{path}"]
    assert says in found[f"connections[0].{path}"]
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    ("own", "path", "says"),
    [
        ('name = "BPCUSTMER"', "key", 'did you mean "BPCUSTOMER"?'),
        ('name = "SORDER"\nkey = []', "key", "must be a list"),
        ('name = "SORDER"\nvolatile = ["SOHNUM"]', "volatile[0]", "is the key"),
        ('name = "SORDER"\nwatermark = "U"\nvolatile = ["A", "U"]', "volatile[1]", "is the watermark"),
        ('name = "SORDER"\nvolatile = ["A", "A"]', "volatile[1]", "twice"),
        ('name = "SORDER"\nprivate = { SOHNUM = "hash" }', "private.SOHNUM", "part of the key"),
        ('name = "SORDER"\nwatermark = "UPD"\nprivate = { UPD = "mask" }', "private.UPD", "is the watermark"),
        ('name = "SORDER"\nprivate = { BPCORD = "hash" }', "private.BPCORD", "a reference to another class"),
        ('name = "SORDER"\nreferences = { REP = "YREP" }\nprivate = { REP = "drop" }', "private.REP", "a reference"),
        ('name = "SORDER"\nprivate = { SOHSOP = "mask" }', "private.SOHSOP", "part of the key of its lines"),
        ('name = "SORDER"\nprivate = { "SOHSOP[].QTY" = "mask" }', "private.SOHSOP[].QTY", "what a check reads"),
        ('name = "SORDER"\nprivate = { QTY = "drop" }', "private.QTY", "what a check reads"),
        ('name = "SORDER"\nprivate = { "A..B" = "drop" }', "private.A..B", "or its path"),
        ('name = "SORDER"\nprivate = { "$title" = "drop" }', "private.$title", "or its path"),
        ('name = "SORDER"\nprivate = { A = "burn" }', "private.A", 'must be one of "keep"'),
        ('name = "SORDER"\nreferences = { A = "<script>" }', "references.A", "an X3 name"),
        ('name = "SORDER"\nrequests_per_day = 50000', "requests_per_day", "above the connection's"),
        ('name = "<script>"', "name", "an X3 name"),
    ],
)
def test_a_mistake_of_a_resource_names_its_path(own: str, path: str, says: str) -> None:
    found = mistakes(f"{TENANT}[[connections.resources]]\n{own}\n")
    assert list(found) == [f"connections[0].resources[0].{path}"]
    assert says in found[f"connections[0].resources[0].{path}"]


def test_names_are_unique() -> None:
    resource = '[[connections.resources]]\nname = "SORDER"\n'
    found = mistakes(TENANT + resource * 2 + TENANT)
    assert found == {
        "connections[0].resources[1].name": '"SORDER" is already the name of connections[0].resources[0]: '
        "name each resource once",
        "connections[1].name": '"aldgate" is already the name of connections[0]: choose another',
    }


def test_a_plan_above_the_limit_is_refused() -> None:
    text = TENANT.replace('name = "aldgate"', 'name = "aldgate"\nprobe = "1s"')
    found = mistakes(text)
    assert list(found) == ["connections[0].probe"]
    assert "above requests_per_day = 20000" in found["connections[0].probe"]
    assert 'set probe = "16s", which is "1s" now' in found["connections[0].probe"]


def test_all_mistakes_are_reported_at_once() -> None:
    text = "prob = 1\n[daemon]\nlog_level = 'loud'\n[defaults]\npage_size = 0\n" + TENANT.replace("aldgate", "A") * 2
    assert set(mistakes(text)) == {
        "prob",
        "daemon.log_level",
        "defaults.page_size",
        "connections[0].name",
        "connections[1].name",
    }


def test_what_is_not_toml_is_told_with_its_line() -> None:
    found = mistakes("[daemon]\ndata_dir = /var/lib")
    assert "line 2" in found["driftd.toml"]


def test_settings_that_change_nothing_yet_are_named() -> None:
    config = read("[web]\nlisten = ':9420'\nweb_config_file = 'web.yml'\n" + TENANT)
    assert [each.path for each in config.not_in_force] == ["web.web_config_file"]
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
