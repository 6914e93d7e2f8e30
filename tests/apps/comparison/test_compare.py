"""`pmt compare`: the table, the page, groups of tasks, and runs that cannot be read."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pmt_apps.comparison.run_record import RunRecord, run_labels
from pmt_apps.comparison.tables import comparison_text, difference_rows
from pmt_apps.console import main
from pmt_core import PmtError
from pmt_train import History, Interval

SETTINGS = {"task": "lm", "seed": 1, "width": 64, "lr": 0.001, "corpus": None}
METRICS = {
    "task": "lm", "seconds": 12.5, "parameters": 1200, "epochs": 3, "best_epoch": 2,
    "versions": {"python": "3.11"}, "data": {"corpus": {"path": "a", "sha256": "ab" * 32}},
    "dev": {"perplexity": 4.5, "perplexity_interval": [4.25, 5.0], "tokens": 1000},
}  # fmt: skip


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes a run: `write("runs/a", {"width": 8}, dev={"perplexity": 4.0})`."""
    monkeypatch.chdir(tmp_path)

    def run(name: str, settings: dict[str, Any] | None = None, **metrics: Any) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        config = {**SETTINGS, "out": name, **(settings or {})}
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "metrics.json").write_text(json.dumps({**METRICS, **metrics}))
        History(
            [{"epoch": i, "step": i, "train_loss": 2.0 / i, "dev_loss": 3.0 / i} for i in (1, 2)]
        ).save(folder / "history.csv")
        (folder / "report.html").write_text("<p>report</p>")
        return folder

    return run


