"""The greatest of the numbers noted within a span of time, in constant memory."""

from typing import Final

_PARTS: Final = 12
_SLOTS: Final = _PARTS + 1
"""One more than the span has, which is being filled."""


class Greatest:
    """Keeps a maximum for each twelfth of its span: one noted is forgotten after the span, at most a twelfth later."""

    def __init__(self, span: float) -> None:
        self._width = span / _PARTS
        self._slots = [(-_SLOTS, 0.0)] * _SLOTS

    def note(self, now: float, value: float) -> None:
        """Note a number at `now`, in the unit of the span."""
        turn = int(now // self._width)
        place = turn % _SLOTS
        kept, greatest = self._slots[place]
        self._slots[place] = (turn, value if kept != turn else max(greatest, value))

    def at(self, now: float) -> float:
        """Return the greatest number noted within the span before `now`; 0 where there is none."""
        first = int(now // self._width) - _SLOTS
        return max((value for turn, value in self._slots if first < turn), default=0.0)
