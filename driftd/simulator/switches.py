"""What nobody outside Sage has written down about X3's web services, as switches.

Each attribute is one unknown; its docstring names it. The first position is the default, chosen for convenience and
never a fact about X3. Switches can be moved while the farm serves.

Only reading is covered yet, and what is declared of writing. Unknowns of writing itself (`If-Match`) join as further
attributes.
"""

from dataclasses import dataclass, fields
from typing import ClassVar, Literal, cast, get_args, get_origin, get_type_hints

Position = str | int


@dataclass(slots=True)
class Switches:
    """The positions of one tenant's switches. Setting a position that does not exist raises `ValueError`."""

    # --- tokens
    grant: Literal["client_credentials", "refused"] = "client_credentials"
    """Does the token endpoint accept `client_credentials`, or answer 400 `Invalid grant type`?"""
    token_errors: Literal["rfc6749", "gateway"] = "rfc6749"
    """Do token errors follow RFC 6749 or the messages of Sage's cloud gateway?"""
    token_auth: Literal["both", "form", "basic"] = "both"
    """Where may the client secret stand: in the form, in HTTP Basic, or in either?"""
    expires_in: Literal["shown", "left_out"] = "shown"
    """Does the token answer say how long the token lives?"""
    token_life: float = 300.0
    """How many seconds does an access token live?"""
    rotation: Literal["at_once", "overlap"] = "at_once"
    """Does a new secret end the old one at once, or after `rotation_overlap`?"""
    rotation_overlap: float = 3600.0
    """For how many seconds is the old secret good beside the new one, with `rotation` at `overlap`?"""
    secret_life: float = 0.0
    """After how many seconds does a secret expire? 0: never."""
    connected_app_jwt: Literal["refused", "accepted"] = "refused"
    """Does api1 accept the self-signed HS256 JWT of a connected application as bearer?"""
    connected_app_validity: float = 600.0
    """For how many seconds may such a JWT be good at most ("Tokens validity")? A longer one gets 401 `Error 50`."""
    pairing: Literal["accepted", "not_accepted", "expired", "not_found", "disabled"] = "accepted"
    """How does the cloud gateway know the pairing, or its application (`disabled`)?"""
    pairing_life: float = 2_592_000.0
    """For how many seconds is a refresh token of the gateway good that is not used?"""
    pairing_reuse: Literal["refused", "accepted"] = "refused"
    """Does the gateway take the refresh token before the present one, once more?"""
    pairing_ended: Literal["unauthorised", "expired", "not_found"] = "unauthorised"
    """What does the gateway answer to a refresh token that was used, has ended or was never given: 401, or 403 `The
    request has expired.` or `Pairing request not found`?"""
    clock_skew: float = 0.0
    """How many seconds is the server's clock ahead (below 0: behind)? `Date` tells it; a token issued over a minute
    ahead of it gets 401 `Error 21` ("issued in the future")."""
    basic_auth: Literal["allowed", "refused"] = "allowed"
    """Does api1 accept HTTP Basic (on-premises only, on X3 Online never)?"""
    bad_credentials: Literal["json_401", "plain_401", "redirect_302", "html_200"] = "json_401"
    """What does api1 answer to bad or missing credentials?"""
    # --- addressing
    folder_header: Literal["required", "ignored", "selects"] = "required"
    """Must the folder header match the endpoint, is it ignored, or does it choose the folder?"""
    folder_header_name: str = "X-Sage-Folder"
    """What is the folder header called?"""
    error_code: Literal[400, 404, 500] = 400
    """Which status has a wrong endpoint, class, representation or facet?"""
    where_error_code: Literal[400, 500] = 400
    """Which status has a `where`, `orderBy` or `key` that cannot be parsed? (An unknown property: always 500.)"""
    error_body: Literal["diagnoses", "html"] = "diagnoses"
    """Is the body of an error `$diagnoses` JSON or an HTML page?"""
    missing_record: Literal["diagnoses_200", "not_found_404"] = "diagnoses_200"
    """Is a missing record 200 with diagnosis 721, or 404?"""
    details_facet: Literal["allowed", "refused_400", "refused_403", "refused_500"] = "allowed"
    """May `$details` be read?"""
    representation_proxies: Literal["absent", "present"] = "absent"
    """Is the list of representations served under `/api1/` too?"""
    prototypes: Literal["served", "absent", "refused"] = "served"
    """Are prototypes (`$prototypes`) there, absent (404) or refused (500)?"""
    writable: Literal["promised", "all", "none"] = "promised"
    """Which classes have the facets `$create` and `$edit`: SORDER and BPCUSTOMER, all, none?"""
    # --- querying
    cap: int = 1000
    """What is the largest page, whatever `count` asks for?"""
    next_keeps: Literal["everything", "not_count", "not_filter"] = "everything"
    """Does `$next` keep all parameters, all but `count`, or all but `where` and `orderBy`?"""
    quote_escaping: Literal["doubled", "rejected"] = "doubled"
    """Is a quote within a literal of `where` written twice, or impossible?"""
    extra_params: Literal["ignored", "rejected"] = "ignored"
    """Are `select`, `startIndex`, `startRecord`, `offset` and the facet `$bulk` ignored or rejected?
    (With `ignored`, `$bulk` is served as `$query`.)"""
    rate_limit: float = 0.0
    """How many requests a second before 429 with `Retry-After`? 0: no limit."""
    collation: Literal["binary", "case_insensitive", "numeric", "trailing_blanks"] = "binary"
    """How does the database order text: by code points; case folded; digit runs as numbers; trailing blanks ignored?
    (Ties fall back to code points.)"""
    # --- records
    updatim_in_query: Literal["absent", "present"] = "absent"
    """Does the standard `$query` facet show `UPDDATTIM`? (Where absent it cannot be filtered on.)"""
    updatim_zone: Literal["utc", "offset", "local"] = "utc"
    """Are update times spelled with `Z`, as local time with its offset, or as local time alone? (Then they are compared
    as such: an hour comes twice when summer time ends.)"""
    uuid: Literal["stable", "volatile", "absent"] = "stable"
    """Is `$uuid` the same at every read, new at every read, or not shown?"""
    etag: Literal["stable", "header_only", "volatile", "absent"] = "stable"
    """Is `$etag` the time of the last update, of lines too; of the header alone (then `UPDDATTIM` too); new at every
    read; not shown?"""
    actx_in_query: Literal["absent", "present"] = "absent"
    """Do rows of `$query` carry `$actxFolder`?"""
    language: Literal["ENG", "FRA"] = "ENG"
    """In which language are `$title` and `$description`?"""
    whitespace: Literal["compact", "spaced"] = "compact"
    """Is JSON written with blanks after commas and colons?"""
    member_order: Literal["fixed", "shuffled"] = "fixed"
    """Do members of a record keep their order between reads?"""
    numbers: Literal["plain", "respelled"] = "plain"
    """Is one number spelled alike at every read, or now `100`, now `1.00E+2`, now `100.00`?"""
    gzip: Literal["off", "on"] = "off"
    """Are answers compressed for a client that accepts gzip?"""

    refusing: ClassVar[dict[str, tuple[Position, ...]]] = {
        "grant": ("refused",),
        "token_auth": ("form", "basic"),
        "basic_auth": ("refused",),
        "details_facet": ("refused_400", "refused_403", "refused_500"),
    }
    """Positions that refuse something a well-behaved reader may ask for: tokens, one way of client authentication,
    Basic, `$details`. Under every other position such a reader can read everything."""

    def __setattr__(self, name: str, value: object) -> None:
        positions = _POSITIONS.get(name)
        if positions is not None and value not in positions:
            raise ValueError(f"switch {name!r} has no position {value!r}: use one of {', '.join(map(repr, positions))}")
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if name in _NUMBERS and (not number or (cast("float", value) < 0 and name != "clock_skew")):
            raise ValueError(f"switch {name!r} is a number of at least 0, not {value!r}")
        if name == "cap" and (not isinstance(value, int) or value < 1):
            raise ValueError(f"switch 'cap' is a whole number of at least 1, not {value!r}")
        object.__setattr__(self, name, value)

    @classmethod
    def positions(cls) -> dict[str, tuple[Position, ...]]:
        """Return every position of every enumerable switch by name, default first. All of them touch reading."""
        return dict(_POSITIONS)

    def move(self, positions: dict[str, object]) -> None:
        """Set several switches, or none: raises `ValueError` for an unknown name or position."""
        trial = Switches(**self.shown())  # type: ignore[arg-type]
        for name, value in positions.items():
            if name not in _NAMES:
                raise ValueError(f"no switch is called {name!r}: there are {', '.join(_NAMES)}")
            setattr(trial, name, value)
        for name in positions:
            setattr(self, name, getattr(trial, name))

    def shown(self) -> dict[str, Position | float]:
        """Return the present position of every switch."""
        return {name: getattr(self, name) for name in _NAMES}


_HINTS = get_type_hints(Switches)
_POSITIONS: dict[str, tuple[Position, ...]] = {}
_NUMBERS = {name for name, hint in _HINTS.items() if hint in {int, float}}
_NAMES = tuple(field.name for field in fields(Switches))
_POSITIONS.update({name: get_args(_HINTS[name]) for name in _NAMES if get_origin(_HINTS[name]) is Literal})
