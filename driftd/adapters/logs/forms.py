"""The forms in which a secret could turn up in a text."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import quote, quote_plus

BASE64: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=")


class Form(NamedTuple):
    """A text to look for; where it is `core`, only the middle of a base64 text that holds the secret."""

    text: str
    core: bool


def forms(secret: str) -> frozenset[Form]:
    """Return a secret as it is, as URLs encode it, as Python and JSON escape it once or twice, and within base64.

    Twice, because an exception often quotes what was a text of JSON already.
    """
    encoded = {secret, *_in_urls(secret)}
    once = {each for text in encoded for each in _escaped(text)}
    twice = {each for text in once for each in _escaped(text)}
    cores = {core for each in encoded for core in _cores(each.encode("utf-8", "surrogatepass"))}
    return frozenset({Form(each, core=False) for each in twice} | {Form(each, core=True) for each in cores})


def _escaped(text: str) -> Iterator[str]:
    """Yield a text with and without each kind of escapes; Python escapes a quote only if the text holds both."""
    yield text
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    for form in (repr, ascii):
        quoted = form(f"{text}'\"")[1:-4]
        yield quoted
        yield quoted.replace("\\'", "'")
    yield repr(text.encode("utf-8", "surrogatepass"))[2:-1]


def _in_urls(secret: str) -> Iterator[str]:
    yield quote(secret, "", errors="surrogatepass")
    yield quote(secret, errors="surrogatepass")
    yield quote_plus(secret, errors="surrogatepass")


def _cores(secret: bytes) -> Iterator[str]:
    """Yield what base64 makes of `secret` alone, behind 0, 1 or 2 bytes of something else.

    A character holds six bits, so those at the ends also depend on the neighbours and are left off.
    """
    for before in range(3):
        begin, end = -(-8 * before // 6), 8 * (before + len(secret)) // 6
        padded = bytes(before) + secret
        yield b64encode(padded)[begin:end].decode()
        yield urlsafe_b64encode(padded)[begin:end].decode()
