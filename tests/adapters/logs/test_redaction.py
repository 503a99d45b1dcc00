"""A secret that is known, or that looks like one, is in no line."""

import json
import urllib.parse
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from driftd.adapters.logs import Redaction
from driftd.core.secret import Secret
from driftd.ports import Log
from tests.adapters.logs.reading import Written
from tests.adapters.logs.spellings import MARKS, WAYS, b64

SECRETS = st.text(MARKS, min_size=4, max_size=12)
CLEAN = st.text("abcdefgh .,", max_size=8)


def leaks(line: dict[str, Any], needle: str) -> bool:
    """Say whether any text of the line holds the needle, read back or as escaped."""
    told = json.dumps(list(line.values()), ensure_ascii=False), "\0".join(_texts(line))
    return any(needle in each for each in told)


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in (*value, *value.values()) for text in _texts(each)]
    return [text for each in value for text in _texts(each)] if isinstance(value, list) else [str(value)]


def failing(message: str) -> None:
    try:
        int(f"{message}x")
    except ValueError as inner:
        raise ExceptionGroup(message, [KeyError(message)]) from inner


def raised(message: str) -> Exception:
    """Return an exception with its traceback, caused by another that quotes the message."""
    with pytest.raises(ExceptionGroup) as caught:
        failing(message)
    return caught.value


PLACES: dict[str, Callable[[Log, str], None]] = {
    "value": lambda log, text: log.info("said", fact=text),
    "bound": lambda log, text: log.bind(fact=text).warning("said"),
    "event": lambda log, text: log.debug(text),
    "nested": lambda log, text: log.info("said", fact=[{"a": (text, {text})}]),
    "member": lambda log, text: log.info("said", fact={text: {text: 1}}),
    "bytes": lambda log, text: log.info("said", fact=text.encode("utf-8", "surrogatepass")),
    "exception": lambda log, text: log.warning("said", fact=ValueError(text)),
    "traceback": lambda log, text: log.error("said", error=raised(text)),
}


@pytest.mark.parametrize("way", WAYS)
@given(st.sampled_from(["json", "logfmt"]), st.sampled_from(list(PLACES)), SECRETS, CLEAN, CLEAN)
def test_a_planted_secret_is_in_no_line(way: str, form: str, place: str, secret: str, before: str, after: str) -> None:
    """However it is encoded, and wherever it stands."""
    hidden = WAYS[way](secret)
    here = Written(form, redaction=Redaction([Secret(secret)]))
    PLACES[place](here.log, f"{before}{hidden}{after}")
    line = here.only()
    assert "<secret>" in str(line)
    assert not leaks(line, secret)
    assert not leaks(line, hidden)


@given(st.text(min_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_whatever_the_secret_and_around_it(secret: str, around: list[str]) -> None:
    """No text makes a known secret show, but for one that the replacement itself spells."""
    assume(not set(secret) & set("<secret>…"))
    clean = Redaction([secret]).text(secret.join(around) + secret)
    assert secret not in clean


def test_half_a_character_is_no_obstacle() -> None:
    """A file or variable that is not UTF-8 may still hold a secret."""
    assert Redaction(["abc\udc80\ud800"]).text("x abc\udc80\ud800 y") == "x <secret> y"


def test_httpx_encodes_in_its_own_way() -> None:
    """A word that holds a secret under any URL encoding goes whole."""
    secret = "p&ss wörd/(1)"
    url = str(httpx.URL("https://h/", params={"x": secret, "y": "1"}))
    assert secret not in urllib.parse.unquote_plus(Redaction([secret]).text(f"GET {url} failed"))


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("Authorization: Basic YWJjOmRlZg==", "Authorization: <secret>"),
        ('authorization: Digest username="u", response="abc"\nHost: h', "authorization: <secret>\nHost: h"),
        ("{'Authorization': 'Bearer abc.def', 'Host': 'h'}", "{'Authorization': <secret>, 'Host': 'h'}"),
        ("[(b'authorization', b'Basic abc'), (b'host', b'h')]", "[(b'authorization', b<secret>), (b'host', b'h')]"),
        ("sent Bearer abc.def-ghi to it", "sent Bearer <secret> to it"),
        ("jwt eyJhbGciOiJI.eyJpc3MiOiJk.IOO0-Sgf_12 ends", "jwt <secret> ends"),
        ('{"jwt":"eyJhbGciOiJI.eyJpc3MiOiJk.IOO0-Sgf"}', '{"jwt":"<secret>"}'),
        ("heyJude.eyJude.eyJude said eyJ.eyJ.", "heyJude.eyJude.eyJude said eyJ.eyJ."),
        ("grant_type=x&client_secret=ab%2Fc&scope=y", "grant_type=x&client_secret=<secret>&scope=y"),
        ('{"access_token": "abc, def", "type": "x"}', '{"access_token": "<secret>", "type": "x"}'),
        ("refresh_token = 'abc'", "refresh_token = '<secret>'"),
        ("https://user:p@ss@host:80/a?b=c", "https://user:<secret>@host:80/a?b=c"),
        ("https://host:80/a?b=c@d", "https://host:80/a?b=c@d"),
        ("connections[0].auth.client_secret: is missing", "connections[0].auth.client_secret: is missing"),
        ("the token expired", "the token expired"),
    ],
)
def test_what_looks_like_a_secret_goes(said: str, left: str) -> None:
    """Shapes that carry secrets are emptied; what only speaks of them stays."""
    assert Redaction().text(said) == left


