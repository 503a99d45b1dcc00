"""All guards, by what finds their loss."""

from typing import Final

from tests.guards import asking, believing, reading
from tests.guards.guard import Guard, simulated

FALSE: Final = ("FALSE DELETE",)
TAKEN: Final = ("was taken for a",)
GUARDS: Final = (
    # --- what is read
    Guard("completeness of a sweep", reading.completeness, ("LOST", *FALSE), 1, simulated),
    Guard("loops in paging", reading.loops, ("asked 8 times",), 1, simulated),
    Guard("the server's own order", reading.order, ("LOST", "deletes wait", *FALSE), 1, simulated),
    Guard("records that no segment shows", reading.looseness, ("LOST",), 1, simulated),
    Guard("overlap of the watermark", reading.overlap, ("the delta passed it over",), 1, simulated),
    Guard("folder of the records", reading.folder, ("wrong_folder was taken",), 1, simulated),
    Guard("origin of the next link", reading.origin, ("another origin",), 1, simulated),
    Guard("a list is there", reading.envelope, ("no_resources was taken",), 1, simulated),
    Guard("status of an answer", reading.status, TAKEN, 1, simulated),
    Guard("errors within a page", reading.severity, TAKEN, 1, simulated),
    Guard("bound of inflating", reading.inflation, ("gzip_bomb was taken",), 1, simulated),
    Guard("digits of numbers", reading.digits, ("never true", "never so"), 1, simulated),
    Guard("keys that are none", reading.quarantine, ("never true", "never so"), 1, simulated),
    Guard("a new token for what is refused", reading.renewal, ("h after the last fault",), 1, simulated),
    # --- what is believed
    Guard("second look", believing.second_look, FALSE, 1, simulated),
    Guard("second sweep where no look was possible", believing.patience, FALSE, 1, simulated),
    Guard("mass of deletes", believing.mass, FALSE, 1, simulated),
    Guard("keys are unique", believing.uniqueness, FALSE, 1, simulated),
    Guard("silence of a class", believing.silence, FALSE, 1, simulated),
    Guard("epoch of the writer", believing.fence, ("a later one owns the store",), 1, simulated),
    Guard("one daemon a store", believing.instance, ("a second daemon",), 1, simulated),
    Guard("numbers given within the commit", believing.numbering, ("came after",), 1, simulated),
    Guard("generations behind a pointer", believing.pointer, ("LOST", "replay", "INVENTED"), 1, simulated),
    # --- what is asked
    Guard("one token at a time", asking.single_flight, ("two tokens",), 1, simulated),
    Guard("deadline of a request", asking.deadline, ("h after the last fault",), 1, simulated),
    Guard("requests of a day", asking.budget, ("requests on one day",), 1, simulated),
    Guard("Retry-After", asking.retry_after, ("before Retry-After ends",), 1, simulated),
    Guard("breaker of a host", asking.opening, ("was tried thrice",), 1, simulated),
    Guard("requests at once", asking.turns, ("requests at once",), 1, simulated),
    Guard("stamps of a clock put back", asking.future, ("h after the last fault",), 1, simulated),
)
