"""X3's web services, read-only: a request to one tenant → an answer.

Addresses, mandatory parameters, envelope and links: Sage web-service guide (querying, reading details). What is not
documented follows the tenant's switches.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote, urlencode

from driftd.simulator.access import Access
from driftd.simulator.answers import HTML, LOGIN_PAGE, Answer, Page, diagnoses, html, json_answer
from driftd.simulator.class_model import ClassModel, Facet
from driftd.simulator.json_values import Json, encode
from driftd.simulator.listing import Query, cursor_of, order_by
from driftd.simulator.prototypes import FACETS, prototype
from driftd.simulator.render import Style
from driftd.simulator.rows import Row
from driftd.simulator.tenant import Tenant
from driftd.simulator.where import ExpressionError, UnknownPropertyError

_ADDRESS = re.compile(r"(?P<name>[^('/]+)(?:\('(?P<key>.*)'\))?", re.DOTALL)
_EXTRA = ("select", "startIndex", "startRecord", "offset")
_DEFAULT_COUNT = 20
_WRITING = frozenset({"$create", "$edit"})
_PROMISED = frozenset({"SORDER", "BPCUSTOMER"})


class Refused(Exception):  # noqa: N818 - it carries an answer, and is the ordinary way to give it
    """A request that gets no records, with the answer it gets."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request, taken apart."""

    method: str
    origin: str
    """Scheme and host as the client wrote them."""
    segments: tuple[str, ...]
    """Path segments, each percent-decoded by itself, so that a key may hold a slash."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path, percent-encoded."""
        return "/" + "/".join(quote(segment, safe="$'()~,") for segment in self.segments)

    @property
    def url(self) -> str:
        """The absolute URL asked for."""
        return self.origin + self.path + (f"?{_query(self.query)}" if self.query else "")

    @property
    def address(self) -> tuple[str, str | None]:
        """Class name and key of `CLASS('KEY')`, as far as the last segment has them."""
        found = _ADDRESS.fullmatch(self.segments[-1]) if self.segments else None
        return (found["name"], found["key"]) if found else ("", None)

    @property
    def described(self) -> tuple[str, str] | None:
        """Class and `REPR.$facet` of `CLASS/$prototypes('REPR.$facet')`; None for any other address."""
        name, key = self.address
        return (
            (self.segments[-2], key) if name == "$prototypes" and key is not None and len(self.segments) > 1 else None
        )

    @property
    def facet(self) -> str:
        """`$query` of `representation=REPR.$query`; `$prototypes`."""
        if self.described is not None:
            return "$prototypes"
        return self.query.get("representation", "").rpartition(".")[2]


def _query(parameters: Mapping[str, str]) -> str:
    return urlencode(parameters, quote_via=quote, safe="$~',.()")


def refusal(tenant: Tenant, status: int, message: str) -> Refused:
    """Return an error in the form the tenant gives errors."""
    return Refused(html(status, message) if tenant.switches.error_body == "html" else diagnoses(status, message))


def check_credentials(tenant: Tenant, request: Request, now: float, wall: float) -> None:
    """Raise `Refused` unless the request may enter."""
    authorization = request.headers.get("authorization", "")
    number = tenant.credentials.objection(authorization, now, wall, tenant.switches)
    if number is not None:
        raise Refused(Answer(401, f"Error {number}: Invalid token".encode(), "text/plain; charset=utf-8"))
    if tenant.credentials.admits(authorization, now, tenant.switches):
        return
    form = tenant.switches.bad_credentials
    if form == "json_401":
        answer = replace(diagnoses(401, "Unauthorized"), headers={"WWW-Authenticate": "Bearer"})
    elif form == "plain_401":
        answer = Answer(401, b"Unauthorized", "text/plain; charset=utf-8")
    elif form == "redirect_302":
        answer = Answer(302, b"", HTML, {"Location": f"{request.origin}/auth/login/page"})
    else:
        answer = Answer(200, LOGIN_PAGE, HTML)
    raise Refused(answer)


