"""Train a Transformer to find named entities, on CoNLL files, and use it.

Without arguments it trains on a sample of synthetic news that ships with pmt, in about a minute.
On real data:

  python apps/train_ner.py --train eng.train --dev eng.testa --out runs/real
  python apps/train_ner.py --train eng.train --dev eng.testa --vectors wiki.bin --out runs/vectors
  python apps/train_ner.py --train eng.train --dev eng.testa --lm-corpus wiki.txt --out runs/lm
  python apps/train_ner.py --train eng.train --dev eng.testa --encoder all-MiniLM-L6-v2 --out runs/e
  python apps/train_ner.py --train eng.train --dev eng.testa --preset best --out runs/best
  python apps/train_ner.py --train eng.train --dev eng.testa --folds 5 --out runs/folds

The second starts from word vectors that the word2vec app made. The third pre-trains its encoder
on plain text; --encoder runs/lm/pretrain.npz reuses that encoder in another run. The fourth
fine-tunes a pre-trained encoder, a folder of Hugging Face's form. The fifth trains five taggers and
averages their scores. The last also trains and scores five times, each time on other documents of
--train.

Files have one word per line with its tag (IOB1, IOB2 or IOBES; also types or letters alone), an
empty line after every sentence, and any number of columns. Which of them hold words and tags is
decided from all rows of --train, and printed; --word-column and --tag-column overrule it, for all
files. To predict, raw text is read, a sentence per line:

  echo 'Boris Becker won in Kelmoor.' | python apps/train_ner.py --predict --out runs/real
"""

from __future__ import annotations

from collections.abc import Sequence

from pmt_apps.kit.main import run_app
from pmt_apps.kit.run import Run
from pmt_apps.ner.cross_validation import cross_validate
from pmt_apps.ner.data import read_splits, read_vectors
from pmt_apps.ner.document_folds import document_folds
from pmt_apps.ner.ensemble_training import fit_members
from pmt_apps.ner.new_tagger import new_tagger
from pmt_apps.ner.predictor import EntityPredictor
from pmt_apps.ner.pretraining import pretrain, read_corpus
from pmt_apps.ner.report import TAGGED_FILES, report
from pmt_apps.ner.settings import Settings
from pmt_apps.ner.training import fit
from pmt_train import Workers


def train(settings: Settings, run: Run[Settings]) -> None:
    """Read the data, pre-train if asked to, train, score, and write the report."""
    splits = read_splits(settings, run)
    vectors = read_vectors(settings, run, splits)
    sentences = splits["train"].sentences
    corpus = read_corpus(settings, run)
    folds = None
    if settings.folds is not None:  # before the training, so that an error comes at once
        folds = document_folds(sentences, settings.folds, settings.seed)
    stage = "member1" if settings.members > 1 else None
    tagger = new_tagger(settings, run, sentences, vectors, corpus, stage=stage)
    encoder = tagger.encoder
    run.say(
        f"{len(encoder.words):,} words, {len(encoder.characters):,} letters, "
        f"{tagger.model.parameter_count():,} parameters\n"
    )
    workers = Workers(settings.workers)
    if corpus:
        pretrain(tagger, corpus, settings, run, workers)
    if settings.members > 1:
        tagger = fit_members(tagger, splits, corpus, vectors, run, workers)
        history = run.history
    else:
        history = fit(tagger, splits, settings, run, workers)
    if run.is_writer:  # only rank 0 scores
        report(run, history, tagger, splits, workers)
        if folds is not None:
            cross_validate(run, sentences, folds, vectors, workers)
    run.finish()


def predict(settings: Settings, run: Run[Settings]) -> None:
    """Find the entities of raw sentences from standard input."""
    predictor = run.predictor(EntityPredictor)
    run.predict_jsonl(lambda lines: predictor.answers([text for (text,) in lines]), empty=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code. argv: None is that of the process."""
    return run_app(
        Settings,
        task="ner",
        train=train,
        predict=predict,
        outputs=tuple(TAGGED_FILES.values()),
        title="Named entities",
        argv=argv,
    )
