"""What a connection may ask of its tenant in a day of the tenant's own calendar, and how much of it is used."""

from datetime import UTC, datetime, time, timedelta, tzinfo

from msgspec import Struct


class Usage(Struct, frozen=True):
    """What a connection has sent and read on one day."""

    day: str = ""
    """ISO date in the tenant's time zone."""
    requests: int = 0
    bytes: int = 0


class Budget(Struct, frozen=True):
    """The hard limits of a connection."""

    requests: int
    bytes: int
    timezone: str = "UTC"

    def day(self, now: int) -> str:
        """Return the day that `now` (epoch ms) belongs to."""
        return _local(now, self.timezone).date().isoformat()

    def next_day(self, now: int) -> int:
        """Return when the next day begins, epoch ms: then everything may be used anew."""
        here = _local(now, self.timezone)
        midnight = datetime.combine(here.date() + timedelta(days=1), time(), here.tzinfo)
        return round(midnight.timestamp() * 1000)

    def today(self, usage: Usage, now: int) -> Usage:
        """Return what is used of the day of `now`: nothing yet, where `usage` is of an earlier day.

        A clock that went back does not give a day twice: what a later day has used counts for today, and no longer.
        """
        day = self.day(now)
        if usage.day == day:
            return usage
        return Usage(day, usage.requests, usage.bytes) if usage.day > day else Usage(day)

    def allows(self, usage: Usage) -> bool:
        """Tell whether one request more may be sent, whatever its answer weighs."""
        return usage.requests < self.requests and usage.bytes < self.bytes

    def left(self, usage: Usage) -> tuple[int, int]:
        """Return requests and bytes that may still be used."""
        return max(0, self.requests - usage.requests), max(0, self.bytes - usage.bytes)


def _local(now: int, timezone: str) -> datetime:
    return datetime.fromtimestamp(now / 1000, UTC if timezone == "UTC" else _zone(timezone))


def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo  # costs as much as reading a configuration, and most are in UTC

    return ZoneInfo(name)
