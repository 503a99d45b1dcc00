"""The control API under `/control/…`: what tests in another process, or a person, do to the farm. JSON in and out."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, cast

import orjson

from driftd.simulator.answers import Answer, json_answer
from driftd.simulator.class_model import Facet
from driftd.simulator.dialect import Request
from driftd.simulator.faults import fault_from
from driftd.simulator.json_values import Json, Record
from driftd.simulator.patches import Patch
from driftd.simulator.tenant import Tenant

if TYPE_CHECKING:
    from driftd.simulator.farm import Farm

_ADVANCE = {"create", "update", "update_lines", "delete", "late", "late_by", "resource"}


def control(farm: "Farm", request: Request) -> Answer:
    """Answer a request under `/control/`. Bad input gets 400, an unknown address 404, each with a message."""
    match request.method, request.segments[1:]:
        case "GET", ("tenants",):
            return json_answer({"tenants": [_described(tenant) for tenant in farm.values()]})
        case method, ("tenants", name, action) if name in farm and (method, action) in _ACTIONS:
            try:
                return json_answer(_ACTIONS[method, action](farm[name], request))
            except KeyError as error:
                return json_answer({"error": str(error.args[0])}, 400)
            except (ValueError, TypeError) as error:
                return json_answer({"error": str(error)}, 400)
        case method, ("tenants", name, *_) if name not in farm:
            return json_answer({"error": f"no tenant {name!r}: there are {', '.join(farm)}"}, 404)
    known = ", ".join(f"{method} …/{action}" for method, action in _ACTIONS)
    return json_answer({"error": f"no such action: GET /control/tenants, and of a tenant {known}"}, 404)


def _described(tenant: Tenant) -> Record:
    return {
        "name": tenant.name,
        "folder": tenant.folder,
        "endpoint": tenant.endpoint,
        "token_path": tenant.token_path,
        "pair_path": tenant.pair_path,
        "client_id": tenant.client_id,
        "client_secret": tenant.client_secret,
        "username": tenant.username,
        "audience": tenant.audience,
        "password": tenant.password,
        "state": tenant.state,
        "classes": {name: tenant.ledger.size(name) for name in tenant.classes},
        "access": {name: tenant.access(name) for name in tenant.classes},
        "requests": sum(tenant.requests.values()),
        "licence_tokens": tenant.licence_tokens,
        "switches": cast("Record", tenant.switches.shown()),
    }


def _members(request: Request) -> Record:
    """Return the JSON object in the body; none counts as empty."""
    if not request.body.strip():
        return {}
    members = orjson.loads(request.body)
    if not isinstance(members, dict):
        raise ValueError("the body is a JSON object")  # noqa: TRY004 - it becomes a 400
    return members


def _advance(tenant: Tenant, request: Request) -> Record:
    members = _members(request)
    if unknown := sorted(set(members) - _ADVANCE):
        raise ValueError(f"advance takes {', '.join(sorted(_ADVANCE))}; not {', '.join(unknown)}")
    return {"state": tenant.advance(**members)}  # type: ignore[arg-type]


def _step(tenant: Tenant, request: Request) -> Record:
    members = _members(request)
    if set(members) - {"times"}:
        raise ValueError(f"step takes times; not {', '.join(sorted(set(members) - {'times'}))}")
    return {"state": tenant.step(**members)}  # type: ignore[arg-type]


def _accesses(tenant: Tenant, _request: Request) -> Record:
    return {"access": {name: tenant.access(name) for name in tenant.classes}}


def _set_access(tenant: Tenant, request: Request) -> Record:
    tenant.set_access(cast("dict[str, str]", _members(request)))
    return _accesses(tenant, request)


def _truth(tenant: Tenant, request: Request) -> Record:
    before, after = _number(request, "before"), _number(request, "after")
    changes = tenant.truth(before, after, _asked(request, "resource"), _facet(request))
    return {"changes": [cast("Json", {**asdict(change), "key": list(change.key)}) for change in changes]}


def _records(tenant: Tenant, request: Request) -> Record:
    state = _number(request, "state") if "state" in request.query else tenant.state
    records = tenant.records(_asked(request, "resource"), state, _facet(request))
    return {"state": state, "records": [{"key": list(key), "record": record} for key, record in records.items()]}


def _switch(tenant: Tenant, request: Request) -> Record:
    tenant.switches.move(cast("dict[str, object]", _members(request)))
    return {"switches": cast("Record", tenant.switches.shown())}


def _faults(tenant: Tenant, _request: Request) -> Record:
    return {"faults": [fault.shown() for fault in tenant.faults]}


def _add_fault(tenant: Tenant, request: Request) -> Record:
    tenant.faults.append(fault_from(_members(request)))
    return _faults(tenant, request)


def _clear_faults(tenant: Tenant, request: Request) -> Record:
    tenant.faults.clear()
    return _faults(tenant, request)


def _revoke(tenant: Tenant, _request: Request) -> Record:
    tenant.revoke_tokens()
    return {"tokens": 0}


def _unpair(tenant: Tenant, _request: Request) -> Record:
    with tenant.lock:
        tenant.gateway.end()
    return {"refresh_token": None}


def _restore(tenant: Tenant, request: Request) -> Record:
    secret = _members(request).get("client_secret")
    if secret is not None and not isinstance(secret, str):
        raise ValueError("'client_secret' is a text")
    return {"client_secret": tenant.restore_secret(secret)}


def _patches(tenant: Tenant, _request: Request) -> Record:
    return {"patches": {str(number): [patch.shown() for patch in made] for number, made in tenant.patches.items()}}


def _patch(tenant: Tenant, request: Request) -> Record:
    """Make the patches that the body lists, or the one that it is."""
    members = _members(request)
    listed = members.get("patches", [members])
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise ValueError("'patches' is a list of objects, each a patch")
    number = tenant.patch(*(Patch.of(cast("Record", each)) for each in listed))
    return {"patch": number, **_patches(tenant, request)}


def _unpatch(tenant: Tenant, request: Request) -> Record:
    tenant.unpatch(_number(request, "patch") if "patch" in request.query else None)
    return _patches(tenant, request)


def _filter(tenant: Tenant, request: Request) -> Record:
    """Leave a share of a class's records to be seen."""
    keep = _members(request).get("keep", 1.0)
    tenant.filter(_asked(request, "resource"), cast("float", keep))
    return {"keep": keep}


