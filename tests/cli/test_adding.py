"""``driftd connections add`` from a script: options in, a connection stored or nothing at all."""

import io
import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from driftd.simulator import Farm, Fault, Switches, Tenant, serving
from tests.cli.conftest import Driftd, Ran

PLANTED = "planted-secret-of-nobody"
Added: TypeAlias = Callable[..., Ran]


@pytest.fixture(scope="module")
def farm() -> Iterator[tuple[Tenant, str]]:
    built = Farm.build(tenants=1, records=20, only=("BPCUSTOMER", "SORDER"))
    with serving(built) as served:
        yield built["aldgate"], served.url


@pytest.fixture
def tenant(farm: tuple[Tenant, str]) -> Tenant:
    farm[0].faults.clear()
    farm[0].switches.move(dict(Switches().shown()))
    return farm[0]


@pytest.fixture
def folder(driftd: Driftd, tmp_path: Path) -> Path:
    """A folder with a configuration that names one connection, and a key."""
    text = '[daemon]\ndata_dir = "data"\n[network]\nallow_http = ["127.0.0.0/8"]\n[vault]\nkey_file = "key"\n'
    text += '[[connections]]\nname = "bow"\nbase_url = "https://x3.bow.example"\nfolder = "BOW"\n'
    text += 'auth = { type = "basic", username = "u", password = { env = "HOME" } }\n'
    (tmp_path / "driftd.toml").write_text(text)
    assert driftd("keys", "generate").code == 0
    return tmp_path


@pytest.fixture
def added(
    driftd: Driftd, folder: Path, farm: tuple[Tenant, str], tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> Added:
    """Add aldgate with its secret on standard input; `changes` are options, None leaves one out."""

    def call(*flags: str, secret: str = tenant.client_secret, **changes: str | None) -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(secret.encode("utf-8", "surrogateescape"))))
        url = farm[1]
        known: dict[str, str | None] = {"name": "aldgate", "base_url": url, "token_url": url + tenant.token_path}
        known |= {"client_id": tenant.client_id, **changes}
        options = [word for name, value in known.items() if value is not None for word in (_option(name), value)]
        return driftd("connections", "add", "--secret-stdin", *options, *flags)

    return call


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def stored(folder: Path) -> dict[str, dict[str, Any]]:
    """Return what stands in the database; nothing where there is none."""
    database = folder / "data" / "driftd.db"
    if not database.exists():
        return {}
    with closing(sqlite3.connect(database)) as db:
        return {name: json.loads(text) for name, text in db.execute("SELECT name, text FROM connections")}


def bytes_of(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in folder.rglob("*") if each.is_file())


def test_what_is_given_is_tried_and_stored(added: Added, folder: Path, tenant: Tenant) -> None:
    """With what is usual for the rest; its secret stands nowhere in clear, and goes to no other command line."""
    ran = added("--customer", "Aldgate Packaging", "--by", "jo", "--reason", "request 17", secret_expires="2030-01-31")
    assert (ran.code, ran.err) == (0, "")
    assert 'connection "aldgate" is valid: ' in ran.out
    assert ran.out.endswith('"aldgate" is created, and polled from now on\n')
    table = stored(folder)["aldgate"]
    assert (table["folder"], table["environment"], table["customer"]) == ("ALDGATE", "production", "Aldgate Packaging")
    assert table["auth"] == {
        "type": "client_credentials",
        "client_id": tenant.client_id,
        "token_url": table["base_url"] + tenant.token_path,
        "secret_expires": "2030-01-31",
    }
    with closing(sqlite3.connect(folder / "data" / "driftd.db")) as db:
        ((by, action, reason),) = db.execute("SELECT by, action, reason FROM deeds").fetchall()
    assert (by, action, reason) == ("jo", "add_connection", "request 17")
    assert tenant.client_secret.encode() not in bytes_of(folder)
    assert tenant.client_secret not in ran.out


