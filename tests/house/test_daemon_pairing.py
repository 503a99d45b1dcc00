"""A daemon that signs in by a pair of which each use replaces both tokens: nothing is lost, and nothing shows."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.house.brought import PATH, delete, put, table, vendor
from tests.house.paired import PAIR, given, paired, watched
from tests.house.planting import found, planted
from tests.house.process import equal, read, running
from tests.house.test_daemon_stored import rows


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
            rotate = f"{daemon.url}{PATH}/borough/rotate"
            over_http = [daemon.client.post(rotate, json={"secret": each}) for each in ("wrong-x", pasted[1])]
            assert [each.status_code for each in over_http] == [409, 200], [each.text for each in over_http]
            assert over_http[1].json()["change"] == "changed"
            daemon.becomes("aldgate", "ok")
            daemon.becomes("borough", "ok")
            texts: dict[str, bytes | str] = {path: daemon.get(path).content for path in ("/metrics", "/")}
            texts |= {f"answer {number}": each.content for number, each in enumerate(over_http)}
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


@pytest.mark.heavy
def test_a_pair_is_brought_to_a_daemon_by_many_at_once(tmp_path: Path) -> None:
    """By programs that send the same, while it is polled and renewed: the token is used once, whoever comes first, and
    what came of it lives on. A second folder joins it without, a mistake costs nothing, and the last that goes takes it
    along."""
    with vendor(tmp_path, named=0) as site:
        first, second = site.tenants
        second.credentials, second.gateway = first.credentials, first.gateway
        first.credentials.client_secret = planted("application")
        first.switches.token_life = 6.0
        shown, pasted = watched(site.tenants), first.pair()
        auth = {"type": "pairing", "token_url": site.served.url + first.pair_path, "client_id": first.client_id}
        auth["pair"] = PAIR
        secrets = {"client_secret": first.client_secret, "refresh_token": pasted}
        body, joining = (table(each, site.served.url, auth=auth) for each in site.tenants)
        body["auth"] = auth | secrets
        with running(tmp_path) as daemon, ThreadPoolExecutor(8) as pool:
            ghost = put(daemon, "aldgate", {**body, "folder": "GHOST", "endpoint": first.folder})
            assert (ghost.status_code, "its refresh token is used up" in ghost.json()["detail"]) == (422, True)
            came = list(pool.map(lambda _: put(daemon, "aldgate", body), range(16)))
            assert sorted(each.status_code for each in came) == [*[200] * 15, 201], [each.text for each in came]
            assert put(daemon, "borough", joining).status_code == 201
            for name in ("aldgate", "borough"):
                daemon.becomes(name, "ok")
            before = first.gateway.given
            daemon.until(lambda: first.gateway.given > before + 1, "renewed")
            assert put(daemon, "aldgate", body).json()["change"] == "unchanged"
            assert daemon.end() == 0
        kept = first.gateway.token
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "ok")
            assert put(daemon, "aldgate", body).json()["change"] == "unchanged"
            first.gateway.end()
            first.revoke_tokens()
            daemon.becomes("borough", "auth_failed")
            again = first.pair()
            ran = given(site, again, name="borough")
            assert ran.code == 0, ran.err
            daemon.becomes("aldgate", "ok")
            daemon.becomes("borough", "ok")
            same = daemon.client.post(f"{daemon.url}{PATH}/borough/rotate", json={"secret": again, "reason": "again"})
            assert (same.status_code, same.json()["change"]) == (200, "unchanged"), same.text
            assert delete(daemon, "aldgate", "keep").is_success
            daemon.becomes("borough", "ok")
            answers = [ghost.text, *(each.text for each in came), daemon.get("/metrics").text, ran.out + ran.err]
            assert delete(daemon, "borough", "keep").is_success
            assert rows(tmp_path, "SELECT connection FROM sealed UNION SELECT connection FROM uses") == []
            assert daemon.end() == 0
    texts: dict[str, bytes | str] = {"answers": "\n".join(answers), "log": daemon.log.read_bytes()}
    texts |= {str(each): each.read_bytes() for each in (tmp_path / "data").rglob("*") if each.is_file()}
    tokens = {f"token {number}": token for number, token in enumerate(sorted(shown - {""}))}
    assert len(tokens) > 3
    known = {"application": first.client_secret, "pasted": pasted, "kept": kept, "again": again}
    assert found(known | tokens, texts) == set()
