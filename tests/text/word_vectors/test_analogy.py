"""Analogies by hand and against gensim, and files of questions."""

from __future__ import annotations

from pathlib import Path

import pytest
from analogy_corpus import PLACES

from pmt_core import DataError, SettingsError
from pmt_text import (
    analogy,
    load_analogies,
)


@pytest.mark.parametrize("method", ["add", "mul"])
def test_an_analogy_by_hand(method: str) -> None:
    """Germany is what is left of the five: its 3CosAdd score is 0 - 0 + 1/sqrt 2."""
    answers = analogy(PLACES, "paris", "france", "berlin", 9, method=method)
    assert [answer.word for answer in answers] == ["germany", "other"]
    cosines = {"add": 0 - 0 + 0.5**0.5, "mul": 0.5 * (1 + 0.5**0.5) / 2 / (0.5 + 1e-6)}
    assert answers[0].similarity == pytest.approx(cosines[method], abs=1e-6)
    assert analogy(PLACES, "paris", "france", "berlin", 9, restrict=3) == []
    with pytest.raises(DataError, match="'rome' has no vector"):
        analogy(PLACES, "paris", "france", "rome")
    with pytest.raises(SettingsError, match="add, mul"):
        analogy(PLACES, "paris", "france", "berlin", method="div")  # type: ignore[arg-type]


def test_the_file_of_questions(tmp_path: Path) -> None:
    path = tmp_path / "q.txt"
    path.write_text(": capital-world\nAthens Greece Paris France\n\n: gram1 x\r\na b c d\n")
    first, second = load_analogies(path)
    assert (first.name, second.name) == ("capital-world", "gram1 x")
    assert first.questions == (("Athens", "Greece", "Paris", "France"),)
    path.write_text(": empty\n: s\na b c d\n: empty\n" + ":\n" * 100)
    assert [section.name for section in load_analogies(path)] == ["s"]
    for content, message in [
        (": s\ra b c d\r", "CR line ends"),
        (": s\na b c\n", r"q\.txt:2: expected four words, got 'a b c'"),
        ("a b c d\n", r"q\.txt:1: expected the name of a section"),
        (": s\n", "has no questions"),
    ]:
        path.write_text(content)
        with pytest.raises(DataError, match=message):
            load_analogies(path)
    path.write_bytes(b": s\na b c \xff\n")
    with pytest.raises(DataError, match=r"q\.txt:2: not UTF-8"):
        load_analogies(path)


@pytest.mark.data
def test_the_real_questions(data_dir: Path) -> None:
    sections = load_analogies(data_dir / "wordsim" / "questions-words.txt")
    assert len(sections) == 14
    assert sum(len(section.questions) for section in sections) == 19544
    assert sum(section.name.startswith("gram") for section in sections) == 9
    assert sections[0].questions[0] == ("Athens", "Greece", "Baghdad", "Iraq")