def test_each_step_is_told_and_so_is_what_was_done_as_json(added: Added, folder: Path) -> None:
    told = json.loads(added("--format", "json").out)
    assert (told["connection"], told["stored"], told["check"]["valid"]) == ("aldgate", True, True)
    assert {each["check"] for each in told["check"]["steps"]} >= {"secret", "token", "read", "class", "write"}
    assert set(stored(folder)) == {"aldgate"}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Aldgate", "--name: must be a slug"),
        ("../etc", "--name: must be a slug"),
        ("bow", 'there is a connection "bow" already, in the file, at connections[0]'),
    ],
)
def test_a_name_that_cannot_be_is_refused_before_all_else(
    added: Added, folder: Path, tenant: Tenant, name: str, says: str
) -> None:
    """Whatever else is wrong is not told yet, no secret is read, and nobody is asked."""
    before = tenant.requests.total()
    ran = added(name=name, base_url="nonsense")
    assert ran.code == 2
    assert says in ran.err
    assert "--base-url" not in ran.err
    assert tenant.requests.total() == before
    assert stored(folder) == {}


def test_a_name_of_the_database_is_refused(added: Added, folder: Path) -> None:
    assert added().code == 0
    before = stored(folder)
    ran = added(secret="another", customer="another")
    assert ran.code == 2
    assert 'there is a connection "aldgate" already, in the database' in ran.err
    assert stored(folder) == before


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"base_url": "http://10.1.2.3"}, "--base-url: leads over plain http to 10.1.2.3: it must be https"),
        ({"base_url": "https://10.1.2.3"}, "[network] allow_networks"),
        ({"base_url": "https://169.254.169.254"}, "where a cloud keeps the credentials"),
        ({"base_url": "https://x3.example/sdata/x3"}, "must not lead to /sdata/"),
        ({"base_url": "https://u:planted@x3.example"}, "must not carry a user or password"),
        ({"folder": "AL DGATE"}, "--folder: must be one path segment"),
        ({"environment": "prod"}, '--environment: must be one of "production" or "test"'),
        ({"auth_type": "cookie"}, "--auth-type: must be"),
        ({"token_url": "https://169.254.169.254/t"}, "--token-url: leads to 169.254.169.254"),
        ({"token_url": None}, "--token-url: is missing"),
        ({"auth_type": "basic"}, "--token-url: is not a key of"),
        ({"secret_expires": "31.12.2030"}, "--secret-expires: must be a date"),
        ({"ca_file": "nowhere.pem"}, '"{}/nowhere.pem"'),
    ],
    ids=str,
)
def test_what_is_no_answer_is_told_with_its_option(
    added: Added, folder: Path, tenant: Tenant, changes: dict[str, str | None], says: str
) -> None:
    """In the words of the file, before the tenant is asked for anything."""
    before = tenant.requests.total()
    ran = added(**changes)
    assert ran.code == 2
    assert says.format(folder) in ran.err
    assert "planted" not in ran.err
    assert tenant.requests.total() == before
    assert stored(folder) == {}


def test_every_option_that_is_wrong_is_told_at_once(added: Added) -> None:
    ran = added(base_url="nonsense", folder="A B", token_url=None)
    assert [line.partition(":")[0] for line in ran.err.splitlines()] == ["--base-url", "--folder", "--token-url"]


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        ("", "the secret is empty"),
        ("s3cret\n\n", "it ends in a line break"),
        ("s3cret \n", "it begins or ends in a blank"),
        ("s3\x00cret\n", "not seen"),
        ("\udcff", "is not UTF-8 text"),
        ("x" * 20_000, "longer than"),
    ],
    ids=["empty", "two line ends", "a blank", "a control", "bytes", "long"],
)
def test_what_is_hardly_the_secret_is_said_before_it_is_sent(
    added: Added, folder: Path, tenant: Tenant, secret: str, says: str
) -> None:
    """The one line break that comes with ``echo`` is taken off."""
    before = tenant.requests.total()
    ran = added(secret=secret)
    assert ran.code in {1, 2}
    assert says in ran.err
    assert "cret" not in ran.err.replace("secret", "")
    assert tenant.requests.total() == before
    assert stored(folder) == {}


