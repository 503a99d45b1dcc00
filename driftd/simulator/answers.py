"""What an answer is before it is sent: status, headers, body, and how it is delivered."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from driftd.simulator.json_values import PLAIN, Record, Spelling, encode

JSON = "application/json"
HTML = "text/html; charset=utf-8"
LOGIN_PAGE = b"""<!DOCTYPE html><html><head><title>Sage X3 - Login</title></head>
<body><form action="/auth/login/page" method="post"><input name="login"><input name="password" type="password"></form>
</body></html>"""


@dataclass(frozen=True, slots=True)
class Page:
    """The envelope of a `$query` answer, still in parts."""

    items_per_page: int
    parts: list[bytes]
    """Rows as JSON."""
    links: dict[str, str]
    """URL by `$first`, `$prev`, `$next`, `$last`."""
    spelling: Spelling = PLAIN
    """The blanks between members."""
    resources: bool = True
    """False leaves `$resources` out."""

    def encode(self) -> bytes:
        """Write the envelope."""
        comma, colon = self.spelling.comma.encode(), self.spelling.colon.encode()
        links: Record = {name: {"$url": url, "$type": JSON, "$method": "GET"} for name, url in self.links.items()}
        opening = b'{"$itemsPerPage"%s%d%s' % (colon, self.items_per_page, comma)
        closing = b'"$links"%s%s}' % (colon, encode(links, self.spelling))
        if not self.resources:
            return opening + closing
        rows = list(self.parts) or [b""]
        rows[0] = b'%s"$resources"%s[%s' % (opening, colon, rows[0])
        rows[-1] += b"]%s%s" % (comma, closing)
        return comma.join(rows)  # a page is large: copied once


@dataclass(frozen=True, slots=True)
class Stream:
    """A body made while it is sent, of known length."""

    length: int
    chunks: Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, and how it is delivered."""

    status: int = 200
    body: bytes | Page | Stream = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds before the first byte."""
    hang: bool = False
    """Never answer; wait until the client goes away."""
    drip: tuple[int, float] | None = None
    """Bytes of the body at a time, and seconds between."""
    truncate: int | None = None
    """Send this many bytes of the body, then close."""
    close: bool = False
    """Close the connection after the answer."""
    date_skew: float = 0.0
    """Seconds added to the `Date` header."""
    raw: bytes | None = None
    """Bytes for the socket in place of an HTTP answer; then close."""


def diagnoses(status: int, message: str, severity: str = "error") -> Answer:
    """Return a `$diagnoses` answer."""
    return Answer(status, encode({"$diagnoses": [{"$severity": severity, "$message": message}]}))


def html(status: int, title: str) -> Answer:
    """Return an HTML error page."""
    page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Answer(status, page.encode(), HTML)


def json_answer(value: Record, status: int = 200) -> Answer:
    """Return a JSON answer."""
    return Answer(status, encode(value))
