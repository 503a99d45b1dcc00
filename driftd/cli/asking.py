"""Decisions handed to the daemon that runs: it alone writes the database."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from driftd.cli.healthcheck import asked, connected
from driftd.errors import DecisionError

if TYPE_CHECKING:
    from driftd.config import Config
    from driftd.core.decision import Decision

_SECONDS: Final = 30.0


def ask(config: "Config", decision: "Decision") -> str:
    """Have the daemon carry out a decision; return what it says. Raises `DecisionError`."""
    import http.client
    from urllib.parse import quote, urlsplit

    place = urlsplit(f"http://{asked(config.web.listen)}")
    body: dict[str, Any] = {"reason": decision.reason, "by": decision.by}
    if decision.until is not None:
        body["until"] = datetime.fromtimestamp(decision.until / 1000, UTC).isoformat()
    connection = connected(place, _SECONDS)
    try:
        connection.request(
            "POST",
            f"/api/v1/drifts/{quote(decision.alert, safe='')}/{decision.action}",
            json.dumps(body),
            {"Content-Type": "application/json", "Connection": "close"},
        )
        answer = connection.getresponse()
        status, said = answer.status, json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise click.ClickException(f"the daemon at {place.netloc} does not answer ({error}): see its log") from error
    finally:
        connection.close()
    if status == 200:
        return str(said["says"])
    raise DecisionError(str(said.get("detail", status)), hint=str(said.get("hint", "")), unknown=status == 404)
