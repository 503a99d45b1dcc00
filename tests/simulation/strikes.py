"""Begins and ends the troubles of a seed, as far as they are no matter of single requests."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import anyio

from driftd.simulator import Tenant as X3Tenant
from tests.simulation.business import DOCUMENTS
from tests.simulation.network import Asked
from tests.simulation.scene import Scene, removed
from tests.simulation.troubles import WAY, Trouble
from tests.simulation.truth import Place

FLICKER = 25.0
"""Seconds for which a record is not shown: less than a second look waits."""
JUMP = 172_800_000
"""Milliseconds by which a clock is put on or back at most; most jumps are far shorter."""
CALM = 180.0
"""Seconds after a trouble in which calls may still fail."""
MENDED_AT_ONCE = frozenset({"revoked"})
"""Troubles of which a call must not fail."""
End = Callable[[], None]


class Strikes:
    """Carries out a plan."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._armed: list[Trouble] = []
        self._ended = 0.0
        scene.oracle.calm = self._calm
        self._began: dict[str, Callable[[Trouble, X3Tenant], End | None]] = {
            **dict.fromkeys(WAY, self._down),
            **dict.fromkeys(("clock_ahead", "clock_back"), self._jumped),
            **dict.fromkeys(("forbidden", "unlicensed"), self._withdrawn),
            "revoked": self._revoked,
            "rotated": self._rotated,
            "tenant_clock": self._skewed,
            "rebound": self._rebound,
            "filtered": self._filtered,
            "emptied": lambda trouble, _: self._hidden((trouble.tenant, trouble.resource)),
            "omitted": self._aimed,
            "giant": self._giant,
            "keyless": self._keyless,
            "twins": self._twins,
        }

    async def run(self, trouble: Trouble) -> None:
        """Have a trouble begin, last, and end."""
        scene = self._scene
        await anyio.sleep(trouble.begins)
        scene.happened(f"trouble begins: {trouble}")
        scene.active.append(trouble)
        begin = self._began.get(trouble.kind)
        tenant = scene.farm[trouble.tenant] if trouble.tenant else scene.tenants[0]
        end = begin(trouble, tenant) if begin is not None else None
        await anyio.sleep(max(0.0, trouble.ends - scene.now))
        scene.active.remove(trouble)
        self._ended = scene.now
        if end is not None:
            end()
        scene.happened(f"trouble ends: {trouble.kind}")

    def _calm(self) -> bool:
        """Tell whether no trouble has lasted for a while; one that only revokes tokens is none."""
        lasting = any(each.kind not in MENDED_AT_ONCE for each in self._scene.active)
        return not lasting and self._scene.now > self._ended + CALM

    def aim(self, asked: Asked) -> None:
        """Conceal records once a sweep reads the class they are of."""
        for each in self._armed:
            here = (each.tenant, each.resource) == (asked.tenant, asked.resource)
            if here and asked.facet == "$query" and self._scene.manners.sweeping(asked):
                self._armed.remove(each)
                self._omitted(each)
                return

    def _counted(self, trouble: Trouble) -> None:
        self._scene.manners.struck(trouble.kind, "")

    def _down(self, _trouble: Trouble, _tenant: X3Tenant) -> End:
        scene = self._scene
        scene.manners.down(is_down=True)
        scene.network.cut()
        return lambda: scene.manners.down(is_down=any(each.kind in WAY for each in scene.active))

    def _rebound(self, _trouble: Trouble, _tenant: X3Tenant) -> None:
        """Have every connection made anew."""
        self._scene.network.cut()

    def _jumped(self, trouble: Trouble, _tenant: X3Tenant) -> None:
        self._counted(trouble)
        self._scene.clock.jump(round((1 if trouble.kind == "clock_ahead" else -1) * JUMP * trouble.number**3))
        self._scene.manners.set_clock()

    def _revoked(self, trouble: Trouble, tenant: X3Tenant) -> None:
        self._counted(trouble)
        tenant.revoke_tokens()

    def _rotated(self, trouble: Trouble, tenant: X3Tenant) -> End:
        self._counted(trouble)
        self._scene.manners.secrets |= {tenant.client_secret, tenant.rotate_secret()}
        tenant.revoke_tokens()
        return lambda: self._scene.around.secrets.update({tenant.name: tenant.client_secret})

    def _skewed(self, trouble: Trouble, tenant: X3Tenant) -> End:
        self._counted(trouble)
        tenant.switches.clock_skew = 7200 * (trouble.number - 0.5)
        return partial(setattr, tenant.switches, "clock_skew", 0.0)

    def _withdrawn(self, trouble: Trouble, tenant: X3Tenant) -> End:
        names = [each for each in self._scene.shape.classes if trouble.resource in {"", each}]
        tenant.set_access(dict.fromkeys(names, trouble.kind))
        return lambda: tenant.set_access(dict.fromkeys(names, "open"))

    # --- records that are there and not shown

    def _hidden(self, place: Place) -> End:
        """Note that records of a class are concealed from now on; return how that ends."""
        concealed = self._scene.oracle.concealed
        concealed[place] = float("inf")
        return lambda: concealed.update({place: self._scene.now})

    def _concealed(self, place: Place, shows: Callable[[tuple[Any, ...]], bool]) -> End:
        """Show only some records of a class; return how that ends."""
        tenant, name = self._scene.farm[place[0]], place[1]
        key = tenant.classes[name].key
        tenant.filter(name, lambda record: shows(tuple(record.get(each) for each in key)))
        shown = self._hidden(place)

        def end() -> None:
            tenant.filter(name)
            shown()

        return end

    def _filtered(self, trouble: Trouble, _tenant: X3Tenant) -> End:
        """Show a fifth of the records or less: the guard against mass deletes has to see it."""
        place = (trouble.tenant, trouble.resource)
        kept = set(sorted(self._scene.truth.now(place))[:: 5 + int(4 * trouble.number)])
        self._counted(trouble)
        return self._concealed(place, lambda key: key in kept)

    def _aimed(self, trouble: Trouble, _tenant: X3Tenant) -> End:
        self._armed.append(trouble)
        return lambda: self._armed.remove(trouble) if trouble in self._armed else None

    def _omitted(self, trouble: Trouble) -> None:
        """Do not show one record or two for less than a second look waits."""
        place = (trouble.tenant, trouble.resource)
        keys = sorted(self._scene.truth.now(place))
        if not keys:
            return
        at = int(trouble.number * len(keys))
        gone = {keys[at], keys[-1 - at]}
        self._counted(trouble)
        self._scene.happened(f"{place} does not show {gone}")
        asyncio.get_running_loop().call_later(FLICKER, self._concealed(place, lambda key: key not in gone))

    # --- records as they should not be

    def _chosen(self, trouble: Trouble) -> tuple[str, tuple[Any, ...], dict[str, Any]] | None:
        """Return a class, a key and a copy of its record."""
        name = trouble.resource or self._scene.shape.classes[0]
        known = self._scene.truth.now((trouble.tenant, name))
        if not known or name in DOCUMENTS:
            return None
        self._counted(trouble)
        key = sorted(known)[int(trouble.number * len(known))]
        return name, key, dict(known[key])

    def _giant(self, trouble: Trouble, tenant: X3Tenant) -> None:
        """Put a number that a float or 64 bits cannot hold; a moment later its neighbour."""
        if (chosen := self._chosen(trouble)) is None:
            return
        name, _, record = chosen
        giants: list[Any] = [
            2**70 + 1,
            Decimal("0.1234567890123456789"),
            Decimal("12345678901234567890.25"),
            -(2**63) - 5,
        ]
        giant = giants[int(997 * trouble.number) % 4]
        tenant.put(name, record | {_number(record): giant})
        later = record | {_number(record): giant + 1}
        asyncio.get_running_loop().call_later(1800.0 * trouble.number, lambda: self._if_there(tenant, name, later))

    def _if_there(self, tenant: X3Tenant, name: str, record: dict[str, Any]) -> None:
        key = tuple(record[each] for each in tenant.classes[name].key)
        if tenant.ledger.tables[name].twins(key) and self._scene.active:
            tenant.put(name, record)

    def _keyless(self, trouble: Trouble, tenant: X3Tenant) -> End | None:
        if (chosen := self._chosen(trouble)) is None:
            return None
        name, _, record = chosen
        names = tenant.classes[name].key
        tenant.put(name, record | dict.fromkeys(names))
        return lambda: removed(tenant, name, (None,) * len(names))

    def _twins(self, trouble: Trouble, tenant: X3Tenant) -> End | None:
        if (chosen := self._chosen(trouble)) is None:
            return None
        name, key, record = chosen
        tenant.put_duplicate(name, key, {_number(record): 42})

        def end() -> None:
            removed(tenant, name, key)
            tenant.put(name, record)

        return end


def _number(record: dict[str, Any]) -> str:
    """Name an amount of a record."""
    return next(each for each in ("OST", "BASPRI") if each in record)
