"""Single values of another type than the key wants, and the edges of those of the right one."""

from datetime import date

import pytest
from msgspec.structs import asdict

from driftd.config import StoreConfig, parse, shape
from tests.config.written import TENANT, mistakes, read

RESOURCE = '[[connections.resources]]\nname = "SORDER"\n'
MANY_DIGITS = "0x" + "f" * 9000  # Python writes no number of that size in digits


@pytest.mark.parametrize("key", ["details_per_hour", "requests_per_day", "mass_delete_limit"])
@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("true", "must be a whole number, not true"),
        ("1.0", "must be a whole number, not 1.0"),
        ("nan", "must be a whole number, not nan"),
        ("inf", "must be a whole number, not inf"),
        ('"1"', 'must be a whole number, not "1"'),
        ("[1]", "must be a whole number, not [1]"),
        ("1e3", "must be a whole number, not 1000.0"),
        ("2027-03-31", "must be a whole number, not 2027-03-31"),
        ("9223372036854775808", "must be at most 9223372036854775807, not 9223372036854775808"),
        (MANY_DIGITS, "must be at most 9223372036854775807, not a number of too many digits"),
    ],
)
def test_a_whole_number_is_neither_a_switch_nor_a_fraction_nor_beyond_64_bits(key: str, value: str, says: str) -> None:
    assert mistakes(f"[defaults]\n{key} = {value}") == {f"defaults.{key}": says}


def test_the_largest_whole_number_is_one() -> None:
    assert read("[defaults]\nmass_delete_limit = 9223372036854775807").connections == ()


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("true", "must be a number, not true"),
        ('"0.5"', 'must be a number, not "0.5"'),
        ("nan", "must be above 0, not nan"),
        ("-inf", "must be above 0, not -inf"),
        ("-0.0", "must be above 0, not -0.0"),
        ("inf", "must be at most 1, not inf"),
        ("2", "must be at most 1, not 2"),
    ],
)
def test_a_share_is_a_finite_number_above_0_and_up_to_1(value: str, says: str) -> None:
    assert mistakes(f"[defaults]\nmass_delete_ratio = {value}") == {"defaults.mass_delete_ratio": says}


def test_a_whole_number_is_taken_where_a_fraction_is_wanted() -> None:
    (connection,) = read("[defaults]\nmass_delete_ratio = 1\n" + TENANT).connections
    ratio = connection.settings.mass_delete_ratio
    assert (ratio, type(ratio)) == (1.0, float)


@pytest.mark.parametrize("value", ["1", "0", "1.0", '"true"', "[]"])
def test_a_switch_is_true_or_false_only(value: str) -> None:
    found = mistakes(f"{TENANT}{RESOURCE}details = {value}")
    assert found == {"connections[0].resources[0].details": f"must be true or false, not {value}"}


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ('"2027-03-31"', 'must be a date such as 2027-03-31, without quotes, not "2027-03-31"'),
        ("2027-03-31T00:00:00", "must be a date such as 2027-03-31, without a time, not 2027-03-31 00:00:00"),
        ("2027-03-31T07:00:00Z", "must be a date such as 2027-03-31, without a time, not 2027-03-31 07:00:00+00:00"),
        ("07:00:00", "must be a date such as 2027-03-31, without quotes, not 07:00:00"),
        ("20270331", "must be a date such as 2027-03-31, without quotes, not 20270331"),
        ("true", "must be a date such as 2027-03-31, without quotes, not true"),
    ],
)
def test_a_date_is_neither_text_nor_a_moment(value: str, says: str) -> None:
    found = mistakes(TENANT + f"secret_expires = {value}")
    assert found == {"connections[0].auth.secret_expires": says}


def test_a_date_arrives_as_one() -> None:
    text = TENANT.replace("client_id", "secret_expires = 2027-03-31\nclient_id")
    assert read(text).connections[0].auth.secret_expires == date(2027, 3, 31)


def test_every_wrong_element_of_a_list_is_named_by_its_place() -> None:
    found = mistakes(TENANT + RESOURCE + 'key = ["SOHNUM", 1, "<b>", true]\nvolatile = [["A"]]')
    assert found == {
        "connections[0].resources[0].key[1]": 'must be a member\'s name such as "UPDDATTIM", not 1',
        "connections[0].resources[0].key[2]": 'must be a member\'s name such as "UPDDATTIM", not "<b>"',
        "connections[0].resources[0].key[3]": 'must be a member\'s name such as "UPDDATTIM", not true',
        "connections[0].resources[0].volatile[0]": "must be a member's name such as \"UPDDATTIM\", not ['A']",
    }


