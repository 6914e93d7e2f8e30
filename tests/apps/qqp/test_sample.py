"""The synthetic sample that ships with the project, and the program that makes it."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from pmt_text import (
    QuestionPair,
    best_threshold,
    connected_components,
    load_qqp,
    normalize,
    overlap_scores,
    split_by_question,
)


@pytest.fixture(scope="module")
def sample(root: Path) -> Path:
    return root / "apps" / "pmt_apps" / "samples" / "qqp.tsv"


@pytest.fixture(scope="module")
def pairs(sample: Path) -> list[QuestionPair]:
    return load_qqp(sample).pairs


def test_the_generator_writes_the_committed_bytes(root: Path, sample: Path, tmp_path: Path) -> None:
    made = tmp_path / "made.tsv"
    program = root / "apps" / "generators" / "make_qqp_sample.py"
    result = subprocess.run(
        [sys.executable, str(program), "--out", str(made)],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert result.returncode == 0, result.stderr
    assert "4000 synthetic pairs" in result.stdout
    assert "word overlap" in result.stdout
    assert made.read_bytes() == sample.read_bytes()


def test_size_and_balance(sample: Path, pairs: list[QuestionPair]) -> None:
    file = load_qqp(sample)
    assert (file.format, file.rows, file.warnings()) == ("public TSV", 4000, [])
    assert sample.stat().st_size < 600_000
    assert 0.4 < np.mean([pair.label or 0 for pair in pairs]) < 0.5


def test_no_pair_comes_twice_nor_is_a_question_its_own_duplicate(
    pairs: list[QuestionPair],
) -> None:
    keys = Counter(
        frozenset((normalize(pair.question1), normalize(pair.question2))) for pair in pairs
    )
    assert max(keys.values()) == 1
    assert min(map(len, keys)) == 2


def test_an_id_names_one_question(pairs: list[QuestionPair]) -> None:
    texts = {(pair.id1, pair.question1) for pair in pairs}
    texts |= {(pair.id2, pair.question2) for pair in pairs}
    assert len(texts) == len({name for name, _ in texts}) == len({text for _, text in texts})


def test_questions_come_again_on_both_sides_but_only_nearby(pairs: list[QuestionPair]) -> None:
    first = {pair.id1 for pair in pairs}
    second = {pair.id2 for pair in pairs}
    assert len(first & second) > 200
    sizes = np.bincount(connected_components(pairs))
    assert len(sizes) > 2000
    assert sizes.max() < 20


def test_word_overlap_tells_little(pairs: list[QuestionPair]) -> None:
    labels = np.array([pair.label or 0 for pair in pairs])
    scores = overlap_scores((pair.question1, pair.question2) for pair in pairs)
    train, dev = split_by_question(pairs, 0.15, np.random.default_rng(0))
    assert len(dev) == 600
    for part in (train, dev):
        assert 0.6 < best_threshold(scores[part], labels[part]).accuracy < 0.7


def test_no_place_holder_is_left(sample: Path) -> None:
    text = sample.read_text(encoding="utf-8")
    for left in ("{", "}", "|", "  ", " ?", "a a ", "a an ", "my my "):
        assert left not in text.split("\n", 1)[1], left
