"""Translate text with a trained encoder-decoder and its byte-pair encoding."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_apps.translation.ensemble import TranslationEnsemble
from pmt_apps.translation.settings import MAX_LENGTH, SearchSettings
from pmt_autograd import no_grad
from pmt_nn import (
    BeamStep,
    EncoderDecoder,
    Hypothesis,
    LengthPenalty,
    capture,
    expected_utility,
    gnmt_penalty,
)
from pmt_text import CLS, PAD, SEP, BytePairEncoding, EncodedTranslations, TokenBatches
from pmt_train import Workers, predict_batches, sentence_bleu

_BATCH_TOKENS = 2048  # source tokens that are translated at once


@dataclass(frozen=True)
class Translation:
    """A translation of one sentence.

    Attributes:
        text: the translation.
        score: its log-probability divided by the length penalty; nan if numbers overflow.
        ids: its tokens, without start and end.
    """

    text: str
    score: float
    ids: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Translator:
    """Translate sentences by beam search, in batches of similar length.

    Attributes:
        model: the trained model, or several that translate together.
        tokenizer: the byte-pair encoding of both languages.
        search: how it looks for translations, and chooses among them.
        workers: threads.
    """

    model: EncoderDecoder | TranslationEnsemble
    tokenizer: BytePairEncoding
    search: SearchSettings
    workers: Workers

    @property
    def first(self) -> EncoderDecoder:
        """The model, or the first of several: the one whose attention is shown."""
        model = self.model
        return model.members[0] if isinstance(model, TranslationEnsemble) else model

    @property
    def penalty(self) -> LengthPenalty:
        """The length penalty of the search."""
        return gnmt_penalty(self.search.length_penalty)

    def encode(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """Return the ids of each text, truncated to the maximum length of the model."""
        return encode(self.tokenizer, texts)

    def __call__(
        self, texts: Sequence[str], *, beam: int | None = None, description: str = "translating"
    ) -> list[Translation]:
        """Return a translation of each text, in their order."""
        self.model.eval()
        data = EncodedTranslations.of(self.encode(texts))
        translations: list[Translation] = [Translation("", 0.0, ())] * len(texts)

        def translate(indices: NDArray[np.int64]) -> None:
            for i, translation in zip(indices, self._search(data, indices, beam), strict=True):
                translations[i] = translation

        batches = TokenBatches(data.lengths[:, 0], _BATCH_TOKENS, lambda indices: indices)
        predict_batches(translate, batches, self.workers, description=description)
        return translations

    def observed(self, text: str) -> tuple[Translation, list[BeamStep]]:
        """Return the translation of a text, and the steps of the search for it."""
        self.model.eval()
        steps: list[BeamStep] = []
        data = EncodedTranslations.of(self.encode([text]))
        (translation,) = self._search(data, np.array([0]), None, steps.append)
        return translation, steps

    def _search(
        self,
        data: EncodedTranslations,
        indices: NDArray[np.int64],
        beam: int | None,
        observer: Callable[[BeamStep], None] | None = None,
    ) -> list[Translation]:
        batch = data.batch(indices)
        lengths = batch.source_mask.sum(axis=1)
        width = beam or self.search.beam
        reward = self.search.length_reward
        hypotheses = self.model.beam_search(
            batch.source,
            batch.source_mask,
            start=CLS,
            end=SEP,
            max_length=np.minimum(2 * lengths + 10, MAX_LENGTH),
            width=width,
            penalty=self.penalty,
            n_best=1 if reward is None else width,
            observer=observer,
        )
        return [self._translation(best, reward) for best in hypotheses]

    def _translation(
        self, hypotheses: Sequence[Hypothesis], length_reward: float | None
    ) -> Translation:
        """Return the chosen hypothesis; an empty text of score nan if the logits are not finite."""
        if not hypotheses:
            return Translation("", math.nan, ())
        translations = [
            Translation(decode(self.tokenizer, each.tokens), each.score, each.tokens)
            for each in hypotheses
        ]
        if length_reward is None or len(hypotheses) == 1:
            return translations[0]
        texts = [translation.text for translation in translations]
        return translations[most_similar_to_all(hypotheses, texts, length_reward)]

    def attention(
        self, source: str, translation: Translation
    ) -> tuple[list[str], list[str], list[NDArray[np.float32]]]:
        """Return the cross-attention of a translation to its source.

        Returns:
            The target tokens, the source tokens, and for each decoder layer the weights
            (target tokens, source tokens), averaged over the heads.
        """
        target, names, layers = self.head_attention(source, translation)
        return target, names, [weights.mean(axis=0) for weights in layers]

    def head_attention(
        self, source: str, translation: Translation
    ) -> tuple[list[str], list[str], list[NDArray[np.float32]]]:
        """Return the cross-attention as `attention` does, by head: (heads, target, source)."""
        self.model.eval()
        data = EncodedTranslations.of(self.encode([source]), [np.array(translation.ids, np.int64)])
        batch = data.batch(np.array([0]))
        model = self.first
        with capture(model) as captured, no_grad():
            model(batch.source, batch.target)
        layers = [
            weights[0] for name, weights in captured.items() if name.endswith("cross.weights")
        ]
        return self.token_names(batch.labels[0]), self.token_names(batch.source[0]), layers

    def token_names(self, ids: NDArray[np.int64]) -> list[str]:
        """Return the texts of tokens: "_" for a space, "end" for the end token."""
        names = self.tokenizer.tokens(ids)
        return ["end" if i == SEP else name.replace(" ", "_") for i, name in zip(ids, names)]


def most_similar_to_all(
    hypotheses: Sequence[Hypothesis], texts: Sequence[str], length_reward: float
) -> int:
    """Return the index of the hypothesis of minimum Bayes risk (Kumar & Byrne 2004).

    Its expected sentence BLEU is the largest if one of the hypotheses is right, each with a
    probability proportional to its own times e^(length_reward n), n tokens (Murray & Chiang 2018).

    Args:
        hypotheses: of one source, one or more.
        texts: of the hypotheses.
        length_reward: per token.
    """
    log_p = [each.log_probability + length_reward * len(each.tokens) for each in hypotheses]
    utility = [[sentence_bleu(text, [right]).score for right in texts] for text in texts]
    return int(expected_utility(log_p, utility).argmax())


def encode(tokenizer: BytePairEncoding, texts: Sequence[str]) -> list[NDArray[np.int64]]:
    """Return the ids of each text; a leading space makes its first word like any other."""
    ids = (tokenizer.encode(f" {text.strip()}") for text in texts)
    # A slice is an object more for each sentence, which takes as much memory as its ids.
    return [each if len(each) < MAX_LENGTH else each[: MAX_LENGTH - 1].copy() for each in ids]


def decode(tokenizer: BytePairEncoding, ids: Sequence[int]) -> str:
    """Return the text of generated ids."""
    return " ".join(tokenizer.decode([i for i in ids if i != PAD]).split())
