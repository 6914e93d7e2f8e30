"""`pmt` from wheels alone, in a fresh environment and a folder outside of any clone."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.packaging, pytest.mark.slow]

TINY = ["--width", "16", "--heads", "2", "--layers", "1", "--epochs", "1", "--workers", "1"]
SENTENCE = "Boris Becker won in Kelmoor."


@pytest.fixture
def pmt(apps_environment: Any, tmp_path: Path) -> Callable[..., str]:
    """Runs `pmt` in an empty folder; returns what it printed."""
    return partial(apps_environment.start, "pmt", cwd=tmp_path)


def test_pip_installs_the_packages_and_the_extra(apps_environment: Any) -> None:
    names = {"core", "autograd", "nn", "text", "train", "apps"}
    expected = {"threadpoolctl", "tqdm", "matplotlib", *(f"pmt-{name}" for name in names)}
    assert expected <= apps_environment.installed()
    apps_environment.check()


def test_it_lists_its_subcommands_and_tells_its_version(pmt: Callable[..., str]) -> None:
    assert "  ner " in pmt("--help")
    assert pmt("--version").startswith("pmt 0.")


def test_question_pairs_of_the_sample_in_the_wheel(pmt: Callable[..., str]) -> None:
    report = Path("runs", "qqp", "report.html")
    assert f"report: {report}" in pmt("qqp", "--limit", "200", *TINY)
    (answer,) = pmt("qqp", "--predict", stdin="Who?\tWho is it?\n").splitlines()
    assert 0 <= json.loads(answer)["probability"] <= 1


def test_entities_of_a_line(pmt: Callable[..., str]) -> None:
    pmt("ner", "--limit", "60", *TINY)
    (answer,) = pmt("ner", "--predict", stdin=f"{SENTENCE}\n").splitlines()
    words = [word for word, _, _ in json.loads(answer)["words"]]
    assert words == ["Boris", "Becker", "won", "in", "Kelmoor", "."]


LOAD = """
import pmt_apps

tagger = pmt_apps.load({folder!r})
print(len(tagger.predict(["Boris Becker won in Kelmoor."])[0]))
tagger.save("copy")
if pmt_apps.load("copy").predict_json(["Ann"]) != tagger.predict_json(["Ann"]):
    raise SystemExit("the copy gives other answers")
"""


def test_runs_are_loaded_and_compared(
    pmt: Callable[..., str], apps_environment: Any, tmp_path: Path
) -> None:
    for name, limit in (("a", "60"), ("b", "40")):
        pmt("ner", "--limit", limit, "--out", f"runs/{name}", *TINY)
    run = str(tmp_path / "runs" / "a")
    assert apps_environment.run(LOAD.format(folder=run)) == "6"
    text = pmt("compare", "runs")
    assert "ner: 2 runs" in text
    assert "--limit" in text
    assert "data:image/png" in (tmp_path / "compare.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["classify", "word2vec", "translate", "lm", "mnist"])
def test_each_subcommand_shows_its_options(pmt: Callable[..., str], name: str) -> None:
    assert pmt(name, "--help").startswith(f"usage: pmt {name} ")
