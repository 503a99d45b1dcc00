"""Text to `Config`, pure: every mistake of every document at once, each with its TOML path."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import asdict, replace

from driftd.config import model, shape
from driftd.config.auth import read_secret
from driftd.config.connection import Surroundings, read_connection
from driftd.config.later import not_in_force
from driftd.config.model import ClassDefaults, Config, ConnectionConfig
from driftd.config.pairs import at_odds
from driftd.config.report import Findings, join, near
from driftd.config.resource import check_level, overlaid
from driftd.config.values import LARGEST, span
from driftd.core.network import PUBLIC_ONLY, Egress
from driftd.core.retention import Retention
from driftd.errors import ConfigError, Mistake

CONNECTIONS = 10_000
"""Connections of one daemon; 2,000 were measured."""
LINE = 16 << 10
"""Characters of a line: the time that `tomllib` takes for a key grows with the square of its parts."""
_ROOT = ("daemon", "web", "store", "vault", "network", "defaults", "webhooks", "connections")
_NO_CLASSES: Mapping[str, ClassDefaults] = MappingProxyType({})


class Document(Struct, frozen=True):
    """One file of the configuration."""

    text: str
    source: str
    """Its name, for messages."""
    folder: Path = Path()
    """Where its relative paths begin."""


def parse(
    text: str,
    *,
    source: str = "driftd.toml",
    catalogue: Mapping[str, ClassDefaults] = _NO_CLASSES,
    folder: Path = Path(),
) -> Config:
    """Read one document. Raises `ConfigError` with every mistake."""
    return parse_documents([Document(text, source, folder)], catalogue)


def parse_documents(documents: Sequence[Document], catalogue: Mapping[str, ClassDefaults]) -> Config:
    """Read the main document and those of ``conf.d``, which hold connections only.

    Raises `ConfigError` with every mistake of all of them; names are unique across all.
    """
    main, *others = documents
    found, raw = _syntax(main, "")
    tops = _read_root(raw, found, main.folder)
    surroundings = Surroundings(tops.network, tops.settings, catalogue, bool(raw.get("vault")))
    connections = _read_connections(raw, found, surroundings, main.folder)
    mistakes, notes = list(found.mistakes), list(not_in_force(raw))
    for document in others:
        inner, more = _syntax(document, f"{document.source}: ")
        for key in more.keys() - {"connections"}:
            inner.add(join("", key), f"belongs in {main.source}: a file of conf.d holds [[connections]] only")
        connections += _read_connections(more, inner, surroundings, document.folder)
        mistakes += inner.mistakes
    mistakes += _repeated(connections)
    mistakes += at_odds(each for _, _, each in connections if each)
    if len(connections) > CONNECTIONS:
        mistakes.append(
            Mistake("connections", f"must be at most {CONNECTIONS:,} in all files, not {len(connections):,}")
        )
    if mistakes:
        raise ConfigError(mistakes)
    read = tops.config([each for _, _, each in connections if each], notes)
    return replace(read, defaults=tops.settings, catalogue=catalogue, folder=main.folder)


_Placed = tuple[str, object, ConnectionConfig | None]
"""A connection's TOML path, its name as written, and what was read of it."""


class _Tops(Struct, frozen=True):
    """The tables that stand once; each is its default where it has mistakes."""

    daemon: model.DaemonConfig
    web: model.WebConfig
    store: model.StoreConfig
    vault: model.VaultConfig
    network: Egress | None
    """None where the table has mistakes, so that no address is judged by a wrong rule."""
    settings: model.Settings
    webhooks: tuple[model.WebhookConfig, ...]

    def config(self, connections: Sequence[ConnectionConfig], notes: Sequence[Mistake]) -> Config:
        return Config(
            daemon=self.daemon,
            connections=tuple(connections),
            web=self.web,
            store=self.store,
            vault=replace(self.vault, hidden=self._hidden(connections)),
            network=self.network or PUBLIC_ONLY,
            webhooks=self.webhooks,
            not_in_force=tuple(notes),
        )

    def _hidden(self, connections: Sequence[ConnectionConfig]) -> frozenset[str]:
        """Return the variables in which secrets stand."""
        secrets = [*(each.auth.secret for each in connections), *(each.secret for each in self.webhooks)]
        return frozenset(each.env for each in secrets if each.env is not None)


def _syntax(document: Document, prefix: str) -> tuple[Findings, dict[str, object]]:
    found = Findings(prefix)
    try:
        if long := [n for n, line in enumerate(document.text.split("\n"), 1) if len(line) > LINE]:
            found.mistakes.append(
                Mistake(document.source, f"has more than {LINE:,} characters in line {long[0]}: break it")
            )
            return found, {}
        return found, tomllib.loads(document.text)
    except tomllib.TOMLDecodeError as error:
        text = str(error)
        where = re.search(r"\(at (.+)\)$", text)
        place = where[1] if where else "the end"
        message = f"is not TOML at {place}: {(text[: where.start()] if where else text).strip()}"
    except RecursionError:
        message = "nests lists or tables too deeply: no setting takes more than two levels"
    except ValueError:  # Python reads no number of many thousand digits
        message = f"holds a number that no setting takes: the largest is {LARGEST}"
    found.mistakes.append(Mistake(document.source, message))
    return found, {}


