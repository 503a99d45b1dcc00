"""Something else in place of a module's attribute, for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def patched(where: Any, name: str, value: Any) -> Iterator[None]:
    """Put `value` in the place of `where.name`, and back what was there."""
    before = getattr(where, name)
    setattr(where, name, value)
    try:
        yield
    finally:
        setattr(where, name, before)
