"""Seeded trials of what a log may show: a secret somewhere in a text, spelt somehow."""

from random import Random
from typing import Final

from driftd.adapters.logs import Redaction
from tests.adapters.logs.spellings import MARKS, WAYS

CLEAN: Final = "abcdefgh .,"
SHAPES: Final = (
    "Authorization: {}",
    "Bearer {}",
    "client_secret={}&scope=x",
    '{{"access_token": "{}", "type": "x"}}',
    "refresh_token = '{}'",
    "password={}",
    "https://user:{}@host/a",
)


def known(seed: int) -> str | None:
    """A secret that is known stands in a text in one of many spellings."""
    chance = Random(f"{seed}/known")
    secret = "".join(chance.choices(MARKS, k=chance.randint(4, 12)))
    way = chance.choice(list(WAYS))
    hidden = WAYS[way](secret)
    before, after = ("".join(chance.choices(CLEAN, k=chance.randint(0, 8))) for _ in range(2))
    shown = Redaction([secret]).text(f"{before}{hidden}{after}")
    return f"a secret is shown, {way}" if secret in shown or hidden in shown else None


def shaped(seed: int) -> str | None:
    """A secret that nobody knows stands where secrets stand."""
    chance = Random(f"{seed}/shaped")
    secret, shape = f"q{chance.randbytes(9).hex()}", chance.choice(SHAPES)
    shown = Redaction().text(f"sent {shape.format(secret)}")
    return f"what looks like a secret is shown: {shape.partition('{')[0].strip() or shape}" if secret in shown else None
