"""Train a Transformer to tell duplicate questions, on Quora question pairs, and use it.

Without arguments it trains on a sample of synthetic question pairs that ships with pmt, in about
a minute. On real data:

  python apps/train_qqp.py --train train.tsv --dev dev.tsv --out runs/real
  python apps/train_qqp.py --data questions.tsv --out runs/real    (one file, split by the program)

Files: the public release (TSV), the Kaggle CSV, the GLUE TSV, or `label question1 question2 id`
without a header; told apart by their content. Afterwards:

  echo 'How do I swim?<Tab>How can I learn swimming?' | \\
      python apps/train_qqp.py --predict --out runs/real
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pmt_apps.kit.main import run_app
from pmt_apps.kit.run import Run
from pmt_apps.qqp.data import read_splits
from pmt_apps.qqp.models.pair_model import PairModel
from pmt_apps.qqp.models.registry import load_pair_model, make_pair_model
from pmt_apps.qqp.report import report
from pmt_apps.qqp.settings import Settings
from pmt_apps.qqp.training.labels import fit
from pmt_apps.qqp.training.stages import Stages
from pmt_train import Workers


def train(settings: Settings, run: Run[Settings]) -> None:
    """Read, train, score, draw."""
    splits = read_splits(settings, run)
    workers = Workers(settings.workers)
    if settings.has_stages:
        detector: PairModel[Any] = Stages(splits, settings, run, workers).train()
    else:
        detector = make_pair_model(settings, splits)
        run.say(f"{detector.size()}\n")
        fit(detector, splits, settings, run, workers)
    if run.is_writer:  # of several ranks, one scores
        report(run, detector, splits, workers)
    run.finish()


def predict(settings: Settings, run: Run[Settings]) -> None:
    """Answer pairs from standard input."""
    detector = load_pair_model(settings, *run.load_model())
    workers = Workers(settings.workers)

    def answer(examples: Sequence[tuple[str, ...]]) -> list[Mapping[str, Any]]:
        pairs = [(question1, question2) for question1, question2 in examples]
        return [
            {
                "question1": question1,
                "question2": question2,
                "probability": round(float(probability), 6),
                "label": int(probability >= 0.5),
            }
            for (question1, question2), probability in zip(
                pairs, detector.answer(pairs, workers), strict=True
            )
        ]

    run.predict_jsonl(answer, ("question1", "question2"))


def main() -> int:
    """Run the command line; return the exit code."""
    return run_app(
        Settings,
        task="qqp",
        train=train,
        predict=predict,
        title="Duplicate questions",
        description=__doc__,
    )
