"""All rows of one tenant: now, at any earlier state, as listed, and as shown."""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from hashlib import blake2b
from typing import TypeVar

from driftd.simulator.catalogue import CLASSES
from driftd.simulator.class_model import ClassModel, Facet, Key, Origin
from driftd.simulator.collation import text_of
from driftd.simulator.draws import numbers
from driftd.simulator.journal import Change, Journal, TruthChange
from driftd.simulator.json_values import Json, Record, shown
from driftd.simulator.listing import Listings
from driftd.simulator.render import Renderer, Style, referring
from driftd.simulator.rows import Row, Table
from driftd.simulator.switches import Switches
from driftd.simulator.view import View

_FIRST_STAMP = 1_730_419_200
"""2024-11-01T00:00:00Z: records of a new tenant were last changed within the year after it, whatever the time is."""
_YEAR = 365 * 86_400
_Made = TypeVar("_Made")
_Net = Mapping[tuple[Key, int], tuple[Row | None, Row | None]]


class Ledger:
    """Tables, renderers and history of one tenant. Not thread-safe: the tenant's lock guards it.

    References never point at records whose ordinal is divisible by three: those are the ones business deletes,
    as long as there are any.
    """

    def __init__(self, name: str, models: Iterable[ClassModel], records: Mapping[str, int], seed: int) -> None:
        self.folder, self.username = name.upper(), f"ws.{name}"
        self.models = {model.name: model for model in models}
        self._counts = records
        self._seeds = {resource: _seed_of(seed, name, resource) for resource in records}
        self.journal = Journal()
        self.next_ordinal = {resource: records[resource] for resource in self.models}
        self._style: Style | None = None
        self.tables = _AtNeed(self._table)
        self.renderers = {name: Renderer(model, self._seeds[name], self) for name, model in self.models.items()}
        self.listings = _AtNeed(lambda name: Listings(self.tables[name], self.renderers[name]))
        self._entered = lru_cache(4096)(self._first_title)
        self._first = lru_cache(256)(self._first_content)
        self._rekeyed: tuple[tuple[str, int], dict[tuple[str, ...], Row]] = (("", 0), {})

    # --- the world a record sees

    def code(self, resource: str, number: int) -> str:
        """Return the key of the record chosen by `number`."""
        return str(CLASSES[resource].key_of(self._chosen(resource, number))[0])

    def entered(self, resource: str, number: int) -> str:
        """Return the title which the record chosen by `number` had when it was first entered."""
        return self._entered(resource, self._chosen(resource, number))

    def count(self, resource: str) -> int:
        """Return how many records of a class there were first."""
        return self._counts[resource]

    def first(self, resource: str, ordinal: int) -> Record:
        """Return a record with its lines as it was when it was first entered. Not to be changed."""
        return self._first(resource, ordinal)

    def chance(self, resource: str, ordinal: int, count: int) -> tuple[int, ...]:
        """Return `count` 32-bit numbers of a record, apart from those of its properties."""
        return numbers(self._seeds[resource], ordinal, count, -1)

    def title(self, resource: str, code: str) -> str:
        """Return the present title of a record, or `""` where there is none."""
        row = self.tables[resource].get((code,)) if resource in self.models else None
        return "" if row is None else self.renderers[resource].title(row)

    def _chosen(self, resource: str, number: int) -> int:
        count = max(self._counts[resource], 1)
        ordinal = number % count
        return ordinal if ordinal % 3 or count == 1 else (ordinal + 1) % count or 1

    def _first_title(self, resource: str, ordinal: int) -> str:
        model = CLASSES[resource]
        return model.title_of(Origin(self._seeds[resource], ordinal, model.key_of(ordinal)), self, None)

    def _first_content(self, resource: str, ordinal: int) -> Record:
        model = CLASSES[resource]
        origin = Origin(self._seeds[resource], ordinal, model.key_of(ordinal))
        return model.draw(origin, self, None, "$details")

    def size(self, resource: str) -> int:
        """Return how many rows a class has now."""
        return len(self.tables[resource]) if resource in self.tables else self._counts[resource]

    # --- rendering

    def style(self, switches: Switches) -> Style:
        """Return the present style; what was rendered in another is forgotten."""
        style = Style.of(switches)
        if style != self._style:
            if self._style is not None:
                for table in self.tables.values():
                    for row in table:
                        row.rendered = None
            self._style = style
        return style

    def warm(self, switches: Switches) -> None:
        """Render the `$query` rows of every class."""
        style = self.style(switches)
        with _uncollected():
            for name in self.models:
                table = self.tables[name]
                table.collate(switches.collation)
                self.renderers[name].page((row for row in table if row.rendered is None), style)

    # --- history

    def apply(self, changes: Sequence[Change]) -> int:
        """Make changes visible as one new state, and return its number."""
        for change in changes:
            self.tables[change.resource].change(change.before, change.after)
        self._forget_titles(changes)
        for change in changes:
            if change.before is not None:
                change.before.rendered = None
        return self.journal.record(list(changes))

    def truth(self, states: tuple[int, int], resource: str, facet: Facet, style: Style) -> list[TruthChange]:
        """Return the net changes between two states, in the order of their first passage."""
        before, after = states
        touched = {key: None for key, _ in self.journal.net(before, after, resource)}
        newest = self.journal.state
        undo_before = _by_key(self.journal.net(before, newest, resource))
        undo_after = _by_key(self.journal.net(after, newest, resource))
        show = self._shower(resource, facet, style)
        changes = []
        for key in touched:
            if None in key:
                continue
            first = show(self._held(resource, key, undo_before.get(key, {})))
            last = show(self._held(resource, key, undo_after.get(key, {})))
            if first != last:
                changes.append(TruthChange("c" if first is None else "d" if last is None else "u", key, first, last))
        return changes

    def records(self, resource: str, state: int, facet: Facet, style: Style) -> dict[Key, Record]:
        """Return by key what a reader holds who saw all of a state.

        Rows with a null or missing key are held by nobody; of several rows under one key the last one shown is held.
        """
        undo = {place: pair[0] for place, pair in self.journal.net(state, self.journal.state, resource).items()}
        rows = {(row.key, row.twin): row for row in self.tables[resource]}
        rows |= {place: row for place, row in undo.items() if row is not None}
        for place, row in undo.items():
            if row is None:
                rows.pop(place, None)
        show = self._shower(resource, facet, style)
        held = sorted((row for row in rows.values() if row.usable), key=lambda row: row.twin)
        return {row.key: shown_record for row in held if (shown_record := show(row)) is not None}

    def _held(self, resource: str, key: Key, undo: Mapping[int, Row | None]) -> Row | None:
        """Return the row a reader held under a key, given by twin what has to be undone."""
        twins: dict[int, Row | None] = {row.twin: row for row in self.tables[resource].twins(key)}
        rows = [row for row in (twins | dict(undo)).values() if row is not None]
        return max(rows, key=lambda row: row.twin, default=None)

    def _shower(self, resource: str, facet: Facet, style: Style) -> Callable[[Row | None], Record | None]:
        renderer = self.renderers[resource]

        def show(row: Row | None) -> Record | None:
            seen = [] if row is None else renderer.seen([row], style)
            return shown(renderer.business(seen[-1], facet, style, kept=True)) if seen else None

        return show

    def see(self, resource: str, view: View | None) -> None:
        """Show a class by other patches and another filter."""
        self.renderers[resource].view = view
        if resource in self.tables:
            self.tables[resource].forget()

    def at(self, resource: str, parts: Sequence[str], style: Style) -> Row | None:
        """Return the row that is shown last under a key, given by the text of its parts."""
        table, renderer = self.tables[resource], self.renderers[resource]
        if renderer.view is not None and renderer.view.rekeyed:
            found = self._by_shown_key(resource, style).get(tuple(parts))
            if found is not None:
                return found
        if len(parts) != len(table.model.key):
            return None
        row = table.last(table.model.typed(parts))
        seen = [] if row is None else renderer.seen([row], style)
        return seen[-1] if seen else None

    def _by_shown_key(self, resource: str, style: Style) -> dict[tuple[str, ...], Row]:
        """Return the rows by their keys as patches leave them."""
        table, renderer = self.tables[resource], self.renderers[resource]
        assert renderer.view is not None
        asked = (resource, table.version)
        if self._rekeyed[0] != asked:
            names = [tuple(name.split(".")) for name in renderer.view.key]
            rows = renderer.seen(table.rows, style)
            records = ((renderer.business(row, "$details", style), row) for row in rows)
            self._rekeyed = asked, {tuple(text_of(_at(record, name)) for name in names): row for record, row in records}
        return self._rekeyed[1]

    def _forget_titles(self, changes: Sequence[Change]) -> None:
        for resource in {change.resource for change in changes}:
            codes = {code for change in changes if change.resource == resource for code in self._retitled(change)}
            for table in self.tables.values() if codes else ():
                if self.renderers[table.model.name].view is not None:
                    table.forget()  # who knows where a reference stands now
                    continue
                for field in referring(table.model, resource):
                    marker = f'"{field}":{" " if self._style and self._style.spaced else ""}"'.encode()
                    _forget(table, marker, codes)

    def _retitled(self, change: Change) -> Iterable[bytes]:
        """Return the code of a record whose title others must show anew. A new number is not referenced yet."""
        before, after = change.before, change.after
        new_number = before is None and after is not None and after.ordinal >= 0
        if new_number or not self.models[change.resource].title_field:
            return
        title = self.renderers[change.resource].title
        if before is None or after is None or title(before) != title(after):
            yield str(change.place[0][0]).encode("utf-8", "surrogatepass")

    def _table(self, resource: str) -> Table:
        model, count = self.models[resource], self._counts[resource]
        spread = max(_YEAR // max(count, 1), 1)
        with _uncollected():
            stamps = (_FIRST_STAMP + ordinal * spread % _YEAR for ordinal in range(count))
            return Table(model, (Row(model.key_of(n), n, stamp, stamp) for n, stamp in enumerate(stamps)))


class _AtNeed(dict[str, _Made]):
    """What a class needs, made when it is first asked for: nobody reads most tenants."""

    def __init__(self, make: Callable[[str], _Made]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, resource: str) -> _Made:
        made = self[resource] = self._make(resource)
        return made


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the collector from walking a million rows that hold no cycle."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _by_key(net: _Net) -> dict[Key, dict[int, Row | None]]:
    """Return by key, then by twin, the rows before the net changes."""
    rows: dict[Key, dict[int, Row | None]] = {}
    for (key, twin), (before, _) in net.items():
        rows.setdefault(key, {})[twin] = before
    return rows


def _forget(table: Table, marker: bytes, codes: set[bytes]) -> None:
    for row in table:
        if row.rendered is not None:
            start = row.rendered.find(marker) + len(marker)
            if row.rendered[start : row.rendered.index(b'"', start)] in codes:
                row.rendered = None


def _at(record: Record, path: Sequence[str]) -> Json:
    value: Json = record
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _seed_of(seed: int, *names: str) -> int:
    digest = blake2b("/".join((str(seed), *names)).encode(), digest_size=8)
    return int.from_bytes(digest.digest(), "big")
