"""A connection that stands in the database, as its configuration would have it; without its secret."""

from collections.abc import Mapping

import msgspec
from msgspec import Struct, json


class StoredTable(Struct, frozen=True):
    """One ``[[connections]]`` table that is kept."""

    name: str
    text: str
    """The table as canonical JSON: see `written`."""
    made_at: int
    """Epoch ms."""
    made_by: str
    changed_at: int
    changed_by: str

    @property
    def table(self) -> Mapping[str, object]:
        """The table, as `json` reads it; raises `ValueError` for what is none."""
        try:
            read = json.decode(self.text)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise ValueError(f'what is stored of the connection "{self.name}" is no JSON') from error
        if not isinstance(read, dict):
            raise ValueError(f'what is stored of the connection "{self.name}" is no table')  # noqa: TRY004 - as above
        return read


def written(table: Mapping[str, object]) -> str:
    """Return a table as JSON that is the same for the same table, however it was written."""
    return json.encode(bare(table), order="deterministic").decode()


def bare(table: Mapping[str, object]) -> dict[str, object]:
    """Leave out what is null, which TOML has not: it says no more than what is not there."""
    return {str(name): _bare(value) for name, value in table.items() if value is not None}


def _bare(value: object) -> object:
    if isinstance(value, Mapping):
        return bare(value)
    return [_bare(inner) for inner in value] if isinstance(value, list | tuple) else value
