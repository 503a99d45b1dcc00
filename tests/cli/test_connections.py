"""``driftd connections test`` and its cassettes: a verdict, and a recording whose replay is the same tenant."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from driftd.cli.simulated import configuration, replayed
from driftd.simulator import Farm, Fault, Replay, Switches, serving
from tests.cli.conftest import RECORDS, Driftd, Site, Started

CLASSES = ("BPCUSTOMER", "ITMMASTER", "SORDER")
TABLES = {"daemon": {"data_dir": "data"}, "defaults": {"second_look": "0.1s"}}
ODD = {"cap": 7, "next_keeps": "not_filter", "actx_in_query": "present", "collation": "case_insensitive"}
RESPELT = {"cap": 9, "next_keeps": "not_count", "whitespace": "spaced", "numbers": "respelled", "gzip": "on"}


def steps(out: str) -> dict[tuple[str, str], dict[str, Any]]:
    return {(each["check"], each["subject"]): each for each in json.loads(out)["steps"]}


def test_a_valid_connection_is_exit_code_0_with_a_verdict_for_each_step(driftd: Driftd, site: Site) -> None:
    ran = driftd("connections", "test", "aldgate", "-c", site.config)
    assert (ran.code, ran.err) == (0, "")
    for check in ("resolve", "connect", "tls", "token", "folder", "read", "page_cap", "watermark", "clock", "class"):
        assert re.search(rf"^{check} ", ran.out, re.MULTILINE), check
    assert re.search(r'connection "aldgate" is valid: [0-9]+ requests, ', ran.out)
    assert "renewed_after" not in ran.out


def test_debug_shows_what_each_step_saw(driftd: Driftd, site: Site) -> None:
    ran = driftd("connections", "test", "aldgate", "-c", site.config, "--debug")
    assert ran.code == 0
    for seen in (
        "addresses      127.0.0.1",
        "life           300",
        "header         X-Sage-Folder",
        "seconds_ahead",
        " s  ",
    ):
        assert seen in ran.out


def test_json_has_every_step_for_programs(driftd: Driftd, site: Site) -> None:
    told = json.loads(driftd("connections", "test", "aldgate", "-c", site.config, "--format", "json").out)
    assert (told["connection"], told["valid"]) == ("aldgate", True)
    assert told["requests"] == 19
    told_of_each = {"check", "subject", "outcome", "seconds", "message", "reason", "hint", "facts", "capability"}
    assert told_of_each == set(told["steps"][0])
    assert steps(json.dumps(told))["class", "SORDER"]["capability"] == "available"


@pytest.mark.parametrize("form", [[], ["--debug"], ["--format", "json"]])
def test_a_refused_secret_is_exit_code_1_with_who_acts_and_what_to_tell(
    driftd: Driftd, site: Site, form: list[str]
) -> None:
    """Without the secret, the client or an address in the words for the customer."""
    (site.config.parent / "aldgate").write_text("planted-secret")
    ran = driftd("connections", "test", "aldgate", "-c", site.config, *form)
    assert ran.code == 1
    assert "oauth_invalid_client" in ran.out
    assert "the customer's X3 administrator" in ran.out
    assert "hand over the new secret" in ran.out
    assert "there is no token" in ran.out
    assert "planted-secret" not in ran.out
    assert "driftd-aldgate" not in ran.out


def test_a_secret_that_is_not_to_be_had_is_told_without_a_request(driftd: Driftd, site: Site) -> None:
    (site.config.parent / "aldgate").unlink()
    ran = driftd("connections", "test", "aldgate", "-c", site.config)
    assert ran.code == 1
    assert "config_error: " in ran.err
    assert not site.farm["aldgate"].requests


def test_an_unknown_name_is_exit_code_2_with_the_nearest(driftd: Driftd, site: Site) -> None:
    ran = driftd("connections", "test", "algate", "-c", site.config)
    assert ran.code == 2
    assert 'no connection is named "algate": did you mean aldgate?' in ran.err


def test_a_place_where_nothing_can_be_recorded_is_refused_before_anything_is_asked(
    driftd: Driftd, site: Site, tmp_path: Path
) -> None:
    (tmp_path / "there").write_text("precious")
    test = ("connections", "test", "aldgate", "-c", site.config)
    for arguments, says in (
        (("--record", tmp_path / "there"), "--force to replace it"),
        (("--record", tmp_path), "is a folder"),
        (("--record", tmp_path / "nowhere" / "c"), "in no folder that exists"),
        (("--values",), "go with --record"),
    ):
        ran = driftd(*test, *arguments)
        assert ran.code == 2
        assert says in ran.err
    assert not site.farm["aldgate"].requests
    assert (tmp_path / "there").read_text() == "precious"
    assert driftd(*test, "--record", tmp_path / "there", "--force").code == 0
    assert (tmp_path / "there").read_text().startswith('{"cassette":1')


# --- cassettes


@contextmanager
def folder_for(path: Path, farm: Farm, url: str) -> Iterator[Path]:
    """Give a configuration that reads the first tenant of a farm."""
    path.mkdir()
    (path / "secret").write_text(farm["aldgate"].client_secret)
    text = configuration(farm, url, secret=lambda _: '{ file = "secret" }', tables=TABLES)
    (path / "driftd.toml").write_text(text)
    yield path / "driftd.toml"


@contextmanager
def replaying(path: Path, cassette: Path) -> Iterator[Path]:
    """Serve a cassette, and give the configuration that reads it."""
    path.mkdir()
    replay = Replay.load(cassette)
    with serving(replay) as served:
        (path / "secret").write_text("any")
        (path / "driftd.toml").write_text(replayed(replay, served.url, data_dir="data", secret='{ file = "secret" }'))
        yield path / "driftd.toml"


def captured(driftd: Driftd, config: Path, name: str) -> dict[str, list[dict[str, Any]]]:
    """Sweep everything and return the snapshot's records by class."""
    ran = driftd("poll", "-c", config, "--full")
    assert ran.code == 0, ran.out + ran.err
    found = {}
    for each in CLASSES:
        lines = driftd("records", "-c", config, "--connection", name, "--resource", each).out.splitlines()
        found[each] = [json.loads(line) for line in lines]
    return found


