"""Folders of pre-trained encoders: tokenizers, weights, the files of sentence-transformers."""

from __future__ import annotations

import base64
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
    yield {"tokenizer.json": json_file(_BYTE_PAIRS)}
    yield {"tokenizer.json": json_file(_UNIGRAM)}
    tokens = ["<s>", "</s>", "<unk>", "t", "h", "e", "th", "the", "\u0120"]
    yield {
        "vocab.json": json_file({token: i for i, token in enumerate(tokens)}),
        "merges.txt": b"#version: 0.2\nt h\nth e\n",
    }


_BYTE_PAIRS = {
    "added_tokens": [{"id": 5, "content": "[X]", "lstrip": True, "normalized": True}],
    "normalizer": {
        "type": "Sequence",
        "normalizers": [
            {"type": "NFKC"},
            {"type": "StripAccents"},
            {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
        ],
    },
    "pre_tokenizer": {
        "type": "Sequence",
        "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": "\\p{L}+|\\s"}, "behavior": "Isolated"},
            {"type": "ByteLevel", "add_prefix_space": True},
        ],
    },
    "post_processor": {"type": "RobertaProcessing", "cls": ["a", 0], "sep": ["b", 1]},
    "decoder": {"type": "ByteLevel"},
    "truncation": {"max_length": 9, "strategy": "LongestFirst", "direction": "Left"},
    "model": {
        "type": "BPE",
        "vocab": {"a": 0, "b": 1, "ab": 2, "s": 3, "?": 4},
        "merges": ["a b"],
        "unk_token": "?",
        "fuse_unk": True,
    },
}
# A map of characters with one unit: nothing is replaced.
_CHARACTER_MAP = base64.b64encode(b"\x04\0\0\0" + b"\0\x04\0\0" + b"x\0").decode()
_UNIGRAM = {
    "normalizer": {"type": "Precompiled", "precompiled_charsmap": _CHARACTER_MAP},
    "pre_tokenizer": {"type": "Metaspace", "prepend_scheme": "first"},
    "post_processor": {
        "type": "TemplateProcessing",
        "single": [
            {"SpecialToken": {"id": "<s>", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}},
        ],
        "pair": [{"Sequence": {"id": "A"}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}},
    },
    "decoder": {"type": "Metaspace"},
    "model": {
        "type": "Unigram",
        "vocab": [["<unk>", 0.0], ["<s>", 0.0], ["\u2581", -1.5], ["the", -2.0], ["s", -3]],
        "unk_id": 0,
    },
}


def _tokenizer_hostile() -> Iterator[Files]:
    nested: Any = {"type": "Lowercase"}
    for _ in range(40):
        nested = {"type": "Sequence", "normalizers": [nested]}
    yield {"tokenizer.json": json_file(_tokenizer_json() | {"normalizer": nested})}
    yield {"vocab.txt": b"a" * 4_000_000}
    slow = {"Regex": "(a|aa|a+)+$"}
    split = {"type": "Split", "pattern": slow, "behavior": "Isolated"}
    yield {"tokenizer.json": json_file(_BYTE_PAIRS | {"pre_tokenizer": split})}
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
