"""`Tokenizer` on small vocabularies, by hand: WordPiece, special tokens, pairs, truncation."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest

from pmt_core import DataError, FileProblem, SettingsError, ShapeError
from pmt_text import Tokenizer, WordPiece

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
TOKENS = [*SPECIALS, "un", "##aff", "##able", "##a", "able", ",", "!", "中", "the", "##s", "una"]


def folder(tmp_path: Path, **config: object) -> Path:
    (tmp_path / "vocab.txt").write_text("\n".join(TOKENS) + "\n", encoding="utf-8")
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    return tmp_path


def tokenizer(tmp_path: Path, **config: object) -> Tokenizer:
    return Tokenizer.load(folder(tmp_path, **config))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("unaffable", ["[UNK]"]),  # greedy: "una" fits, "##ff..." does not, so all is unknown
        ("The unaaffable, ables!", ["the", "una", "##aff", "##able", ",", "able", "##s", "!"]),
        ("", []),
        (" \t\n", []),
        ("Thé THE", ["the", "the"]),
        ("the中the", ["the", "中", "the"]),
        ("the\u200bs", ["the", "##s"]),  # a control character is dropped
        ("a" * 101, ["[UNK]"]),
        ("the [SEP] s", ["the", "[SEP]", "[UNK]"]),
        ("the[MASK]the", ["the", "[MASK]", "the"]),
    ],
)
def test_pieces(tmp_path: Path, text: str, expected: list[str]) -> None:
    made = tokenizer(tmp_path)
    assert made.tokenize(text) == expected
    assert made.tokens(made.encode(text)) == expected


def test_it_equals_the_class_for_vocab_txt(tmp_path: Path) -> None:
    made, plain = tokenizer(tmp_path), WordPiece(TOKENS)
    for text in ("The unaaffable, ables!", "the中 un!able,s"):
        np.testing.assert_array_equal(made.encode(text), plain.encode(text))
        for ours, theirs in zip(
            made.encode_with_specials(text, "the the", max_length=9),
            plain.encode_with_specials(text, "the the", max_length=9),
            strict=True,
        ):
            np.testing.assert_array_equal(ours, theirs)


def test_settings_of_the_folder(tmp_path: Path) -> None:
    made = tokenizer(tmp_path, do_lower_case=False, model_max_length=7, pad_token="[MASK]")
    assert made.tokenize("The the") == ["[UNK]", "the"]
    assert (made.max_length, made.padding_id, made.unknown_id) == (7, 4, 1)
    assert len(made) == len(TOKENS)
    huge = tokenizer(tmp_path, model_max_length=10**30)
    assert huge.max_length is None


def test_special_tokens_pairs_and_truncation(tmp_path: Path) -> None:
    made = tokenizer(tmp_path)
    ids, types = made.encode_with_specials("the the the", "able able", max_length=6)
    assert made.tokens(ids) == ["[CLS]", "the", "the", "[SEP]", "able", "[SEP]"]
    assert types.tolist() == [0, 0, 0, 0, 1, 1]
    with pytest.raises(SettingsError, match="max_length is at least 2"):
        made.encode_with_specials("the", max_length=1)
    one, two = made.encode_batch(["the", ("the", "able")])
    assert (one.ids, one.token_types) == ([2, 13, 3], [0, 0, 0])
    assert (two.ids, two.token_types) == ([2, 13, 3, 9, 3], [0, 0, 0, 1, 1])


def test_words_and_their_pieces(tmp_path: Path) -> None:
    made = tokenizer(tmp_path)
    encoded, pieces, before = made.encode_words(["unaaffable", "", "ables", "the"])
    assert made.tokens(encoded.ids) == [
        "[CLS]", "una", "##aff", "##able", "able", "##s", "the", "[SEP]",
    ]  # fmt: skip
    assert (pieces.tolist(), before) == ([3, 0, 2, 1], 1)
    encoded, pieces, before = made.encode_words(["unaaffable", "", "ables", "the"], max_length=6)
    assert made.tokens(encoded.ids)[-2:] == ["able", "[SEP]"]
    assert pieces.tolist() == [3, 0, 1, 0]


def test_decoded(tmp_path: Path) -> None:
    made = tokenizer(tmp_path)
    ids, _ = made.encode_with_specials("The unaaffable, ables!")
    assert made.decode(ids) == "the unaaffable, ables!"
    assert made.id_of("中") == 12
    assert made.id_of("none") == 1
    with pytest.raises(ShapeError, match="99 is no id"):
        made.tokens([99])


def test_written_and_read_again(tmp_path: Path) -> None:
    made = tokenizer(tmp_path, do_lower_case=False, model_max_length=12)
    target = tmp_path / "copy"
    target.mkdir()
    made.save(target)
    again = Tokenizer.load(target)
    assert again.max_length == 12
    text = "the unaaffable [MASK] The"
    np.testing.assert_array_equal(again.encode(text), made.encode(text))
    assert again.to_json() == made.to_json()
    assert Tokenizer.load(target / "tokenizer.json").tokenize("the") == ["the"]


def test_the_file_truncates_unless_a_length_is_given(tmp_path: Path) -> None:
    content = copy.deepcopy(tokenizer(tmp_path).to_json())
    content["truncation"] = {"max_length": 4, "strategy": "LongestFirst", "stride": 0}
    made = Tokenizer.from_json(content)
    assert len(made.encode_with_specials("the the the the")[0]) == 4
    assert len(made.encode_with_specials("the the the the", max_length=5)[0]) == 5
    content["truncation"]["direction"] = "Left"
    made = Tokenizer.from_json(content)
    assert made.tokens(made.encode_with_specials("able the the")[0]) == [
        "[CLS]", "the", "the", "[SEP]",
    ]  # fmt: skip
    _, pieces, _ = made.encode_words(["able", "the", "the"])
    assert pieces.tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": {"type": "Other"}}, r"unknown model 'Other'; known are BPE, Unigram"),
        ({"normalizer": {"type": "Magic"}}, r"unknown normalizer 'Magic'; known are"),
        ({"pre_tokenizer": {"type": "Magic"}}, r"unknown pre-tokenizer 'Magic'; known are"),
        ({"post_processor": {"type": "Magic"}}, r"unknown post-processor 'Magic'; known are"),
        (
            {"post_processor": {"type": "BertProcessing", "cls": ["a", 1], "sep": ["b", 10**30]}},
            r"'sep'\]: expected a token and its id",
        ),
        (
            {
                "post_processor": {
                    "type": "TemplateProcessing",
                    "special_tokens": {"a": {"ids": [2**40]}},
                    "single": [{"SpecialToken": {"id": "a"}}, {"Sequence": {"id": "A"}}],
                    "pair": [],
                }
            },
            r"'single'\]: expected ids from 0 to 2,147,483,647",
        ),
        ({"model": None}, r"'model'\]: expected an object"),
        ({"added_tokens": [{"id": 7, "content": "the"}]}, r"'the' has the id 7, and 13"),
        ({"added_tokens": [{"id": -1, "content": "x"}]}, r"added_tokens'\]\[0\]"),
        ({"truncation": {"max_length": 3, "strategy": "Best"}}, "strategy is one of"),
    ],
)
def test_damaged_and_unknown_files_are_named(tmp_path: Path, change: dict, message: str) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps({**tokenizer(tmp_path).to_json(), **change}), encoding="utf-8")
    with pytest.raises(DataError, match=rf"tokenizer\.json.*{message}"):
        Tokenizer.load(tmp_path)


def test_damaged_vocabularies(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="holds no tokenizer.json, no vocab.txt"):
        Tokenizer.load(tmp_path)
    folder(tmp_path)
    for content, message in [
        ("a\nb\n", r"no \[UNK\], \[CLS\], \[SEP\]"),
        ("\n".join([*TOKENS, "un"]), "'un' occurs twice"),
    ]:
        (tmp_path / "vocab.txt").write_text(content, encoding="utf-8")
        with pytest.raises(DataError, match=message):
            Tokenizer.load(tmp_path)
    (tmp_path / "vocab.txt").write_bytes(b"a\n\xff\n")
    with pytest.raises(DataError, match=r"vocab\.txt:2: not UTF-8"):
        Tokenizer.load(tmp_path)
