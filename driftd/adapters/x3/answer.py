"""One HTTP answer, as far as it is judged, and what reading it cost."""

import re
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final

from driftd.errors import Reason, SourceError

LONGEST_WAIT: Final = 3600.0
"""Seconds to which ``Retry-After`` is capped."""
BEGINNING: Final = 64 << 10
"""Bytes of a refusal's body by which it is judged."""

CERTIFICATE_WANTED: Final = (
    "it asks for a client certificate that it trusts",
    "give client_cert_file and client_key_file with what the customer's X3 administrator issued",
)
"""What a server means that lets in nobody without one, and the next step."""
_CERTIFICATE: Final = re.compile(rb"(?:ssl|client) certificate", re.IGNORECASE)
_DECLARED: Final = {
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
}
"""Encodings of one byte a character that a content type may declare; without a word JSON is UTF-8 (RFC 8259 §8.1)."""


RECODED: Final = 16 << 20
"""Bytes of a body of another encoding: each may become three, all in one step."""


def in_utf8(body: bytes, content_type: str, whose: str) -> bytes:
    """Return a body in UTF-8, where its type declares one of the encodings that servers of Windows still use.

    Raises `SourceError` with ``payload_too_large`` for one that is too long to be encoded anew.
    """
    parameters = (each.partition("=") for each in content_type.lower().split(";")[1:])
    charset = next((value.strip(' "') for name, _, value in parameters if name.strip() == "charset"), "")
    if charset not in _DECLARED or body.isascii():
        return body
    if len(body) > RECODED:
        raise SourceError(
            Reason.PAYLOAD_TOO_LARGE,
            f"{whose} holds more than {RECODED} bytes in {_DECLARED[charset]}",
            hint="lower page_size, or ask the customer's X3 administrator to have answers sent in UTF-8",
        )
    try:
        return body.decode(_DECLARED[charset]).encode()
    except UnicodeDecodeError:
        return body  # is none of it: what it holds is refused as any other


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, the headers that matter, and the whole inflated body."""

    status: int
    body: bytes = field(repr=False)
    content_type: str = ""
    location: str = field(default="", repr=False)
    retry_after: str = ""
    date: str = ""
    challenge: str = field(default="", repr=False)
    """``WWW-Authenticate``."""

    @property
    def is_json(self) -> bool:
        """Whether the content type says JSON (``application/json``, ``text/json``, ``…+json``)."""
        kind = self.content_type.partition(";")[0].strip().lower()
        return kind in {"application/json", "text/json"} or kind.endswith("+json")

    @property
    def is_html(self) -> bool:
        """Whether this is a page for people, by content type or first byte."""
        kind = self.content_type.partition(";")[0].strip().lower()
        return kind in {"text/html", "application/xhtml+xml"} or self.start == b"<"

    @property
    def wants_certificate(self) -> bool:
        """Whether a web server in front says that it got no client certificate, or none that it takes.

        nginx answers so with 400 (its own 495 and 496), IIS with 403.
        """
        return (
            self.status in {400, 403, 495, 496} and self.is_html and _CERTIFICATE.search(self.body[:4096]) is not None
        )

    @property
    def start(self) -> bytes:
        """First byte of the body behind byte order mark and white space."""
        return self.body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:1]

    def beginning(self) -> "Answer":
        """Return it with no more of its body than a refusal is judged by."""
        return replace(self, body=self.body[:BEGINNING])

    def wait(self, now: int) -> float | None:
        """Return the seconds that ``Retry-After`` asks for, 0 to 3,600, in either of its forms (RFC 9110 §10.2.3)."""
        return asked_wait(self.status, self.retry_after, now)

    def skew(self, now: int) -> float | None:
        """Return by how many seconds the tenant's clock is ahead of ours; None where it did not say."""
        moment = epoch_ms(self.date)
        return None if moment is None else (moment - now) / 1000


@dataclass(slots=True)
class Tally:
    """What one call cost so far."""

    requests: int = 0
    wire_bytes: int = 0
    """Header and body bytes received, before inflating."""


def asked_wait(status: int, retry_after: str, now: int) -> float | None:
    """Return the seconds that an answer 429 or 503 asks to wait at `now` (epoch ms); None where it does not."""
    if status not in {429, 503}:
        return None
    text = retry_after.strip()
    if text.isdecimal():
        return min(float(text[:9]), LONGEST_WAIT)
    moment = epoch_ms(text)
    return None if moment is None else min(max((moment - now) / 1000, 0.0), LONGEST_WAIT)


@lru_cache(256)  # the answers of a second have one date
def epoch_ms(text: str) -> int | None:
    """Return the moment that an HTTP date names; None for what is none."""
    try:
        return int(parsedate_to_datetime(text).timestamp() * 1000)
    except (TypeError, ValueError, OverflowError):
        return None
