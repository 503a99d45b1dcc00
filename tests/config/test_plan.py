"""What a day will cost, told before it is paid; and the setting that makes it fit."""

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from driftd.config import Basic, ClassDefaults, Config, ConnectedApp, Cost, Sizes, above_limits, parse, plan
from driftd.config.plan import priced, reckoned
from driftd.config.values import size, span, volume
from driftd.core.cadence import due, next_due
from driftd.core.model import Kind, Resource, Standing
from driftd.errors import ConfigError, Mistake
from tests.config.written import TENANT

NAMES = ("BPCUSTOMER", "ITMMASTER", "SORDER")
CATALOGUE = {name: ClassDefaults(name, ("K",), details=name == "SORDER") for name in NAMES}
LARGE = Standing(baselined=True, records=100_000, requests=200, wire_bytes=66_000_000, probe_bytes=30_000)
DAY = 86_400_000

minutes = st.sampled_from([1, 2, 3, 5, 7, 10, 15, 20, 30, 60])
paces = {
    "probe": minutes.map(lambda each: f'"{each}m"'),
    "delta": minutes.map(lambda each: f'"{3 * each}m"'),
    "sweep": st.sampled_from(['"1h"', '"6h"', '"24h"', '"3d"']),
    "sweep_cron": st.sampled_from(['"30 2 * * *"', '"0 3 * * 0"']),
}
limits = {
    "requests_per_day": st.integers(200, 20_000).map(str),
    "bytes_per_day": st.integers(10**6, 10**9).map(str),
}


def tables_of(keys: dict[str, st.SearchStrategy[str]]) -> st.SearchStrategy[dict[str, str]]:
    drawn = st.fixed_dictionaries({}, optional=keys)
    return drawn.filter(lambda each: not {"sweep", "sweep_cron"} <= each.keys())


cadences, settings = tables_of(paces), tables_of(paces | limits)
standings = st.builds(
    Standing,
    baselined=st.just(True),
    records=st.integers(0, 200_000),
    requests=st.integers(1, 400),
    wire_bytes=st.integers(0, 100_000_000),
    probe_bytes=st.integers(0, 40_000),
    delta_requests=st.integers(0, 3),
    delta_bytes=st.integers(0, 400_000),
)


def written(tables: Mapping[str, Mapping[str, str]]) -> str:
    """Write a connection with settings of its own and of its resources; without any of these it lists none."""
    lines = [f"{key} = {value}" for key, value in tables["connections[0]"].items()]
    text = TENANT.replace('folder = "ALDGATE"', "\n".join(['folder = "ALDGATE"', *lines]))
    for place, table in tables.items():
        if place != "connections[0]":
            own = "\n".join(f"{key} = {value}" for key, value in table.items())
            text += f'\n[[connections.resources]]\nname = "{NAMES[int(place[-2])]}"\n{own}\n'
    return text


def judged(text: str, sizes: Sizes) -> list[Mistake]:
    try:
        (connection,) = parse(text, catalogue=CATALOGUE).connections
    except ConfigError as error:
        return list(error.mistakes)
    return above_limits(connection, sizes)


def applied(tables: dict[str, dict[str, str]], found: list[Mistake]) -> dict[str, dict[str, str]]:
    """Set what the mistakes say to set, where they say it."""
    tables = {place: dict(table) for place, table in tables.items()}
    for path, message in found:
        place, key = path.rsplit(".", 1)
        named = re.search(rf"set {key} = ([^ ,]+)", message)
        assert named, message
        tables[place][key] = named[1]
    return tables


@given(settings, st.none() | st.lists(cadences, min_size=1, max_size=3), st.lists(standings, max_size=3))
@example(
    {"requests_per_day": "200", "probe": '"60m"'}, None, [Standing(baselined=True, requests=each) for each in (1, 2)]
)
def test_the_setting_named_makes_the_plan_fit(
    own: dict[str, str], resources: list[dict[str, str]] | None, known: list[Standing]
) -> None:
    """Set where it is said, it leaves nothing above a limit: before the first sweep, and again once sizes are known."""
    tables = {"connections[0]": own}
    tables |= {f"connections[0].resources[{n}]": each for n, each in enumerate(resources or [])}
    sizes = {("aldgate", name): standing for name, standing in zip(NAMES, known, strict=False)}
    for measured in ({}, sizes):
        found = judged(written(tables), measured)
        tables = applied(tables, found)
        assert judged(written(tables), measured) == []
        places = {each.path.rsplit(".", 1)[0] for each in found}
        assert len(places) <= 1  # one setting, or the limits of one table


