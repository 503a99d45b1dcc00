"""What is handed to the daemon that runs: it alone writes the database."""

import json
import os
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from driftd.cli.healthcheck import asked, connected
from driftd.errors import DecisionError, LockedError

if TYPE_CHECKING:
    from http.client import HTTPConnection

    from driftd.config import Config
    from driftd.core.decision import Decision

_SECONDS: Final = 30.0
"""For which an answer is waited for: longer than a decision waits for a cycle."""
_HEADERS: Final = {"Content-Type": "application/json", "Connection": "close", "X-Driftd": "1"}
_LONGEST: Final = 65_536
"""Bytes of an answer."""


def ask(config: "Config", decision: "Decision") -> str:
    """Have the daemon that runs carry out a decision; return what it says.

    Raises `DecisionError` where it refuses, `LockedError` where what owns the data directory does not answer.
    """
    path = f"/api/v1/drifts/{quote(decision.alert, safe='')}/{decision.action}"
    return posted(config, path, _body(decision))


def posted(config: "Config", path: str, body: dict[str, Any], *, seconds: float = _SECONDS) -> str:
    """Post a document to the daemon that runs, and return what it says; raises as `ask` does."""
    return str(sent(config, path, body, seconds=seconds).get("says", "done"))


def sent(
    config: "Config", path: str, body: dict[str, Any], *, seconds: float = _SECONDS, method: str = "POST"
) -> dict[str, Any]:
    """Send a document to the daemon that runs, and return what it answers; raises as `ask` does."""
    status, said = answer_of(config, path, body, seconds=seconds, method=method)
    if 200 <= status < 300:
        return said
    raise refusal(status, said)


def refusal(status: int, said: dict[str, Any]) -> DecisionError:
    """Return why a daemon does not do what it was asked for."""
    hint = str(said.get("hint") or "see the log of the daemon")
    message = str(said.get("detail") or f"the daemon answers {status}")
    return DecisionError(message, hint=hint, unknown=status == 404, invalid=status == 400)


def answer_of(
    config: "Config", path: str, body: dict[str, Any], *, seconds: float, method: str = "POST"
) -> tuple[int, dict[str, Any]]:
    """Send a document to the daemon that runs, and return the status and the answer.

    Raises `LockedError` where what owns the data directory does not answer.
    """
    import http.client

    try:
        with closing(_connected(config, seconds)) as connection:
            return _answered(connection, method, path, body)
    except (OSError, http.client.HTTPException, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error) or "the answer is no HTTP"
        raise LockedError(
            f'a process owns the data directory "{config.data_dir}", and no daemon answers at'
            f" {asked(config.web.listen)} ({why}): if it is a poll, wait for its end; else see its log; and look"
            " whether it was decided"
        ) from error


def _connected(config: "Config", seconds: float) -> "HTTPConnection":
    """Return a connection to the daemon: over the socket in its data directory, or else where it listens."""
    from driftd.faces.http.local import reached

    connection = connected(urlsplit(f"http://{asked(config.web.listen)}"), seconds)
    connection.sock = reached(config.data_dir, seconds)
    return connection


def _answered(connection: "HTTPConnection", method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Send a document; return status and answer. Raises `ValueError` where that is none of a daemon's."""
    token = os.environ.get("DRIFTD_TOKEN", "") if connection.sock is None else ""
    credentials = {"Authorization": f"Bearer {token}"} if token.isascii() and token.isprintable() and token else {}
    connection.request(method, path, json.dumps(body), _HEADERS | credentials)
    answer = connection.getresponse()
    said = json.loads(answer.read(_LONGEST))
    if not isinstance(said, dict):
        raise ValueError("what answers is no daemon of driftd")  # noqa: TRY004 - as a wrong JSON is
    return answer.status, said


def _body(decision: "Decision") -> dict[str, Any]:
    body: dict[str, Any] = {"reason": decision.reason, "by": decision.by}
    if decision.until is not None:
        body["until"] = datetime.fromtimestamp(decision.until / 1000, UTC).isoformat()
    if decision.candidates is not None:
        body["candidates"] = decision.candidates
    return body
