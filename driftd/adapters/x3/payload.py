"""What is wrong with a payload, as the one error it becomes."""

from driftd.errors import Reason, SourceError


def invalid(
    message: str, hint: str = "report it: the tenant's web service sends what its format does not allow"
) -> SourceError:
    """Return the error of a payload that cannot be trusted. `message` never carries a record's value."""
    return SourceError(Reason.INVALID_PAYLOAD, message, hint=hint)
