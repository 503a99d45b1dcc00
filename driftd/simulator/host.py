"""The host: finds the tenant a request is for, and the answer it gets."""

from collections import deque
from dataclasses import replace

from driftd.simulator.answers import Answer, diagnoses
from driftd.simulator.control import control
from driftd.simulator.dialect import Refused, Request, check_credentials, check_folder, platform, read, refusal
from driftd.simulator.farm import Farm
from driftd.simulator.faults import Occasion, spoil
from driftd.simulator.gateway import pair_answer
from driftd.simulator.oauth import token_answer
from driftd.simulator.replay import Replay
from driftd.simulator.tenant import RequestSeen, Tenant

_KEPT = 100_000
_NOTHING = Answer(raw=b"")


class Host:
    """Answers requests to a farm. One thread may ask at a time; tenants may be changed from others meanwhile."""

    def __init__(self, farm: Farm) -> None:
        self._farm = farm
        self._pages: dict[tuple[str, str], int] = {}
        self._recent: dict[str, deque[float]] = {}
        self._sessions: set[str] = set()
        self.requests: list[RequestSeen] = []
        """Requests to tenants, the newest last; the older half is dropped at 100,000."""

    def answer(self, request: Request) -> Answer:
        """Return what a request gets."""
        if isinstance(self._farm, Replay):
            return self._farm.answer(request)
        match request.segments:
            case ("control", *_):
                return control(self._farm, request)
            case ("api1" | "sdata" as service, "x3", "erp", endpoint, _, *more) if not more or request.described:
                tenant = self._tenant(endpoint, request)
                return _by_clock(tenant, self._served(tenant, request, sdata=service == "sdata"))
            case ("api1", "syracuse", "collaboration", "syracuse", _):
                return self._platform(request)
            case (_, "auth" | "v1", "token") if (tenant := self._farm.at_token_path(request.path)) is not None:
                return _by_clock(tenant, self._token(tenant, request))
        return diagnoses(404, "Not found")

    def tenant_of(self, request: Request) -> Tenant | None:
        """Return the tenant whose records a request asks for, if any."""
        match request.segments:
            case ("api1" | "sdata", "x3", "erp", endpoint, _, *_):
                return self._tenant(endpoint, request)
        return None

    def _tenant(self, endpoint: str, request: Request) -> Tenant | None:
        """Return the tenant behind an endpoint, or the one its folder header selects."""
        tenant = self._farm.at_endpoint(endpoint)
        if tenant is not None and tenant.switches.folder_header == "selects":
            folder = request.headers.get(tenant.switches.folder_header_name.lower(), tenant.folder)
            return next((each for each in self._farm.values() if each.folder == folder), None)
        return tenant

    def _served(self, tenant: Tenant | None, request: Request, *, sdata: bool) -> Answer:
        if tenant is None:
            return self._nowhere()
        if tenant.down:
            return _NOTHING
        seen = self._see(tenant, request)
        with tenant.lock:
            answer = self._session(tenant, request) if sdata else self._read(tenant, request)
            occasion = Occasion(request.path, seen.resource, seen.facet, seen.key, seen.page, request.url)
            return spoil(tenant.faults, answer, occasion)

    def _nowhere(self) -> Answer:
        first = next(iter(self._farm.values()), None)
        if first is None:
            return diagnoses(404, "Endpoint not found")
        return refusal(first, first.switches.error_code, "Endpoint not found").answer

    def _read(self, tenant: Tenant, request: Request) -> Answer:
        tenant.let_due_commit()
        try:
            self._check_rate(tenant)
            check_credentials(tenant, request, self._farm.clock(), self._farm.wall())
            check_folder(tenant, request)
            return read(tenant, request)
        except Refused as refused:
            return refused.answer

    def _session(self, tenant: Tenant, request: Request) -> Answer:
        """Answer under `/sdata/`: as api1 does, but with a session cookie, each new one costing a licence token."""
        cookies = dict(part.strip().partition("=")[::2] for part in request.headers.get("cookie", "").split(";"))
        answer = self._read(tenant, request)
        if cookies.get("client.sid") in self._sessions:
            return answer
        tenant.licence_tokens += 1
        session = f"{tenant.name}-{tenant.licence_tokens}"
        self._sessions.add(session)
        return replace(answer, headers={**answer.headers, "Set-Cookie": f"client.sid={session}; Path=/; HttpOnly"})

    def _platform(self, request: Request) -> Answer:
        opened, answer = [], diagnoses(404, "Not found")
        for tenant in self._farm.values():
            try:
                check_credentials(tenant, request, self._farm.clock(), self._farm.wall())
                opened.append(tenant)
            except Refused as refused:
                answer = refused.answer
        if not opened:
            return answer
        for tenant in opened:
            self._see(tenant, request)
        try:
            return platform(opened, request)
        except Refused as refused:
            return refused.answer

    def _token(self, tenant: Tenant, request: Request) -> Answer:
        if tenant.down:
            return _NOTHING
        self._see(tenant, request)
        with tenant.lock:
            if request.method == "POST":
                now = self._farm.clock()
                answer = _issued(tenant, now, request)
            else:
                answer = refusal(tenant, 405, f"{request.method} is not allowed").answer
            return spoil(tenant.faults, answer, Occasion(request.path, "", "", "", 0, request.url))

    def _check_rate(self, tenant: Tenant) -> None:
        limit = tenant.switches.rate_limit
        if not limit:
            return
        recent, now = self._recent.setdefault(tenant.name, deque()), self._farm.clock()
        while recent and recent[0] <= now - 1:
            recent.popleft()
        if len(recent) >= limit:
            answer = refusal(tenant, 429, "Too many requests").answer
            raise Refused(replace(answer, headers={"Retry-After": "1"}))
        recent.append(now)

    def _see(self, tenant: Tenant, request: Request) -> RequestSeen:
        """Note a request, and let the tenant's hook act on it."""
        resource, key = request.address if request.segments[1:2] == ("x3",) else ("", None)
        page = 0
        if request.described is not None:
            resource, key = request.described
        elif resource and key is None:
            page = self._pages.get((tenant.name, resource), 0) + 1 if "key" in request.query else 1
            self._pages[tenant.name, resource] = page
        seen = RequestSeen(
            number=sum(tenant.requests.values()) + 1,
            tenant=tenant.name,
            method=request.method,
            path="/" + "/".join(request.segments),
            query=dict(request.query),
            facet=request.facet,
            resource=resource,
            key=key or "",
            page=page,
            headers=dict(request.headers),
        )
        tenant.requests[resource or seen.path] += 1
        if len(self.requests) >= _KEPT:
            del self.requests[: _KEPT // 2]
        self.requests.append(seen)
        if tenant.on_request is not None:
            tenant.on_request(seen)
        return seen


def _issued(tenant: Tenant, now: float, request: Request) -> Answer:
    """Answer as the tenant's token endpoint, or as the gateway that its customer paired us at."""
    if request.segments[-2] == "v1":
        asked = request.headers, request.body
        return pair_answer(tenant.gateway, tenant.credentials, tenant.switches, now, asked)
    return token_answer(tenant.credentials, tenant.switches, now, request.headers, request.body)


def _by_clock(tenant: Tenant | None, answer: Answer) -> Answer:
    """Return an answer with the date that the tenant's clock shows."""
    skew = 0.0 if tenant is None else tenant.switches.clock_skew
    return replace(answer, date_skew=answer.date_skew + skew) if skew else answer
