"""Guards of what is kept and shown: persons, secrets, what is too large, what is not read yet."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from driftd.adapters.logs import redaction
from driftd.adapters.logs.forms import Form
from driftd.adapters.logs.redaction import Redaction
from driftd.core import oversize, retention
from driftd.core.lines import Lines
from driftd.core.model import KeyBytes
from driftd.runtime import cycle, look
from driftd.runtime.canary import Canary
from driftd.runtime.deletes import Deletes
from driftd.runtime.veiling import Veiling
from tests.fakes.patching import patched
from tests.guards import believing

Taken = AbstractContextManager[object]


def neighbours() -> Taken:
    """A second look counts, whether or not the known neighbours came back."""
    between = look._between

    async def anyhow(*given: Any) -> tuple[set[KeyBytes], bool]:
        return (await between(*given))[0], True

    return patched(look, "_between", anyhow)


def opening() -> Taken:
    """What a sweep showed first need not be there any more when its deletes are believed."""

    async def never(_self: Deletes, _opening: object) -> bool:
        return False

    return patched(Deletes, "_faded", never)


@contextmanager
def mass_and_silence() -> Iterator[None]:
    """An emptied class counts as emptied, and any mass of deletes is believed."""
    with believing.silence(), believing.mass():
        yield


def once() -> Taken:
    """A cycle tells as many changes of a record as it sees."""
    return patched(Lines, "put_off", lambda self, keys: set())


def places() -> Taken:
    """A record that was seen where none lists it stands there."""
    return patched(cycle.Way, "_astray", lambda self, found, stored: found)


def canary() -> Taken:
    """Whoever answers is the tenant that is known."""
    return patched(Canary, "_judge", lambda self, met, other: None)


def rules() -> Taken:
    """Records are stored as the tenant shows them."""
    return patched(Veiling, "shown", lambda self, record: record)


def scrubbing() -> Taken:
    """What was stored before a field rule stays as it is."""
    return patched(Veiling, "stricter", None)


def bounds() -> Taken:
    """A record is stored however large it is."""
    return patched(oversize, "bounded", lambda record: record)


def erasures() -> Taken:
    """An erased record is read like any other."""
    return patched(Veiling, "left_out", lambda self, keys: frozenset())


def readers() -> Taken:
    """The log is pruned whoever has not read it."""
    return patched(retention, "read_by_all", lambda cursors, now: None)


def secrets() -> Taken:
    """Secrets that are known are not looked for."""
    return patched(Redaction, "learn", lambda self, secret: None)


def spellings() -> Taken:
    """Secrets are looked for as they are only."""
    return patched(redaction, "forms", lambda secret: frozenset({Form(secret, core=False)}))


def words() -> Taken:
    """Only known spellings are looked for, not other ones of URLs."""
    return patched(Redaction, "_decoded", lambda self, word: word)


def shapes() -> Taken:
    """What looks like a secret and is not known is shown."""
    return patched(redaction, "_SHAPES", {})
