"""``driftd connections add`` at a real terminal: what is typed, what is shown, and what is stored after."""

import os
import re
import signal
import socket
import socketserver
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pexpect
import pytest

from driftd.simulator import Farm, Fault, Serving, Switches, Tenant, serving
from driftd.simulator.tenant import RequestSeen
from tests.cli.test_adding import stored
from tests.house.process import ROOT, Daemon, command, head, running

CERTIFICATES = Path(__file__).parents[1] / "adapters" / "x3" / "certificates"
NAME = "call it by: "
URL = "before /api1/: "
FOLDER = "every request [ALDGATE]: "
PURPOSE = "(production, test) [production]: "
CUSTOMER = "for people (may be left empty): "
TYPE = "[client_credentials]: "
TOKENS = "tokens are issued: "
CLIENT = "client id [driftd]: "
SCOPE = "without one (may be left empty): "
ENDS = "2027-03-31 (may be left empty): "
SHARED = "share it (may be left empty): "
REFRESH = 'refresh_token of "aldgate": '
SECRET = 'client_secret of "aldgate": '
MEANT = "is that meant? [y/N]: "
INSISTS = "store it all the same? [y/N]: "


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


class House:
    """A simulated tenant, a daemon that polls nothing yet, and the folder of both."""

    def __init__(self, folder: Path, farm: Farm, served: Serving, daemon: Daemon) -> None:
        self.folder, self.served, self.daemon = folder, served, daemon
        self.tenant: Tenant = farm["aldgate"]
        self.token_url = served.url + self.tenant.token_path

    def answers(self, **changes: str) -> list[tuple[str, str]]:
        """Return a dialogue in which all goes well; a change is what is typed instead."""
        return [
            (NAME, changes.get("name", "aldgate")),
            (URL, changes.get("url", self.served.url)),
            (FOLDER, changes.get("folder", "")),
            (PURPOSE, "test"),
            (CUSTOMER, "Aldgate Packaging"),
            (TYPE, ""),
            (TOKENS, changes.get("tokens", self.token_url)),
            (CLIENT, changes.get("client", self.tenant.client_id)),
            (SCOPE, ""),
            (ENDS, ""),
            (SECRET, changes.get("secret", self.tenant.client_secret)),
        ]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("wizard")
    farm = Farm.build(tenants=1, records=10)
    text = head(web={"listen": f"127.0.0.1:{free_port()}"}, probe="5m", delta="15m", sweep="24h")
    text += '[[connections]]\nname = "bow"\nbase_url = "https://127.0.0.1:1"\nfolder = "BOW"\n'
    text += 'auth = { type = "basic", username = "u", password = { env = "HOME" } }\n'
    (folder / "driftd.toml").write_text(f'[vault]\nkey_file = "key"\n{text}')
    assert command(folder, "keys", "generate").code == 0
    with serving(farm) as served, running(folder) as daemon:
        yield House(folder, farm, served, daemon.ready())


@pytest.fixture
def house(built: House) -> Iterator[House]:
    """The house, with nothing stored in it when the test is over."""
    built.tenant.switches.move(dict(Switches().shown()))
    built.tenant.faults.clear()
    yield built
    built.tenant.on_request = None
    for name in stored(built.folder):
        path = f"{built.daemon.url}/api/v1/connections/{name}"
        assert built.daemon.client.delete(path, params={"data": "erase", "reason": "over"}).is_success


class Typed:
    """A wizard at a terminal of its own."""

    def __init__(self, house: House, *arguments: str) -> None:
        self.shown = ""
        self.child: Any = pexpect.spawn(
            sys.executable,
            ["-m", "driftd", "connections", "add", *arguments],
            cwd=str(house.folder),
            env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "dumb"},
            encoding="utf-8",
            timeout=60,
            dimensions=(50, 240),
        )
        self.child.delaybeforesend = None

    def until(self, words: str) -> str:
        """Wait until something is shown; return all since the last time."""
        self.child.expect_exact(words)
        seen = f"{self.child.before}{words}"
        self.shown += seen
        return seen

    def types(self, *dialogue: tuple[str, str]) -> "Typed":
        """Answer each question once it is asked."""
        for words, answer in dialogue:
            self.until(words)
            self.child.sendline(answer)
        return self

    def breaks_off(self) -> None:
        """Type Ctrl-C until it is heard: one that comes between a question and the reading of its answer waits."""
        for _ in range(60):
            self.child.sendintr()
            if self.child.expect_exact(["nothing was stored", pexpect.TIMEOUT], timeout=1) == 0:
                self.shown += f"{self.child.before}nothing was stored"
                break

    def ends(self) -> int:
        """Wait for the end; return the exit code."""
        self.child.expect(pexpect.EOF)
        self.shown += self.child.before
        self.child.close()
        return int(self.child.exitstatus if self.child.exitstatus is not None else -self.child.signalstatus)


