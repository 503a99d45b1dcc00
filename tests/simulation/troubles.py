"""The faults of one seed: what strikes when, where, how often. All of it is drawn before anything runs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.simulation.shape import Shape

WAY = ("refused", "connect_timeout")
"""Nobody comes through to the host."""
NETWORK = ("reset_before", "reset_after", "truncated", "hang", "drip", "slow", "stale")
"""Single requests, or their answers on the way."""
ANSWERS = (
    "gateway", "unavailable", "limited", "server_error", "login_page", "error_envelope", "echo", "no_resources",
    "next_loop", "next_back", "next_elsewhere", "wrong_folder", "gzip_bomb", "malformed", "not_utf8", "redirect",
    "content_type", "date_skew", "huge_body", "cut_json",
)  # fmt: skip
"""What a tenant, or what stands before it, answers in place of records."""
TOKENS = ("token_refused", "token_limited", "token_page", "revoked", "rotated", "tenant_clock")
ROLES = ("forbidden", "unlicensed")
CONCEALED = ("filtered", "emptied", "omitted")
"""Records that are there and are not shown."""
DATA = ("giant", "keyless", "twins")
CLOCK = ("clock_ahead", "clock_back")
DISK = ("slow_disk", "full_disk")
NAMES = ("rebound",)
"""The host's name leads elsewhere: into the network of the daemon, or to where a cloud keeps its credentials."""
LIFE = ("killed", "cancelled", "stopped", "usurped", "second_daemon")
KINDS = (*WAY, *NETWORK, *ANSWERS, *TOKENS, *ROLES, *CONCEALED, *DATA, *CLOCK, *DISK, *LIFE, *NAMES)
_WEIGHTS = {WAY: 2, NETWORK: 7, ANSWERS: 11, TOKENS: 4, ROLES: 1, CONCEALED: 4, DATA: 3, CLOCK: 1, DISK: 2, LIFE: 5}
EVERY = 1500.0
"""Seconds between two troubles, on average; shorter where there are few hours."""
LEAST = 12
"""Troubles of a seed, about, however short it is."""
APART = 3.2
"""Sweeps between two concealments of a class: what two whole sweeps in a row do not show is believed."""


@dataclass
class Trouble:
    """One fault while it lasts."""

    kind: str
    begins: float
    ends: float
    tenant: str = ""
    resource: str = ""
    """Empty: every class."""
    share: float = 1.0
    """Of the requests that it could strike."""
    most: int = 10**9
    """Strikes."""
    number: float = 0.0
    """In [0, 1), to draw details from."""
    how: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        where = " ".join(each for each in (self.tenant, self.resource) if each)
        return f"{self.kind} {where} for {self.ends - self.begins:.0f} s, share {self.share:g}"


def plan(shape: Shape, tenants: list[str]) -> list[Trouble]:
    """Draw the troubles of a seed, in the order in which they begin. In the last tenth of the time all have ended."""
    chance = Random(f"{shape.seed}/troubles")
    concealed: dict[tuple[str, str], float] = {}
    found = [each for each in _drawn(chance, shape, tenants) if _apart(each, shape, concealed)]
    return sorted([*found, *_rebound(shape)], key=lambda each: each.begins)


def _rebound(shape: Shape) -> Iterator[Trouble]:
    """Draw, in a quarter of the seeds and apart from all others, when the host's name leads elsewhere."""
    chance, end = Random(f"{shape.seed}/rebound"), shape.hours * 3600
    if chance.random() < 0.25:
        at = chance.uniform(0.1, 0.8) * end
        yield Trouble("rebound", at, min(end, at + chance.choice([300.0, 1500.0, 4000.0])), number=chance.random())


def _drawn(chance: Random, shape: Shape, tenants: list[str]) -> Iterator[Trouble]:
    at, end = 120.0, shape.hours * 3600
    groups, weights = list(_WEIGHTS), list(_WEIGHTS.values())
    while True:
        at += chance.expovariate(1 / min(EVERY, end / LEAST))
        kind = chance.choice(chance.choices(groups, weights)[0])
        lasts = chance.choice([5.0, 60.0, 300.0, 1500.0, 4000.0])
        trouble = Trouble(
            kind,
            at,
            at + lasts,
            tenant=chance.choice(tenants),
            resource=chance.choice(["", *shape.classes]),
            share=chance.choice([1.0, 1.0, 0.5, 0.2]),
            most=chance.choice([1, 3, 10**9, 10**9]),
            number=chance.random(),
        )
        if at >= end:
            return
        if kind in CONCEALED:
            trouble.share, trouble.most = 1.0, 10**9
            trouble.resource = trouble.resource or shape.classes[0]
            trouble.ends = at + chance.choice([1500.0, 1.5 * shape.sweep, 2.5 * shape.sweep])
        trouble.ends = min(trouble.ends, end)
        yield trouble


def _apart(trouble: Trouble, shape: Shape, concealed: dict[tuple[str, str], float]) -> bool:
    """Tell whether a concealment is far enough from the one before it; everything else is."""
    if trouble.kind not in CONCEALED:
        return True
    place = (trouble.tenant, trouble.resource)
    if trouble.begins < concealed.get(place, 0.0):
        return False
    concealed[place] = trouble.ends + APART * shape.sweep
    return True
