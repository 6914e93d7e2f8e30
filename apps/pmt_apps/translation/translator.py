"""A trained encoder-decoder with its byte-pair encoding: text in, text out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import no_grad
from pmt_nn import EncoderDecoder, capture, gnmt_penalty
from pmt_text import CLS, PAD, SEP, BytePairEncoding, EncodedTranslations, TokenBatches
from pmt_train import Workers, predict_batches

LONGEST = 1024  # tokens; positions are sinusoids, so a model may meet more than it was trained on
_BATCH = 2048  # source tokens that are translated at once


@dataclass(frozen=True)
class Translation:
    """text: what was written. score: its log-probability over the length penalty.
    ids: its tokens, without those of beginning and end.
    """

    text: str
    score: float
    ids: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Translator:
    """Translates sentences, those of like length together.

    beam: hypotheses side by side; 1 takes the likeliest token at every step. alpha: of the length
    penalty ((5 + n) / 6)^alpha; the higher, the longer the translations.
    """

    model: EncoderDecoder
    encoding: BytePairEncoding
    beam: int
    alpha: float
    workers: Workers

    def encode(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """The ids of each text; what is too long for the model is cut."""
        return encode(self.encoding, texts)

    def __call__(
        self, texts: Sequence[str], *, beam: int | None = None, description: str = "translating"
    ) -> list[Translation]:
        """A translation of each text, in their order."""
        self.model.eval()
        data = EncodedTranslations.of(self.encode(texts))
        found: list[Translation] = [Translation("", 0.0, ())] * len(texts)

        def translate(indices: NDArray[np.int64]) -> None:
            for i, one in zip(indices, self._translate(data, indices, beam), strict=True):
                found[i] = one

        batches = TokenBatches(data.lengths[:, 0], _BATCH, lambda indices: indices)
        predict_batches(translate, batches, self.workers, description=description)
        return found

    def _translate(
        self, data: EncodedTranslations, indices: NDArray[np.int64], beam: int | None
    ) -> list[Translation]:
        batch = data.batch(indices)
        lengths = batch.source_mask.sum(axis=1)
        best = self.model.beam_search(
            batch.source,
            batch.source_mask,
            start=CLS,
            end=SEP,
            max_length=np.minimum(2 * lengths + 10, LONGEST),
            width=beam or self.beam,
            penalty=gnmt_penalty(self.alpha),
        )
        return [
            Translation(decode(self.encoding, one.tokens), one.score, one.tokens)
            for one, *_ in best
        ]

    def attention(
        self, source: str, translation: Translation
    ) -> tuple[list[str], list[str], list[NDArray[np.float32]]]:
        """Where a translation was looking: its tokens, those of the source, and for every layer of
        the decoder the weights (tokens, source tokens), the mean of the heads.
        """
        self.model.eval()
        data = EncodedTranslations.of(self.encode([source]), [np.array(translation.ids, np.int64)])
        batch = data.batch(np.array([0]))
        with capture(self.model) as seen, no_grad():
            self.model(batch.source, batch.target)
        layers = [w[0].mean(axis=0) for name, w in seen.items() if name.endswith("cross.weights")]
        return self._shown(batch.labels[0]), self._shown(batch.source[0]), layers

    def _shown(self, ids: NDArray[np.int64]) -> list[str]:
        names = self.encoding.tokens(ids)
        return ["end" if i == SEP else name.replace(" ", "_") for i, name in zip(ids, names)]


def encode(encoding: BytePairEncoding, texts: Sequence[str]) -> list[NDArray[np.int64]]:
    """The ids of each text. With a space before it, its first word is as any other."""
    return [encoding.encode(f" {text.strip()}")[: LONGEST - 1] for text in texts]


def decode(encoding: BytePairEncoding, ids: Sequence[int]) -> str:
    """The text of ids that a model wrote."""
    return " ".join(encoding.decode([i for i in ids if i != PAD]).split())
