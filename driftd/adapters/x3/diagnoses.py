"""What a tenant says went wrong: ``$diagnoses``, gateway messages, error pages; and the reason behind the words.

Texts are language-dependent with an optional leading number (``721 : Record does not exist``); numbers and severities
are trusted first, words in English and French second, the status last. A text may hold record values, so none is shown.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
import orjson

from driftd.adapters.x3.answer import Answer
from driftd.errors import Reason

NO_RECORD: Final = 721
"""X3's number of "Record does not exist" (public code after Sage's page on reading)."""
_SEVERE: Final = frozenset({"error", "fatal", "exception"})
LOOKED_AT: Final = 16 << 10
"""Bytes of a page, and characters of a message, that are judged."""
WHOLE: Final = 256 << 10
"""Bytes of diagnoses, or of a message, that are decoded; of longer ones the beginning is judged as it stands."""
MOST: Final = 50
"""Diagnoses of one answer that are judged; X3 gives one a record written, and driftd writes none."""
_DEEP: Final = (list, dict)
_NO_JSON: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_TAGS: Final = re.compile(
    rb"<(script|style)\b(?:(?!<\1\b).)*?</\1\s*>|<[^<>]*>", re.DOTALL | re.IGNORECASE
)  # stops where another one begins: each byte is looked at a few times, whatever is in the page


class Diagnosis(NamedTuple):
    """One thing a tenant says. ``text`` is for judging, never for showing."""

    severe: bool
    number: int | None
    text: str


_NONE: Final = msgspec.Raw(b"")


class _Body(msgspec.Struct):
    """What an answer may say something in; everything else in it is passed over."""

    diagnoses: msgspec.Raw = msgspec.field(name="$diagnoses", default=_NONE)
    error: msgspec.Raw = _NONE
    error_description: msgspec.Raw = _NONE
    message: msgspec.Raw = _NONE
    shown: msgspec.Raw = msgspec.field(name="$message", default=_NONE)


_body: Final = msgspec.json.Decoder(_Body).decode
_any: Final = msgspec.json.Decoder(msgspec.Raw).decode


def read(answer: Answer) -> Sequence[Diagnosis]:
    """Return what the body of an answer says, in any of its known shapes; nothing where it says nothing.

    Of a body that is large only what says something is decoded, and of that no more than `WHOLE`.
    """
    if answer.is_html:
        return [_diagnosis("error", _TAGS.sub(b" ", answer.body[:LOOKED_AT]).decode("utf-8", "replace"))]
    body = answer.body.removeprefix(b"\xef\xbb\xbf")
    try:
        found = _body(body)
    except _NO_JSON:
        return [] if _is_json(body) else [_said(body)]
    listed = bytes(found.diagnoses)
    if listed[:1] in (b"[", b"{"):
        return _listed(listed)
    members = map(bytes, (found.error, found.error_description, found.message, found.shown))
    told = [_string(each) for each in members if each[:1] == b'"']
    return [_diagnosis("error", " ".join(told))] if told else []


def _is_json(body: bytes) -> bool:
    try:
        _any(body)
    except _NO_JSON:
        return False
    return True


def _said(text: bytes) -> Diagnosis:
    """Return what is not taken apart as one thing said: its beginning."""
    return _diagnosis("error", text[:LOOKED_AT].decode("utf-8", "replace"))


def _listed(diagnoses: bytes) -> Sequence[Diagnosis]:
    """Return the diagnoses of a ``$diagnoses`` array, or of the one object in its place."""
    if len(diagnoses) > WHOLE:
        return [_said(diagnoses)]
    try:
        found = orjson.loads(diagnoses)
    except orjson.JSONDecodeError:
        return [_said(diagnoses)]
    rows = [row for row in (found if isinstance(found, list) else [found])[:MOST] if isinstance(row, dict)]
    return [_diagnosis(_text(row.get("$severity", "error")), _text(row.get("$message", ""))) for row in rows]


def _string(text: bytes) -> str:
    """Decode the beginning of a JSON text."""
    try:
        return str(orjson.loads(text[:WHOLE]))[:LOOKED_AT]
    except orjson.JSONDecodeError:
        return text[1:LOOKED_AT].decode("utf-8", "replace")


def _text(value: object) -> str:
    """Return a value as text; of lists and tables, which nest as deep as a tenant likes, nothing."""
    return "" if isinstance(value, _DEEP) else str(value)[:LOOKED_AT]


def _diagnosis(severity: str, message: str) -> Diagnosis:
    text = " ".join(message[:LOOKED_AT].split())
    number = re.match(r"([0-9]{1,6})\s*:", text)
    return Diagnosis(severity.lower() in _SEVERE, int(number[1]) if number else None, text.lower())


_ABSENT: Final = re.compile(
    r"unknown|not found|no such|not exist|not of|does not belong|does not match|is not |mismatch|wrong"
    r"|missing|invalid|mandatory|inconnue?|introuvable|inexistante?|n'existe pas|invalide|obligatoire|erronée?"
)


class _Told:
    """A text that names one of `things`, and a word that says it is not there.

    Sought one after the other: a pattern of both would try each pair of places, which takes a hostile text of 90 kB
    half a minute (measured).
    """

    def __init__(self, *things: str) -> None:
        self._thing = re.compile(rf"\b(?:{'|'.join(things)})\b")

    def search(self, text: str) -> bool:
        return self._thing.search(text) is not None and _ABSENT.search(text) is not None


_NO_RECORD: Final = re.compile(
    r"\brecord (?:does not exist|not found)|\b(?:enregistrement|fiche) (?:inexistante?|introuvable|n'existe pas)"
)
_RULES: Final = (
    (
        re.compile(
            r"not (?:allowed|authori[sz]ed|permitted|granted)|forbidden|(?:access|permission) denied"
            r"|no (?:access|right|permission)|non autorisée?|interdite?|accès refusé|droits? insuffisant",
        ),
        Reason.FORBIDDEN,
    ),
    (_Told("endpoints?", "folders?", "dossiers?", "datasets?"), Reason.FOLDER_NOT_FOUND),
    (
        _Told(
            "class(?:es)?", "representations?", "resources?", "facets?", "property", "properties", "fields?", "entity",
            "classes?", "représentations?", "ressources?", "facettes?", "propriétés?", "champs?",
        ),
        Reason.RESOURCE_NOT_FOUND,
    ),
)  # fmt: skip


def says_no_record(diagnoses: Sequence[Diagnosis]) -> bool:
    """Tell whether the tenant says that the record does not exist: by number 721, or else in words."""
    severe = [each for each in diagnoses if each.severe]
    return any(each.number == NO_RECORD or (each.number is None and _NO_RECORD.search(each.text)) for each in severe)


def reason_of(diagnoses: Sequence[Diagnosis]) -> Reason | None:
    """Return the reason that severe diagnoses give in words; None where no rule knows them."""
    for pattern, reason in _RULES:
        if any(each.severe and pattern.search(each.text) for each in diagnoses):
            return reason
    return None


def numbers(diagnoses: Sequence[Diagnosis]) -> str:
    """Return the leading numbers of severe diagnoses for a message: ``, diagnosis 721``."""
    found = sorted({each.number for each in diagnoses if each.severe and each.number is not None})
    return f", diagnosis {', '.join(map(str, found))}" if found else ""
