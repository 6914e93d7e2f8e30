"""`pmt` and `python -m pmt_apps`: subcommands, help, version and errors."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from programs import Program

import pmt_apps
from pmt_apps.console import SUBCOMMANDS, main
from pmt_apps.kit.program import command, started_as, with_commands

NAMES = ["qqp", "ner", "classify", "word2vec", "translate", "lm", "pretrain", "mnist"]


@pytest.fixture
def pmt(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Runs `pmt` in an empty folder; returns exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        code = main(words)
        return code, *capfd.readouterr()

    return run


def test_help_lists_every_subcommand_with_a_line(pmt: Callable) -> None:
    code, out, err = pmt("--help")
    assert (code, err) == (0, "")
    assert out.startswith("usage: pmt SUBCOMMAND")
    rows = [line.split(maxsplit=1) for line in out.splitlines() if line.startswith("  ")]
    listed = {row[0]: row[1] for row in rows if not row[0].startswith("-")}
    assert listed == {name: part.summary for name, part in SUBCOMMANDS.items()}
    assert set(NAMES) <= listed.keys()
    assert pmt("-h") == (code, out, err)


def test_a_reader_that_leaves_gets_no_traceback() -> None:
    command = [sys.executable, "-m", "pmt_apps", "--help"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.communicate(timeout=600)[1] == b""
    assert process.returncode == 141


def test_version(pmt: Callable) -> None:
    code, out, err = pmt("--version")
    assert (code, err) == (0, "")
    assert out.startswith("pmt ")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["nre"], "there is no subcommand 'nre'; did you mean ner?"),
        (["translation"], "there is no subcommand 'translation'; did you mean translate?"),
        (["x" * 40, "--out", "runs"], "there is no subcommand 'xxx"),
        (["--out", "runs/ner", "ner"], "there is no option --out before the subcommand"),
        ([], "expected a subcommand"),
        ([""], "expected a subcommand"),
    ],
)
def test_what_is_no_subcommand_ends_with_2(pmt: Callable, words: list[str], error: str) -> None:
    code, out, err = pmt(*words)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {error}")
    assert err.endswith("; pmt --help lists the subcommands\n")


@pytest.mark.parametrize("name", NAMES)
def test_help_of_a_subcommand_names_it(pmt: Callable, name: str) -> None:
    code, out, err = pmt(name, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: pmt {name} ")
    assert f"  pmt {name} --" in out  # an example
    assert "python apps/" not in out


def test_hints_name_the_subcommand(pmt: Callable) -> None:
    code, _, err = pmt("ner", "--epoch", "3")
    assert code == 2
    assert "did you mean --epochs?; pmt ner --help lists all options" in err
    code, _, err = pmt("lm", "--predict")
    assert code == 2
    assert f"there is no run to predict with in '{Path('runs', 'lm')}'" in err


def test_the_words_of_the_command_end_with_their_context() -> None:
    before = command("--resume")
    with started_as("pmt", "ner"):
        assert command("--resume") == "pmt ner --resume"
    assert command("--resume") == before


def test_it_trains_where_it_is_started_and_answers_like_the_script(
    pmt: Callable, program: Callable[..., Program]
) -> None:
    options = ["--limit", "300", "--width", "16", "--heads", "2", "--layers", "1", "--epochs", "1"]
    code, out, err = pmt("qqp", *options, "--workers", "1")
    assert code == 0, err
    assert Path("runs", "qqp", "model.npz").is_file()
    assert "report: " in out
    pair = "How do I swim?\tHow can I swim?\n"
    script = program("qqp", "--predict").run(stdin=pair).stdout
    process = subprocess.run(
        [sys.executable, "-m", "pmt_apps", "qqp", "--predict"],
        input=pair,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=600,
    )
    assert process.stdout == script
    assert json.loads(script)["question1"] == "How do I swim?"


def test_help_imports_no_numpy_and_no_application() -> None:
    code = "import sys; from pmt_apps.console import main; main(['--help']); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=600
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "pmt_apps.console" in loaded
    assert not loaded & {"numpy", "pmt_core", "pmt_train", "pmt_apps.ner", "pmt_apps.kit.main"}


def test_the_names_of_the_package_are_imported_when_they_are_used() -> None:
    code = "import pmt_apps, sys; print('numpy' in sys.modules, *dir(pmt_apps)); pmt_apps.load"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    has_numpy, *names = done.stdout.split()
    assert has_numpy == "False"
    assert set(pmt_apps.__all__) <= set(names)
    for name in pmt_apps.__all__:
        assert getattr(pmt_apps, name).__module__.startswith("pmt_apps.")
    with pytest.raises(AttributeError, match="has no attribute 'loads'"):
        pmt_apps.loads  # noqa: B018


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (("pmt", "word2vec"), "pmt ner --train eng.train"),
        ((), "python some/apps/train_ner.py --train eng.train"),
    ],
)
def test_examples_of_other_programs_name_these(
    start: tuple[str, ...], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["some/apps/train_word2vec.py"])
    text = "python apps/train_word2vec.py\npython apps/train_ner.py --train eng.train"
    with started_as(*start):
        assert with_commands(text).splitlines() == [command(), expected]


def test_examples_of_other_programs_under_hatch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys._xoptions, "hatch", "pretrain")
    text = "python apps/pretrain.py --minutes 60\npython apps/train_classifier.py --train train.tsv"
    assert with_commands(text) == (
        "hatch run pretrain --minutes 60\nhatch run classify --train train.tsv"
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_help_begins_with_examples_of_the_program(name: str, pmt: Callable) -> None:
    _, out, _ = pmt(name, "--help")
    examples = re.findall(r"^ *(?:.*\| )?pmt (\w+)", out.partition("\noptions:")[0], re.MULTILINE)
    assert examples[:1] == [name]
    assert "apps/" not in out
