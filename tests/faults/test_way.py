"""Rows 9, 35 and 36: names that are not found, redirects, plain http and the environment; over real HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from driftd.adapters.clock import SystemClock
from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.settings import Basic, Proof
from driftd.core.model import Query
from driftd.core.network import Egress
from driftd.core.secret import Secret
from driftd.errors import Reason, SourceError
from driftd.simulator import Farm, Fault, Serving, serving
from tests.adapters.x3.asking import CERTIFICATES
from tests.adapters.x3.names import Names
from tests.adapters.x3.scripted import settings
from tests.adapters.x3.sockets import Wire, answered, listening
from tests.faults.observing import Observe
from tests.house.door import certified
from tests.house.rig import Rig, resource, rig, truth

pytestmark = pytest.mark.anyio
NAME = "x3.aldgate.example"
CLASS = "BPCUSTOMER"


class House:
    """A tenant that was swept once, and how it is reached."""

    def __init__(self, house: Rig, served: Serving) -> None:
        self.rig = house
        self.served = served

    async def begun(self) -> None:
        """Sweep once, and read what a consumer begins with; then let business go on."""
        assert [each.outcome for each in await self.rig.poll()] == ["ok"]
        self.rig.told = {CLASS: await self.rig.snapshot(CLASS)}
        self.rig.tenant.advance(create=3, update=4, delete=1, update_lines=0, resource=CLASS)

    async def fails(self, reason: Reason) -> str:
        """Poll in vain: nothing is told and the snapshot stays. Return what was said."""
        before = await self.rig.snapshot(CLASS)
        (report,) = await self.rig.poll()
        assert (report.outcome, report.reason) == ("failed", reason), report.message
        assert report.hint
        assert await self.rig.follow() == 0
        assert await self.rig.snapshot(CLASS) == before
        return f"{reason}: {report.message}"

    async def recovers(self) -> dict[str, int]:
        """Poll well again; return what the log lacks, and what it has too many."""
        (report,) = await self.rig.poll()
        assert report.outcome == "ok", report.message
        await self.rig.follow()
        want, told = truth(self.rig.tenant, CLASS, "$query"), self.rig.told[CLASS]
        lost = sum(told.get(key) != record for key, record in want.items())
        return {"lost": lost, "invented": len(told.keys() - want.keys())}


@asynccontextmanager
async def housed(folder: Path, host: str = "127.0.0.1", **settings: Any) -> AsyncIterator[House]:
    """Give a tenant that is served on every address of loopback and reached by `host`; no failure makes it rest."""
    farm, known = Farm.build(tenants=1, records=25, only=(CLASS,)), {"proof": Proof(second_look=0.0)} | settings
    with serving(farm, "0.0.0.0") as served:
        url = f"http://{host}:{urlsplit(served.url).port}"
        async with rig(farm["aldgate"], url, folder, [resource(CLASS)], **known) as house:
            yield House(house, served)


@pytest.mark.fault(9)
async def test_a_name_that_is_not_found_is_told_and_looked_up_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, observe: Observe
) -> None:
    """Each connect asks for the name anew, so a tenant that moved is found, and no stale address is used meanwhile."""
    names = Names(monkeypatch)
    names.lead(NAME, ("127.0.0.1",))
    async with housed(tmp_path, NAME) as house:
        house.rig.tenant.faults.append(Fault("close"))
        await house.begun()
        asked, requests = len(names.asked), len(house.served.requests)
        assert asked > 1
        del names.known[NAME]
        said = [await house.fails(Reason.DNS_FAILURE) for _ in range(2)]
        in_vain, reached = len(names.asked) - asked, len(house.served.requests) - requests
        names.lead(NAME, ("127.0.0.3",))
        counted = await house.recovers()
    observe(f"{said[0]}; looked up {in_vain} times in 2 polls; found where it moved to", **counted)
    assert said[0] == said[1]
    assert in_vain == 2
    assert reached == 0
    assert counted == {"lost": 0, "invented": 0}


async def untouched(wire: Wire) -> None:
    """Read whatever comes; nothing must."""
    await wire.request()


REDIRECTS = {
    "data": (Fault("redirect", resource=CLASS), Reason.MAINTENANCE_PAGE),
    "token": (Fault("redirect", path="/auth/token"), Reason.MAINTENANCE_PAGE),
    "next link": (Fault("next_elsewhere", resource=CLASS), Reason.PAGING_INCOMPLETE),
}


@pytest.mark.fault(35)
@pytest.mark.parametrize("what", REDIRECTS)
async def test_a_redirect_is_not_followed_even_where_it_could_be(tmp_path: Path, observe: Observe, what: str) -> None:
    """The host that it names listens and may be connected to: it gets no connection, so no header leaks there."""
    fault, reason = REDIRECTS[what]
    async with listening(untouched, host="127.0.0.7") as elsewhere, housed(tmp_path) as house:
        await house.begun()
        fault.to = f"http://127.0.0.7:{elsewhere.port}"
        house.rig.tenant.faults.append(fault)
        house.rig.tenant.revoke_tokens()
        said = await house.fails(reason)
        house.rig.tenant.faults.clear()
        counted = await house.recovers()
        connections = elsewhere.connections
    observe(f"{what}: {said}; {connections} connections there", **counted)
    assert connections == 0
    assert elsewhere.asked == []
    assert "127.0.0.7" not in said
    assert counted == {"lost": 0, "invented": 0}


@pytest.mark.fault(36)
async def test_plain_http_leads_nowhere_outside_of_allow_http(tmp_path: Path, observe: Observe) -> None:
    """Not even to an address that is admitted over TLS; the words name the setting."""
    private = Egress(allow_networks=(ip_network("127.0.0.0/8"),), allow_http=(ip_network("10.0.0.0/8"),))
    async with housed(tmp_path, egress=private) as house:
        (report,) = await house.rig.poll()
        sent = len(house.served.requests)
    observe(f"{report.reason}: {report.message}; {sent} requests sent")
    assert (report.outcome, report.reason) == ("failed", Reason.ADDRESS_NOT_ALLOWED)
    assert 'allow_http, such as "127.0.0.1/32"' in report.hint
    assert sent == 0


@pytest.mark.fault(36)
async def test_a_link_from_https_to_plain_http_is_not_followed(observe: Observe) -> None:
    """Not even to the same host and port, where plain http is admitted."""

    async def linked(wire: Wire) -> None:
        await wire.request()
        link = f"http://localhost:{server.port}/api1/x3/erp/ALDGATE/{CLASS}?key=gt.1"
        await wire.send(answered(f'{{"$resources":[],"$links":{{"$next":{{"$url":"{link}"}}}}}}'.encode()))
        await wire.request()

    async with listening(linked, certified("good")) as server:
        base, trusted = f"https://localhost:{server.port}", CERTIFICATES / "good.pem"
        given = settings(Basic("u", Secret("hunter2")), base_url=base, ca_file=trusted)
        async with X3Source(given, None, SystemClock()) as source:
            page = await source.page(resource(CLASS), Query(5))
            with pytest.raises(SourceError) as error:
                await source.page(resource(CLASS), Query(5, next=page.next))
    observe(f"$next to http: {error.value.reason}; {len(server.asked)} request, {server.connections} connection")
    assert error.value.reason is Reason.PAGING_INCOMPLETE
    assert (len(server.asked), server.connections) == (1, 1)


@pytest.mark.fault(36)
async def test_the_environment_leads_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, observe: Observe) -> None:
    """Proxy variables in every spelling and a .netrc for the host change neither the way nor who we are."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login planted password planted\ndefault login planted\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    async with listening(untouched, host="127.0.0.7") as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            for each in (name, name.upper()):
                monkeypatch.setenv(each, f"http://127.0.0.7:{proxy.port}")
        async with housed(tmp_path / "data") as house:
            seen: list[str] = []
            house.rig.tenant.on_request = lambda request: seen.append(request.headers.get("authorization", ""))
            await house.begun()
            counted = await house.recovers()
    tokens = sum(each.startswith("Bearer ") for each in seen)
    observe(f"{len(seen)} requests straight to the tenant, {proxy.connections} by the variables", **counted)
    assert proxy.connections == 0
    assert tokens > 1
    assert not any("Basic" in each for each in seen)
    assert counted == {"lost": 0, "invented": 0}
