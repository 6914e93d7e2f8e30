"""Real Quora question pairs: the figures that must come out, and one spelling for pair forms."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from pmt_text import (
    PairEncoder,
    QqpFile,
    Vocabulary,
    best_threshold,
    load_qqp,
    normalize,
    overlap_scores,
    split_by_question,
    tokenize,
)

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def files(data_dir: Path) -> dict[str, QqpFile]:
    names = ("train.tsv", "extra_duplicates.tsv", "dev.tsv")
    return {name: load_qqp(data_dir / "qqp" / name) for name in names}


@pytest.fixture(scope="module")
def questions(files: dict[str, QqpFile]) -> dict[str, set[str]]:
    return {
        name: {text for pair in file.pairs for text in (pair.question1, pair.question2)}
        for name, file in files.items()
    }


@pytest.mark.parametrize(
    ("name", "format", "rows", "duplicates"),
    [
        ("train.tsv", "public TSV", 19_825, 9_609),
        ("extra_duplicates.tsv", "public TSV", 73_397, 73_397),
        ("dev.tsv", "BiMPM", 10_000, 5_000),
    ],
)
def test_figures(
    files: dict[str, QqpFile], name: str, format: str, rows: int, duplicates: int
) -> None:
    file = files[name]
    assert (file.format, file.rows, len(file), file.warnings()) == (format, rows, rows, [])
    assert sum(pair.label or 0 for pair in file.pairs) == duplicates


def test_rows_with_quotes_are_read_as_they_were_asked(files: dict[str, QqpFile]) -> None:
    by_line = {pair.line: pair for pair in files["train.tsv"].pairs}
    assert by_line[586].question1 == 'What does "moral reconciliation" mean?'
    assert by_line[449].question1 == 'What\'s the difference between "Mrs", "Miss" and "Ms"?'
    assert by_line[2212].question2 == '"what is contract law?"'
    assert by_line[18946].question2 == 'When do you use "&" instead of "and"?'
    doubled = [line for line, pair in by_line.items() if '""' in pair.question1 + pair.question2]
    assert doubled == [17826]  # there the person asking did it


def test_normalizing_is_idempotent_and_leaves_something(questions: dict[str, set[str]]) -> None:
    for text in set().union(*questions.values()):
        once = normalize(text)
        assert once
        assert normalize(once) == once, text


def test_raw_and_tokenized_questions_are_spelled_alike(questions: dict[str, set[str]]) -> None:
    """A question of dev that train holds too, letters and digits alike, has the same tokens."""

    def letters(text: str) -> str:
        return re.sub(r"[\W_]+", "", re.sub(r"-[lr][rsc]b-", " ", text.lower()))

    raw = defaultdict(set)
    for text in questions["train.tsv"] | questions["extra_duplicates.tsv"]:
        raw[letters(text)].add(normalize(text))
    shared = [text for text in questions["dev.tsv"] if letters(text) in raw]
    alike = [text for text in shared if normalize(text) in raw[letters(text)]]
    assert len(shared) > 4000
    print(f"{len(alike)} of {len(shared)} alike; not: {sorted(set(shared) - set(alike))}")
    assert len(alike) / len(shared) >= 0.997


def test_word_overlap_scores_what_is_published(files: dict[str, QqpFile]) -> None:
    pairs = files["dev.tsv"].pairs
    scores = overlap_scores((pair.question1, pair.question2) for pair in pairs)
    threshold = best_threshold(scores, [pair.label or 0 for pair in pairs])
    assert 0.685 < threshold.accuracy < 0.705


def test_a_split_keeps_its_size_and_shares_no_question(files: dict[str, QqpFile]) -> None:
    pairs = files["train.tsv"].pairs
    train, dev = split_by_question(pairs, 0.1, np.random.default_rng(0))
    splits = [
        {normalize(q) for i in indices for q in (pairs[i].question1, pairs[i].question2)}
        for indices in (train, dev)
    ]
    assert not splits[0] & splits[1]
    assert len(dev) == round(0.1 * len(pairs))


def test_most_words_of_dev_are_known_from_train(questions: dict[str, set[str]]) -> None:
    """If the two formats were tokenized differently, far more words would be unknown."""
    vocabulary = Vocabulary.build(map(tokenize, questions["train.tsv"]))
    encoded = PairEncoder(vocabulary).encode([(text, "") for text in questions["dev.tsv"]])
    assert (encoded.ids == 1).mean() < 0.05
