"""`PromptPredictor`: a trained language model that continues prompts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np

from pmt_apps.kit.predictor import Predictor
from pmt_apps.language_model.data import Tokenizer, tokenizer_from_json
from pmt_apps.language_model.generate import generate_text
from pmt_apps.language_model.settings import Settings
from pmt_apps.language_model.training import build_model
from pmt_autograd import Array
from pmt_core import DataError, RandomStream
from pmt_nn import LanguageModel
from pmt_train import Workers


class PromptPredictor(Predictor[Settings, str, str]):
    """A trained language model: `predict` returns a continuation of each prompt.

    The settings `tokens`, `temperature` (0: greedy), `top_k` and `top_p` say how. Sampling has a
    stream of random numbers for each index of a call, of `settings.seed`.

    Attributes:
        model: the language model.
        tokenizer: of its texts.
    """

    task = "lm"
    settings_type = Settings
    key = "continuation"

    def __init__(self, settings: Settings, model: LanguageModel, tokenizer: Tokenizer) -> None:
        super().__init__(settings)
        self.model = model.eval()
        self.tokenizer = tokenizer

    @classmethod
    def from_weights(
        cls, settings: Settings, weights: Mapping[str, Array], meta: Mapping[str, Any]
    ) -> Self:
        """Return the language model of a run."""
        tokenizer = tokenizer_from_json(settings, meta)
        model = build_model(settings, len(tokenizer))
        model.load_state_dict(weights)
        return cls(settings, model, tokenizer)

    def weights(self) -> Mapping[str, Array]:
        """Return the weights of the language model."""
        return self.model.state_dict()

    def model_meta(self) -> Mapping[str, Any]:
        """Return the tokenizer."""
        return {"tokenizer": self.tokenizer.to_json()}

    def checked(self, value: Any) -> str:
        """Return a prompt. Raises DataError if it is no text."""
        if not isinstance(value, str):
            raise DataError(f"expected a text, got {type(value).__name__}")
        return str(value)

    def answers(self, inputs: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        """Return prompt and continuation of each prompt, one after the other."""
        for number, prompt in enumerate(inputs, start=1):
            yield self.answer(number, prompt)

    def answer(self, number: int, prompt: str) -> Mapping[str, Any]:
        """Return the answer to a prompt. number: of its random numbers, from 1."""
        rng = RandomStream(self.settings.seed, "predict", number).generator()
        with Workers(1):
            return {"prompt": prompt, "continuation": "".join(self.stream(prompt, rng))}

    def stream(self, prompt: str, rng: np.random.Generator) -> Iterator[str]:
        """Yield the continuation of a prompt as it is generated, see `generate_text`."""
        return generate_text(self.model, self.tokenizer, self.settings, prompt, rng)
