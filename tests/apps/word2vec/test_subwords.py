"""Word vectors composed of character n-grams, and texts with case and punctuation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from programs import Program

from pmt_core import load_archive
from pmt_text import CharacterNgrams, load_subword_vectors, load_word_vectors

SMALL = ("--dimension", 8, "--limit", 8000, "--workers", 1)
NGRAMS = ("--min-n", 2, "--max-n", 4, "--buckets", 300)


@pytest.fixture
def word2vec(tmp_path: Path) -> Program:
    return Program("word2vec", tmp_path)


def test_vectors_are_composed_of_ngrams_and_a_run_is_resumed(
    word2vec: Program, tmp_path: Path
) -> None:
    word2vec.run("--out", "run", *SMALL, *NGRAMS, "--epochs", 3)
    out = tmp_path / "run"
    subwords = load_subword_vectors(out / "subwords.npz")
    vectors = load_word_vectors(out / "vectors.bin")
    assert subwords.ngrams == CharacterNgrams(2, 4, 300)
    assert subwords.vectors.words == vectors.words
    np.testing.assert_array_equal(subwords.vectors.matrix, vectors.matrix)
    # The checkpoint has what they are means of.
    state, _ = load_archive(out / "checkpoint.npz")
    own, buckets = state["model.vectors"], state["model.buckets"]
    used = set()
    for i in (0, 5, len(vectors.words) - 1):
        numbers = subwords.ngrams.numbers(vectors.words[i])
        mean = (own[i] + buckets[numbers].sum(axis=0)) / (1 + len(numbers))
        np.testing.assert_allclose(vectors.matrix[i], mean, rtol=1e-4, atol=1e-6)
    for word in vectors.words:
        used |= set(subwords.ngrams.numbers(word).tolist())
    trained = np.isin(np.arange(300), list(used))
    np.testing.assert_array_equal(subwords.buckets[trained], buckets[trained])
    assert not subwords.buckets[~trained].any()
    # A run that ended after an epoch and was resumed has the same vectors.
    parted = ("--out", "parted", *SMALL, *NGRAMS, "--epochs", 3)
    process = word2vec.start(*parted, interrupt="write history.csv")
    process.communicate(timeout=600)
    assert process.returncode == 130
    word2vec.run("--out", "parted", "--resume")
    assert (tmp_path / "parted/vectors.bin").read_bytes() == (out / "vectors.bin").read_bytes()


def test_related_words_that_were_not_in_the_text_are_near(
    word2vec: Program, tmp_path: Path
) -> None:
    """Nouns are beside numbers, verbs beside names: their endings tell them apart."""
    rng = np.random.default_rng(0)
    stems = [f"{a}{b}" for a in "bdfgkl" for b in ("ar", "el", "im", "or")]
    lines = []
    for stem in rng.choice(stems, 3000):
        lines.append(f"two {stem}ness three" if rng.random() < 0.5 else f"Anna {stem}ate Bert")
    (tmp_path / "a.txt").write_text("\n".join(lines))
    arguments = ("--corpus", "a.txt", "--dimension", 16, "--epochs", 6, "--min-count", 1)
    word2vec.run(*arguments, "--workers", 1, "--max-n", 5, "--buckets", 2000, "--out", "run")
    vectors = load_subword_vectors(tmp_path / "run/subwords.npz")
    unseen = ["zuzness", "zuzate"]
    assert not any(word in vectors.vectors for word in unseen)
    unit = vectors.of([*unseen, "barness", "barate"])
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    cosines = unit[:2] @ unit[2:].T
    assert cosines[0, 0] > cosines[0, 1] + 0.3
    assert cosines[1, 1] > cosines[1, 0] + 0.3
    # The program answers for them, too; `known` says that they were not in the text.
    (answer,) = word2vec.run("--predict", "--out", "run", stdin="zuzness\n").answers
    assert not answer["known"]
    assert [near["word"] for near in answer["neighbors"]] == [
        near.word for near in vectors.vectors.neighbors(vectors.of(["zuzness"])[0], 10)
    ]
    printed = word2vec.run("--out", "run", "--neighbors", "zuzness").stdout
    assert printed.split()[0] == answer["neighbors"][0]["word"]
    (known,) = word2vec.run("--predict", "--out", "run", stdin="barness\n").answers
    assert known["neighbors"][0]["word"] == vectors.vectors.neighbors("barness", 1)[0].word


def test_a_cased_text_is_read_with_punctuation_split_off(word2vec: Program, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("In 1996, Ada's U.S. team (of 3) won.\n" * 40)
    arguments = ("--corpus", "a.txt", *SMALL, "--epochs", 1)
    expected = {
        "cased": "In 0000 , Ada 's U.S. team ( of 0 ) won .",
        "lower": "in 0000 , ada 's u.s. team ( of 0 ) won .",
        "spaces": "In 1996, Ada's U.S. team (of 3) won.",
    }
    for reading, line in expected.items():
        word2vec.run(*arguments, "--reading", reading, "--out", reading)
        assert set(load_word_vectors(tmp_path / reading / "vectors.bin").words) == set(line.split())


def test_settings_that_do_not_fit_together(word2vec: Program) -> None:
    word2vec.refuse("--max-n", 2, "--min-n", 3, error=["--max-n 2 is below --min-n 3"])
    word2vec.refuse("--max-n", 4, "--implementation", "tape", error=["--implementation fast"])
    word2vec.refuse("--max-n", 99, error=["--max-n"])
