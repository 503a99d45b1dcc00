"""The other classes of a connection, as exact checks look at them: who is polled, what is there, what it adds up to."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, TypeAlias, TypeVar

from driftd.core.invariants.model import Link, SumKey, Sums
from driftd.core.invariants.sums import covered
from driftd.core.model import KeyBytes, Resource, Standing
from driftd.ports import Casebook, Store

Others: TypeAlias = Callable[[str], Resource | None]
"""Class → the resource of the same connection that polls it; None where none does."""
Erased: TypeAlias = Callable[[Resource, Iterable[KeyBytes]], Awaitable[frozenset[KeyBytes]]]
"""Returns those of the keys of a resource that a person had erased."""
BATCH: Final = 2_000
"""Keys asked for at once."""
_Any = TypeVar("_Any")


async def nobody(resource: Resource, keys: Iterable[KeyBytes]) -> frozenset[KeyBytes]:
    """Tell of nobody that they were erased."""
    del resource, keys
    return frozenset()


class Counterparts:
    """What one cycle asks of other classes; each answer is asked for once."""

    def __init__(
        self, casebook: Casebook, store: Store, connection: str, others: Others, erased: Erased = nobody
    ) -> None:
        self._erased = erased
        self._casebook = casebook
        self._store = store
        self._connection = connection
        self._others = others
        self._standings: dict[str, Standing | None] = {}
        self._there: dict[str, dict[KeyBytes, bool]] = {}

    async def standing(self, name: str) -> Standing | None:
        """Return how far a class has been read; None where it is not polled, or was never read completely."""
        if name not in self._standings:
            other = self._others(name)
            standing = await self._store.standing(other) if other else None
            self._standings[name] = standing if standing and standing.baselined else None
        return self._standings[name]

    async def unknown(self, resource: Resource) -> bool:
        """Tell whether a class that `resource` is compared with is polled, and was not read completely as yet."""
        agreements = {rule.by for rule in resource.rules.agreements if rule.of == resource.name}
        polled = [name for name in {*resource.references.values(), *agreements} if self._others(name)]
        if any([await self.standing(name) is None for name in polled]):
            return True
        equal = [rule for rule in resource.rules.agreements if rule.equal and rule.of == resource.name]
        return any([rule.by in polled and not await self.complete(rule.by, rule.parts) for rule in equal])

    async def swept(self, name: str) -> int | None:
        """Return when the last complete sweep of a class ended, epoch ms."""
        standing = await self.standing(name)
        return standing.last_sweep if standing else None

    async def present(self, links: Iterable[Link]) -> dict[str, frozenset[KeyBytes]]:
        """Return by class which of the records that `links` name are there; classes that cannot be judged are left out.

        What is pending or held is there: only a delete that is believed is an absence. So is what was erased.
        """
        wanted: dict[str, set[KeyBytes]] = {}
        for link in links:
            wanted.setdefault(link.target, set()).add(link.value)
        found = {}
        for target, values in wanted.items():
            if await self.standing(target) is not None:
                there = self._there.setdefault(target, {})
                for batch in batches([value for value in values if value not in there]):
                    answer = await self._casebook.present(self._connection, target, batch)
                    answer |= await self._left_out(target, set(batch) - answer)
                    there |= {value: value in answer for value in batch}
                found[target] = frozenset(value for value in values if there[value])
        return found

    async def _left_out(self, target: str, missing: set[KeyBytes]) -> frozenset[KeyBytes]:
        standing, other = await self.standing(target), self._others(target)
        if not missing or other is None or standing is None or not standing.erased:
            return frozenset()
        return await self._erased(other, missing)

    async def sums(self, name: str, keys: Iterable[SumKey]) -> Sums:
        """Return the sums of a class; those that came to nothing are left out."""
        found: dict[SumKey, tuple[str, ...]] = {}
        for batch in batches(keys):
            found |= await self._casebook.sums(self._connection, name, batch)
        return found

    async def complete(self, name: str, of: str) -> bool:
        """Tell whether a class's sum knows all of its records."""
        standing = await self.standing(name)
        counted = (await self.sums(name, [covered(of)])).get(covered(of))
        return standing is not None and int(counted[0] if counted else 0) >= standing.records


def batches(keys: Iterable[_Any]) -> Iterator[Sequence[_Any]]:
    """Cut keys into as many as are asked for at once."""
    rest = iter(keys)
    while batch := list(islice(rest, BATCH)):
        yield batch
