"""`CrossEncoderPairModel`: a pre-trained encoder that reads both texts, to be fine-tuned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from pmt_apps.encoder.batches import TokenBatch
from pmt_apps.encoder.encoder import Encoder
from pmt_apps.encoder.fine_tuning import (
    encoder_from_json,
    encoder_to_json,
    first_and_mean,
    freeze_lowest,
    layer_groups,
    scale_tables,
    without_unused,
)
from pmt_apps.qqp.data.settings import Settings
from pmt_apps.qqp.models.pair_model import PairModel, Texts
from pmt_autograd import Tensor
from pmt_core import RandomStream, SettingsError, decode_field
from pmt_nn import Bert, Dropout, Linear, Module
from pmt_text import EncodedText
from pmt_train import ParameterGroup


@dataclass(frozen=True, slots=True, eq=False)
class PairTokens:
    """b pairs of texts as the tokens of an encoder.

    Attributes:
        index: their rows in the data set, (b,).
        tokens: ids, mask and token types, (b, t) each.
        labels: (b,); None if unknown.
    """

    index: NDArray[np.int64]
    tokens: TokenBatch
    labels: NDArray[np.int64] | None

    def __len__(self) -> int:
        return len(self.index)

    def shard(self, i: int, n: int) -> PairTokens:
        """Return the pairs i, i + n, i + 2n, ..."""
        labels = None if self.labels is None else self.labels[i::n]
        return PairTokens(self.index[i::n], self.tokens.shard(i, n), labels)


@dataclass(frozen=True, slots=True, eq=False)
class EncodedPairTokens:
    """n pairs of texts as the tokens of an encoder.

    Attributes:
        texts: ids and token types of each pair.
        labels: (n,); None if unknown.
        padding_id: the id after the last token.
    """

    texts: Sequence[EncodedText]
    labels: NDArray[np.int64] | None
    padding_id: int

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of tokens of each pair, (n,)."""
        return np.array([len(text.ids) for text in self.texts], np.int64)

    def batch(self, indices: NDArray[np.integer]) -> PairTokens:
        """Return the pairs at `indices` (b,), in that order."""
        rows = np.asarray(indices, np.int64)
        tokens = TokenBatch.of([self.texts[i] for i in rows.tolist()], self.padding_id)
        return PairTokens(rows, tokens, None if self.labels is None else self.labels[rows])


class CrossEncoder(Module):
    """A pre-trained encoder, and a linear layer on its first token and the mean of its tokens."""

    def __init__(self, encoder: Bert, rng: np.random.Generator, *, dropout: float) -> None:
        self.encoder = encoder
        self.dropout = Dropout(dropout)
        self.classify = Linear(2 * encoder.config.width, 2, rng)

    def forward(self, batch: PairTokens, *, rng: np.random.Generator | None = None) -> Tensor:
        """Return the logits of both classes, (b, 2)."""
        tokens = batch.tokens
        hidden = self.encoder(tokens.ids, tokens.mask, tokens.token_types, rng=rng)
        logits: Tensor = self.classify(self.dropout(first_and_mean(hidden, tokens.mask), rng))
        return logits


class CrossEncoderPairModel(PairModel[PairTokens]):
    """An `Encoder` that is fine-tuned on pairs of texts (Devlin et al. 2018, section 4.1).

    It reads both texts as one sequence, in their order.
    """

    kind: ClassVar[str] = "cross-encoder"

    def __init__(self, settings: Settings, encoder: Encoder) -> None:
        without_unused(encoder.model)
        rng = RandomStream(settings.seed, "weights").generator()
        self.module = CrossEncoder(encoder.model, rng, dropout=settings.dropout)
        self.encoder = encoder
        self.max_length = settings.max_length

    @classmethod
    def build(cls, settings: Settings) -> Self:
        """Return a model with the weights of `settings.encoder`.

        Raises:
            SettingsError: it is of a family that is not known.
            FileProblem, DataError: a file is missing or damaged.
        """
        if settings.encoder is None:
            raise SettingsError("expected the folder of an encoder, got none")
        model = cls(settings, Encoder.load(settings.encoder))
        scale_tables(model.encoder.model)
        freeze_lowest(model.encoder.model, settings.freeze)
        return model

    @classmethod
    def from_json(cls, settings: Settings, state: Mapping[str, Any]) -> Self:
        return cls(settings, decode_field(state, "encoder", encoder_from_json))

    def to_json(self) -> dict[str, Any]:
        return {"encoder": encoder_to_json(self.encoder)}

    def parameter_groups(self, settings: Settings) -> list[ParameterGroup]:
        """Return groups with smaller rates for the lower layers."""
        return layer_groups(self.encoder.model, "encoder.", settings.layer_decay)

    def encode(self, texts: Texts, labels: NDArray[np.int64] | None = None) -> EncodedPairTokens:
        encoded = self.encoder.encode(texts, max_length=self.max_length)
        return EncodedPairTokens(encoded, labels, self.encoder.tokenizer.padding_id)
