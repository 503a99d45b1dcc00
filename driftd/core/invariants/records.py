"""Exact checks of one record by itself. Each function's docstring is what on-call reads of it.

Each takes the record, the rules of its class and the moment (epoch ms), and returns a verdict by path: True where the
record breaks the check, False where it does not, and nothing where that cannot be told: a member is missing or of
another type, or the record's lines are not known.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import reduce
from types import MappingProxyType
from typing import Final, TypeAlias

from driftd.core.drift import Check
from driftd.core.invariants.money import digits, half_unit, scale
from driftd.core.invariants.reading import EXACT, Record, column, matches, member, number, rows
from driftd.core.rules import Rules

Verdicts: TypeAlias = Mapping[str, bool]
FIRST_YEAR: Final = 1900
YEARS_AHEAD: Final = 10
_UNSAID: Final = frozenset({"0000-00-00", "1599-12-31"})
"""How X3 spells an empty date: in REST, and in its database."""


def journal_balance(record: Record, rules: Rules, _now: int) -> Verdicts:
    """A journal entry does not balance: in one ledger its debits and credits are not the same amount.

    In X3 an entry is posted in each ledger type, and in each of them the sum of sign × amount in the ledger's currency
    over its lines is zero. Half-written entries are looked at twice. A line is missing, was read half, or was changed
    past the application: whoever reads these lines reads wrong figures. Compare the entry on the X3 screen.
    """
    rule = rules.journal
    lines = rows(record, rule.collection) if rule else None
    if rule is None or lines is None:
        return {}
    path = f"{rule.collection}[].{rule.amount}"
    sums: dict[tuple[object, ...], Decimal] = {}
    allowed: dict[tuple[object, ...], Decimal] = {}
    for line in lines:
        group = tuple(member(line, record, name) for name in rule.group)
        sign, amount = number(line.get(rule.sign)), number(line.get(rule.amount))
        if (
            sign is None
            or sign.copy_abs() != 1
            or amount is None
            or any(isinstance(each, dict | list) for each in group)
        ):
            return {}
        sums[group] = EXACT.fma(sign, amount, sums.get(group, Decimal()))
        half = half_unit(line.get(rule.currency)) if rule.rounding else None
        allowed[group] = allowed.get(group, Decimal()) + rule.rounding * (half or 0)
    return {path: not matches(record, rule.skip) and any(sums[each].copy_abs() > allowed[each] for each in sums)}


def header_totals(record: Record, rules: Rules, _now: int) -> Verdicts:
    """A document's total is not the sum of its lines.

    Both were read at the same moment. Money may be off by half a unit of its currency for each line, for rounding;
    quantities by nothing. Lines are missing or were counted twice, or the total carries charges that no line shows: in
    the second case accept it.
    """
    verdicts: dict[str, bool] = {}
    for rule in rules.totals:
        total, lines = number(record.get(rule.header)), rows(record, rule.collection)
        amounts = [number(line.get(rule.member)) for line in lines or ()]
        known = [each for each in amounts if each is not None]
        half = half_unit(record.get(rule.currency)) if rule.currency else Decimal()
        if total is None or lines is None or len(known) < len(amounts) or half is None or (total and not known):
            continue  # a facet that shows no lines says nothing of a total
        off = EXACT.subtract(total, _sum(known))
        verdicts[rule.header] = off.copy_abs() > half * len(known)
    return verdicts


def stock_signs(record: Record, rules: Rules, _now: int) -> Verdicts:
    """Stock of a product at a site is negative, or more is allocated than is there.

    Some sites allow negative stock: accept it there. Elsewhere a movement is missing or was booked twice, and
    whoever promises goods by these figures promises what is not there.
    """
    rule = rules.stock
    if rule is None:
        return {}
    verdicts = {
        name: amount < 0 for name in rule.signed if (amount := number(record.get(name))) is not None
    }  # fmt: skip
    physical, allocated = number(record.get(rule.physical)), [number(record.get(name)) for name in rule.allocated]
    known = [each for each in allocated if each is not None]
    if physical is not None and known and len(known) == len(allocated):
        verdicts[rule.allocated[0]] = _sum(known) > max(physical, Decimal())
    return verdicts


def menu_values(record: Record, rules: Rules, _now: int) -> Verdicts:
    """A local menu has a value that this menu does not have in X3.

    The product's own menus have fixed values; a further one comes with a patch or with the customer's own change of the
    menu, and means something that no reader knows yet. Ask what it means before it is mapped.
    """
    verdicts: dict[str, bool] = {}
    for path, codes in rules.menus.items():
        found = [value for _, value in column(record, path) if isinstance(value, int) and not isinstance(value, bool)]
        if found:
            verdicts[path] = any(value and value not in codes for value in found)
    return verdicts


def scale_errors(record: Record, rules: Rules, _now: int) -> Verdicts:
    """An amount has more digits behind the point than its currency has.

    Such an amount was reckoned by something else than X3's own rounding, or is in another unit or currency than it
    says. Where the folder itself divides this currency more finely, accept it.
    """
    verdicts: dict[str, bool] = {}
    for path, currency in rules.money.items():
        for row, value in column(record, path):
            amount, most = number(value), scale(member(row, record, currency))
            if amount is not None and most is not None:
                verdicts[path] = verdicts.get(path, False) or digits(amount) > most
    return verdicts


def date_range(record: Record, rules: Rules, now: int) -> Verdicts:
    """A date of the business is before 1900 or more than ten years ahead.

    A year was mistyped, or a date is spelt in another form than it was: day and month, or century. Compare the document
    on the X3 screen.
    """
    last = datetime.fromtimestamp(now / 1000, UTC).year + YEARS_AHEAD
    verdicts: dict[str, bool] = {}
    for path in rules.dates:
        for _, value in column(record, path):
            year = _year(value)
            if year is not None:
                verdicts[path] = verdicts.get(path, False) or not FIRST_YEAR <= year <= last
    return verdicts


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return reduce(EXACT.add, amounts, Decimal())


def _year(value: object) -> int | None:
    """Return the year of an ISO date or a moment that begins with one; None for whatever else, empty dates too."""
    if not isinstance(value, str) or value[:10] in _UNSAID or value[4:5] != "-" or value[7:8] != "-":
        return None
    return int(value[:4]) if value[:4].isdecimal() and value[:4].isascii() else None


JUDGES: Final[Mapping[Check, Callable[[Record, Rules, int], Verdicts]]] = MappingProxyType(
    {
        Check.JOURNAL_BALANCE: journal_balance,
        Check.HEADER_TOTALS: header_totals,
        Check.STOCK_SIGNS: stock_signs,
        Check.MENU_VALUES: menu_values,
        Check.SCALE_ERRORS: scale_errors,
        Check.DATE_RANGE: date_range,
    }
)


def judged(record: Record, rules: Rules, now: int) -> dict[tuple[Check, str], bool]:
    """Return the verdict of every check of one record, by check and path."""
    return {
        (check, path): wrong
        for check, judge in JUDGES.items()
        for path, wrong in judge(record, rules, now).items()
    }  # fmt: skip
