"""The probe: how much of the entities of a sentence the vectors of an encoder show.

A linear model is fitted to the vectors of the words of tagged sentences, by ridge regression on
the tags, and scored by the entity F1 of other sentences. The encoder is not changed, so the score
tells what it knows, and the fit has one solution, which takes a second.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pmt_apps.encoder.encoder import Encoder
from pmt_apps.kit.files import SAMPLES, check_input_file
from pmt_apps.kit.run import Run
from pmt_apps.pretraining.settings import Settings
from pmt_core import SettingsError
from pmt_nn import Bert
from pmt_text import TaggedSentence, Tokenizer, convert_tags, load_conll
from pmt_train import Workers, entity_scores, predict_batches

_MOST = {"train": 1500, "dev": 500}  # sentences
_BATCH = 32
_RIDGE = 1e-3  # penalty, as a fraction of the mean square of the vectors


class Probe:
    """A linear tagger on top of an encoder that stays as it is.

    Args:
        tokenizer: of the encoder.
        train, dev: tagged sentences to fit and to score.
    """

    def __init__(
        self, tokenizer: Tokenizer, train: Sequence[TaggedSentence], dev: Sequence[TaggedSentence]
    ) -> None:
        self.tokenizer = tokenizer
        self.sentences = {"train": train, "dev": dev}
        self.labels = {
            name: [convert_tags(sentence.tags or (), "IOBES") for sentence in part]
            for name, part in self.sentences.items()
        }
        self.tags = sorted({tag for tags in self.labels["train"] for tag in tags})

    def f1(self, encoder: Bert, workers: Workers) -> float:
        """Return the entity F1 on dev of a linear model that is fitted to train."""
        vectors = {name: self._vectors(encoder, part, workers) for name, part in
                   self.sentences.items()}  # fmt: skip
        index = {tag: i for i, tag in enumerate(self.tags)}
        rows = np.array([index[tag] for tags in self.labels["train"] for tag in tags])
        weight = ridge(vectors["train"], np.eye(len(self.tags))[rows])
        best = (with_ones(vectors["dev"]) @ weight).argmax(axis=1)
        tags = iter([self.tags[i] for i in best.tolist()])
        predicted = [[next(tags) for _ in labels] for labels in self.labels["dev"]]
        return entity_scores(predicted, self.labels["dev"]).overall.f1

    def _vectors(
        self, model: Bert, sentences: Sequence[TaggedSentence], workers: Workers
    ) -> NDArray[np.float64]:
        """Return the vector of the first piece of each word (n, d), zeros if it was cut off."""
        encoder = Encoder(model, self.tokenizer)
        encoded = [encoder.encode_words(sentence.words) for sentence in sentences]
        model.eval()

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


def read_probe(settings: Settings, tokenizer: Tokenizer, run: Run[Settings]) -> Probe:
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
    return Probe(tokenizer, parts["train"].sentences, parts["dev"].sentences)
