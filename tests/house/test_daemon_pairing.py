"""A daemon that signs in by a pair of which each use replaces both tokens: nothing is lost, and nothing shows."""

from pathlib import Path

import pytest

from tests.house.paired import given, paired, watched
from tests.house.planting import found
from tests.house.process import equal, read, running


@pytest.mark.heavy
def test_two_folders_share_a_pair_that_is_pasted_once(tmp_path: Path) -> None:
    """Both wait for it and are polled as soon as it is given, by one token; the daemon renews it for as long as it
    runs and after a start; no command beside it uses it up. What ends it is told, and another one mends both at once.
    Neither secret nor token is anywhere to be seen."""
    with paired(tmp_path) as (site, tenant):
        first, second = site.tenants
        tenant.switches.token_life = 6.0
        shown = watched(site.tenants)
        pasted = [tenant.pair()]
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "config_error")
            ran = [given(site, "wrong-" + pasted[0]), given(site, pasted[0])]
            assert [each.code for each in ran] == [1, 0], ran
            assert "the refresh token was not kept" in ran[0].err
            daemon.becomes("aldgate", "ok")
            daemon.becomes("borough", "ok")
            before = tenant.gateway.given
            ran.append(site.run("connections test aldgate"))
            assert (ran[-1].code, "in use" in ran[-1].err) == (1, True), ran[-1]
            probe = daemon.get("/probe?target=borough&debug=true&fresh=1").text
            assert "the access token of the pair is good for" in probe
            daemon.until(lambda: tenant.gateway.given > before + 1, "renewed")
            assert daemon.end() == 0
        equal(read(tmp_path, first))
        kept = tenant.gateway.token
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "ok")
            assert kept != tenant.gateway.token
            tenant.gateway.end()
            daemon.becomes("aldgate", "auth_failed")
            daemon.becomes("borough", "auth_failed")
            pasted.append(tenant.pair())
            ran.append(given(site, pasted[1], name="borough"))
            assert ran[-1].code == 0, ran[-1].err
            daemon.becomes("aldgate", "ok")
            daemon.becomes("borough", "ok")
            texts: dict[str, bytes | str] = {path: daemon.get(path).content for path in ("/metrics", "/")}
            assert daemon.end() == 0
        equal(read(tmp_path, second))
    assert tenant.requests[tenant.token_path] == 0
    texts |= {str(each): each.read_bytes() for each in (tmp_path / "data").rglob("*") if each.is_file()}
    texts |= {"log": daemon.log.read_bytes(), "probe": probe}
    texts |= {f"command {number}": each.out + each.err for number, each in enumerate(ran)}
    secrets = {"application": tenant.client_secret, "kept": kept, "now": tenant.gateway.token}
    secrets |= {f"pasted {number}": token for number, token in enumerate(pasted)}
    tokens = {f"token {number}": token for number, token in enumerate(sorted(shown - {""}))}
    assert len(tokens) > 3
    assert found(secrets | tokens, texts) == set()
