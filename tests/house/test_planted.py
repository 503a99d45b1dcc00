"""What is planted in a house comes out of it nowhere: secrets, tokens, the key of hashes, and what is private."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from secrets import token_urlsafe

import pytest

from driftd.adapters.clock import SystemClock
from driftd.adapters.logs import Logs, Redaction
from driftd.adapters.vault.making import make_file
from driftd.simulator import Fault, RequestSeen, Tenant
from tests.adapters.sqlite import dredging
from tests.house.planting import forms, found, planted
from tests.house.process import Daemon, Estate, command, connection, estate, free_port, head, running
from tests.house.rotating import WAYS

SHORT = os.environ.get("DRIFTD_HEAVY") == "short"
RULES = {"BPCNAM": "hash", "TEL": "mask", "WEB": "drop"}
PEOPLE = ("BPCUSTOMER",)
WATCHED = "witness"
"""What a program of the operator sees that driftd starts: its environment, and the command line of who starts it."""
PROGRAM = f"""tr '\\0' '\\n' < /proc/self/environ >> {WATCHED}
cat /proc/$PPID/cmdline >> {WATCHED}
cat key
"""


@dataclass
class House:
    """A house with something planted in each of its corners."""

    site: Estate
    secrets: dict[str, str] = field(default_factory=dict)
    """By what they are."""
    kept: str = ""
    """A value without a rule: it must be found where what has one is looked for."""
    seen: dict[str, bytes | str] = field(default_factory=dict)
    """What came out, by where."""

    def run(self, *arguments: str) -> None:
        """Run a command and keep what it says."""
        done = command(self.site.folder, *arguments, "-c", "driftd.toml", environ=self.site.environ)
        self.seen[" ".join(arguments)] = done.out + done.err

    def give(self, tenant: Tenant, secret: str, *more: str) -> int:
        """Give driftd a secret to keep, keep what it says, and return the exit code."""
        done = subprocess.run(
            [sys.executable, "-m", "driftd", "connections", "rotate", tenant.name, "--secret-stdin", *more],
            cwd=self.site.folder,
            env={**os.environ, **self.site.environ},
            input=secret.encode(),
            capture_output=True,
            check=False,
            timeout=120,
        )
        self.seen[f"rotate {tenant.name} {len(self.seen)}"] = done.stdout + done.stderr
        return done.returncode

    def tokens(self) -> None:
        """Take the tokens that were given to those that must not come out."""
        for tenant in self.site.tenants:
            given = enumerate(sorted(tenant.credentials.tokens))
            self.secrets |= {f"token {number} of {tenant.name}": token for number, token in given}

    def shown(self, request: RequestSeen) -> None:
        """Take a token that we signed to those that must not come out."""
        token = request.headers["authorization"].removeprefix("Bearer ")
        self.secrets[f"signature {len(self.secrets)}"] = token.rpartition(".")[2]

    def renewed(self, request: RequestSeen) -> None:
        """Take what a pair is good for to those that must not come out, whichever use replaces it."""
        access = request.headers.get("authorization", "").removeprefix("Bearer ")
        for token in {access, self.site.farm[request.tenant].gateway.token} - {""}:
            self.secrets[f"{token[:4]} of the pair of {request.tenant}"] = token

    def pair(self, tenant: Tenant) -> str:
        """Have a tenant's customer pair anew, and return the refresh token, which must not come out."""
        token = self.secrets[f"pasted {len(self.secrets)}"] = tenant.pair()
        return token

    def stored(self, when: str) -> None:
        """Keep all that is in the data directory, but for the file of the key itself; what is compressed is opened."""
        data = self.site.folder / "data"
        for path in data.iterdir():
            if path.is_file() and path.name not in ("private.key", "driftd.ballast"):
                self.seen[f"{path.name} {when}"] = path.read_bytes()
        opened = [held for path in data.glob("driftd.db") for _, held in dredging.values(path)]
        self.seen[f"values of the database {when}"] = b"\n".join(opened)


def plant(tenant: Tenant) -> dict[str, str]:
    """Have one person changed into others, and return what must not come out."""
    private = {f"{name} of {tenant.name}": planted(name.lower()) for name in RULES}
    record = next(iter(tenant.records("BPCUSTOMER").values()))
    values = dict(zip(RULES, private.values(), strict=True))
    tenant.put("BPCUSTOMER", {**record, **values})
    return private


