"""Whether a change log tells what was true, in the order in which it was."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

K = TypeVar("K", bound=Hashable)
_SIDES = {"c": (False, True), "u": (True, True), "d": (True, False)}
"""Whether there is a record before and after."""


def folded(
    first: Mapping[K, Any], true: Mapping[K, Sequence[Any]], events: Iterable[tuple[K, Any]]
) -> tuple[dict[K, Any], list[str]]:
    """Fold one class's events, (key, event) each, onto its first state; return what comes of it, and what was wrong.

    `true` has by key all that was true of each record that ever changed, the first state's first; None where it was not
    there. An event must fit the one before it, and leave what was true after that.
    """
    held: dict[K, Any] = dict(first)
    places: dict[K, int] = {}
    wrong = []
    for key, event in events:
        told = f"{key} {event['op']}"
        wrong += [f"{told}: {fault}" for fault in _faults(event, held.get(key))]
        after, versions = event["after"], true.get(key, ())
        at = next((n for n in range(places.get(key, 0) + 1, len(versions)) if versions[n] == after), None)
        if at is None:
            wrong.append(f"{told}: what it tells was not true after the one before it")
        else:
            places[key] = at
        held[key] = after
    return {key: body for key, body in held.items() if body is not None}, wrong


def _faults(event: Any, held: Any) -> Iterator[str]:
    if event["before"] != held:
        yield "it does not fit the one before it"
    if event["before"] == event["after"]:
        yield "it tells no change"
    if (event["before"] is not None, event["after"] is not None) != _SIDES[event["op"]]:
        yield "it is of another kind than it says"
