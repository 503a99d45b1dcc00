"""The live check: each thing that can be wrong is found at its step, with its reason, and the rest is skipped."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from driftd.adapters.clock import SystemClock
from driftd.adapters.x3 import tape
from driftd.adapters.x3.disguise import Disguise
from driftd.adapters.x3.settings import Basic, ClientCredentials, ConnectedApp, X3Settings
from driftd.adapters.x3.steps import Listeners
from driftd.adapters.x3.trial import examine
from driftd.core.model import Resource
from driftd.core.secret import Secret
from driftd.core.trial import Capability, Check, Step, StepOutcome, Trial
from driftd.errors import Reason
from driftd.simulator import Farm, Fault, Switches, Tenant, serving
from tests.adapters.x3.looked import BOTH, CUSTOMERS, FAILED, OK, ORDERS, SKIPPED, WARNED, step
from tests.fakes.loopback import LOOPBACK

pytestmark = pytest.mark.anyio


@dataclass
class Site:
    """A served tenant, and how it is checked."""

    farm: Farm
    tenant: Tenant
    url: str

    def settings(self, **changes: Any) -> X3Settings:
        secret = Secret(self.tenant.client_secret)
        auth = ClientCredentials(f"{self.url}{self.tenant.token_path}", self.tenant.client_id, secret)
        known: dict[str, Any] = {"name": "aldgate", "base_url": self.url, "folder": self.tenant.folder, "auth": auth}
        known["egress"] = LOOPBACK
        return X3Settings(**(known | changes))

    async def trial(self, *resources: Resource, **changes: Any) -> Trial:
        return await examine(self.settings(**changes), resources or BOTH, SystemClock())


@pytest.fixture(scope="module")
def served() -> Iterator[Site]:
    farm = Farm.build(tenants=1, records=40, seed=11, only=("BPCUSTOMER", "SORDER"))
    with serving(farm) as running:
        yield Site(farm, farm["aldgate"], running.url)


@pytest.fixture
def here(served: Site) -> Site:
    served.tenant.faults.clear()
    served.tenant.switches.move(dict(Switches().shown()))
    return served


def outcomes(trial: Trial) -> dict[Check, StepOutcome]:
    return {each.check: each.outcome for each in trial.steps if each.subject != "SORDER"}


async def test_a_good_connection_is_valid_and_costs_few_requests(here: Site) -> None:
    """A token, BPCUSTOMER and one of its records for the folder's name, two reads of a document class, and three of
    what is declared of writing.
    """
    trial = await here.trial()
    assert trial.valid
    assert trial.requests == 8
    assert set(outcomes(trial)) == set(Check) - {Check.RECORD}
    assert {each.outcome for each in trial.steps if each.check is not Check.TLS} == {OK}
    assert step(trial, Check.TLS).outcome is WARNED
    assert 'names "ALDGATE"' in step(trial, Check.FOLDER).message
    assert step(trial, Check.TOKEN).facts["life"] == 300
    assert step(trial, Check.RESOLVE).facts["addresses"] == "127.0.0.1"
    assert step(trial, Check.CLASS, "SORDER").message == "available with details"


async def test_basic_is_tried_by_the_test_read(here: Site) -> None:
    good = Basic(here.tenant.username, Secret(here.tenant.password))
    assert (await here.trial(auth=good)).valid
    trial = await here.trial(auth=Basic(here.tenant.username, Secret("wrong")))
    assert not trial.valid
    assert step(trial, Check.READ).reason is Reason.UNAUTHORIZED


async def test_a_connected_application_is_tried_by_the_test_read(here: Site) -> None:
    """No token is asked for: its step says what is signed, without the token, and a refusal names the setting."""
    here.tenant.switches.connected_app_jwt = "accepted"
    secret = Secret(here.tenant.client_secret)
    good = ConnectedApp(here.tenant.client_id, secret, here.tenant.username, here.tenant.audience)
    before = here.tenant.requests[here.tenant.token_path]
    trial = await here.trial(auth=good)
    assert trial.valid
    assert here.tenant.requests[here.tenant.token_path] == before
    assert trial.requests == 7
    signed = step(trial, Check.TOKEN)
    assert "none is asked for" in signed.message
    assert all(f'"{each}"' in signed.message for each in (good.client_id, good.username, good.audience))
    assert signed.facts == {"audience": good.audience, "life": 300}
    assert "eyJ" not in str(trial)
    assert secret.reveal() not in str(trial)
    trial = await here.trial(auth=replace(good, audience=good.audience + "/"))
    failed = step(trial, Check.READ)
    assert (trial.valid, failed.reason) == (False, Reason.CONFIG_ERROR)
    assert '"Error 45: Invalid token"' in failed.message
    assert "audience" in failed.hint


async def test_a_cassette_hides_who_a_connected_application_is(here: Site) -> None:
    app = ConnectedApp("planted-client", Secret("planted-secret"), "planted-user", "https://planted.example/xtrem/api")
    hidden = set(tape.secrets_of(here.settings(auth=app)))
    assert {"planted-client", "planted-secret", "planted-user", "planted.example"} <= hidden


async def test_a_wrong_secret_fails_the_token_and_reads_nothing(here: Site) -> None:
    """Not one class is asked for, and neither secret nor client is shown."""
    before = here.tenant.requests["BPCUSTOMER"]
    auth = ClientCredentials(f"{here.url}{here.tenant.token_path}", "planted-client", Secret("planted-secret"))
    trial = await here.trial(auth=auth)
    assert not trial.valid
    failed = step(trial, Check.TOKEN)
    assert (failed.outcome, failed.reason) == (FAILED, Reason.OAUTH_INVALID_CLIENT)
    assert failed.facts["status"] == 401
    assert "invalid_client" in str(failed.facts["answer"])
    assert failed.hint
    after = trial.steps[trial.steps.index(failed) + 1 :]
    assert {each.outcome for each in after} == {SKIPPED}
    assert {each.message for each in after} == {"there is no token"}
    assert here.tenant.requests["BPCUSTOMER"] == before
    assert "planted" not in str(trial)


@pytest.mark.parametrize(
    "changes", [{"folder": "GHOST", "endpoint": "ALDGATE"}, {"folder": "ALDGATE", "endpoint": "X"}]
)
async def test_a_wrong_folder_or_endpoint_is_found_at_the_folder(here: Site, changes: dict[str, str]) -> None:
    trial = await here.trial(**changes)
    assert not trial.valid
    assert (step(trial, Check.FOLDER).outcome, step(trial, Check.FOLDER).reason) == (FAILED, Reason.FOLDER_NOT_FOUND)
    assert step(trial, Check.READ).outcome is SKIPPED
    assert step(trial, Check.CLASS, "SORDER").outcome is SKIPPED


@pytest.mark.parametrize("facet", ["$query", "$details"])
async def test_records_of_another_folder_fail_the_folder(here: Site, facet: str) -> None:
    """Also where only the details name it."""
    here.tenant.faults.append(Fault("wrong_folder", resource="BPCUSTOMER", facet=facet, to="OTHER"))
    trial = await here.trial()
    assert not trial.valid
    failed = step(trial, Check.FOLDER)
    assert (failed.outcome, failed.reason) == (FAILED, Reason.WRONG_FOLDER)
    assert '"OTHER" answers' in failed.message


async def test_details_that_are_refused_leave_the_folder_unnamed_and_the_connection_valid(here: Site) -> None:
    here.tenant.switches.move({"details_facet": "refused_403"})
    trial = await here.trial()
    assert trial.valid
    assert step(trial, Check.FOLDER).message == "accepted; the answer does not name its folder"
    found = step(trial, Check.CLASS, "SORDER")
    assert (found.outcome, found.reason) == (WARNED, Reason.FORBIDDEN)
    assert "lines are not captured" in found.message


@pytest.mark.parametrize(
    ("fault", "reason", "words"),
    [
        (Fault("status", resource="SORDER", status=403), Reason.FORBIDDEN, "no right to read it"),
        (Fault("status", resource="SORDER", status=404), Reason.RESOURCE_NOT_FOUND, "not licensed, or its"),
        (Fault("status", resource="SORDER", status=500), Reason.SERVER_ERROR, "answers 500"),
        (Fault("malformed", resource="SORDER"), Reason.INVALID_PAYLOAD, "not"),
    ],
)
async def test_a_class_that_cannot_be_read_fails_alone(here: Site, fault: Fault, reason: Reason, words: str) -> None:
    here.tenant.faults.append(fault)
    trial = await here.trial()
    assert trial.valid
    found = step(trial, Check.CLASS, "SORDER")
    assert (found.outcome, found.reason) == (FAILED, reason)
    assert words in found.message
    assert step(trial, Check.CLASS, "BPCUSTOMER").outcome is OK


async def test_customers_that_may_not_be_read_make_it_invalid_but_other_classes_are_looked_at(here: Site) -> None:
    here.tenant.faults.append(Fault("status", resource="BPCUSTOMER", status=403))
    trial = await here.trial()
    assert not trial.valid
    assert step(trial, Check.READ).reason is Reason.FORBIDDEN
    assert step(trial, Check.FOLDER).outcome is SKIPPED
    assert step(trial, Check.CLASS, "SORDER").outcome is OK


async def test_what_a_tenant_offers_of_a_class_is_told_apart(here: Site) -> None:
    """Of one that no installation has to have nothing is known; one that fails for another reason may be there."""
    cost_centres = Resource("aldgate", "CCE", "CCE", ("CCE",))
    seen = []
    for access in ("open", "unlicensed", "forbidden"):
        here.tenant.set_access({"SORDER": access})
        trial = await here.trial(CUSTOMERS, ORDERS, cost_centres)
        seen.append(step(trial, Check.CLASS, "SORDER").capability)
        assert step(trial, Check.CLASS, "CCE").capability is Capability.UNKNOWN
        assert step(trial, Check.CLASS, "BPCUSTOMER").capability is Capability.AVAILABLE
    assert seen == [Capability.AVAILABLE, Capability.NOT_LICENSED, Capability.NO_RIGHT]
    here.tenant.set_access({"SORDER": "open"})
    here.tenant.faults.append(Fault("status", resource="SORDER", status=500))
    assert step(await here.trial(), Check.CLASS, "SORDER").capability is Capability.UNKNOWN


@pytest.mark.parametrize(
    ("switches", "customers", "orders"),
    [
        ({}, "may be created and changed", "may be created"),
        ({"writable": "none"}, "read only: records are not to be created or changed", "read only"),
        ({"prototypes": "absent"}, "not known", "not known"),
        ({"prototypes": "refused"}, "not known", "not known"),
    ],
    ids=str,
)
async def test_what_may_be_written_is_asked_of_what_is_declared(
    here: Site, switches: dict[str, str], customers: str, orders: str
) -> None:
    """Every request reads, and what is not to be written makes no connection invalid."""
    here.tenant.switches.move(dict(switches))
    methods: set[str] = set()
    here.tenant.on_request = lambda request: methods.add(request.method)
    trial = await here.trial()
    here.tenant.on_request = None
    assert methods == {"GET", "POST"}  # the latter for a token
    assert trial.valid
    assert customers in step(trial, Check.WRITE, "BPCUSTOMER").message
    assert orders in step(trial, Check.WRITE, "SORDER").message


async def test_what_cannot_be_read_is_not_asked_for_writing(here: Site) -> None:
    here.tenant.faults.append(Fault("status", resource="SORDER", status=403))
    assert step(await here.trial(), Check.WRITE, "SORDER").outcome is SKIPPED


async def test_each_step_is_told_as_soon_as_it_is_taken(here: Site) -> None:
    """Before the next one asks the tenant for anything, and all that are told are those of the trial."""
    told: list[tuple[Check, int]] = []
    steps: list[Step] = []

    def tell(each: Step) -> None:
        steps.append(each)
        told.append((each.check, here.tenant.requests["BPCUSTOMER"]))

    before = here.tenant.requests["BPCUSTOMER"]
    trial = await examine(here.settings(), BOTH, SystemClock(), Listeners(tell=tell))
    assert tuple(steps) == trial.steps
    asked = dict(reversed(told))
    assert asked[Check.TOKEN] == before
    assert asked[Check.READ] < here.tenant.requests["BPCUSTOMER"]


@pytest.mark.parametrize(
    ("end", "says"), [("\n", "line break"), ("\r\n", "line break"), (" ", "blank"), ("\u200b", "not seen")]
)
async def test_a_secret_that_was_taken_over_with_more_is_said(here: Site, end: str, says: str) -> None:
    """Without the secret, and in time: the refusal that follows would only blame it as a whole."""
    secret = Secret(here.tenant.client_secret + end)
    auth = ClientCredentials(f"{here.url}{here.tenant.token_path}", here.tenant.client_id, secret)
    trial = await here.trial(auth=auth)
    found = step(trial, Check.SECRET)
    assert (found.outcome, trial.valid) == (WARNED, False)
    assert says in found.message
    assert found.hint
    assert here.tenant.client_secret not in str(trial)


async def test_a_token_url_on_another_host_is_noted_with_that_host(here: Site) -> None:
    """It is where the secret goes. Another port of the same host is not another host."""
    assert step(await here.trial(), Check.SECRET).outcome is OK
    url = here.url.replace("127.0.0.1", "localhost")
    auth = ClientCredentials(f"{url}{here.tenant.token_path}", here.tenant.client_id, Secret(here.tenant.client_secret))
    trial = await here.trial(auth=auth)
    found = step(trial, Check.SECRET)
    assert (found.outcome, found.facts) == (WARNED, {"sent_to": "localhost"})
    assert trial.valid


async def test_a_class_without_its_key_is_told_by_the_missing_member(here: Site) -> None:
    here.tenant.faults.append(Fault("raw_body", resource="SORDER", body='{"$resources":[{"SOHTYP":"SOI"}]}'))
    found = step(await here.trial(), Check.CLASS, "SORDER")
    assert (found.outcome, found.reason) == (FAILED, Reason.KEY_NOT_UNIQUE)
    assert "do not show SOHNUM" in found.message


async def test_a_login_page_in_place_of_records_is_told_and_nothing_else_is_read(here: Site) -> None:
    here.tenant.faults.append(Fault("html_login", resource="BPCUSTOMER"))
    trial = await here.trial()
    assert not trial.valid
    failed = step(trial, Check.READ)
    assert failed.reason is Reason.MAINTENANCE_PAGE
    assert "<title>" in str(failed.facts["answer"])
    assert step(trial, Check.CLASS, "SORDER").outcome is SKIPPED


async def test_a_page_that_is_capped_is_said_with_the_page_size_to_set(here: Site) -> None:
    here.tenant.switches.move({"cap": 7})
    found = step(await here.trial(), Check.PAGE_CAP)
    assert found.outcome is WARNED
    assert "at most 7 a page" in found.message
    assert "page_size = 7" in found.hint


@pytest.mark.parametrize(("switch", "outcome"), [("present", OK), ("absent", WARNED)])
async def test_a_watermark_is_looked_for_in_records_and_never_filtered_on(
    here: Site, switch: str, outcome: StepOutcome
) -> None:
    here.tenant.switches.move({"updatim_in_query": switch})
    seen: list[dict[str, str]] = []
    here.tenant.on_request = lambda request: seen.append(request.query)
    dated = Resource("aldgate", "BPCUSTOMER", "BPCUSTOMER", ("BPCNUM",), watermark="UPDDATTIM")
    trial = await here.trial(dated)
    here.tenant.on_request = None
    assert trial.valid
    assert step(trial, Check.WATERMARK).outcome is outcome
    assert step(trial, Check.CLASS).outcome is outcome
    assert not any("where" in query for query in seen)


async def test_clocks_that_differ_are_warned_of(here: Site) -> None:
    here.tenant.faults.append(Fault("date_skew", resource="BPCUSTOMER", seconds=-300))
    trial = await here.trial()
    found = step(trial, Check.CLOCK)
    assert trial.valid
    assert (found.outcome, found.reason) == (WARNED, Reason.CLOCK_SKEW)
    assert "behind" in found.message


async def test_customers_without_a_record_are_warned_of(here: Site) -> None:
    here.tenant.faults.append(Fault("empty", resource="BPCUSTOMER"))
    trial = await here.trial()
    assert trial.valid
    assert (step(trial, Check.READ).outcome, step(trial, Check.READ).reason) == (WARNED, Reason.EMPTY_ANSWER)


def left(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


async def test_what_fails_is_recorded_too(here: Site, tmp_path: Path) -> None:
    """A surprise at a customer becomes a cassette: the trial goes on, and its file is whole."""
    here.tenant.faults.append(Fault("status", resource="SORDER", status=403))
    file = tmp_path / "c.jsonl"
    with tape.recording(file, Disguise(b"k"), 5) as reel:
        trial = await examine(here.settings(), BOTH, SystemClock(), Listeners(reel))
    assert step(trial, Check.RECORD, "SORDER").outcome is SKIPPED
    assert step(trial, Check.RECORD, "BPCUSTOMER").facts == {"records": 40, "details": 0}
    assert file.stat().st_mode & 0o777 == 0o600
    assert left(tmp_path) == ["c.jsonl"]


async def test_a_recording_that_is_broken_off_leaves_nothing(here: Site, tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_text("before")

    async def broken() -> None:
        with tape.recording(tmp_path / "c.jsonl", Disguise(b"k"), 5) as reel:
            await examine(here.settings(), BOTH, SystemClock(), Listeners(reel))
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await broken()
    assert left(tmp_path) == ["c.jsonl"]
    assert (tmp_path / "c.jsonl").read_text() == "before"
