"""A pair from the command line, where no daemon runs: given once, then used and replaced by each command that reads."""

import io
import re
import sys

import pytest

from driftd.simulator import Tenant
from tests.cli.conftest import Driftd, Ran, Site
from tests.cli.test_vault import Given, bytes_of, deeds, looked, probe


@pytest.fixture
def paired(driftd: Driftd, site: Site) -> Site:
    """A site whose first tenant is reached by a pair, with a key for it."""
    tenant = site.farm["aldgate"]
    text = site.config.read_text().replace(tenant.token_path, tenant.pair_path, 1)
    text = text.replace("[connections.auth]", '[connections.auth]\ntype = "pairing"\npair = "customer-17"', 1)
    site.config.write_text(f'[vault]\nkey_file = "key"\n{text}')
    assert driftd("keys", "generate", "-c", site.config).code == 0
    return site


@pytest.fixture
def given(driftd: Driftd, paired: Site, monkeypatch: pytest.MonkeyPatch) -> Given:
    def call(secret: str, *more: str) -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(secret.encode())))
        return driftd("connections", "rotate", "aldgate", "-c", paired.config, "--secret-stdin", *more)

    return call


def tenant(site: Site) -> Tenant:
    return site.farm["aldgate"]


def check(driftd: Driftd, site: Site) -> Ran:
    return driftd("connections", "test", "aldgate", "-c", site.config)


def test_a_refresh_token_is_given_once(driftd: Driftd, paired: Site, given: Given) -> None:
    """Before it, each command says what to run; after it, each uses it and keeps its successor, sealed."""
    assert "driftd keeps none for it yet" in probe(driftd, paired).out
    assert (
        "auth.refresh_token: not stored yet: run `driftd connections rotate aldgate`"
        in driftd("check", "config", "-c", paired.config).err
    )
    pasted = tenant(paired).pair()
    ran = given(pasted + "\n", "--by", "jo", "--reason", "request 17")
    assert ran.out == 'the refresh_token of "customer-17" was taken by the gateway, and its successor is kept\n', (
        ran.err
    )
    first = tenant(paired).gateway.token
    tried = check(driftd, paired)
    assert (tried.code, "the access token of the pair is good for" in tried.out) == (0, True), tried
    assert probe(driftd, paired).code == 0
    assert tenant(paired).gateway.token not in {pasted, first}
    code, (row,) = looked(driftd, paired)
    assert (code, row["connection"], row["field"], row["condition"]) == (0, "customer-17", "refresh_token", "good")
    assert deeds(paired) == [("keep_secret", "refresh_token 1", "request 17")]
    kept = bytes_of(paired.config.parent)
    assert [each for each in (pasted, first, tenant(paired).gateway.token) if each.encode() in kept] == []


@pytest.mark.parametrize(
    ("switch", "says"),
    [
        ({"pairing": "disabled"}, "oauth_invalid_client: .* is disabled"),
        ({"pairing": "not_accepted"}, "oauth_error: .* has not been accepted"),
        ({"pairing": "not_found"}, "oauth_error: .* does not know the pairing"),
        ({"pairing": "expired"}, "oauth_error: .* the pairing has expired"),
    ],
)
def test_what_the_gateway_says_is_told_and_nothing_is_kept(
    driftd: Driftd, paired: Site, given: Given, switch: dict[str, object], says: str
) -> None:
    """With the next step; the same token is good once that is mended."""
    token = tenant(paired).pair()
    tenant(paired).switches.move(switch)
    ran = given(token)
    assert (ran.code, ran.out, bool(re.search(says, ran.err)), "next: " in ran.err) == (1, "", True, True), ran.err
    assert "; the refresh token was not kept" in ran.err
    assert looked(driftd, paired)[0] == 1
    tenant(paired).switches.move({"pairing": "accepted"})
    assert given(token).code == 0


def test_an_interruption_is_told_wherever_one_looks(driftd: Driftd, paired: Site, given: Given) -> None:
    """As `oauth_error`, with its time and what to do; a token that is given anew ends it."""
    assert given(tenant(paired).pair()).code == 0
    tenant(paired).down = True
    assert probe(driftd, paired).code == 1
    tenant(paired).down = False
    used = tenant(paired).gateway.token
    tenant(paired).gateway.give(0.0, 1e12, before=used)  # its answer was lost on the way
    ran = probe(driftd, paired)
    assert (ran.code, "the pairing was lost by an interruption at 20" in ran.out) == (1, True), ran.out
    assert "driftd connections rotate aldgate" in ran.out
    assert "lost by an interruption" in check(driftd, paired).out
    assert given(tenant(paired).pair()).code == 0
    assert probe(driftd, paired).code == 0


def test_which_secret_is_given_is_said(given: Given) -> None:
    """One that stands elsewhere is not driftd's to keep, and one that there is not is named with those there are."""
    elsewhere = given("x", "--field", "client_secret")
    assert (elsewhere.code, 'stands in the file "' in elsewhere.err) == (2, True), elsewhere.err
    none = given("x", "--field", "password")
    assert (none.code, "it has refresh_token, client_secret" in none.err) == (2, True), none.err


def test_where_the_key_is_lost_both_secrets_are_given_anew(driftd: Driftd, paired: Site, given: Given) -> None:
    """The client secret first, which cannot be tried by a refresh token that does not open; until then a start is
    refused, in the name of a connection."""
    text = paired.config.read_text()
    begin = text.index("client_secret", text.index('type = "pairing"'))
    paired.config.write_text(text[:begin] + text[text.index("\n", begin) + 1 :])
    key = paired.config.parent / "key"
    secret = tenant(paired).client_secret
    assert given(secret, "--field", "client_secret").code == 0
    assert given(tenant(paired).pair()).code == 0
    assert probe(driftd, paired).code == 0
    key.unlink()
    assert driftd("keys", "generate", "-c", paired.config).code == 0
    refused = probe(driftd, paired)
    assert (refused.code, 'the secret of "aldgate" was sealed' in refused.err) == (2, True), refused.err
    assert "`driftd connections rotate aldgate`" in refused.err
    for ran in (given(secret, "--field", "client_secret"), given(tenant(paired).pair())):
        assert ran.code == 0, ran.err
    assert probe(driftd, paired).code == 0
