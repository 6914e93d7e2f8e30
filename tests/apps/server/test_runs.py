"""`RunStore`: runs are loaded once, and again if their model has changed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from pmt_apps.server import runs as module
from pmt_apps.server.network.http import HttpError
from pmt_apps.server.runs import RunStore


@pytest.fixture
def folder(runs: Path, tmp_path: Path) -> Path:
    shutil.copytree(runs / "mnist", tmp_path / "runs" / "mnist")
    return tmp_path / "runs"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that the test moves."""
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_a_run_is_loaded_again_when_its_model_has_changed(folder: Path, clock: list[float]) -> None:
    store = RunStore(folder)
    first = store.get("mnist")
    assert store.get("mnist") is first is store.get(None)
    os.utime(folder / "mnist" / "model.npz", ns=(1, 1))
    assert store.get("mnist") is first  # it was looked at just now
    clock[0] += 1
    second = store.get("mnist")
    assert second is not first
    assert store.get(None) is second
    store.close()


def test_runs_that_come_and_go(folder: Path, clock: list[float]) -> None:
    store = RunStore(folder)
    first = store.get(None)
    shutil.copytree(folder / "mnist", folder / "another")
    assert store.get("another").name == "another"  # what is not known is looked up at once
    clock[0] += 1
    assert store.get(None).name == "another"  # the first one by name
    assert store.get("mnist") is first
    shutil.rmtree(folder / "mnist")
    clock[0] += 1
    with pytest.raises(HttpError) as missing:
        store.get("mnist")
    assert missing.value.status == 404
    store.close()


def test_a_run_is_at_hand_while_it_is_as_it_was_loaded(folder: Path, clock: list[float]) -> None:
    """What has to be loaded, or looked for, is not at hand."""
    store = RunStore(folder)
    assert store.at_hand("mnist") is None
    run = store.get("mnist")
    for _ in range(3):
        assert store.at_hand("mnist") is run
        clock[0] += 1
    assert store.at_hand(None) is None
    assert store.get(None) is run is store.at_hand(None)
    clock[0] += 1
    assert store.at_hand(None) is None  # another one may be the first by now
    os.utime(folder / "mnist" / "model.npz", ns=(1, 1))
    assert store.at_hand("mnist") is None
    assert store.get("mnist") is store.at_hand("mnist") is not run
    shutil.rmtree(folder / "mnist")
    clock[0] += 1
    assert store.at_hand("mnist") is None
    store.close()


def test_the_only_run_is_at_hand_by_any_name(folder: Path, clock: list[float]) -> None:
    store = RunStore(folder / "mnist")
    run = store.get(None)
    assert store.get("mnist") is run
    clock[0] += 1
    assert store.at_hand(None) is run is store.at_hand("mnist")
    store.close()


def test_a_run_that_is_at_hand_stays_in_memory(
    folder: Path, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_LOADED", 2)
    shutil.copytree(folder / "mnist", folder / "b")
    shutil.copytree(folder / "mnist", folder / "c")
    store = RunStore(folder)
    run = store.get("mnist")
    store.get("b")
    clock[0] += 1
    assert store.at_hand("mnist") is run
    store.get("c")
    assert store.at_hand("b") is None
    assert store.at_hand("mnist") is run
    store.close()
