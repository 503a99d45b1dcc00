"""Is it still the same tenant that answers? Told from the records themselves: no class says whose they are for certain.

Behind one address and one folder's name may suddenly stand another tenant: a moved host, a restored copy, a proxy that
was set wrong. Its keys are others, or under the same keys stand other things altogether.
"""

import re
from typing import Final

from msgspec import Struct, ValidationError, json

LEAST: Final = 10
"""Records from which it can be told."""
SAMPLE: Final = 100
"""Updates that are looked into."""
_MOST: Final = 0.9
"""Share of the records that must have become others."""
_TEXTS: Final = 3
"""Texts that must differ at least, and half of all."""
_TOP: Final = json.Decoder(dict[str, object]).decode
_STAMP: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
"""How a text begins that says when, and not who."""


class Met(Struct, frozen=True):
    """What a reading found of what was known."""

    trusted: int
    """Records known before."""
    seen: int
    """Records read."""
    known: int
    """Those of them whose keys were known."""
    created: int
    updated: int
    looked: int
    """Updates looked into."""
    others: int
    """Those of them that made another thing of a record."""


def another(before: bytes, after: bytes, comparable: tuple[bytes, bytes] | None = None) -> bool:
    """Tell whether a canonical body is of another thing than the one before: most of its texts are others.

    Stamps count for nothing, on either side: each change of a record moves them. `comparable` are the two bodies as
    far as field rules let them be compared: a text that they hide on either side counts as one that stayed.
    """
    try:
        shown = _texts(before, after)
        compared = shown if comparable is None else _texts(*comparable)
    except ValidationError:
        return False
    differ = sum(
        one.strip().casefold() != other.strip().casefold()
        for one, other in (compared[name] for name in shown.keys() & compared.keys())
    )
    return differ >= _TEXTS and 2 * differ >= len(shown)


def other_keys(met: Met) -> bool:
    """Tell whether nearly all keys that were read are new. Of a whole reading that says who answers, if so few of what
    was known is left; of a few pages it is a suspicion.
    """
    return _enough(met) and met.known <= (1 - _MOST) * met.seen and met.created >= _MOST * met.seen


def few_left(met: Met) -> bool:
    """Tell whether hardly any of what was known was read."""
    return _enough(met) and met.known <= (1 - _MOST) * met.trusted


def other_things(met: Met) -> bool:
    """Tell whether under nearly all known keys stand other things. Of a whole reading that says who answers; a few
    pages may show just what somebody changed at once, so of them it is a suspicion.
    """
    looked = met.looked >= LEAST and met.others >= _MOST * met.looked
    return _enough(met) and looked and met.updated >= _MOST * met.known


def strangers(compared: int, others: int) -> bool:
    """Tell whether nearly all records that were asked for on a suspicion are other things, or none was there."""
    return others >= _MOST * compared


def _texts(before: bytes, after: bytes) -> dict[str, tuple[str, str]]:
    """Return the members of two bodies that are texts in both, and say who; raises `ValidationError`."""
    old, new = _TOP(before), _TOP(after)
    both = ((name, old[name], new[name]) for name in old.keys() & new.keys())
    texts = ((name, one, other) for name, one, other in both if isinstance(one, str) and isinstance(other, str))
    return {
        name: (one, other)
        for name, one, other in texts
        if one and other and not (_STAMP.match(one) or _STAMP.match(other))
    }


def _enough(met: Met) -> bool:
    return met.trusted >= LEAST and met.seen >= LEAST