@contextmanager
def planted_house(folder: Path) -> Iterator[House]:
    """Give a house of tenants: by client secret, by password, one that refuses what it is given; a connected
    application, a client and a pair whose secrets driftd keeps, under a key that a program of the operator prints; and
    one that is to be brought with its pair."""
    with estate(folder, tenants=7) as site:
        aldgate, borough, camden, dalston, euston, paired, brought = site.tenants
        wrong = planted("wrong")
        (folder / "camden.secret").write_text(wrong)
        basic = f'type = "basic"\nusername = "{borough.username}"\npassword = {{ env = "BOROUGH_PASSWORD" }}\n'
        private = "".join(f"private = {json.dumps(RULES).replace(':', ' =')}\n".replace('"BPCNAM"', "BPCNAM"))
        (folder / "key.sh").write_text(PROGRAM)
        make_file(folder / "key")
        listen = f"127.0.0.1:{free_port()}"
        web = {"listen": listen, "metrics_detail": "full", "enable_reload": True}
        text = head(daemon={"log_level": "debug"}, web=web)
        text = f'[vault]\nkey_command = ["/bin/sh", "key.sh"]\n{text}'
        text += connection(aldgate, site.served.url, PEOPLE) + private
        text += connection(borough, site.served.url, PEOPLE, auth=basic) + private
        text += connection(camden, site.served.url, PEOPLE) + private
        for each, way in ((dalston, "connected_app"), (euston, "client_credentials"), (paired, "pairing")):
            text += connection(each, site.served.url, PEOPLE, auth=WAYS[way].auth(each, site.served.url))
        site.place.write_text(text)
        site.environ["BOROUGH_PASSWORD"] = borough.password
        house = House(site, kept=planted("kept"))
        house.secrets = {"client secret": aldgate.client_secret, "password": borough.password, "wrong secret": wrong}
        house.secrets |= {"login": f"{borough.username}:{borough.password}"}
        house.secrets["key of secrets"] = (folder / "key").read_text().strip()
        dalston.switches.connected_app_jwt = "accepted"
        dalston.on_request = house.shown
        for each in (dalston, euston):
            each.credentials.client_secret = house.secrets[f"kept of {each.name}"] = planted("kept")
            assert house.give(each, each.client_secret) == 0
        for each in (paired, brought):
            each.on_request = house.renewed
            each.credentials.client_secret = house.secrets[f"application of {each.name}"] = planted("application")
        assert house.give(paired, paired.client_secret, "--field", "client_secret") == 0
        assert house.give(paired, house.pair(paired)) == 0
        house.secrets |= plant(aldgate) | plant(borough)
        record = next(iter(aldgate.records("BPCUSTOMER").values()))
        aldgate.put("BPCUSTOMER", {**record, "BPAADDLIG": house.kept})
        yield house


def lived(house: House, daemon: Daemon) -> None:
    """Let a daemon meet with all that it may have to tell of."""
    aldgate, borough, _, dalston, euston, paired, brought = house.site.tenants
    bring(house, daemon)
    for each in (aldgate, dalston, euston, paired, brought):
        daemon.becomes(each.name, "ok")
    daemon.becomes("borough", "ok")
    daemon.becomes("camden", "auth_failed")
    house.secrets |= plant(aldgate) | plant(borough)
    daemon.until(lambda: daemon.value("driftd_changes_total", connection="aldgate") > 0, "a change")
    house.tokens()
    aldgate.revoke_tokens()
    for kind in ("malformed", "html_login", "truncated", "diagnoses"):
        aldgate.faults.append(Fault(kind, resource="BPCUSTOMER"))
    daemon.until(lambda: daemon.lines("poll failed"))
    daemon.reload()
    daemon.until(lambda: daemon.lines("configuration loaded"))
    aldgate.faults.clear()
    house.tokens()
    rotated(house, daemon)
    paired_anew(house, daemon)


def bring(house: House, daemon: Daemon) -> None:
    """Bring a connection with its pair over HTTP: with a mistake that uses its refresh token up, then as it is."""
    tenant, url = house.site.tenants[-1], house.site.served.url
    auth = {"type": "pairing", "token_url": url + tenant.pair_path, "client_id": tenant.client_id}
    auth |= {"client_secret": tenant.client_secret, "refresh_token": house.pair(tenant)}
    body = {"base_url": url, "folder": tenant.folder, "auth": auth, "resources": [{"name": "BPCUSTOMER"}]}
    path = f"{daemon.url}/api/v1/connections/{tenant.name}"
    for folder, status in (("GHOST", 422), (tenant.folder, 201), (tenant.folder, 200)):
        answer = daemon.client.put(path, json={**body, "folder": folder})
        house.seen[f"PUT {path} {folder} {status}"] = answer.content
        assert answer.status_code == status, answer.text


