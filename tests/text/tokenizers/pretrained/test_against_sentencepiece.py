"""The map of characters of SentencePiece normalizes as the package `tokenizers` does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tokenizer_texts import documents, random_texts

from pmt_core import JsonObject
from pmt_text.tokenizers.pretrained.normalizers import read_normalizer

pytestmark = pytest.mark.oracle


def test_map_of_characters(tmp_path: Path) -> None:
    """The normalizer of SentencePiece's own models, nmt_nfkc and its variant with lower case."""
    sentencepiece = pytest.importorskip("sentencepiece")
    t, lines = pytest.importorskip("tokenizers"), documents()
    (tmp_path / "text").write_text("\n".join(lines), encoding="utf-8")
    every = [chr(c) for c in range(0x30000) if not 0xD800 <= c < 0xE000]
    clusters = [a + b for a in "aé\u0915\u0600あ\r\u1100" for b in every[:0x10000]]
    texts = [*every, *clusters, *random_texts(10_000, lines, ["ﬁ", "①", "\u0e33"])]
    for name in ("nmt_nfkc", "nmt_nfkc_cf"):
        sentencepiece.SentencePieceTrainer.train(
            input=str(tmp_path / "text"), model_prefix=str(tmp_path / name), vocab_size=900,
            normalization_rule_name=name, minloglevel=2,
        )  # fmt: skip
        data = (tmp_path / f"{name}.model").read_bytes()
        charsmap = charsmap_of(data)
        theirs = t.normalizers.Precompiled(charsmap)
        entry = JsonObject(json.loads(theirs.__getstate__()))
        ours = read_normalizer(entry)
        assert ours is not None
        for text in texts:
            assert ours(text) == theirs.normalize_str(text), repr(text)


def charsmap_of(data: bytes) -> bytes:
    """Return `precompiled_charsmap` (2) of `normalizer_spec` (3) of a model in protobuf."""
    for field_number in (3, 2):
        i = 0
        while True:
            key, i = varint(data, i)
            if key & 7 == 0:
                _, i = varint(data, i)
                continue
            if key & 7 == 5:
                i += 4
                continue
            length, i = varint(data, i)
            part = data[i : i + length]
            i += length
            if key >> 3 == field_number:
                data = part
                break
    return data


def varint(data: bytes, i: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        value |= (data[i] & 127) << shift
        i, shift = i + 1, shift + 7
        if data[i - 1] < 128:
            return value, i
