"""What is asked of a connection that is added: all that it needs, judged by the readers of the file."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftd.config import SECRETS, read_stored, shape
from driftd.config.questions import (
    GENERAL,
    NAME,
    TYPE,
    WAYS,
    Table,
    answer_of,
    answered,
    doubts,
    faults,
    kin,
    suggestion,
    with_answer,
)
from tests.config.written import CONNECTED_APP, TENANT, read

SHAPES: dict[str, type[shape.Table]] = {
    "client_credentials": shape.Credentials,
    "basic": shape.BasicLogin,
    "connected_app": shape.ConnectedApp,
    "pairing": shape.Pairing,
}
KEYS = [each.key for each in GENERAL] + sorted({each.key for way in WAYS.values() for each in way})
ANSWERS = {
    "name": "bow",
    "base_url": "https://x3.bow.example",
    "folder": "BOW",
    "auth.token_url": "https://x3.bow.example/auth/token",
    "auth.client_id": "us",
    "auth.scope": "x3.read",
    "auth.username": "we",
    "auth.audience": "https://x3.bow.example:8124/xtrem/api",
    "auth.token_life": "10m",
    "auth.pair": "customer-17",
    "auth.secret_expires": "2027-03-31",
    "environment": "test",
    "customer": "Bow & Sons",
}


def test_every_way_in_that_is_read_is_offered() -> None:
    """A further one joins the questions, or this fails."""
    offered = faults(read(""), {"auth": {"type": "cookie"}}, [TYPE.key])[0].message
    assert all(f'"{each}"' in offered for each in TYPE.choices)
    assert offered.count('"') == 2 * len(TYPE.choices) + 2
    assert set(TYPE.choices) == set(WAYS) == set(SHAPES)


@pytest.mark.parametrize("way", WAYS)
def test_all_that_a_way_in_needs_is_asked_but_its_secret(way: str) -> None:
    """So answered, it is read, and its secret is driftd's to keep."""
    asked = {each.key.removeprefix("auth.") for each in WAYS[way]}
    assert set(SHAPES[way].__struct_fields__) - {*SECRETS, "type"} == asked
    table: Table = with_answer({}, TYPE.key, way)
    for question in (*GENERAL, *WAYS[way]):
        if question is not TYPE:
            table = with_answer(table, question.key, ANSWERS[question.key])
    read_back = read_stored(read(""), table)
    assert read_back.auth.secret.field in SECRETS
    assert (read_back.name, read_back.environment, read_back.customer) == ("bow", "test", "Bow & Sons")


@pytest.mark.parametrize("way", WAYS)
def test_what_is_suggested_is_an_answer(way: str) -> None:
    table = {"name": "al-d.gate_2", "base_url": "https://x3.example", "auth": {"type": way}}
    for question in (*GENERAL, *WAYS[way]):
        likely = suggestion(question.key, table, None)
        assert not likely or not faults(read(""), with_answer(table, question.key, likely), [question.key])


@pytest.mark.parametrize("text", [TENANT, CONNECTED_APP])
def test_of_another_folder_at_the_same_address_the_same_is_suggested(text: str) -> None:
    """But its folder, which is another, and its environment, which is said anew."""
    config = read(text)
    (like,) = config.connections
    table = with_answer({"name": "bow"}, "base_url", like.base_url + "/")
    assert kin(config, table) == like
    assert kin(config, {"base_url": "https://elsewhere.example"}) is None
    assert suggestion("auth.client_id", table, like) == getattr(like.auth, "client_id", "")
    assert suggestion(TYPE.key, table, like) in WAYS
    assert suggestion("folder", table, like) == "BOW"
    own = with_answer(table, "folder", like.folder)
    assert "polls that folder at this address already" in doubts(config, own, "folder")


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(KEYS), st.text(max_size=2)), max_size=6))
def test_the_last_answer_to_a_question_is_the_one_that_stands(answers: list[tuple[str, str]]) -> None:
    """None that is empty takes one away, and no table is changed that somebody has."""
    table: Table = {}
    for key, answer in answers:
        before = repr(table)
        after = with_answer(table, key, answer)
        assert repr(table) == before
        assert answer_of(after, key) == (answer or answer_of(table, key))
        table = after
    assert set(answered(table)) == {key for key, answer in answers if answer}


@given(st.sampled_from(KEYS), st.text(max_size=300))
def test_whatever_is_answered_is_judged_in_the_words_of_the_file(key: str, answer: str) -> None:
    """Of a setting alone, whatever else is missing yet; what is judged good is read."""
    way = "connected_app" if key in {"auth.audience", "auth.token_life"} else "client_credentials"
    table = with_answer(with_answer({}, TYPE.key, way), key, answer)
    wrong = faults(read(""), table, [key])
    assert all(each.path == key and each.message for each in wrong)
    whole: Table = with_answer({}, TYPE.key, way)
    for question in (*GENERAL, *WAYS[way]):
        if question is not TYPE:
            whole = with_answer(whole, question.key, ANSWERS[question.key])
    if answer and not wrong and key != TYPE.key and key in {each.key for each in (*GENERAL, *WAYS[way])}:
        assert not faults(read(""), with_answer(whole, key, answer), KEYS)


def test_a_secret_that_goes_to_another_host_is_doubted() -> None:
    table = with_answer({"base_url": "https://x3.bow.example:8124"}, "auth.token_url", "https://X3.BOW.example/t")
    assert doubts(read(""), table, "auth.token_url") == ""
    elsewhere = with_answer(table, "auth.token_url", "https://login.example/t")
    assert '"login.example"' in doubts(read(""), elsewhere, "auth.token_url")


@pytest.mark.parametrize(("url", "doubted"), [("http://x3.example", True), ("https://x3.example", False)])
def test_plain_http_by_name_is_doubted(url: str, doubted: bool) -> None:
    """To an address it is admitted by the configuration, or refused."""
    assert bool(doubts(read(""), {"base_url": url}, "base_url")) == doubted
    assert not doubts(read(""), {"base_url": "http://127.0.0.1"}, "base_url")


def test_a_name_is_asked_first() -> None:
    assert GENERAL[0] is NAME
