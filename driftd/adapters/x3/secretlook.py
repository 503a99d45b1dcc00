"""A look at the secret before it is sent: whether it was taken over as it is, and whose host it goes to."""

from driftd.adapters.x3.auth import read_secret
from driftd.adapters.x3.origins import origin
from driftd.adapters.x3.reach import Finding
from driftd.adapters.x3.settings import Basic, ClientCredentials, X3Settings
from driftd.core.secret import flaw
from driftd.core.trial import Fact, StepOutcome


async def look_at_secret(settings: X3Settings) -> Finding:
    """Look at the secret; nothing of it is told but what is odd about its ends. Raises `SourceError`."""
    auth = settings.auth
    secret = read_secret(auth.password if isinstance(auth, Basic) else auth.secret, settings.name)
    odd, hint = flaw(secret) or "", "store it anew without: a file written by an editor ends in a line break"
    host, facts = _elsewhere(settings), dict[str, Fact]()
    if host:
        facts["sent_to"] = host
        odd += f'{"; " if odd else ""}it is sent to "{host}", which is not the host of base_url'
        hint = "make sure that this is where the customer has tokens issued" if not flaw(secret) else hint
    if odd:
        return Finding(odd, facts, StepOutcome.WARNED, hint)
    return Finding("there, without blanks or line breaks at its ends", facts)


def _elsewhere(settings: X3Settings) -> str:
    """Return the host that tokens come from where that is another than the tenant's."""
    if not isinstance(settings.auth, ClientCredentials):
        return ""
    own = origin(settings, "base_url", settings.base_url)
    tokens = origin(settings, "token_url", settings.auth.token_url)
    return "" if own.host.lower() == tokens.host.lower() else tokens.host
