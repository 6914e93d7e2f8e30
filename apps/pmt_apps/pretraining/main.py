"""Pre-train an encoder on plain text by masked language modeling, for --encoder of other programs.

Without arguments it trains in about a minute on a sample of short tales that ships with pmt. On a
text of your own, in a given time:

  python apps/pretrain.py --corpus wiki.zip --minutes 60 --out runs/wiki

The tokenizer (WordPiece) is learned from the text. Each row of the history has the loss of the
held-out end of the text in bits per word, and the F1 of a probe: a linear tagger of entities on top
of the encoder as it is. The folder `encoder` of the run has the form of Hugging Face:

  python apps/train_ner.py --train eng.train --dev eng.testa --encoder runs/wiki/encoder
  python apps/train_classifier.py --train train.tsv --encoder runs/wiki/encoder

The folder `untrained` has the same model with random weights, to see what pre-training gains.

--predict fills in masks, a text per line:

  echo 'The king of the [MASK] was old.' | python apps/pretrain.py --out runs/wiki --predict
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pmt_apps.encoder.encoder import Encoder
from pmt_apps.kit.main import run_app
from pmt_apps.kit.run import Run
from pmt_apps.pretraining.corpus import read_corpus
from pmt_apps.pretraining.initial_weights import set_initial_weights
from pmt_apps.pretraining.predictor import MaskedWordPredictor
from pmt_apps.pretraining.probe import read_probe
from pmt_apps.pretraining.settings import TASK, Settings
from pmt_apps.pretraining.training import (
    all_scores,
    build_model,
    fit,
    with_steps,
)
from pmt_nn import Bert, MaskedBert
from pmt_text import Tokenizer
from pmt_train import learning_curves

TITLE = "Pre-training"
ENCODER_FOLDER = "encoder"
UNTRAINED_FOLDER = "untrained"  # the same encoder before its first step
FINE_TUNING_DROPOUT = 0.1  # that the saved encoder has


def train(settings: Settings, run: Run[Settings]) -> None:
    """Read the corpus, learn the tokenizer, train, score, and save the encoder."""
    start = time.perf_counter()
    corpus = read_corpus(settings, run)
    with run.model_limit(None):
        model = build_model(settings, len(corpus.tokenizer))
    probe = read_probe(settings, Encoder(model.encoder, corpus.tokenizer), run)
    if not (settings.resume and run.folder.checkpoint.is_file()):  # it has all weights
        set_initial_weights(model, corpus, settings)
    if settings.vectors_epochs:
        model.encoder.words.freeze()
    run.settings = settings = with_steps(settings, model, corpus, probe, start)
    run.say(
        f"{model.parameter_count():,} parameters, {settings.epochs} epochs of {settings.steps:,} "
        "steps\n"
    )
    remove_encoders(run)
    workers = fit(model, corpus, probe, settings, run)
    if run.is_writer:  # only rank 0 scores
        run.log_metrics("dev", all_scores(model, corpus, probe, settings, workers))
        run.add_figure(
            "learning.png", "Loss, bits per word and probe by epoch", learning_curves, run.history
        )
        save_encoders(run, model, corpus.tokenizer)
    run.finish()


def remove_encoders(run: Run[Settings]) -> None:
    """Remove the encoders of the run that this one replaces: they are not of these weights."""
    for name in (ENCODER_FOLDER, UNTRAINED_FOLDER):
        folder = run.folder.path / name
        if run.is_writer and (folder / "model.safetensors").is_file():
            shutil.rmtree(folder, ignore_errors=True)


def save_encoders(run: Run[Settings], model: MaskedBert, tokenizer: Tokenizer) -> None:
    """Write the folder of the encoder, and one of the same encoder before its first step."""
    save_encoder(
        run.folder.path / UNTRAINED_FOLDER, build_model(run.settings, len(tokenizer)), tokenizer
    )
    folder = run.folder.path / ENCODER_FOLDER
    save_encoder(folder, model, tokenizer)
    run.say(f"encoder: {folder}")


def save_encoder(folder: Path, model: MaskedBert, tokenizer: Tokenizer) -> None:
    """Write a folder as Hugging Face does, with the dropout of fine-tuning."""
    config = replace(model.encoder.config, dropout=FINE_TUNING_DROPOUT)
    encoder = Bert(config, np.random.default_rng(0))
    encoder.load_state_dict(model.encoder.state_dict())
    Encoder(encoder, tokenizer).save(folder)


def predict(settings: Settings, run: Run[Settings]) -> None:
    """Fill in the masks of the texts of standard input, one per line."""
    predictor = run.predictor(MaskedWordPredictor)
    run.predict_jsonl(lambda examples: predictor.answers([text for (text,) in examples]))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code. argv: None is that of the process."""
    return run_app(Settings, task=TASK, train=train, predict=predict, title=TITLE, argv=argv)
