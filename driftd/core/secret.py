"""A secret that does not show itself."""

import hmac
from typing import Final, NoReturn, final

REDACTED: Final = "**redacted**"


def flaw(secret: "Secret") -> str | None:
    """Say what is odd about a secret that was hardly issued so, without a character of it; None where nothing is."""
    text = secret.reveal()
    if text.endswith(("\n", "\r")):
        return "it ends in a line break, which is taken for a part of it"
    if text != text.strip():
        return "it begins or ends in a blank, which is taken for a part of it"
    return None if text.isprintable() else "it holds characters that are not seen"


@final
class Secret:
    """A value that every rendering replaces by ``**redacted**``; only `reveal` gives it.

    A pickled secret comes back as the redaction, so that no dump carries the value; a copy is the same object.
    """

    __slots__ = ("_value",)
    _value: str

    def __init__(self, value: str) -> None:
        object.__setattr__(self, "_value", value)

    def reveal(self) -> str:
        """Return the value, for the request that needs it."""
        return self._value

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a secret does not change: make another")

    def __repr__(self) -> str:
        return REDACTED

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(REDACTED, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        mine, theirs = (each.reveal().encode("utf-8", "surrogatepass") for each in (self, other))
        return hmac.compare_digest(mine, theirs)

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: object) -> "Secret":
        return self

    def __reduce__(self) -> tuple[type["Secret"], tuple[str]]:
        return Secret, (REDACTED,)
