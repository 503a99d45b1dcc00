"""Business as it goes on by itself: one stage a step, by chance, always the same for the same seed."""

from typing import NamedTuple

from driftd.simulator import trade
from driftd.simulator.business import Business
from driftd.simulator.desk import BusyError, Desk
from driftd.simulator.journal import Change


class _Step(NamedTuple):
    weight: int
    needs: tuple[str, ...]
    """Classes that the tenant must have."""
    stage: trade.Stage


def _any(made: Change | None) -> list[Change]:
    return [] if made is None else [made]


_STEPS = (
    _Step(5, ("SORDER",), lambda desk: [desk.enter("SORDER")]),
    _Step(1, ("SORDER",), trade.order_more),
    _Step(5, ("SORDER",), trade.allocate),
    _Step(7, ("SORDER", "SDELIVERY"), trade.deliver),
    _Step(6, ("SDELIVERY", "GACCENTRY"), trade.bill),
    _Step(3, ("PORDER",), lambda desk: [desk.enter("PORDER")]),
    _Step(4, ("PORDER",), trade.receive),
    _Step(4, ("PORDER", "PINVOICE"), trade.invoice),
    _Step(4, ("PINVOICE", "GACCENTRY"), trade.post),
    _Step(2, ("GACCENTRY",), trade.pay),
    _Step(2, ("ITMMVT",), trade.move),
    _Step(3, ("BPCUSTOMER",), lambda desk: _any(Business(desk).updated("BPCUSTOMER"))),
    _Step(2, ("ITMMASTER",), lambda desk: _any(Business(desk).updated("ITMMASTER"))),
    _Step(1, ("BPCUSTOMER",), lambda desk: [desk.enter("BPCUSTOMER")]),
    _Step(1, ("ITMMASTER",), lambda desk: [desk.enter("ITMMASTER")]),
    _Step(1, ("SORDER",), lambda desk: _any(Business(desk).deleted("SORDER"))),
    _Step(1, ("BPCUSTOMER",), lambda desk: _any(Business(desk).deleted("BPCUSTOMER"))),
)


def step(desk: Desk) -> list[Change]:
    """Return the changes of one step: of the first stage, by chance, for which something waits; [] where none does."""
    steps = [each for each in _STEPS if desk.serves(*each.needs)]
    while steps:
        chosen = desk.chance.choices(steps, [each.weight for each in steps])[0]
        steps.remove(chosen)
        try:
            made = chosen.stage(desk.cleared())
        except BusyError:
            continue
        if made:
            return made
    return []
