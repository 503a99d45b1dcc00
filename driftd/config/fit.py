"""Where a plan is above a limit: which resource costs most, and the one setting that makes the plan fit."""

from collections.abc import Iterator, Mapping
from math import ceil

from msgspec import Struct
from msgspec.structs import replace

from driftd.config.model import ConnectionConfig, ResourceConfig, Settings
from driftd.config.plan import UNKNOWN, Cost, Priced, ResourcePlan, Sizes, priced
from driftd.config.values import LONGEST, span, volume
from driftd.core.model import Kind
from driftd.errors import Mistake

_TIMES = (1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96)
"""By how much an interval may be made longer. Whole multiples keep cycles falling together."""


class _Scope(Struct, frozen=True):
    """What a limit holds for: a connection, or one of its resources that lowered it for itself."""

    connection: ConnectionConfig
    """With the resources that count only."""
    settings: Settings
    """Those with the limits."""
    places: tuple[str, ...]
    """Where each resource stands; empty where none is listed."""
    place: str
    """Where a limit may be raised."""

    def cost(self, plan: Priced) -> Cost:
        """Return what counts: of a resource its cycles, of a connection also what is asked beside them."""
        return plan.total if self.place == self.connection.place else plan.cycles

    def exceeded(self, cost: Cost) -> list[str]:
        """Name the limits that `cost` does not keep."""
        limits = {"requests_per_day": cost.requests, "bytes_per_day": cost.bytes}
        return [name for name, needed in limits.items() if needed > getattr(self.settings, name)]


def above_limits(connection: ConnectionConfig, sizes: Sizes = UNKNOWN) -> list[Mistake]:
    """Name the limits of a connection, or else of its resources, that the plan does not keep; none where it does."""
    places = tuple(f"{connection.place}.resources[{n}]" for n in range(len(connection.classes)) if connection.listed)
    scope = _Scope(connection, connection.settings, places, connection.place)
    if found := _judged(scope, sizes):
        return found
    found = []
    for place, each in zip(places, connection.classes, strict=bool(places)):
        if each.own & {"requests_per_day", "bytes_per_day"}:
            found += _judged(_Scope(replace(connection, classes=(each,)), each.settings, (place,), place), sizes)
    return found


def _judged(scope: _Scope, sizes: Sizes) -> list[Mistake]:
    plan = priced(scope.connection, sizes)
    cost = scope.cost(plan)
    limits = scope.exceeded(cost)
    if not limits:
        return []
    worst = max(plan.resources, key=lambda each: _of(each.total, limits[0]))
    needs = " and ".join(_needs(cost, limit, scope.settings) for limit in limits)
    text = f'"{scope.connection.name}" needs {needs}, most of it for {worst.resource.name}'
    for path, key, changed in _candidates(scope, plan, worst, limits[0]):
        longer = _longer(scope, sizes, key, changed)
        if longer is not None:
            now = span(getattr(next(iter(changed.values())).settings, key))
            return [Mistake(f"{path}.{key}", f'{text}: set {key} = "{span(longer)}", which is "{now}" now')]
    advice = f"{text}; no cadence of it alone would fit, so poll fewer resources, or set"
    return [Mistake(f"{scope.place}.{limit}", f"{advice} {limit} = {ceil(_of(cost, limit))}") for limit in limits]


def _candidates(
    scope: _Scope, plan: Priced, worst: ResourcePlan, limit: str
) -> Iterator[tuple[str, str, Mapping[int, ResourceConfig]]]:
    """Yield path and key of each interval that could be longer, and the resources that would follow it."""
    number, classes = plan.resources.index(worst), dict(enumerate(scope.connection.classes))
    costly = sorted(worst.costs, key=lambda kind: _of(worst.costs[kind], limit), reverse=True)
    keys = [kind.value for kind in costly]  # where another setting decides instead, it will not be found to fit
    if scope.places:
        yield from ((scope.places[number], key, {number: classes[number]}) for key in keys)
    if scope.place == scope.connection.place:
        for key in keys:
            theirs = {key, "sweep_cron"} if key == Kind.SWEEP else {key}
            followers = {n: each for n, each in classes.items() if not each.own & theirs}
            if number in followers:
                yield scope.place, key, followers


def _longer(scope: _Scope, sizes: Sizes, key: str, changed: Mapping[int, ResourceConfig]) -> float | None:
    """Return the shortest longer interval with which the plan fits, also once nothing is known of sizes."""
    now: float = getattr(next(iter(changed.values())).settings, key)

    def fits(longer: float) -> bool:
        classes = list(scope.connection.classes)
        for number, each in changed.items():
            classes[number] = replace(each, settings=replace(each.settings, **{key: longer}))
        connection = replace(scope.connection, classes=tuple(classes))
        # a configuration is read without sizes first: grids that no longer fall together may then cost more
        return not any(scope.exceeded(scope.cost(priced(connection, each))) for each in (sizes, UNKNOWN))

    lengths = [round(now * times, 3) for times in _TIMES if now * times <= LONGEST]
    if not lengths or not fits(lengths[-1]):
        return None
    return next(each for each in lengths if fits(each))


def _needs(cost: Cost, limit: str, settings: Settings) -> str:
    if limit == "requests_per_day":
        return f"{cost.requests:.0f} requests a day, above requests_per_day = {settings.requests_per_day}"
    return f'{volume(cost.bytes)} a day, above bytes_per_day = "{volume(settings.bytes_per_day - 1)}"'


def _of(cost: Cost, limit: str) -> float:
    return cost.requests if limit == "requests_per_day" else cost.bytes
