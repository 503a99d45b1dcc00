"""``driftd records``: the snapshot as JSON lines."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import click

from driftd.cli.options import check_selection, config_option, configured
from driftd.cli.saying import emit
from driftd.errors import StoreError

if TYPE_CHECKING:
    from driftd.config import Config
    from driftd.core.model import KeyBytes, Resource
    from driftd.ports import Seen, Store

_PAGE = 1000


@click.command("records", short_help="Print the latest known records as JSON lines.")
@config_option
@click.option("--connection", required=True, metavar="C", help="The connection.")
@click.option("--resource", "name", required=True, metavar="R", help="The resource.")
@click.argument("key", required=False)
def command(config_path: Path | None, connection: str, name: str, key: str | None) -> None:
    """Print the latest known record of every key, or of KEY, one JSON object a line.

    KEY is the key's parts joined by ~, or a JSON array of them. Read to the end, then follow
    "driftd changes --after AS_OF_SEQ": nothing is lost or doubled.
    """
    from driftd.cli.loop import run

    config = configured(config_path)
    check_selection(config, connection, name)
    resource = named(config, connection, name)
    keys = list(candidates(key, resource)) if key is not None else None
    run(_print, config, resource, keys)


def named(config: "Config", connection: str, name: str) -> "Resource":
    """Return a resource that the configuration names."""
    of = (each for each in config.connections if each.name == connection)
    return next(each for one in of for each in one.resources if each.name == name)


def candidates(text: str, resource: "Resource") -> "Iterator[KeyBytes]":
    """Yield the keys that `text` may mean: as written, then with parts that look like numbers as numbers."""
    width = len(resource.key)
    array = _json(text) if text.startswith("[") else None
    if isinstance(array, list):
        if len(array) != width or not all(isinstance(part, str | int | float) for part in array):
            raise _wrong_key(resource)
        yield _packed(array)
        return
    parts = [text] if width == 1 else text.split("~")
    if len(parts) != width:
        raise _wrong_key(resource)
    for variant in product(*(_readings(part) for part in parts)):
        yield _packed(variant)


def _wrong_key(resource: "Resource") -> click.UsageError:
    names, count = "~".join(resource.key), len(resource.key)
    return click.UsageError(f'the key of "{resource.name}" is {names}: give {count} parts joined by ~, or a JSON array')


def _readings(part: str) -> Iterator[object]:
    yield part
    number = _json(part)
    if isinstance(number, int | float) and not isinstance(number, bool):
        yield number


def _json(text: str) -> object:
    try:
        return json.loads(text, parse_constant=str)
    except (ValueError, RecursionError):
        return None


def _packed(parts: Sequence[object]) -> "KeyBytes":
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


async def _print(config: "Config", resource: "Resource", keys: "Sequence[KeyBytes] | None") -> None:
    from driftd import app

    async with app.reading(config) as store:
        if keys is None:
            await _print_all(store, resource)
        else:
            await _print_one(store, resource, keys)


async def _print_all(store: "Store", resource: "Resource") -> None:
    after, as_of = None, None
    while True:
        page = await store.read_records(resource.connection, resource.name, after=after, limit=_PAGE)
        as_of = page.as_of_seq if as_of is None else as_of
        _write(resource, page.records, as_of)
        after = page.next
        if after is None:
            return


async def _print_one(store: "Store", resource: "Resource", keys: "Sequence[KeyBytes]") -> None:
    page = await store.read_records(resource.connection, resource.name, after=None, limit=1)
    for key in keys:
        seen = await store.read_record(resource.connection, resource.name, key)
        if seen is not None:
            _write(resource, [seen], page.as_of_seq)
            return
    shown = keys[0].decode("utf-8", "replace")
    raise StoreError(f'no record {shown} in "{resource.name}" of "{resource.connection}"; without a key all are listed')


def _write(resource: "Resource", records: "Sequence[Seen]", as_of: int) -> None:
    import orjson

    from driftd.core.envelope import key_object

    lines = []
    for seen in records:
        head: dict[str, object] = {
            "connection": resource.connection,
            "resource": resource.name,
            "key": key_object(resource.key, seen.key),
            "as_of_seq": as_of,
        }
        if seen.absent_since is not None:
            head["suspect_absent_since"] = datetime.fromtimestamp(seen.absent_since / 1000, UTC).isoformat()
        lines.append(b'%b,"record":%b}\n' % (orjson.dumps(head)[:-1], seen.body))
    emit(b"".join(lines))