def paired_anew(house: House, daemon: Daemon) -> None:
    """Have pairs end, a wrong refresh token given, and the right one."""
    for each in house.site.tenants[-2:]:
        each.gateway.end()
        each.revoke_tokens()
        daemon.becomes(each.name, "auth_failed")
        house.run("explain", each.name)
        house.secrets[f"refused of {each.name}"] = wrong = planted("refused")
        assert house.give(each, wrong) == 1
        assert house.give(each, house.pair(each)) == 0
        daemon.becomes(each.name, "ok")


def rotated(house: House, daemon: Daemon) -> None:
    """Have what driftd keeps refused, a wrong secret given, and the right one; and the key rotated."""
    *_, dalston, euston, _, _ = house.site.tenants
    for each in (dalston, euston):
        each.rotate_secret()
        each.credentials.client_secret = house.secrets[f"second of {each.name}"] = planted("second")
        each.revoke_tokens()
        daemon.becomes(each.name, "auth_failed")
        house.run("explain", each.name)
        house.secrets[f"refused of {each.name}"] = wrong = planted("refused")
        assert house.give(each, wrong) == 1
        assert house.give(each, each.client_secret) == 0
        daemon.becomes(each.name, "ok")
    house.tokens()
    first = house.site.folder / "key"
    house.secrets["first key of secrets"] = first.read_text().strip()
    house.run("keys", "generate", "--add", "--to", "key")
    house.secrets["key of secrets"] = first.read_text().splitlines()[0]
    house.run("keys", "rotate")
    house.run("keys", "verify")
    house.run("keys", "verify", "--format", "json")


def asked(house: House, daemon: Daemon) -> None:
    """Ask for all that is served."""
    names = [each.name for each in house.site.tenants]
    paths = ["/", "/metrics", "/-/healthy", "/-/ready", "/api/v1/sd", "/api/v1/alerts?all=1", "/api/v1/drifts?all=1"]
    paths += [f"/probe?target={each}&debug=true&fresh=1" for each in names]
    paths += [f"/api/v1/connections/{each}/schema/BPCUSTOMER?from=1&to=1" for each in names]
    for alert in daemon.get("/api/v1/alerts?all=1").json()["alerts"]:
        paths.append(f"/api/v1/alerts/{alert['id']}")
    for path in paths:
        house.seen[path] = daemon.get(path).content
    refused = {"connection": "aldgate", "resource": "BPCUSTOMER", "keys": [["nobody"]], "reason": "none"}
    clear = house.secrets["sent in clear"] = planted("clear")
    sealed = {"connection": "euston", "field": "client_secret", "store": "5f" * 16, "number": 9, "at": 1, "reason": "x"}
    told = {"name": "x", "base_url": house.site.served.url, "folder": "F", "auth": {"client_secret": clear}}
    paired = {**told, "auth": {"type": "pairing", "client_id": "x", "client_secret": clear, "refresh_token": clear}}
    for path, body in (
        ("/-/reload", {}),
        ("/api/v1/connections", paired),
        ("/api/v1/connections", paired | {"sealed": [{"field": "refresh_token", "blob": clear}]}),
        ("/api/v1/erasures", refused),
        ("/api/v1/drifts/x/accept", {"reason": "x"}),
        ("/api/v1/vault/secrets", sealed | {"client_secret": clear}),
        ("/api/v1/vault/secrets", sealed | {"blob": clear}),
        ("/api/v1/vault/secrets", sealed | {"blob": "AAAA", "reason": "x"}),
        ("/api/v1/vault/rotate", {"reason": "x", "key": clear}),
        ("/api/v1/vault/shred", {"reason": "x", "connection": "nobody", "secret": clear}),
        ("/api/v1/connections", told),
    ):
        for method in ("POST", "PUT"):
            answer = daemon.client.request(method, daemon.url + path, json=body)
            house.seen[f"{method} {path} {len(house.seen)}"] = answer.content


def told(house: House) -> None:
    """Ask the command line for all that it tells; in the short form of one tenant."""
    for each in house.site.tenants[: 1 if SHORT else None]:
        for arguments in (["explain", each.name], ["history", each.name], ["status", each.name]):
            house.run(*arguments)
        for more in ([], ["--values"]):
            file = f"{each.name}{len(more)}.cassette"
            house.run("connections", "test", each.name, "--debug", "--record", file, *more)
            if (house.site.folder / file).exists():
                house.seen[file] = (house.site.folder / file).read_bytes()
    house.run("status", "--format", "json")
    house.run("check", "config", "--format", "json")
    house.run("changes")
    house.run("alerts", "list", "--all", "--format", "json")
    for each in house.site.tenants[: 1 if SHORT else 2]:
        house.run("records", "--connection", each.name, "--resource", "BPCUSTOMER")


