"""Connections and their live checks as documents, with links to what more there is of them."""

from collections.abc import Mapping
from typing import Final

from driftd.core.document import Document, moment, of_connection, of_summary
from driftd.core.status import ConnectionStatus, located
from driftd.faces.http.inside import Inside, Source

PATH: Final = "/api/v1/connections"
_DEEDS: Final = ("test", "poll", "rotate", "pause", "resume", "maintenance")


def summary(status: ConnectionStatus, sources: Mapping[str, Source]) -> Document:
    """Return one connection in short, with where it stands and where more of it is."""
    source = sources.get(status.name)
    return {**of_summary(status), "source": _source(source), "_links": links(status.name, source)}


async def whole(inside: Inside, status: ConnectionStatus) -> Document:
    """Return all of one connection, without its secret."""
    source = inside.tenants.sources().get(status.name)
    stored = None
    if source is not None and source.stored:
        stored = next((each for each in await inside.tenants.stored() if each.name == status.name), None)
    return {
        **of_connection(status, located(inside.status().connections), inside.clock.now()),
        "source": _source(source),
        "place": source.place if source else None,
        "settings": stored.table if stored else None,
        "made": {"at": moment(stored.made_at), "by": stored.made_by} if stored else None,
        "changed": {"at": moment(stored.changed_at), "by": stored.changed_by} if stored else None,
        "_links": links(status.name, source),
    }


def named(status: ConnectionStatus) -> Mapping[str, str]:
    """Return what words for a customer are filled with."""
    return {"connection": status.name, "host": status.host, "folder": status.folder}


def links(name: str, source: Source | None) -> Document:
    """Return where more of a connection is, and what can be done with it."""
    at = f"{PATH}/{name}"
    found: Document = {
        "self": {"href": at},
        "history": {"href": f"{at}/history"},
        "explain": {"href": f"{at}/explain"},
        "schema": {"href": f"{at}/schema/{{resource}}", "templated": True},
        "alerts": {"href": f"/api/v1/alerts?connection={name}"},
        "audit": {"href": f"/api/v1/audit?connection={name}"},
        **{each: {"href": f"{at}/{each}", "method": "POST"} for each in _DEEDS},
    }
    if source is not None and source.stored:
        found["change"] = {"href": at, "method": "PUT"}
        found["remove"] = {"href": f"{at}?data={{keep,erase}}&reason={{reason}}", "method": "DELETE", "templated": True}
    return found


def _source(source: Source | None) -> str | None:
    if source is None:
        return None
    return "stored" if source.stored else "file"
