"""Which JSON numbers a float would change, told from the bytes."""

from typing import Final

DIGITS: Final = 16
"""A number of fewer significant digits survives a binary float and back (IEEE 754: 15 do)."""


def _shape(byte: int) -> int:
    for members, shape in ((b"0123456789.", b"0"), (b"eE", b"e"), (b":,[ \t\r\n", b":"), (b"-", b"-")):
        if byte in members:
            return shape[0]
    return ord("x")


_SHAPES: Final = bytes(map(_shape, range(256)))
_LONG: Final = b"0" * DIGITS
_TINY: Final = b"0e-000"


def risky(text: bytes) -> bool:
    """Tell whether JSON may hold a number that a float changes: a long one, or one near nothing.

    A number of up to 15 significant digits is its float's shortest spelling, whatever its exponent (IEEE 754), down to
    where floats lose digits; one too great for a float is refused by the decoder. Errs only on the careful side (a text
    may look like such a number), and costs a fraction of a decode.
    """
    shapes = text.translate(_SHAPES)
    return _long(shapes) or _tiny(shapes)


def long(text: bytes) -> bool:
    """Tell whether JSON may hold a number of more digits than a float keeps. Errs only on the careful side."""
    return _long(text.translate(_SHAPES))


def _long(shapes: bytes) -> bool:
    """Tell whether a run of digits begins where a number may; those of a text follow a quote."""
    if shapes.rfind(_LONG) < 0:  # mostly so, and from the right it takes half the time to know
        return False
    at = shapes.find(_LONG)
    while at >= 0:
        if shapes[max(0, at - 2) : at].endswith((b":", b":-")):
            return True
        at = shapes.find(_LONG, at + DIGITS)
    return False


def _tiny(shapes: bytes) -> bool:
    """Tell whether a number has an exponent of three digits or more below zero; such pieces of a UUID are in a text."""
    at = shapes.find(_TINY)
    while at >= 0:
        before = shapes[max(0, at - DIGITS) : at].rstrip(b"0").removesuffix(b"-")[-1:]
        if before in b":":
            return True
        at = shapes.find(_TINY, at + 1)
    return False
