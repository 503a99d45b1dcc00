"""What a program asks a daemon to check is checked as the command line does, over HTTP, and not for ever."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anyio
import httpx
import msgspec
import pytest

from driftd.adapters.vault.making import make_file
from driftd.adapters.x3 import trial as x3
from driftd.app import catalogue, daemon, trial
from driftd.app.trial import Opening, checked, examined
from driftd.config import load
from driftd.core.secret import Secret
from driftd.faces.http import documents_trial
from driftd.faces.http.documents_deeds import Brought
from driftd.simulator import Farm, Fault, RequestSeen, Tenant, serving
from tests.contracts.stores import room

PATH = "/api/v1/connections"
CLASSES = ("BPCUSTOMER", "ITMMASTER", "SORDER", "CCE")
CAPABLE = {"BPCUSTOMER": "available", "ITMMASTER": "not_licensed", "SORDER": "no_right", "CCE": "unknown"}
HEAD = """
[daemon]
data_dir = "data"
[vault]
key_file = "key"
[web]
listen = "127.0.0.1:0"
[store]
ballast = "64KiB"
[network]
allow_http = ["127.0.0.0/8"]
[defaults]
probe = "24h"
delta = "24h"
sweep = "24h"
"""


@dataclass
class House:
    """A daemon in this process, a tenant that it may be brought, and a client."""

    tenant: Tenant
    url: str
    alive: daemon.Alive
    client: httpx.AsyncClient

    def body(self, **more: Any) -> dict[str, Any]:
        auth = {
            "token_url": self.url + self.tenant.token_path,
            "client_id": self.tenant.client_id,
            "client_secret": self.tenant.client_secret,
        }
        classes = [{"name": each, "key": ["CCE"]} if each == "CCE" else {"name": each} for each in CLASSES]
        return {"base_url": self.url, "folder": self.tenant.folder, "auth": auth, "resources": classes, **more}

    async def put(self, **more: Any) -> httpx.Response:
        return await self.client.put(f"{PATH}/aldgate", json=self.body(**more))


@asynccontextmanager
async def housed(only: tuple[str, ...] = ("BPCUSTOMER", "ITMMASTER", "SORDER")) -> AsyncIterator[House]:
    farm = Farm.build(tenants=1, records=20, only=only)
    with serving(farm) as served, room() as folder, (folder / "log").open("w") as log:
        make_file(folder / "key")
        (folder / "driftd.toml").write_text(HEAD)
        config = load(folder / "driftd.toml", catalogue())
        process = daemon.Process(lambda: config, log, os.environ)
        async with daemon.living(config, process) as alive, anyio.create_task_group() as group:
            group.start_soon(alive.running.run)
            ours = {"x-driftd": "1"}
            async with httpx.AsyncClient(base_url=alive.url, headers=ours, trust_env=False, timeout=60) as client:
                yield House(farm["aldgate"], served.url, alive, client)
            group.cancel_scope.cancel()


def capabilities(check: Mapping[str, Any]) -> dict[str, str | None]:
    return {each["subject"]: each["capability"] for each in check["steps"] if each["check"] == "class"}


def found(steps: Any) -> list[tuple[str, ...]]:
    """Return what each step is of, and how it ended."""
    names = ("check", "subject", "outcome", "capability", "reason")
    told = msgspec.to_builtins(steps)
    return [tuple(each[name] for name in names) for each in told]


async def test_a_program_is_told_what_the_command_line_tells() -> None:
    """A connection that is brought, changed, or tested has each class looked at: one that is not licensed, one without
    a right and one that nobody knows are told apart, beside all that is tried of the way, the folder and the page."""
    async with housed() as house:
        house.tenant.set_access({"ITMMASTER": "unlicensed", "SORDER": "forbidden"})
        brought = await house.put()
        assert brought.status_code == 201, brought.text
        msgspec.convert(brought.json(), Brought)
        changed = await house.put(customer="Aldgate Packaging")
        assert (changed.status_code, changed.json()["change"]) == (200, "changed")
        tested = (await house.client.post(f"{PATH}/aldgate/test")).json()
        msgspec.convert(tested, documents_trial.Trial)
        checks = [brought.json()["check"], changed.json()["check"], tested]
        assert [capabilities(each) for each in checks] == [CAPABLE] * 3
        assert [each["valid"] for each in checks] == [True] * 3
        (connection,) = house.alive.running.config.connections
        assert not (await checked(connection, Opening(lambda _secret: None))).valid  # there is no secret
        same = await examined(connection, safe=Kept(house.tenant.client_secret))  # type: ignore[arg-type]
        assert [found(each["steps"]) for each in checks] == [found(same.steps)] * 3
        assert {each["requests"] for each in checks} == {same.requests}
        assert {"page_cap", "watermark", "clock", "folder", "write", "tls"} <= {step[0] for step in found(same.steps)}


class Kept:
    """Keeps one secret."""

    def __init__(self, secret: str) -> None:
        self._secret = Secret(secret)

    def secret(self, _name: str, _field: str) -> Secret:
        return self._secret


async def test_a_connection_whose_customers_are_not_read_is_not_stored() -> None:
    """Its classes are looked at all the same, where the refusal may be of one alone; each has its capability."""
    async with housed() as house:
        house.tenant.set_access({"BPCUSTOMER": "forbidden"})
        refused = await house.put()
        assert refused.status_code == 422
        assert capabilities(refused.json()["check"]) == {**CAPABLE, "BPCUSTOMER": "no_right"} | {
            "ITMMASTER": "available",
            "SORDER": "available",
        }
        assert (await house.client.get(PATH)).json()["connections"] == []


@pytest.mark.parametrize("hangs", ["ITMMASTER", "BPCUSTOMER"])
async def test_a_check_of_a_tenant_that_does_not_answer_is_over_in_time(
    monkeypatch: pytest.MonkeyPatch, hangs: str
) -> None:
    """What was found until then is told; the class under way is unknown, and the others are not looked at. Where the
    test read itself is not over, the connection is not valid."""
    scopes: list[tuple[float, anyio.CancelScope]] = []

    def over_when_it_is_said(seconds: float) -> anyio.CancelScope:
        scopes.append((seconds, anyio.CancelScope()))
        return scopes[-1][1]

    monkeypatch.setattr(x3, "move_on_after", over_when_it_is_said)
    async with housed() as house:
        loop = asyncio.get_running_loop()

        def time_is_over(request: RequestSeen) -> None:
            if request.resource == hangs:
                loop.call_soon_threadsafe(scopes[0][1].cancel)

        house.tenant.faults.append(Fault("hang", resource=hangs))
        house.tenant.on_request = time_is_over
        answer = await house.put()
        check = answer.json()["check"]
        told = {(each["check"], each["subject"]): each for each in check["steps"]}
        assert [seconds for seconds, _ in scopes] == [trial.SECONDS]
        failed = [each for each in check["steps"] if each["outcome"] == "failed"]
        assert {each["message"] for each in failed} == {"the check is not over after 150 s"}
        assert {each["reason"] for each in failed} == {"timeout"}
        assert [told["class", each]["outcome"] for each in ("SORDER", "CCE")] == ["skipped", "skipped"]
        if hangs == "BPCUSTOMER":
            assert (answer.status_code, check["valid"]) == (422, False)
            assert [each["check"] for each in failed] == ["folder"]
            return
        assert (answer.status_code, check["valid"]) == (201, True)
        assert capabilities(check) == {"BPCUSTOMER": "available", "ITMMASTER": "unknown", "SORDER": None, "CCE": None}


async def test_a_scraper_waits_for_no_class() -> None:
    """A live probe is for the way, the token and the test read."""
    async with housed() as house:
        assert (await house.put()).status_code == 201
        house.tenant.faults.append(Fault("hang", resource="SORDER"))
        story = (await house.client.get("/probe?target=aldgate&fresh=1&debug=1")).text
        assert "read BPCUSTOMER: ok" in story
        assert " class " not in story
        assert "probe_success 1" in story