def check_folder(tenant: Tenant, request: Request) -> None:
    """Raise `Refused` unless the folder header names the endpoint's folder, where it must."""
    switches = tenant.switches
    stated = request.headers.get(switches.folder_header_name.lower())
    if switches.folder_header == "required" and stated != tenant.folder:
        what = "missing" if stated is None else f"{stated!r} is not this endpoint's folder"
        raise refusal(tenant, 403, f"{switches.folder_header_name}: {what}")


def read(tenant: Tenant, request: Request) -> Answer:
    """Answer a request for `$query`, `$details` or `$prototypes`; credentials and folder have been checked."""
    if request.method != "GET":
        raise refusal(tenant, 405, f"{request.method} is not allowed")
    if request.described is not None:
        return _described(tenant, *request.described)
    name, key = request.address
    model = _readable(tenant, name)
    _check_facet(tenant, model, request, "$query" if key is None else "$details")
    _check_extra(tenant, request)
    if key is None:
        return _queried(tenant, model, request)
    return _detailed(tenant, model, key)


def _readable(tenant: Tenant, name: str) -> ClassModel:
    model = tenant.classes.get(name)
    if model is None or tenant.access(name) is Access.UNLICENSED:
        raise refusal(tenant, tenant.switches.error_code, f"Class {name} not found")
    if tenant.access(name) is Access.FORBIDDEN:
        raise refusal(tenant, 403, f"Class {name}: no right to read it")
    return model


def _described(tenant: Tenant, name: str, stated: str) -> Answer:
    """Answer `CLASS/$prototypes('REPR.$facet')`."""
    if tenant.switches.prototypes != "served":
        raise refusal(tenant, 404 if tenant.switches.prototypes == "absent" else 500, "Prototype not found")
    model = _readable(tenant, name)
    representation, _, facet = stated.rpartition(".")
    if representation != model.name or facet not in FACETS or not _has(tenant, name, facet):
        raise refusal(tenant, tenant.switches.error_code, f"Prototype {stated!r} is not of class {model.name}")
    style = tenant.ledger.style(tenant.switches)
    made = prototype(model, tenant.ledger.renderers[name].view, facet, style)
    return Answer(200, encode(made, style.separators()))


def _has(tenant: Tenant, name: str, facet: str) -> bool:
    """Say whether a class has a facet: those that write are not everywhere."""
    writable = tenant.switches.writable
    return facet not in _WRITING or writable == "all" or (writable == "promised" and name in _PROMISED)


def _check_facet(tenant: Tenant, model: ClassModel, request: Request, wanted: Facet) -> None:
    switches = tenant.switches
    representation, _, facet = request.query.get("representation", "").rpartition(".")
    if representation != model.name:
        raise refusal(tenant, switches.error_code, f"Representation {representation!r} is not of class {model.name}")
    bulk = facet == "$bulk" and wanted == "$query" and switches.extra_params == "ignored"
    if facet != wanted and not bulk:
        raise refusal(tenant, switches.error_code, f"Facet {facet!r} is not allowed here")
    if facet == "$details" and switches.details_facet != "allowed":
        raise refusal(tenant, int(switches.details_facet[-3:]), "Facet '$details' is not allowed")


def _check_extra(tenant: Tenant, request: Request) -> None:
    extra = [name for name in _EXTRA if name in request.query]
    if extra and tenant.switches.extra_params == "rejected":
        raise refusal(tenant, tenant.switches.error_code, f"Unknown parameter {extra[0]!r}")


def _queried(tenant: Tenant, model: ClassModel, request: Request) -> Answer:
    switches = tenant.switches
    style = tenant.ledger.style(switches)
    tenant.ledger.tables[model.name].collate(switches.collation)
    listings = tenant.ledger.listings[model.name]
    try:
        query = _asked(tenant, model, request, style)
        stretch = listings.stretch(query, style, doubled_quotes=switches.quote_escaping == "doubled")
    except UnknownPropertyError as error:
        raise refusal(tenant, 500, f"Property {error} not found") from error
    except ExpressionError as error:
        raise refusal(tenant, switches.where_error_code, f"Expression not understood: {error}") from error
    renderer = tenant.ledger.renderers[model.name]
    links = {"$first": _link(tenant, request, None)}
    if stretch.before and stretch.rows:
        links["$prev"] = _link(tenant, request, f"lt.{listings.cursor_text(stretch.rows[0], query.order, style)}")
    if stretch.after and stretch.rows:
        links["$next"] = _link(tenant, request, f"gt.{listings.cursor_text(stretch.rows[-1], query.order, style)}")
        links["$last"] = _link(tenant, request, "lt")
    return Answer(200, Page(query.count, renderer.page(stretch.rows, style), links, style.separators()))


