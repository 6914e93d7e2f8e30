"""JSON that objects are built from: settings, `from_json` and `from_dict` of every class."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from campaigns.fuzz.mutations.files import Files
from campaigns.fuzz.readers.arrays import archive_bytes
from campaigns.fuzz.readers.reader import Reader, json_file
from pmt_core import DataError, RandomStream, parse_json, read_json
from pmt_nn import Bert, BertConfig, load_bert
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
from pmt_train import EarlyStopping, ReduceOnPlateau, TrainingState

_TEXTS = [["how", "do", "i", "swim"], ["what", "is", "it", "?"], ["i", "swim"]]
_SENTENCE = TaggedSentence(("Ann", "met", "Bob", "."), ("S-PER", "O", "S-PER", "O"))

Use = Callable[[Any], object]
Build = Callable[[Any], Any]


def _state(name: str, covers: str, value: Any, build: Build, use: Use = str) -> Reader:
    """Return the reader of a value of JSON. use: works with what was built."""

    def read(folder: Path) -> None:
        try:
            content = json.loads((folder / "state.json").read_bytes())
        except (ValueError, RecursionError) as error:
            raise DataError("no JSON") from error
        use(build(content))

    return Reader(name, read, lambda: [{"state.json": json_file(value)}], [covers])


def _use_pairs(encoder: PairEncoder) -> None:
    encoder.encode([("how do i swim", "what is it?")])
    len(encoder.vocabulary)


def _use_bpe(encoding: BytePairEncoding) -> None:
    encoding.decode(encoding.encode("how do i größe \U0001f642"))
    encoding.tokens(range(len(encoding)))


def _use_characters(tokenizer: CharacterTokenizer) -> None:
    tokenizer.decode(tokenizer.encode("aab"))


def _use_early_stopping(stopping: EarlyStopping) -> None:
    stopping.update(0.5).update(float("nan"))


def _use_plateau(plateau: ReduceOnPlateau) -> None:
    plateau.update(0.5)


def _use_training_state(state: TrainingState) -> None:
    state.end_epoch(0.1, {"accuracy": 0.5})
    state.history(3, evaluated=True)
    state.to_json()


def _training_state() -> Mapping[str, Any]:
    state = TrainingState(seed=3, step=4, plateau=ReduceOnPlateau(), fingerprint={"a": "b"})
    state.end_epoch(0.1, {"accuracy": 0.5})
    return state.to_json()


_PAIR_ENCODER = PairEncoder(Vocabulary.build(_TEXTS), 16, InverseDocumentFrequency.build(_TEXTS))
_STATES = (
    _state(
        "json-bpe",
        "pmt_text.BytePairEncoding.from_json",
        BytePairEncoding.train(["how do i swim how"] * 2, 8).to_json(),
        BytePairEncoding.from_json,
        _use_bpe,
    ),
    _state(
        "json-characters",
        "pmt_text.CharacterTokenizer.from_json",
        CharacterTokenizer("abc").to_json(),
        CharacterTokenizer.from_json,
        _use_characters,
    ),
    _state(
        "json-vocabulary",
        "pmt_text.Vocabulary.from_json",
        Vocabulary.build(_TEXTS).to_json(),
        Vocabulary.from_json,
        lambda words: words.ids(["how", "x"]),
    ),
    _state(
        "json-pair-encoder",
        "pmt_text.PairEncoder.from_json",
        _PAIR_ENCODER.to_json(),
        PairEncoder.from_json,
        _use_pairs,
    ),
    _state(
        "json-sentence-encoder",
        "pmt_text.SentenceEncoder.from_json",
        SentenceEncoder.learn([_SENTENCE]).to_json(),
        SentenceEncoder.from_json,
        lambda encoder: encoder.encode([_SENTENCE]),
    ),
    _state(
        "json-idf",
        "pmt_text.InverseDocumentFrequency.from_json",
        InverseDocumentFrequency.build(_TEXTS).to_json(),
        InverseDocumentFrequency.from_json,
        lambda idf: idf("how"),
    ),
    _state(
        "json-tfidf",
        "pmt_text.TfIdf.from_json",
        TfIdf.learn(_TEXTS, 1).to_json(),
        TfIdf.from_json,
        len,
    ),
    _state(
        "json-random-stream",
        "pmt_core.RandomStream.from_dict",
        RandomStream(7, "dropout", 3).to_dict(),
        RandomStream.from_dict,
        lambda stream: stream.child("a").generator().random(),
    ),
    _state(
        "json-early-stopping",
        "pmt_train.EarlyStopping.from_dict",
        EarlyStopping(patience=3).update(0.5).to_dict(),
        EarlyStopping.from_dict,
        _use_early_stopping,
    ),
    _state(
        "json-plateau",
        "pmt_train.ReduceOnPlateau.from_dict",
        ReduceOnPlateau().update(0.5).to_dict(),
        ReduceOnPlateau.from_dict,
        _use_plateau,
    ),
    _state(
        "json-training-state",
        "pmt_train.TrainingState.from_json",
        _training_state(),
        TrainingState.from_json,
        _use_training_state,
    ),
)

# --- files of JSON, BERT -------------------------------------------------------------------------

_VALUES = {"a": [1, 2.5, None, True], "b": {"größe": "x"}, "words": ["the", "cat"] * 10}
_BERT: dict[str, Any] = {
    "model_type": "bert",
    "vocab_size": 11,
    "hidden_size": 4,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 6,
    "max_position_embeddings": 8,
    "type_vocab_size": 2,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "layer_norm_eps": 1e-12,
    "pad_token_id": 0,
}
_ROBERTA = _BERT | {"model_type": "roberta", "max_position_embeddings": 10, "pad_token_id": 1}
_DISTILBERT = {
    "model_type": "distilbert",
    "vocab_size": 11,
    "dim": 4,
    "n_layers": 1,
    "n_heads": 2,
    "hidden_dim": 6,
    "max_position_embeddings": 8,
    "activation": "gelu",
}


def _json_samples() -> Iterator[Files]:
    yield {"a.json": json_file(_VALUES)}
    yield {"a.json": b"\xef\xbb\xbf" + json.dumps(_VALUES, indent=1).encode()}


def _json_hostile() -> Iterator[Files]:
    yield {"a.json": b'{"a": ' + b"[" * 100_000}
    yield {"a.json": b'{"a": [' + b"[]," * 1_000_000 + b"0]}"}
    keys = ", ".join(f'"{i}": {i}' for i in range(60_000))
    yield {"a.json": f'{{{keys}, "7": 0}}'.encode()}
    yield {"a.json": b'{"a": "' + b"\\u0061" * 1_000_000 + b'"}'}


def _read_json(folder: Path) -> None:
    read_json(folder / "a.json")
    parse_json((folder / "a.json").read_bytes(), "a.json")


def _config_samples() -> Iterator[Files]:
    for config in (_BERT, _ROBERTA, _DISTILBERT):
        yield {"config.json": json_file(config)}


def _bert_samples() -> Iterator[Files]:
    """Yield folders with the weights of BERT under the names of Hugging Face."""
    for suffix in (".safetensors", ".npz"):
        arrays = _bert_weights()
        weights = archive_bytes(suffix, arrays, {"format": "pt"})
        yield {"config.json": json_file(_BERT), f"model{suffix}": weights}


def _bert_weights() -> dict[str, Any]:
    rng = RandomStream(1).generator()
    width, hidden = _BERT["hidden_size"], _BERT["intermediate_size"]
    layer = "encoder.layer.0"
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (_BERT["vocab_size"], width),
        "embeddings.position_embeddings.weight": (_BERT["max_position_embeddings"], width),
        "embeddings.token_type_embeddings.weight": (2, width),
    }
    for name, (rows, columns) in {
        "pooler.dense": (width, width),
        **{f"{layer}.attention.self.{part}": (width, width) for part in ("query", "key", "value")},
        f"{layer}.attention.output.dense": (width, width),
        f"{layer}.intermediate.dense": (hidden, width),
        f"{layer}.output.dense": (width, hidden),
    }.items():
        shapes |= {f"{name}.weight": (rows, columns), f"{name}.bias": (rows,)}
    for name in ("embeddings", f"{layer}.attention.output", f"{layer}.output"):
        shapes |= {f"{name}.LayerNorm.{part}": (width,) for part in ("weight", "bias")}
    return {name: rng.normal(size=shape).astype("f4") for name, shape in shapes.items()}


def _bert_hostile() -> Iterator[Files]:
    for config in (_BERT | {"vocab_size": 1_000_000}, _BERT | {"num_hidden_layers": 10**6}):
        yield {"config.json": json_file(config), "model.safetensors": bytes(10)}
        yield {
            "config.json": json_file(config),
            "model.npz": archive_bytes(".npz", _bert_weights()),
        }


def _read_bert(folder: Path) -> None:
    model: Bert = load_bert(folder)
    hidden = model([[1, 5, 7, 2], [1, 3, 0, 0]])
    if model.config.pooled:
        model.pooled(hidden)


STATE_READERS: Sequence[Reader] = (
    *_STATES,
    Reader(
        "json",
        _read_json,
        _json_samples,
        ["pmt_core.read_json", "pmt_core.parse_json"],
        _json_hostile,
    ),
    Reader(
        "bert-config",
        lambda folder: BertConfig.read(folder / "config.json"),
        _config_samples,
        ["pmt_nn.BertConfig.read", "pmt_nn.BertConfig.from_hugging_face"],
    ),
    Reader("bert", _read_bert, _bert_samples, ["pmt_nn.load_bert"], _bert_hostile, computes=True),
)
