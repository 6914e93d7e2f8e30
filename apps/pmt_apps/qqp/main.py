"""Train a Transformer that detects duplicate questions (Quora question pairs), or use it.

Without options it trains for a minute on the synthetic sample that ships with pmt. On real data:

  python apps/train_qqp.py --train train.tsv --dev dev.tsv --out runs/real
  python apps/train_qqp.py --data questions.tsv --out runs/real    (one file, which is split)

The format of a file is detected: the public release (TSV), the Kaggle CSV, the GLUE TSV, or
`label question1 question2 id` without a header. Use the trained model on pairs of questions:

  echo 'How do I swim?<Tab>How can I learn swimming?' | \\
      python apps/train_qqp.py --predict --out runs/real
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pmt_apps.kit.main import run_app
from pmt_apps.kit.run import Run
from pmt_apps.qqp.data.settings import Settings
from pmt_apps.qqp.data.splits import TokenCache, read_splits
from pmt_apps.qqp.models.registry import load_pair_model
from pmt_apps.qqp.report import report
from pmt_apps.qqp.training.stages import Stages
from pmt_train import Workers


def train(settings: Settings, run: Run[Settings]) -> None:
    """Read the data, train stage by stage, and report."""
    tokenize = TokenCache()
    splits = read_splits(run, tokenize)
    workers = Workers(settings.workers)
    stages = Stages(run, splits, workers, tokenize)
    for stage in stages:
        run.fit(
            stage.trainer,
            stage.batches,
            stage.options,
            model_meta=stage.model_meta,
            stage=stage.name,
        )
    if run.is_writer:  # of several ranks, one scores
        report(run, stages.model, splits, workers, tokenize)
    run.finish()


def predict(settings: Settings, run: Run[Settings]) -> None:
    """Answer pairs from standard input."""
    with run.loaded_model() as (weights, meta):
        model = load_pair_model(settings, weights, meta)
    workers = Workers(settings.workers)

    def answer(examples: Sequence[tuple[str, ...]]) -> list[Mapping[str, Any]]:
        pairs = [(question1, question2) for question1, question2 in examples]
        return [
            {"question1": question1, "question2": question2, **rounded(float(probability))}
            for (question1, question2), probability in zip(
                pairs, model.predict(pairs, workers), strict=True
            )
        ]

    run.predict_jsonl(answer, ("question1", "question2"))


def rounded(probability: float) -> dict[str, float | int]:
    """Return a probability with six digits, and its label: 1 if it is 0.5 or more.

    A probability just below 0.5 stays below it.
    """
    is_duplicate = probability >= 0.5
    digits = round(probability, 6)
    return {
        "probability": digits if is_duplicate else min(digits, 0.499999),
        "label": int(is_duplicate),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code. argv: None is that of the process."""
    return run_app(
        Settings, task="qqp", train=train, predict=predict, title="Duplicate questions", argv=argv
    )
