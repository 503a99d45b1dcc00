"""What a daemon logs can be read by machines, and is said once."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from driftd.simulator import Fault
from tests.house.process import estate, fields, running


@pytest.mark.parametrize(("form", "read"), [("logfmt", fields), ("json", json.loads)])
def test_a_failing_resource_is_told_once_and_its_recovery_once(
    form: str, read: Callable[[str], dict[str, str]], tmp_path: Path
) -> None:
    """However many polls of it fail, there is a line for the failure and one for the recovery; each line parses, and
    `healthcheck` says whether the daemon answers."""
    with estate(tmp_path) as site:
        site.write(daemon={"log_format": form})
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "ok")
            fault = Fault("status", resource="BPCUSTOMER", status=404)
            site.tenants[0].faults.append(fault)
            daemon.until(lambda: fault.acted >= 4, "it fails again and again")
            assert site.run(f"healthcheck --url {daemon.url}").code == 0
            site.tenants[0].faults.clear()
            daemon.becomes("aldgate", "ok")
            url = daemon.url
            assert daemon.end() == 0
            refused = site.run(f"healthcheck --url {url}")
            assert (refused.code, refused.out) == (1, "")
            assert "start the daemon" in refused.err
            lines = [read(line) for line in daemon.text().splitlines()]
        assert all({"time", "level", "msg"} <= line.keys() for line in lines)
        about = [line["msg"].strip('"') for line in lines if line.get("resource") == "BPCUSTOMER"]
        assert about == ["poll failed", "poll recovered"]
