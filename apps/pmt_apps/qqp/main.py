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

from collections.abc import Sequence

from pmt_apps.kit.main import run_app
from pmt_apps.kit.run import Run
from pmt_apps.qqp.data.settings import Settings
from pmt_apps.qqp.data.splits import read_splits
from pmt_apps.qqp.mistakes import MISTAKES
from pmt_apps.qqp.predictor import PairPredictor
from pmt_apps.qqp.report import report
from pmt_apps.qqp.training.stages import Stages
from pmt_text import TokenCache
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
    predictor = run.predictor(PairPredictor)
    run.predict_jsonl(
        lambda lines: predictor.answers([(text1, text2) for text1, text2 in lines]),
        ("question1", "question2"),
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code. argv: None is that of the process."""
    return run_app(
        Settings,
        task="qqp",
        train=train,
        predict=predict,
        outputs=(MISTAKES,),
        title="Duplicate questions",
        argv=argv,
    )
