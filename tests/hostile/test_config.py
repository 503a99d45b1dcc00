"""Configurations of any text: every mistake with its path, in lines that can be shown; never a traceback."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from driftd.config import parse, plain, shape, values
from driftd.config.load import LARGEST, load
from driftd.config.parse import CONNECTIONS, LINE
from driftd.core import crontab
from driftd.errors import ConfigError, Mistake
from tests.config.written import TENANT
from tests.hostile.effort import tried
from tests.hostile.texts import TEXTS

WHOLE = f"""
[daemon]
data_dir = "/var/lib/driftd"
stop_grace = "15s"
[web]
listen = "127.0.0.1:9420"
allowed_hosts = ["driftd.example"]
[network]
allow_networks = ["10.0.0.0/8"]
[defaults]
probe = "5m"
sweep_cron = "30 2 * * *"
timezone = "Europe/London"
blackout = ["12:00-13:30"]
bytes_per_day = "2GB"
mass_delete_ratio = 0.1
{TENANT.strip()}
secret_expires = 2027-03-31
[[connections.resources]]
name = "BPCUSTOMER"
key = ["BPCNUM"]
private = {{ BPCNAM = "hash" }}
"""
TOKENS = st.sampled_from(
    ["[", "]", "{", "}", "=", '"', "'", '"""', "\n", "#", ".", ",", "[[connections]]", "[daemon]", "true", "nan", "-1",
     "1e999", "9" * 5_000, "0001-01-01T00:00:00+14:00", "12:00:00", '"\\u0000"', '"\\u001b[31m"', "\u202e"]
)  # fmt: skip


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Return a right document with some of it cut out, put in, or doubled."""
    text = WHOLE
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(text)))
        to = min(len(text), at + draw(st.integers(0, 30)))
        text = text[:at] + (text[at:to] * 2 if draw(st.booleans()) else draw(TOKENS | TEXTS)) + text[to:]
    return text


def read(text: str, folder: Path = Path()) -> None:
    """Read a document; what is wrong is told with its path."""
    found: tuple[Mistake, ...] = (Mistake("none", ""),)
    try:
        parse(text, folder=folder)
    except ConfigError as error:
        found = error.mistakes
    assert found
    for path, message in found:
        assert 0 < len(path) < 1_000
        assert len(message) < 2_000


@tried(50, documents())
def test_any_document_is_read_or_its_mistakes_are_told(text: str) -> None:
    """A document with letters changed gives a configuration, or `ConfigError`; never anything else."""
    read(text)


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 8_000 + "]" * 8_000,
        "[daemon]\ndata_dir = " + "{ a = " * 2_000 + "1" + "}" * 2_000,
        "a" + ".a" * 1_500 + " = 1",
        "[daemon]\nlog_level" + ".a" * 1_500 + " = 1",
        "[[connections]]\nname" + ".a" * 1_500 + " = 1",
        "[" + ".".join("a" * 5_000) + "]",
        f'"{"k" * 15_000}" = 1',
        '"\\u001b[31m\\n" = 1',
        "a" + ".a" * LINE + " = 1",
        f'[web]\nlisten = "localhost:{"9" * 6_000}"',
        '[web]\nlisten = "localhost:\u0663"',
        WHOLE.replace("BPCNAM =", ".".join("A" * 5_000) + " ="),
        "[[connections]]\n" * (CONNECTIONS + 1),
        "[network]\nallow_http = [" + '"10.0.0.0/8",' * (plain.ELEMENTS + 1) + "]",
    ],
    ids=[
        "lists",
        "tables",
        "dots",
        "value",
        "name",
        "header",
        "key",
        "escape",
        "line",
        "port",
        "digit",
        "private",
        "many",
        "list",
    ],
)
def test_a_document_without_measure_is_a_mistake(text: str) -> None:
    """What nests, is long, or is many beyond all use is told as a mistake."""
    with pytest.raises(ConfigError):
        parse(text)
    read(text)


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    """A longer one, were it one without an end, is told as a mistake."""
    with pytest.raises(ConfigError, match="is longer than 16 MiB"):
        load(Path("/dev/zero"), {})
    long = tmp_path / "driftd.toml"
    long.write_bytes(b"#\n" * (LARGEST // 2 + 1))
    with pytest.raises(ConfigError, match="is longer than 16 MiB"):
        load(long, {})


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("page_size", "100001", "must be at most 100000, not 100001"),
        ("max_concurrency", "10001", "must be at most 10000, not 10001"),
        ("max_per_host", "10001", "must be at most 10000, not 10001"),
    ],
)
def test_numbers_have_bounds(key: str, value: str, says: str) -> None:
    """What a tenant is asked for at once is bounded, whatever is configured."""
    with pytest.raises(ConfigError) as found:
        parse(f"[defaults]\n{key} = {value}")
    assert (f"defaults.{key}", says) in found.value.mistakes


def test_a_key_has_only_so_many_parts() -> None:
    """X3's indexes have sixteen at most."""
    parts = [f"P{number}" for number in range(shape.KEY_PARTS + 1)]
    with pytest.raises(ConfigError, match="must have at most 16 elements, not 17"):
        parse(WHOLE.replace('key = ["BPCNUM"]', f"key = {parts}"))


READERS = (
    values.duration, values.duration_or_zero, values.size, values.hours, values.cron, values.zone, values.network,
    values.url, values.postgres, values.listen, plain.whole(1), plain.share, plain.switch, plain.day, plain.listed,
)  # fmt: skip
VALUES = (
    TEXTS
    | st.text("0123456789.:-/*, smhdKMGiB\u0663", max_size=24)
    | st.sampled_from(
        ["9" * 6_000, "1" * 400 + "d", "1e400s", "* * * * " + "1," * 3_000 + "1", "0-59/0 * * * *", "/etc"]
    )
    | st.integers()
    | st.floats()
    | st.none()
    | st.lists(st.integers(), max_size=2)
)


@tried(80, st.sampled_from(READERS), VALUES)
def test_any_value_is_read_or_refused_in_words(reader: Callable[[object], Any], value: object) -> None:
    """A value that is not right raises `ValueError` with what would be, short and in one line."""
    said = "right"
    try:
        reader(value)
    except ValueError as error:
        said = str(error)
    assert 0 < len(said) < 300
    assert said.isprintable()


@tried(80, st.lists(st.text("0123456789*,-/", min_size=1, max_size=8), min_size=5, max_size=5).map(" ".join))
def test_any_cron_is_read_or_refused(text: str) -> None:
    """What is read comes at some time."""
    try:
        read = values.cron(text)
    except ValueError:
        return
    assert crontab.comes(read)
    assert crontab.times_a_day(read) >= 0