def test_every_wrong_value_of_a_table_within_a_table_is_named_by_its_key() -> None:
    found = mistakes(TENANT + RESOURCE + 'private = { A = "keep", B = "burn", C = 1 }\nreferences = "BPCUSTOMER"')
    assert found == {
        "connections[0].resources[0].private.B": 'must be one of "keep", "hash", "mask" or "drop", not "burn"',
        "connections[0].resources[0].private.C": 'must be one of "keep", "hash", "mask" or "drop", not 1',
        "connections[0].resources[0].references": 'must be a table in { }, not "BPCUSTOMER"',
    }


@pytest.mark.parametrize(("value", "right"), [("[]", 'a list such as ["BPCNUM"]'), ('"A"', "a list in [ ]")])
def test_a_key_is_a_list_that_names_a_member(value: str, right: str) -> None:
    found = mistakes(f"{TENANT}{RESOURCE}key = {value}")
    assert found == {"connections[0].resources[0].key": f"must be {right}, not {value}"}


def test_the_mistakes_of_one_table_stand_beside_each_other_in_the_order_of_its_keys() -> None:
    found = mistakes("[web]\nzzz = 1\nmax_series = 0\nlistne = 2\nallowed_hosts = [1]\nenable_reload = 1")
    assert list(found) == ["web.enable_reload", "web.allowed_hosts[0]", "web.max_series", "web.zzz", "web.listne"]


def test_missing_keys_are_named_beside_unknown_and_wrong_ones() -> None:
    found = mistakes("[[connections]]\nname = 1\nfoldr = 'F'\nauth = { type = 'basic' }")
    assert found.keys() == {
        "connections[0].name",
        "connections[0].base_url",
        "connections[0].folder",
        "connections[0].foldr",
        "connections[0].auth.username",
        "connections[0].auth.password",
    }


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (f'probe = "{"9" * 400}d"', 'must be at most "36500d"'),
        ('sweep = "36501d"', 'must be at most "36500d"'),
        (f'bytes_per_day = "{"9" * 400}TB"', "must be at most 9223372036854775807 bytes"),
        ("bytes_per_day = 9223372036854775808", "must be at most 9223372036854775807 bytes"),
        (f"probe = {MANY_DIGITS}", "not a number of too many digits"),
    ],
)
def test_a_duration_or_size_beyond_all_measure_is_refused_in_words(line: str, says: str) -> None:
    ((path, message),) = mistakes(f"[defaults]\n{line}").items()
    assert path == f"defaults.{line.split(maxsplit=1)[0]}"
    assert says in message


def test_a_number_too_long_to_be_read_is_no_crash() -> None:
    assert "holds a number that no setting takes" in mistakes("[web]\nmax_series = " + "9" * 5000)["driftd.toml"]


@pytest.mark.parametrize("value", ["3", "[]", "{}", "2027-03-31", MANY_DIGITS])
def test_a_way_to_authenticate_that_is_no_text_is_no_crash(value: str) -> None:
    found = mistakes(TENANT.replace("client_id", f"type = {value}\nclient_id"))
    assert list(found) == ["connections[0].auth.type"]


@pytest.mark.parametrize("secret", ['"hunter2"', '["hunter2"]', '{ env = "A", hunter2 = "hunter2" }'])
def test_a_secret_of_any_wrong_form_is_never_quoted(secret: str) -> None:
    basic = f'auth = {{ type = "basic", username = 1, password = {secret} }}'
    found = mistakes(f'[[connections]]\nname = "a"\nbase_url = "https://x3.example"\nfolder = "A"\n{basic}')
    assert list(found) == ["connections[0].auth.username", "connections[0].auth.password"]
    assert "hunter2" not in str(found)


def test_the_text_of_a_configuration_never_shows_a_database_password() -> None:
    config = parse("[store]\nurl = 'postgresql://driftd:hunter2@host/driftd'")
    assert "hunter2" in (config.store.url or "")
    for text in (repr(config), str(config.store), repr(config.store.__rich_repr__())):
        assert "hunter2" not in text
    assert repr(StoreConfig()).startswith("StoreConfig(retention=Retention(bodies=")


def test_what_is_configured_cannot_be_changed_afterwards() -> None:
    (connection,) = read(TENANT).connections
    with pytest.raises(AttributeError):
        connection.folder = "OTHER"  # type: ignore[misc]


def test_every_default_of_the_daemon_and_its_web_is_itself_a_good_value() -> None:
    text = ""
    for table in (shape.Daemon(), shape.Web()):
        given = {name: value for name, value in asdict(table).items() if value is not None}
        text += f"{table.place}\n" + "".join(f"{name} = {written(value)}\n" for name, value in given.items())
    config, standard = parse(text), parse("")
    assert (config.daemon, config.web) == (standard.daemon, standard.web)


def written(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case float():
            return f'"{value:g}s"'
        case str():
            return f'"{value}"'
        case _:
            return str(value)
