"""Spellings in which a secret may come into a text."""

import base64
import json
import urllib.parse
from collections.abc import Callable

# None of these stands in what a line always has, nor in what replaces a secret, so that finding one means a leak.
MARKS = "ΩЖßz9Q%&/+= \"'\\\n\x1b😀@:"


def b64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()


def quoted(text: str) -> str:
    return urllib.parse.quote(text, errors="surrogatepass")


WAYS: dict[str, Callable[[str], str]] = {
    "as it is": lambda secret: secret,
    "URL-encoded": quoted,
    "URL-encoded, in small letters": lambda secret: "".join(
        f"%{each:02x}" for each in secret.encode("utf-8", "surrogatepass")
    ),
    "of a form": lambda secret: urllib.parse.quote_plus(secret, errors="surrogatepass"),
    "by repr": lambda secret: repr({"a": secret}),
    "by JSON": lambda secret: json.dumps({"a": secret}),
    "Basic": lambda secret: f"Basic {b64(f'client:{secret}')}",
    "Basic, by RFC 6749": lambda secret: f"Basic {b64(f'cl:{quoted(secret)}')}",
    "base64 behind one": lambda secret: b64(f"a{secret}bc"),
    "base64 of URLs": lambda secret: base64.urlsafe_b64encode(f"ab{secret}c".encode("utf-8", "surrogatepass")).decode(),
}
