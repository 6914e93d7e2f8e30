"""What the apps read from JSON: settings, and what `model.npz` holds beside the weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from json_states import PAIRS, JsonState, finite


def app_states() -> list[JsonState]:
    """Return the states of the apps: what `model.npz` holds beside the weights."""
    return [*_pair_models(), _tagger(), *_text_models()]


def _pair_models() -> list[JsonState]:
    from pmt_apps.qqp.data.settings import Settings
    from pmt_apps.qqp.models.product import ProductPairModel
    from pmt_apps.qqp.models.registry import load_pair_model, make_pair_model
    from pmt_nn import weight_limit
    from pmt_text import QuestionPair
    from pmt_train import Workers

    pairs = [QuestionPair(*PAIRS[i % 2], i % 2) for i in range(8)]
    states = []
    sizes = {"width": 8, "heads": 2, "hidden": 8, "layers": 1, "min_count": 1, "max_length": 16}
    settings = Settings(**sizes, preset="plain")
    models: list[Any] = [
        make_pair_model(replace(settings, baseline=baseline), {"train": pairs, "dev": pairs})
        for baseline in (None, "overlap", "tfidf", "ngrams")
    ]
    models.append(ProductPairModel(models[0], models[-1]))
    for model in models:
        weights = model.module.state_dict()

        def read(state: Any, weights: Any = weights) -> Any:
            with weight_limit(weights):
                return load_pair_model(settings, weights, state)

        states.append(
            JsonState(
                f"model of qqp, {model.kind}",
                model.model_meta(),
                read,
                lambda made: finite(made.predict(PAIRS, Workers(1))),
            )
        )
    return states


def _text_models() -> list[JsonState]:
    from tiny_encoder import write_tiny_encoder

    from pmt_apps.classification.labels import LabelSet
    from pmt_apps.classification.predictor import model_meta, model_of
    from pmt_apps.classification.settings import Settings
    from pmt_apps.classification.training import text_model
    from pmt_nn import weight_limit
    from pmt_train import Workers

    texts, labels = ["good soup", "bad tea", "odd rice"], LabelSet(("a", "b"))
    sizes: dict[str, Any] = {"width": 8, "heads": 2, "hidden": 8, "char_ngrams": 2}
    kinds: dict[str, dict[str, Any]] = {
        "tfidf": {"model": "tfidf"},
        "scratch": {},
        "encoder": {"encoder_ngrams": True},
        "encoder without n-grams": {"encoder_ngrams": False},
    }
    states = []
    for kind, changes in kinds.items():
        settings = Settings(**sizes, **changes)
        with TemporaryDirectory() as folder:
            if "encoder_ngrams" in changes:
                settings = replace(settings, encoder=write_tiny_encoder(Path(folder)))
            model = text_model(settings.kind).build(settings, texts, labels)
        weights = model.network.state_dict()

        def read(state: Any, settings: Settings = settings, weights: Any = weights) -> Any:
            with weight_limit(weights):
                return model_of(settings, weights, state)

        states.append(
            JsonState(
                f"model of classify, {kind}",
                model_meta(model),
                read,
                lambda made: finite(made.logits(made.encode(texts), Workers(1))),
            )
        )
    return states


def _tagger() -> JsonState:
    from pmt_apps.ner.settings import Settings
    from pmt_apps.ner.tagger import Tagger
    from pmt_nn import weight_limit
    from pmt_text import SentenceEncoder, TaggedSentence
    from pmt_train import Workers

    sizes = {"width": 8, "heads": 2, "hidden": 8, "layers": 1, "word_width": 4, "filters": 4}
    settings = Settings(**sizes)
    sentence = TaggedSentence(("Ann", "met", "Bob", "."), ("B-PER", "O", "B-LOC", "O"))
    encoder = SentenceEncoder.learn([sentence])
    tagger = Tagger.build(settings, encoder, [sentence], None)
    weights = tagger.model.state_dict()

    def read(state: Any) -> Tagger:
        with weight_limit(weights):
            made = Tagger.from_json(settings, state)
        made.model.load_state_dict(weights)
        return made

    return JsonState(
        "tagger of ner",
        tagger.to_json(),
        read,
        lambda made: made.tag([sentence], Workers(1), confidence=True).tags,
    )


def settings_states() -> list[JsonState]:
    """Return the settings of each app, as config.json holds them."""
    from pmt_apps.classification.settings import Settings as ClassificationSettings
    from pmt_apps.kit.settings import settings_from_json
    from pmt_apps.language_model.settings import Settings as LanguageModelSettings
    from pmt_apps.mnist.settings import Settings as MnistSettings
    from pmt_apps.ner.settings import Settings as NerSettings
    from pmt_apps.pretraining.settings import Settings as PretrainingSettings
    from pmt_apps.qqp.data.settings import Settings as QqpSettings
    from pmt_apps.translation.settings import Settings as TranslationSettings
    from pmt_apps.word2vec.settings import Settings as Word2VecSettings

    kinds: dict[str, Any] = {
        "qqp": QqpSettings, "ner": NerSettings, "lm": LanguageModelSettings,
        "translation": TranslationSettings, "mnist": MnistSettings, "word2vec": Word2VecSettings,
        "classify": ClassificationSettings, "pretrain": PretrainingSettings,
    }  # fmt: skip

    def reader(task: str, kind: Any) -> Callable[[Any], Any]:
        return lambda state: kind(**settings_from_json(state, task, kind))

    return [
        JsonState(
            f"settings of {task}",
            {"task": task, **kind().to_json()},
            reader(task, kind),
            lambda made: made.table(),
        )
        for task, kind in kinds.items()
    ]
