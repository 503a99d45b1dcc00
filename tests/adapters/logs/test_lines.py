"""One event is one line that reads back to what was said."""

import json
import string
from datetime import timedelta
from decimal import Decimal
from enum import IntEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.core.secret import Secret
from driftd.errors import ConfigError, Mistake, Reason, SourceError
from tests.adapters.logs.reading import Written

NAMES = st.text(string.ascii_lowercase + "_", min_size=1, max_size=12).filter(
    lambda name: (
        name not in {"event", "time", "level", "msg", "traceback", "error", "self"}
        and not name.endswith(("password", "secret", "token", "assertion", "authorization", "cookie", "api_key"))
    )
)
SPLITTING = st.sampled_from(
    ["\n", "\r", "\x1b[2J", "\x00", "\x85", "\u2028", "\u202e", '"', "\\", "=", " ", "😀", "\x7f"]
)
TEXTS = st.lists(st.text(max_size=6) | SPLITTING, max_size=6).map("".join)
SCALARS = TEXTS | st.booleans() | st.integers(1 - 2**63, 2**63 - 1)
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)
FORMS = pytest.mark.parametrize("form", ["json", "logfmt"])


def deep(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(deep, inner), default=0) if isinstance(value, dict | list) else 0


@given(TEXTS, st.dictionaries(NAMES, TREES.filter(lambda tree: deep(tree) < 4), max_size=5))
def test_json_reads_back(event: str, facts: dict[str, Any]) -> None:
    """Whatever stands in an event or a fact, there is one line, and it holds just that."""
    here = Written("json")
    here.log.info(event, **facts)
    assert here.only() == {"time": "2023-11-14T22:13:20.123Z", "level": "info", "msg": event} | facts


@given(TEXTS, st.dictionaries(NAMES, TREES.filter(lambda tree: deep(tree) < 4), max_size=5))
def test_logfmt_reads_back(event: str, facts: dict[str, Any]) -> None:
    """Whatever stands in an event or a fact, there is one line, and it holds just that, as text."""
    here = Written("logfmt")
    here.log.info(event, **facts)
    read = here.only()
    assert list(read)[:3] == ["time", "level", "msg"]
    assert read.pop("msg") == event
    texts = {name: value for name, value in facts.items() if isinstance(value, str)}
    assert {name: read[name] for name in texts} == texts
    others = {name: value for name, value in facts.items() if name not in texts}
    assert {name: json.loads(read[name]) for name in others} == others
    assert len(read) == 2 + len(facts)


@FORMS
def test_a_half_character_is_escaped(form: str) -> None:
    """A text that no encoding can write is written all the same."""
    here = Written(form)
    here.log.info("odd", text="a\udc80b")
    assert here.only()["text"] == "a\udc80b"
    assert "\\udc80" in here.text


@FORMS
def test_the_order_of_facts_is_the_same_on_every_line(form: str) -> None:
    """Time, level and event, then what is looked for first, then what was bound, then the rest as given."""
    here = Written(form)
    log = here.log.bind(zone="z", reason=Reason.TIMEOUT)
    log.warning("poll failed", alpha=1, poll_id="p", resource="R", connection="c")
    first = ["time", "level", "msg", "connection", "resource", "poll_id", "reason"]
    assert list(here.only()) == [*first, "zone", "alpha"]


def test_a_line_of_logfmt_as_it_stands() -> None:
    """What needs no quotes has none."""
    here = Written("logfmt")
    here.log.bind(connection="acme").info("cycle finished", ok=True, seconds=1.23456, kind="", hint="wait, or ask")
    assert here.text == (
        'time=2023-11-14T22:13:20.123Z level=info msg="cycle finished" connection=acme ok=true seconds=1.235 kind="" '
        'hint="wait, or ask"\n'
    )


class Size(IntEnum):
    LARGE = 3


class Broken:
    def __str__(self) -> str:
        raise RuntimeError("no text")


