"""Everything that is read from JSON: a valid state, its reader, and a use of what was read.

A reader of any mutation of its state raises a PmtError or returns an object that can be used. The
functions import what they need, so that each folder of tests imports only its own packages.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from json_mutations import mutations


@dataclass(frozen=True)
class JsonState:
    """A thing that is read from JSON.

    Attributes:
        name: of its class.
        state: a valid JSON value.
        read: returns the object of a JSON value.
        use: uses the object; may raise a PmtError.
    """

    name: str
    state: Any
    read: Callable[[Any], Any]
    use: Callable[[Any], object] = repr


TEXTS = [["how", "do", "i", "swim", "?"], ["swim", "well"], ["how", "do", "i", "cook", "?"]] * 2
PAIRS = [("how do i swim?", "swim well"), ("new words", "swim swim"), ("", "how")]


def core_states() -> list[JsonState]:
    """Return the states of pmt_core."""
    from pmt_core import RandomStream

    stream = RandomStream(7, "weights", 3)
    return [
        JsonState(
            "RandomStream",
            stream.to_dict(),
            RandomStream.from_dict,
            lambda made: (made.generator().random(), hash(made)),
        )
    ]


def text_states() -> list[JsonState]:
    """Return the states of pmt_text."""
    from pmt_text import (
        BytePairEncoding,
        CharacterTokenizer,
        InverseDocumentFrequency,
        PairEncoder,
        SentenceEncoder,
        TaggedSentence,
        TfIdf,
        Vocabulary,
    )

    words = Vocabulary.build(TEXTS)
    idf = InverseDocumentFrequency.build(TEXTS)
    bpe = BytePairEncoding.train(["how do i swim", "swim swim well"], 12)
    sentence = TaggedSentence(("Ann", "met", "Bob", "."), ("B-PER", "O", "B-PER", "O"))
    sentences = SentenceEncoder.learn([sentence], further_words=["oslo"])

    def use_tokenizer(tokenizer: Any) -> object:
        ids = tokenizer.encode("do swim")
        return tokenizer.decode(ids), tokenizer.tokens(ids), tokenizer.to_json()

    def use_sentences(encoder: Any) -> object:
        encoded = encoder.encode([sentence])
        return encoded, encoder.counts(encoded), encoder.to_json()

    return [
        JsonState(
            "Vocabulary", words.to_json(), Vocabulary.from_json,
            lambda made: made.tokens(made.ids(["swim", "x"])),
        ),
        JsonState("BytePairEncoding", bpe.to_json(), BytePairEncoding.from_json, use_tokenizer),
        JsonState(
            "CharacterTokenizer", CharacterTokenizer("do swim").to_json(),
            CharacterTokenizer.from_json, use_tokenizer,
        ),
        JsonState(
            "InverseDocumentFrequency", idf.to_json(), InverseDocumentFrequency.from_json,
            lambda made: [_finite(made(word)) for word in ("how", "swim", "x")],
        ),
        JsonState(
            "PairEncoder", PairEncoder(words, 16, idf).to_json(), PairEncoder.from_json,
            _use_pairs,
        ),
        JsonState(
            "TfIdf", TfIdf.learn(TEXTS).to_json(), TfIdf.from_json,
            lambda made: _finite(made.encode(PAIRS).values),
        ),
        JsonState(
            "SentenceEncoder", sentences.to_json(), SentenceEncoder.from_json, use_sentences
        ),
    ]  # fmt: skip


def train_states() -> list[JsonState]:
    """Return the states of pmt_train."""
    from pmt_train import EarlyStopping, ReduceOnPlateau, TrainingState

    stopping = EarlyStopping(patience=3).update(0.5).update(0.25)
    plateau = ReduceOnPlateau(patience=2).update(0.5).update(0.25)
    metrics = {"accuracy": 0.5, "loss": 0.125}
    state = TrainingState(
        seed=1, step=20, epoch=2, batches=10, norm_sum=0.0, stopping=stopping, plateau=plateau,
        best_metrics=metrics, seconds=2.5, training_seconds=2.0, examples=200,
        fingerprint={"train": "sha", "accumulate": 1},
        rows=[
            {"epoch": n, "step": 10 * n, "seconds": 1.0, "train_loss": float("nan"), "lr": 0.1}
            for n in (1, 2)
        ],
    )  # fmt: skip

    def use_state(made: Any) -> object:
        history = made.history(4, evaluated=True)
        numbers = history.examples_per_second, made.mean_loss
        return history.columns, numbers, _is_json({**made.to_json(), "fingerprint": 0})

    return [
        JsonState(
            "EarlyStopping", stopping.to_dict(), EarlyStopping.from_dict,
            lambda made: (made.update(0.75).should_stop, _is_json(made.to_dict())),
        ),
        JsonState(
            "ReduceOnPlateau", plateau.to_dict(), ReduceOnPlateau.from_dict,
            lambda made: (made.update(0.1).scale, _is_json(made.to_dict())),
        ),
        JsonState("TrainingState", state.to_json(), TrainingState.from_json, use_state),
    ]  # fmt: skip


def app_states() -> list[JsonState]:
    """Return the states of the apps: what `model.npz` holds beside the weights."""
    return [*_pair_models(), _tagger(), *_text_models()]


def _pair_models() -> list[JsonState]:
    from pmt_apps.qqp.data.settings import Settings
    from pmt_apps.qqp.models.registry import load_pair_model, make_pair_model
    from pmt_nn import weight_limit
    from pmt_text import QuestionPair
    from pmt_train import Workers

    pairs = [QuestionPair(*PAIRS[i % 2], i % 2) for i in range(8)]
    states = []
    sizes = {"width": 8, "heads": 2, "hidden": 8, "layers": 1, "min_count": 1, "max_length": 16}
    for baseline in (None, "overlap", "tfidf"):
        settings = Settings(**sizes, baseline=baseline, preset="plain")
        model = make_pair_model(settings, {"train": pairs, "dev": pairs})
        weights = model.module.state_dict()

        def read(state: Any, settings: Settings = settings, weights: Any = weights) -> Any:
            with weight_limit(weights):
                return load_pair_model(settings, weights, state)

        states.append(
            JsonState(
                f"model of qqp, {model.kind}",
                model.model_meta(),
                read,
                lambda made: _finite(made.predict(PAIRS, Workers(1))),
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
                lambda made: _finite(made.logits(made.encode(texts), Workers(1))),
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


def check_mutations(state: JsonState, seed: int = 0) -> int:
    """Read and use all mutations of a state; return their number.

    Raises AssertionError for an exception that is no PmtError, and for a long message.
    """
    from pmt_core import JsonObject, PmtError

    state.use(state.read(state.state))
    number = 0
    for number, (what, value) in enumerate(mutations(state.state, seed), start=1):
        if isinstance(value, dict) and number % 2:
            value = JsonObject(value)
            value.where = "run/model.npz"
        try:
            state.use(state.read(value))
        except PmtError as error:
            if not 0 < len(str(error)) < 1000:
                raise AssertionError(f"{state.name}: {what}: {str(error)[:2000]}") from error
        except Exception as error:
            raise AssertionError(f"{state.name}: {what}: {error!r}") from error
    return number


def _finite(values: Any) -> Any:
    assert np.isfinite(np.asarray(values, np.float64)).all(), values
    return values


def _use_pairs(encoder: Any) -> None:
    features = encoder.encode(PAIRS).features
    if features is not None:  # an encoder may have no weights of words
        _finite(features)


def _is_json(value: Any) -> bool:
    return bool(json.dumps(value, allow_nan=False))
