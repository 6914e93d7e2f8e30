"""Byte-pair encoding, beside a trainer and an encoder that do it the plain, slow way."""

from __future__ import annotations

import functools
import json
import random
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from processor_time import growth

from pmt_core import DataError, SettingsError, ShapeError
from pmt_text import (
    SPECIAL_TOKENS,
    BytePairEncoding,
)
from pmt_text.tokenizers.bpe_training import learn_merges, split_words

# The words of Sennrich et al. 2016, algorithm 1, without their end-of-word mark.
PAPER = {b"low": 5, b"lower": 2, b"newest": 6, b"widest": 3}


def brute_force(words: dict[bytes, int], merges: int, min_count: int) -> list[tuple[int, int]]:
    """Count all pairs anew before every merge."""
    parts = {word: list(word) for word in words}
    learned: list[tuple[int, int]] = []
    while len(learned) < merges:
        counts: Counter[tuple[int, int]] = Counter()
        for word, symbols in parts.items():
            for pair in pairwise(symbols):
                counts[pair] += words[word]
        if not counts or max(counts.values()) < min_count:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        for symbols in parts.values():
            replace(symbols, best, 256 + len(learned))
        learned.append(best)
    return learned


def replace(symbols: list[int], pair: tuple[int, int], made: int) -> None:
    i = 0
    while i + 1 < len(symbols):
        if (symbols[i], symbols[i + 1]) == pair:
            symbols[i : i + 2] = [made]
        i += 1


def random_words(rng: random.Random) -> dict[bytes, int]:
    letters = b"abc" if rng.random() < 0.5 else b"a"
    return {
        bytes(rng.choices(letters, k=rng.randrange(1, 12))): rng.randrange(1, 9) for _ in range(30)
    }


def random_text(rng: random.Random) -> str:
    """Any code points, halves of surrogate pairs and control characters among them."""
    ranges = [(0, 0x110000), (0, 256), (0xD800, 0xE000), (32, 127), (9, 33), (0x300, 0x370)]
    return "".join(chr(rng.randrange(*rng.choice(ranges))) for _ in range(rng.randrange(40)))


def test_the_first_merges_of_the_papers_example() -> None:
    merges = learn_merges(PAPER, 4)
    # e-s and s-t 9 times each; es-t 9; l-o and o-w 7 each; lo-w 7
    assert merges == [(ord("e"), ord("s")), (256, ord("t")), (ord("l"), ord("o")), (258, ord("w"))]


def test_equal_merges_to_a_trainer_that_counts_anew() -> None:
    rng = random.Random(8)
    for _ in range(40):
        words, min_count = random_words(rng), rng.randrange(1, 4)
        assert learn_merges(words, 60, min_count) == brute_force(words, 60, min_count)


def test_equal_merges_on_text() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    words = Counter(word.encode() for word in split_words(text))
    assert learn_merges(words, 300) == brute_force(dict(words), 300, 2)


def test_ties_do_not_depend_on_the_order_of_the_corpus() -> None:
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    assert BytePairEncoding.train(lines, 200) == BytePairEncoding.train(lines[::-1], 200)


def test_encoding_replays_the_merges_in_their_order() -> None:
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    encoding = BytePairEncoding.train(lines, 300)
    for line in lines:
        expected: list[int] = []
        for word in split_words(line):
            symbols = list(word.encode())
            for i, pair in enumerate(encoding.merges):
                replace(symbols, pair, 256 + i)
            expected += [len(SPECIAL_TOKENS) + symbol for symbol in symbols]
        assert encoding.encode(line).tolist() == expected


