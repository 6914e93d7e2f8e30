"""The vocabulary of WordPiece: pieces of byte-pair encoding on characters."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from pmt_core import DataError, SettingsError
from pmt_text import SPECIAL_TOKENS, Tokenizer, WordPiece, bert_words, learn_word_pieces
from pmt_text.tokenizers.bpe_training import learn_merges, most_frequent_pairs

WORDS = {"low": 5, "lower": 2, "newest": 6, "widest": 3, "new": 4, "est": 1}


def pieces_by_counting(words: dict[str, int], size: int) -> list[str]:
    """Merge the most frequent pair of pieces, counted anew each time: slow, but without state."""
    split = {word: [word[0], *("##" + c for c in word[1:])] for word in words}
    tokens = sorted({piece for pieces in split.values() for piece in pieces})
    order = {piece: i for i, piece in enumerate(tokens)}
    made = list(tokens)
    while len(tokens) + 5 < size:
        counts: Counter[tuple[str, str]] = Counter()
        for word, number in words.items():
            for pair in zip(split[word], split[word][1:]):
                counts[pair] += number
        frequent = [pair for pair, number in counts.items() if number >= 2]
        if not frequent:
            break
        best = min(frequent, key=lambda pair: (-counts[pair], order[pair[0]], order[pair[1]]))
        merged = best[0] + best[1].removeprefix("##")
        order.setdefault(merged, len(made))
        made.append(merged)
        if merged not in tokens:
            tokens.append(merged)
        for pieces in split.values():
            i = 0
            while i + 1 < len(pieces):
                if (pieces[i], pieces[i + 1]) == best:
                    pieces[i : i + 2] = [merged]
                i += 1
    return tokens


@pytest.mark.parametrize("size", [16, 18, 20, 25, 40])
def test_pieces_are_those_of_counting_anew(size: int) -> None:
    learned = learn_word_pieces(WORDS, size)
    assert learned[:5] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert learned[5:] == pieces_by_counting(WORDS, size)[: size - 5]


def test_random_words_of_few_letters_give_the_pieces_of_counting_anew() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        words = {
            "".join(rng.choice(list("abc"), rng.integers(1, 7))): int(rng.integers(1, 9))
            for _ in range(12)
        }
        assert learn_word_pieces(words, 30)[5:] == pieces_by_counting(words, 30)[:25]


def test_the_order_of_the_words_changes_nothing() -> None:
    reverse = dict(reversed(WORDS.items()))
    assert learn_word_pieces(reverse, 24) == learn_word_pieces(WORDS, 24)


def test_ids_of_special_tokens_are_those_of_the_vocabularies() -> None:
    """`mask_tokens` then works with ids of either."""
    names = [name.strip("[]").lower() for name in learn_word_pieces(WORDS, 20)[:5]]
    assert names == [name.strip("<>") for name in SPECIAL_TOKENS]


def test_rare_characters_are_no_pieces_and_their_words_unknown() -> None:
    pieces = learn_word_pieces({"aab": 9, "ab": 7, "aü": 1}, 50, characters=2)
    assert not any("ü" in piece for piece in pieces)
    tokenizer = Tokenizer.word_piece(pieces)
    assert tokenizer.tokenize("aab aü") == ["aab", "[UNK]"]


def test_two_ways_to_merge_give_a_piece_once() -> None:
    pieces = learn_word_pieces({"abc": 10, "ab": 20, "xbc": 30, "abcd": 40}, 60)
    assert len(pieces) == len(set(pieces))


def test_the_tokenizer_agrees_with_word_piece() -> None:
    text = "The lowest, newest (and widest) word: newer!"
    words = Counter(bert_words(text, lower=False))
    tokens = learn_word_pieces(words, 60, min_count=1)
    tokenizer, plain = Tokenizer.word_piece(tokens), WordPiece(tokens, lower=False)
    assert tokenizer.tokenize(text) == plain.tokenize(text)
    assert len(tokenizer) == len(tokens)
    assert tokenizer.decode(tokenizer.encode(text)).replace(" ", "") == text.replace(" ", "")
    lower = Tokenizer.word_piece(learn_word_pieces({"cafe": 3}, 30), lower=True)
    assert lower.tokenize("CAFÉ") == ["cafe"]


@pytest.mark.parametrize("tokens", [["[PAD]"], ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] * 2])
def test_a_vocabulary_that_is_none_is_refused(tokens: list[str]) -> None:
    with pytest.raises(DataError, match="expected a vocabulary"):
        Tokenizer.word_piece(tokens)


def test_sizes_are_checked() -> None:
    for wrong in ({"size": 5}, {"size": 9, "characters": 0}, {"size": 9, "min_count": 0}):
        with pytest.raises(SettingsError):
            learn_word_pieces(WORDS, **wrong)


def test_merges_of_bytes_are_the_most_frequent_pairs() -> None:
    words = {word.encode(): number for word, number in WORDS.items()}
    merges = learn_merges(words, 9)
    assert merges == [pair for pair, _ in zip(most_frequent_pairs(words, 256), range(9))]
