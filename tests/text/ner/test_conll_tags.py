"""Notations of tags in CoNLL files: which column has which, and what its cells say."""

from __future__ import annotations

from collections import Counter

import pytest

from pmt_text.ner.conll_tags import TagNotation, detect_notation, holds_brackets, holds_chunks


@pytest.mark.parametrize(
    ("cells", "tags"),
    [
        ("O B-PER I-PER", "O B-PER I-PER"),
        ("O B-PER L-PER U-LOC", "O B-PER E-PER S-LOC"),
        ("O B-PER M-PER E-PER W-LOC", "O B-PER I-PER E-PER S-LOC"),
        ("O B_PER I_PER", "O B-PER I-PER"),
        ("O B:PER I:PER", "O B-PER I-PER"),
        ("O B-A-B I-A_B", "O B-A-B I-A_B"),
        ("O PER-B PER-I A-B-B", "O B-PER I-PER B-A-B"),
        ("O PER_B PER_L LOC_U", "O B-PER E-PER S-LOC"),
        ("o b-per i-per", "O B-per I-per"),
        ("O b-PER i-PER", "O B-PER I-PER"),
        ("_ B-PER I-PER", "O B-PER I-PER"),
        ("- B-PER I-PER", "O B-PER I-PER"),
        ("0 B-PER I-PER", "O B-PER I-PER"),
        ("O B I", "O B-ENTITY I-ENTITY"),
        ("O I", "O I-ENTITY"),
        ("o b i", "O B-ENTITY I-ENTITY"),
        ("O B L U", "O B-ENTITY E-ENTITY S-ENTITY"),
        ("B M E S", "B-ENTITY I-ENTITY E-ENTITY S-ENTITY"),
        ("O PER LOC", "O I-PER I-LOC"),
        ("O person-actor", "O I-person-actor"),
        ("O M F", "O I-M I-F"),
        ("O M", "O I-M"),
        ("_ NER=B-PER SpaceAfter=No|NER=I-PER", "O B-PER I-PER"),
        ("_ ner=S-PER|x=1 start=1|ner=O", "O S-PER O"),
        ("SpaceAfter=No Tag=B-PER", "O B-PER"),
        ("_ Entity=PER", "O I-PER"),
        ("O", "O"),
    ],
)
def test_notations(cells: str, tags: str) -> None:
    notation = detect_notation(Counter(cells.split()))
    assert notation is not None
    assert [notation.tag(cell) for cell in cells.split()] == tags.split()
    assert notation.share(Counter(cells.split())) == 1


@pytest.mark.parametrize(
    "cells",
    [
        "NNP VBZ IN . O",  # parts of speech
        "the old town near the sea O",  # words
        "* (PERSON* *) (GPE)",
        "O B/PER I/PER",
        "O B.PER I.PER",
        "O PER.B PER.I",
        "O X-PER Y-PER",
        "O B-PER PER LOC",  # two notations
        "O 1 2 3",
        "_ PER LOC",
        "- - -",
        "_ Case=Nom|Number=Sing Case=Acc",
        "http://a?b=c x y",
        "1 2 3",
        "I I I",
        "",
    ],
)
def test_what_is_no_column_of_tags(cells: str) -> None:
    assert detect_notation(Counter(cells.split() or [""])) is None


def test_the_share_of_tags_is_counted_over_the_cells_that_are_not_o() -> None:
    assert detect_notation(Counter({"O": 10_000, "B-PER": 4, "x-1": 6})) is None
    assert detect_notation(Counter({"O": 10_000, "B-PER": 5, "x-1": 5})) == TagNotation()
    assert detect_notation(Counter({"O": 10_000, "B": 8, "x": 2})) is None
    assert detect_notation(Counter({"O": 10_000, "B": 9, "x": 1})) == TagNotation("letters")
    assert detect_notation(Counter({"O": 10_000, "PER": 8, "1": 2})) is None
    assert detect_notation(Counter({"O": 10_000, "PER": 9, "1": 1})) == TagNotation("types")


def test_a_chosen_column_has_to_hold_less() -> None:
    dense = Counter({"O": 1, "PER": 9, "LOC": 9})
    assert detect_notation(dense) is None
    assert detect_notation(dense, chosen=True) == TagNotation("types")
    typos = Counter({"O": 5, "PER": 6, "1": 4})
    assert detect_notation(typos) is None
    assert detect_notation(typos, chosen=True) == TagNotation("types")
    letters = Counter({"O": 5, "I": 6, "x": 4})
    assert detect_notation(letters) is None
    assert detect_notation(letters, chosen=True) == TagNotation("letters")
    assert detect_notation(Counter(["NN", "VB"]), chosen=True) is None


def test_types_without_prefix_are_few() -> None:
    links = Counter({"O": 1000, **{f"Q{i}": 1 for i in range(101)}})
    assert detect_notation(links) is None
    del links["Q0"]
    assert detect_notation(links) == TagNotation("types")


def test_what_no_notation_reads_is_no_tag() -> None:
    for notation, cells in [
        (TagNotation(), ["", "B", "B-", "-PER", "PER", "X-PER", "o", "b-PER", "B-PER|B-LOC"]),
        (TagNotation("suffix"), ["B-PER", "B", "-B", "PER-X", "PER"]),
        (TagNotation("letters"), ["B-PER", "X", "b", "", "BI"]),
        (TagNotation("types"), ["o", "_", "", "1", "(PER"]),
        (TagNotation(key="NER"), ["NER=PER", "NER="]),
    ]:
        assert [notation.tag(cell) for cell in cells] == [None] * len(cells)


def test_chunks_and_brackets() -> None:
    assert holds_chunks(Counter(["O", "B-NP", "I-NP", "B-VP"]), TagNotation())
    assert holds_chunks(Counter(["O", "B-V", "B-ARG0", "I-R-ARG1", "B-ARGM-TMP"]), TagNotation())
    assert not holds_chunks(Counter(["O", "B-NP", "I-PER"]), TagNotation())
    assert not holds_chunks(Counter(["O"]), TagNotation())
    assert holds_brackets(Counter(["*", "(PERSON*", "*)", "(GPE)", "(TOP(S(NP*", "*))"]))
    assert not holds_brackets(Counter(["*", "word", "(", ")"]))
    assert not holds_brackets(Counter(["*"]))
