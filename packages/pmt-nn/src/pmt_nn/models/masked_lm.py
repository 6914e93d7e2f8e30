"""Masked language modeling (Devlin et al. 2018, section 3.1) of encoders and of whole models."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Tensor
from pmt_core import IGNORE_LABEL, SettingsError, check_sizes
from pmt_nn.layers.activations import gelu
from pmt_nn.layers.linear import Linear, tied_linear
from pmt_nn.layers.normalization import LayerNorm
from pmt_nn.losses.tied_cross_entropy import tied_cross_entropy
from pmt_nn.masks import Ids, Mask, Rng
from pmt_nn.models.bert import Bert
from pmt_nn.models.entity_tagger import EntityTagger
from pmt_nn.models.pair_classifier import PairClassifier
from pmt_nn.module.initializers import constant, normal
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter

_OUTPUT_STD = 0.02  # of the initial vectors of an output layer, as of a table


class _MaskedModel(Module):
    """Base of the masked language models: the head that predicts masked words.

    The encoder's vector at a masked position goes through a linear layer, GELU and a layer norm;
    the output layer is tied to the word embedding.
    """

    def __init__(
        self,
        model: Bert | PairClassifier | EntityTagger,
        output_vocabulary: int,
        rng: np.random.Generator,
        dtype: DTypeLike,
    ) -> None:
        v, width = model.words.weight.shape
        check_sizes(type(self).__name__, least=0, output_vocabulary=output_vocabulary)
        if not 1 <= output_vocabulary <= v:
            raise SettingsError(
                f"output_vocabulary lies in 1 ... {v}, the learned words, got {output_vocabulary}"
            )
        self.output_vocabulary = output_vocabulary
        self.transform = Linear(model.config.width, width, rng, dtype=dtype)
        self.norm = LayerNorm(width, dtype=dtype)
        self.bias = Parameter(constant((output_vocabulary,), dtype=dtype))

    def forward(self, batch: Any, ids: Ids, labels: Ids, *, rng: Rng = None) -> tuple[Tensor, int]:
        """Return the summed cross-entropy of the masked words, and their number.

        batch: what the model reads beside the ids; what else reveals a masked word (match type,
        spelling, shape) is masked, too. ids: (b, t), the batch's word ids with some masked.
        labels: (b, t), the ids of masked words, `IGNORE_LABEL` elsewhere; a label outside of the
        output vocabulary does not count.
        """
        encoded, words = self._encode(batch, ids, labels != IGNORE_LABEL, rng)
        counted = (labels != IGNORE_LABEL) & (labels < self.output_vocabulary)
        positions = np.flatnonzero(counted)
        vectors = self._transformed(encoded, positions)
        if self.output_vocabulary < len(words):
            words = words[: self.output_vocabulary]
        labels = labels.reshape(-1)[positions]
        return tied_cross_entropy(vectors, words, self.bias, labels), len(positions)

    def _transformed(self, encoded: Tensor, positions: NDArray[np.int64]) -> Tensor:
        """Return what the output layer reads, (n, e), of positions (n,) of the flat (b, t)."""
        vectors = encoded.reshape(-1, encoded.shape[-1])[positions]
        transformed: Tensor = self.norm(gelu(self.transform(vectors)))
        return transformed

    def _encode(self, batch: Any, ids: Ids, is_masked: Mask, rng: Rng) -> tuple[Tensor, Tensor]:
        """Return the vectors of the masked batch (b, t, d), and the word embedding."""
        raise NotImplementedError


class MaskedPairModel(_MaskedModel):
    """Masked language model of pairs of texts, to pre-train a `PairClassifier`.

    In a pair that says the same twice, the best clue to a masked word is in the other text: the
    encoder learns without labels which words and phrases have the same meaning.

    The classifier `reader` is trained, apart from its layers after the encoder. Only ids below
    `output_vocabulary` are predicted: in a vocabulary sorted by frequency the rarest words cost
    much and teach little.

    Examples:
        >>> from dataclasses import make_dataclass
        >>> import numpy as np
        >>> from pmt_nn import MaskedPairModel, PairClassifier, PairClassifierConfig
        >>> rng = np.random.default_rng(0)
        >>> config = PairClassifierConfig(vocabulary=100, width=16, heads=2, hidden=32)
        >>> reader = PairClassifier(config, rng)
        >>> model = MaskedPairModel(reader, output_vocabulary=50, rng=rng).eval()
        >>> Batch = make_dataclass("Batch", ["ids", "segments", "match_types", "mask"])
        >>> ids = np.array([[2, 7, 8, 3, 7, 9, 3]])
        >>> batch = Batch(ids, np.array([[0, 0, 0, 0, 1, 1, 1]]), np.zeros_like(ids), ids > 0)
        >>> masked, labels = ids.copy(), np.full(ids.shape, -100)
        >>> masked[0, 2], labels[0, 2] = 4, 8  # the mask <4> hides the word 8
        >>> loss, count = model(batch, masked, labels)
        >>> loss.shape, count
        ((), 1)
    """

    def __init__(
        self,
        reader: PairClassifier,
        output_vocabulary: int,
        rng: np.random.Generator,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.reader = reader
        super().__init__(reader, output_vocabulary, rng, dtype)

    def _encode(self, batch: Any, ids: Ids, is_masked: Mask, rng: Rng) -> tuple[Tensor, Tensor]:
        masked = replace(batch, ids=ids, match_types=np.where(is_masked, 0, batch.match_types))
        return self.reader.encode(masked, rng=rng), self.reader.words.weight


class MaskedTagger(_MaskedModel):
    """Masked language model of sentences, to pre-train the encoder of an `EntityTagger`.

    The `tagger` is trained, apart from its layers after the encoder. `mask_id` is the id of the
    mask among the characters and the shapes; for `output_vocabulary` see `MaskedPairModel`.

    Examples:
        >>> from dataclasses import make_dataclass
        >>> import numpy as np
        >>> from pmt_nn import EntityTagger, EntityTaggerConfig, MaskedTagger
        >>> config = EntityTaggerConfig(words=50, characters=20, shapes=10, tags=5)
        >>> rng = np.random.default_rng(0)
        >>> tagger = EntityTagger(config, rng, unknown_id=1)
        >>> model = MaskedTagger(tagger, output_vocabulary=40, rng=rng, mask_id=3).eval()
        >>> names = ["words", "shapes", "characters", "spelling_ids", "mask"]
        >>> Batch = make_dataclass("Batch", names)
        >>> words = np.array([[7, 8, 9]])
        >>> letters, spelling_ids = np.array([[4, 5, 0], [6, 7, 8]]), np.array([[0, 1, 1]])
        >>> batch = Batch(words, np.array([[2, 4, 4]]), letters, spelling_ids, words > 0)
        >>> loss, count = model(batch, np.array([[7, 3, 9]]), np.array([[-100, 8, -100]]))
        >>> loss.shape, count
        ((), 1)
    """

    def __init__(
        self,
        tagger: EntityTagger,
        output_vocabulary: int,
        rng: np.random.Generator,
        *,
        mask_id: int,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_sizes("MaskedTagger", least=0, mask_id=mask_id)
        self.tagger = tagger
        self.mask_id = mask_id
        super().__init__(tagger, output_vocabulary, rng, dtype)

    def _encode(self, batch: Any, ids: Ids, is_masked: Mask, rng: Rng) -> tuple[Tensor, Tensor]:
        spelling: NDArray[Any] = np.zeros_like(batch.characters[:1])
        spelling[:, 0] = self.mask_id
        masked = replace(
            batch,
            words=ids,
            characters=np.concatenate([batch.characters, spelling]),
            spelling_ids=np.where(is_masked, len(batch.characters), batch.spelling_ids),
            shapes=np.where(is_masked, self.mask_id, batch.shapes),
        )
        return self.tagger.encode(masked, rng=rng), self.tagger.words.weight


class MaskedBert(_MaskedModel):
    """Masked language model of an encoder of the BERT family, to pre-train it.

    The output layer is tied to the word embedding, or has vectors of its own. Embeddings that are
    narrower than the encoder (`BertConfig.embedding`) factorize it, too (Lan et al. 2020, section
    3.1): a large vocabulary then costs little.

    Args:
        encoder: is trained, apart from its layer on top of the first token.
        rng: stream of the initial weights of the head.
        tied: whether the output layer is the word embedding. Otherwise its vectors are `output`,
            (v, e), and the embedding is free for what fine-tuning needs (Chung et al. 2021).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Bert, BertConfig, MaskedBert
        >>> rng = np.random.default_rng(0)
        >>> config = BertConfig(vocabulary=100, width=16, heads=2, hidden=32, layers=1)
        >>> model = MaskedBert(Bert(config, rng), rng).eval()
        >>> ids, labels = np.array([[2, 7, 8, 9, 3]]), np.full((1, 5), -100)
        >>> ids[0, 2], labels[0, 2] = 4, 8  # the mask <4> hides the token 8
        >>> loss, count = model(None, ids, labels)
        >>> count, round(loss.item(), 1)  # of 100 tokens: log 100 = 4.6
        (1, 4.6)
        >>> model.logits(ids, None, np.array([2])).shape
        (1, 100)
    """

    def __init__(
        self,
        encoder: Bert,
        rng: np.random.Generator,
        *,
        tied: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.encoder = encoder
        super().__init__(encoder, encoder.config.vocabulary, rng, dtype)
        shape = encoder.words.weight.shape
        self.output = None if tied else Parameter(normal(rng, shape, std=_OUTPUT_STD, dtype=dtype))

    @property
    def output_table(self) -> Parameter:
        """The vectors of the tokens that the output layer reads, (v, e)."""
        return self.encoder.words.weight if self.output is None else self.output

    def _encode(self, batch: Any, ids: Ids, is_masked: Mask, rng: Rng) -> tuple[Tensor, Tensor]:
        mask: Mask | None = batch  # True at tokens, (b, t); None: no padding
        return self.encoder(ids, mask, rng=rng), self.output_table

    def logits(self, ids: Ids, mask: Mask | None, positions: NDArray[np.int64]) -> Tensor:
        """Return the logits of the vocabulary (n, v) at positions (n,) of the flat ids (b, t)."""
        vectors = self._transformed(self.encoder(ids, mask), positions)
        return tied_linear(vectors, self.output_table, self.bias)
