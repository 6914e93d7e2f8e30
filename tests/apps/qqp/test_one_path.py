"""One training path: how often models are built and questions tokenized, and how deep it calls."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pmt_apps.kit.run import Run
from pmt_apps.qqp import main
from pmt_apps.qqp.data.settings import Settings
from pmt_nn import Linear, PairClassifier
from pmt_text.tokenizers import normalize as tokenizer

TINY: dict[str, Any] = {
    "width": 8,
    "hidden": 8,
    "heads": 2,
    "layers": 1,
    "epochs": 1,
    "workers": 1,
    "min_count": 1,
}
BEST = {"preset": "best", "students": 3, "vectors_epochs": 1, "pretrain_epochs": 1}


@dataclass
class Counts:
    classifiers: int
    tokenizations: Counter[str]


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> Counts:
    """What a run of `--preset best` with three students does."""
    folder = tmp_path_factory.mktemp("best")
    files = {}
    for n, name in enumerate(("train", "dev", "test", "extra")):
        rows = [
            f"{i % 2}\thow to do {n} {i % 20}?\tway of doing {i % 7}, {name}\t{i}"
            for i in range(40)
        ]
        files[name] = folder / name
        files[name].write_text("\n".join(rows) + "\n")
    counts = Counts(0, Counter())
    build: Callable[..., None] = PairClassifier.__init__
    split = tokenizer.normal_tokens

    def counted_build(self: PairClassifier, *args: Any, **kwargs: Any) -> None:
        counts.classifiers += 1
        build(self, *args, **kwargs)

    def counted_split(text: str) -> list[str]:
        counts.tokenizations[text] += 1
        return split(text)

    settings = Settings(out=folder / "run", **files, **TINY, **BEST)
    with pytest.MonkeyPatch.context() as patch, Run.open(settings, "qqp", "") as run:
        patch.setattr(PairClassifier, "__init__", counted_build)
        patch.setattr(tokenizer, "normal_tokens", counted_split)
        main.train(settings, run)
    return counts


def test_best_builds_a_teacher_and_its_students(counts: Counts) -> None:
    assert counts.classifiers == 4


def test_each_question_is_tokenized_once(counts: Counts) -> None:
    assert len(counts.tokenizations) > 60
    assert set(counts.tokenizations.values()) == {1}


def test_the_first_linear_layer_is_at_most_28_calls_below_train(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Reached(BaseException):
        pass

    depths = []

    def forward(self: Linear, *args: Any) -> None:
        names = [frame.frame.f_code for frame in inspect.stack(0)]
        depths.append(names.index(main.train.__code__))
        raise Reached

    monkeypatch.setattr(Linear, "forward", forward)
    settings = Settings(out=tmp_path / "run", preset="plain", limit=40, **TINY)
    with pytest.raises(Reached), Run.open(settings, "qqp", "") as run:
        main.train(settings, run)
    assert depths[0] <= 28
