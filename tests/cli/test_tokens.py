"""``driftd tokens`` where no daemon runs: made and printed once, listed without their text, revoked."""

import json
import sqlite3
from contextlib import closing
from hashlib import sha256
from typing import Any

import pytest

from tests.cli.conftest import Driftd, Stocked


def listed(driftd: Driftd, where: Stocked) -> dict[str, dict[str, Any]]:
    told = json.loads(driftd("tokens", "list", "-c", where.config, "--format", "json").out)
    return {each["name"]: each for each in told["tokens"]}


def test_a_token_is_printed_once_and_only_its_hash_is_kept(driftd: Driftd, changed: Stocked) -> None:
    """Alone on standard output, so that it can be piped; 256 bits of it; and two are never the same."""
    made = [
        driftd("tokens", "create", name, "--scope", "read", "--connection", "acme", "--by", "jo", "-c", changed.config)
        for name in ("grafana", "vendor")
    ]
    assert [each.code for each in made] == [0, 0], made
    texts = [each.out.removesuffix("\n") for each in made]
    assert all(text.startswith("driftd_") and len(text) == 7 + 43 for text in texts)
    assert len(set(texts)) == 2
    assert made[0].err == 'the token "grafana" lets its bearers read "acme" only\n'
    with closing(sqlite3.connect(changed.database)) as db:
        rows = db.execute("SELECT name, digest FROM tokens ORDER BY name").fetchall()
        deeds = db.execute('SELECT action, subject, connection, "by" FROM deeds ORDER BY id').fetchall()
    assert [digest for _, digest in rows] == [sha256(text.encode()).digest() for text in texts]
    assert deeds[-2:] == [("make_token", name, "acme", "jo") for name in ("grafana", "vendor")]
    everything = b"".join(each.read_bytes() for each in changed.database.parent.iterdir() if each.is_file())
    assert not any(text.encode() in everything for text in texts)
    shown = driftd("tokens", "list", "-c", changed.config)
    assert (shown.code, shown.out.split("\n")[2].split()[:3]) == (0, ["grafana", "read", "acme"])
    assert not any(text in shown.out for text in texts)
    told = listed(driftd, changed)["grafana"]
    assert (told["scope"], told["expires_at"], told["used_at"], told["expired"]) == ("read", None, None, False)


def test_a_token_is_revoked_once(driftd: Driftd, changed: Stocked) -> None:
    assert driftd("tokens", "list", "-c", changed.config).out == "there are no tokens\n"
    assert driftd("tokens", "create", "x", "--scope", "admin", "-c", changed.config).code == 0
    assert driftd("tokens", "create", "x", "--scope", "admin", "-c", changed.config).code == 1
    assert driftd("tokens", "revoke", "x", "-c", changed.config).code == 0
    gone = driftd("tokens", "revoke", "x", "-c", changed.config)
    assert (gone.code, 'there is no token "x"' in gone.err) == (1, True)
    assert listed(driftd, changed) == {}


def test_a_token_ends_after_a_span_or_a_day(driftd: Driftd, changed: Stocked) -> None:
    """A day is valid to its end, in UTC."""
    for name, when in (("day", "2999-12-31"), ("span", "90d")):
        assert driftd("tokens", "create", name, "--scope", "read", "--expires", when, "-c", changed.config).code == 0
    told = listed(driftd, changed)
    assert told["day"]["expires_at"] == "3000-01-01T00:00:00Z"
    assert told["span"]["expires_at"] > told["span"]["made_at"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["no good", "--scope", "read"], "no token can be called so"),
        (["x" * 65, "--scope", "read"], "no token can be called so"),
        (["x"], "--scope"),
        (["x", "--scope", "root"], "root"),
        (["x", "--scope", "read", "--connection", "nobody"], 'no connection is named "nobody"'),
        (["x", "--scope", "read", "--expires", "soon"], '"soon" is no end'),
        (["x", "--scope", "read", "--expires", "2020-01-01"], "expired already"),
        (["x", "--scope", "read", "--expires", "0d"], "is no end"),
        (["x", "--scope", "read", "--reason", " "], "needs a reason"),
    ],
    ids=str,
)
def test_what_can_be_no_token_is_told(driftd: Driftd, changed: Stocked, words: list[str], says: str) -> None:
    """Nothing is printed that looks like one, and nothing is kept."""
    ran = driftd("tokens", "create", *words, "-c", changed.config)
    assert (ran.code, ran.out) == (2, ""), ran.err
    assert says in ran.err
    assert listed(driftd, changed) == {}
