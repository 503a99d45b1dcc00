"""Form → 16 hex digits."""

import hashlib
from typing import Final

from msgspec import json

from driftd.core.schema.model import FieldForm, Form

_DIGITS: Final = 16
_PLAIN: Final = FieldForm()


def fingerprint(form: Form) -> str:
    """Return the same digits for the same fields, whatever their order; titles do not count.

    A member that a field form gains in a later release changes no digit where it is not set.
    """
    told = {path: _told(field) for path, field in form.fields.items()}
    return digits(json.encode(told, order="sorted"))


def digits(told: bytes) -> str:
    """Return the hash of anything as 16 hex digits (blake2b)."""
    return hashlib.blake2b(told, digest_size=_DIGITS // 2).hexdigest()


def _told(field: FieldForm) -> dict[str, object]:
    members = ((name, getattr(field, name)) for name in FieldForm.__struct_fields__)
    return {name: value for name, value in members if value != getattr(_PLAIN, name)}
