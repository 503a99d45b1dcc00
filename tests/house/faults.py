"""Each fault at one tenant of ten: what `explain` says of it, what the other nine notice, and how it ends.

    python -m tests.house.faults [--only NAME] [--json]

prints one row for each fault: what was expected and what was seen, the next step, whether the others were untouched,
after how many polls it was well again, and whether the change log tells exactly what happened.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import anyio

from driftd.adapters.x3.settings import Caps
from driftd.app.view import explain
from driftd.core.card import Card
from driftd.core.reasons import Actor, State
from driftd.core.words import Language
from driftd.errors import Reason
from tests.house import trouble
from tests.house.rig import Rig, normal, truth
from tests.house.ten import CLASSES, PATIENCE, STRUCK, Patient, Ten, ten
from tests.house.trouble import NAME, Trouble, at_token, certified, spoilt, switched, withheld
from tests.house.troubled import by_key, told

Seen = tuple[State, Reason | None, Actor | None]
NETWORK, ADMIN, OPERATOR, SRE = Actor.NETWORK_ADMIN, Actor.X3_ADMIN, Actor.OPERATOR, Actor.SRE
DEVELOPERS, WAIT = Actor.DEVELOPERS, Actor.WAIT
BOUND: Final = 8
"""Polls of a resource after which it must be well again."""


@dataclass(frozen=True)
class Case:
    """One fault, and what must be told of it."""

    name: str
    trouble: Trouble
    expected: Seen
    patient: Patient = field(default_factory=Patient)
    exact: bool = True
    """Whether the log must tell the net changes and no more; not where the fault itself changes records."""
    written: bool = True
    """Whether the store can be written meanwhile."""

    def __str__(self) -> str:
        return self.name


def _down(reason: Reason, actor: Actor = ADMIN) -> Seen:
    return State.UNREACHABLE, reason, actor


def _refused(reason: Reason) -> Seen:
    return State.AUTH_FAILED, reason, ADMIN


def _config(reason: Reason) -> Seen:
    return State.CONFIG_ERROR, reason, OPERATOR


def _degraded(reason: Reason, actor: Actor = DEVELOPERS) -> Seen:
    return State.DEGRADED, reason, actor


LIMITED: Final = (State.RATE_LIMITED, Reason.RATE_LIMITED, WAIT)
SOON: Final = {"Retry-After": "1"}
TLS: Final = Patient(certificate="good", host="localhost")
HASTY: Final = Patient({"timeout": 1.0})
FUTURE: Final = {"WWW-Authenticate": 'Bearer error="invalid_token", error_description="issued in the future"'}
OVER: Final = {"WWW-Authenticate": 'Bearer error="invalid_token", error_description="the token has expired"'}
CASES: Final = (
    # --- the way
    Case("name not found", trouble.nameless, _down(Reason.DNS_FAILURE, NETWORK), patient=Patient(host="x3.example")),
    Case("connection refused", trouble.closed, _down(Reason.CONNECTION_REFUSED, NETWORK)),
    Case("connect unanswered", trouble.crowded, _down(Reason.CONNECT_TIMEOUT, NETWORK)),
    Case("connection reset", trouble.reset, _down(Reason.CONNECTION_RESET, NETWORK)),
    Case("self-signed certificate", certified("expired"), _down(Reason.TLS_ERROR), patient=TLS),
    Case("expired certificate", certified("lapsed"), _down(Reason.TLS_EXPIRED), patient=TLS),
    Case("plain HTTP behind https", certified(None), _down(Reason.TLS_ERROR), patient=TLS),
    # --- the tenant
    Case("hangs", spoilt("hang"), _down(Reason.TIMEOUT, NETWORK), patient=HASTY),
    Case("a byte a second", spoilt("drip"), _down(Reason.TIMEOUT, NETWORK), patient=HASTY),
    Case("500 JSON", spoilt("status"), _down(Reason.SERVER_ERROR)),
    Case("500 HTML", spoilt("status", body="html"), _down(Reason.SERVER_ERROR)),
    Case("502", spoilt("status", status=502, body="html"), _down(Reason.GATEWAY_ERROR)),
    Case("503 Retry-After", spoilt("status", status=503, headers=SOON), _down(Reason.GATEWAY_ERROR)),
    Case("429 Retry-After", spoilt("status", status=429, headers=SOON), LIMITED),
    Case("login page with 200", spoilt("html_login"), _down(Reason.MAINTENANCE_PAGE)),
    # --- tokens and rights
    Case("token: secret rotated", trouble.rotated, _refused(Reason.OAUTH_INVALID_CLIENT)),
    Case("token: invalid grant type", switched(grant="refused"), _refused(Reason.OAUTH_ERROR)),
    Case("token: 500", at_token("status"), _down(Reason.SERVER_ERROR)),
    Case("token: HTML", at_token("html_login"), _down(Reason.MAINTENANCE_PAGE)),
    Case("token: hangs", at_token("hang"), _down(Reason.TIMEOUT, NETWORK), patient=HASTY),
    Case("401 with a fresh token", spoilt("status", status=401), _refused(Reason.UNAUTHORIZED)),
    Case("401 fresh token expired", spoilt("status", status=401, headers=OVER), _refused(Reason.TOKEN_EXPIRED)),
    Case("401 issued in the future", spoilt("status", status=401, headers=FUTURE), _down(Reason.CLOCK_SKEW, SRE)),
    Case("403 at one class", withheld({NAME: "forbidden"}), _degraded(Reason.FORBIDDEN, ADMIN)),
    Case("403 at all classes", withheld(dict.fromkeys(CLASSES, "forbidden")), _refused(Reason.FORBIDDEN)),
    Case("secret missing", trouble.unsaid, _config(Reason.CONFIG_ERROR)),
    # --- addressing
    Case("wrong folder", spoilt("wrong_folder", to="OTHER"), _config(Reason.WRONG_FOLDER)),
    Case("endpoint unknown", trouble.moved, _config(Reason.FOLDER_NOT_FOUND)),
    Case("class unlicensed", withheld({NAME: "unlicensed"}), _degraded(Reason.RESOURCE_NOT_FOUND, OPERATOR)),
    # --- answers
    Case("empty answer", spoilt("empty", resource=NAME), _degraded(Reason.EMPTY_ANSWER, ADMIN)),
    Case("half deleted", trouble.decimated, _degraded(Reason.SUSPECT_MASS_DELETE, OPERATOR), exact=False),
    Case("key twice", trouble.doubled, _degraded(Reason.KEY_NOT_UNIQUE, OPERATOR), exact=False),
    Case("not JSON", spoilt("raw_body", body='{"$resources":['), _degraded(Reason.INVALID_PAYLOAD)),
    Case("malformed escapes", spoilt("malformed"), _degraded(Reason.INVALID_PAYLOAD)),
    Case(
        "paging in circles",
        spoilt("next_loop"),
        _degraded(Reason.PAGING_INCOMPLETE),
        patient=Patient({"page_size": 5}),
    ),
    Case(
        "answer too large",
        spoilt("huge_body", size=400_000),
        _degraded(Reason.PAYLOAD_TOO_LARGE),
        patient=Patient(caps=Caps(wire=200_000)),
    ),
    # --- ours
    Case(
        "day's requests used up",
        trouble.spent,
        (State.RATE_LIMITED, Reason.BUDGET_EXHAUSTED, OPERATOR),
        patient=Patient({"requests_per_day": 40}),
    ),
    Case("store full", trouble.full, _degraded(Reason.STORE_ERROR, SRE)),
    Case("bug", trouble.buggy, _degraded(Reason.INTERNAL_ERROR, SRE)),
)

NEXT: Final = {
    "name not found": "resolver",
    "connection refused": "host and port of base_url",
    "connect unanswered": "our own network",
    "connection reset": "text above to the customer",
    "self-signed certificate": "certificate",
    "expired certificate": "when it ended",
    "plain HTTP behind https": "certificate",
    "hangs": "raise timeout",
    "a byte a second": "raise timeout",
    "500 JSON": "what was changed",
    "500 HTML": "what was changed",
    "502": "text above to the customer",
    "503 Retry-After": "text above to the customer",
    "429 Retry-After": "wait: the next poll",
    "login page with 200": "maintenance",
    "token: secret rotated": "new secret",
    "token: invalid grant type": "token_url and client_id",
    "token: 500": "what was changed",
    "token: HTML": "maintenance",
    "token: hangs": "raise timeout",
    "401 with a fresh token": "way of signing in",
    "401 fresh token expired": "clocks of both sides",
    "401 issued in the future": "clock of this machine",
    "403 at one class": "text above to the customer",
    "403 at all classes": "text above to the customer",
    "secret missing": "a secret's file",
    "wrong folder": "set folder and endpoint",
    "endpoint unknown": "set folder and endpoint",
    "class unlicensed": "or take it out",
    "empty answer": "what was changed: a role",
    "half deleted": "release the held deletes",
    "key twice": "compare the key",
    "not JSON": "our developers",
    "malformed escapes": "our developers",
    "paging in circles": "proxy changes links",
    "answer too large": "lower page_size",
    "day's requests used up": "requests_per_day",
    "store full": "free space",
    "bug": "log of driftd",
}
"""Words that the next steps must have."""


@dataclass
class Row:
    """What became of one fault."""

    case: Case
    seen: Seen = (State.UNKNOWN, None, None)
    fix: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()
    """What was logged of the other nine."""
    polled: bool = False
    """Whether each of the others was polled on, and its changes captured, meanwhile."""
    polls: int | None = None
    """Polls that it took to be well again; None where it did not come to that."""
    wrong: tuple[str, ...] = ()
    """Connections whose log does not tell the truth."""
    error: str = ""

    @property
    def sound(self) -> bool:
        """Whether all is as it must be."""
        named = bool(self.fix) and NEXT[self.case.name] in " ".join(self.fix).lower()
        quiet = not self.touched and self.polled and not self.wrong and not self.error
        well = self.polls is not None and self.polls <= BOUND
        return self.seen == self.case.expected and named and quiet and well


async def run(case: Case, directory: Path) -> Row:
    """Switch a fault on at one tenant of ten, see what is told of it, end it, and see it overcome."""
    row = Row(case)
    async with ten(directory, case.patient) as house:
        readers = [_reader(house, each) for each in house.farm]
        for each in readers:
            for one in each.resources:
                each.told[one.name] = await each.snapshot(one.name)
        states = {each.tenant.name: each.tenant.state for each in readers}
        begun = len(house.told)
        try:
            async with case.trouble(house):
                await _during(house, row, readers)
            await _afterwards(house, row)
            await _caught_up(readers)
        except AssertionError as error:
            row.error = str(error)
        row.touched = _touched(house, begun)
        row.wrong = tuple([each.tenant.name for each in readers if not await _tells_the_truth(each, states, case)])
    return row


def _reader(house: Ten, name: str) -> Rig:
    (found,) = (each for each in house.config.connections if each.name == name)
    return Rig(house.sources[name], house.store, house.farm[name], found.resources)


async def _during(house: Ten, row: Row, readers: list[Rig]) -> None:
    """Wait for what must be seen, let business go on everywhere, and see the others go on."""
    await house.until(lambda: _seen(house) == row.case.expected, f"{row.case.expected}")
    for each in readers:
        for one in each.resources:
            each.tenant.advance(create=2, update=3, delete=1, update_lines=0, resource=one.name)
    others = [each for each in readers if each.tenant.name != STRUCK]
    before = {each.tenant.name: house.polls(each.tenant.name) for each in others}
    await house.until(lambda: all(house.polls(name) > n + 1 for name, n in before.items()), "the others are polled on")
    await _caught_up(others)
    row.polled = True
    card = await _explained(house, row.case)
    row.seen, row.fix = (card.state, card.reason, card.actor), card.fix


def _seen(house: Ten) -> Seen:
    status = house.status()
    return status.state, status.reason, status.actor


async def _explained(house: Ten, case: Case) -> Card:
    """Return what `driftd explain` says once the logbook has it, as it stands there."""
    card: Card | None = None
    with anyio.move_on_after(PATIENCE):
        while card is None or (card.state, card.reason, card.actor) != case.expected:
            card = await explain(house.config, STRUCK, house.clock.now(), Language.ENGLISH)
            await anyio.sleep(0.05)
    assert card is not None
    return card


async def _afterwards(house: Ten, row: Row) -> None:
    before = {each.name: each.health.polls for each in house.status().resources}
    await house.until(lambda: house.status().state is State.OK, "it is well again")
    row.polls = max(each.health.polls - before[each.name] for each in house.status().resources)


async def _caught_up(readers: list[Rig]) -> None:
    """Wait until the snapshots are the truth."""
    left = [(each, one.name) for each in readers for one in each.resources]
    with anyio.move_on_after(PATIENCE):
        while left:
            each, name = left[-1]
            mark = each.seq
            found, each.seq = await each.snapshot(name), mark  # the log is followed from where it was
            if found == truth(each.tenant, name, "$query"):
                left.pop()
            else:
                await anyio.sleep(0.05)
    assert not left, f"never captured: {[(each.tenant.name, name) for each, name in left]}"


def _touched(house: Ten, begun: int) -> tuple[str, ...]:
    """Name what was said of the other nine: no poll of theirs failed, and no state changed."""
    return tuple(
        f"{facts['connection']}: {event} {facts.get('reason') or facts.get('state') or ''}"
        for _, event, facts in house.told[begun:]
        if facts.get("connection", STRUCK) != STRUCK
    )


async def _tells_the_truth(reader: Rig, states: dict[str, int], case: Case) -> bool:
    """Whether the log lost nothing and invented nothing since the fault began."""
    tenant, name = reader.tenant, reader.tenant.name
    events = await reader.store.read_changes(reader.seq, 100_000, connection=name)
    try:
        await reader.follow()
    except AssertionError:
        return False
    for one in reader.resources:
        if reader.told[one.name] != truth(tenant, one.name, "$query"):
            return False
        said: list[Any] = [told(each.envelope) for each in events if each.resource == one.name]
        changes = tenant.truth(states[name], tenant.state, one.name, "$query")
        real: list[Any] = [(each.op, each.key, normal(each.before), normal(each.after)) for each in changes]
        if (case.exact or name != STRUCK) and sorted(said, key=by_key) != sorted(real, key=by_key):
            return False
    return True


def table(rows: Iterable[Row]) -> str:
    """Render the outcome."""
    heads = ("fault", "expected", "observed", "others", "polls to ok", "log", "next step")
    lines = [_cells(row) for row in rows]
    widths = [max(len(line[n]) for line in [heads, *lines]) for n in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in [heads, *lines]
    )


def _cells(row: Row) -> tuple[str, ...]:
    same = row.seen == row.case.expected
    return (
        row.case.name,
        _said(row.case.expected),
        "as expected" if same else _said(row.seen),
        "; ".join(row.touched) or ("untouched" if row.polled else "?"),
        "never" if row.polls is None else str(row.polls),
        "true" if not row.wrong else f"wrong: {', '.join(row.wrong)}",
        (row.fix[0] if row.fix else "none") + (f" !! {row.error}" if row.error else ""),
    )


def _said(seen: Seen) -> str:
    return "/".join(str(each) for each in seen)


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.house.faults")
    parser.add_argument("--only", default="", help="the name of one fault")
    parser.add_argument("--part", default="0/1", help="the I-th of N parts, as I/N, to run several at once")
    chosen = parser.parse_args()
    part, parts = map(int, chosen.part.split("/"))
    rows = []
    for number, case in enumerate(CASES):
        if chosen.only in {"", case.name} and number % parts == part:
            with tempfile.TemporaryDirectory() as directory:
                rows.append(anyio.run(run, case, Path(directory)))
            print(table(rows[-1:]).splitlines()[1], file=sys.stderr, flush=True)
    print(table(rows))
    return 0 if all(row.sound for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
