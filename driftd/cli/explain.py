"""``driftd explain``: the support card of one connection."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from driftd.cli.moments import brief, moment
from driftd.cli.options import check_selection, config_option, configured, format_option
from driftd.cli.saying import tell
from driftd.cli.tables import console, style_of
from driftd.cli.wrapping import wrapped
from driftd.core.visible import visible

if TYPE_CHECKING:
    from driftd.core.card import Card
    from driftd.core.facts import Fact, LastGood
    from driftd.core.words import Phrases

_WIDE: Final = 80
_LABEL: Final = 20
_FINE: Final = ("ok", "paused", "maintenance")


@click.command("explain", short_help="Say what is the matter with a connection, and what to do.")
@config_option
@click.argument("connection")
@click.option(
    "--lang", type=click.Choice(["en", "fr"]), default="en", show_default=True, help="The language of the card."
)
@format_option
def command(config_path: Path | None, connection: str, lang: str, form: str) -> int:
    """Print the support card of CONNECTION: what it means, who acts, what to tell the customer, how to fix it.

    Exit code 1 if it is neither ok, nor paused, nor in maintenance.
    """
    from driftd import app
    from driftd.cli.loop import run
    from driftd.core.document import of_card
    from driftd.core.words import Language

    config = configured(config_path)
    check_selection(config, connection, None)
    made = run(app.explain, config, connection, app.now(), Language(lang))
    if form == "json":
        tell(of_card(made))
    else:
        _show(made)
    return 0 if made.state in _FINE else 1


def _show(card: "Card") -> None:
    from rich.text import Text

    from driftd.core.words import PHRASES

    out = console()
    out.print(Text.assemble((card.connection, "bold"), "  ", (card.state_words, style_of(card.state))))
    where = f"{card.customer}, " if card.customer else ""
    out.print(Text(visible(f"{where}{card.folder} @ {card.host}"), "dim"), soft_wrap=True)
    for label, lines in _rows(card, PHRASES[card.language]):
        shown = label
        for line in lines or [""]:
            text = Text.assemble((shown.ljust(_LABEL), "bold"), visible(line)) if line else Text()
            out.print(text, soft_wrap=True)
            shown = ""


def _rows(card: "Card", phrases: "Phrases") -> Iterator[tuple[str, list[str]]]:
    """Yield the rows of a card: label and lines; a row without lines is a space."""
    labels = phrases.labels
    cause = f" ({card.cause_words})" if card.cause_words else ""
    yield "", []
    yield labels.since, _wrapped(moment(card.since, card.at, phrases.units, "-"))
    yield labels.reason, _wrapped(f"{card.reason or card.state}{phrases.colon} {card.meaning}{cause}")
    for label, text in ((labels.scope, card.scope), (labels.actor, card.actor_words)):
        if text:
            yield label, _wrapped(text)
    yield "", []
    yield labels.tell, _wrapped(card.tell)
    yield "", []
    yield labels.fix, [line for n, step in enumerate(card.fix, 1) for line in _wrapped(step, f"{n}. ")]
    yield "", []
    yield labels.data, _listed(_last_good(each, card.at, phrases) for each in card.data)
    for label, facts in (
        (labels.alerts, card.alerts),
        (labels.evidence, card.evidence),
        (labels.meanwhile, card.meanwhile),
        (labels.before, card.before),
        (labels.ahead, card.ahead),
    ):
        if facts:
            yield label, _listed(_fact(each, card.at, phrases) for each in facts)


def _last_good(data: "LastGood", now: int, phrases: "Phrases") -> str:
    labels, colon = phrases.labels, phrases.colon
    read = moment(data.success, now, phrases.units, labels.never)
    changed = brief(data.change, now, phrases.units, labels.never)
    parts = (f"{labels.success}{colon} {read}", f"{labels.change}{colon} {changed}", data.says)
    return f"{data.resource}{colon} {phrases.between.join(parts)}"


def _fact(fact: "Fact", now: int, phrases: "Phrases") -> str:
    if fact.at is None:
        return fact.text
    return f"{fact.text}{phrases.colon} {moment(fact.at, now, phrases.units, '')}"


def _listed(texts: Iterable[str]) -> list[str]:
    return [line for text in texts for line in _wrapped(text, "· ")]


def _wrapped(text: str, mark: str = "") -> list[str]:
    return wrapped(text, _WIDE - _LABEL, mark)