def _read_root(raw: Mapping[str, object], found: Findings, folder: Path) -> _Tops:
    for key in raw:
        if key not in _ROOT:
            found.add(join("", key), _unknown_root(key))
    daemon = found.table(shape.Daemon, raw.get("daemon", {}), "daemon") or shape.Daemon()
    web = found.table(shape.Web, raw.get("web", {}), "web") or shape.Web()
    store = found.table(shape.Store, raw.get("store", {}), "store") or shape.Store()
    network = found.table(shape.Network, raw.get("network", {}), "network")
    defaults = found.table(shape.Overrides, raw.get("defaults", {}), "defaults")
    check_level(raw.get("defaults"), defaults, "defaults", found)
    return _Tops(
        daemon=model.DaemonConfig(**asdict(daemon) | {"data_dir": folder / daemon.data_dir}),
        web=_web(web, folder),
        store=_store(store, found, folder),
        vault=_vault(raw.get("vault", {}), found, folder),
        network=Egress(tuple(network.allow_networks), tuple(network.allow_http)) if network else None,
        settings=overlaid(model.Settings(), defaults),
        webhooks=_webhooks(raw, found, folder),
    )


def _vault(raw: object, found: Findings, folder: Path) -> model.VaultConfig:
    vault = found.table(shape.Vault, raw, "vault") or shape.Vault()
    given = [name for name in shape.Vault.__struct_fields__ if getattr(vault, name)]
    for name in given[1:]:
        found.add(f"vault.{name}", f"stands beside {given[0]}: give one of the two")
    return model.VaultConfig(
        folder / vault.key_file if vault.key_file else None,
        vault.key_env,
        vault.key_credential,
        tuple(vault.key_command or ()),
    )


def _retention(store: shape.Store, found: Findings) -> Retention:
    kept = {"keep_bodies": store.keep_bodies, "keep_changes": store.keep_changes, "keep_counters": store.keep_counters}
    for (name, short), (longer, long) in pairwise(kept.items()):
        if short > long:
            found.add(f"store.{name}", f"must not be longer than {longer}, which is {span(long)}: shorten it")
    bodies, changes, counters = (round(each * 1000) for each in kept.values())
    return Retention(bodies, changes, counters, store.max_log_bytes)


def _web(web: shape.Web, folder: Path) -> model.WebConfig:
    return model.WebConfig(
        listen=web.listen,
        web_config_file=folder / web.web_config_file if web.web_config_file else None,
        enable_reload=web.enable_reload,
        external_url=web.external_url,
        allowed_hosts=tuple(web.allowed_hosts),
        metrics_detail=web.metrics_detail,
        max_series=web.max_series,
    )


def _store(store: shape.Store, found: Findings, folder: Path) -> model.StoreConfig:
    return model.StoreConfig(
        url=store.url,
        backup_every=store.backup_every,
        backups_kept=store.backups_kept,
        backup_dir=folder / store.backup_dir if store.backup_dir else None,
        ballast=store.ballast,
        low_water=store.low_water,
        retention=_retention(store, found),
    )


def _webhooks(raw: Mapping[str, object], found: Findings, folder: Path) -> tuple[model.WebhookConfig, ...]:
    read = []
    for path, each in found.array(raw.get("webhooks", []), "webhooks", "[[webhooks]]"):
        table = found.table(shape.Webhook, each, path)
        secret = read_secret(table.secret, join(path, "secret"), found, folder) if table else None
        if table and secret:
            read.append(model.WebhookConfig(table.url, secret))
    return tuple(read)


def _read_connections(
    raw: Mapping[str, object], found: Findings, surroundings: Surroundings, folder: Path
) -> list[_Placed]:
    tables = found.array(raw.get("connections", []), "connections", "[[connections]]", CONNECTIONS)
    return [
        (
            f"{found.prefix}{path}",
            each.get("name") if isinstance(each, dict) else None,
            read_connection(each, path, found, surroundings, folder),
        )
        for path, each in tables
    ]


def _repeated(connections: Sequence[_Placed]) -> list[Mistake]:
    first: dict[object, str] = {}
    mistakes = []
    for path, name, _ in connections:
        if isinstance(name, str) and first.setdefault(name, path) != path:
            mistakes.append(Mistake(f"{path}.name", f'"{name}" is already the name of {first[name]}: choose another'))
    return mistakes


def _unknown_root(key: str) -> str:
    if hint := near(key, _ROOT):
        return f"is not a table of the configuration{hint}"
    homes = [each.place for each in shape.TABLES if key in each.__struct_fields__]
    if homes:
        return f"stands outside of any table: it belongs in {homes[0]}"
    for each in shape.TABLES:
        if hint := near(key, each.__struct_fields__):
            return f"stands outside of any table{hint} It belongs in {each.place}"
    return f"is not a table of the configuration; known are {', '.join(_ROOT)}"
