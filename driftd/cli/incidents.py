"""What befalls the demo's tenants: eight incidents, each with what undoes it."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from driftd.core.alerts.identity import family
from driftd.core.drift import Check, SchemaKind, Scope
from driftd.core.reasons import State
from driftd.simulator import Access, Patch

if TYPE_CHECKING:
    from driftd.core.alerts.model import Alert
    from driftd.simulator import Farm, Serving, Tenant

Undo: TypeAlias = Callable[[], object]
"""Takes back what an incident did."""


class Incident(Struct, frozen=True):
    """One incident."""

    title: str
    """What it is, for the summary."""
    happens: str
    """What is done, in words."""
    mended: str
    """What is done to undo it, in words."""
    scope: Scope
    name: str
    """The connection, or the host, that it strikes."""
    tenants: frozenset[str]
    """The connections that it strikes."""
    families: frozenset[str]
    """Findings, or families of them (`identity.family`), that it accounts for."""
    strike: Callable[[], Undo]

    def accounts_for(self, alert: "Alert") -> bool:
        """Tell whether an alert is what has to be found of it, or follows from it."""
        drift = alert.drift
        struck = (alert.scope, alert.scope_id) == (self.scope, self.name)
        return struck and family(drift.kind, drift.finding) in self.families


def incidents(farm: "Farm", host: str, shared: "Serving") -> tuple[Incident, ...]:
    """Return the story's incidents; `shared` serves all tenants but the last, as `host`."""
    aldgate, borough, camden, dalston, euston = farm.values()
    return (
        _at(
            aldgate,
            "a field renamed by a patch in one folder",
            "A patch of folder ALDGATE renames BPCNAM, the customers' names, to BPCNAM1.",
            "The patch is taken back.",
            SchemaKind.FIELD_RENAMED,
            partial(_patched, aldgate, Patch("BPCUSTOMER", "rename", "BPCNAM", to="BPCNAM1")),
        ),
        _at(
            borough,
            "a scalar became an object",
            'In borough the sales unit of every product becomes an object: "UN" is {"code": "UN"} now.',
            "The representation is as it was.",
            SchemaKind.TYPE_CHANGED,
            partial(_patched, borough, Patch("ITMMASTER", "wrap", "SAU")),
        ),
        _at(
            camden,
            "prices in cents",
            "An import at camden writes all base prices in cents instead of euros.",
            "The prices are in euros again.",
            Check.SCALE_SHIFT,
            partial(_patched, camden, Patch("ITMMASTER", "multiply", "BASPRI", to=100)),
        ),
        _at(
            euston,
            "the secret rotated, without a word",
            "The administrator of euston rotates our client secret and tells nobody.",
            "The former secret is restored.",
            State.AUTH_FAILED,
            partial(_rotated, euston),
        ),
        _at(
            dalston,
            "a mass delete that is none: a role filters",
            "A filter on our user's role at dalston hides half of the sales orders.",
            "The role sees all orders again.",
            Check.MASS_DELETE,
            partial(_filtered, dalston, "SORDER", 0.5),
        ),
        _at(
            aldgate,
            "the licence of a module lost",
            "aldgate loses the licence of its purchasing module: supplier invoices are no longer served.",
            "The licence is renewed.",
            SchemaKind.RESOURCE_REMOVED,
            partial(_unlicensed, aldgate, "PINVOICE"),
        ),
        _at(
            borough,
            "an item deleted that open orders use",
            "Somebody at borough deletes a product that stands on open sales orders.",
            "The product is entered again.",
            Check.ORPHANS,
            partial(_deleted, borough),
        ),
        Incident(
            "a host down",
            f"The server {host} goes down, and with it aldgate, borough, camden and dalston.",
            "The server is up again.",
            Scope.HOST,
            host,
            frozenset({aldgate.name, borough.name, camden.name, dalston.name}),
            frozenset({State.UNREACHABLE}),
            partial(_down, shared),
        ),
    )


def _at(
    tenant: "Tenant",
    title: str,
    happens: str,
    mended: str,
    finding: Check | SchemaKind | State,
    strike: Callable[[], Undo],
) -> Incident:
    """Return an incident that strikes one tenant."""
    name = tenant.name
    return Incident(title, happens, mended, Scope.TENANT, name, frozenset({name}), frozenset({finding}), strike)


def _patched(tenant: "Tenant", patch: Patch) -> Undo:
    return partial(tenant.unpatch, tenant.patch(patch))


def _rotated(tenant: "Tenant") -> Undo:
    tenant.rotate_secret()
    return tenant.restore_secret


def _filtered(tenant: "Tenant", resource: str, keep: float) -> Undo:
    tenant.filter(resource, keep)
    return partial(tenant.filter, resource)


def _unlicensed(tenant: "Tenant", resource: str) -> Undo:
    tenant.set_access({resource: Access.UNLICENSED})
    return partial(tenant.set_access, {resource: Access.OPEN})


def _deleted(tenant: "Tenant") -> Undo:
    bought = repr(tenant.records("PINVOICE"))  # so that orders alone are left with what is not there
    product = next(each for each in tenant.used_products() if repr(each) not in bought)
    record = tenant.records("ITMMASTER")[product,]
    tenant.remove("ITMMASTER", product)
    return partial(tenant.put, "ITMMASTER", record)


def _down(server: "Serving") -> Undo:
    server.down()
    return server.up
