"""Runs that are served, and a client of the application."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from serve_client import LIMITS, Client

from pmt_apps.mnist.model import build_model
from pmt_apps.mnist.predictor import DigitPredictor
from pmt_apps.mnist.settings import Settings as DigitSettings
from pmt_apps.server.application import ServeApp
from pmt_apps.server.runs import RunStore

SAVED = Path(__file__).parents[1] / "saved_runs"


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs: saved ones, a network of digits without training, and a damaged one."""
    folder = tmp_path_factory.mktemp("served") / "runs"
    for task in ("lm", "ner", "translation", "word2vec"):
        shutil.copytree(SAVED / task, folder / task)
    settings = DigitSettings(model="mlp")
    DigitPredictor(settings, build_model(settings)).save(folder / "mnist")
    (folder / "broken").mkdir()
    shutil.copy(SAVED / "ner" / "config.json", folder / "broken")
    (folder / "broken" / "model.npz").write_bytes(b"PK no archive")
    (folder / "unfinished").mkdir()
    shutil.copy(SAVED / "ner" / "config.json", folder / "unfinished")
    return folder


@pytest.fixture(scope="session")
def store(runs: Path) -> Iterator[RunStore]:
    store = RunStore(runs, LIMITS, workers=1)
    yield store
    store.close()


@pytest.fixture(scope="session")
def client(store: RunStore) -> Client:
    return Client(ServeApp(store, LIMITS, ["localhost", "127.0.0.1"]))


@pytest.fixture
def image() -> list[int]:
    return np.random.default_rng(0).integers(0, 256, 784).tolist()
