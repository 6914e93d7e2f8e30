"""The synthetic text that ships with the project, and the program that makes it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pmt_text import load_analogies

NAMES = ("word2vec.txt", "word2vec_questions.txt")


def test_the_generator_writes_the_committed_bytes(root: Path, tmp_path: Path) -> None:
    samples = root / "apps" / "pmt_apps" / "samples"
    program = root / "apps" / "generators" / "make_word2vec_sample.py"
    done = subprocess.run(
        [sys.executable, str(program), "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for name in NAMES:
        assert (tmp_path / name).read_bytes() == (samples / name).read_bytes()
    assert sum((samples / name).stat().st_size for name in NAMES) < 1_000_000


def test_no_sentence_answers_a_question_by_itself(root: Path) -> None:
    """But for capitals and their countries, no two words of a question share a sentence."""
    samples = root / "apps" / "pmt_apps" / "samples"
    sentences = [set(line.split()) for line in (samples / NAMES[0]).read_text().splitlines()]
    known = set().union(*sentences)
    for section in load_analogies(samples / NAMES[1]):
        assert all(set(question) <= known for question in section.questions)
        if section.name == "capital-country":
            continue
        pairs = {(q.a, q.b) for q in section.questions}
        for first, second in pairs:
            assert not any(first in words and second in words for words in sentences)
