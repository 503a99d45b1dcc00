"""A pair is one thing, however many connections share it: where it is kept, and what must not differ."""

from pathlib import Path

import pytest

from driftd.app.safekeeping import wanted
from driftd.config import Config, Pairing, SecretRef, plan
from driftd.config.parse import parse
from driftd.errors import ConfigError

VAULT = '[vault]\nkey_file = "key"\n'


def connection(name: str, **auth: str) -> str:
    known = {"type": "pairing", "token_url": "https://api.example/v1/token", "client_id": "driftd"} | auth
    lines = "".join(f'{key} = "{value}"\n' for key, value in known.items())
    return (
        f'[[connections]]\nname = "{name}"\nbase_url = "https://x3.example"\nfolder = "F{name}"\n'
        f'[connections.auth]\n{lines}client_secret = {{ env = "APPLICATION" }}\n'
    )


def read(text: str) -> Config:
    return parse(VAULT + text, folder=Path("/etc/driftd"))


def test_the_refresh_token_is_kept_under_the_name_of_its_pair() -> None:
    """Which is the connection's own where it names none; each secret of a shared pair is kept once."""
    config = read(connection("a") + connection("b", pair="customer-17") + connection("c", pair="customer-17"))
    assert [each.kept_as for each in config.connections] == ["a", "customer-17", "customer-17"]
    assert wanted(config) == [("a", "refresh_token"), ("customer-17", "refresh_token")]
    auth = config.connections[0].auth
    assert isinstance(auth, Pairing)
    assert auth.client_secret == SecretRef("connections[0].auth.client_secret", env="APPLICATION")
    text = connection("a", pair="customer-17").replace('client_secret = { env = "APPLICATION" }\n', "")
    assert wanted(read(text)) == [("customer-17", "refresh_token"), ("customer-17", "client_secret")]


def test_who_share_a_pair_have_one_gateway_and_one_client() -> None:
    """Each difference is told with its path; other pairs may differ."""
    other = {"token_url": "https://other.example/v1/token", "client_id": "other"}
    read(connection("a") + connection("b", **other))
    with pytest.raises(ConfigError) as error:
        read(connection("a") + connection("b", pair="a", **other) + connection("c", pair="a"))
    assert {each.path: each.message for each in error.value.mistakes} == {
        "connections[1].auth.token_url": '"https://other.example/v1/token" is not that of "a", which shares the pair'
        ' "a": "https://api.example/v1/token": give both the same, or each its own pair',
        "connections[1].auth.client_id": '"other" is not that of "a", which shares the pair "a": "driftd":'
        " give both the same, or each its own pair",
    }


def test_a_pair_is_renewed_every_four_minutes() -> None:
    (priced,) = plan(read(connection("a"))).connections
    assert priced.tokens.requests == 360


def test_where_it_stands_in_the_file_does_not_count() -> None:
    """So that a reload leaves a pair alone whose connection has only moved."""
    first, second = (read(text).connections for text in (connection("a"), connection("b") + connection("a")))
    assert first[0].unplaced == second[1].unplaced
