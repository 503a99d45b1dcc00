"""The `where` expression of SData: text → a test of one record.

Grammar (Sage developer guide, "toSData"; web-service guide, querying): `eq ne gt ge lt le`, `and or not`, parentheses,
`between a and b`, `in a, b`, `like` with `%`, `left(x, n)`, `upper(x)`, `'text'`, numbers, `@2026-01-31@`,
`@2026-01-31T16:41:00Z@`.
"""

import operator
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any

from driftd.simulator.collation import likeness_of, number_of
from driftd.simulator.json_values import Json

Getter = Callable[[str], Json]
"""Property name → its value in the record at hand."""
Test = Callable[[Getter], bool]
_Value = Callable[[Getter], Json]


class ExpressionError(ValueError):
    """The expression cannot be parsed, or compares what cannot be compared."""


class UnknownPropertyError(ValueError):
    """The expression names a property that the `$query` facet does not have. X3 answers 500 to it."""


_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^']|'')*')|@(?P<instant>[^@]*)@|(?P<number>-?[0-9]+(?:\.[0-9]+)?)|
        (?P<name>[A-Za-z_$][A-Za-z0-9_.$]*)|(?P<sign>[(),]))""",
    re.VERBOSE,
)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_CONSTANTS: dict[str, Json] = {"true": True, "false": False, "null": None}
_RESERVED = {*_COMPARISONS, "and", "or", "not", "between", "in", "like"}


@dataclass(frozen=True, slots=True)
class Reading:
    """How an expression is understood."""

    collation: str
    """How text is compared."""
    naive: tzinfo = UTC
    """The zone in which update times are that have none."""
    doubled_quotes: bool = True


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def _tokens(expression: str, *, doubled_quotes: bool) -> list[_Token]:
    tokens, position = [], 0
    text = expression.rstrip()
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None or found.lastgroup is None:
            raise ExpressionError(f"unexpected character at {position} in {expression!r}")
        kind, value = found.lastgroup, found[found.lastgroup]
        if kind == "text":
            value = value[1:-1]
            if "''" in value and not doubled_quotes:
                raise ExpressionError(f"quote within a literal in {expression!r}")
            value = value.replace("''", "'")
        elif kind == "name" and value.lower() in _RESERVED:
            kind, value = "word", value.lower()
        tokens.append(_Token(kind, value))
        position = found.end()
    return [*tokens, _Token("end", "")]


def parse(expression: str, properties: Collection[str], reading: Reading) -> Test:
    """Return the test an expression stands for.

    Raises `UnknownPropertyError` for a name not in `properties`, `ExpressionError` for what is no expression; the test
    itself raises `ExpressionError` where a number meets text.
    """
    parser = _Parser(_tokens(expression, doubled_quotes=reading.doubled_quotes), properties, reading)
    test = parser.disjunction()
    parser.expect("end", "")
    return test


class _Parser:
    def __init__(self, tokens: list[_Token], properties: Collection[str], reading: Reading) -> None:
        self._tokens, self._properties = tokens, properties
        self._like, self._naive = likeness_of(reading.collation), reading.naive
        self._at = 0

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._next
        self._at += 1
        return token

    def _accept(self, kind: str, text: str) -> bool:
        if self._next == _Token(kind, text):
            self._at += 1
            return True
        return False

    def expect(self, kind: str, text: str) -> None:
        if not self._accept(kind, text):
            raise ExpressionError(f"expected {text or kind!r}, found {self._next.text!r}")

    def disjunction(self) -> Test:
        tests = [self._conjunction()]
        while self._accept("word", "or"):
            tests.append(self._conjunction())
        return tests[0] if len(tests) == 1 else lambda get: any(test(get) for test in tests)

    def _conjunction(self) -> Test:
        tests = [self._negation()]
        while self._accept("word", "and"):
            tests.append(self._negation())
        return tests[0] if len(tests) == 1 else lambda get: all(test(get) for test in tests)

    def _negation(self) -> Test:
        if self._accept("word", "not"):
            negated = self._negation()
            return lambda get: not negated(get)
        if self._accept("sign", "("):
            test = self.disjunction()
            self.expect("sign", ")")
            return test
        return self._comparison()

    def _comparison(self) -> Test:
        left = self._value()
        token = self._take()
        if token.kind == "word" and token.text in _COMPARISONS:
            return self._compared(_COMPARISONS[token.text], left, self._value())
        if token == _Token("word", "between"):
            low = self._compared(operator.ge, left, self._value())
            self.expect("word", "and")
            high = self._compared(operator.le, left, self._value())
            return lambda get: low(get) and high(get)
        if token == _Token("word", "in"):
            return self._membership(left)
        if token == _Token("word", "like"):
            return self._likeness(left, self._value())
        raise ExpressionError(f"expected a comparison, found {token.text!r}")

    def _membership(self, left: _Value) -> Test:
        bracketed = self._accept("sign", "(")
        tests = [self._compared(operator.eq, left, self._value())]
        while self._accept("sign", ","):
            tests.append(self._compared(operator.eq, left, self._value()))
        if bracketed:
            self.expect("sign", ")")
        return lambda get: any(test(get) for test in tests)

    def _likeness(self, left: _Value, right: _Value) -> Test:
        fold = self._like("A") == self._like("a")

        def test(get: Getter) -> bool:
            pattern = "".join(".*" if part == "%" else re.escape(part) for part in re.split("(%)", str(right(get))))
            flags = re.DOTALL | (re.IGNORECASE if fold else re.NOFLAG)
            return re.fullmatch(pattern, str(left(get)), flags) is not None

        return test

    def _compared(self, compare: Callable[[Any, Any], bool], left: _Value, right: _Value) -> Test:
        like = self._like

        def test(get: Getter) -> bool:
            a, b = left(get), right(get)
            if isinstance(a, str) or isinstance(b, str):
                if not isinstance(a, str | None) or not isinstance(b, str | None):
                    raise ExpressionError(f"cannot compare {a!r} with {b!r}")
                return compare(like(a or ""), like(b or ""))
            return compare(number_of(a), number_of(b))

        return test

    def _value(self) -> _Value:
        token = self._take()
        if token.kind == "text":
            return _constant(token.text)
        if token.kind == "number":
            return _constant(Decimal(token.text))
        if token.kind == "instant":
            return _constant(_instant(token.text, self._naive))
        if token.kind == "name":
            return self._named(token.text)
        raise ExpressionError(f"expected a value, found {token.text!r}")

    def _named(self, name: str) -> _Value:
        if name.lower() in _CONSTANTS:
            return _constant(_CONSTANTS[name.lower()])
        if self._accept("sign", "("):
            return self._function(name.lower())
        if name not in self._properties:
            raise UnknownPropertyError(name)
        return lambda get: get(name)

    def _function(self, name: str) -> _Value:
        inner = self._value()
        if name == "upper":
            self.expect("sign", ")")
            return lambda get: str(inner(get)).upper()
        if name == "left":
            self.expect("sign", ",")
            length = self._take()
            self.expect("sign", ")")
            if length.kind != "number" or not length.text.isdigit():
                raise ExpressionError(f"left() wants a length, found {length.text!r}")
            return lambda get: str(inner(get))[: int(length.text)]
        raise ExpressionError(f"unknown function {name!r}")


def _constant(value: Json) -> _Value:
    return lambda _get: value


def _instant(text: str, naive: tzinfo) -> Json:
    """Dates stay text, as records show them; a date with a time becomes seconds as `seconds_in` counts them."""
    if text == "0000-00-00":
        return text
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ExpressionError(f"no date: {text!r}") from error
    if "T" not in text:
        return text
    return seconds_in(int(moment.timestamp()), naive) if moment.tzinfo else seconds_of(text)


def seconds_in(stamp: int, zone: tzinfo) -> int:
    """Return what `seconds_of` makes of an instant, seconds since 1970, as clocks of a zone show it."""
    if zone is UTC:
        return stamp
    return int(datetime.fromtimestamp(stamp, zone).replace(tzinfo=UTC).timestamp())


def seconds_of(text: Json) -> int:
    """Return an update time as the records spell it in seconds since 1970; 0 for none."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return 0
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
