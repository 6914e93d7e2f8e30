"""CoNLL files: every layout is read, what is broken is named, and what is written is read again."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from pmt_core import DataError, FileProblem, SettingsError, ShapeError, tag_spans
from pmt_text import TaggedSentence, load_conll, write_conll

CONLL_2003 = """-DOCSTART- -X- O O

EU NNP I-NP I-ORG
rejects VBZ I-VP O
German JJ I-NP I-MISC
call NN I-NP O

Peter NNP I-NP I-PER
Blackburn NNP I-NP I-PER

-DOCSTART- -X- O O

BRUSSELS NNP I-NP I-LOC
1996-08-22 CD I-NP O
"""


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def test_the_format_of_conll_2003(tmp_path: Path) -> None:
    file = load_conll(written(tmp_path / "eng", CONLL_2003))
    assert [s.words for s in file.sentences] == [
        ("EU", "rejects", "German", "call"),
        ("Peter", "Blackburn"),
        ("BRUSSELS", "1996-08-22"),
    ]
    assert file.sentences[1].tags == ("I-PER", "I-PER")
    assert file.sentences[0].cells[1] == ("rejects", "VBZ", "I-VP", "O")
    assert [s.document for s in file.sentences] == [1, 1, 2]
    assert [s.line for s in file.sentences] == [3, 8, 13]
    assert (file.scheme, file.documents, file.tokens) == ("IOB1", 2, 8)
    assert file.types == ["LOC", "MISC", "ORG", "PER"]
    assert file.warnings() == []


@pytest.mark.parametrize(
    ("text", "word", "tag"),
    [
        ("Ann B-PER\nruns O\n\nin O\nOslo B-LOC\n", 0, 1),
        ("Ann\tB-PER\nruns\tO\n\nin\tO\nOslo\tB-LOC", 0, 1),
        # numbered words, comments, and columns behind the tags that hold none (CoNLL-U)
        (
            "# id = 1\n1\tAnn\tB-PER\t_\n2\truns\tO\t_\n\n"
            "# id = 2\n1\tin\tO\t_\n2\tOslo\tB-LOC\t_\n",
            1,
            2,
        ),
        ("Ann _ _ B-PER\r\nruns _ _ O\r\n  \r\nin _ _ O\r\nOslo _ _ B-LOC\r\n\r\n\r\n", 0, 3),
        ("\ufeffAnn  x \t B-PER\n runs x O \n\n\n\nin x O\nOslo x B-LOC\n", 0, 2),
    ],
)
def test_columns_are_found(tmp_path: Path, text: str, word: int, tag: int) -> None:
    file = load_conll(written(tmp_path / "file", text))
    assert [(s.words, s.tags) for s in file.sentences] == [
        (("Ann", "runs"), ("B-PER", "O")),
        (("in", "Oslo"), ("O", "B-LOC")),
    ]
    assert (file.columns.word, file.columns.tag) == (word, tag)


def test_columns_are_chosen(tmp_path: Path) -> None:
    path = written(tmp_path / "eng", CONLL_2003)
    chunks = load_conll(path, word_column=1, tag_column=2).sentences[0]
    assert chunks.words == ("NNP", "VBZ", "JJ", "NN")
    assert chunks.tags == ("I-NP", "I-VP", "I-NP", "I-NP")
    assert load_conll(path, tag_column=-2).sentences[0].tags == chunks.tags
    with pytest.raises(DataError, match=r"column 1 .* columns that do: 2, 3"):
        load_conll(path, tag_column=1)
    with pytest.raises(DataError, match="4 columns"):
        load_conll(path, tag_column=4)
    with pytest.raises(DataError, match="both words and tags"):
        load_conll(path, word_column=3)


def test_a_hash_that_is_a_word(tmp_path: Path) -> None:
    file = load_conll(written(tmp_path / "f", "# O\nNYC B-LOC\n\n# 1 O\nx O\n\nAnn B-PER\nis O\n"))
    assert [s.words for s in file.sentences] == [("#", "NYC"), ("x",), ("Ann", "is")]


def test_words_that_look_like_comments_or_like_nothing(tmp_path: Path) -> None:
    """As in WNUT-17, where lines with a tab end sentences."""
    text = (
        "#\tO\n#Rome\tB-hashtag\n\t\n\u00a0\tO\n\u200b\tO\n\ufeff\tO\n\u2028\tB-x\n\t\n"
        "a\tO\n# b\tO\n\t\n# id 1\n#2\n#\nc\tO\n\t\nd\tO\n\tO\n\t\ne\tO\n \tO\n"
    )
    file = load_conll(written(tmp_path / "f", text))
    assert [s.words for s in file.sentences] == [
        ("#", "#Rome"),
        ("\u00a0", "\u200b", "\ufeff", "\u2028"),
        ("a", "# b"),
        ("c",),
    ]
    assert (file.dropped, file.skipped) == ({"no word": [18, 21]}, 3)
    assert [s.line for s in file.sentences] == [1, 4, 9, 15]


def test_documents(tmp_path: Path) -> None:
    parts = [
        "a O\n-DOCSTART- O\nb O\n\n1 -DOCSTART-",
        "c O\n-DOCSTART-(3) O",
        "\ufeff-DOCSTART- O\nd O\n",
    ]
    file = load_conll(written(tmp_path / "f", "\n\n".join(parts)))
    assert [(s.words, s.document) for s in file.sentences] == [
        (("a",), 0),
        (("b",), 1),
        (("c",), 2),
        (("d",), 4),
    ]
    assert file.documents == 4


def test_a_word_with_blanks_between_tabs(tmp_path: Path) -> None:
    path = written(tmp_path / "f", "New York\tB-LOC\nis\tO\na\u00a0b\tO\n")
    sentence = load_conll(path).sentences[0]
    assert sentence.words == ("New York", "is", "a\u00a0b")
    write_conll(tmp_path / "g", [sentence], [("B-LOC", "O", "B-LOC")])
    assert (tmp_path / "g").read_text().splitlines() == [
        "New_York B-LOC B-LOC B-LOC",
        "is O O O",
        "a_b O O B-LOC",
        "",
    ]


def test_broken_lines_are_named_and_their_sentences_dropped(tmp_path: Path) -> None:
    good = "Ann B-PER\nruns O\n\n"
    bad = "a O\nb\nc O\n\nd O\ne X-PER\n\nf O O\ng\n\n"
    path = tmp_path / "broken"
    path.write_bytes((good * 20 + bad).encode() + b"h O\n\xff\xfe O\n\n" + good.encode())
    file = load_conll(path)
    assert len(file) == 21
    assert file.dropped == {
        "missing or extra column": [62, 68],
        "not a tag": [66],
        "not text in UTF-8, or longer than a megabyte": [72],
    }
    assert f"{path}:66: not a tag; sentence dropped" in file.warnings()
    assert f"{path}:62: missing or extra column; 2 sentences dropped, on lines 62, 68" in (
        file.warnings()
    )


def test_encodings(tmp_path: Path) -> None:
    path = written(tmp_path / "latin", "Müller B-PER\nlacht O\n", "latin-1")
    assert load_conll(path, encoding="latin-1").sentences[0].words[0] == "Müller"
    with pytest.raises(DataError, match="latin:1: not text in UTF-8"):
        load_conll(path)
    with pytest.raises(SettingsError, match="utf-16"):
        load_conll(path, encoding="utf-16")
    with pytest.raises(SettingsError, match="martian"):
        load_conll(path, encoding="martian")


def test_what_is_no_such_file(tmp_path: Path) -> None:
    for text, said in [
        ("", "is empty"),
        ("\n\n-DOCSTART- O\n\n", "no line with words"),
        ("just some words\nand no tags\n", "no column holds tags"),
        ("word\nword\n", "a word and its tag"),
        ("\0\1\2", "binary"),
        ("EU I-ORG\rrejects O\r\rPeter I-PER\rsings O\r", "CR line ends"),
    ]:
        with pytest.raises(DataError, match=said):
            load_conll(written(tmp_path / "f", text))
    with pytest.raises(FileProblem, match="does not exist"):
        load_conll(tmp_path / "none")
    with pytest.raises(SettingsError):
        load_conll(tmp_path / "f", limit=0)


def test_gzip_and_limit(tmp_path: Path) -> None:
    path = tmp_path / "f.gz"
    path.write_bytes(gzip.compress(CONLL_2003.encode()))
    assert len(load_conll(path)) == 3
    assert len(load_conll(path, limit=2)) == 2


def test_other_letters_are_read_as_iobes(tmp_path: Path) -> None:
    file = load_conll(written(tmp_path / "f", "a B-X\nb M-X\nc L-X\nd U-Y\ne W-Y\n"))
    assert file.sentences[0].tags == ("B-X", "I-X", "E-X", "S-Y", "S-Y")
    assert (file.scheme, file.breaks) == ("IOBES", 0)


def test_broken_tags_are_counted(tmp_path: Path) -> None:
    text = "a B-X\nb I-X\n\n" * 5 + "c O\nd I-X\n"
    file = load_conll(written(tmp_path / "f", text))
    assert (file.scheme, file.breaks) == ("IOB2", 1)
    assert "1 tags break the rules of IOB2" in file.warnings()[0]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    first = load_conll(written(tmp_path / "eng", CONLL_2003))
    write_conll(tmp_path / "again", first.sentences)
    again = load_conll(tmp_path / "again")
    assert (tmp_path / "again").read_text() == CONLL_2003 + "\n"
    assert again.sentences == first.sentences
    # with predictions: the last two columns are right and predicted, no line but words
    write_conll(tmp_path / "scored", first.sentences, [["O"] * len(s) for s in first.sentences])
    lines = (tmp_path / "scored").read_text().split("\n")
    assert lines[0] == "EU NNP I-NP I-ORG I-ORG O"
    assert [len(line.split()) for line in lines] == [6] * 4 + [0] + [6] * 2 + [0] + [6] * 2 + [0, 0]


def test_predictions_that_do_not_fit(tmp_path: Path) -> None:
    sentence = TaggedSentence(("a", "b"), ("O", "O"))
    for sentences, predicted in [
        ([sentence], []),
        ([sentence], [["O", "O"], ["O"]]),
        ([sentence], [["O"]]),
    ]:
        with pytest.raises(ShapeError):
            write_conll(tmp_path / "f", sentences, predicted)
    with pytest.raises(DataError, match="no tags"):
        write_conll(tmp_path / "f", [TaggedSentence(("a",))])
    assert not (tmp_path / "f").exists()


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "sentences", "tokens", "entities", "documents"),
    [("eng.train", 14041, 203621, 23499, 946), ("eng.testa", 3250, 51362, 5942, 216)],
)
def test_conll_2003(
    data_dir: Path, name: str, sentences: int, tokens: int, entities: int, documents: int
) -> None:
    file = load_conll(data_dir / "conll2003" / name)
    assert (len(file), file.tokens, file.documents) == (sentences, tokens, documents)
    assert sum(len(tag_spans(s.tags or ())) for s in file.sentences) == entities
    assert (file.scheme, file.breaks, file.dropped) == ("IOB1", 0, {})
