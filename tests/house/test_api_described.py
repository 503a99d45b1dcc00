"""The description of the API holds against a daemon that runs, whatever is sent to it, with a token and without.

schemathesis is a program of its own here: as a plugin of pytest it would take part in every test.
"""

import os
import subprocess
from pathlib import Path
from sysconfig import get_path

import pytest

from tests.house.process import connection, estate, head, running

SHORT = os.environ.get("DRIFTD_HEAVY") == "short"
TIMES = "2" if SHORT else "30"
PHASES = "fuzzing" if SHORT else "examples,coverage,fuzzing"
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,negative_data_rejection,ignored_auth"
)
"""The last sends wrong credentials and none; who does that has to wait (429) but in `LENIENT`."""
LENIENT = ("tests.house.lenient",)
SEED = os.environ.get("DRIFTD_SEED", "1")
PROGRAM = Path(get_path("scripts")) / "schemathesis"


@pytest.mark.heavy
@pytest.mark.parametrize("scope", ["", "read", "admin"])
def test_the_description_holds_whatever_is_sent(tmp_path: Path, scope: str) -> None:
    """No answer is of another kind, status or shape than it says; what it calls wrong is refused, and whoever has not
    the credentials that it asks for; and the daemon says nothing of a bug. Without a token where none is needed, and
    with one where it is."""
    with estate(tmp_path) as site:
        quiet = head(probe="1h", delta="1h", sweep="24h", web={"listen": "127.0.0.1:0", "enable_reload": True})
        site.place.write_text(quiet + "".join(connection(each, site.served.url) for each in site.tenants))
        with running(tmp_path, program=LENIENT) as daemon:
            daemon.ready()
            header, left_out = (
                "X-Driftd: 1",
                ["--exclude-operation-id", "post_api_v1_tokens"],
            )  # it would close the door
            if scope:
                made = site.run(f"tokens create schemathesis --scope {scope}")
                header = f"Authorization: Bearer {made.out.strip()}"
                left_out = []
            program = str(PROGRAM) if PROGRAM.exists() else "schemathesis"
            line = [program, "run", f"{daemon.url}/openapi.json", "-H", header, "-n", TIMES, "--seed", SEED]
            line += ["--checks", CHECKS, "--phases", PHASES, "--suppress-health-check", "all", "--no-color", *left_out]
            done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=1800)
            assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
            assert daemon.lines("request ended by a bug") == []
            assert daemon.end() == 0