@pytest.fixture
def compare(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs `pmt compare`; returns exit code, standard output and standard error."""

    def run(*words: object) -> tuple[int, str, str]:
        code = main(["compare", *map(str, words)])
        return code, *capfd.readouterr()

    return run


def rows_of(text: str) -> dict[str, list[str]]:
    """The cells of each row of the tables in a text, by name."""
    lines = [re.split(r"  +", line) for line in text.splitlines() if "  " in line]
    return {line[0]: line[1:] for line in lines if line[0]}


def test_the_table_has_scores_and_what_differs(write: Callable, compare: Callable) -> None:
    write("runs/a")
    write("runs/b", {"width": 32, "lr": 0.002}, dev={"perplexity": 4.0}, parameters=900)
    code, out, err = compare("runs/a", "runs/b")
    assert (code, err) == (0, "")
    assert out.startswith("lm: 2 runs\n")
    assert out.endswith("\npage: compare.html\n")
    rows = rows_of(out)
    assert rows["dev perplexity"] == ["4.5000 (4.2500–5.0000)", "4.0000"]
    assert rows["dev tokens"] == ["1,000", "–"]
    assert rows["seconds"] == ["12.50", "12.50"]
    assert rows["parameters"] == ["1,200", "900"]
    assert rows["best epoch"] == ["2", "2"]
    assert rows["--width"] == ["64", "32"]
    assert rows["--lr"] == ["0.001", "0.002"]
    assert not {"--seed", "--out", "corpus (SHA-256)"} & rows.keys()


def test_runs_of_several_tasks_are_grouped(write: Callable, compare: Callable) -> None:
    write("runs/a")
    write("runs/b", {"task": "poetry"}, task="poetry")
    write("runs/c")
    code, out, _ = compare("runs")  # a folder of runs
    assert code == 0
    assert re.findall(r"^(\w+): (\d) run", out, re.M) == [("lm", "2"), ("poetry", "1")]
    page = Path("compare.html").read_text()
    assert re.findall("<h2>(.*)</h2>", page) == ["lm", "poetry: one run"]
    assert "3 runs of 2 tasks" in page


def test_the_page_is_one_file_with_pictures_and_links(
    write: Callable, compare: Callable, tmp_path: Path
) -> None:
    write("runs/a & b")
    write("runs/c", {"width": 8}, dev={"perplexity": 4.0})
    (write("runs/d") / "report.html").unlink()
    (tmp_path / "pages").mkdir()
    assert compare("runs", "--out", "pages/all.html")[0] == 0
    page = Path("pages", "all.html").read_text()
    links = re.findall('href="([^"]*)"', page)
    assert set(links) == {"../runs/a%20%26%20b/report.html", "../runs/c/report.html"}
    assert "a &amp; b</a>" in page
    captions = re.findall("<figcaption>(.*?)</figcaption>", page)
    assert captions == [
        "dev perplexity with its 95 % confidence interval",
        "dev loss by epoch",
        "train loss by epoch",
    ]
    assert page.count("data:image/png;base64,") == 3
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    assert "--width" in page


def test_a_file_that_is_no_page_is_not_replaced(write: Callable, compare: Callable) -> None:
    write("runs/a")
    assert compare("runs/a")[0] == 0
    assert compare("runs/a")[0] == 0
    Path("compare.html").write_text("<p>my own page</p>")
    code, out, err = compare("runs/a")
    assert (code, out) == (2, "")
    assert "is no page of pmt compare" in err
    assert Path("compare.html").read_text() == "<p>my own page</p>"


def test_broken_runs_are_named_and_left_out(write: Callable, compare: Callable) -> None:
    write("runs/a")
    (write("runs/b") / "config.json").write_text('{"task": "lm", "width": -3}')
    (write("runs/c") / "metrics.json").write_text('{"seconds": "x"}')
    (write("runs/d") / "history.csv").write_text("epoch,dev_loss\n1,x\n")
    (write("runs/e") / "config.json").write_text('{"model_type": "bert"}')
    Path("runs", "notes.txt").write_text("a file among the runs")
    code, out, err = compare(*sorted(Path("runs").iterdir()), "runs/none")
    assert code == 2
    assert "lm: 1 run\n" in out
    assert Path("compare.html").is_file()
    lines = err.splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        ["left out", f"runs/{name}"] for name in ("b", "c", "d", "e", "none")
    ]
    words = ["width", "seconds", "history.csv:2", "task", "no run"]
    assert all(word in line for line, word in zip(lines, words, strict=True))
    code, out, err = compare("runs/none")
    assert (code, out) == (2, "")
    assert err.endswith("error: there is no run to compare; name the folders of runs\n")


def test_a_run_without_metrics_is_compared_by_its_settings(
    write: Callable, compare: Callable
) -> None:
    write("runs/a")
    folder = write("runs/b", {"width": 32})
    for name in ("metrics.json", "history.csv", "report.html"):
        (folder / name).unlink()
    code, out, _ = compare("runs")
    assert code == 0
    assert rows_of(out)["dev perplexity"] == ["4.5000 (4.2500–5.0000)", "–"]
    assert rows_of(out)["--width"] == ["64", "32"]


def test_a_record_of_a_real_run(train: Callable[..., Any]) -> None:
    from small_apps import APPS

    for app in APPS:
        trained = train(app)
        record = RunRecord.read(trained.run)
        metrics = json.loads((trained.run / "metrics.json").read_text())
        assert record.task == app.task
        assert (record.seconds, record.parameters) == (metrics["seconds"], metrics["parameters"])
        assert set(app.splits) <= set(record.splits)
        assert record.curve_names
        for name, score in record.scores.items():
            split, metric = name.split(" ", 1)
            value = score.value if isinstance(score, Interval) else score
            assert value == metrics[split][metric]


def test_data_that_differ_are_shown_by_their_checksums(write: Callable) -> None:
    write("a")
    write("b", data={"corpus": {"path": "a", "sha256": "cd" * 32}})
    records = [RunRecord.read(Path(name)) for name in ("a", "b")]
    assert difference_rows(records) == [("corpus (SHA-256)", ["ab" * 6, "cd" * 6])]


def test_labels_are_the_shortest_ends_of_paths(write: Callable) -> None:
    names = ["x/a/ner", "x/b/ner", "y/b/ner", "lm"]
    records = [RunRecord.read(write(name)) for name in names]
    assert run_labels(records) == ["a/ner", "x/b/ner", "y/b/ner", "lm"]


def test_a_narrow_table_has_several_blocks() -> None:
    names, rows = ["run-1", "run-2", "run-3"], [("loss", [1, 2, 3]), ("a" * 90, ["x", None, "y"])]
    text = comparison_text(names, [rows[0]], 18)
    assert text == (
        "      run-1  run-2\n----  -----  -----\nloss      1      2\n\n"
        "      run-3\n----  -----\nloss      3"
    )
    assert comparison_text(names, rows, 10).count("run-") == 3


def test_stages_are_compared_by_the_last(write: Callable) -> None:
    folder = write("a")
    rows = [{"stage": s, "epoch": 2 * s + e, "dev_loss": float(s)} for s in (0, 1) for e in (1, 2)]
    History(rows).save(folder / "history.csv")
    assert RunRecord.read(folder).curve("dev_loss") == ([3, 4], [1.0, 1.0])


def test_a_folder_that_vanishes_is_a_problem(write: Callable) -> None:
    folder = write("a")
    shutil.rmtree(folder)
    with pytest.raises(PmtError, match="no run"):
        RunRecord.read(folder)
