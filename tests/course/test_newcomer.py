"""From README a newcomer reaches a task that checks itself: two links, and the commands there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

from docs.course.workshop.pages import tasks

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)\)")
COMMAND = re.compile(r"^    hatch run (learn\b.*)$", re.M)


def links(page: Path) -> list[Path]:
    """Return the pages that a page links to, in order."""
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    paths = [(page.parent / target).resolve() for target in targets if "://" not in target]
    return [path for path in paths if path.suffix == ".md"]


def run(words: str, mine: Path) -> subprocess.CompletedProcess[str]:
    """Run a script of the default environment as hatch does, with answers in a file of its own."""
    script, *arguments = shlex.split(words)
    table = tomllib.loads((ROOT / "hatch.toml").read_text(encoding="utf-8"))
    command = table["envs"]["default"]["scripts"][script]
    program, *rest = shlex.split(command.replace("{args}", shlex.join(arguments)))
    assert program == "python"
    return subprocess.run(
        [sys.executable, *rest, "--file", str(mine)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_two_links_lead_from_the_readme_to_the_first_task() -> None:
    course = ROOT / "docs" / "course" / "README.md"
    assert course in links(ROOT / "README.md")
    assert tasks()[0].page in links(course)
    assert tasks()[0].page.read_text(encoding="utf-8").count(tasks()[0].stub) == 1


def test_the_commands_of_the_course_show_check_and_name_a_task(tmp_path: Path) -> None:
    course = (ROOT / "docs" / "course" / "README.md").read_text(encoding="utf-8")
    begin, check = COMMAND.findall(course)[:2]
    first = tasks()[0]
    mine = tmp_path / "mine.py"
    shown = run(begin, mine)
    assert shown.returncode == 0, shown.stderr
    assert first.title in shown.stdout
    assert run(check, mine).returncode == 1, "a stub is no answer"
    mine.write_text(mine.read_text().replace(first.stub, first.solution))
    checked = run(check, mine)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{first.number} {first.title}: right." in checked.stdout
