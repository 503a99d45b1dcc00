"""What one seed asks for: tenants, classes, cadences, the store, and how the tenant writes."""

from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from driftd.adapters.x3 import catalogue
from driftd.config import ClientCredentials, Config, ConnectionConfig, DaemonConfig, ResourceConfig, SecretRef, Settings
from driftd.core.model import Guards, Resource
from driftd.simulator import Farm
from driftd.simulator import Tenant as X3Tenant

HOST = "x3.sim:8124"
LONG = 4.0
"""Hours from which on cadences may be slow."""
OVERLAP = 600.0
SECOND_LOOK = 45.0
TIMEOUT = 60.0
PLENTY = 100_000
"""Requests a day that nobody uses up."""
RATIO = 0.5
"""Of the records, what may be missing at once: business never deletes so many between two sweeps."""


@dataclass(frozen=True)
class Shape:
    """Everything that is fixed at the start."""

    seed: int
    hours: float
    tenants: int
    classes: tuple[str, ...]
    records: int
    page: int
    probe: float
    delta: float
    sweep: float
    sqlite: bool
    ahead: bool
    """Whether cycles of a few rows are written ahead already."""
    watermark: bool
    budget: int
    """Requests a day."""
    latency: float
    """Seconds that an answer takes on average."""
    switches: dict[str, Any]
    concurrency: int

    @property
    def settings(self) -> Settings:
        return Settings(
            probe=self.probe,
            delta=self.delta,
            sweep=self.sweep,
            requests_per_day=self.budget,
            second_look=SECOND_LOOK,
            page_size=self.page,
            timeout=TIMEOUT,
            max_concurrency=self.concurrency,
            mass_delete_ratio=RATIO,
            watermark_overlap=OVERLAP,
        )


def shape(seed: int, hours: float) -> Shape:
    """Draw what a seed asks for."""
    chance = Random(f"{seed}/shape")
    page = chance.choice([7, 10, 15])
    watermark = chance.random() < 0.5
    sqlite = chance.random() < 0.5
    classes = chance.choice([("BPCUSTOMER",), ("ITMMASTER",), ("BPCUSTOMER", "ITMMASTER"), ("SORDER",)])
    tenants = 1 + (chance.random() < 0.4)
    records = 12 if "SORDER" in classes else chance.choice([12, 18, 25])
    cadence = (
        chance.choice([1200.0, 1800.0] if hours < LONG else [1200.0, 1800.0, 3600.0]),
        chance.choice([1800.0] if hours < LONG else [1800.0, 3600.0]),
        chance.choice([3600.0] if hours < LONG else [3600.0, 7200.0, 14400.0]),
    )
    switches: dict[str, Any] = {
        "collation": chance.choice(["binary", "case_insensitive", "numeric", "trailing_blanks"]),
        "updatim_in_query": "present" if watermark else "absent",
        "actx_in_query": "present",
        "token_life": chance.choice([300.0, 1200.0, 5000.0]),
        "gzip": chance.choice(["off", "on"]),
        "whitespace": _rarely(chance, "compact", "spaced"),
        "next_keeps": chance.choice(["everything", "everything", "not_count"]),
        "bad_credentials": chance.choice(["json_401", "plain_401", "html_200", "redirect_302"]),
        "numbers": _rarely(chance, "plain", "respelled"),
        "member_order": _rarely(chance, "fixed", "shuffled"),
        "etag": _rarely(chance, "stable", "volatile"),
        "token_errors": chance.choice(["rfc6749", "gateway"]),
    }
    return Shape(
        seed=seed,
        hours=hours,
        tenants=tenants,
        classes=classes,
        records=records,
        page=page,
        probe=cadence[0],
        delta=cadence[1],
        sweep=cadence[2],
        sqlite=sqlite,
        ahead=sqlite and chance.random() < 0.5,
        watermark=watermark,
        budget=_budget(chance, cadence, len(classes), records / page) if chance.random() < 0.1 else PLENTY,
        latency=chance.choice([0.05, 0.3, 2.0]),
        switches=switches,
        concurrency=chance.choice([1, 2]),
    )


def _rarely(chance: Random, usual: str, other: str) -> str:
    """Draw the other position once in thirty times: it costs the simulator the most of a seed's time."""
    return other if chance.random() < 1 / 30 else usual


def _budget(chance: Random, cadence: tuple[float, float, float], classes: int, pages: float) -> int:
    """Return a day's requests that suffice where nothing fails and tokens last, and little more."""
    probe, delta, sweep = cadence
    need = classes * 86_400 * (1 / probe + 2 / delta + (pages + 3) / sweep)
    return round(need * chance.uniform(1.0, 1.3))


def farm_of(shape: Shape) -> Farm:
    """Build the tenants, and one more whose records nobody is to see."""
    seed = Random(f"{shape.seed}/farm").randrange(10**6)
    farm = Farm.build(shape.tenants + 1, shape.records, seed=seed, only=shape.classes)
    for tenant in farm.values():
        tenant.switches.move(shape.switches)
    return farm


def config_of(shape: Shape, tenants: list[X3Tenant]) -> Config:
    """Configure the daemon as `driftd.config` would."""
    return Config(DaemonConfig(data_dir=Path("nowhere")), tuple(_connection(shape, each) for each in tenants))


def _connection(shape: Shape, tenant: X3Tenant) -> ConnectionConfig:
    given = shape.settings
    auth = ClientCredentials(f"http://{HOST}{tenant.token_path}", tenant.client_id, SecretRef("x", env="X"))
    classes = tuple(ResourceConfig(_resource(shape, tenant.name, each), given) for each in shape.classes)
    return ConnectionConfig(tenant.name, f"http://{HOST}", tenant.folder, tenant.endpoint, auth, given, classes)


def _resource(shape: Shape, connection: str, name: str) -> Resource:
    known = catalogue.lookup(name)
    assert known is not None
    given = shape.settings
    return Resource(
        connection,
        name,
        known.representation,
        known.key,
        details=known.details,
        watermark="UPDDATTIM" if shape.watermark else None,
        lines=known.lines,
        page_size=given.page_size,
        details_per_hour=given.details_per_hour,
        watermark_overlap=OVERLAP,
        probe=given.probe,
        delta=given.delta,
        sweep=given.sweep,
        guards=Guards(given.mass_delete_ratio, given.mass_delete_limit, given.second_look),
        references=known.references,
        rules=known.rules,
    )
