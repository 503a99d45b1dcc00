"""Row 10: whatever is wrong with TLS, nginx in front of the tenant: the reason, whose certificate, and nothing sent."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from driftd.adapters.clock import SystemClock
from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.settings import ClientCredentials
from driftd.core.model import Query, Resource
from driftd.core.reasons import MEANINGS, State
from driftd.core.secret import Secret
from driftd.errors import Reason, SourceError
from driftd.simulator import Farm, Serving, Tenant, serving
from tests.adapters.x3.asking import CERTIFICATES
from tests.adapters.x3.scripted import settings
from tests.faults.front import Front, fronting, needs_nginx
from tests.faults.observing import Observe
from tests.house.process import connection, head, running

pytestmark = [pytest.mark.anyio, needs_nginx]
AUTHORITY = {"ca_file": CERTIFICATES / "authority.pem"}
CLIENT = {"client_cert_file": CERTIFICATES / "client.pem", "client_key_file": CERTIFICATES / "client-key.pem"}
STRANGER = {"client_cert_file": CERTIFICATES / "good.pem", "client_key_file": CERTIFICATES / "key.pem"}
CUSTOMERS = Resource("aldgate", "BPCUSTOMER", "BPCUSTOMER", ("BPCNUM",))
_WANTED = (f"ssl_client_certificate {CERTIFICATES / 'authority.pem'};", "ssl_verify_client on;")
FRONTS = {
    "good": Front(),
    "expired": Front("outdated"),
    "wrong name": Front("wrong-name"),
    "self-signed": Front("good"),
    "client": Front(told=_WANTED),
    "old": Front(told=("ssl_protocols TLSv1 TLSv1.1;", "ssl_ciphers ALL:@SECLEVEL=0;")),
    "small": Front(told=("client_max_body_size 10;",)),
    "closed": Front(told=("location ~ /auth/ { return 503; }", "add_header Retry-After 7 always;")),
    "shut": Front(told=("location /api1 { return 503; }", "add_header Retry-After 7 always;")),
}


@dataclass
class Site:
    """A tenant behind its fronts."""

    served: Serving
    tenant: Tenant
    fronts: Any

    def source(self, front: str, **changes: Any) -> X3Source:
        base = self.fronts[front]
        auth = ClientCredentials(
            f"{base}{self.tenant.token_path}", self.tenant.client_id, Secret(self.tenant.client_secret)
        )
        known: dict[str, Any] = {"base_url": base, "folder": self.tenant.folder, "endpoint": self.tenant.endpoint}
        return X3Source(settings(auth, **known | changes), None, SystemClock())

    async def failure(self, front: str, **changes: Any) -> SourceError:
        """Read behind a front that must not let it."""
        async with self.source(front, **changes) as given:
            with pytest.raises(SourceError) as error:
                await given.page(CUSTOMERS, Query(10))
        return error.value


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    farm = Farm.build(tenants=1, records=25, only=("BPCUSTOMER",))
    with serving(farm) as served, fronting(tmp_path_factory.mktemp("nginx"), served.url, FRONTS) as fronts:
        yield Site(served, farm["aldgate"], fronts)


@pytest.mark.fault(10)
@pytest.mark.parametrize(
    ("front", "changes", "reason", "says"),
    [
        ("expired", AUTHORITY, Reason.TLS_EXPIRED, ('Solutions, localhost"', "good until 2021-01-01")),
        ("wrong name", AUTHORITY, Reason.TLS_ERROR, ("Hostname mismatch", 'for "x3.example, *.x3.example"')),
        ("good", {}, Reason.TLS_ERROR, ("unable to get local issuer", 'private authority"')),
        ("self-signed", AUTHORITY, Reason.TLS_ERROR, ("self-signed certificate", 'of "localhost"')),
        ("old", AUTHORITY, Reason.TLS_ERROR, ("no TLS of version 1.2",)),
        ("client", AUTHORITY, Reason.TLS_ERROR, ("asks for a client certificate that it trusts", "client_cert_file")),
        ("client", AUTHORITY | STRANGER, Reason.TLS_ERROR, ("client certificate", "client_cert_file")),
    ],
    ids=["expired", "wrong name", "private authority", "self-signed", "TLS 1.1", "no client certificate", "another's"],
)  # fmt: skip
async def test_untrusted_tls_has_its_reason_and_sends_nothing(
    site: Site, observe: Observe, front: str, changes: dict[str, Any], reason: Reason, says: tuple[str, ...]
) -> None:
    """The session ends before a token is asked for; the words tell whose certificate it was, or what is asked of us."""
    before = len(site.served.requests)
    error = await site.failure(front, **changes)
    sent = len(site.served.requests) - before
    observe(f"{error.reason}: {str(error).partition(': ')[2].partition(': ')[2] or error}; {sent} requests passed")
    assert error.reason is reason
    assert all(each in f"{error} {error.hint}" for each in says), f"{error} {error.hint}"
    assert sent == 0
    assert MEANINGS[error.reason].state is State.UNREACHABLE


@pytest.mark.fault(10)
@pytest.mark.parametrize(("front", "changes"), [("good", AUTHORITY), ("client", AUTHORITY | CLIENT)])
async def test_what_is_trusted_is_read(site: Site, observe: Observe, front: str, changes: dict[str, Any]) -> None:
    """A private authority with `ca_file`, a front that wants to know us with a client certificate: all records come."""
    found: set[str] = set()
    async with site.source(front, **changes) as given:
        query: Query | None = Query(10)
        while query is not None:
            page = await given.page(CUSTOMERS, query)
            found |= {str(given.decode(each)["BPCNUM"]) for each in given.split(page)}
            query = Query(10, next=page.next) if page.next is not None else None
    truth = {str(key[0]) for key in site.tenant.records("BPCUSTOMER", facet="$query")}
    lost, invented = len(truth - found), len(found - truth)
    observe(f"trusted with {', '.join(changes)}: {len(found)} records read", lost=lost, invented=invented)
    assert found == truth


@pytest.mark.fault(10)
def test_the_daemon_tells_of_each_and_polls_the_others(site: Site, tmp_path: Path, observe: Observe) -> None:
    """One daemon, one connection a front: state, reason and text of each, while the trusted one goes on."""
    (tmp_path / "secret").write_text(site.tenant.client_secret)
    trusted = {name: str(path) for name, path in (AUTHORITY | CLIENT).items()}
    known = {"expired": "tls_expired", "wrong name": "tls_error", "old": "tls_error", "good": ""}
    text = [head(requests_per_day=10**8)]
    for front in known:
        token = f'token_url = "{site.fronts[front]}{site.tenant.token_path}"\nclient_id = "{site.tenant.client_id}"\n'
        auth = f'{token}client_secret = {{ file = "secret" }}\n'
        name = front.replace(" ", "-")
        text.append(connection(site.tenant, site.fronts[front], [CUSTOMERS.name], name=name, auth=auth, **trusted))
    (tmp_path / "driftd.toml").write_text("".join(text))
    with running(tmp_path) as daemon:
        for front, reason in known.items():
            daemon.becomes(front.replace(" ", "-"), "unreachable" if reason else "ok")
        told = daemon.text()
        states = [daemon.state(front.replace(" ", "-")) for front in known]
        failures = {
            front: daemon.value("driftd_poll_failures_total", connection=front.replace(" ", "-"), reason=reason)
            for front, reason in known.items()
            if reason
        }
    observe(f"in one daemon: {', '.join(f'{front} {state}' for front, state in zip(known, states, strict=True))}")
    assert states == ["unreachable", "unreachable", "unreachable", "ok"]
    assert all(failures.values()), failures
    assert "good until 2021-01-01" in told
    assert "Hostname mismatch" in told
    assert "no TLS of version 1.2" in told


@pytest.mark.parametrize(
    ("front", "reason", "status", "says"),
    [
        ("small", Reason.GATEWAY_ERROR, 413, "takes no request of this size"),
        ("closed", Reason.GATEWAY_ERROR, 503, "the token endpoint answers 503"),
        ("shut", Reason.GATEWAY_ERROR, 503, '"BPCUSTOMER" answers 503'),
    ],
)
async def test_what_the_front_answers_itself_is_not_taken_for_the_tenants(
    site: Site, front: str, reason: Reason, status: int, says: str
) -> None:
    """A limit of its own, and a maintenance with the time until which to wait."""
    error = await site.failure(front, **AUTHORITY)
    assert (error.reason, error.status) == (reason, status)
    assert says in str(error)
    assert error.retry_after == (7.0 if status == 503 else None)
