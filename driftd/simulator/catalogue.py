"""The classes of a simulated folder, as data: names as in the V11 dictionary. A further class is a further entry.

Names and shapes: Sage web-service guide (querying, reading details), the V11 table dictionary, and a public payload of
a real `BPCUSTOMER`. The fields of `SDELIVERY` and the header of `PINVOICE` are guesses: no public source shows them.
"""

from collections.abc import Mapping

from driftd.simulator.accounts import BALANCE, GACCENTRY
from driftd.simulator.class_model import ClassModel
from driftd.simulator.customers import BPCUSTOMER
from driftd.simulator.drawdown import MOST, open_to
from driftd.simulator.products import ITMMASTER, ITMMVT, PER_PRODUCT
from driftd.simulator.purchases import PINVOICE, PORDER
from driftd.simulator.sales import SDELIVERY, SORDER

_ALL = (BPCUSTOMER, ITMMASTER, ITMMVT, SORDER, SDELIVERY, PORDER, PINVOICE, GACCENTRY, BALANCE)
CLASSES: dict[str, ClassModel] = {model.name: model for model in _ALL}
_BUILT_UPON = {"ITMMVT": ("ITMMASTER", PER_PRODUCT), "SDELIVERY": ("SORDER", MOST), "PINVOICE": ("PORDER", MOST)}
_USUAL = 200


def counts(asked: int | Mapping[str, int]) -> dict[str, int]:
    """Return how many records each class has: so many each, or by class, else 200.

    Where a class builds on another there are at most three records for each of the other that may be built upon (two
    of three): fewer are made than the one number asks for. Raises `ValueError` where a number by class is above that,
    `KeyError` for a class there is not.
    """
    named = {} if isinstance(asked, int) else dict(asked)
    for name in named:
        known(name)
    made = dict.fromkeys(CLASSES, asked if isinstance(asked, int) else _USUAL) | named
    for name, (base, most) in _BUILT_UPON.items():
        limit = open_to(made[base]) * most if made[base] > 1 or base != "ITMMASTER" else 0
        if named.get(name, 0) > limit:
            raise ValueError(f"{named[name]} records of {name} need more than {made[base]} of {base}: name more of it")
        made[name] = min(made[name], limit)
    return made


def known(name: str) -> str:
    """Return the name of a class. Raises `KeyError` where there is none."""
    if name not in CLASSES:
        raise KeyError(f"no class {name!r}: there are {', '.join(CLASSES)}")
    return name
