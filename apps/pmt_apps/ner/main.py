"""Train a Transformer to find named entities, on CoNLL files, and use it.

Without arguments it trains on a sample of synthetic news that ships with pmt, in about a minute.
On real data:

  python apps/train_ner.py --train eng.train --dev eng.testa --out runs/real
  python apps/train_ner.py --train eng.train --dev eng.testa --vectors wiki.bin --out runs/vectors
  python apps/train_ner.py --train eng.train --dev eng.testa --lm-corpus wiki.txt --out runs/lm

The second starts from vectors that train_word2vec.py made. The third trains its encoder on plain
text first, and --encoder runs/lm/pretrain.npz takes it up again in another run.

Files: a word a line with its tag (IOB1, IOB2 or IOBES; told apart), an empty line after every
sentence, any number of columns: words in the first and tags in the last one that has some, or as
--word-column and --tag-column say. Afterwards:

  echo 'Boris Becker won in Kelmoor.' | python apps/train_ner.py --predict --out runs/real
"""

from __future__ import annotations

from pmt_apps.kit.main import run_app
from pmt_apps.kit.run import Run
from pmt_apps.ner.data import learn_encoder, read_splits, read_vectors, vector_table
from pmt_apps.ner.predict import answers
from pmt_apps.ner.pretraining import Start, frequent_words, pretrain, read_corpus
from pmt_apps.ner.report import report
from pmt_apps.ner.settings import Settings
from pmt_apps.ner.tagger import Tagger
from pmt_apps.ner.training import fit
from pmt_train import Workers


def train(settings: Settings, run: Run[Settings]) -> None:
    """Read, train, score, draw."""
    splits = read_splits(settings, run)
    vectors = read_vectors(settings, run)
    sentences = splits["train"].sentences
    corpus = read_corpus(settings, run)
    start = Start.read(settings.encoder) if settings.encoder else None
    more_learned = [*(start.words if start else ()), *frequent_words(corpus, settings)]
    encoder = learn_encoder(settings, sentences, vectors, more_learned)
    table = vector_table(encoder, vectors) if vectors is not None else None
    tagger = Tagger.new(settings, encoder, [*sentences, *corpus], table)
    if start:
        start.give_to(tagger)
    run.say(
        f"{len(encoder.words):,} words, {len(encoder.characters):,} letters, "
        f"{tagger.model.parameter_count():,} parameters\n"
    )
    workers = Workers(settings.workers)
    if corpus:
        pretrain(tagger, corpus, settings, run, workers)
    history = fit(tagger, splits, settings, run, workers)
    if run.is_writer:  # of several ranks, one scores
        report(run, history, tagger, splits, workers)
    run.finish()


def predict(settings: Settings, run: Run[Settings]) -> None:
    """Find the entities of raw sentences from standard input."""
    weights, meta = run.load_model()
    tagger = Tagger.from_json(settings, meta)
    tagger.model.load_state_dict(weights)
    workers = Workers(settings.workers)
    run.predict_jsonl(
        lambda lines: answers(tagger, [text for (text,) in lines], workers), empty=True
    )


def main() -> int:
    """Run the command line; return the exit code."""
    return run_app(
        Settings,
        task="ner",
        train=train,
        predict=predict,
        title="Named entities",
        description=__doc__,
    )
