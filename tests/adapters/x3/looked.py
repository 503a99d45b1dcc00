"""What live checks are of in tests, and their steps."""

from driftd.core.model import Resource
from driftd.core.trial import Check, Step, StepOutcome, Trial

CUSTOMERS = Resource("aldgate", "BPCUSTOMER", "BPCUSTOMER", ("BPCNUM",), page_size=20)
ORDERS = Resource("aldgate", "SORDER", "SORDER", ("SOHNUM",), details=True, page_size=20)
BOTH = (CUSTOMERS, ORDERS)
OK, WARNED, FAILED, SKIPPED = StepOutcome.OK, StepOutcome.WARNED, StepOutcome.FAILED, StepOutcome.SKIPPED


def step(trial: Trial, check: Check, subject: str | None = None) -> Step:
    """Return the one step of a kind, or of a kind and subject."""
    (found,) = (each for each in trial.steps if each.check is check and subject in {None, each.subject})
    return found
