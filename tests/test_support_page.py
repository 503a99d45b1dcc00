"""What docs/support.md says of states and reasons is what the code knows, and its sample is a real card."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from driftd.cli.explain import _show
from driftd.core.card import card
from driftd.core.credential import Credential
from driftd.core.drift import Scope
from driftd.core.health import ConnectionHealth
from driftd.core.reasons import MEANINGS, State
from driftd.core.status import Reached
from driftd.core.words import PHRASES, Language
from driftd.errors import Reason
from tests.core.statuses import HOUR, MINUTE, NOW, of, trouble

PAGE = (Path(__file__).parents[1] / "docs" / "support.md").read_text()
ENGLISH = PHRASES[Language.ENGLISH]
MESSAGE = 'connection "aldgate": the token endpoint answers 401: invalid_client'


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Be a viewer whose zone is UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def rows(heading: str) -> dict[str, list[str]]:
    """Return the rows of the table under a heading, by their first cell."""
    (table,) = re.findall(rf"^## {heading}\n.*?^\|[-| :]+\|\n((?:\|[^\n]*\n)+)", PAGE, re.MULTILINE | re.DOTALL)
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()]
    return {first.strip("`| "): [cell.strip("| ") for cell in rest] for first, *rest in cells}


def test_every_state_stands_there_in_its_order_and_says_whether_it_is_down() -> None:
    """As the code has it."""
    found = rows("States")
    assert list(found) == list(State)
    for state in State:
        assert found[state][1] == ("yes" if state.down else "no")


def test_every_reason_stands_there_with_its_meaning() -> None:
    """Cause, who acts, the state where it lasts, and after how many failures it does."""
    found = rows("Reasons")
    assert list(found) == list(Reason)
    for reason, meaning in MEANINGS.items():
        cause, actor = ENGLISH.causes[meaning.cause], ENGLISH.actors[meaning.actor]
        assert found[reason][1:] == [cause, actor, f"`{meaning.state}`", str(meaning.grace)]


def test_the_sample_is_what_explain_prints(utc: None, capfd: pytest.CaptureFixture[str]) -> None:
    """Word for word."""
    hint = "put the secret where the configuration reads it"
    own = trouble(Reason.OAUTH_INVALID_CLIENT, message=MESSAGE, hint=hint, status=401)
    status = of(
        Reason.OAUTH_INVALID_CLIENT,
        trouble=own,
        health=ConnectionHealth(outage=own),
        customer="Aldgate Packaging Solutions",
        held_until=NOW + 15 * MINUTE,
        expiry={Credential.CLIENT_SECRET: NOW - 5 * HOUR},
    )
    _show(card(status, Reached(Scope.TENANT), 2, NOW, Language.ENGLISH))
    printed = capfd.readouterr().out
    (sample,) = re.findall(r"^```text\n(aldgate .*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert sample == printed