def test_what_is_answered_is_tried_step_by_step_stored_and_polled(house: House) -> None:
    """Each step is shown before the next is over: the tenant waits with its orders until the customers are shown. The
    secret is on no screen."""
    shown = threading.Event()

    def waits(request: RequestSeen) -> None:
        if request.resource == "SORDER":
            assert shown.wait(60)

    house.tenant.on_request = waits
    typed = Typed(house).types(*house.answers())
    typed.until("class      BPCUSTOMER               ok")
    shown.set()
    assert typed.ends() == 0, typed.shown
    checks = re.findall(r"^(\w+) +\S+ +(?:ok|warned) +[0-9.]+ s  ", typed.shown, re.MULTILINE)
    assert checks[:6] == ["secret", "resolve", "connect", "tls", "token", "folder"]
    assert 'connection "aldgate" is valid' in typed.shown
    assert '"aldgate" is created' in typed.shown
    assert house.tenant.client_secret not in typed.shown
    table = stored(house.folder)["aldgate"]
    assert (table["folder"], table["environment"], table["customer"]) == ("ALDGATE", "test", "Aldgate Packaging")
    house.daemon.becomes("aldgate", "ok")


@pytest.mark.heavy
def test_a_pair_is_asked_for_and_tried_by_the_daemon(house: House) -> None:
    """Both of its secrets; and none where another connection shares it, though the folder has a slip that is insisted
    on. The refresh token is used once, and on no screen."""
    tenant, url = house.tenant, house.served.url + house.tenant.pair_path
    token, before = tenant.pair(), tenant.gateway.given
    gateway = [
        (TYPE, "pairing"),
        ("issues tokens: ", url),
        (CLIENT, tenant.client_id),
        (SHARED, "customer"),
        (ENDS, ""),
    ]
    typed = Typed(house).types(*house.answers()[:5], *gateway, (SECRET, tenant.client_secret), (REFRESH, token))
    assert typed.ends() == 0, typed.shown
    assert "the access token of the pair is good for" in typed.shown
    assert '"aldgate" is created' in typed.shown
    gateway[:3] = [("[pairing]: ", ""), ("issues tokens [", ""), ("client id [", "")]
    other = [(NAME, "brigg"), (URL, house.served.url), ("[BRIGG]: ", "GHOST"), *house.answers()[3:5]]
    joined = Typed(house).types(*other, *gateway, (INSISTS, "y"))
    assert joined.ends() == 0, joined.shown
    assert 'connection "brigg" is not valid' in joined.shown
    assert set(stored(house.folder)) == {"aldgate", "brigg"}
    house.daemon.becomes("aldgate", "ok")
    assert tenant.gateway.given == before + 1
    assert [each for each in (tenant.client_secret, token) if each in typed.shown] == []


def test_what_is_no_answer_is_asked_again_and_nothing_invalid_is_stored(house: House) -> None:
    """In the words of the configuration, at once; and a secret that the tenant refuses stores nothing, unless it is
    wanted."""
    typed = Typed(house)
    again: list[tuple[str, str, str]] = [
        (NAME, "Aldgate & Sons", "name must be a slug"),
        (NAME, "", "name is missing"),
        (NAME, "bow", 'there is a connection "bow" already, in the file, at connections[0]'),
        (NAME, "aldgate", ""),
        (URL, "x3.aldgate.example", "base_url must be a URL"),
        (URL, "https://169.254.169.254", "where a cloud keeps the credentials"),
        (URL, "http://10.9.8.7", "over plain http to 10.9.8.7: it must be https"),
        (URL, "https://u:planted@x3.example", "must not carry a user or password"),
        (URL, house.served.url, ""),
        (FOLDER, "AL/DGATE", "folder must be one path segment"),
        (FOLDER, "", ""),
        (PURPOSE, "prod", "environment must be one of"),
        (PURPOSE, "", ""),
        (CUSTOMER, "", ""),
        (TYPE, "cookie", "auth.type must be"),
        (TYPE, "", ""),
        (TOKENS, "https://169.254.169.254/token", "auth.token_url leads to 169.254.169.254"),
        (TOKENS, house.token_url.replace("127.0.0.1", "localhost"), MEANT),
        ("", "n", ""),
        (TOKENS, house.token_url, ""),
        (CLIENT, house.tenant.client_id, ""),
        (SCOPE, "", ""),
        (ENDS, "31.12.2030", "auth.secret_expires must be a date"),
        (ENDS, "2030-12-31", ""),
        (SECRET, "", "it is empty"),
        (SECRET, "s3cret-planted ", "begins or ends in a blank"),
        (SECRET, "s3cret-planted", ""),
    ]
    for words, answer, says in again:
        typed.types((words, answer)) if words else typed.child.sendline(answer)
        if says:
            typed.until(says)
    typed.types((INSISTS, ""))
    assert typed.ends() == 1
    assert "token      aldgate                  failed" in typed.shown
    assert "hand over the new secret" in typed.shown
    assert "nothing was stored" in typed.shown
    assert "to try again: driftd connections add --yes --name aldgate" in typed.shown
    assert "s3cret-planted" not in typed.shown
    assert stored(house.folder) == {}