def processes(house: House, daemon: Daemon) -> None:
    """Keep the command lines of the daemon and of its children, and look whether it may leave its memory behind."""
    listed = Path(f"/proc/{daemon.process.pid}/task").glob("*/children")
    children = [child for each in listed for child in each.read_text().split()]
    for pid in (str(daemon.process.pid), *children):
        house.seen[f"command line of {pid}"] = Path(f"/proc/{pid}/cmdline").read_bytes()
    for pid in children:
        house.seen[f"environment of {pid}"] = Path(f"/proc/{pid}/environ").read_bytes()
    house.seen["what a program of the operator sees"] = (house.site.folder / WATCHED).read_bytes()
    limits = Path(f"/proc/{daemon.process.pid}/limits").read_text()
    assert [line.split()[4] for line in limits.splitlines() if line.startswith("Max core file size")] == ["0"]


@pytest.mark.heavy
def test_what_is_planted_comes_out_nowhere(tmp_path: Path) -> None:
    """Not in logs of level debug, answers, cards, cassettes, command lines, nor in the database or copies of it."""
    with planted_house(tmp_path) as house:
        with running(tmp_path, environ={**house.site.environ, "PYTHONFAULTHANDLER": "1"}) as daemon:
            daemon.tries *= 5
            lived(house, daemon)
            asked(house, daemon)
            told(house)
            processes(house, daemon)
            house.stored("while it runs")
            daemon.process.send_signal(signal.SIGABRT)
            assert daemon.process.wait(60) == -signal.SIGABRT
            assert "Fatal Python error: Aborted" in daemon.text()
            assert [each.name for each in tmp_path.rglob("*core*")] == []
        with running(tmp_path, environ=house.site.environ) as daemon:
            daemon.tries *= 5
            daemon.becomes("euston", "ok")
            assert daemon.end() == 0
        house.tokens()
        house.stored("at the end")
        house.run("poll", "--full")
        for each in house.site.tenants[-2:]:
            house.run("connections", "test", each.name, "--debug", "--record", f"{each.name}.cassette")
            house.seen[f"{each.name}.cassette"] = (tmp_path / f"{each.name}.cassette").read_bytes()
        house.run("connections", "remove", house.site.tenants[-1].name, "--keep-data", "--reason", "over")
        house.run("records", "--connection", "aldgate", "--resource", "BPCUSTOMER")
        house.run("db", "backup", "--to", "copy.db")
        house.seen["a copy of the database"] = (tmp_path / "copy.db").read_bytes()
        house.seen["log"] = (tmp_path / "driftd.log").read_bytes()
        house.secrets["key"] = (tmp_path / "data" / "private.key").read_text().strip()
        assert found(house.secrets, house.seen) == set()
        for key in ("key", "key of secrets", "first key of secrets"):
            raw = bytes.fromhex(house.secrets[key])
            assert [place for place, text in house.seen.items() if raw in _bytes(text)] == []
        assert b"PATH=" in _bytes(house.seen["what a program of the operator sees"])
        assert {place for name, place in found({"kept": house.kept}, house.seen)} >= {"changes", "aldgate1.cassette"}


def _bytes(text: bytes | str) -> bytes:
    return text.encode() if isinstance(text, str) else text


def test_what_is_looked_for_would_be_found() -> None:
    """A planted word is found in each form that it may take, and a part of it too."""
    secret = planted("secret")
    assert all(found({"it": secret}, {"text": b"x" + form + b"y"}) for form in forms(secret))
    assert found({"it": secret}, {"text": f"…{secret[7:31]}…"})
    assert not found({"it": secret}, {"text": planted("secret")})


def test_a_bug_with_secrets_at_hand_tells_none(tmp_path: Path) -> None:
    """Neither its traceback nor its message, nor the values of what it had before it."""
    secrets = {"known": planted("known"), "token": f"token-{token_urlsafe(24)}"}
    redaction, stream = Redaction(), StringIO()
    redaction.learn(secrets["known"])
    logs = Logs(stream, SystemClock(), level="debug", redaction=redaction)
    try:
        _fails(secrets)
    except RuntimeError as error:
        logs.log.error("a bug", error=error, token=secrets["token"], said=f"Bearer {secrets['token']}")
    assert "a bug" in stream.getvalue()
    assert found(secrets, {"log": stream.getvalue()}) == set()


def _fails(secrets: Mapping[str, str]) -> None:
    authorization = f"Bearer {secrets['token']}"
    raise RuntimeError(f"it failed with {secrets['known']!r}: authorization: {authorization}")
