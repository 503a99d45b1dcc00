import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.contenders import NAMES
from tests.bench.works import FETCHED

ROOT = Path(__file__).parents[2]
WORKS = ("initial", "unchanged", "changed", "volatile initial", "volatile unchanged")


@pytest.mark.heavy
def test_the_whole_benchmark_runs_and_every_count_is_the_truth(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    command = [sys.executable, "-m", "tests.bench", "--records", "2000", "--repeat", "1", "--json", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

    figures = json.loads(file.read_text())
    assert figures["wrong"] == []
    wanted = {(work, name) for work in WORKS for name in NAMES if name != "fetch" or work in FETCHED}
    assert {(line["work"], line["contender"]) for line in figures["works"]} == wanted
    assert {line["records"] for line in figures["works"]} == {2000}
    told = {(line["work"], line["contender"]): line["counts"] for line in figures["works"]}
    assert told["changed", "plain"] == told["changed", "good"] == {"r": 0, "c": 2, "u": 20, "d": 2}
    assert figures["waits"]["waits"] > 0
    for heading in (*WORKS, *NAMES):
        assert heading in done.stdout


def test_the_benchmark_of_a_scrape_runs() -> None:
    command = [sys.executable, "-m", "tests.bench.metrics", "--connections", "3", "--repeat", "1", "--stock"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    heading, *rows = done.stdout.splitlines()
    assert heading.split()[:4] == ["detail", "format", "gzip", "series"]
    assert [row.split()[0] for row in rows] == ["basic"] * 4 + ["full"] * 4 + ["stock"] * 4
