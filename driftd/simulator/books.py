"""The books: journal entries that balance in each ledger, and the account balances they add up to.

Amounts are whole cents throughout. Every entry is posted in two ledgers: the legal one in euros, the analytical one in
US dollars. Entries from the start post to a group of accounts chosen by their number, so that the balance of one
account is the sum of few entries that are found without looking at the others.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from driftd.simulator.draws import World, decimal, iso_day
from driftd.simulator.json_values import Json, Record
from driftd.simulator.references import codes

PERIODS = 12
"""Of the one fiscal year there is; place 0 of a balance is what was carried forward."""
COMPANY, YEAR = "FR10", 1
SITES = ("FR011", "FR012", "GB011")
LEDGERS = (("LEG", "EUR"), ("IAS", "USD"))
"""Ledger and its currency, by ledger type from 1."""
CUSTOMER, SALES, TAX, SUPPLIER, PURCHASES, BANK = "411", "707", "445", "401", "607", "512"
_ACCOUNTS = (CUSTOMER, SALES, TAX, SUPPLIER, PURCHASES, BANK)
_THOUSANDTHS = {
    ("EUR", "EUR"): 1000, ("GBP", "EUR"): 1170, ("USD", "EUR"): 920, ("ZAR", "EUR"): 50,
    ("EUR", "USD"): 1085, ("GBP", "USD"): 1270, ("USD", "USD"): 1000, ("ZAR", "USD"): 54,
}  # fmt: skip
_MONTHS = (30, 61, 92, 120, 151, 181, 212, 242, 273, 304, 334, 365)
"""Days from 1 November to the end of each period."""


class Posting(NamedTuple):
    """One account's part in an entry; `cents` in the entry's currency, `sign` +1 for a debit."""

    account: str
    partner: str
    sign: int
    cents: int


class Entry(NamedTuple):
    """A journal entry. The first posting balances all others."""

    site: str
    currency: str
    day: int
    """Days since the fiscal year began."""
    postings: tuple[Posting, ...]


class Movement(NamedTuple):
    """What an entry does to one account in one ledger."""

    key: tuple[Json, ...]
    """Of the balance."""
    period: int
    sign: int
    cents: int
    in_ledger: int


def key_of(ordinal: int) -> tuple[Json, ...]:
    """Return the key of a balance there is from the start: two ledgers for each account of each group."""
    slot, ledger = divmod(ordinal, len(LEDGERS))
    group, place = divmod(slot, len(_ACCOUNTS))
    account, partner = _account(group, place)
    return (ledger + 1, COMPANY, _site(group), YEAR, account, partner, _currency(group))


def entry(world: World, ordinal: int) -> Entry:
    """Return the entry entered as number `ordinal` from the start: of a sale, a purchase or a payment, in turn."""
    kind, day, net = world.chance("GACCENTRY", ordinal, 3)
    groups, places = _chart(world.count("BALANCE"))
    group = ordinal % groups
    sums = amounts(net % 2_000_000 + 100)
    used = ((CUSTOMER, SALES, TAX), (SUPPLIER, PURCHASES, TAX), (BANK, CUSTOMER))[kind % 3]
    sign = -1 if used[0] == SUPPLIER else 1
    postings = [
        Posting(*_account(group, _ACCOUNTS.index(name) % places), sign if number == 0 else -sign, cents)
        for number, (name, cents) in enumerate(zip(used, sums if len(used) > 2 else sums[:1] * 2, strict=True))
    ]
    return Entry(_site(group), _currency(group), day % 365, tuple(postings))


def amounts(net: int) -> tuple[int, int, int]:
    """Return total, net and tax at 20 per cent, in cents."""
    tax = round(net * 20 / 100)
    return net + tax, net, tax


def header_of(written: Entry) -> Record:
    """Return the properties of `GACCENTRY` and the rows of its lines that an entry decides."""
    period, day = _period(written.day), iso_day(written.day)
    rates = [decimal(_THOUSANDTHS[written.currency, currency], 1000) for _, currency in LEDGERS]
    header: Record = {"FCY": written.site, "PER": period, "ACCDAT": day, "CUR": written.currency}
    header["RATMLT"] = [*rates, *[0] * (10 - len(rates))]
    in_ledgers = [_in_ledger(written, ledger) for ledger in range(len(LEDGERS))]
    rows: list[Json] = [
        {
            "LIN": number + 1, "LEDTYP": ledger + 1, "FCYLIN": written.site, "PER": period, "ACCDAT": day,
            "ACC": posting.account, "BPR": posting.partner, "SNS": posting.sign, "CUR": written.currency,
            "AMTCUR": decimal(posting.cents), "CURLED": LEDGERS[ledger][1], "AMTLED": decimal(cents[number]),
        }
        for number, posting in enumerate(written.postings)
        for ledger, cents in enumerate(in_ledgers)
    ]  # fmt: skip
    return {**header, "LINNBR": len(rows), "GACCENTRYD": rows}


def movements(written: Entry, ledgers: Iterable[int] = range(len(LEDGERS))) -> Iterator[Movement]:
    """Yield what an entry does to each account in each ledger, or in those numbered from 0."""
    period = _period(written.day)
    for ledger in ledgers:
        for posting, cents in zip(written.postings, _in_ledger(written, ledger), strict=True):
            account = (posting.account, posting.partner, written.currency)
            key = (ledger + 1, COMPANY, written.site, YEAR, *account)
            yield Movement(key, period, posting.sign, posting.cents, cents)


class Columns:
    """Debits and credits of one balance by period, in its own currency and in the ledger's, in cents."""

    NAMES = ("DEB", "CDT", "DEBLED", "CDTLED")

    def __init__(self, shown: Record) -> None:
        self._cents = {name: _cents(shown.get(name)) for name in self.NAMES}

    def move(self, movement: Movement) -> None:
        """Add a movement."""
        own, led = ("DEB", "DEBLED") if movement.sign > 0 else ("CDT", "CDTLED")
        self._cents[own][movement.period] += movement.cents
        self._cents[led][movement.period] += movement.in_ledger

    def shown(self) -> Record:
        """Return the columns as properties of `BALANCE`."""
        return {name: [decimal(each) for each in column] for name, column in self._cents.items()}


