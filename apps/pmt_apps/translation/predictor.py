"""`TranslationPredictor`: a trained encoder-decoder that translates sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

from pmt_apps.kit.predictor import Predictor
from pmt_apps.translation.ensemble import TranslationEnsemble
from pmt_apps.translation.settings import MAX_LENGTH, MOST_MEMBERS, Settings
from pmt_apps.translation.training import build_model, model_meta
from pmt_apps.translation.translator import Translator
from pmt_autograd import Array
from pmt_core import DataError, decode_field, field
from pmt_nn import EncoderDecoder
from pmt_text import BytePairEncoding
from pmt_train import warn


class TranslationPredictor(Predictor[Settings, str, str]):
    """A trained model of translation: `predict` returns the translation of each sentence.

    The settings `beam`, `length_penalty`, `mbr` and `length_reward` are those of the search.

    Attributes:
        model: the encoder-decoder, or several that translate together.
        tokenizer: of both languages.
        translator: beam search with both.
    """

    task = "translation"
    settings_type = Settings
    key = "translation"

    def __init__(
        self,
        settings: Settings,
        model: EncoderDecoder | TranslationEnsemble,
        tokenizer: BytePairEncoding,
    ) -> None:
        super().__init__(settings)
        self.model = model
        self.tokenizer = tokenizer
        self.translator = Translator(model, tokenizer, settings.search, self.workers)

    @classmethod
    def from_weights(
        cls, settings: Settings, weights: Mapping[str, Array], meta: Mapping[str, Any]
    ) -> Self:
        """Return the model of a run."""
        key = "encoding" if "encoding" in meta else "tokenizer"  # "encoding" is its earlier name
        tokenizer = decode_field(meta, key, BytePairEncoding.from_json)
        model: EncoderDecoder | TranslationEnsemble = build_model(settings, len(tokenizer))
        if "members" in meta:
            number = field(meta, "members", int, minimum=1, maximum=MOST_MEMBERS)
            members = [build_model(settings, len(tokenizer)) for _ in range(number)]
            model = TranslationEnsemble(members)
        model.load_state_dict(weights)
        return cls(settings, model, tokenizer)

    def weights(self) -> Mapping[str, Array]:
        """Return the weights of the model."""
        return self.model.state_dict()

    def model_meta(self) -> Mapping[str, Any]:
        """Return the tokenizer, and the number of members of an ensemble."""
        members = self.model.members if isinstance(self.model, TranslationEnsemble) else None
        return model_meta(self.tokenizer, members=None if members is None else len(members))

    def checked(self, value: Any) -> str:
        """Return a sentence. Raises DataError if it is no text, or an empty one."""
        if not isinstance(value, str):
            raise DataError(f"expected a text, got {type(value).__name__}")
        if not value.strip():
            raise DataError("expected a sentence, got an empty text")
        return str(value)

    def answers(self, inputs: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        """Return source, translation and score of each sentence, see `Translation`."""
        for text in inputs:
            if len(self.tokenizer.encode(text)) >= MAX_LENGTH:
                warn(f"note: {text[:40]!r}... is cut to {MAX_LENGTH - 1} tokens")
        for text, best in zip(inputs, self.translator(inputs), strict=True):
            yield {"source": text, "translation": best.text, "score": round(best.score, 6)}
