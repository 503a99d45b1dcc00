"""What ``driftd drift`` and ``driftd alerts`` have in common: list, show, and decide."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from driftd.cli.options import TEXT, check_selection, config_option, configured, format_option
from driftd.cli.saying import say

if TYPE_CHECKING:
    from driftd.config import Config
    from driftd.core.decision import Decision

_REASON: Final = click.option(
    "--reason", type=TEXT, required=True, metavar="TEXT", help="Why; it stands in the audit log."
)
_BY: Final = click.option(
    "--by", type=TEXT, metavar="NAME", help="Who decides. Default: the user who runs the command."
)
_LANG: Final = click.option(
    "--lang", type=click.Choice(["en", "fr"]), default="en", show_default=True, help="The language of the words."
)


def add_list(group: click.Group, text: str, *, drifts: bool) -> None:
    """Add ``list``: of drift alone, or of all alerts."""

    @group.command("list", help=text, short_help="List them.")
    @config_option
    @click.option("--connection", metavar="C", help="Only of this connection.")
    @click.option("--resource", metavar="R", help="Only of this resource.")
    @click.option("--all", "every", is_flag=True, help="Also those that ended within a day.")
    @format_option
    def listed(
        config_path: Path | None, connection: str | None, resource: str | None, form: str, *, every: bool
    ) -> int:
        from driftd.app import casework as app
        from driftd.app import now
        from driftd.cli.alarmed import show_list
        from driftd.cli.loop import run
        from driftd.core.alerts.search import is_drift

        config = configured(config_path)
        check_selection(config, connection, resource)
        found = run(app.alerts, config, now(), every)
        chosen = [each for each in found if not drifts or is_drift(each)]
        chosen = [each for each in chosen if connection in {None, each.drift.connection}]
        chosen = [each for each in chosen if resource in {None, each.drift.resource}]
        show_list(config, chosen, form)
        return int(any(each.firing for each in chosen))


def add_show(group: click.Group) -> None:
    """Add ``show``."""

    @group.command("show", short_help="Show one.")
    @click.argument("id_", metavar="ID", type=TEXT)
    @config_option
    @_LANG
    @format_option
    def shown(id_: str, config_path: Path | None, lang: str, form: str) -> int:
        """Show ID, or the beginning of one: what was expected and seen, by which rule, who acts, what to say.

        Exit code 1 if it fires.
        """
        from driftd.app import casework as app
        from driftd.cli.alarmed import show_one
        from driftd.cli.loop import run

        config = configured(config_path)
        found = run(app.case, config, id_)
        show_one(config, found, lang, form)
        return int(found.alert.firing)


def add_mute(group: click.Group) -> None:
    """Add ``mute``."""

    @group.command("mute", short_help="Want no notices of one for a while.")
    @click.argument("id_", metavar="ID", type=TEXT)
    @config_option
    @click.option("--for", "span", required=True, metavar="SPAN", help="How long, such as 4h or 2d; at most 90d.")
    @_REASON
    @_BY
    def muted(id_: str, config_path: Path | None, span: str, reason: str, by: str | None) -> int:
        """Have no notices of ID for SPAN, and leave it out of driftd_alerts_firing. It ends by itself."""
        from driftd.app import now
        from driftd.config.values import duration
        from driftd.core.decision import Action, Decision

        try:
            seconds = duration(span)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--for") from None
        until = now() + round(seconds * 1000)
        return _decided(configured(config_path), Decision(Action.MUTE, id_, who(by), reason, until))


def add_decision(group: click.Group, action: str, text: str, short: str) -> None:
    """Add a decision."""

    @group.command(action, help=text, short_help=short)
    @click.argument("id_", metavar="ID", type=TEXT)
    @config_option
    @_REASON
    @_BY
    def decided(id_: str, config_path: Path | None, reason: str, by: str | None) -> int:
        from driftd.core.decision import Action, Decision

        return _decided(configured(config_path), Decision(Action(action), id_, who(by), reason))


def add_settling(group: click.Group, action: str, text: str, short: str) -> None:
    """Add a decision about held deletes."""

    @group.command(action, help=text, short_help=short)
    @click.argument("id_", metavar="ID", type=TEXT)
    @config_option
    @click.option(
        "--candidates", type=TEXT, metavar="HASH", help="Only these, as `show` names them; refused if they are others."
    )
    @_REASON
    @_BY
    def settled(id_: str, config_path: Path | None, candidates: str | None, reason: str, by: str | None) -> int:
        from driftd.core.decision import Action, Decision

        made = Decision(Action(action), id_, who(by), reason, candidates=candidates)
        return _decided(configured(config_path), made)


def _decided(config: "Config", decision: "Decision") -> int:
    """Decide through the daemon where one runs, and by ourselves where none does."""
    from driftd import app
    from driftd.app import casework
    from driftd.cli.asking import ask
    from driftd.cli.loop import run
    from driftd.core.decision import check

    check(decision, app.now())
    says = ask(config, decision) if app.running(config) else run(casework.decide, config, decision).says
    say(says)
    return 0


def who(by: str | None) -> str:
    """Return who decides: as they say, or as the system knows them, in letters that can be stored."""
    if by is not None:
        return by
    try:
        return getpass.getuser().encode("utf-8", "replace").decode()
    except (OSError, KeyError, ImportError):
        return "unknown"
