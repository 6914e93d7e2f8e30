"""Batches, small models and random streams for the tests of pmt_nn."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np

from pmt_nn import (
    EncoderDecoder,
    EncoderDecoderConfig,
    EntityTaggerConfig,
    LanguageModel,
    LanguageModelConfig,
)


def stream(seed: int = 0) -> np.random.Generator:
    """Return a random stream."""
    return np.random.Generator(np.random.Philox(seed))


class Rows:
    """A batch whose arrays have the batch as their first axis."""

    SHARED: tuple[str, ...] = ()

    def map(self, function: Any) -> Self:
        """Return a batch with `function` applied to every array of the batch."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]
        return replace(
            self,  # type: ignore[type-var]
            **{
                name: function(array)
                for name, array in arrays.items()
                if array is not None and name not in self.SHARED
            },
        )

    def rows(self, index: Any) -> Self:
        """Return some rows of the batch."""
        return self.map(lambda array: array[index])


@dataclass(frozen=True)
class Pairs(Rows):
    """Pairs of texts: what `PairClassifier` reads."""

    ids: np.ndarray
    segments: np.ndarray
    match_types: np.ndarray
    mask: np.ndarray
    features: np.ndarray | None = None

    @classmethod
    def random(
        cls, rng: np.random.Generator, n: int = 4, t: int = 7, v: int = 13, first: int = 1
    ) -> Self:
        """Return n pairs of 2 to t of the ids first ... v - 1."""
        ids = rng.integers(first, v, (n, t))
        segments, match_types = rng.integers(0, 2, (n, t)), rng.integers(0, 3, (n, t))
        return cls(ids, segments, match_types, np.arange(t) < rng.integers(2, t + 1, (n, 1)))


@dataclass(frozen=True)
class Sentences(Rows):
    """Tagged sentences: what `EntityTagger` reads."""

    words: np.ndarray
    characters: np.ndarray
    spelling_ids: np.ndarray
    shapes: np.ndarray
    mask: np.ndarray
    tags: np.ndarray | None = None

    SHARED = ("characters",)

    @classmethod
    def of(
        cls,
        words: np.ndarray,
        letters: np.ndarray,
        shapes: np.ndarray,
        mask: np.ndarray | None = None,
        tags: np.ndarray | None = None,
    ) -> Self:
        """Return sentences of words (b, t) with the letters (b, t, c) of each word."""
        characters, spelling_ids = np.unique(
            letters.reshape(-1, letters.shape[-1]), axis=0, return_inverse=True
        )
        if mask is None:
            mask = np.ones(words.shape, np.bool_)
        return cls(words, characters, spelling_ids.reshape(words.shape), shapes, mask, tags)


def tagger_config(words: int) -> EntityTaggerConfig:
    """Return the config of a small tagger without dropout."""
    return EntityTaggerConfig(
        words=words,
        characters=9,
        shapes=6,
        tags=3,
        word_width=8,
        character_width=4,
        filters=6,
        shape_width=4,
        width=16,
        heads=2,
        hidden=16,
        layers=1,
        dropout=0.0,
        input_dropout=0.0,
        word_dropout=0.0,
    )


def language_model(rng: np.random.Generator, stir: Any, **settings: Any) -> LanguageModel:
    """Return a small language model in evaluation mode, with weights changed by `stir`."""
    sizes = {"vocabulary": 11, "max_length": 40, "width": 8, "heads": 2, "hidden": 16, "dropout": 0}
    config = LanguageModelConfig(**{**sizes, **settings})
    model: LanguageModel = stir(LanguageModel(config, rng, dtype=np.float64)).eval()
    return model


def translator(rng: np.random.Generator, stir: Any, **settings: Any) -> EncoderDecoder:
    """Return a small encoder-decoder in evaluation mode, with weights changed by `stir`."""
    sizes = {"max_length": 30, "width": 8, "heads": 2, "hidden": 16, "dropout": 0}
    ids = {"source_vocabulary": 9, "target_vocabulary": 9}
    config = EncoderDecoderConfig(**{**sizes, **ids, **settings})
    model: EncoderDecoder = stir(EncoderDecoder(config, rng, dtype=np.float64)).eval()
    return model


def padded_sources(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return five sequences of source ids, 0 at padding, and their mask."""
    mask = np.arange(6) < np.array([6, 2, 4, 1, 5])[:, np.newaxis]
    return np.where(mask, rng.integers(3, 9, (5, 6)), 0), mask
