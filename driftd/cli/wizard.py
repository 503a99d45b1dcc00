"""Questions at a terminal, each answer judged at once by the configuration's own readers; and answers without any."""

import shlex
from collections.abc import Iterable
from typing import Final

import click

from driftd.cli.saying import say
from driftd.config import Config
from driftd.config.questions import (
    GENERAL,
    NAME,
    TYPE,
    WAYS,
    Question,
    Table,
    answer_of,
    answered,
    doubts,
    faults,
    kin,
    suggestion,
    with_answer,
)
from driftd.errors import ConfigError, Mistake

_LEFT: Final = "may be left empty"


def option(key: str) -> str:
    """Return the option that answers a question: ``--auth-type``, ``--token-url``."""
    return f"--{('auth-type' if key == TYPE.key else key.removeprefix('auth.')).replace('_', '-')}"


def command(table: Table) -> str:
    """Return the command that adds such a connection, and asks for its secret alone."""
    answers = [word for key in answered(table) for word in (option(key), answer_of(table, key) or "")]
    return shlex.join(["driftd", "connections", "add", "--yes", *answers])


def asked(config: Config, table: Table) -> Table:
    """Ask for all that a table lacks, until each answer is one; raises `ConfigError` for options that are none."""
    given = answered(table)
    _check(config, table, given)
    _note(config, table, given)
    for question in GENERAL:
        table = _answered(config, table, question)
    for question in WAYS[answer_of(table, TYPE.key) or ""]:
        table = _answered(config, table, question)
    return table


def completed(config: Config, table: Table) -> Table:
    """Answer what a table lacks by what is likely; raises `ConfigError` with every option that is missing or wrong."""
    for question in GENERAL:
        table = _completed(table, question)
    ways = WAYS.get(answer_of(table, TYPE.key) or "", ())
    for question in ways:
        table = _completed(table, question)
    keys = dict.fromkeys([*(each.key for each in (*GENERAL, *ways)), *answered(table)])
    _check(config, table, keys)
    _note(config, table, keys)
    return table


def _check(config: Config, table: Table, keys: Iterable[str]) -> None:
    """Refuse options that are no answers; raises `ConfigError` with every mistake, but for a name that cannot be."""
    if answer_of(table, NAME.key) is not None and (wrong := _wrong(config, table, NAME.key)):
        raise ConfigError([Mistake(option(NAME.key), wrong)])
    if found := faults(config, table, list(keys)):
        raise ConfigError([Mistake(option(key), message) for key, message in found])


def _note(config: Config, table: Table, keys: Iterable[str]) -> None:
    """Say of options what would be asked about answers."""
    for key in keys:
        if doubt := doubts(config, table, key):
            say(f"note: {doubt}", err=True)


def _completed(table: Table, question: Question) -> Table:
    if answer_of(table, question.key) is not None or question.optional:
        return table
    return with_answer(table, question.key, suggestion(question.key, table, None))


def _answered(config: Config, table: Table, question: Question) -> Table:
    """Ask one question until its answer can be taken."""
    key = question.key
    while answer_of(table, key) is None:
        answer = _prompted(question, suggestion(key, table, kin(config, table)))
        if not answer and question.optional:
            break
        tried = with_answer(table, key, answer)
        if wrong := _wrong(config, tried, key):
            say(f"{key} {wrong}", err=True)
        elif (doubt := doubts(config, tried, key)) and not click.confirm(f"{doubt}: is that meant?", err=True):
            continue
        else:
            return tried
    return table


def _prompted(question: Question, likely: str) -> str:
    words = question.asks
    if question.choices:
        words += f" ({', '.join(question.choices)})"
    elif question.optional and not likely:
        words += f" ({_LEFT})"
    said: str = click.prompt(words, default=likely, show_default=bool(likely), err=True)
    return said.strip()


def _wrong(config: Config, table: Table, key: str) -> str:
    """Say why an answer cannot be taken; empty where it can."""
    answer = answer_of(table, key) or ""
    try:
        answer.encode()
    except UnicodeEncodeError:
        return "is not UTF-8 text"
    if found := faults(config, table, [key]):
        return "; ".join(each.message for each in found)
    there = next((each for each in config.connections if each.name == answer), None) if key == NAME.key else None
    if there is None:
        return ""
    where = "in the database" if there.stored else f"in the file, at {there.place}"
    return f'must be another: there is a connection "{answer}" already, {where}'
