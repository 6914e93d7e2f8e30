"""The documents point at things that are there, and the README's commands are hatch's scripts."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from picture import DISTRIBUTIONS, ROOT, folder

DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    + [ROOT / "campaigns" / "README.md"]
    + [path for package in DISTRIBUTIONS for path in folder(package).glob("*.md")]
)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
HATCH_RUN = re.compile(r"\bhatch run (?:([a-z]+):)?([a-z][a-z0-9_-]*)")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(document: Path) -> set[str]:
    """The anchors that a forge gives to a document's headings."""
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ +(.*?) *$", text, re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading).strip().lower() for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_local_links_lead_somewhere(document: Path) -> None:
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    for target in LINK.findall(text):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        where, _, anchor = target.partition("#")
        path = document.parent / where if where else document
        assert path.exists(), f"{name_of(document)} links to {target}, which is not there"
        if anchor and path.suffix == ".md":
            assert anchor in anchors(path), f"{name_of(document)}: no heading for {target}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_commands_are_scripts_of_hatch(document: Path) -> None:
    environments = tomllib.loads((ROOT / "hatch.toml").read_text(encoding="utf-8"))["envs"]
    for environment, script in HATCH_RUN.findall(document.read_text(encoding="utf-8")):
        table = environments.get(environment or "default")
        assert table is not None, f"{name_of(document)}: no environment {environment}"
        known = {*table.get("scripts", {}), "python", "pytest", "pip"}
        assert script in known, f"{name_of(document)}: hatch run {environment}:{script}"


@pytest.mark.parametrize(
    "document", [path for path in DOCUMENTS if "```python" in path.read_text("utf-8")], ids=name_of
)
def test_examples_run_and_print_what_they_say(document: Path, tmp_path: Path) -> None:
    """A line `print(...)  # text` of an example prints that text."""
    for example in EXAMPLE.findall(document.read_text(encoding="utf-8")):
        run = subprocess.run(
            [sys.executable, "-W", "error", "-c", example],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert run.returncode == 0, run.stderr
        printed = run.stdout.splitlines()
        for expected in re.findall(r"^ *print\(.*\)  # (.*)$", example, re.MULTILINE):
            assert expected in printed


def test_the_documents_of_the_project_are_there() -> None:
    present = {path.name for path in ROOT.glob("*.md")}
    assert {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"} <= present