def bodies(out: str) -> list[str]:
    """Return the records of a snapshot byte for byte."""
    return [line.partition(',"record":')[2] for line in out.splitlines()]


def unchanged(driftd: Driftd, config: Path) -> bool:
    told = json.loads(driftd("poll", "-c", config, "--full", "--format", "json").out)
    return told["ok"] and {(each["c"], each["u"], each["d"], each["r"]) for each in told["resources"]} == {(0, 0, 0, 0)}


@pytest.fixture(
    params=[
        pytest.param({}, marks=pytest.mark.heavy, id="default"),
        pytest.param(ODD, id="odd"),
        pytest.param(RESPELT, marks=pytest.mark.heavy, id="respelt"),
    ]
)
def recorded(request: pytest.FixtureRequest, driftd: Driftd, tmp_path: Path) -> Iterator[tuple[Farm, Path, Path]]:
    """A farm under some switches, its configuration, and a folder with its cassettes: with values, and redacted."""
    switches = Switches()
    switches.move(request.param)
    farm = Farm.build(tenants=1, records=25, switches=switches)
    with serving(farm) as served, folder_for(tmp_path / "live", farm, served.url) as config:
        for name, more in (("values", ["--values"]), ("redacted", [])):
            ran = driftd("connections", "test", "aldgate", "-c", config, "--record", tmp_path / name, *more)
            assert ran.code == 0, ran.out
            assert f"driftd simulator --replay {tmp_path / name}" in ran.out
        yield farm, config, tmp_path


@pytest.mark.heavy
def test_a_replay_with_values_gives_the_same_capture(driftd: Driftd, recorded: tuple[Farm, Path, Path]) -> None:
    """Byte for byte, details included; and a second sweep finds nothing changed."""
    _, config, folder = recorded
    assert captured(driftd, config, "aldgate").keys() == set(CLASSES)
    with replaying(folder / "replay", folder / "values") as other:
        captured(driftd, other, "replay")
        for each in CLASSES:
            live = driftd("records", "-c", config, "--connection", "aldgate", "--resource", each).out
            again = driftd("records", "-c", other, "--connection", "replay", "--resource", each).out
            assert bodies(live) == bodies(again)
            assert len(bodies(live)) == 25
            assert ('"SOHSOP":[{' in again) == (each == "SORDER")
        assert unchanged(driftd, other)


