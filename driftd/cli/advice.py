"""What a failed step means: who acts, and what to tell them, without secrets and internals."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from driftd.errors import Reason


class Advice(NamedTuple):
    """Who acts, and the words for them."""

    actor: str
    tell: str


_NETWORK: Final = "the customer's network administrator"
_X3: Final = "the customer's X3 administrator"
_WHOLE: Final = "whoever runs driftd"
_UNREACHED: Final = Advice(
    _NETWORK,
    "We cannot reach your Sage X3 web services. Please check that the address we were given is right and reachable "
    "from the internet, that the service runs, and that your firewall admits our addresses.",
)
_SECRET: Final = Advice(
    _X3,
    "Your Sage X3 refuses the client credentials that we were given. Please check that the client is active, and send "
    "us a new client secret over the agreed way.",
)
_RIGHTS: Final = Advice(
    _X3,
    "Your Sage X3 lets us in, but not to this data. Please give the user of the web services a role that may read it, "
    "or tell us that you do not use it.",
)
_TLS: Final = Advice(
    _X3,
    "The certificate of your Sage X3 server is not trusted, so we do not connect. Please renew it or correct its "
    "chain; where it comes from an authority of your own, send us that authority's certificate.",
)
_DOWN: Final = Advice(
    _X3,
    "Your Sage X3 web services answer with an error or a page for people instead of data. Please check that they run "
    "and are not in maintenance; the Syracuse logs say more.",
)
_SETTINGS: Final = Advice(_WHOLE, "Nothing: the configuration of this connection is to be corrected first.")
_FOLDER: Final = Advice(
    f"{_WHOLE}, with {_X3}",
    "Please confirm the code of the Sage X3 folder that we are to read, and the name of its web service endpoint.",
)
_FORM: Final = Advice(
    "driftd's developers, with a cassette (--record FILE)",
    "Nothing yet: your Sage X3 answers in a form that we do not know. We come back to you.",
)
_BY_REASON: Final[Mapping[Reason, Advice]] = MappingProxyType(
    {
        **dict.fromkeys(
            (Reason.DNS_FAILURE, Reason.CONNECTION_REFUSED, Reason.CONNECT_TIMEOUT, Reason.CONNECTION_RESET), _UNREACHED
        ),
        Reason.TIMEOUT: _DOWN,
        Reason.PROXY_ERROR: Advice(_WHOLE, "Nothing: our own proxy does not let us through."),
        **dict.fromkeys((Reason.TLS_ERROR, Reason.TLS_EXPIRED), _TLS),
        **dict.fromkeys((Reason.SERVER_ERROR, Reason.GATEWAY_ERROR, Reason.MAINTENANCE_PAGE), _DOWN),
        Reason.RATE_LIMITED: Advice("nobody: wait", "Nothing: your Sage X3 asks us to slow down, and we do."),
        **dict.fromkeys(
            (Reason.OAUTH_INVALID_CLIENT, Reason.OAUTH_ERROR, Reason.UNAUTHORIZED, Reason.TOKEN_EXPIRED), _SECRET
        ),
        **dict.fromkeys((Reason.FORBIDDEN, Reason.RESOURCE_NOT_FOUND), _RIGHTS),
        **dict.fromkeys((Reason.FOLDER_NOT_FOUND, Reason.WRONG_FOLDER), _FOLDER),
        Reason.CLOCK_SKEW: Advice(
            _X3, "The clock of your Sage X3 server differs from the right time. Please set it, best by NTP."
        ),
        **dict.fromkeys((Reason.CONFIG_ERROR, Reason.ADDRESS_NOT_ALLOWED, Reason.KEY_NOT_UNIQUE), _SETTINGS),
    }
)


def advice(reason: Reason) -> Advice:
    """Return who acts on a reason and what to tell them."""
    return _BY_REASON.get(reason, _FORM)
