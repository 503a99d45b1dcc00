"""The watermark: an update stamp of the server's own, compared as an instant and sent back as the server spells it.

A reading asks for the newest stamp before its first page, and takes it over once it has come to its end. What was not
visible then bears a stamp of at most the overlap before it: so the next delta, which reads the overlap behind the
watermark, comes to it, however long the reading took.

Stamps are ISO 8601, as X3 writes ``UPDDATTIM``: with ``Z``, with an offset, without a zone, or a date alone.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

REPEATED: Final = timedelta(hours=1)
"""By so much a stamp without a zone can be too low: the hour that clocks repeat when summer time ends."""
AHEAD: Final = timedelta(days=1)
"""A stamp so far ahead of our clock is a mistake, or of a clock since put back. No zone is so far from another."""
_DATE: Final = len("2026-11-23")


def moment(stamp: str) -> datetime | None:
    """Return the instant of a stamp; one without a zone is taken for UTC. None for what is no stamp."""
    try:
        found = datetime.fromisoformat(stamp)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def newest(stamps: Iterable[str], now: int) -> str | None:
    """Return the stamp of the latest instant, as it is spelt; those far ahead of `now` (epoch ms) do not count."""
    bound = datetime.fromtimestamp(now / 1000, UTC) + AHEAD
    known = ((at, stamp) for stamp in stamps if (at := moment(stamp)) is not None and at <= bound)
    return max(known, default=(None, None))[1]


def behind(watermark: str | None, overlap: float) -> str | None:
    """Return the stamp `overlap` seconds before `watermark`, in the same form; None without one.

    Without a zone it is an hour more, for such stamps go back when clocks do: whose zone they are in is not known.
    """
    if watermark is None:
        return None
    try:
        stamp = datetime.fromisoformat(watermark)
        stamp -= timedelta(seconds=overlap) + (timedelta() if stamp.tzinfo else REPEATED)
    except (ValueError, OverflowError):
        return None
    if len(watermark) <= _DATE:
        return stamp.date().isoformat()
    text = stamp.isoformat(timespec="milliseconds" if "." in watermark else "seconds")
    return text.replace("+00:00", "Z") if watermark.endswith("Z") else text
