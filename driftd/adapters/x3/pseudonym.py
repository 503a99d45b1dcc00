"""Values replaced by others of the same shape: what a cassette shows in place of a customer's data. Pure.

The same value always becomes the same pseudonym, and two values never the same one: each shape is permuted within
itself (a Feistel network with cycle walking, as in NIST SP 800-38G), so keys stay unique and references still lead to
them. Case, length, punctuation, leading zeros, the scale of numbers, empties and the forms of dates stay; dates move by
one number of days, so that their order and distances stay too. Shapes are kept, so this hides values, not structure.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Final

_ROUNDS: Final = 8
_LARGE: Final = 1 << 80
"""Shapes with more values than that are not permuted but hashed: two values meet less often than disks lie."""
_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?![0-9])")
_NUMBER: Final = re.compile(r"(-?[0-9]+)(\.?)([0-9]*)((?:[eE][+-]?[0-9]+)?)")
_UPPER: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LOWER: Final = _UPPER.lower()
_DIGITS: Final = "0123456789"
_ACCENTED: Final = range(0xC0, 0x180)
"""Latin letters with accents."""


class Pseudonyms:
    """The pseudonyms of one cassette; another key gives others."""

    def __init__(self, key: bytes) -> None:
        self._key = blake2b(key, digest_size=32).digest()
        self._days = 500 + int.from_bytes(self._hash(b"days")[:4]) % 1500
        self.text = lru_cache(maxsize=1 << 16)(self._text)
        """Return the pseudonym of a text."""

    def number(self, spelling: str) -> str:
        """Return the pseudonym of a JSON number as it is spelt: sign, digits, scale and exponent keep their form.

        Zeros at the end of the fraction stay, and none joins them: a whole number stays one.
        """
        whole, point, fraction, exponent = _NUMBER.fullmatch(spelling).groups("")  # type: ignore[union-attr]
        if not f"{whole}{fraction}".strip("-0"):
            return spelling
        told, _, reversed_fraction = self.text(f"{whole}{point}{fraction[::-1]}").partition(".")
        return f"{told}{point}{reversed_fraction[::-1]}{exponent}"

    def _text(self, text: str) -> str:
        if _DATE.match(text) and (moved := self._moved(text)):
            return moved
        alphabets = list(_alphabets(text))
        free = [alphabet for alphabet in alphabets if len(alphabet) > 1]
        if not free:
            return text
        places = [alphabet.index(letter) for alphabet, letter in zip(alphabets, text, strict=True) if len(alphabet) > 1]
        drawn = iter(self._permuted(free, places))
        return "".join(alphabet[next(drawn)] if len(alphabet) > 1 else alphabet for alphabet in alphabets)

    def _moved(self, text: str) -> str | None:
        """Move a date; None for one that is none, such as 0000-00-00, or stands for "empty", as 1599-12-31 does."""
        try:
            day = date.fromisoformat(text[:10])
        except ValueError:
            return None
        if day.year <= 1599 or day.year >= 9990:
            return text
        return (day - timedelta(days=self._days)).isoformat() + text[10:]

    def _permuted(self, alphabets: Sequence[str], places: Sequence[int]) -> list[int]:
        sizes = [len(alphabet) for alphabet in alphabets]
        shape = "\0".join(map(str, sizes)).encode()
        number, total = 0, 1
        for place, size in zip(places, sizes, strict=True):
            number, total = number * size + place, total * size
        drawing = self._hashed if total > _LARGE else self._walked
        number = drawing(number, total, shape)
        drawn = []
        for size in reversed(sizes):
            number, place = divmod(number, size)
            drawn.append(place)
        return drawn[::-1]

    def _hashed(self, number: int, total: int, shape: bytes) -> int:
        length = (total.bit_length() + 7) // 8 + 8
        seed = self._hash(shape + number.to_bytes(length))
        drawn = b"".join(blake2b(seed + at.to_bytes(4), digest_size=64).digest() for at in range(length // 64 + 1))
        return int.from_bytes(drawn[:length]) % total

    def _walked(self, number: int, total: int, shape: bytes) -> int:
        """Permute 0 … total-1: encipher within the next even power of two until the result is one of them."""
        half = max(1, (total.bit_length() + 1) // 2)
        tweak = self._hash(shape)[:16]
        while True:
            left, right = number >> half, number & ((1 << half) - 1)
            for turn in range(_ROUNDS):
                told = self._hash(tweak + turn.to_bytes(1) + right.to_bytes(8))
                left, right = right, left ^ (int.from_bytes(told[:8]) & ((1 << half) - 1))
            number = left << half | right
            if number < total:
                return number

    def _hash(self, data: bytes) -> bytes:
        return blake2b(data, key=self._key, digest_size=32).digest()


def _alphabets(text: str) -> Iterator[str]:
    """Yield for each character those that may stand for it; itself alone where it is part of the shape."""
    leading = True
    for letter in text:
        if letter in _DIGITS:
            yield letter if leading and letter == "0" else _DIGITS[1:] if leading else _DIGITS
            leading = leading and letter == "0"
            continue
        leading = True
        if letter.isascii():
            yield _LOWER if letter in _LOWER else _UPPER if letter in _UPPER else letter
        else:
            yield _letters_like(letter) if letter.isalpha() else letter


@lru_cache(maxsize=256)
def _letters_like(letter: str) -> str:
    """Return the letters of the same case around one beyond ASCII: the accented ones, or its 256 code points."""
    point = ord(letter)
    around = _ACCENTED if point in _ACCENTED else range(point & ~0xFF, (point | 0xFF) + 1)
    alike = [chr(each) for each in around if chr(each).isalpha() and _case(chr(each)) == _case(letter)]
    return "".join(alike)


def _case(letter: str) -> tuple[bool, bool]:
    return letter.isupper(), letter.islower()
