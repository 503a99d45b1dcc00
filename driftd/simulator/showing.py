"""What a tenant shows of its records: through the patches in force, and as much as the user's role lets through."""

from collections.abc import Iterable, Mapping
from itertools import chain, count

from driftd.simulator.ledger import Ledger
from driftd.simulator.patches import Patch
from driftd.simulator.prototypes import prototyped
from driftd.simulator.view import Keep, View


class Showing:
    """The patches and filters of one tenant. Not thread-safe: the tenant's lock guards it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._patches: dict[int, tuple[Patch, ...]] = {}
        self._numbers = count(1)
        self._keeps: dict[str, Keep] = {}

    @property
    def patches(self) -> Mapping[int, tuple[Patch, ...]]:
        """The patches in force, by the number of their making."""
        return dict(self._patches)

    def patch(self, patches: tuple[Patch, ...]) -> int:
        """Make patches, all or none, and return the number of their making. Raises `ValueError`."""
        if not patches:
            raise ValueError("a patch changes something: state at least one")
        self._check(patches)
        number = next(self._numbers)
        self._patches[number] = patches
        self._see({patch.resource for patch in patches})
        return number

    def unpatch(self, number: int | None) -> None:
        """Take patches back, or all. Raises `ValueError` for a number that is not in force."""
        if number is not None and number not in self._patches:
            known = ", ".join(map(str, self._patches)) or "none"
            raise ValueError(f"there is no patch {number!r}: in force are {known}")
        gone = [number] if number is not None else list(self._patches)
        self._see({patch.resource for each in gone for patch in self._patches.pop(each)})

    def filter(self, resource: str, keep: Keep) -> None:
        """Show only part of a class. Raises `ValueError` for no such class or share."""
        self._check_class(resource)
        share = isinstance(keep, int | float) and not isinstance(keep, bool)
        if not callable(keep) and not (share and 0 <= keep <= 1):
            raise ValueError(f"'keep' is a test of a record or a share from 0 to 1, not {keep!r}")
        self._keeps[resource] = keep
        self._see({resource})

    def _check(self, patches: Iterable[Patch]) -> None:
        made: dict[str, list[Patch]] = {}
        for patch in patches:
            self._check_class(patch.resource)
            before = made.setdefault(patch.resource, [])
            self._view(patch.resource, before).check(patch)
            before.append(patch)

    def _check_class(self, resource: str) -> None:
        if resource not in self._ledger.models:
            raise ValueError(f"no class {resource!r}: there are {', '.join(self._ledger.models)}")

    def _see(self, resources: Iterable[str]) -> None:
        for resource in resources:
            view = self._view(resource)
            self._ledger.see(resource, view if view.patches or view.keep != 1 else None)

    def _view(self, resource: str, more: Iterable[Patch] = ()) -> View:
        every = [*chain.from_iterable(self._patches.values()), *more]
        ours = [patch for patch in every if patch.resource == resource]
        return prototyped(self._ledger.models[resource], ours, self._keeps.get(resource, 1.0))
