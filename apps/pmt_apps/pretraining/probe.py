"""The probe: how much of the entities of a sentence the vectors of an encoder show.

A linear model is fitted to the vectors of the words of tagged sentences, by ridge regression on
the tags, and scored by the entity F1 of other sentences. The encoder is not changed, so the score
tells what it knows, and the fit has one solution, which takes a second.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pmt_apps.encoder.batches import EncodedWords
from pmt_apps.encoder.encoder import Encoder
from pmt_apps.kit.files import SAMPLES, check_input_file
from pmt_apps.kit.run import Run
from pmt_apps.pretraining.settings import Settings
from pmt_core import SettingsError
from pmt_text import TaggedSentence, convert_tags, load_conll
from pmt_train import Workers, entity_scores, predict_batches

_MOST = {"train": 1500, "dev": 500}  # sentences
_BATCH = 32
_RIDGE = 1e-3  # penalty, as a fraction of the mean square of the vectors


class Probe:
    """A linear tagger on top of an encoder that stays as it is.

    Args:
        encoder: with the weights at the time of each score.
        train, dev: tagged sentences to fit and to score.
    """

    def __init__(
        self, encoder: Encoder, train: Sequence[TaggedSentence], dev: Sequence[TaggedSentence]
    ) -> None:
        self.encoder = encoder
        self._train, self._dev = (
            [encoder.encode_words(sentence.words) for sentence in part] for part in (train, dev)
        )
        train_tags, self._dev_tags = (
            [convert_tags(sentence.tags or (), "IOBES") for sentence in part]
            for part in (train, dev)
        )
        flat = [tag for tags in train_tags for tag in tags]
        self._tags = sorted(set(flat))
        index = {tag: i for i, tag in enumerate(self._tags)}
        self._labels = np.array([index[tag] for tag in flat])

    def f1(self, workers: Workers) -> float:
        """Return the entity F1 on dev of a linear model that is fitted to train."""
        one_hot = np.eye(len(self._tags))[self._labels]
        weight = ridge(self._vectors(self._train, workers), one_hot)
        best = (with_ones(self._vectors(self._dev, workers)) @ weight).argmax(axis=1)
        tags = iter([self._tags[i] for i in best.tolist()])
        predicted = [[next(tags) for _ in labels] for labels in self._dev_tags]
        return entity_scores(predicted, self._dev_tags).overall.f1

    def _vectors(self, encoded: Sequence[EncodedWords], workers: Workers) -> NDArray[np.float64]:
        """Return the vector of the first piece of each word (n, d), zeros if it was cut off."""
        encoder = self.encoder
        encoder.model.eval()

        def work(start: int) -> NDArray[np.float64]:
            part = encoded[start : start + _BATCH]
            hidden = encoder.hidden(encoder.batch(part)).data
            rows = []
            for vectors, words in zip(hidden, part, strict=True):
                pieces = words.alignment.pieces
                row = np.zeros((len(pieces), hidden.shape[-1]))
                row[pieces > 0] = vectors[words.alignment.starts[pieces > 0]]
                rows.append(row)
            return np.concatenate(rows)

        starts = range(0, len(encoded), _BATCH)
        return np.concatenate(predict_batches(work, starts, workers, description="probing"))


def ridge(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights (d + 1, k) of ridge regression of y (n, k) on x (n, d) and a constant."""
    x = with_ones(x)
    gram = x.T @ x
    penalty = _RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
    solution: NDArray[np.float64] = np.linalg.solve(gram + penalty, x.T @ y)
    return solution


def with_ones(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return x (n, d) with a column of ones, (n, d + 1)."""
    return np.concatenate([x, np.ones((len(x), 1))], axis=1)


def read_probe(settings: Settings, encoder: Encoder, run: Run[Settings]) -> Probe:
    """Return the probe on the first sentences of --probe-train and --probe-dev, or of a sample.

    Raises:
        SettingsError: the sentences to learn from have no tag.
    """
    paths = {"train": settings.probe_train, "dev": settings.probe_dev}
    parts = {}
    for name, given in paths.items():
        path = given or SAMPLES / f"ner_{name}.conll"
        check_input_file(path, "tagged sentences")
        parts[name] = load_conll(path, limit=_MOST[name])
        run.log_file(f"probe_{name}", path, len(parts[name]))
    if not parts["train"].types:
        raise SettingsError(f"{parts['train'].path} has no entities; give tagged sentences")
    return Probe(encoder, parts["train"].sentences, parts["dev"].sentences)
