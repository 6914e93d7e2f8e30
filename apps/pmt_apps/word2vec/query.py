"""Query a trained run: nearest words, analogies, and answers to words from standard input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pmt_apps.kit.run import Run
from pmt_apps.kit.settings import load_settings
from pmt_apps.kit.text_table import text_table
from pmt_apps.word2vec.settings import TASK, Settings
from pmt_core import DataError, SettingsError, field
from pmt_text import Neighbor, WordVectors, analogy
from pmt_train import say

VECTOR_FILES = ("vectors.bin", "vectors.txt")
"""The word vectors of a run in the formats of word2vec."""

_ANSWERS = 10


def predict(settings: Settings, run: Run[Settings]) -> None:
    """Answer words from standard input with their nearest words, a line of JSON each."""
    vectors = _load_vectors(run)

    def answer(examples: Sequence[tuple[str, ...]]) -> list[Mapping[str, Any]]:
        return [_nearest(vectors, text.strip()) for (text,) in examples]

    run.predict_jsonl(answer, ("word",))


def print_neighbors(settings: Settings) -> None:
    """Print the nearest words of `--neighbors`."""
    vectors = _vectors_in(settings)
    word = settings.neighbors or ""
    _print(vectors.neighbors(_find_word(vectors, word) or word, _ANSWERS))


def print_analogy(settings: Settings) -> None:
    """Print the words d for which `--analogy` a b c holds: a is to b as c is to d."""
    if len(settings.analogy) != 3:
        example, count = "--analogy paris france berlin", len(settings.analogy)
        raise SettingsError(f"--analogy takes three words, as in {example}, got {count}")
    vectors = _vectors_in(settings)
    a, b, c = (_find_word(vectors, word) or word for word in settings.analogy)
    _print(analogy(vectors, a, b, c, _ANSWERS))


def _print(neighbors: Sequence[Neighbor]) -> None:
    say(text_table([(word, f"{similarity:.4f}") for word, similarity in neighbors]))


def _nearest(vectors: WordVectors, text: str) -> Mapping[str, Any]:
    word = _find_word(vectors, text)
    neighbors = vectors.neighbors(word, _ANSWERS) if word is not None else []
    return {
        "word": text,
        "known": word is not None,
        "neighbors": [{"word": w, "similarity": round(s, 6)} for w, s in neighbors],
    }


def _load_vectors(run: Run[Settings]) -> WordVectors:
    with run.loaded_model() as (arrays, meta):
        name = "vectors" if "vectors" in arrays else "vectors.weight"
        if name not in arrays:
            raise DataError(f"expected an array {name!r}, the file holds {', '.join(arrays):.80}")
        return WordVectors(field(meta, "words", list[str]), arrays[name])


def _vectors_in(settings: Settings) -> WordVectors:
    """Load the vectors of the run in --out. Raises `DataError` if it is of another program."""
    run = Run(settings, TASK, TASK)
    run.folder.check_is_run("ask")
    load_settings(run.folder.config, TASK, Settings)
    return _load_vectors(run)


def _find_word(vectors: WordVectors, word: str) -> str | None:
    """Return the word, or its lower case, if it has a vector."""
    return next((spelling for spelling in (word, word.lower()) if spelling in vectors), None)
