"""Secrets go out of all that is logged: those that are known, and whatever looks like one."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import unquote, unquote_plus

from driftd.adapters.logs.forms import BASE64, Form, forms
from driftd.adapters.logs.plain import SECRET, Plain
from driftd.core.secret import Secret

SHORTEST: Final = 4
"""Characters of the shortest secret that is looked for: a shorter one would be found in every word."""
LONGEST: Final = 16_384
"""Characters of a text that are shown."""
_QUOTES: Final = r"[\\\"']{1,4}"
_VALUE: Final = r"(?:(?<=[\"'])[^\"'\r\n]+|[^\s&,;\"'\\]+)"
_B: Final = r"(?:b(?=[\"']))?"
_IS: Final = rf"(?:\s{{0,4}}=\s{{0,4}}{_B}[\\\"']{{0,4}}|{_QUOTES}\s{{0,4}}[:,]\s{{0,4}}{_B}{_QUOTES})"
_SHAPES: Final = {
    hint: re.compile(shape, re.IGNORECASE | re.MULTILINE)
    for hint, shape in {
        "authorization": rf"(authorization[\\\"']{{0,4}}\s{{0,4}}[:=,]\s{{0,4}}{_B})(?:([\"']).*?(?:\2|$)|[^\r\n]*)",
        "bearer": r"(\bbearer\s{1,4})[^\s\"',;]+",
        "eyj": r"()(?<![\w-])eyJ[\w-]{4,}\.eyJ[\w-]{4,}\.[\w-]*",  # a JWT by itself
        "_token": rf"((?:access|refresh|id)_token{_IS}){_VALUE}",
        "client_": rf"(client_(?:secret|assertion){_IS}){_VALUE}",
        "password": rf"(password{_IS}){_VALUE}",
        "//": r"(//[^\s/:@]*:)[^\s/]+(?=@)",
    }.items()
}
"""What looks like a secret, by what stands in it in any case."""
_HINT: Final = re.compile("|".join(_SHAPES))
_TELLING: Final = re.compile(
    r"(?:^|[_-])(?:password|secret|token|assertion|authorization|cookie|api_key)$", re.IGNORECASE
)


class Redaction:
    """The secrets that are known; gives texts and values back without them.

    Only the first four characters of each place of a text are looked up, whatever the number of secrets.
    """

    def __init__(self, secrets: Iterable[Secret | str] = ()) -> None:
        self._known: Counter[str] = Counter()
        self._starts: dict[str, list[Form]] = {}
        self._longest = 0
        for each in secrets:
            self.learn(each)

    def learn(self, secret: Secret | str) -> None:
        """Look for `secret` from now on; one of fewer than four characters cannot be looked for."""
        value = _value(secret)
        if len(value) < SHORTEST:
            return
        self._known[value] += 1
        if self._known[value] == 1:
            for form in forms(value):
                start = form.text[:SHORTEST]
                found = [*self._starts.get(start, ()), form]
                # Put in place whole: another thread may be looking.
                self._starts[start] = sorted(found, key=lambda each: -len(each.text))
                self._longest = max(self._longest, len(form.text))

    def forget(self, secret: Secret | str) -> None:
        """Take one `learn` back: a token that is no longer used need not be looked for."""
        value = _value(secret)
        if value not in self._known:
            return
        self._known[value] -= 1
        if self._known[value] == 0:
            del self._known[value]
            for form in forms(value):
                start = form.text[:SHORTEST]
                left = [each for each in self._starts.pop(start) if each != form]
                if left:
                    self._starts[start] = left

    def value(self, value: Plain, name: str = "") -> Plain:
        """Return a value without secrets; `name` is that under which it stands."""
        if isinstance(value, str):
            return SECRET if value and _tells(name[-40:]) else self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self.value(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [self.value(each, name) for each in value]
        if self._known and isinstance(value, int | float) and not isinstance(value, bool):
            return SECRET if str(value) in self._known else value
        return value

    def text(self, text: str) -> str:
        """Return a text without secrets, cut where it is too long to read."""
        if len(text) <= LONGEST:
            return self._clean(text)
        # What the first cut may have cut in two lies at its end and goes with the second.
        clean = self._clean(text[: 2 * LONGEST])
        shown = len(clean) if len(text) <= 2 * LONGEST else max(0, len(clean) - self._longest)
        return clean if shown == len(clean) <= LONGEST else f"{clean[: min(shown, LONGEST)]}…"

    def _clean(self, text: str) -> str:
        if self._starts and len(text) >= SHORTEST:
            text = self._without_known(text)
            if "%" in text:
                text = "".join([self._decoded(each) for each in re.split(r"(\s+)", text)])
        if hints := _HINT.findall(text.lower()):
            for hint, shape in _SHAPES.items():
                if hint in hints:
                    text = shape.sub(rf"\1{SECRET}", text)
        return text

    def _without_known(self, text: str) -> str:
        places = [text[at : at + SHORTEST] for at in range(len(text) - SHORTEST + 1)]
        if self._starts.keys().isdisjoint(places):
            return text
        pieces, done, at = [], 0, 0
        while at < len(places):
            form = next((each for each in self._starts.get(places[at], ()) if text.startswith(each.text, at)), None)
            if form is None:
                at += 1
                continue
            begin, end = _whole(text, at, form, done)
            pieces += [text[done:begin], SECRET]
            at = done = end
        return "".join([*pieces, text[done:]])

    def _decoded(self, word: str) -> str:
        """Replace a word that holds a secret under an encoding of URLs that is none of those looked for."""
        if "%" not in word:
            return word
        views = (unquote(word), unquote_plus(word))
        return word if all(self._without_known(each) == each for each in views) else SECRET


def _value(secret: Secret | str) -> str:
    return secret.reveal() if isinstance(secret, Secret) else secret


def _whole(text: str, at: int, form: Form, floor: int) -> tuple[int, int]:
    """Return where a form found at `at` begins and ends; a core grows to the base64 text around it."""
    begin, end = at, at + len(form.text)
    if form.core:
        while begin > floor and text[begin - 1] in BASE64 and text[begin - 1] != "=":
            begin -= 1
        while end < len(text) and text[end] in BASE64:
            end += 1
    return begin, end


@lru_cache(maxsize=1_024)
def _tells(name: str) -> bool:
    return _TELLING.search(name) is not None