def test_the_line_break_of_echo_is_taken_off(added: Added, tenant: Tenant) -> None:
    assert added(secret=tenant.client_secret + "\r\n").code == 0


def test_one_that_is_not_valid_is_not_stored(added: Added, folder: Path) -> None:
    """With the step, who acts and what to tell; asked for, it is stored all the same. The secret is never shown."""
    ran = added(secret=PLANTED)
    assert ran.code == 1
    assert "token      aldgate                  failed" in ran.out
    assert "tell them" in ran.out
    assert "hand over the new secret" in ran.out
    assert ran.err == "nothing was stored\n"
    assert stored(folder) == {}
    kept = added("--keep-invalid", secret=PLANTED)
    assert kept.code == 0
    assert set(stored(folder)) == {"aldgate"}
    assert PLANTED not in ran.out + ran.err + kept.out + kept.err
    assert PLANTED.encode() not in bytes_of(folder)


def test_unvalidated_it_is_stored_without_a_request(added: Added, folder: Path, tenant: Tenant) -> None:
    before = tenant.requests.total()
    assert added("--no-validate", secret=PLANTED).code == 0
    assert tenant.requests.total() == before
    assert set(stored(folder)) == {"aldgate"}


@pytest.mark.parametrize(
    ("changes", "step", "reason"),
    [
        ({"base_url": "https://x3.aldgate.invalid"}, "resolve", "dns_failure"),
        ({"folder": "GHOST", "endpoint": "ALDGATE"}, "folder", "folder_not_found"),
        ({"client_id": "somebody-else"}, "token", "oauth_invalid_client"),
    ],
    ids=str,
)
def test_what_only_the_tenant_can_say_is_told_at_its_step(
    added: Added, folder: Path, changes: dict[str, str], step: str, reason: str
) -> None:
    ran = added("--format", "json", **changes)
    assert ran.code == 1
    failed = [each for each in json.loads(ran.out)["check"]["steps"] if each["outcome"] == "failed"]
    assert [(each["check"], each["reason"]) for each in failed] == [(step, reason)]
    assert failed[0]["who_acts"]
    assert failed[0]["tell_the_customer"]
    assert stored(folder) == {}


def test_a_client_without_rights_is_told_apart(added: Added, folder: Path, tenant: Tenant) -> None:
    tenant.faults.append(Fault("status", resource="BPCUSTOMER", status=403))
    ran = added()
    assert ran.code == 1
    assert "reason         forbidden" in ran.out
    assert stored(folder) == {}


def test_a_token_url_on_another_host_is_noted(added: Added, farm: tuple[Tenant, str], tenant: Tenant) -> None:
    """It is admitted where the configuration admits that host: it may be the customer's identity provider."""
    ran = added(token_url=farm[1].replace("127.0.0.1", "localhost") + tenant.token_path)
    assert 'note: the secret is sent to "localhost", which is not the host of base_url' in ran.err
    assert ran.code == 0


@pytest.mark.parametrize("kind", ["basic", "connected_app"])
def test_other_ways_in_are_added_alike(added: Added, folder: Path, tenant: Tenant, kind: str) -> None:
    tenant.switches.connected_app_jwt = "accepted"
    if kind == "basic":
        changes = {"client_id": None, "token_url": None, "username": tenant.username}
        secret = tenant.password
    else:
        changes = {"token_url": None, "username": tenant.username, "audience": tenant.audience}
        secret = tenant.client_secret
    ran = added(auth_type=kind, secret=secret, **changes)
    assert ran.code == 0, ran.out + ran.err
    assert stored(folder)["aldgate"]["auth"]["type"] == kind