@given(settings, st.lists(settings, min_size=1, max_size=3), st.lists(standings, max_size=3))
def test_limits_that_resources_lower_are_kept_as_well(
    own: dict[str, str], resources: list[dict[str, str]], known: list[Standing]
) -> None:
    """They are looked at once their connection's are kept; what is said leads to a plan within all of them."""
    tables = {"connections[0]": own}
    tables |= {f"connections[0].resources[{n}]": each for n, each in enumerate(resources)}
    sizes = {("aldgate", name): standing for name, standing in zip(NAMES, known, strict=False)}
    found = judged(written(tables), sizes)
    assume(not any("is above the connection's" in each.message for each in found))
    for _ in range(6):
        tables = applied(tables, found)
        found = judged(written(tables), sizes)
    assert found == []


def test_a_limit_that_a_resource_lowers_for_itself_is_one() -> None:
    tables = {"connections[0]": {}, "connections[0].resources[0]": {"requests_per_day": "200"}}
    (found,) = judged(written(tables), {})
    assert found.path == "connections[0].resources[0].probe"
    assert "needs 288 requests a day, above requests_per_day = 200" in found.message


def test_a_setting_of_the_connection_is_named_where_those_that_follow_it_are_enough() -> None:
    """One resource has its own pace and would not follow; lengthening one of the others does not suffice."""
    tables = {"connections[0]": {"probe": '"1m"', "requests_per_day": "3400"}}
    tables |= {f"connections[0].resources[{n}]": {} for n in range(3)}
    tables["connections[0].resources[2]"] = {"probe": '"2m"'}
    (found,) = judged(written(tables), {})
    assert found.path == "connections[0].probe"
    assert judged(written(applied(tables, [found])), {}) == []


def test_the_dearest_resource_is_named_with_its_interval() -> None:
    """A sweep a day needs more than 95 MB, one in a day and a half does not."""
    tables: dict[str, dict[str, str]] = {"connections[0]": {"bytes_per_day": '"95MB"'}}
    tables |= {f"connections[0].resources[{n}]": {} for n in range(3)}
    (found,) = judged(written(tables), {("aldgate", "ITMMASTER"): LARGE})
    assert found.path == "connections[0].resources[1].sweep"
    assert found.message == (
        '"aldgate" needs 103.12MB a day, above bytes_per_day = "95MB", most of it for ITMMASTER: '
        'set sweep = "36h", which is "1d" now'
    )


@given(
    st.sampled_from([300, 420, 900]),
    st.sampled_from([300, 600, 900, 3600]),
    st.sampled_from([3600, 21_600, 86_400]),
    st.text(st.characters(codec="ascii", categories=["Lu"]), min_size=1, max_size=8),
    st.integers(10**12, 10**12 + DAY),
    st.sampled_from([("K",), ("K", "L")]),
)
def test_a_day_has_the_cycles_that_were_planned(
    probe: int, delta: int, sweep: int, name: str, start: int, key: tuple[str, ...]
) -> None:
    """The plan of a resource is what its cadence does, cycle for cycle: no delta where none finds what is new."""
    resource = Resource("aldgate", name, name, key, probe=probe, delta=delta, sweep=sweep)
    standing = replace(LARGE, last_sweep=start)
    counted: Counter[Kind] = Counter()
    now = start
    while (now := min(next_due(resource, standing, now).values())) <= start + 2 * DAY:
        kind = due(resource, standing, now)
        assert kind
        counted[kind] += 1
        standing = replace(standing, **{f"last_{kind.value}": now})
    config = configured(probe=f'"{probe}s"', delta=f'"{delta}s"', sweep=f'"{sweep}s"')
    planned = config.connections[0].classes[0]
    cycles = reckoned(replace(planned, resource=replace(planned.resource, key=key)), LARGE).cycles
    assert (cycles[Kind.DELTA] > 0) == (key == ("K",) and delta < sweep)
    for kind in Kind:
        assert abs(counted[kind] - 2 * cycles[kind]) <= 2, kind


def configured(**own: str) -> Config:
    roomy = {"requests_per_day": "10000000", **own}
    return parse(written({"connections[0]": roomy}), catalogue=CATALOGUE)


