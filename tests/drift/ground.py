"""One class of one simulated tenant, read in process by the real adapter; and what was read of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

import httpx

from driftd.adapters.x3 import catalogue
from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.settings import Basic, X3Settings
from driftd.core.model import Details, Guards, KeyBytes, Page, Query, Resource
from driftd.core.secret import Secret
from driftd.simulator import Farm, Switches
from driftd.simulator import Tenant as X3Tenant
from driftd.simulator.answers import Page as PageAnswer
from driftd.simulator.dialect import Request, decoded_segments
from driftd.simulator.host import Host
from tests.drift.facts import Key, Survey
from tests.drift.fields import STAMP
from tests.runtime.world import FakeClock

NAME: Final = "patched"
BASE: Final = "http://x3.example"
PAGE: Final = 100


T = TypeVar("T")
_BUILT_UPON: Final = {"SDELIVERY": "SORDER", "PINVOICE": "PORDER", "ITMMVT": "ITMMASTER", "BALANCE": "GACCENTRY"}


class InProcess(httpx.AsyncBaseTransport):
    """Asks a simulated host without a socket."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.prototypes = 0
        """How often one was asked for."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        path, _, _ = request.url.raw_path.partition(b"?")
        self.prototypes += b"$prototypes" in path
        asked = Request(
            method=request.method,
            origin=BASE,
            segments=decoded_segments(path),
            query=dict(request.url.params.multi_items()),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.aread(),
        )
        answer = self._host.answer(asked)
        body = answer.body.encode() if isinstance(answer.body, PageAnswer) else answer.body
        assert isinstance(body, bytes)
        headers = {"Content-Type": answer.content_type, **answer.headers}
        return httpx.Response(answer.status, headers=headers, content=body)


class Kept(Generic[T]):
    """What was made of a version: of the first, to which a tenant comes back when it is unpatched, and of the last."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._held: dict[object, T] = {}

    def of(self, version: object) -> T:
        """Return what was made of a version, or make it."""
        if version not in self._held:
            first = next(iter(self._held.items()), None)
            self._held = dict([first] if first else []) | {version: self._make()}
        return self._held[version]


class Watched(X3Source):
    """A source that notes which records it showed."""

    shown: set[KeyBytes]
    detailed: set[KeyBytes]
    version: Callable[[], object] = object
    """Returns what is another where the tenant shows anything else."""
    kept: "Kept[dict[KeyBytes, Details]]"

    async def page(self, resource: Resource, query: Query) -> Page:
        """Read one page, and note its keys."""
        page = await super().page(resource, query)
        self.shown |= {*self.keys(resource, self.split(page))}
        return page

    async def details(self, resource: Resource, key: KeyBytes) -> Details:
        """Read one record, and note its key; what did not change since it was last read is read from memory."""
        self.detailed.add(key)
        held = self.kept.of(self.version())
        if key not in held:
            held[key] = await super().details(resource, key)
        return held[key]

    def forget(self) -> None:
        """Begin to note anew."""
        self.shown, self.detailed = set(), set()


@dataclass
class Ground:
    """A tenant with one class of so many records."""

    resource: Resource
    farm: Farm
    clock: FakeClock
    transport: InProcess = field(init=False)
    source: Watched = field(init=False)
    _surveyed: Kept[tuple[Survey, frozenset[str]]] = field(init=False)

    @classmethod
    def of(cls, name: str, records: int, *, details: bool = False, watermark: bool = False) -> "Ground":
        """Build one."""
        known = catalogue.lookup(name)
        assert known is not None
        switches = Switches(updatim_in_query="present" if watermark else "absent")
        resource = Resource(
            NAME, name, known.representation, known.key, details=known.details or details, lines=known.lines,
            references=known.references, rules=known.rules, watermark=STAMP if watermark else None, page_size=PAGE,
            details_per_hour=10**6, guards=Guards(second_look=30.0),
        )  # fmt: skip
        farm = Farm.build(tenants=1, records=_numbers(name, records), switches=switches, only=[name])
        return cls(resource, farm, FakeClock())

    def __post_init__(self) -> None:
        self.farm.clock, self.farm.wall = self.clock.monotonic, lambda: self.clock.now() / 1000
        self.transport = InProcess(Host(self.farm))
        secret = Basic(self.tenant.username, Secret(self.tenant.password))
        settings = X3Settings(NAME, BASE, self.tenant.folder, secret, endpoint=self.tenant.endpoint)
        self.source = Watched(settings, self.transport, self.clock)
        self.source.version, self.source.kept = self.version, Kept(dict)
        self._surveyed = Kept(self._survey)
        self.source.forget()

    @property
    def tenant(self) -> X3Tenant:
        """The tenant."""
        return next(iter(self.farm.values()))

    @property
    def used(self) -> frozenset[str]:
        """Paths that the configuration or the catalogue names."""
        lines = {f"{name}[].{member}" for name, members in self.resource.lines.items() for member in members}
        named = {*self.resource.key, *lines, *self.resource.references}
        named |= {f"{name}[].{member}" for name in self.resource.lines for member in self.resource.references}
        return frozenset(named | ({self.resource.watermark} if self.resource.watermark else set()))

    def version(self) -> object:
        """Return what is another where the tenant shows anything else."""
        tenant = self.tenant
        return tenant.state, tuple(tenant.patches), repr(tenant.switches), tenant.access(self.resource.name)

    def survey(self) -> Survey:
        """Return what a reader holds who saw everything in the facets that are read."""
        return self._surveyed.of(self.version())[0]

    def paged(self) -> frozenset[str]:
        """Return the members that pages show."""
        return self._surveyed.of(self.version())[1]

    def _survey(self) -> tuple[Survey, frozenset[str]]:
        paged = self.tenant.records(self.resource.name, facet="$query")
        whole = self.tenant.records(self.resource.name, facet="$details") if self.resource.details else paged
        survey = Survey({key: {**record, **paged.get(key, {})} for key, record in whole.items()})
        return survey, frozenset(member for record in paged.values() for member in record)

    async def prototype(self) -> dict[str, Any]:
        """Return the prototype of the facet that is read; {} where there is none."""
        facet = "$details" if self.resource.details else "$query"
        address = f"/api1/x3/erp/{self.tenant.endpoint}/{self.resource.name}/$prototypes"
        query = f"('{self.resource.representation}.{facet}')"
        headers = {"X-Sage-Folder": self.tenant.folder}
        async with httpx.AsyncClient(transport=InProcess(Host(self.farm)), base_url=BASE, trust_env=False) as client:
            auth = (self.tenant.username, self.tenant.password)
            answer = await client.get(address + query, headers=headers, auth=auth)
        return dict(answer.json()) if answer.status_code == 200 else {}

    def keys(self, noted: set[KeyBytes]) -> frozenset[Key]:
        """Return keys as the simulator has them."""
        return frozenset(tuple(json.loads(key)) for key in noted if key)


def _numbers(name: str, records: int) -> dict[str, int]:
    """Return how many records each class has: those that the patched one is built upon must be enough."""
    numbers = dict.fromkeys(catalogue.standard(), 6) | dict.fromkeys(_BUILT_UPON, 0) | {name: records}
    if name in _BUILT_UPON:
        numbers[_BUILT_UPON[name]] = max(records, 6)
    return numbers
