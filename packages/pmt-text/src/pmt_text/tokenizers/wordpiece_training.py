"""Learn the vocabulary of WordPiece from the words of a corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from pmt_text.files.errors import check_at_least
from pmt_text.tokenizers.bpe_training import most_frequent_pairs

WORD_PIECE_SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_INSIDE = "##"  # prefix of a piece that does not begin a word


def learn_word_pieces(
    words: Mapping[str, int], size: int, *, characters: int = 1000, min_count: int = 2
) -> list[str]:
    """Return a vocabulary for `WordPiece` and BERT: special tokens, characters, merged pieces.

    The pieces are those of byte-pair encoding on characters (Sennrich et al. 2016), written with
    the prefix ``##`` inside of words; a text is then split by the longest match (Wu et al. 2016).
    The id of a token is its index.

    Args:
        words: number of occurrences of each word.
        size: tokens of the vocabulary, at most; there are fewer if the words are few.
        characters: only the most frequent ones are tokens; a word with another one is unknown.
        min_count: pairs that are rarer are not merged.

    Raises:
        SettingsError: `size` has no room for the special tokens and one character.

    Examples:
        >>> from pmt_text import learn_word_pieces
        >>> learn_word_pieces({"low": 5, "lower": 3, "lot": 2}, 14)[5:]
        ['##e', '##o', '##r', '##t', '##w', 'l', 'lo', 'low', '##er']
    """
    check_at_least(len(WORD_PIECE_SPECIALS) + 1, size=size)
    check_at_least(1, characters=characters, min_count=min_count)
    counts: Counter[str] = Counter()
    for word, number in words.items():
        for character in word:
            counts[character] += number
    # Ties by code point: the same words give the same vocabulary in any order.
    known = {
        c for c, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:characters]
    }
    symbols: dict[str, int] = {}
    spelled: dict[tuple[int, ...], int] = {}
    spellings = {word: pieces_of(word) for word in words if word and known.issuperset(word)}
    for piece in sorted({piece for pieces in spellings.values() for piece in pieces}):
        symbols[piece] = len(symbols)
    for word, pieces in spellings.items():
        spelled[tuple(symbols[piece] for piece in pieces)] = words[word]
    texts = list(symbols)
    tokens = dict.fromkeys((*WORD_PIECE_SPECIALS, *texts))
    if len(tokens) < size:
        for left, right in most_frequent_pairs(spelled, len(texts), min_count):
            texts.append(texts[left] + texts[right].removeprefix(_INSIDE))
            tokens[texts[-1]] = None  # two ways to merge may give the same piece
            if len(tokens) == size:
                break
    return list(tokens)[:size]


def pieces_of(word: str) -> list[str]:
    """Return the characters of a word as pieces: ``["l", "##o", "##w"]``."""
    return [word[:1], *(_INSIDE + character for character in word[1:])]
