"""The training in a real browser: curves that move, a slider, two runs, a replay from disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser
from recorded_run import RecordedRun, recorded_step
from serve_client import served

from pmt_apps.server.replay import replay_page
from pmt_apps.server.training_feed import TrainingFeed

pytestmark = pytest.mark.slow

CURVES = "[...document.querySelectorAll('figure [role=img]')].map((e) => e.ariaLabel).join()"
INK = """
const canvas = document.querySelector(arguments[0]);
const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
return new Set(new Uint32Array(data.buffer)).size;
"""
"""Number of colors that a canvas has."""


@pytest.fixture
def run(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "runs" / "live")
    run.append(*(recorded_step(i) for i in range(1, 11)))
    run.add_epoch(train_loss=1.0, dev_loss=1.2, dev_f1=0.5)
    return run


@pytest.fixture
def live(window: Browser, run: RecordedRun) -> Iterator[str]:
    window.resize(1280)
    with served(run.folder.parent) as address:
        yield address
        window.open("about:blank")
    assert window.console() == []
    assert all(url.startswith((address, "data:", "about:")) for url in window.requests())


def test_the_curves_move_while_a_run_is_under_way(
    window: Browser, live: str, run: RecordedRun
) -> None:
    window.open(f"{live}/#/runs/live/training")
    assert "step 10 of 40" in window.wait_for("[role=status]", "Under way")
    before = window.run(f"return {CURVES}")
    assert "train from 2.2 to 0.4" in before
    assert window.run(INK, "figure canvas") > 2
    run.append(*(recorded_step(i) for i in range(11, 21)))
    window.wait_for("[role=status]", "step 20 of 40 · 64 examples a second · 5 s left")
    assert "train from 2.2 to 0.3," in window.run(f"return {CURVES}")
    run.add_epoch(train_loss=0.5, dev_loss=1.1, dev_f1=0.75)
    window.wait(f"{CURVES}.includes('f1 from 0.5 to 0.75')")
    run.append(*(recorded_step(i, loss=None) for i in range(21, 30)))
    window.wait_for(".hints li[data-rule=rate_too_high]", "not a finite number")
    run.finish()
    window.wait_for("[role=status]", "Finished")


def test_the_slider_goes_through_time(window: Browser, live: str, run: RecordedRun) -> None:
    run.append(*(recorded_step(i, update=[0.02, 0.05, 0.01]) for i in range(11, 15)))
    window.open(f"{live}/#/runs/live/training")
    window.wait_for("[role=status]", "step 14")
    row = ".sizes tbody tr:nth-child(2) td"
    assert window.texts(row) == ["100", "0.005", "0.05", "1", "0.005"]
    window.run("document.querySelector('input[type=range]').focus()")
    window.press("Home")
    window.wait_for("p[aria-live]", "step 1 · 0 s · loss 2.2 · rate 0.001")
    assert window.texts(row) == ["100", "0.001", "0.05", "1", "0.001"]
    window.press("ArrowRight", "ArrowRight")
    window.wait_for("p[aria-live]", "step 3")
    run.append(recorded_step(15))
    window.wait_for("[role=status]", "step 15")
    assert "step 3" in window.texts("p[aria-live]")[0]  # it stays where it was put
    window.press("End")
    window.wait_for("p[aria-live]", "step 15")
    window.choose("select:not(.columns select)", "0")
    window.wait("document.querySelector('.heat .scale').textContent.includes('Dead units')")
    assert window.run(INK, ".heat canvas:not(.ramp)") > 2


def test_two_runs_over_each_other(window: Browser, live: str, run: RecordedRun) -> None:
    other = RecordedRun(run.folder.parent / "other", recorded=False)
    other.add_epoch(train_loss=3.0, dev_loss=3.5, dev_f1=0.25)
    other.add_epoch(train_loss=2.5, dev_loss=3.0, dev_f1=0.4)
    window.open(f"{live}/#/runs/live/training")
    window.wait_for("[role=status]", "step 10")
    window.run("document.querySelectorAll('.columns select')[1].id = 'compare'")
    window.choose("#compare", "other")
    window.wait(f"{CURVES}.includes('train (other) from 3 to 2.5')")
    assert "train (live) from 2.2 to 0.4" in window.run(f"return {CURVES}")
    assert window.run("return document.querySelector('a.button').href").endswith("replay/other")
    other.add_epoch(train_loss=2.0, dev_loss=2.5, dev_f1=0.5)  # it is followed, too
    window.wait(f"{CURVES}.includes('train (other) from 3 to 2,')")


def test_a_run_that_is_not_recorded_shows_its_history(
    window: Browser, live: str, run: RecordedRun
) -> None:
    other = RecordedRun(run.folder.parent / "plain", recorded=False)
    other.add_epoch(train_loss=3.0, dev_f1=0.25)
    window.open(f"{live}/#/runs/plain/training")
    window.wait_for("[role=status]", "epoch 1 of 4 · 8 s left")
    assert not window.run("return document.querySelector('[aria-label=Layers]').checkVisibility()")
    other.add_epoch(train_loss=2.0, dev_f1=0.5)
    window.wait_for("[role=status]", "epoch 2 of 4 · 5 s left")


def test_the_list_has_small_curves(window: Browser, live: str) -> None:
    window.open(live)
    assert "loss 2.2 to 0.4, under way" in window.wait_for(".card a", "Training")
    window.click_text(".card a", "Training: loss 2.2 to 0.4, under way")
    window.wait_for("h1", "Training of live")


@pytest.mark.parametrize("width", [1280, 390, 360])
def test_it_fits_and_has_names(window: Browser, live: str, width: int) -> None:
    window.resize(width)
    window.open(f"{live}/#/runs/live/training")
    window.wait_for("[role=status]", "step 10")
    assert window.run("return document.documentElement.scrollWidth") == width
    unnamed = window.run("""
        return [...document.querySelectorAll("a, button, input, select, figure [role=img]")]
          .filter((e) => !(e.ariaLabel || e.textContent.trim() || e.labels?.length)).length""")
    assert unnamed == 0


def test_a_replay_opens_from_disk_without_a_request(
    window: Browser, run: RecordedRun, tmp_path: Path
) -> None:
    run.finish()
    other = RecordedRun(run.folder.parent / "other", recorded=False)
    other.add_epoch(train_loss=3.0)
    trainings = {
        name: TrainingFeed(run.folder.parent / name).since({})[0] for name in ("live", "other")
    }
    file = tmp_path / "replay.html"
    file.write_text(replay_page(trainings), encoding="utf-8")
    window.requests()
    window.open(file.as_uri())
    window.wait_for("[role=status]", "Finished")
    assert set(window.requests()) == {file.as_uri()}
    assert window.console() == []
    assert "train (live) from 2.2 to 0.4" in window.run(f"return {CURVES}")
    assert window.run(INK, "figure canvas") > 2
    window.click_text("button", "Play")
    window.wait_for("p[aria-live]", "step 5")
    window.wait_for("button", "Play")  # it has come to the end
    assert "step 10" in window.texts("p[aria-live]")[0]
