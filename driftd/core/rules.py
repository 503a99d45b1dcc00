"""What exact checks know of a class: which member plays which part. Data of the catalogue, never code by class.

A *path* is a member of the record, ``CUR``, or of the rows of a collection, ``SOHSOP[].ITMREF``. A member of a row is
looked for in the record where the row has none.
"""

from collections.abc import Mapping

from msgspec import Struct

Codes = tuple[bool | int | str, ...]
"""Values of a menu or code."""


class Journal(Struct, frozen=True):
    """Lines that cancel out: per group the sum of sign × amount is zero."""

    collection: str
    group: tuple[str, ...]
    sign: str
    amount: str
    currency: str = ""
    """Member of the row with the amount's currency."""
    rounding: int = 0
    """Half units of the currency's scale that a group may be off, for each of its lines."""
    skip: Mapping[str, Codes] = {}
    """Records with one of these values are not looked at."""


class Total(Struct, frozen=True):
    """A member of the record that is the sum of one of its lines."""

    header: str
    collection: str
    member: str
    currency: str = ""
    """Member with the currency, where it is money: half a unit of its scale is allowed for each line."""


class Stock(Struct, frozen=True):
    """Quantities of one product at one site."""

    physical: str
    signed: tuple[str, ...]
    """Members that are never negative."""
    allocated: tuple[str, ...] = ()
    """Members that together are at most what is there physically."""


class Sum(Struct, frozen=True):
    """Amounts that a class's records add up to, under the members that identify them."""

    name: str
    group: tuple[str, ...]
    amounts: tuple[str, ...]
    collection: str = ""
    """Whose rows are added up; empty: the record itself."""
    sign: str = ""
    """Member with +1 or −1: amounts with +1 are added in the first columns, the others in as many further ones."""
    spread: bool = False
    """Whether each amount is an array by period: its place, from 1, becomes the last member of the group."""
    skip: Mapping[str, Codes] = {}
    """Records with one of these values add nothing."""


class Agreement(Struct, frozen=True):
    """How the sums of two classes go together. It stands in the rules of both."""

    check: str
    """A value of `Check`."""
    of: str
    """The class whose records break it."""
    whole: str
    """Its sum."""
    by: str
    """The class that draws on it, or makes it up."""
    parts: str
    """The sum of that class, by the same members."""
    field: str
    """Path that is told."""
    key: int
    """How many of the members that identify the sum are the key of the first class's record."""
    equal: bool = False
    """Whether both are equal; otherwise the parts are at most the whole."""
    over: str = "0"
    """Share of the whole by which the parts may exceed it: ``0.05``."""


class Price(Struct, frozen=True):
    """What a new document is compared by with the one before it: an amount per product, unit and currency."""

    collection: str
    group: tuple[str, ...]
    amount: str


class Rules(Struct, frozen=True):
    """The exact checks of one class; empty where it has none."""

    journal: Journal | None = None
    totals: tuple[Total, ...] = ()
    stock: Stock | None = None
    menus: Mapping[str, Codes] = {}
    """Path → the menu's values. Zero is empty, and never wrong."""
    money: Mapping[str, str] = {}
    """Path of an amount → member with its currency."""
    dates: tuple[str, ...] = ()
    """Paths of dates that belong to the business of these years."""
    sets: tuple[str, ...] = ()
    """Members whose few values are companies, sites or currencies of the folder."""
    closed: Mapping[str, Codes] = {}
    """A document with one of these values is closed: what it refers to may go."""
    sums: tuple[Sum, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    price: Price | None = None


def used(rules: Rules) -> frozenset[str]:
    """Return the paths that exact checks read of a class; a member that may stand in a row or its record, as both."""
    found = {*rules.menus, *rules.money, *rules.dates, *rules.sets, *rules.closed}
    journal, stock, price = rules.journal, rules.stock, rules.price
    if journal:
        found.update(_paths(journal.collection, (*journal.group, journal.sign, journal.amount)))
    if stock:
        found.update((stock.physical, *stock.signed, *stock.allocated))
    if price:
        found.update(_paths(price.collection, (*price.group, price.amount)))
    for total in rules.totals:
        found.update((total.header, f"{total.collection}[].{total.member}"))
    for each in rules.sums:
        found.update(_paths(each.collection, (*each.group, *each.amounts, each.sign)))
    return frozenset(path for path in found if not path.endswith(".") and path)


def _paths(collection: str, members: tuple[str, ...]) -> set[str]:
    return {*members, *(f"{collection}[].{each}" for each in members if collection)}
