"""``driftd healthcheck``: whether the daemon answers, for container engines that know no HTTP."""

from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

import click

from driftd.cli.options import config_option, configured
from driftd.cli.saying import say

if TYPE_CHECKING:
    from http.client import HTTPConnection

    from driftd.config import Config

_PATH: Final = "/-/healthy"
_SECONDS: Final = 5.0
_EVERYWHERE: Final = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what is listened on
"""Whom to ask where the daemon listens on all addresses."""


@click.command("healthcheck", short_help="Ask the daemon whether it answers.")
@config_option
@click.option("--url", metavar="URL", help=f"Ask here. Default: {_PATH} of the configured listen address.")
def command(config_path: Path | None, url: str | None) -> int:
    """Ask the daemon's /-/healthy. Exit code 0 if it answers 200, else 1."""
    config = None if url else configured(config_path, stored=False)
    place = _place(url or "") if config is None else urlsplit(f"http://{asked(config.web.listen)}{_PATH}")
    trouble = _ask(place, config)
    if trouble:
        say(f"driftd: {place.geturl()} {trouble}", err=True)
        return 1
    say("healthy")
    return 0


def _place(url: str) -> SplitResult:
    wrong = click.BadParameter(f'"{url}" is no address such as http://127.0.0.1:9420', param_hint="--url")
    try:
        parts = urlsplit(url)
        valid = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        raise wrong from None
    if not valid or not url.isascii() or not url.isprintable() or " " in url or parts.username is not None:
        raise wrong
    return parts if parts.path.strip("/") else parts._replace(path=_PATH)


def asked(listen: str) -> str:
    """Return the address to ask of a daemon that listens so."""
    host, _, port = listen.rpartition(":")
    bare = host.strip("[]")
    found = _EVERYWHERE.get(bare, bare)
    return f"[{found}]:{port}" if ":" in found else f"{found}:{port}"


def _ask(place: SplitResult, config: "Config | None") -> str:
    """Return what is wrong; empty where the daemon is healthy.

    Where it may speak TLS, it is asked over the socket in its data directory.
    """
    import http.client

    from driftd.faces.http.local import reached

    connection = connected(place)
    try:
        if config is not None and config.web.web_config_file is not None:
            connection.sock = reached(config.data_dir, _SECONDS)
        connection.request("GET", place.path, headers={"Connection": "close"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "strerror", None) or str(error) or "the answer is no HTTP"
        return f"does not answer ({why}): start the daemon, or see its log"
    finally:
        connection.close()
    return "" if status == 200 else f"answers {status}, not 200: see the log of the daemon"


def connected(place: SplitResult, seconds: float = _SECONDS) -> "HTTPConnection":
    """Return a connection to a daemon, to be closed; nothing is sent yet."""
    from http.client import HTTPConnection, HTTPSConnection

    kind = HTTPSConnection if place.scheme == "https" else HTTPConnection
    return kind(place.hostname or "", place.port, timeout=seconds)
