"""Answers that are no records shown without what they may hold: error pages, messages, broken JSON. Pure.

Only words that errors, login pages and OAuth are made of are kept; every other word is masked, letter by letter.
"""

import re
from typing import Final

LONGEST: Final = 8 << 10
"""Characters of a text that are kept."""
_WORDS: Final = re.compile(r"[^\W_]+")
_TEXT: Final = """
a accepted access account accès action administrator again allowed an and api api1 application are asked associate at
auth authentication authorised authorization authorized autorisé autorisée bad basic be bearer been before body br
button can cannot champ change charset class classe client code connection connexion content could create credentials
declined denied description details disabled div doctype does dossier droit droits edit en endpoint enregistrement
entity erp erreur error errors est exception exist existe expected expired expiré expression facet facette failed
failure false fatal fiche field fields folder forbidden form found fr future gateway get grant granted h1 h2 h3 has
head header html http https iat id img in inactive inconnu inconnue inexistant inexistante info information input
insuffisant insuffisants interdit interdite internal introuvable invalid invalide is issued it jeton json key la label
lang le les li licence license limit link locked log login logon maintenance malformed mandatory manquant many message
meta method mismatch missing module mot moved must n name nav ne no not null obligatoire of on or p pairing parameter
parameters pas passe password pending permission permitted please post pre progress property propriété query rate read
record refused refusé refusée registered representation représentation request requested requests required resource
response ressource right rights role sage scope script secret server service session severity sign span src state
status style such syracuse system table td temporarily text the this timeout title to token too tr true try type ul
unable unauthorised unauthorized unavailable unknown unsupported url user username utf utilisateur valid value values
web where with write wrong x3 xmlns yes you your
"""
_KNOWN: Final = frozenset(_TEXT.split())
_MEMBER: Final = re.compile(r'\s*"\s*:')


def mask(text: str) -> str:
    """Return a text with every word masked that is not one of an error; punctuation and length stay.

    Names of JSON members stay too, and the number of a diagnosis at the beginning (``721 : …``), or of a status.
    """
    return _WORDS.sub(_masked, text[:LONGEST])


def _masked(found: re.Match[str]) -> str:
    word, text = found[0], found.string
    if word.lower() in _KNOWN or _MEMBER.match(text, found.end()) or (word.isdecimal() and _is_code(found)):
        return word
    return re.sub(r"[^\W\d_]", "x", re.sub(r"\d", "9", word))


def _is_code(found: re.Match[str]) -> bool:
    """Tell whether digits are the number of a diagnosis or an error: ``721 : …``, ``Error 21: …``, or a status."""
    before, after = found.string[: found.start()], found.string[found.end() :]
    leads = not before.strip() or before.lower().endswith("error ")
    return len(found[0]) <= 4 and leads and re.match(r"\s*(?::|$)", after) is not None