def balance(world: World, ordinal: int) -> Record:
    """Return what the entries from the start add up to in a balance from the start; {} for any other."""
    groups, places = _chart(world.count("BALANCE"))
    slot, ledger = divmod(ordinal, len(LEDGERS))
    group, place = divmod(slot, len(_ACCOUNTS))
    if ordinal >= world.count("BALANCE") or group >= groups or place >= places:
        return {}
    account, columns = _account(group, place), Columns({})
    for number in range(group, world.count("GACCENTRY"), groups):
        written = entry(world, number)
        for posting, movement in zip(written.postings, movements(written, (ledger,)), strict=True):
            if posting[:2] == account:
                columns.move(movement)
    return columns.shown()


def _chart(balances: int) -> tuple[int, int]:
    """Return how many groups of accounts are posted to from the start, and how many accounts of each."""
    accounts = max(balances // len(LEDGERS), 1)
    places = min(accounts, len(_ACCOUNTS))
    return accounts // places if places == len(_ACCOUNTS) else 1, places


def _account(group: int, place: int) -> tuple[str, str]:
    """Return account and partner: each dozen of groups has sub-accounts of its own."""
    number = group // 12
    suppliers = codes("BPS")
    partner = suppliers[number % len(suppliers)] if _ACCOUNTS[place] == SUPPLIER else ""
    return f"{_ACCOUNTS[place]}{number:03d}", partner


def _site(group: int) -> str:
    return SITES[group % len(SITES)]


def _currency(group: int) -> str:
    currencies = codes("CUR")
    return currencies[group // len(SITES) % len(currencies)]


def _period(day: int) -> int:
    return next(number + 1 for number, end in enumerate(_MONTHS) if day < end)


def _in_ledger(written: Entry, ledger: int) -> Sequence[int]:
    """Return the postings in a ledger's currency: the first is what the others, rounded, add up to."""
    rate = _THOUSANDTHS[written.currency, LEDGERS[ledger][1]]
    others = [(posting.cents * rate + 500) // 1000 for posting in written.postings[1:]]
    return [sum(others), *others]


def _cents(column: Json) -> list[int]:
    if not isinstance(column, list):
        return [0] * (PERIODS + 1)
    return [round(float(str(each)) * 100) for each in column]
