"""What pre-training reads: a corpus, tagged sentences of the probe; and mistakes of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from campaigns.fuzz.mutations.files import Files
from campaigns.fuzz.readers.reader import Reader, json_file
from campaigns.fuzz.readers.texts import conll_samples, corpus_samples, hostile_texts
from pmt_apps.encoder.encoder import Encoder
from pmt_apps.kit.run import Run
from pmt_apps.pretraining.corpus import read_corpus
from pmt_apps.pretraining.probe import read_probe
from pmt_apps.pretraining.settings import TASK, Settings
from pmt_apps.pretraining.training import build_model
from pmt_apps.qqp.mistakes import MISTAKES, read_mistakes
from pmt_text import Tokenizer, learn_word_pieces


def _corpus(folder: Path) -> None:
    settings = Settings(
        corpus=folder / "a.txt", vocabulary=64, max_length=8, dev_fraction=0.1, workers=1
    )
    read_corpus(settings, Run(settings, TASK, TASK))


def _long_corpora() -> Iterator[Files]:
    """Yield texts that are long enough for chunks to train on and to hold out."""
    for files in corpus_samples():
        if len(files["a.txt"].split()) >= _FEWEST_WORDS and files["a.txt"][:1].isalpha():
            yield files
    yield {"a.txt": b"the cat sat on the mat\n\nthe dog ran to the log\n\n" * 9}


_FEWEST_WORDS = 40


def _probe(folder: Path) -> None:
    settings = Settings(probe_train=folder / "train.txt", probe_dev=folder / "dev.txt", workers=1)
    tokenizer = Tokenizer.word_piece(learn_word_pieces({"the": 2, "cat": 2}, 64))
    encoder = Encoder(build_model(settings, len(tokenizer)).encoder, tokenizer)
    read_probe(settings, encoder, Run(settings, TASK, TASK))


def _probe_samples() -> Iterator[Files]:
    for files in conll_samples():
        yield {"train.txt": files["a.txt"], "dev.txt": files["a.txt"]}


def _mistakes_samples() -> Iterator[Files]:
    row = {"question1": "How do I swim?", "question2": "A?", "label": 1, "probability": 0.03}
    for rows in ([], [row], [row, {**row, "label": 0, "probability": 0.9}]):
        yield {MISTAKES: json_file({"mistakes": rows})}


PRETRAINING_READERS: Sequence[Reader] = (
    Reader(
        "data-pretraining",
        _corpus,
        _long_corpora,
        ["pmt_apps.pretraining.corpus.read_corpus"],
        hostile_texts("a.txt"),
    ),
    Reader(
        "data-probe",
        _probe,
        _probe_samples,
        ["pmt_apps.pretraining.probe.read_probe"],
        hostile_texts("train.txt", "dev.txt"),
    ),
    Reader(
        "qqp-mistakes",
        read_mistakes,
        _mistakes_samples,
        ["pmt_apps.qqp.mistakes.read_mistakes"],
    ),
)