def test_before_the_first_sweep_only_what_is_certain_is_counted() -> None:
    """Probes, deltas and one request of each sweep; bytes are not known."""
    (customers, _, orders) = plan(configured()).connections[0].resources
    assert customers.cycles == {Kind.PROBE: 192, Kind.DELTA: 95, Kind.SWEEP: 1}
    assert (customers.total, customers.known) == ((288, 0), False)
    assert (customers.details.requests, orders.details.requests) == (0, 24 * 600)


def test_a_measured_sweep_costs_what_the_last_one_did() -> None:
    sizes = {("aldgate", name): replace(LARGE, details_bytes=900) for name in NAMES}
    (customers, _, orders) = plan(configured(), sizes).connections[0].resources
    assert customers.costs[Kind.SWEEP] == (200, 66_000_000)
    assert customers.costs[Kind.PROBE] == (192, 192 * 30_000)
    assert customers.costs[Kind.DELTA] == (95, 95 * 330_000)  # one page of 500 records, 660 bytes each
    sizes = {("aldgate", NAMES[0]): replace(LARGE, delta_requests=3, delta_bytes=90_000)}
    assert plan(configured(), sizes).connections[0].resources[0].costs[Kind.DELTA] == (95 * 3, 95 * 90_000)
    assert orders.details == (14_400, 14_400 * 900)


def test_a_resource_of_one_page_is_swept_as_often_as_others_are_probed() -> None:
    small = Standing(baselined=True, records=20, requests=1, wire_bytes=13_000)
    (customers, _, orders) = (
        plan(configured(), dict.fromkeys((("aldgate", n) for n in NAMES), small)).connections[0].resources
    )
    assert orders.details.requests == 288 * 20 + 20
    assert customers.total == Cost(288, 288 * 13_000)
    assert customers.cycles == {Kind.PROBE: 0, Kind.DELTA: 0, Kind.SWEEP: 288}


def test_hours_of_blackout_cost_one_cycle_at_their_end() -> None:
    config = configured(blackout='["20:00-08:00"]', sweep_cron='"30 2 * * 1-5"')
    assert plan(config).connections[0].resources[0].cycles == {
        Kind.PROBE: 145 - 49,
        Kind.DELTA: 49,
        Kind.SWEEP: 260 / 366,  # so many of 2028 are from Monday to Friday
    }


def test_hosts_sum_what_their_connections_cost() -> None:
    other = TENANT.replace('"aldgate"', '"brigg"').replace("x3.aldgate.example", "x3.brigg.example")
    second = TENANT.replace('"aldgate"', '"borough"')
    reckoned = plan(parse(TENANT + other + second, catalogue=CATALOGUE))
    hosts = {name: [each.connection.name for each in ones] for name, ones in reckoned.hosts().items()}
    assert hosts == {"x3.aldgate.example": ["aldgate", "borough"], "x3.brigg.example": ["brigg"]}
    assert reckoned.total.requests == 3 * (864 + 320 + 96)


def test_tokens_and_prototypes_count_beside_the_cycles() -> None:
    """A token for each proof of the secret, at its cadence; each prototype once an hour; a password costs nothing."""
    often = priced(configured().connections[0])
    assert (often.cycles.requests, often.tokens.requests, often.prototypes.requests) == (864, 320, 24 * 4)
    seldom = configured(probe='"30m"', blackout='["00:00-12:00"]').connections[0]
    assert priced(seldom).tokens.requests == pytest.approx(26.7 + 1, abs=0.1)
    basic = replace(seldom, auth=Basic("u", seldom.auth.secret))
    assert priced(basic).tokens.requests == 0
    app = replace(seldom, auth=ConnectedApp("c", seldom.auth.secret, "u", "https://x3.example"))
    assert priced(app).tokens.requests == 0


@given(st.integers(1, 10**14))
def test_a_size_is_written_as_the_least_that_holds_it(number: int) -> None:
    """In hundredths of its unit: never less, at most a hundredth more."""
    assert number <= size(volume(number)) <= number + max(1e-2 * number, 10) + 10**10 // 10**9


@given(st.integers(1, 10**9))
def test_a_duration_is_written_as_it_is_read(seconds: int) -> None:
    text = tomllib.loads(f'x = "{span(seconds)}"')["x"]
    unit: Any = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
    assert int(text[:-1]) * unit[text[-1]] == seconds
