"""`TrainingFeed`: what a page does not have yet of a training, the state of a run, its curve."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from recorded_run import RecordedRun, recorded_step

from pmt_apps.server import training_feed
from pmt_apps.server.training_feed import TrainingFeed

pytestmark = pytest.mark.usefixtures("looks_at_once")


def test_a_client_gets_what_it_does_not_have(live: RecordedRun) -> None:
    feed = TrainingFeed(live.folder)
    content, position = feed.since({})
    (change,) = content["changes"]
    assert change["reset"]
    assert [line["kind"] for line in change["lines"]] == ["start", "layers"]
    assert feed.since(position)[0]["changes"] == []
    live.append(recorded_step(1), recorded_step(2))
    content, position = feed.since(position)
    assert content["changes"] == [
        {"stage": "", "reset": False, "lines": [recorded_step(1), recorded_step(2)]}
    ]
    assert len(feed.since({})[0]["changes"][0]["lines"]) == 4
    live.begin()  # lines became fewer
    live.append(recorded_step(2, interval=2))
    content, position = feed.since(position)
    assert content["changes"][0]["reset"]
    assert [line["kind"] for line in content["changes"][0]["lines"]] == ["start", "layers", "step"]


def test_the_state_of_a_run(live: RecordedRun) -> None:
    feed = TrainingFeed(live.folder)
    state = feed.since({})[0]["state"]
    assert (state["status"], state["recorded"], state["epochs"]) == ("running", True, 4)
    assert state["hints"] == state["errors"] == []
    (live.folder / ".lock").unlink()
    assert feed.since({})[0]["state"]["status"] == "stopped"
    (live.folder / ".lock").touch()
    live.append(*(recorded_step(i, loss=None if i > 30 else 1.0) for i in range(1, 40)))
    live.finish()
    state = feed.since({})[0]["state"]
    assert state["status"] == "finished"
    assert [hint["rule"] for hint in state["hints"]] == ["rate_too_high"]


def test_a_run_without_news_may_have_been_killed(
    live: RecordedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_feed, "_SILENT", 0.0)
    assert TrainingFeed(live.folder).since({})[0]["state"]["status"] == "silent"


def test_a_run_that_is_not_recorded_has_its_history(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path / "run", recorded=False)
    feed = TrainingFeed(run.folder)
    content, position = feed.since({})
    assert content["changes"] == [{"stage": "", "reset": True, "lines": []}]
    assert not content["state"]["recorded"]
    run.add_epoch(train_loss=2.0, dev_loss=float("nan"))
    content, position = feed.since(position)
    row = {"epoch": 1, "step": 10, "seconds": 2.5, "train_loss": 2.0, "dev_loss": None}
    assert content["changes"] == [
        {"stage": "", "reset": True, "lines": [{"kind": "epoch", "row": row}]}
    ]
    json.dumps(content, allow_nan=False)
    assert feed.since(position)[0]["changes"] == []
    assert feed.curve()["losses"] == [2.0]


def test_stages_are_in_their_order(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path / "run")
    run.append(recorded_step(1))
    run.recording.rename(run.folder / "pretrain.recording.jsonl")
    run.begin()
    names = [change["stage"] for change in TrainingFeed(run.folder).since({})[0]["changes"]]
    assert names == ["pretrain", ""]


def test_a_damaged_recording_is_an_error_of_the_page(live: RecordedRun) -> None:
    live.append(recorded_step(1), {"kind": "step", "step": "two"})
    content, _ = TrainingFeed(live.folder).since({})
    assert "recording.jsonl:4" in content["state"]["errors"][0]
    assert len(content["changes"][0]["lines"]) == 3
    json.dumps(content, allow_nan=False)


def test_a_small_curve(live: RecordedRun) -> None:
    live.append(*(recorded_step(i) for i in range(1, 1000)))
    curve = TrainingFeed(live.folder).curve()
    assert len(curve["steps"]) == len(curve["losses"]) < 70
    assert curve["status"] == "running"
