"""``driftd drift versions``: the history of a resource's schema, and the differences of any two versions."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from driftd.cli.moments import local
from driftd.cli.options import check_selection, config_option, configured, format_option
from driftd.cli.saying import say, tell
from driftd.cli.tables import show_table

if TYPE_CHECKING:
    from driftd.core.schema.model import SchemaChange, SchemaVersion

_VERSIONS: Final = ("source", "version", "first seen", "fields", "records", "fingerprint")
_CHANGES: Final = ("field", "change", "before", "after", "read", "write")


def add_versions(group: click.Group) -> None:
    """Add ``versions``."""

    @group.command("versions", short_help="List the versions of a schema; compare two.")
    @config_option
    @click.option("--connection", required=True, metavar="C", help="The connection.")
    @click.option("--resource", required=True, metavar="R", help="The resource.")
    @click.option("--between", type=(int, int), metavar="A B", help="What differs from version A to version B.")
    @click.option(
        "--source",
        type=click.Choice(["learnt", "declared"]),
        default="learnt",
        show_default=True,
        help="Of which schema: that of the records, or that of $prototypes.",
    )
    @format_option
    def listed(
        config_path: Path | None,
        connection: str,
        resource: str,
        between: tuple[int, int] | None,
        source: str,
        form: str,
    ) -> int:
        """List the versions of the schema of a resource, learnt from its records and declared by the tenant."""
        from driftd.app import casework as app
        from driftd.cli.loop import run

        config = configured(config_path)
        check_selection(config, connection, resource)
        found = run(app.versions, config, connection, resource)
        if between is None:
            _show_versions(found, form)
        else:
            _show_differences(found, source, between, form)
        return 0


def _show_versions(found: "Sequence[SchemaVersion]", form: str) -> None:
    from driftd.core.casefile import of_history

    if form == "json":
        tell(of_history(found))
    elif not found:
        say("nothing was learnt of it yet")
    else:
        rows = [
            (each.source, str(each.number), local(each.at), str(len(each.form.fields)), str(each.n), each.fingerprint)
            for each in found
        ]
        show_table(_VERSIONS, rows, ("version", "fields", "records"))


def _show_differences(found: "Sequence[SchemaVersion]", source: str, numbers: tuple[int, int], form: str) -> None:
    from driftd.core.casefile import of_history
    from driftd.core.schema.history import between, version
    from driftd.core.schema.model import Source

    before, after = (version(found, Source(source), number) for number in numbers)
    changes = between(before, after)
    if form == "json":
        tell(of_history((before, after), (before, after), changes))
    elif not changes:
        say("they do not differ")
    else:
        show_table(_CHANGES, map(_row, changes), folded=("field", "before", "after"))


def _row(change: "SchemaChange") -> tuple[str, ...]:
    from driftd.core.words.filling import one_line

    field, before, after = (one_line(each or "-") for each in (change.field, change.before, change.after))
    return field, change.kind, before, after, change.read_impact, change.write_impact
