"""Options that several commands share, and what they stand for."""

import math
import os
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from driftd.config import Config

SEQS = click.IntRange(0, 2**63 - 1)
"""Of events; SQLite numbers no more."""
COUNTS = click.IntRange(1, 2**63 - 1)
"""Of rows to print at most."""


class _Text(click.ParamType[str]):
    """Text that UTF-8 holds: what is looked up and stored. Arguments that are none come as halves of surrogates."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                self.fail("it is not UTF-8", param, ctx)
        return value


class Numbers(click.FloatRange):
    """Numbers within bounds, infinity and ``nan`` left out: neither is below any."""

    def convert(self, value: float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail("it is no number that is written out", param, ctx)
        return float(number)


class _CursorName(_Text):
    """The name of a cursor."""

    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from driftd.core.retention import nameable

        if not nameable(super().convert(value, param, ctx)):
            self.fail(f'"{value}" is no name of a cursor: up to 64 letters, digits and ".", "_", "-"', param, ctx)
        return value


class _File(click.Path):
    """The path of a file, in UTF-8 from the root on: SQLite opens no other, and our notes and JSON hold none."""

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        path = Path(value)
        try:
            str(path.absolute()).encode()
            with suppress(FileNotFoundError, NotADirectoryError, PermissionError):  # told by who opens it
                path.stat()
        except UnicodeError:
            self.fail(f'the path "{path.absolute()}" is not UTF-8: rename what is not', param, ctx)
        except (OSError, ValueError) as error:
            self.fail(f'"{_beginning(path)}" cannot be a file: {getattr(error, "strerror", None) or error}', param, ctx)
        return super().convert(value, param, ctx)


def _beginning(path: Path) -> str:
    text = str(path)
    return text if len(text) <= 200 else f"{text[:200]}…"


TEXT = _Text()
CURSOR = _CursorName()
PATH = _File(path_type=Path)
FILE = _File(path_type=Path, dir_okay=False)
PRESENT = _File(path_type=Path, dir_okay=False, exists=True)
AnyCommand = TypeVar("AnyCommand", bound=Callable[..., Any])
_PLACES = (Path("driftd.toml"), Path("/etc/driftd/driftd.toml"))


def config_option(command: AnyCommand) -> AnyCommand:
    """Add ``--config``."""
    return click.option(
        "-c",
        "--config",
        "config_path",
        type=PATH,
        envvar="DRIFTD_CONFIG",
        show_envvar=True,
        help="Configuration file. Default: driftd.toml here, then /etc/driftd/driftd.toml.",
    )(command)


def format_option(command: AnyCommand) -> AnyCommand:
    """Add ``--format``."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(["table", "json"]),
        default="table",
        show_default=True,
        help="For people, or for programs.",
    )(command)


def listen_option(default: str) -> Callable[[AnyCommand], AnyCommand]:
    """Add ``--listen``, given to the command as ``address``: host and port."""
    return click.option(
        "--listen",
        "address",
        default=default,
        show_default=True,
        metavar="H:P",
        callback=_address,
        help="Where to listen.",
    )


def _address(ctx: click.Context, parameter: click.Parameter, value: str) -> tuple[str, int]:
    host, colon, port = value.rpartition(":")
    if not colon or not re.fullmatch("[0-9]{1,5}", port) or int(port) > 65535:
        raise click.BadParameter(f'"{value}" is no host and port such as 127.0.0.1:8124', ctx, parameter)
    return host.strip("[]") or "127.0.0.1", int(port)


def configured(path: Path | None, *, stored: bool = True) -> "Config":
    """Load the configuration named, or the first that exists of the default places.

    With it come the connections of the database, as far as that can be read, unless `stored` is False.
    """
    from driftd import app
    from driftd.app.joining import merged
    from driftd.config import load

    read = load(config_place(path), app.catalogue())
    return merged(read) if stored else read


def config_place(path: Path | None) -> Path:
    """Return the file named, or the first that exists of the default places."""
    return path or _default_place()


def _default_place() -> Path:
    for place in _PLACES:
        if place.exists():
            return place
    tried = " nor ".join(f'"{place}"' for place in _PLACES)
    raise click.UsageError(f"neither {tried} exists: give a file with --config, or write one after config.example.toml")


def check_selection(config: "Config", connection: str | None, resource: str | None) -> None:
    """Refuse a connection or resource that the configuration does not name, with the nearest that it does."""
    chosen = [each for each in config.connections if connection in {None, each.name}]
    if connection is not None and not chosen:
        known = [each.name for each in config.connections]
        raise click.UsageError(f'no connection is named "{connection}"{_near(connection, known)}')
    names = sorted({each.name for one in chosen for each in one.resources})
    if resource is not None and resource not in names:
        where = f' of "{connection}"' if connection else ""
        raise click.UsageError(f'no resource{where} is named "{resource}"{_near(resource, names)}')


def _near(name: str, known: Iterable[str]) -> str:
    import difflib

    names = {each.casefold(): each for each in known}
    found = difflib.get_close_matches(name.casefold(), names, n=3)
    if found:
        return f": did you mean {' or '.join(names[each] for each in found)}?"
    return f": known are {', '.join(names.values())}" if names else ": the configuration names none"
