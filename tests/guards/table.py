"""All guards, by what finds their loss."""

from typing import Final

from tests.guards import asking, believing, keeping, reading, shown, stored, trials
from tests.guards.guard import Guard, simulated

FALSE: Final = ("FALSE DELETE",)
TAKEN: Final = ("was taken for a",)
NUMBERS: Final = ("came after", "not replay", "not fit")
GUARDS: Final = (
    # --- what is read
    Guard("completeness of a sweep", reading.completeness, ("LOST", *FALSE), 2, simulated),
    Guard("loops in paging", reading.loops, ("asked 8 times",), 25, simulated),
    Guard("the server's own order", reading.order, ("was not confirmed",), 1, trials.ordered),
    Guard("records that no segment shows", reading.looseness, ("LOST",), 1, trials.loose),
    Guard("one change of a record a cycle", keeping.once, ("an id came twice", "not fit"), 1, trials.twice),
    Guard("places of a record", keeping.places, ("FALSE DELETE", "LOST"), 1, trials.astray),
    Guard("overlap of the watermark", reading.overlap, ("the delta passed it over",), 3, simulated),
    Guard("folder of the records", reading.folder, ("wrong_folder was taken",), 17, simulated),
    Guard("kinship of the tenant", keeping.canary, ("another tenant",), 1, trials.another),
    Guard("origin of the next link", reading.origin, ("another origin",), 30, simulated),
    Guard("a list is there", reading.envelope, TAKEN, 3, simulated),
    Guard("status of an answer", reading.status, TAKEN, 66, simulated),
    Guard("errors within a page", reading.severity, TAKEN, 21, simulated),
    Guard("bound of inflating", reading.inflation, ("gzip_bomb was taken",), 2, simulated),
    Guard("digits of numbers", reading.digits, ("never true", "never so"), 1, simulated),
    Guard("keys that are none", reading.quarantine, ("never true", "never so"), 1, simulated),
    # --- what is believed
    Guard("second look", believing.second_look, FALSE, 30, simulated),
    Guard("neighbours of a second look", keeping.neighbours, FALSE, 1, trials.neighbours),
    Guard("beginning of a sweep", keeping.opening, FALSE, 9, trials.withdrawn),
    Guard("second sweep where no look was possible", believing.patience, FALSE, 1, trials.neighbours),
    Guard("mass of deletes", believing.mass, FALSE, 2, simulated),
    Guard("keys are unique", believing.uniqueness, ("keys are not unique",), 1, trials.unique),
    Guard("silence of a class", believing.silence, ("was called",), 1, trials.silence),
    Guard("silence and mass", keeping.mass_and_silence, FALSE, 1, trials.silence),
    Guard("epoch of the writer", believing.fence, ("a later one owns the store",), 4, simulated),
    Guard("one daemon a store", believing.instance, ("a second daemon",), 4, simulated),
    Guard("numbers given within the commit", believing.numbering, NUMBERS, 3, simulated),
    Guard("generations behind a pointer", believing.pointer, ("INVENTED",), 1, stored.halfway),
    # --- what is asked
    Guard("addresses behind a name", asking.addresses, ("was rebound",), 3, simulated),
    Guard("one token at a time", asking.single_flight, ("two tokens",), 2, simulated),
    Guard("deadline of a request", asking.deadline, ("a request lasted",), 5, simulated),
    Guard("requests of a day", asking.budget, ("requests on one day",), 1, trials.budget),
    Guard("Retry-After", asking.retry_after, ("before Retry-After ends",), 12, simulated),
    Guard("breaker of a host", asking.opening, ("was tried thrice",), 144, simulated),
    Guard("requests at once", asking.turns, ("requests at once",), 4, simulated),
    Guard("stamps of a clock put back", asking.future, ("nothing is due",), 1, trials.put_back),
    # --- what is kept and shown
    Guard("field rules", keeping.rules, ("private value",), 1, trials.private),
    Guard("field rules of what is stored", keeping.scrubbing, ("private value",), 3, trials.private),
    Guard("limits of a record", keeping.bounds, ("bytes is stored",), 1, trials.over_limit),
    Guard("erased records stay away", keeping.erasures, ("erased record",), 1, trials.erased),
    Guard("what is not read yet stays", keeping.readers, ("before its reader",), 1, stored.unread),
    Guard("known secrets", keeping.secrets, ("a secret is shown",), 1, shown.known),
    Guard("spellings of secrets", keeping.spellings, ("a secret is shown",), 4, shown.known),
    Guard("other spellings of URLs", keeping.words, ("a secret is shown",), 1, shown.known),
    Guard("shapes of secrets", keeping.shapes, ("looks like a secret",), 1, shown.shaped),
)
