"""`WordPredictor`: trained word vectors that give the nearest words of a word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

from pmt_apps.kit.predictor import Predictor
from pmt_apps.word2vec.composed import composed_vectors
from pmt_apps.word2vec.settings import TASK, Settings
from pmt_autograd import Array
from pmt_core import DataError, field
from pmt_text import Neighbor, SubwordVectors, WordVectors

ANSWERS = 10


class WordPredictor(Predictor[Settings, str, list[dict[str, Any]]]):
    """Trained word vectors: `predict` returns the ten nearest words of each word.

    They are dicts of "word" and "similarity" (cosine), the nearest first; none if the word has no
    vector, neither as it is nor in lower case. With n-grams (`--max-n`), every word has one.

    Attributes:
        vectors: of all words.
        subwords: the vectors with those of n-grams; None without them.
    """

    task = TASK
    settings_type = Settings
    key = "neighbors"

    def __init__(
        self,
        settings: Settings,
        vectors: WordVectors,
        subwords: SubwordVectors | None = None,
        *,
        weights: Mapping[str, Array] | None = None,
    ) -> None:
        super().__init__(settings)
        self.vectors = vectors
        self.subwords = subwords
        self._weights = {"vectors": vectors.matrix} if weights is None else dict(weights)

    @classmethod
    def from_weights(
        cls, settings: Settings, weights: Mapping[str, Array], meta: Mapping[str, Any]
    ) -> Self:
        """Return the word vectors of a run."""
        name = "vectors" if "vectors" in weights else "vectors.weight"
        if name not in weights:
            raise DataError(f"expected an array {name!r}, the file holds {', '.join(weights):.80}")
        words = field(meta, "words", list[str])
        ngrams = settings.ngrams
        if ngrams is None:
            return cls(settings, WordVectors(words, weights[name]))
        parts = {key: weights[key] for key in ("vectors", "buckets") if key in weights}
        if {key: array.shape[:1] for key, array in parts.items()} != {
            "vectors": (len(words),),
            "buckets": (ngrams.buckets,),
        }:
            raise DataError(
                f"expected vectors of {len(words)} words and {ngrams.buckets} buckets of n-grams, "
                f"got {', '.join(f'{key} {array.shape}' for key, array in parts.items())}"
            )
        subwords = composed_vectors(words, parts["vectors"], parts["buckets"], ngrams)
        return cls(settings, subwords.vectors, subwords, weights=parts)

    def weights(self) -> Mapping[str, Array]:
        """Return the word vectors alone: nothing else of the model is needed to answer."""
        return self._weights

    def model_meta(self) -> Mapping[str, Any]:
        """Return the words."""
        return {"words": list(self.vectors.words)}

    def checked(self, value: Any) -> str:
        """Return a word without white space around it. Raises DataError if it is no text."""
        if not isinstance(value, str):
            raise DataError(f"expected a word, got {type(value).__name__}")
        return str(value).strip()

    def answers(self, inputs: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        """Return for each word whether it is known, and its nearest words."""
        for text in inputs:
            word = self.find(text)
            neighbors = self.neighbors(text)
            yield {
                "word": text,
                "known": word is not None,
                "neighbors": [{"word": w, "similarity": round(s, 6)} for w, s in neighbors],
            }

    def neighbors(self, text: str) -> list[Neighbor]:
        """Return the nearest words of a word; none if it has no vector."""
        word = self.find(text)
        if word is not None:
            return self.vectors.neighbors(word, ANSWERS)
        if self.subwords is None:
            return []
        vector = self.subwords.of([text])[0]
        return self.vectors.neighbors(vector, ANSWERS) if vector.any() else []

    def find(self, word: str) -> str | None:
        """Return the word, or its lower case, if it has a vector."""
        spellings = (word, word.lower())
        return next((spelling for spelling in spellings if spelling in self.vectors), None)
