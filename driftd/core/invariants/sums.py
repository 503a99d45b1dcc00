"""Sums over records that follow changes: subtract what a record added before, add what it adds now.

Laws: what a record adds depends on its canonical bytes alone, so that subtracting it gives the sums as they were; the
order of records and of lines does not matter. Amounts are exact decimals.

A record whose lines are not known, or cannot be read by the rules, adds nothing and is not *covered*: how many records
are covered stands in the sums itself (`covered`), so that a sum is compared only where nothing is missing from it.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, TypeAlias

from msgspec import json

from driftd.core.invariants.model import SumKey, Sums
from driftd.core.invariants.reading import EXACT, Record, matches, member, number, part, rows
from driftd.core.model import KeyBytes, KeyPart
from driftd.core.rules import Agreement, Rules, Sum

Amounts: TypeAlias = dict[SumKey, tuple[Decimal, ...]]
_ENCODE: Final = json.Encoder().encode
_PARTS: Final = json.Decoder(list[KeyPart]).decode
_ONE: Final = (Decimal(1),)


def covered(name: str) -> SumKey:
    """Return the key of the count of records that a sum knows completely."""
    return SumKey(name, b"[]")


def contribution(record: Record, rules: Rules, *, zeros: bool = False) -> Amounts:
    """Return what one record adds to the sums of its class, and the values that it has of the folder's sets.

    `zeros`: with the periods in which it adds nothing.
    """
    amounts: Amounts = {}
    for rule in rules.sums:
        found = _of(rule, record, zeros=zeros)
        if found is not None:
            amounts |= found
            amounts[covered(rule.name)] = _ONE
    for name in rules.sets:
        value = part(record.get(name))
        if value not in (None, ""):
            amounts[SumKey(of_set(name), _ENCODE([value]))] = _ONE
            amounts[covered(of_set(name))] = _ONE
    return amounts


def of_set(member: str) -> str:
    """Return the name of the sum that counts the records by their value of a member."""
    return f"set:{member}"


def add(total: Amounts, amounts: Amounts, sign: int = 1) -> None:
    """Add amounts to a total in place, or subtract them."""
    for key, row in amounts.items():
        if not any(row):
            continue
        signed = row if sign > 0 else tuple(each.copy_negate() for each in row)
        held = total.get(key)
        total[key] = signed if held is None else tuple(map(EXACT.add, held, signed))


def moved(held: Sums, by: Amounts) -> dict[SumKey, tuple[str, ...]]:
    """Return the new amounts of each sum that changed; empty for one that came to nothing."""
    found = {}
    for key, row in by.items():
        if any(row):
            before = held.get(key) or ("0",) * len(row)
            after = [EXACT.add(Decimal(old), new) for old, new in zip(before, row, strict=False)]
            found[key] = tuple(map(spelt, after)) if any(after) else ()
    return found


def spelt(amount: Decimal) -> str:
    """Spell an amount in the one way."""
    return f"{amount.normalize(EXACT):f}"


def record_key(agreement: Agreement, key: SumKey) -> KeyBytes:
    """Return the key of the record that an agreement's sum belongs to."""
    return _ENCODE(_PARTS(key.value)[: agreement.key])


def broken(agreement: Agreement, whole: Sequence[str] | None, parts: Sequence[str] | None) -> bool:
    """Tell whether two sums do not agree. Of an order line that is not known nothing can be too much."""
    if agreement.equal:
        return any(Decimal(one) != Decimal(other) for one, other in _paired(whole or (), parts or ()))
    if not whole:
        return False
    most = EXACT.multiply(Decimal(whole[0]), 1 + Decimal(agreement.over))
    return Decimal(parts[0] if parts else 0) > most


def spelt_of(amounts: Amounts, name: str) -> dict[SumKey, tuple[str, ...]]:
    """Return the amounts of one sum as they are kept, without its count."""
    return {
        key: tuple(map(spelt, row)) for key, row in amounts.items() if key.name == name and key != covered(name)
    }  # fmt: skip


def _paired(one: Sequence[str], other: Sequence[str]) -> list[tuple[str, str]]:
    size = max(len(one), len(other))
    return list(zip([*one, *["0"] * (size - len(one))], [*other, *["0"] * (size - len(other))], strict=True))


def _of(rule: Sum, record: Record, *, zeros: bool) -> Amounts | None:
    """Return what a record adds to one sum; None where that is not known."""
    if matches(record, rule.skip):
        return {}
    found = rows(record, rule.collection) if rule.collection else [record]
    if found is None:
        return None
    if rule.spread:
        return _spread(rule, record, zeros=zeros)
    total: Amounts = {}
    for row in found:
        amounts = _row(rule, row, record)
        if amounts is None:
            return None
        add(total, amounts)
    return total


def _row(rule: Sum, row: Record, record: Record) -> Amounts | None:
    group = _group(rule, row, record)
    amounts = [number(row.get(name)) for name in rule.amounts]
    known = tuple(each for each in amounts if each is not None)
    if group is None or len(known) < len(amounts):
        return None
    if rule.sign:
        sign, nothing = number(row.get(rule.sign)), (Decimal(),) * len(known)
        if sign is None or sign.copy_abs() != 1:
            return None
        known = known + nothing if sign > 0 else nothing + known
    return {SumKey(rule.name, _ENCODE(group)): known}


def _spread(rule: Sum, record: Record, *, zeros: bool) -> Amounts | None:
    """Return a record's amounts by period: place 0, which was carried forward, is left out."""
    group = _group(rule, record, record)
    arrays = [record.get(name) for name in rule.amounts]
    if group is None or not all(isinstance(each, list) for each in arrays):
        return None
    total: Amounts = {}
    nothing = (0,) * len(arrays)
    for place, row_amounts in enumerate(zip(*arrays, strict=False)):
        if row_amounts == nothing and not zeros:
            continue
        known = tuple(each for value in row_amounts if (each := number(value)) is not None)
        if len(known) < len(rule.amounts):
            return None
        if place:
            total[SumKey(rule.name, _ENCODE([*group, place]))] = known
    return total


def _group(rule: Sum, row: Record, record: Record) -> list[KeyPart] | None:
    parts = [part(member(row, record, name)) for name in rule.group]
    known = [each for each in parts if each is not None]
    return known if len(known) == len(parts) else None
