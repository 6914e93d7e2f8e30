"""Folders of pre-trained encoders: tokenizers, weights, the files of sentence-transformers."""

from __future__ import annotations

import functools
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from campaigns.fuzz.mutations.files import Files
from campaigns.fuzz.readers.reader import Reader, json_file
from pmt_apps.encoder.encoder import Encoder
from pmt_apps.encoder.pooling import DenseLayer, Normalize, Pooling, SentenceHead
from pmt_apps.encoder.sentence_files import read_sentence_files
from pmt_core import read_json
from pmt_nn import Bert, BertConfig
from pmt_text import Tokenizer

_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat", "##s", "##ing", ".", "s"]
_TEXTS = ["The cats, sing.", "größe 中 [MASK]\u0301", ""]


def _vocabulary() -> Files:
    config = {"do_lower_case": True, "model_max_length": 12}
    return {
        "vocab.txt": ("\n".join(_TOKENS) + "\n").encode(),
        "tokenizer_config.json": json_file(config),
    }


@functools.cache
def _tokenizer_json() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        for file, content in _vocabulary().items():
            (Path(name) / file).write_bytes(content)
        return Tokenizer.load(name).to_json()


def _tokenizer_samples() -> Iterator[Files]:
    yield {"tokenizer.json": json_file(_tokenizer_json())}
    yield _vocabulary()


def _tokenizer_hostile() -> Iterator[Files]:
    nested: Any = {"type": "Lowercase"}
    for _ in range(40):
        nested = {"type": "Sequence", "normalizers": [nested]}
    yield {"tokenizer.json": json_file(_tokenizer_json() | {"normalizer": nested})}
    yield {"vocab.txt": b"a" * 4_000_000}
    yield {"tokenizer.json": b'{"added_tokens": [' + b"{}," * 300_000 + b"{}]}"}


def _read_tokenizer(folder: Path) -> None:
    _use(Tokenizer.load(folder))
    if (folder / "tokenizer.json").exists():
        Tokenizer.from_json(read_json(folder / "tokenizer.json"))


def _use(tokenizer: Tokenizer) -> None:
    pairs = tokenizer.encode_batch([(_TEXTS[0], _TEXTS[1])], max_length=12)
    for encoded in [*tokenizer.encode_batch(_TEXTS, max_length=12), *pairs]:
        tokenizer.decode(encoded.ids)
    tokenizer.encode_words(_TEXTS, max_length=9)


@functools.cache
def _encoder_files() -> Files:
    """Return the files of an encoder, with "/" of their names as "__"."""
    rng = np.random.default_rng(1)
    config = BertConfig(
        vocabulary=11, max_length=12, width=4, heads=2, hidden=6, layers=1, pooled=False
    )
    head = SentenceHead(Pooling(["cls", "mean"]), [DenseLayer(8, 3, rng), Normalize()])
    encoder = Encoder(Bert(config, rng), Tokenizer.from_json(_tokenizer_json()), head)
    with tempfile.TemporaryDirectory() as name:
        encoder.save(name)
        paths = [path for path in sorted(Path(name).rglob("*")) if path.is_file()]
        return {"__".join(path.relative_to(name).parts): path.read_bytes() for path in paths}


_PLAIN = ("config.json", "model.safetensors", "tokenizer.json")


def _encoder_samples() -> Iterator[Files]:
    files = _encoder_files()
    yield {name: files[name] for name in _PLAIN}
    yield dict(files)


def _read_encoder(folder: Path) -> None:
    for path in [*folder.iterdir()]:
        if "__" in path.name:
            target = folder.joinpath(*path.name.split("__"))
            target.parent.mkdir(exist_ok=True)
            shutil.move(path, target)
    read_sentence_files(folder)
    encoder = Encoder.load(folder)
    encoder.nearest(encoder.embed(_TEXTS), encoder.embed(_TEXTS), k=2)


ENCODER_READERS: Sequence[Reader] = (
    Reader(
        "tokenizer",
        _read_tokenizer,
        _tokenizer_samples,
        ["pmt_text.Tokenizer.load", "pmt_text.Tokenizer.from_json"],
        _tokenizer_hostile,
    ),
    Reader(
        "encoder",
        _read_encoder,
        _encoder_samples,
        [
            "pmt_apps.encoder.encoder.Encoder.load",
            "pmt_apps.encoder.sentence_files.read_sentence_files",
        ],
        computes=True,
    ),
)
