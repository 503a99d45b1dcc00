"""`parse` of a bad file: every mistake at once, each with its path and the right form."""

from pathlib import Path

import pytest

from driftd.config import parse
from tests.config.written import CATALOGUE, CONNECTED_APP, TENANT, mistakes


def test_a_client_key_needs_its_certificate() -> None:
    own = TENANT.replace("folder =", 'client_key_file = "k.pem"\nfolder =', 1)
    assert "without the client_cert_file" in mistakes(own)["connections[0].client_key_file"]
    both = own.replace("folder =", 'client_cert_file = "c.pem"\nfolder =', 1)
    (connection,) = parse(both, catalogue=CATALOGUE, folder=Path("/etc/driftd")).connections
    assert (connection.client_cert_file, connection.client_key_file) == (
        Path("/etc/driftd/c.pem"),
        Path("/etc/driftd/k.pem"),
    )


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
        ("[vault]\nkey_file = 'k'\nkey_env = 'K'", "vault.key_env", "stands beside key_file: give one of the two"),
        ("[vault]\nkey_env = 'K'\nkey_command = ['k']", "vault.key_command", "stands beside key_env"),
        ("[vault]\nkey_command = []", "vault.key_command", "must be a list such as"),
        ("[vault]\nkey_command = 'show key'", "vault.key_command", "must be a list in [ ]"),
        ("[vault]\nkey_command = ['k', 3]", "vault.key_command[1]", "must be text without NUL"),
        ("[vault]\nkey_credential = '../kek'", "vault.key_credential", "must be the name of a credential"),
        ("[vault]\nkey_env = 'A=B'", "vault.key_env", "must be a variable's name"),
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
        ("client_id", 'type = "pairing"\nclient_id', "auth.refresh_token", "give [vault] a key"),
        (
            "client_id",
            'type = "pairing"\nrefresh_token = "hunter2"\nclient_id',
            "auth.refresh_token",
            "must not be given: each use replaces it",
        ),
        (
            "client_id",
            'type = "kerberos"\nclient_id',
            "auth.type",
            'must be "client_credentials", "connected_app", "pairing" or "basic"',
        ),
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


@pytest.mark.parametrize(
    ("old", "new", "key", "says"),
    [
        ('audience = "https://x3.camden.example/xtrem/api"', "", "audience", "exactly as X3 shows it"),
        ("https://x3.camden.example/x", "x3.camden.example/x", "audience", "must be the URL as entered in X3"),
        ("xtrem/api", "xtrem api", "audience", "without blanks"),
        ("xtrem/api", "xtrem/api ", "audience", "without blanks"),
        (
            "https://x3.camden.example/x",
            "https://u:hunter2@x3.camden.example/x",
            "audience",
            "without user and password",
        ),
        ('"https://x3.camden.example/xtrem/api"', "7", "audience", "must be the URL as entered in X3"),
        ('username = "reader"', "", "username", "add the user"),
        ('client_id = "driftd"', "", "client_id", "add the client"),
        ('client_secret = { env = "CAMDEN_SECRET" }', "", "client_secret", "is missing"),
        ('{ env = "CAMDEN_SECRET" }', '"hunter2"', "client_secret", "must not stand in the file itself"),
        ('"5m"', '"59s"', "token_life", 'must be from "1m" to "24h"'),
        ('"5m"', '"25h"', "token_life", '"Tokens validity"'),
        ('"5m"', "300", "token_life", 'write "300s"'),
        ("username", 'token_url = "https://x3.example/t"\nusername', "token_url", "is not a key of"),
        (
            "username",
            'password = "hunter2"\nusername',
            "password",
            "is not a key of [connections.auth]; known are type,",
        ),
    ],
)
def test_a_mistake_of_a_connected_application_is_named_alone(old: str, new: str, key: str, says: str) -> None:
    found = mistakes(CONNECTED_APP.replace(old, new))
    assert list(found) == [f"connections[0].auth.{key}"]
    assert says in found[f"connections[0].auth.{key}"]
    assert "hunter2" not in str(found)