class BrokenTable(dict[str, int]):
    def items(self) -> Any:
        raise RuntimeError("changed while it was read")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, True),
        (0.1 + 0.2, 0.3),
        (0.000123456, 0.000123),
        (1_700_000_000.12345, 1_700_000_000.123),
        (float("inf"), "inf"),
        (timedelta(milliseconds=1500), 1.5),
        (Reason.TIMEOUT, "timeout"),
        (Size.LARGE, 3),
        (Decimal("1.10"), "1.10"),
        (Path("/var/lib"), "/var/lib"),
        (b"ab\xff", "ab\\xff"),
        (Secret("s3cr3t"), "<secret>"),
        ({"b", "a"}, ["a", "b"]),
        ((1, None, [Secret("x")]), [1, None, ["<secret>"]]),
        (2**64, "18446744073709551616"),
        (Broken(), "<Broken>"),
        (BrokenTable(a=1), "<BrokenTable>"),
        ({"a": [[[[1]]]]}, {"a": [[["…"]]]}),
        (list(range(1_000)), list(range(64))),
        (ValueError("it broke"), "ValueError: it broke"),
        (KeyError(), "KeyError"),
    ],
)
def test_values_are_shown_plainly(value: object, shown: object) -> None:
    """Each kind of value has its form, and none can end the call."""
    here = Written("json")
    here.log.info("shown", value=value)
    assert here.only()["value"] == shown


def test_a_number_too_long_to_write_is_shown_as_its_kind() -> None:
    """Python refuses to spell integers of more than 4,300 digits."""
    here = Written("json")
    here.log.info("shown", value=10**5_000)
    assert here.only()["value"] == "<int>"


@FORMS
def test_none_is_left_out(form: str) -> None:
    """A fact that is not known takes no room."""
    here = Written(form)
    here.log.info("said", reason=None, error=None)
    assert list(here.only()) == ["time", "level", "msg"]


@FORMS
@pytest.mark.parametrize("name", ["event", "time", "level", "msg", "traceback"])
def test_no_fact_takes_the_place_of_what_every_line_has(form: str, name: str) -> None:
    """A fact of a reserved name gives way, given or bound."""
    for bound in (True, False):
        here = Written(form)
        facts = {name: "mine"}
        (here.log.bind(**facts) if bound else here.log).info("said", **({} if bound else facts))
        read = here.only()
        assert (read["msg"], read["level"], read[f"{name}_"]) == ("said", "info", "mine")


@FORMS
def test_a_name_keeps_to_its_letters(form: str) -> None:
    """A name with anything else in it cannot split a line or a pair."""
    here = Written(form)
    here.log.info("said", **{"a b\n=c": "x"})
    assert here.only()["a_b__c"] == "x"


def test_a_bug_brings_its_traceback() -> None:
    """An exception that nobody foresaw shows where it was raised; it is still one line."""
    here = Written("json")
    with pytest.raises(RuntimeError) as caught:
        str(Broken())
    here.log.error("poller failed", error=caught.value)
    read = here.only()
    assert read["error"] == "RuntimeError: no text"
    assert read["traceback"].startswith("Traceback")
    assert "in __str__\n" in read["traceback"]


@pytest.mark.parametrize(
    "error",
    [
        SourceError(Reason.TIMEOUT, "no answer"),
        ConfigError([Mistake("a.b", "is wrong")]),
        ExceptionGroup("two", [SourceError(Reason.TIMEOUT, "no answer")]),
    ],
)
def test_a_foreseen_error_brings_none(error: Exception) -> None:
    """What an operator is told needs no line numbers."""
    here = Written("json")
    here.log.error("poll failed", error=error)
    assert "traceback" not in here.only()


def test_a_group_with_a_bug_in_it_is_a_bug() -> None:
    """One failure that nobody foresaw is enough."""
    here = Written("json")
    here.log.error("failed", error=ExceptionGroup("two", [SourceError(Reason.TIMEOUT, "no answer"), KeyError("k")]))
    assert "KeyError" in here.only()["traceback"]


def test_a_text_beyond_reading_is_cut() -> None:
    """A tenant's megabytes do not fill the disk with one line."""
    here = Written("json")
    here.log.info("said", text="x" * 1_000_000)
    assert len(here.only()["text"]) == 16_385
