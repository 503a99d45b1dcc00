"""What must hold of requests: who may send how many, when, and where to."""

from collections import Counter, deque
from collections.abc import Callable
from datetime import UTC, datetime

from driftd.adapters.x3.connection import Origin
from driftd.core.breaker import Limits
from driftd.core.model import Kind
from driftd.simulator.answers import Answer
from tests.simulation.network import ADDRESS, ASTRAY, Asked, Laws
from tests.simulation.oracle import Oracle
from tests.simulation.shape import HOST, TIMEOUT, Shape
from tests.simulation.verdict import Verdict

PER_HOST = 4
_OPENED = Limits().opens_after + PER_HOST + 1
"""Attempts at a host that is down after which its breaker must be open."""
_LEAST = Limits().first * 0.75 - 1
"""Seconds between two trials, at least."""
SAME = 8
"""Requests for one address that one cycle may make: attempts, second looks and renewed tokens included."""


class Manners(Laws):
    """Judges each request as it comes."""

    def __init__(self, shape: Shape, verdict: Verdict, oracle: Oracle, now: Callable[[], float]) -> None:
        self._shape = shape
        self._verdict = verdict
        self._oracle = oracle
        self._now = now
        self.wall: Callable[[], int] = lambda: 0
        """The daemon's own wall clock."""
        self._under_way: dict[object, Counter[str]] = {}
        self._rests: dict[tuple[object, str, str], float] = {}
        """Until when a tenant asked not to be asked for a class."""
        self._attempts: deque[float] = deque(maxlen=200)
        self._down_since: float | None = None
        self._tries = 0
        self._days: dict[str, str] = {}
        self._spent: Counter[str] = Counter()
        self.slack: Counter[str] = Counter()
        """Requests that a killed daemon may have forgotten to count."""
        self._recent: dict[str, deque[float]] = {}
        self.secrets: set[str] = set()

    def spent(self, name: str, requests: int, day: str) -> None:
        """Note what a connection had used of its day before it begins."""
        self._spent[name], self._days[name] = requests, day

    def set_clock(self) -> None:
        """Note that the daemon's clock was set: a day that follows one to which it was put back is another one."""
        today = _day(self.wall())
        self._days = {name: min(day, today) for name, day in self._days.items()}

    def down(self, *, is_down: bool) -> None:
        """Note that the host went down, or came up."""
        self._tries = 0
        self._down_since = self._now() if is_down else None

    def reborn(self, killed: bool) -> None:
        """Note that a daemon ended: what it knew only for itself is gone."""
        self._rests.clear()
        self._under_way.clear()
        self._tries = 0
        if killed:
            self.forgotten()

    def forgotten(self) -> None:
        """Note that what a daemon counted last is not known to the next one."""
        self._tries = 0
        for name, times in self._recent.items():
            self.slack[name] += sum(at > self._now() - 900 for at in times)

    def connecting(self, origin: Origin) -> None:
        now = self._now()
        if f"{origin.host}:{origin.port}" != HOST:
            self._oracle.broken(f"a connection to another origin was tried: {origin.host}")
        if self._down_since is None:
            return
        self._tries += 1
        if self._tries > _OPENED and now - self._attempts[-2] < _LEAST:  # a trial asks for a token, and for a page
            self._oracle.broken(f"a host that is down was tried thrice in {now - self._attempts[-2]:.1f} s")
        self._attempts.append(now)

    def connected(self, address: str) -> None:
        if address != ADDRESS:
            self._oracle.broken(f"a connection to {address} was made, to which the host's name was rebound")

    def sent(self, asked: Asked) -> None:
        self._verdict.requests += 1
        whose = asked.call.daemon if asked.call is not None else None
        under_way = self._under_way.setdefault(whose, Counter())
        what = "token" if asked.token else asked.target.partition("?")[0].rpartition("/")[2]
        self._verdict.happened(self._now(), f"{asked.tenant} asked {what} {_place(asked.target)}")
        under_way[asked.tenant] += 1
        if under_way[asked.tenant] > self._shape.concurrency:
            self._oracle.broken(f"{asked.tenant}: {under_way[asked.tenant]} requests at once")
        if sum(n for name, n in under_way.items() if not name.startswith("token ")) > PER_HOST:
            self._oracle.broken("more requests at once than the host allows")
        if asked.token:
            under_way[f"token {asked.tenant}"] += 1
            if under_way[f"token {asked.tenant}"] > 1:
                self._oracle.broken(f"{asked.tenant}: two tokens were asked for at once")
        rest = self._rests.get((whose, asked.tenant, asked.resource), 0.0)
        if self._now() < rest - 0.001:
            self._oracle.broken(
                f"{asked.tenant} {asked.resource}: asked {rest - self._now():.0f} s before Retry-After ends"
            )
        self._budget(asked)
        self._circles(asked)
        if ASTRAY in asked.target:
            self._oracle.broken(f"{asked.tenant} {asked.resource}: a link to another origin was followed")
        if any(secret in asked.target for secret in self.secrets):
            self._oracle.broken(f"{asked.tenant}: a secret stands in an address")

    def ended(self, asked: Asked) -> None:
        if self._now() > asked.at + TIMEOUT + 1:
            self._oracle.broken(f"{asked.tenant}: a request lasted {self._now() - asked.at:.0f} s")
        whose = asked.call.daemon if asked.call is not None else None
        under_way = self._under_way.get(whose)
        if under_way is not None:
            under_way[asked.tenant] -= 1
            if asked.token:
                under_way[f"token {asked.tenant}"] -= 1

    def answered(self, asked: Asked, fault: str, answer: Answer) -> None:
        whose = asked.call.daemon if asked.call is not None else None
        if answer.status in {429, 503} and "Retry-After" in answer.headers and not asked.token:
            seconds = float(answer.headers["Retry-After"])
            self._rests[whose, asked.tenant, asked.resource] = self._now() + seconds

    def concealed(self, asked: Asked) -> None:
        place = (asked.tenant, asked.resource)
        self._oracle.concealed[place] = max(self._now(), self._oracle.concealed.get(place, 0.0))

    def struck(self, kind: str, what: str) -> None:
        self._verdict.fault(kind)
        self._verdict.happened(self._now(), f"  struck by {kind}")

    def sweeping(self, asked: Asked) -> bool:
        cycle = self._oracle.open.get((asked.tenant, asked.resource))
        return cycle is not None and cycle.kind is Kind.SWEEP

    def _budget(self, asked: Asked) -> None:
        """Hold a request against the day, as the daemon's own clock has it."""
        name, day = asked.tenant, _day(self.wall())
        if day > self._days.get(name, ""):
            self._spent[name] = self.slack[name] = 0
        self._days[name] = day
        self._spent[name] += 1
        self._recent.setdefault(name, deque(maxlen=400)).append(self._now())
        if self._spent[name] > self._shape.budget + self.slack[name]:
            self._oracle.broken(f"{name}: {self._spent[name]} requests on one day, of {self._shape.budget}")

    def _circles(self, asked: Asked) -> None:
        cycle = self._oracle.open.get((asked.tenant, asked.resource))
        if cycle is None or asked.facet != "$query":
            return
        if cycle.asks(asked.target) == SAME:
            self._oracle.broken(f"{asked.tenant} {asked.resource}: one cycle asked {SAME} times for one page")


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).date().isoformat()


def _place(target: str) -> str:
    """Return the part of an address that says where a page begins."""
    parts = [each for each in target.partition("?")[2].split("&") if each.startswith(("key=", "where="))]
    return " ".join(parts)
