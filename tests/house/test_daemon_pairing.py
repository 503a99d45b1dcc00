"""A daemon that signs in by a pair of which each use replaces both tokens: nothing is lost, and nothing shows."""

from pathlib import Path

from tests.house.paired import PAIR, given, paired, watched
from tests.house.planting import found
from tests.house.process import equal, read, running


def test_two_folders_share_a_pair_that_is_pasted_once(tmp_path: Path) -> None:
    """Both wait for it and are polled as soon as it is given, by one token; the daemon renews it for as long as it
    runs and after each start; no command beside it uses it up, and neither secret nor token is anywhere to be seen."""
    with paired(tmp_path) as (site, tenant):
        first, second = site.tenants
        tenant.switches.token_life = 2.0
        shown = watched(site.tenants)
        pasted = tenant.pair()
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "config_error")
            daemon.becomes("borough", "config_error")
            ran = [given(site, "wrong-" + pasted), given(site, pasted)]
            assert [each.code for each in ran] == [1, 0], ran
            assert "the refresh token was not kept" in ran[0].err
            assert "was taken by the gateway" in ran[1].out
            daemon.becomes("aldgate", "ok")
            daemon.becomes("borough", "ok")
            before = tenant.gateway.given
            daemon.until(lambda: tenant.gateway.given > before + 3, "renewed")
            ran.append(site.run("connections test aldgate"))
            assert (ran[-1].code, "in use" in ran[-1].err) == (1, True), ran[-1]
            ran.append(site.run("keys verify"))
            assert PAIR in ran[-1].out
            paths = ("/metrics", "/probe?target=borough&debug=true&fresh=1", "/")
            texts: dict[str, bytes | str] = {path: daemon.get(path).content for path in paths}
            assert daemon.state("aldgate") == "ok"
            daemon.until(lambda: len(read(tmp_path, second).shown["BPCUSTOMER"]) == 25, "both are read")
            assert daemon.end() == 0
        equal(read(tmp_path, first))
        kept = tenant.gateway.token
        ran += [site.run("connections test borough"), site.run("poll")]
        assert [each.code for each in ran[-2:]] == [0, 0], ran[-2:]
        assert kept != tenant.gateway.token
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "ok")
            assert daemon.end() == 0
    assert tenant.requests[tenant.token_path] == 0
    texts |= {str(each): each.read_bytes() for each in (tmp_path / "data").rglob("*") if each.is_file()}
    texts |= {"log": daemon.log.read_bytes()} | {f"command {n}": each.out + each.err for n, each in enumerate(ran)}
    secrets = {"application": tenant.client_secret, "pasted": pasted, "kept": kept, "now": tenant.gateway.token}
    tokens = {f"token {number}": token for number, token in enumerate(sorted(shown - {""}))}
    assert len(tokens) > 3
    assert found(secrets | tokens, texts) == set()
