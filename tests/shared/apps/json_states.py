"""What packages read from JSON: a valid state, its reader, and a use of what was read.

A reader of any mutation of its state raises a PmtError or returns an object that can be used. The
functions import what they need, so that each folder of tests imports only its own packages.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
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
        PairNgrams,
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
            lambda made: [finite(made(word)) for word in ("how", "swim", "x")],
        ),
        JsonState(
            "PairEncoder", PairEncoder(words, 16, idf).to_json(), PairEncoder.from_json,
            _use_pairs,
        ),
        JsonState(
            "TfIdf", TfIdf.learn(TEXTS).to_json(), TfIdf.from_json,
            lambda made: finite(made.encode(PAIRS).values),
        ),
        JsonState(
            "PairNgrams", PairNgrams(["how", "how do", "\thow"]).to_json(), PairNgrams.from_json,
            lambda made: finite(made.encode(PAIRS).values),
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


def finite(values: Any) -> Any:
    """Return numbers that are checked to be finite."""
    assert np.isfinite(np.asarray(values, np.float64)).all(), values
    return values


def _use_pairs(encoder: Any) -> None:
    features = encoder.encode(PAIRS).features
    if features is not None:  # an encoder may have no weights of words
        finite(features)


def _is_json(value: Any) -> bool:
    return bool(json.dumps(value, allow_nan=False))
