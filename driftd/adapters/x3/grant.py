"""What one request is authorised by."""

from msgspec import Struct

from driftd.core.secret import Secret


class Signed(Struct, frozen=True):
    """What a token that we signed ourselves rests on."""

    secret: Secret
    ends_at: int
    """Epoch ms."""


class Grant(Struct, frozen=True, eq=False):
    """What one request is authorised by. Compared by identity: a renewed one is another."""

    header: Secret
    """Value of ``Authorization``."""
    bearer: bool
    signed: Signed | None = None
    """Set where the token is our own."""
