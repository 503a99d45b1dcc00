"""The house itself: imports, types, style, what stands in its files, and what they must not hold."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
SOURCES = sorted((ROOT / "driftd").rglob("*.py"))
WORDS = re.compile(r"(?:^|_)(?:utils?|helpers?|managers?|handlers?|items?|entity|entities)(?:_|\.|$)")
TEXTS = {".py", ".md", ".toml", ".sql", ".lock", ".yml", ".yaml", ".txt", ".service", ""}


def fails(*command: str | Path) -> str:
    """Run a check; returns what it printed where it found something, else nothing."""
    done = subprocess.run([str(each) for each in command], cwd=ROOT, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def texts() -> Iterator[tuple[str, str]]:
    """Yield the name and text of every file that belongs to the project."""
    tops = ("driftd", "tests", "docs", "deploy", "grafana", ".ci")
    files = [each for top in tops for each in (ROOT / top).rglob("*")] + list(ROOT.glob("*"))
    for file in files:
        if file.is_file() and file.suffix in TEXTS and "__pycache__" not in file.parts:
            yield str(file.relative_to(ROOT)), file.read_text()


def test_the_import_contracts_are_kept() -> None:
    found = fails(BIN / "lint-imports", "--no-cache")
    assert not found, found


def test_the_types_are_right_strictly() -> None:
    found = fails(sys.executable, "-m", "mypy")
    assert not found, found


@pytest.mark.parametrize("check", [["check"], ["format", "--check"]], ids=["lint", "format"])
def test_the_style_is_kept(check: list[str]) -> None:
    found = fails(sys.executable, "-m", "ruff", *check, "--no-cache", "driftd", "tests")
    assert not found, found


def test_every_module_is_one_idea() -> None:
    long = {str(each.relative_to(ROOT)): len(each.read_text().splitlines()) for each in SOURCES}
    assert {name: lines for name, lines in long.items() if lines > 400} == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [str(each.relative_to(ROOT)) for each in SOURCES if not _says(each)]
    assert silent == []


def _says(module: Path) -> bool:
    text = module.read_text()
    return not text or ast.get_docstring(ast.parse(text)) is not None


def test_modules_are_named_in_the_words_of_the_field() -> None:
    assert [str(each) for each in SOURCES if WORDS.search(each.stem)] == []


def test_no_file_names_a_machine_or_an_index() -> None:
    places = re.compile(r"/(?:home|root|Users|work)/[a-z]|--(?:extra-)?index-url|--find-links|file:///")
    own = Path(__file__).name
    assert [name for name, text in texts() if places.search(text) and not name.endswith(own)] == []


def test_the_lock_holds_every_dependency_with_hashes_and_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    pinned = dict(re.findall(r"^([a-z0-9-]+)==(\S+)(?: ;[^\\\n]*)? \\\n    --hash=sha256:", lock, re.MULTILINE))
    assert len(pinned) == len(re.findall(r"^[a-z0-9]", lock, re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + [each for extra in project["optional-dependencies"].values() for each in extra]
    assert {re.split(r"[^a-zA-Z0-9-]", each)[0] for each in wanted} <= pinned.keys()


def test_the_licence_is_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License\n" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_the_changelog_keeps_its_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert re.search(r"^## \[Unreleased\]$", text, re.MULTILINE)
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= kinds


def test_decision_records_are_numbered_and_have_their_three_parts() -> None:
    records = sorted(each for each in (ROOT / "docs" / "decisions").glob("*.md") if each.name != "README.md")
    assert [each.name[:5] for each in records] == [f"{number:04d}-" for number in range(1, len(records) + 1)]
    for each in records:
        assert re.findall(r"^## (.+)$", each.read_text(), re.MULTILINE) == ["Context", "Decision", "Consequences"]


def test_the_index_of_decisions_names_each_by_its_title() -> None:
    folder = ROOT / "docs" / "decisions"
    index = re.findall(r"^\| \[(\d{4})\]\((\S+)\) \| (.+) \|$", (folder / "README.md").read_text(), re.MULTILINE)
    titles = [(each.name, each.read_text().splitlines()[0]) for each in sorted(folder.glob("0*.md"))]
    assert [(name, f"# {number}: {title}") for number, name, title in index] == titles
