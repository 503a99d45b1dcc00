"""Key-encryption keys: the first encrypts, all decrypt."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, final

from driftd.core.sealed import KEY
from driftd.core.veil import derived
from driftd.errors import SealError

_ID: Final = 8
MOST: Final = 32
"""Keys of a ring."""
FORM: Final = f"{2 * KEY} hex digits a line"


@final
class Kek:
    """One key, known by an id that follows from it and does not tell it. No rendering shows the key."""

    __slots__ = ("_key", "id")

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY:
            raise ValueError(f"a key has {KEY} bytes")
        self._key = key
        self.id = derived(key, "key-id")[:_ID]

    def __repr__(self) -> str:
        return f"<Kek {self.id.hex()}>"

    def __reduce__(self) -> str:
        raise TypeError("a key is not pickled")

    def reveal(self) -> bytes:
        """Return the key, for the cipher."""
        return self._key


class Keyring:
    """The keys there are, none or more; each once."""

    def __init__(self, keys: Sequence[Kek] = ()) -> None:
        self._keys: Mapping[bytes, Kek] = {each.id: each for each in keys}

    def __repr__(self) -> str:
        return f"<Keyring {' '.join(each.id.hex() for each in self)}>"

    def __iter__(self) -> Iterator[Kek]:
        return iter(self._keys.values())

    def __contains__(self, id_: bytes) -> bool:
        return id_ in self._keys

    @property
    def first(self) -> Kek:
        """The key that encrypts. Raises `SealError` where there is none."""
        for each in self:
            return each
        raise SealError("there is no key: run `driftd keys generate`, and name it under [vault]")

    def key(self, id_: bytes) -> Kek:
        """Return a key by its id. Raises `SealError` naming the id where it is not here."""
        try:
            return self._keys[id_]
        except KeyError:
            raise SealError(f'the key "{id_.hex()}" is missing') from None


def read_text(text: str) -> Keyring:
    """Read keys, each 64 hex digits, between blanks or line ends; lines that begin with ``#`` are not read.

    Raises `ValueError` saying what is wrong, and never what stands there.
    """
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    words = [word for line in lines for word in line.split()]
    if not words:
        raise ValueError(f"holds no key: {FORM}")
    if len(words) > MOST:
        raise ValueError(f"holds more than {MOST} keys")
    return Keyring([Kek(_key(word)) for word in words])


def _key(word: str) -> bytes:
    try:
        if len(word) == 2 * KEY and word.isascii():
            return bytes.fromhex(word)
    except ValueError:
        pass
    raise ValueError(f"holds something that is no key: {FORM}")
