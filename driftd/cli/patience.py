"""What a command that follows the log bears: that another database takes the place of the one that it reads."""

from typing import Final

from driftd.errors import DriftdError, EmptyStoreError, LockedError, StoreError

SECONDS: Final = 1.0
"""Between two tries, and between two looks."""
TRIES: Final = 5


class Patience:
    """Tells what passes from what lasts.

    A database that is being replaced is gone for as long as that takes, and for a moment cannot be opened or read.
    """

    def __init__(self) -> None:
        self._failed = 0

    def bears(self, error: DriftdError) -> bool:
        """Tell whether to try again: always where there is no database, or another process has it."""
        if isinstance(error, LockedError | EmptyStoreError):
            return True
        self._failed += 1
        return isinstance(error, StoreError) and self._failed < TRIES

    def renew(self) -> None:
        """Note that all is well."""
        self._failed = 0
