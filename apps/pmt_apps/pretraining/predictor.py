"""`MaskedWordPredictor`: a masked language model that fills in masks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np

from pmt_apps.encoder.encoder import Encoder
from pmt_apps.kit.predictor import Predictor
from pmt_apps.pretraining.settings import TASK, Settings
from pmt_apps.pretraining.training import build_model
from pmt_autograd import Array, no_grad
from pmt_core import DataError, decode_field, softmax
from pmt_nn import MaskedBert
from pmt_text import MASK, Tokenizer

_CANDIDATES = 5
MASK_TOKEN = "[MASK]"


class MaskedWordPredictor(Predictor[Settings, str, Any]):
    """A masked language model: `predict` returns the likeliest pieces of each mask of a text.

    Attributes:
        model: the masked language model.
        tokenizer: of its texts.
    """

    task = TASK
    settings_type = Settings
    key = "masks"

    def __init__(self, settings: Settings, model: MaskedBert, tokenizer: Tokenizer) -> None:
        super().__init__(settings)
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.encoder = Encoder(model.encoder, tokenizer)

    @classmethod
    def from_weights(
        cls, settings: Settings, weights: Mapping[str, Array], meta: Mapping[str, Any]
    ) -> Self:
        """Return the masked language model of a run."""
        tokenizer = decode_field(meta, "tokenizer", Tokenizer.from_json)
        model = build_model(settings, len(tokenizer))
        model.load_state_dict(weights)
        return cls(settings, model, tokenizer)

    def weights(self) -> Mapping[str, Array]:
        """Return the weights of the model."""
        return self.model.state_dict()

    def model_meta(self) -> Mapping[str, Any]:
        """Return the tokenizer."""
        return {"tokenizer": self.tokenizer.to_json()}

    def checked(self, value: Any) -> str:
        """Return a text. Raises DataError if it is none, or has no mask."""
        if not isinstance(value, str):
            raise DataError(f"expected a text, got {type(value).__name__}")
        if MASK_TOKEN not in value:
            raise DataError(f"expected a text with {MASK_TOKEN} where a word is missing, got none")
        return str(value)

    def answers(self, inputs: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        """Return text and, for each mask, the likeliest pieces with their probabilities."""
        for text in inputs:
            yield {"text": text, "masks": self._masks(self.checked(text))}

    def _masks(self, text: str) -> list[list[dict[str, Any]]]:
        batch = self.encoder.batch(self.encoder.encode([text]))
        positions = np.flatnonzero(batch.ids[0] == MASK)
        if not len(positions):
            raise DataError(
                f"the first {MASK_TOKEN} lies behind the {self.encoder.max_length} tokens that the "
                "model reads; shorten the text before it"
            )
        with no_grad():
            logits = self.model.logits(batch.ids, batch.mask, positions).data
        probabilities = softmax(logits.astype(np.float64))
        order = np.argsort(-probabilities, axis=1, kind="stable")[:, :_CANDIDATES]
        return [
            [
                {"token": token, "probability": round(float(row[i]), 6)}
                for i, token in zip(best.tolist(), self.tokenizer.tokens(best), strict=True)
            ]
            for row, best in zip(probabilities, order, strict=True)
        ]
