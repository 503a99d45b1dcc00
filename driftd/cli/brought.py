"""Has a connection stored, and tried where that is wanted, by whichever process has the database.

Trying a refresh token uses it up, so who tries it must keep its successor: the daemon where one runs.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from driftd.cli.asking import answer_of, refusal

if TYPE_CHECKING:
    from driftd.config import Config
    from driftd.config.questions import Table
    from driftd.core.brought import Put
    from driftd.core.decision import Word
    from driftd.core.sealed import Kept

_SECONDS: Final = 240.0
"""For which the daemon is waited for: longer than its live check takes."""
_INVALID: Final = 422


def brought(config: "Config", table: "Table", kept: "Sequence[Kept]", word: "Word", *, check: bool) -> "Put":
    """Have a new connection stored, after a live check where that is wanted.

    Raises `DecisionError` where that is refused, `LockedError` where what has the database does not answer, and as
    `adding.brought`.
    """
    from functools import partial

    from driftd import app
    from driftd.app import adding
    from driftd.cli.loop import run

    if not app.running(config):
        return run(partial(adding.brought, check=check), config, table, kept, word)
    path = f"/api/v1/connections?validate={'true' if check else 'false'}"
    status, said = answer_of(config, path, body(table, kept, word), seconds=_SECONDS)
    if 200 <= status < 300 or (status == _INVALID and said.get("check")):
        return _put(str(table["name"]), said)
    raise refusal(status, said)


def body(table: "Table", kept: "Sequence[Kept]", word: "Word") -> dict[str, Any]:
    """Return what brings a connection, with its secrets, sealed."""
    return {**table, "sealed": [_sealed(each) for each in kept], "by": word.by, "reason": word.reason}


def _sealed(kept: "Kept") -> dict[str, Any]:
    import base64

    blob = base64.b64encode(kept.blob).decode()
    return {"field": kept.place.field, "store": kept.place.store, "number": kept.number, "blob": blob, "at": kept.at}


def _put(name: str, said: Mapping[str, Any]) -> "Put":
    """Return what came of it as the daemon tells it."""
    from msgspec import convert

    from driftd.core.brought import Change, Put
    from driftd.core.trial import Step, Trial

    check, change = said.get("check"), Change(said.get("change", Change.REFUSED))
    trial = None
    if check:
        steps = tuple(convert({**each, "hint": each.get("hint") or ""}, Step) for each in check["steps"])
        trial = Trial(name, steps, check["requests"], check["bytes"], check["seconds"])
    return Put(name, change, str(said.get("says") or said.get("detail")), trial)
