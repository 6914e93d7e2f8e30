"""BPE, Unigram, splitting, patterns and maps of characters by hand."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pmt_core import DataError, JsonObject
from pmt_text import Tokenizer
from pmt_text.tokenizers.pretrained.bpe_model import merge_pairs
from pmt_text.tokenizers.pretrained.byte_level import byte_text, text_of_bytes
from pmt_text.tokenizers.pretrained.normalizers import read_normalizer
from pmt_text.tokenizers.pretrained.patterns import Pattern
from pmt_text.tokenizers.pretrained.pre_tokenizers import read_pre_tokenizer


def normalized(text: str, **entry: Any) -> str:
    normalizer = read_normalizer(JsonObject(entry))
    assert normalizer is not None
    return normalizer(text)


def words(text: str, *, at_start: bool = True, **entry: Any) -> list[str]:
    pre_tokenizer = read_pre_tokenizer(JsonObject(entry))
    assert pre_tokenizer is not None
    return pre_tokenizer([text], at_start)


def model(**entry: Any) -> Tokenizer:
    return Tokenizer.from_json({"model": entry})


def test_merges_by_rank_then_from_the_left() -> None:
    merges = {(1, 2): (0, 12), (2, 3): (1, 23), (12, 3): (2, 123), (1, 1): (3, 11)}
    assert merge_pairs([1, 2, 3], merges) == [123]
    assert merge_pairs([2, 3, 1, 2], merges) == [23, 12]
    assert merge_pairs([1, 1, 1], merges) == [11, 1]
    assert merge_pairs([], merges) == []
    assert merge_pairs([1] * 100_000, merges) == [11] * 50_000


def test_byte_pairs() -> None:
    vocabulary = {"Ġ": 0, "h": 1, "i": 2, "hi": 3, "Ã": 4, "¤": 5, "Ġhi": 6}
    entry = {"type": "BPE", "vocab": vocabulary, "merges": ["h i", ["Ġ", "hi"]]}
    content = {"model": entry, "pre_tokenizer": {"type": "ByteLevel"}}
    made = Tokenizer.from_json({**content, "decoder": {"type": "ByteLevel"}})
    assert made.encode("hi hiä").tolist() == [6, 6, 4, 5]
    assert made.decode([6, 6, 4, 5]) == " hi hiä"
    assert byte_text("a ä\n") == "aĠÃ¤Ċ"
    assert text_of_bytes(["Ã", "[X]", "¤"]) == "\ufffd[X]\ufffd"
    with pytest.raises(DataError, match=r"merges'\]\[0\]: 'x' is not in the vocabulary"):
        model(type="BPE", vocab=vocabulary, merges=["h x"])
    with pytest.raises(DataError, match="dropout.*set it to null"):
        model(type="BPE", vocab=vocabulary, merges=[], dropout=0.1)


def test_unknown_characters_of_byte_pairs() -> None:
    vocabulary = {"a": 0, "?": 1, "<0xC3>": 2, "<0xA4>": 3}
    entry = {"type": "BPE", "vocab": vocabulary, "merges": [], "unk_token": "?"}
    assert model(**entry).encode("xaxx").tolist() == [1, 0, 1, 1]
    assert model(**entry, fuse_unk=True).encode("xaxx").tolist() == [1, 0, 1]
    assert model(**entry, byte_fallback=True).encode("aäx").tolist() == [0, 2, 3, 1]
    assert model(type="BPE", vocab=vocabulary, merges=[]).encode("xax").tolist() == [0]


def test_the_most_probable_pieces() -> None:
    pieces = [["<unk>", 0.0], ["a", -1.0], ["b", -1.0], ["ab", -1.5], ["ba", -3.0]]
    made = model(type="Unigram", vocab=pieces, unk_id=0)
    assert made.tokenize("abba") == ["ab", "b", "a"]  # -3.5; "ab", "ba" would be -4.5
    assert made.encode("axxb").tolist() == [1, 0, 2]
    with pytest.raises(DataError, match="unk_id"):
        model(type="Unigram", vocab=pieces, unk_id=5)
    with pytest.raises(DataError, match=r"vocab'\]\[0\]"):
        model(type="Unigram", vocab=[["a", "b"]])


def test_normalizers() -> None:
    assert normalized("ΑΣ É", type="Lowercase") == "ασ é"
    assert normalized("e\u0301ﬁ", type="NFKC") == "éfi"
    assert normalized("e\u0301x", type="StripAccents") == "ex"
    assert normalized(" \u3000a \n", type="Strip", strip_right=False) == "a \n"
    assert normalized("a  b", type="Replace", pattern={"Regex": " +"}, content="\\1") == "a\\1b"
    assert normalized("a.b", type="Replace", pattern={"String": "."}, content="") == "ab"
    assert normalized("a\x01b\u200bc", type="Nmt") == "ab c"
    assert normalized("a", type="Prepend", prepend="_") == "_a"
    steps = [{"type": "NFD"}, {"type": "StripAccents"}]
    assert normalized("é", type="Sequence", normalizers=steps) == "e"


@pytest.mark.parametrize(
    ("behavior", "expected"),
    [
        ("Removed", ["a", "b"]),
        ("Isolated", ["a", "-", "-", "b", "-"]),
        ("MergedWithPrevious", ["a-", "-", "b-"]),
        ("MergedWithNext", ["a", "-", "-b", "-"]),
        ("Contiguous", ["a", "--", "b", "-"]),
    ],
)
def test_what_becomes_of_matches(behavior: str, expected: list[str]) -> None:
    assert words("a--b-", type="Split", pattern={"String": "-"}, behavior=behavior) == expected
    assert words("a--b-", type="Punctuation", behavior=behavior) == expected


def test_pre_tokenizers() -> None:
    assert words("a b", type="Metaspace") == ["▁a", "▁b"]
    assert words("a b", type="Metaspace", prepend_scheme="first", at_start=False) == ["a", "▁b"]
    assert words("a  b", type="Metaspace", split=False) == ["▁a▁▁b"]
    assert words("it's 5€!", type="Whitespace") == ["it", "'", "s", "5", "€!"]
    assert words("a\u3000b\x1fc", type="WhitespaceSplit") == ["a", "b\x1fc"]
    assert words("a12b", type="Digits", individual_digits=True) == ["a", "1", "2", "b"]
    assert words("a12b", type="Digits") == ["a", "12", "b"]
    assert words("we'll  go", type="ByteLevel", add_prefix_space=False) == ["we", "'ll", "Ġ", "Ġgo"]
    assert words("a|b", type="CharDelimiterSplit", delimiter="|") == ["a", "b"]
    with pytest.raises(DataError, match="behavior is one of"):
        words("a", type="Split", pattern={"String": "-"}, behavior="Other")


def test_expressions() -> None:
    letters = Pattern(r"[^\s\p{L}\P{N}]|\p{Lu}+|(?i:x)|\d{2}")
    assert [m.group() for m in letters.of("ÄÖ1").finditer("ÄÖ1")] == ["ÄÖ", "1"]
    assert [m.group() for m in letters.of("aX 1").finditer("aX 1")] == ["X", "1"]
    for source in ("(", r"\p{Unheard}", "[[:alpha:]]", r"a\X", "(?<a>b)"):
        with pytest.raises(DataError, match="regular expression"):
            Pattern(source)


def test_map_of_characters() -> None:
    """A trie by hand that maps "A" to "b": the root, the unit of the byte 0x41, and its value."""
    offset = 1
    units = np.zeros(256, "<u4")
    units[0] = offset << 10
    unit_of_a = offset ^ 0x41
    units[unit_of_a] = (2 << 10) | (1 << 8) | 0x41
    units[unit_of_a ^ 2] = 0x80000000  # the value 0, an index of the replacements
    data = units.nbytes.to_bytes(4, "little") + units.tobytes() + b"b\0"
    encoded = base64.b64encode(data).decode()
    assert normalized("CABé", type="Precompiled", precompiled_charsmap=encoded) == "CbBé"
    for damaged in ("?", "QUJD", base64.b64encode(b"\xff\xff\0\0abcdefgh").decode()):
        with pytest.raises(DataError, match="precompiled_charsmap"):
            normalized("A", type="Precompiled", precompiled_charsmap=damaged)


def test_vocab_json_and_merges_txt(tmp_path: Path) -> None:
    tokens = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "h", "i", "Ġ", "hi", "Ġhi"]
    (tmp_path / "vocab.json").write_text(json.dumps({t: i for i, t in enumerate(tokens)}))
    (tmp_path / "merges.txt").write_text("#version: 0.2\nh i\nĠ hi\n", encoding="utf-8")
    made = Tokenizer.load(tmp_path)
    assert made.encode_batch(["hi hi <mask>"])[0].ids == [0, 8, 9, 4, 2]
    assert made.encode_batch([("hi", "hi")])[0] == ([0, 8, 2, 2, 8, 2], [0] * 6)
    assert (made.padding_id, made.special_tokens["mask_token"]) == (1, "<mask>")
    settings = {"add_prefix_space": True, "added_tokens_decoder": {"10": {"content": "new"}}}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    assert Tokenizer.load(tmp_path).encode_batch(["hinew"])[0].ids == [0, 9, 10, 2]
    (tmp_path / "merges.txt").write_text("h\n")
    with pytest.raises(DataError, match=r"merges'\]\[0\]: expected a pair"):
        Tokenizer.load(tmp_path)


def test_steps_that_multiply_a_text_are_refused() -> None:
    double = {"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}
    with pytest.raises(DataError, match="64 times as long"):
        normalized("a" * 100, type="Sequence", normalizers=[double] * 40)
    steps = [{"type": "ByteLevel"}] * 40
    with pytest.raises(DataError, match="64 times as long"):
        words("ä" * 100, type="Sequence", pretokenizers=steps)
