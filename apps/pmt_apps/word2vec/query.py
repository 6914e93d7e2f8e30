"""Query a trained run: nearest words, analogies, and answers to words from standard input."""

from __future__ import annotations

from collections.abc import Sequence

from pmt_apps.kit.run import Run
from pmt_apps.kit.run_folder import RunFolder
from pmt_apps.kit.text_table import text_table
from pmt_apps.word2vec.predictor import ANSWERS, WordPredictor
from pmt_apps.word2vec.settings import Settings
from pmt_core import SettingsError
from pmt_text import Neighbor, analogy
from pmt_train import say

VECTOR_FILES = ("vectors.bin", "vectors.txt")
"""The word vectors of a run in the formats of word2vec."""
SUBWORD_FILE = "subwords.npz"
"""The word vectors of a run with `--max-n`, with those of n-grams."""


def predict(settings: Settings, run: Run[Settings]) -> None:
    """Answer words from standard input with their nearest words, a line of JSON each."""
    predictor = run.predictor(WordPredictor)
    run.predict_jsonl(
        lambda lines: predictor.answers([text.strip() for (text,) in lines]), ("word",)
    )


def print_neighbors(settings: Settings) -> None:
    """Print the nearest words of `--neighbors`."""
    predictor = _loaded(settings)
    word = settings.neighbors or ""
    _print(predictor.neighbors(word) or predictor.vectors.neighbors(word, ANSWERS))


def print_analogy(settings: Settings) -> None:
    """Print the words d for which `--analogy` a b c holds: a is to b as c is to d."""
    if len(settings.analogy) != 3:
        example, count = "--analogy paris france berlin", len(settings.analogy)
        raise SettingsError(f"--analogy takes three words, as in {example}, got {count}")
    predictor = _loaded(settings)
    a, b, c = (predictor.find(word) or word for word in settings.analogy)
    _print(analogy(predictor.vectors, a, b, c, ANSWERS))


def _print(neighbors: Sequence[Neighbor]) -> None:
    say(text_table([(word, f"{similarity:.4f}") for word, similarity in neighbors]))


def _loaded(settings: Settings) -> WordPredictor:
    """Load the vectors of the run in --out. Raises `DataError` if it is of another program."""
    RunFolder(settings.out).check_is_run("ask")
    return WordPredictor.load(settings.out)
