"""What is said to people, a table a language: of every reason and state, and the phrases around them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from driftd.core.words.en import ENGLISH
from driftd.core.words.fr import FRENCH
from driftd.core.words.model import Labels, Language, Phrases, Units, Words
from driftd.core.words.spans import day_and_time, relative, span

PHRASES: Final[Mapping[Language, Phrases]] = MappingProxyType({Language.ENGLISH: ENGLISH, Language.FRENCH: FRENCH})

__all__ = [
    "PHRASES",
    "Labels",
    "Language",
    "Phrases",
    "Units",
    "Words",
    "day_and_time",
    "relative",
    "span",
]
