"""Train a classifier of texts on files or folders of labeled texts, and use it.

Without arguments it trains on a sample of letters to a shop that ships with pmt, in about a minute.
On real data:

  python apps/train_classifier.py --train train.tsv --dev dev.tsv --out runs/real
  python apps/train_classifier.py --train train.tsv --dev dev.tsv --model tfidf --out runs/tfidf
  python apps/train_classifier.py --train aclImdb --encoder all-MiniLM-L6-v2 --out runs/encoder
  python apps/train_classifier.py --train train_5500.label --folds 10 --out runs/folds

--train is CSV, TSV, JSON lines, TREC's form, or a folder with a folder per class. The columns of
texts and labels are found and printed; --text-column and --label-column overrule that. Without
--dev a part of train is held out. The baselines are the most frequent class and tf-idf.

The third starts from a pre-trained encoder, a folder of Hugging Face's form. The fourth trains and
scores ten times, each time on another tenth. To predict, a text per line is read:

  echo 'The parcel never came.' | python apps/train_classifier.py --predict --out runs/real
"""

from __future__ import annotations

from collections.abc import Sequence

from pmt_apps.classification.cross_validation import cross_validate
from pmt_apps.classification.data import read_splits
from pmt_apps.classification.predictor import TASK, TextPredictor, model_meta
from pmt_apps.classification.report import report
from pmt_apps.classification.settings import Settings
from pmt_apps.classification.training import LINEAR, text_model, trainings
from pmt_apps.kit.main import run_app
from pmt_apps.kit.run import Run
from pmt_train import Workers


def train(settings: Settings, run: Run[Settings]) -> None:
    """Read the data, train, score, and write the report."""
    splits = read_splits(settings, run)
    workers = Workers(settings.workers)
    with run.model_limit(None):
        texts = [text.text for text in splits.train]
        model = text_model(settings.kind).build(settings, texts, splits.labels)
    run.say(f"{len(splits.labels)} classes, {len(splits.train):,} texts to train on")
    baseline = None
    for training in trainings(model, settings, splits.train, splits.dev, workers):
        part, meta = "", model_meta(model)
        if training.stage == LINEAR:
            baseline, part, meta = training.model, "n-grams by themselves, as tf-idf: ", {}
        run.say(f"\n{part}{training.trainer.parameter_count:,} trained parameters")
        history = run.fit(
            training.trainer,
            training.batches,
            training.options,
            model_meta=meta,
            stage=training.stage,
        )
    if run.is_writer:  # only rank 0 scores
        report(run, history, model, baseline, splits, workers)
        if settings.folds is not None:
            cross_validate(run, model, splits, workers)
    run.finish()


def predict(settings: Settings, run: Run[Settings]) -> None:
    """Classify the texts of standard input, one per line."""
    predictor = run.predictor(TextPredictor)
    run.predict_jsonl(
        lambda examples: predictor.answers([text for (text,) in examples]), empty=True
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code. argv: None is that of the process."""
    return run_app(
        Settings, task=TASK, train=train, predict=predict, title="Classified texts", argv=argv
    )
