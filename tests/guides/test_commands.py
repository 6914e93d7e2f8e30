"""The shell commands of the guides: programs, subcommands, options and paths exist."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from pmt_apps.console import SUBCOMMANDS, main
from pmt_apps.kit.command_line import parse_settings
from pmt_apps.loading import PREDICTORS
from pmt_core import PmtError

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "guides").glob("*.md"))
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.M | re.S)
TASKS = {"translate": "translation"}
"""Subcommand -> name of its settings, where they differ."""

HATCH = tomllib.loads((ROOT / "hatch.toml").read_text(encoding="utf-8"))["envs"]["default"]
OF_THE_SHELL = {"echo", "printf"}


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each command of the shell blocks, the parts of a pipe one by one."""
    for block in SHELL.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line.partition(" <")[0], comments=True)
            while words:
                end = words.index("|") if "|" in words else len(words)
                yield words[:end]
                words = words[end + 1 :]


@cache
def help_of(subcommand: str) -> str:
    """Return what `pmt SUBCOMMAND --help` prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        main([subcommand, "--help"])
    return out.getvalue()


def problem(words: list[str]) -> str:
    """Return what is wrong with a command; empty if nothing is."""
    program, *rest = words
    match program:
        case "pmt":
            return _of_pmt(*rest)
        case "hatch":
            script = HATCH["scripts"].get(rest[1], "") if rest[0] == "run" else ""
            if not script:
                return f"no script {rest[1]} of hatch"
            found = re.search(r"train_(\w+)\.py|pmt_apps (\w+)", script)
            return _of_pmt(next(filter(None, found.groups())), *rest[2:]) if found else ""
        case "mpiexec":
            return problem(rest[2:]) if rest[0] == "-n" and rest[1].isdigit() else "no -n N"
        case "python":
            if rest[0] == "program.py":  # the reader's own
                return ""
            name = re.fullmatch(r"apps/train_(\w+)\.py", rest[0])
            if name is None or not (ROOT / rest[0]).is_file():
                return f"no program {rest[0]}"
            return _of_pmt(name[1], *rest[1:])
        case "pip":
            return next(filter(None, map(_of_pip, rest[1:])), "")
        case "curl":
            return "" if rest[0].startswith("http://127.0.0.1:") else "not this machine"
        case _:
            return "" if program in OF_THE_SHELL else f"unknown program {program}"


def _of_pmt(subcommand: str, *options: str) -> str:
    if subcommand not in SUBCOMMANDS:
        return f"no subcommand {subcommand}"
    for option in options:
        if option.startswith("--") and not re.search(rf"{option}\b(?!-)", help_of(subcommand)):
            return f"{subcommand} has no {option}"
    kind = PREDICTORS.get(TASKS.get(subcommand, subcommand))
    if kind is None:
        return ""
    # These two look for a run, which is not there.
    new = [option for option in options if option not in ("--predict", "--resume")]
    try:
        parse_settings(kind.settings_type, new, task=kind.task)
    except PmtError as error:
        return f"{subcommand}: {error}"
    return ""


def _of_pip(requirement: str) -> str:
    path, _, extra = requirement.rstrip("]").partition("[")
    if "/" not in path:
        return "" if path == "mpich" else f"unknown distribution {path}"
    project = ROOT / path / "pyproject.toml"
    if not project.is_file():
        return f"no project {path}"
    extras = tomllib.loads(project.read_text("utf-8"))["project"].get("optional-dependencies", {})
    return "" if not extra or extra in extras else f"{path} has no extra {extra}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_commands_exist_and_parse(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    found = {shlex.join(words): problem(words) for words in commands(text)}
    assert not {command: what for command, what in found.items() if what}


WRONG = [
    "pmt qpq --train a",
    "pmt qqp --tarin a",
    "pmt qqp --train",
    "pmt qqp --preset fast",
    "pmt lm --corpus a | pmt lm --predikt",
    "pmt embed --encode x",
    "hatch run qpq",
    "hatch run qqp --worker 2",
    "mpiexec -n 2 python apps/train_qqq.py",
    "mpiexec -n 2 python apps/train_qqp.py --worker 1",
    "pip install 'packages/pmt-train[mpy]'",
    "pip install packages/pmt-trein",
    "curl http://example.org/",
    "pwt qqp",
]


@pytest.mark.parametrize("command", WRONG)
def test_a_wrong_command_is_found(command: str) -> None:
    assert any(map(problem, commands(f"```sh\n{command}\n```\n")))