def writable(text: str) -> str:
    """The text with U+FFFD for what UTF-8 cannot encode."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def test_ten_thousand_random_strings_come_back() -> None:
    rng = random.Random(5)
    texts = [random_text(rng) for _ in range(10_000)]
    encoding = BytePairEncoding.train(texts[:500], 500)
    assert len(encoding.merges) > 100
    for text in texts:
        assert encoding.decode(encoding.encode(text)) == writable(text)


@pytest.mark.parametrize("text", ["", " ", "  \n\t ", "\r\n", "a\x00b", "日本語" * 100, "\ufffd"])
def test_special_strings_come_back(text: str) -> None:
    encoding = BytePairEncoding.train(["a small corpus, a small corpus"], 20)
    assert encoding.decode(encoding.encode(text)) == text
    assert "".join(split_words(text)) == text


def test_no_text_spells_a_special_token() -> None:
    encoding = BytePairEncoding.train(["<pad> <sep> <pad> <sep>"] * 5, 50)
    ids = encoding.encode("<pad><sep>")
    assert ids.min() >= len(SPECIAL_TOKENS)
    assert encoding.decode([encoding.id_of("<cls>"), *ids, encoding.id_of("<pad>")]) == "<pad><sep>"


def test_half_a_character_becomes_the_replacement_character() -> None:
    encoding = BytePairEncoding([])
    ids = encoding.encode("ä!")
    assert encoding.decode(ids[1:]) == "\ufffd!"
    assert encoding.tokens([0, *ids[1:]]) == ["<pad>", "\ufffd", "!"]


@pytest.mark.parametrize("data", [b"\xed\xa0\x80", b"a\xed\xbf\xbf", b"\xed\xa0\xbd\xed\xb8\x80"])
def test_bytes_of_surrogates_become_the_replacement_character(data: bytes) -> None:
    """They are not UTF-8, and a text with them could not be written to a file."""
    encoding = BytePairEncoding([(0xED, 0xA0), (256, 0x80)])
    text = encoding.decode([len(SPECIAL_TOKENS) + byte for byte in data])
    assert text.encode("utf-8").decode("utf-8") == text == data.decode("utf-8", "replace")
    halves = data.decode("utf-8", "surrogatepass")
    assert encoding.decode(encoding.encode(halves)) == text


def test_the_time_for_a_word_grows_with_its_length() -> None:
    rng = random.Random(3)
    encoding = BytePairEncoding.train(["abracadabra"] * 9, 20)
    text = "".join(rng.choices("abrcd", k=1_000_000))
    assert encoding.decode(encoding.encode(text)) == text
    assert growth(lambda length: functools.partial(encoding.encode, text[:length])) < 6


def test_an_encoding_comes_back_from_json() -> None:
    encoding = BytePairEncoding.train(["größer, größer, am größten"], 30, specials=["<end>"])
    again = BytePairEncoding.from_json(json.loads(json.dumps(encoding.to_json())))
    assert again == encoding
    assert len(again) == 1 + 256 + len(encoding.merges)
    assert again.encode("größte").tolist() == encoding.encode("größte").tolist()


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("[]", "kind"),
        ('{"kind": "byte-pair encoding", "specials": [1], "merges": []}', "special tokens"),
        ('{"kind": "byte-pair encoding", "specials": [], "merges": [[1, 2, 3]]}', "pairs"),
        ('{"kind": "byte-pair encoding", "specials": [], "merges": [[1, 256]]}', "below 256"),
        ('{"kind": "byte-pair encoding", "specials": [], "merges": [[1, 2], [1, 2]]}', "twice"),
        ('{"kind": "byte-pair encoding", "specials": ["a", "a"], "merges": []}', "different"),
    ],
)
def test_broken_json_is_refused(content: str, named: str) -> None:
    with pytest.raises(DataError, match=named):
        BytePairEncoding.from_json(json.loads(content))


def test_merges_that_double_for_ever_are_refused() -> None:
    doubling = [(97, 97)] + [(256 + i, 256 + i) for i in range(60)]
    with pytest.raises(DataError, match="bytes"):
        BytePairEncoding.from_json(
            {"kind": "byte-pair encoding", "specials": [], "merges": [list(p) for p in doubling]}
        )


def test_what_makes_no_sense_is_refused() -> None:
    encoding = BytePairEncoding([])
    with pytest.raises(ShapeError, match="another encoding"):
        encoding.decode([len(encoding)])
    with pytest.raises(SettingsError, match="not a special token"):
        encoding.id_of("<start>")
    with pytest.raises(SettingsError, match="0 or more"):
        learn_merges(PAPER, -1)


@pytest.mark.data
def test_merges_of_58_000_sentences_in_under_a_minute(data_dir: Path) -> None:
    import gzip

    lines: list[str] = []
    for language in ("en", "de"):
        path = data_dir / "multi30k" / f"train.{language}.gz"
        if not path.exists():
            pytest.skip(f"{path} does not exist")
        with gzip.open(path, "rt", encoding="utf-8") as file:
            lines += [line.rstrip("\n") for line in file]
    start = time.process_time()
    encoding = BytePairEncoding.train(lines, 10_000)
    assert time.process_time() - start < 60
    assert len(encoding.merges) == 10_000
    for line in lines[::100]:
        assert encoding.decode(encoding.encode(line)) == line
