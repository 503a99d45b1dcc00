"""What was told of a record by its key, told without it.

Keys have `GONE` in their place where keys are told: as JSON, or as an address has them. A key may be a word that other
texts are made of, such as ``1`` or ``firing``: these stay as they are.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import msgspec
import orjson

from driftd.core.alerts.model import Alert
from driftd.core.model import KeyBytes

GONE: Final = "(erased)"


class Words:
    """How the key of a record is written, and what texts say without it."""

    def __init__(self, resource: str, key: KeyBytes) -> None:
        parts = [str(part) for part in orjson.loads(key)]
        self.key = key
        self._resource = resource
        self._json = key.decode()
        self._alone = {self._json, "~".join(parts), " ".join(parts), ", ".join(parts)}
        joined = {"~".join(parts), "%7E".join(parts), "~".join(quote(part, safe="") for part in parts)}
        self._own = [f"('{each}')" for each in joined]
        if '"' in self._json:
            self._own.append(self._json)  # else it is like the index of a list
        self._anywhere = [f"{resource}('{each}')" for each in joined]

    def are_of(self, resource: object) -> bool:
        """Tell whether what is told of a resource may name the record by its key alone; empty: of the connection."""
        return not resource or resource == self._resource

    def without(self, told: object, *, own: bool) -> object:
        """Return what was told without the key; `own`: it may stand there without its class."""
        if isinstance(told, Mapping):
            return {name: self.without(each, own=own) for name, each in told.items()}
        if isinstance(told, Sequence) and not isinstance(told, str | bytes):
            return [self.without(each, own=own) for each in told]
        return self._said(told, own=own) if isinstance(told, str) else told

    def reason(self, text: str, *, own: bool) -> object:
        """Return the words of a person without the key."""
        return GONE if own and text in self._alone else self.without(text, own=own)

    def samples(self, keys: Sequence[str]) -> Sequence[str]:
        """Return the keys of records as they are shown, without this one."""
        return [GONE if each == self._json else each for each in keys]

    def _said(self, text: str, *, own: bool) -> str:
        for word in self._own if own else self._anywhere:
            text = text.replace(word, GONE)
        return text


def retold(alert: Alert, words: Words) -> Alert:
    """Return an alert without the key; the same one where it does not bear it."""
    said = msgspec.convert(without(msgspec.to_builtins(alert), words), Alert)
    return alert if said == alert else said


def without(alert: Mapping[str, Any], words: Words) -> Mapping[str, Any]:
    """Return an alert, member by member, without the key."""
    drift, mute = alert["drift"], alert.get("mute")
    own = words.are_of(drift.get("resource"))
    drift = {name: words.without(each, own=own) for name, each in drift.items()}
    if own:
        drift["samples"] = words.samples(drift.get("samples", ()))
    if mute is not None:
        mute = {**mute, "reason": words.reason(mute["reason"], own=own)}
    return {**alert, "drift": drift, "mute": mute}
