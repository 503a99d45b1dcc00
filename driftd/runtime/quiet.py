"""A log that says nothing: for commands that print their own report."""

from typing import Self


class Quiet:
    """Nothing is said."""

    def debug(self, event: str, /, **facts: object) -> None:
        """Say nothing."""

    def info(self, event: str, /, **facts: object) -> None:
        """Say nothing."""

    def warning(self, event: str, /, **facts: object) -> None:
        """Say nothing."""

    def error(self, event: str, /, **facts: object) -> None:
        """Say nothing."""

    def bind(self, **_facts: object) -> Self:
        """Return itself."""
        return self