def test_a_fact_that_is_named_a_secret_is_not_shown() -> None:
    """Its name tells, at any depth; what only counts or dates secrets is shown."""
    here = Written()
    here.log.info(
        "said", password="abc", new=[{"Set-Cookie": "x", "api_key": ["y"]}], token_refreshes="3", secret_of="c"
    )
    read = here.only()
    assert read["password"] == "<secret>"
    assert read["new"] == [{"Set-Cookie": "<secret>", "api_key": ["<secret>"]}]
    assert (read["token_refreshes"], read["secret_of"]) == ("3", "c")


def test_a_number_that_is_a_secret_is_not_shown() -> None:
    """A pin of digits stays secret as a number."""
    assert Redaction(["123456"]).value([123456, 1234567, True]) == ["<secret>", 1234567, True]


def test_a_secret_learnt_twice_is_forgotten_at_the_second_time() -> None:
    """Two connections may share a secret; a token is forgotten when the last has let go."""
    redaction = Redaction(["abcdef"])
    redaction.learn(Secret("abcdef"))
    redaction.forget("abcdef")
    assert redaction.text("x abcdef") == "x <secret>"
    redaction.forget(Secret("abcdef"))
    redaction.forget("abcdef")
    assert redaction.text("x abcdef") == "x abcdef"


def test_a_base64_text_goes_whole() -> None:
    """The characters at its ends hold bits of the secret too."""
    assert Redaction(["s3cr3tword"]).text(f"Basic {b64('client:s3cr3tword')}, again") == "Basic <secret>, again"


def test_a_text_that_is_quoted_twice() -> None:
    """As where a message quotes a message that quotes it."""
    secret = 'a"b\\c\n'
    assert Redaction([secret]).text(repr(json.dumps(secret))) == "'\"<secret>\"'"


def test_of_two_secrets_the_longer_goes_whole() -> None:
    """Nothing of a secret is left because a shorter one begins it."""
    assert Redaction(["abcd", "abcdefgh"]).text("abcdefgh abcd") == "<secret> <secret>"


def test_three_characters_are_not_looked_for() -> None:
    """They would be found in every word."""
    assert Redaction(["abc", ""]).text("abc abc") == "abc abc"


@pytest.mark.parametrize("at", range(16_380, 16_386))
def test_no_part_of_a_secret_is_left_at_the_cut(at: int) -> None:
    """A text is cut after its secrets are gone."""
    secret = "0123456789" * 5
    clean = Redaction([secret]).text("." * at + secret + "." * 100_000)
    assert not set(clean) & set("0123456789")
    many = Redaction([secret]).text((secret + ".") * 2_000)
    assert not set(many) & set("0123456789")


def test_learning_is_seen_by_a_log_already_made() -> None:
    """A token that comes later is hidden from then on."""
    redaction = Redaction()
    here = Written(redaction=redaction)
    redaction.learn("newtoken")
    here.log.info("said", url="/a?newtoken")
    assert here.only()["url"] == "/a?<secret>"