@pytest.mark.parametrize("stop", [SECRET, *(pytest.param(each, marks=pytest.mark.heavy) for each in (NAME, TYPE))])
def test_whoever_breaks_off_leaves_nothing(house: House, stop: str) -> None:
    """The terminal shows what is typed again, and the exit code says how it ended."""
    typed = Typed(house)
    for words, answer in house.answers():
        typed.until(words)
        if words == stop:
            break
        typed.child.sendline(answer)
    typed.breaks_off()
    assert typed.ends() == 130
    assert stored(house.folder) == {}
    assert "Traceback" not in typed.shown


@pytest.mark.heavy
def test_whoever_breaks_off_while_it_is_tried_leaves_nothing(house: House) -> None:
    seen = threading.Event()
    house.tenant.on_request = lambda _request: seen.set()
    typed = Typed(house).types(*house.answers())
    assert seen.wait(60)
    typed.child.kill(signal.SIGINT)
    assert typed.ends() in {0, 130}
    assert ("nothing was stored" in typed.shown) == (stored(house.folder) == {})


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"url": "https://x3.aldgate.invalid", "tokens": "https://x3.aldgate.invalid/t"}, "dns_failure"),
        ({"folder": "GHOST"}, "folder_not_found"),
        ({"client": "somebody"}, "oauth_invalid_client"),
        ({}, "forbidden"),
    ],
    ids=str,
)
def test_what_only_the_tenant_can_say_is_shown_with_who_acts(house: House, changes: dict[str, str], says: str) -> None:
    if says == "forbidden":
        house.tenant.faults.append(Fault("status", resource="BPCUSTOMER", status=403))
    refused(house, Typed(house).types(*house.answers(**changes)), says)


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("certificate", "trusted", "says"),
    [("expired.pem", True, "tls_expired"), ("good.pem", False, "tls_error"), ("", False, "tls_error")],
)
def test_what_is_wrong_with_tls_is_shown(house: House, certificate: str, says: str, *, trusted: bool) -> None:
    """A certificate that has ended, one of nobody, and a port of plain http."""
    with secured(certificate) as port:
        url = f"https://localhost:{port}"
        more = ("--ca-file", str(CERTIFICATES / certificate)) if trusted else ()
        refused(house, Typed(house, *more).types(*house.answers(url=url, tokens=f"{url}/t")), says)


def refused(house: House, typed: Typed, reason: str) -> None:
    """Assert that a check fails, with who acts, and that nothing is stored."""
    typed.types((INSISTS, "n"))
    assert typed.ends() == 1
    assert re.search(rf"reason +{reason}", typed.shown)
    assert "who acts" in typed.shown
    assert stored(house.folder) == {}


@contextmanager
def secured(certificate: str) -> Iterator[int]:
    """Give a port that shows a certificate to whoever comes; without one, a port that answers in plain http."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if certificate:
        context.load_cert_chain(CERTIFICATES / certificate, CERTIFICATES / "key.pem")

    class Answers(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                if certificate:
                    context.wrap_socket(self.request, server_side=True).close()
                elif self.request.recv(1):  # none where it is only knocked at
                    self.request.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever).start()
        yield int(server.server_address[1])
        server.shutdown()


@pytest.mark.heavy
def test_a_name_that_is_polled_already_is_refused_at_once(house: House) -> None:
    """At the question, and as an option; and whoever insists has an invalid one stored."""
    typed = Typed(house).types(*house.answers(secret="planted"), (INSISTS, "y"))
    assert typed.ends() == 0
    assert set(stored(house.folder)) == {"aldgate"}
    again = Typed(house).types((NAME, "aldgate"))
    again.until('there is a connection "aldgate" already, in the database')
    again.child.sendeof()
    assert again.ends() == 130
    option = Typed(house, "--name", "aldgate")
    assert option.ends() == 2
    assert "already, in the database" in option.shown