def shapes(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path and JSON type of every value; what is empty apart."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from shapes(inner, f"{path}/{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from shapes(inner, f"{path}/*")
    else:
        yield path, f"{type(value).__name__} {value if not value or value == '0000-00-00' else 'full'}"


@pytest.mark.heavy
def test_a_redacted_replay_gives_a_capture_of_the_same_shape(driftd: Driftd, recorded: tuple[Farm, Path, Path]) -> None:
    """As many records, every member of the same type and as often empty, keys as unique, references kept."""
    _, config, folder = recorded
    live = captured(driftd, config, "aldgate")
    with replaying(folder / "replay", folder / "redacted") as other:
        again = captured(driftd, other, "replay")
        assert unchanged(driftd, other)
    for each in CLASSES:
        assert len(again[each]) == len(live[each]) == 25
        assert len({json.dumps(one["key"]) for one in again[each]}) == 25
        told = [sorted(pair for one in every[each] for pair in shapes(one["record"])) for every in (live, again)]
        assert told[0] == told[1]
    for one, other_ in ((live, "BPCORD"), (again, "BPCORD")):
        customers = {each["record"]["BPCNUM"] for each in one["BPCUSTOMER"]}
        matches = [each["record"][other_] in customers for each in one["SORDER"]]
        assert all(matches)


def values_of(value: object) -> Iterator[str]:
    """Yield the texts and numbers of a record as they would stand in a file."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in {"$actxSolution", "$actxLan", "$actxLanIso", "$x3Format", "$scale", "$precision"}:
                yield from values_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from values_of(inner)
    elif isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        yield str(value)


def test_no_value_and_no_secret_occurs_in_a_redacted_cassette(
    driftd: Driftd, recorded: tuple[Farm, Path, Path]
) -> None:
    """Looked for as whole values, those of a few characters apart: a short one may be another's pseudonym, and so may
    a number of seven or eight digits.
    """
    farm, config, folder = recorded
    tenant = farm["aldgate"]
    text = (folder / "redacted").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    shown = {each for line in lines for each in values_of(line.get("body"))}
    live = captured(driftd, config, "aldgate")
    planted = {each for every in live.values() for one in every for each in values_of(one["record"])}
    planted = {
        each
        for each in planted
        if len(re.sub(r"[^\w]|^0+", "", each)) > (8 if re.fullmatch(r"[-\d.]+", each) else 6)
        and not re.match(r"\d{4}-\d\d-", each)
    }
    assert len(planted) > 100
    assert planted & shown == set()
    for secret in (tenant.client_secret, tenant.client_id, tenant.folder, tenant.username, "127.0.0.1"):
        assert secret not in text
        assert secret not in (folder / "values").read_text() or secret in {tenant.folder, tenant.username}


def test_a_recorded_failure_is_replayed_with_its_reason(driftd: Driftd, site: Site, tmp_path: Path) -> None:
    site.farm["aldgate"].faults += [
        Fault("status", resource="ITMMASTER", status=403),
        Fault("status", resource="SORDER", status=429, headers={"Retry-After": "1"}),
    ]
    test = ("--format", "json", "-c")
    live = steps(driftd("connections", "test", "aldgate", "--record", tmp_path / "c", *test, site.config).out)
    with replaying(tmp_path / "replay", tmp_path / "c") as config:
        again = steps(driftd("connections", "test", "replay", *test, config).out)
        for each in (("class", "ITMMASTER"), ("class", "SORDER")):
            assert (again[each]["reason"], again[each]["outcome"]) == (live[each]["reason"], live[each]["outcome"])
        assert again["class", "SORDER"]["reason"] == "rate_limited"
        for name, reason in (("ITMMASTER", "forbidden"), ("SORDER", "rate_limited")):
            (ran,) = json.loads(driftd("poll", "--full", "--resource", name, *test, config).out)["resources"]
            assert (ran["resource"], ran["reason"]) == (name, reason)


def test_a_watermark_is_replayed(driftd: Driftd, tmp_path: Path) -> None:
    """A delta of the replay reads what is newer than the watermark, as one of the tenant does."""
    farm = Farm.build(tenants=1, records=25, switches=Switches(updatim_in_query="present"))
    with serving(farm) as served, folder_for(tmp_path / "live", farm, served.url) as config:
        dated = '[[connections.resources]]\nname = "ITMMASTER"\nwatermark = "UPDDATTIM"\npage_size = 10\n'
        config.write_text(config.read_text() + dated)
        assert driftd("connections", "test", "aldgate", "-c", config, "--record", tmp_path / "c").code == 0
    with replaying(tmp_path / "replay", tmp_path / "c") as config:
        assert driftd("poll", "--full", "-c", config).code == 0
        (told,) = json.loads(driftd("poll", "--delta", "-c", config, "--format", "json").out)["resources"]
    assert (told["outcome"], told["kind"], told["c"], told["u"]) == ("ok", "delta", 0, 0)
    assert told["pages"] >= 1


def test_a_cassette_is_served_from_the_command_line(driftd: Driftd, start: Started, site: Site, tmp_path: Path) -> None:
    """As its first line says where, with the settings that it names and any secret."""
    assert driftd("connections", "test", "aldgate", "-c", site.config, "--record", tmp_path / "c").code == 0
    process = start("simulator", "--replay", tmp_path / "c", "--listen", "127.0.0.1:0")
    assert process.stdout is not None
    url = process.stdout.readline().split()[0]
    assert f'base_url = "{url}", folder = ' in process.stdout.readline()
    text = driftd("simulator", "--replay", tmp_path / "c", "--print-config").out
    (tmp_path / "secret").write_text("any")
    text = text.replace("http://127.0.0.1:8124", url).replace('{ env = "REPLAY_SECRET" }', '{ file = "secret" }')
    (tmp_path / "driftd.toml").write_text(text)
    assert driftd("connections", "test", "replay").code == 0


def test_details_are_recorded_up_to_a_number(driftd: Driftd, site: Site, tmp_path: Path) -> None:
    ran = driftd("connections", "test", "aldgate", "-c", site.config, "--record", tmp_path / "c", "--records", "3")
    assert f"{RECORDS} records recorded, 3 with details" in ran.out
    with replaying(tmp_path / "replay", tmp_path / "c") as config:
        ran = driftd("poll", "--full", "-c", config)
    assert ran.code == 1
    assert "partial" in ran.out
