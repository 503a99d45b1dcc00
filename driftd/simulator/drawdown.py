"""Documents that draw on an order: which order a delivery or an invoice draws on, and how much of it.

Orders whose number is divisible by three are drawn on by nothing: those are the ones that business deletes.
"""

from driftd.simulator.draws import Draft, Maker, World
from driftd.simulator.json_values import Json

MOST = 3
"""At most so many documents draw on one order from the start; of every line there are at least as many units."""


def open_to(count: int) -> int:
    """Return how many of `count` records others may build on."""
    return count - (count + 2) // 3 if count > 1 else count


def built_upon(place: int) -> int:
    """Return the number of the record at `place` among those that others may build on, of two or more."""
    return place // 2 * 3 + place % 2 + 1


def basis(world: World, order: str, document: str, ordinal: int) -> tuple[int, int, int] | None:
    """Return what a document first entered as `ordinal` draws on: the order's number, and it is which part of how many.

    None for a document entered later, which states what it draws on.
    """
    documents, orders = world.count(document), open_to(world.count(order))
    if ordinal >= documents or not orders:
        return None
    part, place = divmod(ordinal, orders)
    return (built_upon(place) if world.count(order) > 1 else 0), part, -(-documents // orders)


def parts_drawn(world: World, order: str, document: str, ordinal: int) -> tuple[int, int]:
    """Return in how many parts an order was drawn on from the start, and of how many; (0, 1) for one entered later."""
    count, documents = world.count(order), world.count(document)
    orders = open_to(count)
    if ordinal >= count or not documents or (ordinal % 3 == 0 and count > 1):
        return 0, 1
    place = ordinal // 3 * 2 + ordinal % 3 - 1 if count > 1 else 0
    return max(-(-(documents - place) // orders), 0), -(-documents // orders)


def share(quantity: Json, part: int, parts: int) -> int:
    """Return what one part of `parts` is of a whole quantity: all parts add up to it."""
    assert isinstance(quantity, int)
    return quantity * (part + 1) // parts - quantity * part // parts


def drawn(order: str, document: str, quantity: str) -> Maker:
    """How much of a line documents drew from the start."""

    def make(_n: int, draft: Draft) -> Json:
        part, parts = parts_drawn(draft.world, order, document, draft.ordinal)
        whole = draft.values[quantity]
        assert isinstance(whole, int)
        return whole * part // parts

    return make


def progress(order: str, document: str) -> Maker:
    """How far an order was drawn on from the start: 1 not at all, 2 in part, 3 in full."""

    def make(_n: int, draft: Draft) -> Json:
        part, parts = parts_drawn(draft.world, order, document, draft.ordinal)
        return 1 if not part else 3 if part == parts else 2

    return make


def allocated(order: str, document: str, yes: Json, no: Json) -> Maker:
    """The one where stock was allocated to an order from the start, which may be where it is open; else the other."""
    return lambda _n, draft: yes if _allocated(draft, order, document) else no


def allocated_rest(order: str, document: str, quantity: str, reached: str) -> Maker:
    """How much of a line is allocated: what is left of it, or nothing."""

    def make(_n: int, draft: Draft) -> Json:
        whole, done = draft.values[quantity], draft.values[reached]
        assert isinstance(whole, int)
        assert isinstance(done, int)
        return whole - done if _allocated(draft, order, document) else 0

    return make


def _allocated(draft: Draft, order: str, document: str) -> bool:
    count = draft.world.count(order)
    if draft.ordinal >= count or (draft.ordinal % 3 == 0 and count > 1):
        return False
    part, parts = parts_drawn(draft.world, order, document, draft.ordinal)
    return part < parts and draft.ordinal % 5 < 2


def mapped(name: str, *values: Json) -> Maker:
    """One of the values, by a property drawn before that counts from 1."""

    def make(_n: int, draft: Draft) -> Json:
        place = draft.values[name]
        assert isinstance(place, int)
        return values[place - 1]

    return make
