"""What may happen, and what must come of it: the rows of the table that `python -m tests.faults` fills in."""

from typing import Final, NamedTuple


class Fault(NamedTuple):
    """One row."""

    number: int
    name: str
    required: str


def _rows(*rows: tuple[str, str]) -> dict[int, Fault]:
    return {number: Fault(number, *row) for number, row in enumerate(rows, start=1)}


FAULTS: Final = _rows(
    ("kill -9 during a write", "what was committed stays, what was not never was; no event twice"),
    ("kill -9 between commit and telling", "alerts and changes are told from the table by their ids"),
    ("power lost", "committed ids survive; the next sweep brings what staging lost"),
    ("disk full", "ingest pauses, metrics and health answer, ready says 503, it resumes by itself"),
    ("database slow or locked", "writers wait in a bounded queue; a cycle is abandoned whole"),
    ("database damaged", "files are set aside, a backup or a new baseline takes over, no delete is told"),
    ("clock jumps", "what was missed runs once; no age below zero counts as fresh; a tenant's own clock is told of"),
    ("suspended, loop blocked", "a later epoch fences the late commit; the loop's lag is measured"),
    ("name not found", "dns_failure; the snapshot stays; each connect resolves anew"),
    (
        "TLS expired, wrong name, unknown authority",
        "tls_expired or tls_error with the certificate named; never insecurely",
    ),
    (
        "connect refused, unanswered, reset",
        "its own reason each; a thousand connections on one dead host make one trial",
    ),
    ("dripping body", "a deadline for the whole request ends it"),
    ("stale or half-closed connection", "one fresh try for a read that got no byte; no more"),
    ("truncated body", "the page fails whole and nothing of it counts"),
    ("429 with Retry-After", "seconds and dates are kept, capped, shared by the connection"),
    ("503 with Retry-After, 5xx storm", "spread waits, a breaker, few extra requests; well again by itself"),
    ("pages shift while read", "no record missed, no delete invented"),
    ("paging in circles", "the sweep ends unproven within a bound"),
    ("key twice in a sweep", "alike: one; different: the latest, and no deletes"),
    ("key missing or of another type", 'the record is set aside, no key is invented, 1 is not "1"'),
    ("token ends during a sweep", "one new token for all, the same page again, the sweep goes on"),
    ("secret rotated", "asked twice, then told and left alone; well again with the new one"),
    ("403 on one class", "forbidden for that class alone, nothing deleted"),
    ("404 on a collection", "resource_not_found, nothing deleted"),
    ("200 with a login page", "maintenance_page, nothing deleted"),
    ("200 with an error envelope", "the page fails; a missing list is not an empty one"),
    ("empty by outage", "deletes are held as empty_answer"),
    ("mass delete, mass update", "deletes are held; one bulk_change for the updates"),
    ("bytes that are no text", "the page fails, or the record is kept as it is; nothing is mangled"),
    ("giant numbers", "every digit is kept"),
    ("members twice", "told, and the record still captured"),
    ("deep nesting", "refused or bounded, never a crash"),
    ("gzip bomb", "inflating stops at its bound, memory stays flat"),
    ("huge page or record", "payload_too_large; the others go on"),
    ("redirect elsewhere", "not followed, told"),
    ("plain http, proxy variables", "refused unless allowed; the environment leads nowhere"),
    ("fields absent when empty", "no alert by flapping"),
    ("tenant swapped", "wrong_folder; frozen, nothing compared"),
    ("two daemons on one database", "the second ends with 3, the first goes on"),
    ("SIGTERM during a sweep", "committed within the grace or not at all; the next begins anew"),
    ("memory short", "a sweep's memory follows its page, not its resource"),
    ("slow client of metrics or API", "cut off; scrapes and polls go on"),
)
"""By number, as the tests' marker `fault` names them."""