@pytest.fixture
def pairing(added: Added, farm: tuple[Tenant, str], tenant: Tenant) -> Added:
    """Add a connection that signs in by a pair, with lines on standard input."""
    usual = {"auth_type": "pairing", "token_url": farm[1] + tenant.pair_path, "folder": tenant.folder}

    def call(*lines: str, flags: tuple[str, ...] = (), **changes: str) -> Ran:
        return added(*flags, secret="\n".join(lines) + "\n", **{**usual, **changes})

    return call


def test_a_pair_comes_with_two_secrets_a_line_each(
    pairing: Added, folder: Path, tenant: Tenant, driftd: Driftd
) -> None:
    """Its refresh token is used once; another connection of the pair needs neither; both are listed as they stand."""
    token, before = tenant.pair(), tenant.gateway.given
    ran = pairing(tenant.client_secret, token, pair="customer-17")
    assert (ran.code, ran.err) == (0, ""), ran
    assert "the access token of the pair is good for" in ran.out
    assert ran.out.endswith('"aldgate" is created, and polled from now on\n')
    assert tenant.gateway.given == before + 1
    other = pairing(name="brigg", pair="customer-17")
    assert (other.code, set(stored(folder))) == (0, {"aldgate", "brigg"}), other
    assert stored(folder)["brigg"]["auth"]["pair"] == "customer-17"
    shown = driftd("connections", "show", "brigg").out
    assert "client_secret, which driftd keeps sealed; refresh_token, which driftd keeps sealed" in shown
    verified = json.loads(driftd("keys", "verify", "--format", "json").out)
    assert [(each["connection"], each["field"], each["needed"]) for each in verified["secrets"]] == [
        ("customer-17", "client_secret", True),
        ("customer-17", "refresh_token", True),
    ]
    everything = bytes_of(folder) + (ran.out + other.out + shown).encode()
    assert [each for each in (token, tenant.gateway.token, tenant.client_secret) if each.encode() in everything] == []


def test_a_used_refresh_token_is_told_and_good_for_another_try(pairing: Added, folder: Path, tenant: Tenant) -> None:
    """With the mistake mended, or as it is; a line too few or too many is no pair."""
    token = tenant.pair()
    for lines in ([token], [tenant.client_secret, token, "more"]):
        ran = pairing(*lines)
        assert (ran.code, "a line each: client_secret, then refresh_token" in ran.err) == (2, True), ran.err
    ran = pairing(tenant.client_secret, token, folder="GHOST", endpoint=tenant.folder)
    assert (ran.code, stored(folder)) == (1, {}), ran
    assert "its refresh token is used up" in ran.err
    assert pairing(tenant.client_secret, token).code == 0
    token, other = tenant.pair(), {"name": "brigg", "folder": "GHOST", "endpoint": tenant.folder}
    assert pairing(tenant.client_secret, token, flags=("--keep-invalid",), **other).code == 0
    assert set(stored(folder)) == {"aldgate", "brigg"}


def test_without_a_key_nothing_is_asked(driftd: Driftd, folder: Path) -> None:
    text = (folder / "driftd.toml").read_text().replace('[vault]\nkey_file = "key"\n', "")
    (folder / "driftd.toml").write_text(text)
    ran = driftd("connections", "add", "--name", "aldgate")
    assert ran.code == 2
    assert "driftd keys generate" in ran.err


def test_without_a_terminal_nobody_is_asked(driftd: Driftd, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"aldgate\n")))
    ran = driftd("connections", "add")
    assert ran.code == 2
    missing = [line.partition(":")[0] for line in ran.err.splitlines()]
    assert missing == ["--name", "--base-url", "--folder", "--token-url"]
    url = ("--base-url", "https://x3.example", "--token-url", "https://x3.example/t")
    ran = driftd("connections", "add", "--name", "aldgate", *url)
    assert ran.code == 2
    assert "give --secret-stdin" in ran.err
    assert stored(folder) == {}
