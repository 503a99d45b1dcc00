"""The table of bounds is the code's, and past each bound something is shown."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from driftd.config import parse
from driftd.config.model import Settings
from driftd.errors import ConfigError

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "bounds.md"
UNITS: Final = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


class Bound(NamedTuple):
    """One row."""

    what: str
    bound: str
    where: str
    past: str


def rows() -> Iterator[Bound]:
    """Yield the rows of all tables."""
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line[1:-1].split("|")] if line.startswith("| ") else []
        if len(cells) == 4 and cells[0] != "what":
            yield Bound(*cells)


def numbers(text: str) -> list[int]:
    """Return the numbers of a cell, with their units."""
    found = re.findall(r"(\d[\d,]*)(?: (KiB|MiB|GiB))?", text)
    return [int(number.replace(",", "")) * UNITS.get(unit, 1) for number, unit in found]


def in_code(where: str) -> Any:
    """Return the value of a constant, or the default of a field, by its path."""
    module, name = where.rsplit(".", 1)
    if module.rpartition(".")[2][:1].isupper():
        module, kind = module.rsplit(".", 1)
        found = getattr(importlib.import_module(f"driftd.{module}"), kind)
        if kind == "X3Settings":
            return found.__dataclass_fields__[name].default
        return getattr(found(), name)
    return getattr(importlib.import_module(f"driftd.{module}"), name)


CODED: Final = [row for row in rows() if "." in row.where]
SET: Final = [row for row in rows() if re.match(r"\d[\d,]* (?:to|or more)", row.bound)]


@pytest.mark.parametrize("row", CODED, ids=lambda row: row.where)
def test_each_bound_of_the_table_is_that_of_the_code(row: Bound) -> None:
    """A row that names a constant has its value, in its cell or in the words before it."""
    assert in_code(row.where.partition(" (")[0].strip("`")) in numbers(row.bound)
    assert row.past


@pytest.mark.parametrize("row", SET, ids=lambda row: row.where)
def test_each_setting_of_the_table_goes_from_and_to_where_it_says(row: Bound) -> None:
    """A setting takes its bounds and nothing beyond, and is what the table says unless set."""
    table, _, name = row.where.strip("`").rpartition(" ")
    low, *high, usual = numbers(row.bound)

    def refused(value: int) -> bool:
        try:
            parse(f"{table or '[defaults]'}\n{name} = {value}")
        except ConfigError as error:
            return bool(error.mistakes)
        return False

    assert not refused(low)
    assert refused(low - 1)
    assert not any(map(refused, high))
    assert all(refused(each + 1) for each in high)
    config = parse("")
    assert usual == getattr({"[daemon]": config.daemon, "[web]": config.web}.get(table, Settings()), name)


def test_the_table_has_every_bound_that_the_code_calls_one() -> None:
    """What a module says to be the bytes or characters of something at most stands in the table."""
    named = {row.where.strip("`") for row in rows()}
    kinds = "Bytes|Characters|Most bytes|Members|Paths|Digits"
    said = re.compile(rf'^([A-Z][A-Z_]+)(?:: Final)? = .*\n"""(?:{kinds}) ', re.MULTILINE)
    for file in sorted((ROOT / "driftd").rglob("*.py")):
        if "simulator" not in file.parts:
            module = ".".join(file.relative_to(ROOT / "driftd").with_suffix("").parts)
            for name in said.findall(file.read_text()):
                assert f"{module}.{name}" in named | EXEMPT, f"{module}.{name}"


EXEMPT: Final = {
    "adapters.x3.proxied.READ_BYTES",
    "adapters.x3.connection.INBOX",
    "adapters.x3.verdict.SAMPLE",
    "adapters.x3.answer.BEGINNING",
    "adapters.x3.masking.LONGEST",
    "core.strict.LARGEST",
    "core.oversize.SMALL",
    "adapters.sqlite.tables.WEIGHT",
    "adapters.sqlite.weighing.BESIDE",
    "adapters.logs.redaction.SHORTEST",
    "core.schema.marks.CODE",
    "core.alerts.search.SHORTEST",
    "core.fingerprint.RAW_SIZE",
    "core.sealed.KEY",
    "core.sealed.TAG",
    "core.numbers.DIGITS",
}
"""Sizes of pieces, and of what is looked at: nothing grows by them."""
