"""Which classes of a tenant may be read: it may lack a module, or its user a right."""

from enum import StrEnum


class Access(StrEnum):
    """Whether a class may be read."""

    OPEN = "open"
    UNLICENSED = "unlicensed"
    """The module is not there: the class is as unknown as any other name."""
    FORBIDDEN = "forbidden"
    """The user lacks the right: 403."""

    @classmethod
    def of(cls, text: object) -> "Access":
        """Return the access of that name. Raises `ValueError` where there is none."""
        for access in cls:
            if access == text:
                return access
        raise ValueError(f"no access is called {text!r}: use one of {', '.join(repr(str(each)) for each in cls)}")
