"""Which columns of a CoNLL file hold words and tags is decided from all of its rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from random_conll import (
    NOTATIONS,
    Words,
    as_read,
    columns_at_random,
    file_at_random,
    random_sentences,
)

from pmt_core import DataError
from pmt_text import ConllFile, load_conll


def loaded(folder: Path, text: str, **options: object) -> ConllFile:
    path = folder / "file"
    path.write_bytes(text.encode())
    return load_conll(path, **options)  # type: ignore[arg-type]


def pairs(file: ConllFile) -> Words:
    return [list(zip(s.words, s.tags or (), strict=True)) for s in file.sentences]


ANN: Words = [
    [("Ann", "B-PER"), ("Lee", "I-PER"), ("is", "O"), ("in", "O"), ("Oslo", "B-LOC")],
    [("in", "O"), ("Rome", "B-LOC"), ("it", "O"), ("rains", "O")],
]

LAYOUTS = {
    "the number of the word, CoNLL-U": (
        "# text = Ann Lee is in Oslo\n1\tAnn\tB-PER\t_\n2\tLee\tI-PER\t_\n3\tis\tO\t_\n"
        "4-5\tinOslo\t_\t_\n4\tin\tO\t_\n5\tOslo\tB-LOC\t_\n5.1\tnull\t_\t_\n\n"
        "1\tin\tO\t_\n2\tRome\tB-LOC\t_\n2.1\tis\t_\t_\n3\tit\tO\t_\n4\trains\tO\t_\n",
        1,
        2,
    ),
    "tags in MISC": (
        "1\tAnn\t_\tNER=B-PER|Lang=x\n2\tLee\t_\tNER=I-PER\n3\tis\t_\t_\n4\tin\t_\tSpaceAfter=No\n"
        "5\tOslo\t_\tSpaceAfter=No|NER=B-LOC\n\n1\tin\t_\t_\n2\tRome\t_\tNER=B-LOC\n3\tit\t_\t_\n"
        "4\trains\t_\t_\n",
        1,
        3,
    ),
    "GermEval: outer and inner tags": (
        "#\thttp://x.de/Ann\t[2009-10-17]\n1\tAnn\tB-PER\tO\n2\tLee\tI-PER\tO\n3\tis\tO\tO\n"
        "4\tin\tO\tO\n5\tOslo\tB-LOC\tB-ORG\n\n#\tn-tv.de vom 26.02.2005 [2005-02-26] \n"
        "1\tin\tO\tO\n2\tRome\tB-LOC\tO\n3\tit\tO\tO\n4\trains\tO\tO\n",
        1,
        2,
    ),
    "document, part and number before the word": (
        "#begin document (bc/x); part 000\nbc/x 0 0 Ann NN B-PER\nbc/x 0 1 Lee NN I-PER\n"
        "bc/x 0 2 is VB O\nbc/x 0 3 in IN O\nbc/x 0 4 Oslo NN B-LOC\n\nbc/x 0 0 in IN O\n"
        "bc/x 0 1 Rome NN B-LOC\nbc/x 0 2 it PR O\nbc/x 0 3 rains VB O\n#end document\n",
        3,
        5,
    ),
    "tags first": (
        "B-PER Ann\nI-PER Lee\nO is\nO in\nB-LOC Oslo\n\nO in\nB-LOC Rome\nO it\nO rains\n",
        1,
        0,
    ),
    "chunks and tags": (
        "Ann NN B-NP B-PER\nLee NN I-NP I-PER\nis VB B-VP O\nin IN B-PP O\nOslo NN B-NP B-LOC\n\n"
        "in IN B-PP O\nRome NN B-NP B-LOC\nit PR B-NP O\nrains VB B-VP O\n",
        0,
        3,
    ),
    "tags and chunks": (
        "Ann NN B-PER B-NP\nLee NN I-PER I-NP\nis VB O B-VP\nin IN O B-PP\nOslo NN B-LOC B-NP\n\n"
        "in IN O B-PP\nRome NN B-LOC B-NP\nit PR O B-NP\nrains VB O B-VP\n",
        0,
        2,
    ),
    "tags and a column of O": (
        "Ann B-PER O\nLee I-PER O\nis O O\nin O O\nOslo B-LOC O\n\n"
        "in O O\nRome B-LOC O\nit O O\nrains O O\n",
        0,
        1,
    ),
    "tags and a few types of events": (
        "Ann B-PER O\nLee I-PER O\nis O O\nin O O\nOslo B-LOC O\n\n"
        "in O O\nRome B-LOC O\nit O O\nrains O Weather\n",
        0,
        1,
    ),
    "tags and a few other tags": (
        "Ann B-PER O\nLee I-PER O\nis O B-STATE\nin O O\nOslo B-LOC O\n\n"
        "in O O\nRome B-LOC O\nit O O\nrains O B-RAIN\n",
        0,
        1,
    ),
    "clauses, almost without O": (
        "Ann B-PER B-CLS\nLee I-PER I-CLS\nis O I-CLS\nin O I-CLS\nOslo B-LOC E-CLS\n\n"
        "in O B-CLS\nRome B-LOC E-CLS\nit O B-CLS\nrains O E-CLS\n",
        0,
        1,
    ),
    "blanks and tabs at the ends": (
        "Ann\tB-PER\t\nLee\tI-PER \t\nis\tO\nin\tO\t \nOslo\tB-LOC\n \t \n"
        "in\tO\nRome\tB-LOC\nit\tO\nrains\tO",
        0,
        1,
    ),
    "a last column that is mostly empty": (
        "Ann\tB-PER\tfirst\nLee\tI-PER\t\nis\tO\t\nin\tO\t\nOslo\tB-LOC\t\n\n"
        "in\tO\t\nRome\tB-LOC\tcapital\nit\tO\t\nrains\tO\t\n",
        0,
        1,
    ),
    "columns aligned by several tabs": (
        "Ann\t\tB-PER\nLee\t\tI-PER\nis\t\t\tO\nin\t\t\tO\nOslo\tB-LOC\n\n"
        "in\t\t\tO\nRome\t\tB-LOC\nit\t\t\tO\nrains\tO\n",
        0,
        1,
    ),
    "titles": (
        "Token\tPOS\tNER_Tag\nAnn\tN\tB-PER\nLee\tN\tI-PER\nis\tV\tO\nin\tP\tO\nOslo\tN\tB-LOC\n\n"
        "in\tP\tO\nRome\tN\tB-LOC\nit\tP\tO\nrains\tV\tO\n",
        0,
        2,
    ),
    "line ends of all kinds": (
        "\ufeffAnn B-PER\r\nLee I-PER\nis O\r\r\nin O\r\nOslo B-LOC\r\n\r\n"
        "in O\nRome B-LOC\nit O\r\nrains O",
        0,
        1,
    ),
}


@pytest.mark.parametrize(("text", "word", "tag"), LAYOUTS.values(), ids=LAYOUTS.keys())
def test_words_and_tags_are_found(tmp_path: Path, text: str, word: int, tag: int) -> None:
    file = loaded(tmp_path, text)
    assert pairs(file) == ANN
    assert (file.columns.word, file.columns.tag, file.dropped) == (word, tag, {})
    # the same in a longer file, and by the options
    assert pairs(loaded(tmp_path, text + f"\n\n{text}".replace("Token", "# Token") * 8)) == ANN * 9
    assert pairs(loaded(tmp_path, text, word_column=word, tag_column=tag)) == ANN
    count = file.columns.count
    assert pairs(loaded(tmp_path, text, word_column=word - count, tag_column=tag - count)) == ANN


def test_all_rows_decide(tmp_path: Path) -> None:
    """The first 6,000 words have no tag, and those of another column look like tags."""
    start = "x O B-A\ny O O\n\n" * 3000
    file = loaded(tmp_path, start + "x B-PER O\ny B-LOC O\n\n" * 4000)
    assert (file.columns.tag, file.types) == (1, ["LOC", "PER"])
    assert loaded(tmp_path, start + "x B-PER O\n\n", limit=2).columns.tag == 2


def test_what_is_decided_is_said(tmp_path: Path) -> None:
    text = f"{LAYOUTS['GermEval: outer and inner tags'][0]}\n" * 9
    reading = loaded(tmp_path, f"{text}1\tx\tO\n\n1\ty\tX\tO\n\n1\tz\tY\tO\n").reading()
    for part in [
        "words in column 1, tags in column 2 of 4 (from 0)",
        "column 3 could also be tags",
        "column 0 numbers the words",
        "sentences dropped: 1 (missing or extra column), 2 (not a tag)",
        "lines without a word: 18",
    ]:
        assert part in reading
    letters = loaded(tmp_path, "Ann B\nLee I\nis O\n").reading()
    assert "tags are written as B and O" in letters
    assert "sentences dropped: none" in letters
    assert "could also" not in letters


@pytest.mark.parametrize(
    ("text", "scheme", "tags"),
    [
        ("a PER\nb PER\nc O\nd LOC\ne PER\n", "IOB1", "I-PER I-PER O I-LOC I-PER"),
        ("a B\nb I\nc O\nd B\ne B\n", "IOB2", "B-ENTITY I-ENTITY O B-ENTITY B-ENTITY"),
        ("a B\nb E\nc O\nd S\ne S\n", "IOBES", "B-ENTITY E-ENTITY O S-ENTITY S-ENTITY"),
        ("a B_X\nb I_X\nc O\nd B_X\ne B_Y\n", "IOB2", "B-X I-X O B-X B-Y"),
        ("a X-B\nb X-L\nc O\nd X-U\ne Y-U\n", "IOBES", "B-X E-X O S-X S-Y"),
        ("a i-x\nb i-x\nc o\nd i-x\ne b-x\n", "IOB1", "I-x I-x O I-x B-x"),
        ("a I-X\nb I-X\nc O\nd I-X\ne B-X\n", "IOB1", "I-X I-X O I-X B-X"),
    ],
    ids=["types", "letters", "IOBES letters", "underscores", "suffixes", "lower-case", "IOB1"],
)
def test_schemes_and_notations(tmp_path: Path, text: str, scheme: str, tags: str) -> None:
    file = loaded(tmp_path, text)
    assert (file.scheme, file.breaks, file.sentences[0].tags) == (scheme, 0, tuple(tags.split()))
    assert loaded(tmp_path, text.replace(" ", "\t")).sentences[0].tags == tuple(tags.split())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1996 CD O\n22 CD O\n5.3 CD B-QTY\n3 NN I-QTY\n\n12 CD O\n1 CD O\n", "1996 22 5.3 3"),
        ("1 O\n2 O\n3 B-QTY\n", "1 2 3"),  # no other column is left for the words
        ("1 CD O\n2 CD O\n3 CD B-QTY\n", "1 2 3"),
        ("0 a O\n1 b O\n2 c B-X\n\n0 d O\n1 e O\n", "a b c"),
        ("1 a O\n2 b B-X\n\n3 c O\n4 d O\n", "a b"),
        ("".join(f"O {9 * i} {9 * i + 4} a{i}\n" for i in range(30)) + "B-X 280 284 b\n", "a0 a1"),
    ],
)
def test_numbers_that_are_words_and_numbers_of_words(tmp_path: Path, text: str, words: str) -> None:
    sentence = loaded(tmp_path, text).sentences[0]
    assert " ".join(sentence.words).startswith(words)


def test_brackets_and_other_tags_are_refused_with_what_was_seen(tmp_path: Path) -> None:
    row = "bc/x 0 {} {} NN (TOP(S(NP* - - - Speaker#1 {} (V*) -\n"
    words = [("In", "*"), ("Red", "(PERSON*"), ("Sox", "*)"), ("Rome", "(GPE)")]
    text = "".join(row.format(i, word, tag) for i, (word, tag) in enumerate(words))
    with pytest.raises(DataError, match="no column holds tags") as caught:
        loaded(tmp_path, text)
    assert "to B-PER and I-PER: 10: '*', '(PERSON*'" in str(caught.value)
    with pytest.raises(DataError, match="column 10 .* does not hold tags .*PERSON"):
        loaded(tmp_path, text, tag_column=10)
    with pytest.raises(DataError, match=r"1: 'B/PER', 'I/PER', 'O'"):
        loaded(tmp_path, "Ann B/PER\nLee I/PER\nis O\n")
    with pytest.raises(DataError, match="most lines have one column"):
        loaded(tmp_path, "EU\tB\tEU\nrejects\nGerman\tB\tGerman\ncall\nto\n")
    with pytest.raises(DataError, match="2,000 columns"):
        loaded(tmp_path, "a " * 1999 + "O\n")


def test_the_columns_of_another_file(tmp_path: Path) -> None:
    train = loaded(tmp_path, "x PER O O\ny O B-A B-B\nz O O O\n\n" * 9, tag_column=1)
    dev = "x O O O\ny O B-A B-B\nz O B-A O\n\nz LOC O O\n"
    assert loaded(tmp_path, dev).columns.tag == 2
    file = loaded(tmp_path, dev, columns=train.columns)
    assert (file.columns.tag, file.types) == (1, ["LOC"])
    assert loaded(tmp_path, dev, columns=train.columns, tag_column=-1).columns.tag == 3
    # without an entity, and with letters that alone would be types
    assert loaded(tmp_path, "x O O O\n", columns=train.columns).columns.tag == 1
    letters = loaded(tmp_path, "x B\ny I\nz S\nz O\n")
    assert loaded(tmp_path, "x S\ny O\n").types == ["S"]
    assert loaded(tmp_path, "x S\ny O\n", columns=letters.columns).types == ["ENTITY"]
    # of another number of columns
    assert loaded(tmp_path, "x B-A\ny O\n", columns=train.columns).types == ["A"]
    with pytest.raises(DataError, match="column 1 .* columns that do: 2"):
        loaded(tmp_path, "x NN O x\ny VB B-A y\n", columns=train.columns)


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("tabs", [True, False])
def test_files_of_random_layouts_are_read(tmp_path: Path, notation: str, tabs: bool) -> None:
    rng = np.random.default_rng([NOTATIONS.index(notation), tabs])
    for _ in range(25):
        sentences = random_sentences(rng)
        kinds, _ = columns_at_random(rng, notation, int(rng.integers(5)))
        file = loaded(tmp_path, file_at_random(rng, sentences, notation, kinds, tabs))
        assert file.columns.word == kinds.index("word"), kinds
        assert file.columns.tag == kinds.index("tag"), kinds
        expected = [[(word, as_read(tag, notation)) for word, tag in s] for s in sentences]
        assert pairs(file) == expected
        assert file.dropped == {}