def _down(tenant: Tenant, request: Request) -> Record:
    down = _members(request).get("down", True)
    if down not in {True, False}:
        raise ValueError(f"'down' is true or false, not {down!r}")
    tenant.down = bool(down)
    return {"down": down}


def _put(tenant: Tenant, request: Request) -> Record:
    return {"state": tenant.put(_asked(request, "resource"), _members(request))}


def _remove(tenant: Tenant, request: Request) -> Record:
    return {"state": tenant.remove(_asked(request, "resource"), _asked(request, "key"))}


def _asked(request: Request, name: str) -> str:
    if name not in request.query:
        raise ValueError(f"parameter {name!r} is missing")
    return request.query[name]


def _number(request: Request, name: str) -> int:
    text = _asked(request, name)
    if not text.isdigit():
        raise ValueError(f"parameter {name!r} is a number, not {text!r}")
    return int(text)


def _facet(request: Request) -> Facet | None:
    facet = request.query.get("facet")
    if facet not in {None, "$query", "$details"}:
        raise ValueError(f"parameter 'facet' is '$query' or '$details', not {facet!r}")
    return cast("Facet | None", facet)


_ACTIONS: Mapping[tuple[str, str], Callable[[Tenant, Request], Record]] = {
    ("POST", "advance"): _advance,
    ("POST", "step"): _step,
    ("GET", "access"): _accesses,
    ("POST", "access"): _set_access,
    ("POST", "settle"): lambda tenant, _request: {"state": tenant.settle()},
    ("GET", "truth"): _truth,
    ("GET", "records"): _records,
    ("POST", "records"): _put,
    ("DELETE", "records"): _remove,
    ("GET", "switches"): lambda tenant, _request: {"switches": cast("Record", tenant.switches.shown())},
    ("POST", "switches"): _switch,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _add_fault,
    ("DELETE", "faults"): _clear_faults,
    ("POST", "rotate"): lambda tenant, _request: {"client_secret": tenant.rotate_secret()},
    ("POST", "revoke"): _revoke,
    ("POST", "pair"): lambda tenant, _request: {"refresh_token": tenant.pair()},
    ("POST", "unpair"): _unpair,
    ("POST", "restore"): _restore,
    ("GET", "patches"): _patches,
    ("POST", "patches"): _patch,
    ("DELETE", "patches"): _unpatch,
    ("POST", "filter"): _filter,
    ("POST", "down"): _down,
    ("GET", "used"): lambda tenant, _request: {"products": cast("Json", tenant.used_products())},
}