def _asked(tenant: Tenant, model: ClassModel, request: Request, style: Style) -> Query:
    try:
        count = int(request.query.get("count", _DEFAULT_COUNT))
    except ValueError as error:
        raise ExpressionError("count is no number") from error
    if count < 1:
        raise ExpressionError("count is below 1")
    ledger = tenant.ledger
    key, properties = ledger.listings[model.name].usual, ledger.renderers[model.name].properties(style)
    order = order_by(request.query.get("orderBy", ""), key, properties)
    cursor = cursor_of(request.query["key"], order) if "key" in request.query else None
    return Query(order, request.query.get("where", ""), cursor, min(count, tenant.switches.cap))


def _link(tenant: Tenant, request: Request, cursor: str | None) -> str:
    dropped = {"key"}
    if cursor is not None and tenant.switches.next_keeps == "not_count":
        dropped.add("count")
    if cursor is not None and tenant.switches.next_keeps == "not_filter":
        dropped |= {"where", "orderBy"}
    kept = {name: value for name, value in request.query.items() if name not in dropped}
    return f"{request.origin}{request.path}?{_query(kept if cursor is None else {**kept, 'key': cursor})}"


def _detailed(tenant: Tenant, model: ClassModel, key: str) -> Answer:
    row = _find(tenant, model, key)
    if row is None:
        if tenant.switches.missing_record == "not_found_404":
            raise refusal(tenant, 404, "Record does not exist")
        return diagnoses(200, "721 : Record does not exist")
    style = tenant.ledger.style(tenant.switches)
    return Answer(200, tenant.ledger.renderers[model.name].details(row, style))


def _find(tenant: Tenant, model: ClassModel, key: str) -> Row | None:
    """Look a key up; a quote within it may be doubled or not."""
    view, style = tenant.ledger.renderers[model.name].view, tenant.ledger.style(tenant.switches)
    most = len(model.key) if view is None else max(len(view.key), len(model.key))
    for spelled in (key.replace("''", "'"), key):
        row = tenant.ledger.at(model.name, spelled.split("~", most - 1), style)
        if row is not None:
            return row
    return None


def platform(tenants: list[Tenant], request: Request) -> Answer:
    """Answer `/api1/syracuse/collaboration/syracuse/…` for those tenants that the credentials open."""
    name = request.segments[-1]
    rows: list[Json]
    if name == "endPoints":
        rows = [
            {"$uuid": tenant.name, "$key": tenant.endpoint, "dataset": tenant.endpoint, "description": tenant.name,
             "applications": "X3", "x3ServerFolder": tenant.folder}
            for tenant in tenants
        ]  # fmt: skip
    elif name == "representationProxies" and tenants[0].switches.representation_proxies == "present":
        dataset = request.query.get("dataset", tenants[0].endpoint)
        owner = next((tenant for tenant in tenants if tenant.endpoint == dataset), None)
        rows = [{"$uuid": name, "entity": name, "dataset": dataset} for name in (_licensed(owner) if owner else ())]
    else:
        raise refusal(tenants[0], tenants[0].switches.error_code, f"Entity {name} not found")
    return json_answer(
        {
            "$url": request.url,
            "$descriptor": name,
            "$startIndex": 1,
            "$itemsPerPage": len(rows),
            "$totalResults": len(rows),
            "$resources": rows,
        }
    )


def _licensed(tenant: Tenant) -> list[str]:
    return [name for name in tenant.classes if tenant.access(name) is not Access.UNLICENSED]


def decoded_segments(raw_path: bytes) -> tuple[str, ...]:
    """Split a raw path and decode each segment by itself."""
    return tuple(unquote(part) for part in raw_path.decode("latin-1").split("/") if part)
