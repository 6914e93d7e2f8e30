"""Runs that are served, and a client of the application."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import MISSING, Browser, browser
from recorded_run import RecordedRun
from serve_client import LIMITS, Client, served

from pmt_apps.classification.labels import LabelSet
from pmt_apps.classification.ngram_models import ScratchModel
from pmt_apps.classification.predictor import TextPredictor
from pmt_apps.classification.settings import Settings as TextSettings
from pmt_apps.mnist.model import build_model
from pmt_apps.mnist.predictor import DigitPredictor
from pmt_apps.mnist.settings import Settings as DigitSettings
from pmt_apps.qqp.data.settings import Settings as PairSettings
from pmt_apps.qqp.mistakes import write_mistakes
from pmt_apps.qqp.models.transformer import TransformerPairModel
from pmt_apps.qqp.predictor import PairPredictor
from pmt_apps.server import training_feed
from pmt_apps.server.application import ServeApp
from pmt_apps.server.runs import RunStore
from pmt_text import QuestionPair

SAVED = Path(__file__).parents[1] / "saved_runs"


_SIZES: dict[str, Any] = {"width": 8, "hidden": 16, "heads": 2, "layers": 2}


def _pair_predictor() -> PairPredictor:
    settings = PairSettings(**_SIZES, min_count=1, norm="first")
    rows = [("how do i learn to swim ?", "what is the best way to learn swimming ?"),
            ("where is rome ?", "is rome far ?")]  # fmt: skip
    pairs = [QuestionPair(*texts, label=i) for i, texts in enumerate(rows)]
    return PairPredictor(settings, TransformerPairModel.for_pairs(settings, pairs))


def _text_predictor() -> TextPredictor:
    settings = TextSettings(**_SIZES, min_count=1)
    labels = LabelSet.of(["good", "bad", "late"])
    texts = ["the parcel never came .", "thank you , it fits .", "it came late ."]
    return TextPredictor(settings, ScratchModel.build(settings, texts, labels))


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs: saved ones, networks without training, and a damaged one."""
    folder = tmp_path_factory.mktemp("served") / "runs"
    for task in ("lm", "ner", "translation", "word2vec"):
        shutil.copytree(SAVED / task, folder / task)
    settings = DigitSettings(channels=2)
    DigitPredictor(settings, build_model(settings)).save(folder / "mnist")
    _pair_predictor().save(folder / "qqp")
    mistake = QuestionPair("is <b>it</b> escaped ?", "is rome far ?", label=1)
    write_mistakes(folder / "qqp", [mistake], [0.03])
    _text_predictor().save(folder / "classify")
    (folder / "broken").mkdir()
    shutil.copy(SAVED / "ner" / "config.json", folder / "broken")
    (folder / "broken" / "model.npz").write_bytes(b"PK no archive")
    (folder / "unfinished").mkdir()
    shutil.copy(SAVED / "ner" / "config.json", folder / "unfinished")
    return folder


@pytest.fixture(scope="session")
def store(runs: Path) -> Iterator[RunStore]:
    store = RunStore(runs, LIMITS)
    yield store
    store.close()


@pytest.fixture(scope="session")
def client(store: RunStore) -> Client:
    return Client(ServeApp(store, LIMITS, ["localhost", "127.0.0.1"]))


@pytest.fixture
def looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Feeds of trainings look at their files whenever they are asked."""
    monkeypatch.setattr(training_feed, "_PERIOD", 0.0)


@pytest.fixture
def live(tmp_path: Path) -> RecordedRun:
    """A training that has just begun, in a folder of runs."""
    return RecordedRun(tmp_path / "runs" / "live")


@pytest.fixture
def image() -> list[int]:
    return np.random.default_rng(0).integers(0, 256, 784).tolist()


@pytest.fixture(scope="session")
def address(runs: Path) -> Iterator[str]:
    """Where the runs are served, by the threaded server."""
    with served(runs) as where:
        yield where


@pytest.fixture(scope="session")
def window() -> Iterator[Browser]:
    """A browser; skips the test, with the reason, if there is none."""
    if MISSING:
        pytest.skip(MISSING)
    with browser() as opened:
        yield opened


@pytest.fixture
def page(window: Browser, address: str) -> Iterator[Browser]:
    """The browser, 1280 pixels wide. At the end no error may be on its console, and every request
    must have gone to the server.
    """
    window.resize(1280)
    yield window
    assert window.console() == []
    assert [url for url in window.requests() if not is_own(url, address)] == []


def is_own(url: str, address: str) -> bool:
    """Whether a request stays on the server of the page."""
    return url.startswith((f"{address}/", "data:", "about:", f"blob:{address}/"))
