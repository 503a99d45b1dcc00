"""What a cassette shows of a tenant's answers: pseudonyms, or values without credentials and hosts. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from driftd.adapters.x3.masking import mask
from driftd.adapters.x3.pseudonym import Pseudonyms

HIDDEN: Final = "…"
_SHORTEST: Final = 4
"""Characters below which something secret is not looked for in values: it would be found in words."""
_KEPT: Final = frozenset(
    {"$severity", "$type", "$method", "$x3Format", "$capabilities", "$actxSolution", "$actxLan", "$actxLanIso",
     "$itemsPerPage", "$startIndex", "$totalResults", "$scale", "$precision", "$maxLength", "token_type", "expires_in"}
)  # fmt: skip
"""Members that say how an answer is made, not what is in it."""
_TITLES: Final = frozenset({"$title", "$description"})
_WORDS: Final = frozenset({"$message", "message", "error", "error_description"})
_TOKENS: Final = frozenset({"access_token", "refresh_token", "id_token"})
_ADDRESS: Final = re.compile(r".*?/(?:api1|sdata)/x3/erp/[^/?]*/([^/?(]+)(?:\('(.*?)'\))?(?=\?|$)")
_LITERAL: Final = re.compile(r"'((?:[^']|'')*)'|@([^@]*)@")


class Asked(NamedTuple):
    """What an address asks for."""

    class_name: str
    record: str | None
    """The key in ``CLASS('KEY')``, parts joined by ``~``."""
    parameters: Mapping[str, str]


class Disguise:
    """Replaces values, for one cassette. With `values` only what is secret goes: `hidden`, tokens and hosts."""

    def __init__(
        self, key: bytes, hidden: Iterable[str] = (), *, values: bool = False, private: Iterable[str] = ()
    ) -> None:
        """Members of a name in `private`, and all within, have pseudonyms even so: as do titles, which repeat them."""
        self.values = values
        self._private = frozenset(private)
        self._strict = Disguise(key, hidden) if values and self._private else self
        self._names = Pseudonyms(key)
        self._hidden: set[str] = set()
        self._found: re.Pattern[str] | None = None
        self.hide(*hidden)

    def of(self, name: str) -> "Disguise":
        """Return what disguises all that stands under a member."""
        return self._strict if name in self._private or (self._private and name in _TITLES) else self

    def hide(self, *secrets: str) -> None:
        """Hide further texts wherever they stand."""
        if self._strict is not self:
            self._strict.hide(*secrets)
        self._hidden |= {each for each in secrets if len(each) >= _SHORTEST}
        longest_first = sorted(self._hidden, key=len, reverse=True)
        self._found = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def text(self, name: str, text: str) -> str:
        """Return what stands in place of a text under a member's name."""
        if name in _TOKENS:
            self.hide(text)
            return HIDDEN
        if name.startswith("$") and name.lower().endswith("url"):
            asked = self.asked(text)
            return _address(asked) if asked is not None else HIDDEN
        if self.values or name in _KEPT:
            return self._without_secrets(text)
        return mask(self._without_secrets(text)) if name in _WORDS else self.value(text)

    def number(self, name: str, spelling: str) -> str:
        """Return the spelling that stands in place of a number's."""
        return spelling if self.values or name in _KEPT else self._names.number(spelling)

    def value(self, text: str) -> str:
        """Return what stands in place of a value, such as a key or a folder."""
        return self._without_secrets(text) if self.values else self._names.text(text)

    def page(self, text: str) -> str:
        """Return what stands in place of an answer that is no JSON."""
        return self._without_secrets(text) if self.values else mask(self._without_secrets(text))

    def asked(self, address: str) -> Asked | None:
        """Return what an address asks for, without host and endpoint; None for one that is not of a class."""
        try:
            split = urlsplit(address)
        except ValueError:
            return None
        found = _ADDRESS.fullmatch(split.path)
        if found is None:
            return None
        record = None if found[2] is None else self._parts(found[2], quotes="''")
        pairs = (pair.partition("=") for pair in split.query.split("&") if pair)
        parameters = {unquote(name): self._parameter(unquote(name), value) for name, _, value in pairs}
        return Asked(unquote(found[1]), record, parameters)

    def _parameter(self, name: str, raw: str) -> str:
        if name == "key":
            relation, dot, parts = raw.partition(".")
            return f"{relation}{dot}{self._parts(parts)}"
        value = unquote(raw.replace("+", " "))
        if name in {"representation", "count", "orderBy"}:
            return value
        return _LITERAL.sub(self._literal, value) if name == "where" else self.page(value)

    def _literal(self, found: re.Match[str]) -> str:
        return f"'{self.value(found[1])}'" if found[1] is not None else f"@{self.value(found[2])}@"

    def _parts(self, raw: str, quotes: str = "'") -> str:
        """Return a key's parts; `quotes` is how a quote is written within it."""
        return "~".join(self.value(unquote(part).replace(quotes, "'")) for part in raw.split("~"))

    def _without_secrets(self, text: str) -> str:
        return self._found.sub(HIDDEN, text) if self._found else text


def _address(asked: Asked) -> str:
    record = "" if asked.record is None else f"('{asked.record}')"
    parameters = "&".join(f"{name}={value}" for name, value in asked.parameters.items())
    return f"{asked.class_name}{record}?{parameters}"
