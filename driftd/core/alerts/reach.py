"""How far alike alerts reach: which scopes they strike, and which of those is the smallest that covers them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from math import ceil
from typing import Final, NamedTuple

from driftd.core.alerts.census import Census
from driftd.core.alerts.identity import Place, of_a_way
from driftd.core.alerts.model import Alert
from driftd.core.alerts.terms import Terms
from driftd.core.drift import Scope

_WIDE: Final = frozenset({Scope.ALL, Scope.RESOURCE})


class Struck(NamedTuple):
    """A scope that has a common trouble."""

    place: Place
    members: list[Alert]
    units: int
    """How many of its resources, or connections, they strike."""
    of: int


class Reach:
    """Alerts of one likeness that fail now, and the scopes whose alert fires for them already."""

    def __init__(self, alerts: Iterable[Alert], standing: Collection[Place], census: Census, terms: Terms) -> None:
        known = [each for each in alerts if each.drift.connection in census.homes]
        self._failing = [each for each in known if each.failing_now]
        self._standing = standing
        self._census = census
        self._terms = terms
        self._here: defaultdict[Place, list[Alert]] = defaultdict(list)
        for each in self._failing:
            for place in census.around(each):
                self._here[place].append(each)
        self.interval = max((census.homes[each.drift.connection].interval for each in known), default=0.0)
        """Seconds; the longest of all their connections."""

    def struck(self) -> list[Struck]:
        """Return the scopes that speak for alerts; no alert is in two of them."""
        left = {each.id: each for each in self._failing}
        found: list[Struck] = []
        spoken_for = {Place(Scope.TENANT, each.drift.connection) for each in self._whole()}
        for place in (each for each in self._candidates() if each not in spoken_for):
            members = [each for each in self._here[place] if each.id in left]
            if members and self._speaks(place, members):
                found.append(Struck(place, members, len(_units(place, members)), self._census.population(place)))
                for each in members:
                    del left[each.id]
        return found

    def under_their_connection(self) -> dict[str, str]:
        """Return which alert of a whole connection speaks for those of its resources: ids by ids."""
        whole = {each.drift.connection: each.id for each in self._whole()}
        resources = (each for each in self._failing if each.drift.resource is not None)
        return {each.id: whole[each.drift.connection] for each in resources if each.drift.connection in whole}

    def _whole(self) -> list[Alert]:
        """Return what fires for a connection as a whole."""
        return [each for each in self._failing if each.firing and each.drift.resource is None]

    def may_spread(self, alert: Alert) -> bool:
        """Tell whether others around an alert fail alike, though not yet enough of them, or surely will."""
        return any(self._spreads(place) for place in self._census.around(alert)) or self._is_of_a_way(alert)

    def _is_of_a_way(self, alert: Alert) -> bool:
        """Tell whether what struck a connection strikes all that go the same way, and there are some."""
        home = self._census.homes.get(alert.drift.connection)
        if home is None or not of_a_way(alert.drift.finding):
            return False
        return self._census.population(Place(Scope.HOST, home.host)) >= self._terms.members

    def _spreads(self, place: Place) -> bool:
        of = self._census.population(place)
        if of < self._terms.members:
            return False
        share = self._terms.wave if place.scope in _WIDE else 0.0
        return len(_units(place, self._here[place])) >= max(2, share * of)

    def _candidates(self) -> Iterator[Place]:
        """Give the scopes from the widest, but the smaller of two that cover the same alerts first."""
        yield from sorted((each for each in self._here if each.scope in _WIDE), key=self._widest)
        yield from sorted((each for each in self._here if each.scope not in _WIDE), key=self._widest)

    def _widest(self, place: Place) -> tuple[int, int, str]:
        only = place.scope is Scope.FOLDER and self._is_the_host(place)
        return -len(self._here[place]), len(_SMALLEST) if only else _SMALLEST.index(place.scope), place.name

    def _is_the_host(self, folder: Place) -> bool:
        """Tell whether a folder is all that is known of its host."""
        home = self._census.homes[self._here[folder][0].drift.connection]
        return self._census.population(folder) == self._census.population(Place(Scope.HOST, home.host))

    def _speaks(self, place: Place, members: list[Alert]) -> bool:
        units = _units(place, members)
        of = self._census.population(place)
        if place in self._standing:
            return len(units) >= max(self._terms.members_stay, self._terms.share_stay * of)
        if not any(each.firing for each in members):
            return False
        return self._together(list(units.values()), of) and (place.scope not in _WIDE or self._spans(members))

    def _together(self, onsets: list[int], of: int) -> bool:
        """Tell whether enough of a scope's members began to fail within the time."""
        enough = max(self._terms.members, ceil(self._terms.share * of))
        within = self._terms.cycles * self.interval * 1000
        onsets.sort()
        return any(later - first <= within for first, later in zip(onsets, onsets[enough - 1 :], strict=False))

    def _spans(self, members: list[Alert]) -> bool:
        """Tell whether several hosts are struck as such: one of them, and an accident elsewhere, is no wide trouble."""
        by_host: defaultdict[str, set[str]] = defaultdict(set)
        for each in members:
            by_host[self._census.homes[each.drift.connection].host].add(each.drift.connection)
        whole = 0
        for host, connections in by_host.items():
            of = self._census.population(Place(Scope.HOST, host))
            whole += len(connections) >= self._terms.share * of
        return whole > 1


_SMALLEST: Final = (Scope.TENANT, Scope.FOLDER, Scope.HOST, Scope.RESOURCE, Scope.ALL)


def _units(place: Place, members: Collection[Alert]) -> dict[str, int]:
    """Return the members of a scope that alerts strike, each with when it first did, epoch ms."""
    units: dict[str, int] = {}
    for each in members:
        name = each.drift.resource or "" if place.scope is Scope.TENANT else each.drift.connection
        units[name] = min(units.get(name, each.since), each.since)
    return units
