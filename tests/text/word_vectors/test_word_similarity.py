"""Rated word pairs: by hand, against gensim and scipy, and their files."""

from __future__ import annotations

from pathlib import Path

import pytest
from analogy_corpus import PLACES

from pmt_core import DataError
from pmt_text import (
    evaluate_word_pairs,
    load_word_pairs,
)
from pmt_text.word_vectors.word_similarity import WordPair


def test_pairs_by_hand() -> None:
    pairs = [
        WordPair("Paris", "france", 9.0),
        WordPair("paris", "Germany", 1.0),
        WordPair("paris", "berlin", 5.0),
        WordPair("paris", "rome", 7.0),
    ]
    scores = evaluate_word_pairs(PLACES, pairs)
    assert scores.spearman == pytest.approx(1)  # cosines 0.71, 0, 0.5
    assert (scores.pairs, scores.answered, scores.coverage) == (4, 3, 0.75)
    assert evaluate_word_pairs(PLACES, pairs, fold_case=False).answered == 1
    assert evaluate_word_pairs(PLACES, pairs, restrict=3).answered == 2
    assert str(evaluate_word_pairs(PLACES, pairs[3:])) == "none, 0 of 1 pairs"


def test_the_file_of_pairs(tmp_path: Path) -> None:
    path = tmp_path / "p.tsv"
    expected = [("love", "sex", 6.77), ("CD", "stock", 1.31)]
    for text in (
        "# a note\n# Word 1\tWord 2\tHuman\nlove\tsex\t6.77\nCD\tstock\t1.31\n",
        "Word 1,Word 2,Human (mean)\nlove,sex,6.77\n\nCD,stock,1.31\n",
        "love sex 6.77\nCD stock 1.31",
    ):
        path.write_text(text)
        assert load_word_pairs(path) == expected
    for text, message in [
        ("a\tb\t1\nc\td\n", r"p\.tsv:2: expected two words and a number"),
        ("a\tb\t1\nc\td\tinf\n", r"p\.tsv:2"),
        ("no pairs here\n", "has no pairs"),
        ("a\tb\t1\rc\td\t2\r", "CR line ends"),
    ]:
        path.write_text(text)
        with pytest.raises(DataError, match=message):
            load_word_pairs(path)


@pytest.mark.data
def test_the_real_pairs(data_dir: Path) -> None:
    pairs = load_word_pairs(data_dir / "wordsim" / "wordsim353.tsv")
    assert len(pairs) == 353
    assert pairs[0] == ("love", "sex", 6.77)
