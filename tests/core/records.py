"""Records as a tenant could send them, for property tests."""

import json
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

names = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(
    ["A", "B", "$uuid", "$etag", "V", "LINES", "a~b/c"]
)
numbers = (
    st.integers(-(10**25), 10**25)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20)
)
scalars = st.none() | st.booleans() | numbers | st.text(st.characters(codec="utf-8"))
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=12
)
objects = st.dictionaries(names, values, max_size=6)


class Spelling:
    """Writes JSON with the member order and the number spelling that chance chooses."""

    def __init__(self, draw: Any) -> None:
        self._draw = draw

    def text(self, value: Any) -> str:
        if isinstance(value, dict):
            members = self._draw(st.permutations(list(value.items())))
            return "{" + ",".join(f"{json.dumps(name)}:{self.text(inner)}" for name, inner in members) + "}"
        if isinstance(value, list):
            return "[" + ",".join(self.text(inner) for inner in value) + "]"
        if isinstance(value, bool) or value is None or isinstance(value, str):
            return json.dumps(value, ensure_ascii=self._draw(st.booleans()))
        exact = (
            Decimal(value) if isinstance(value, int) else Decimal(repr(value)) if isinstance(value, float) else value
        )
        forms = [str(exact)]
        if "E" not in str(exact):
            sign, digits, exponent = exact.as_tuple()
            forms.append(f"{'-' if sign else ''}{''.join(map(str, digits))}e{exponent}")
            forms.append(str(exact) + ("0" if "." in str(exact) else ".0"))
        return str(self._draw(st.sampled_from(forms)))


@st.composite
def spelt_twice(draw: Any) -> tuple[bytes, bytes]:
    """One record in two spellings."""
    record = draw(objects)
    spelling = Spelling(draw)
    return spelling.text(record).encode(), spelling.text(record).encode()


def plain(record: Any, drop: frozenset[str] = frozenset()) -> Any:
    """What canonical means, said plainly: no ``$`` and no volatile members, and exact numbers."""
    if isinstance(record, dict):
        kept = {}
        for name, value in record.items():
            if name.startswith("$") or name in drop:
                continue
            inner = plain(value, drop)
            if isinstance(value, dict) and value and not inner:
                continue
            kept[name] = inner
        return kept
    if isinstance(record, list):
        return [plain(value, drop) for value in record]
    return record


def exactly(text: bytes) -> Any:
    """Decode JSON with every number exact."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)
