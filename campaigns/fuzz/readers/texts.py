"""Files of text: corpora, pairs, tagged sentences, vocabularies, histories."""

from __future__ import annotations

import functools
import gzip
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from campaigns.fuzz.mutations.compression import gzip_bomb
from campaigns.fuzz.mutations.files import Files
from campaigns.fuzz.readers.reader import Reader
from pmt_apps.kit.files import check_input_file, file_fingerprint
from pmt_apps.kit.run import Run
from pmt_apps.ner.pretraining import read_corpus
from pmt_apps.ner.settings import Settings as NerSettings
from pmt_text import (
    SentenceEncoder,
    TextCorpus,
    WordPiece,
    convert_tags,
    count_words,
    load_analogies,
    load_conll,
    load_parallel,
    load_qqp,
    load_text,
    load_word_pairs,
)
from pmt_train import History

_LINES = "The cat sat on the mat.\nEine größere Katze saß 3.5 Tage lang.\n\n  the end \n" * 6
_PACK: Sequence[Callable[[bytes], bytes]] = (bytes, lambda data: gzip.compress(data, mtime=0))


def texts(*contents: str, name: str = "a.txt", packed: bool = True) -> Iterator[Files]:
    """Yield each text as a file, plain and as gzip."""
    for content in contents:
        for pack in _PACK if packed else _PACK[:1]:
            yield {name: pack(content.encode())}


# --- question pairs ------------------------------------------------------------------------------

_QUESTIONS = [
    ("How do I swim?", "What is the way to swim?", 1),
    ('Who said "no"?', "Was hei\u00dft das?", 0),
    ("Is 1,000 more than 10?", "Is it, or not?", 0),
] * 3


def _public(separator: str, *, quoted: bool = False, header: bool = True) -> str:
    rows = [["id", "qid1", "qid2", "question1", "question2", "is_duplicate"]] if header else []
    for i, (first, second, label) in enumerate(_QUESTIONS):
        rows.append([str(i), str(2 * i), str(2 * i + 1), first, second, str(label)])
    if quoted:
        rows = [['"' + cell.replace('"', '""') + '"' for cell in row] for row in rows]
    return "\n".join(separator.join(row) for row in rows) + "\n"


def qqp_samples() -> Iterator[Files]:
    """Yield question pairs in every format."""
    yield from labeled_qqp_samples()
    tests, tests_csv = ["id\tquestion1\tquestion2"], ["test_id,question1,question2"]
    for i, (first, second, _) in enumerate(_QUESTIONS):
        tests.append(f"{i}\t{first}\t{second}")
        tests_csv.append(f'{i},"{second}","a"')
    yield from texts("\n".join(tests), "\n".join(tests_csv))


def labeled_qqp_samples() -> Iterator[Files]:
    """Yield question pairs with labels in every format that has some."""
    plain = [f"{label}\t{a}\t{b}\t{i}" for i, (a, b, label) in enumerate(_QUESTIONS)]
    yield from texts(
        _public("\t"),
        _public("\t", quoted=True),
        _public("\t", header=False),
        _public(",", quoted=True),
        "\n".join(plain),
    )


def _read_qqp(folder: Path) -> None:
    file = load_qqp(folder / "a.txt")
    file.warnings()
    load_qqp(folder / "a.txt", limit=2)


# --- tagged sentences ----------------------------------------------------------------------------

_CONLL = (
    "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\nGerman JJ B-NP B-MISC\n"
    "call NN I-NP O\n. . O O\n\nPeter NNP B-NP B-PER\nBlackburn NNP I-NP I-PER\n\n"
)
_IOB1 = "Ann I-PER\nLee I-PER\nmet O\nBob I-PER\nin O\nRome I-LOC\n\n" * 2
_IOBES = "Ann\tB-PER\nLee\tE-PER\nmet\tO\nBob\tS-PER\n\nin\tO\nRome\tS-LOC\n" * 2
_CONLLU = (
    "# sent_id = 1\n# text = Sie geht zum Arzt\n1\tSie\tsie\tPRON\t_\t_\t2\tnsubj\t_\tO\n"
    "2\tgeht\tgehen\tVERB\t_\t_\t0\troot\t_\tO\n3-4\tzum\t_\t_\t_\t_\t_\t_\t_\t_\n"
    "3\tzu\tzu\tADP\t_\t_\t5\tcase\t_\tO\n4\tdem\tder\tDET\t_\t_\t5\tdet\t_\tO\n"
    "5\tArzt\tArzt\tNOUN\t_\t_\t2\tobl\t_\tB-PER\n\n"
)


def conll_samples() -> Iterator[Files]:
    """Yield tagged sentences in the usual columns and schemes."""
    yield from texts(_CONLL, _IOB1, _IOBES, _CONLLU)


def _read_conll(folder: Path) -> None:
    path = folder / "a.txt"
    file = load_conll(path)
    file.warnings()
    if all(sentence.tags for sentence in file.sentences):
        for sentence in file.sentences:
            convert_tags(sentence.tags or (), "IOBES")
        encoder = SentenceEncoder.learn(file.sentences)
        encoder.encode(file.sentences)
    load_conll(path, encoding="latin-1", limit=3)


# --- the others ----------------------------------------------------------------------------------


def corpus_samples() -> Iterator[Files]:
    """Yield plain text."""
    yield from texts(_LINES, "anarchism originated as a term of abuse " * 50)


def _read_corpus(folder: Path) -> None:
    path = folder / "a.txt"
    for sentences in ("chunks", "lines"):
        corpus = TextCorpus(path, sentences=sentences, sentence_words=3)
        for words in corpus.word_lists():
            len(words)
    count_words(TextCorpus(path), min_count=2, max_words=100)


def _read_plain_corpus(folder: Path) -> None:
    settings = NerSettings(lm_corpus=folder / "a.txt", out=folder / "run")
    read_corpus(settings, Run(settings, "ner", "ner"))


def _fingerprint(folder: Path) -> None:
    check_input_file(folder / "a.txt", "text")
    file_fingerprint(folder / "a.txt")


def parallel_samples() -> Iterator[Files]:
    """Yield two files of translations."""
    lines = [f"line {i} is here ." for i in range(20)]
    source, target = "\n".join(lines).encode(), "\n".join(reversed(lines)).encode() + b"\n"
    for pack in _PACK:
        yield {"a.en": pack(source), "a.de": pack(target)}


def _read_parallel(folder: Path) -> None:
    corpus = load_parallel(folder / "a.en", folder / "a.de")
    corpus.warnings()


def _analogy_samples() -> Iterator[Files]:
    yield from texts(": capitals\nathens greece rome italy\n\n: family\nboy girl he she\n" * 3)


def _word_pair_samples() -> Iterator[Files]:
    yield from texts(
        "Word 1\tWord 2\tHuman\ntiger\tcat\t7.35\nbook\tpaper\t7.46\n",
        "# ratings\ntiger,cat,7.35\n\nbook,paper,1e0\n",
        "tiger cat 7\nbook paper -0.5\n",
    )


def _word_piece_samples() -> Iterator[Files]:
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat", "##s", "##ing", ".", "ß"]
    yield from texts("\n".join(tokens) + "\n", "\r\n".join(tokens))


def _read_word_piece(folder: Path) -> None:
    pieces = WordPiece.load(folder / "a.txt")
    ids, _ = pieces.encode_with_specials("The cats' größe 中", "sing.", max_length=12)
    pieces.decode(ids)


def _history_samples() -> Iterator[Files]:
    rows = (
        "epoch,step,seconds,lr,train_loss,dev_accuracy\n1,10,0.5,0.001,0.25,0.5\n2,20,1,1e-4,nan,\n"
    )
    yield from texts(rows, "epoch\n1\n", packed=False, name="history.csv")


def _read_history(folder: Path) -> None:
    history = History.load(folder / "history.csv")
    for name in history.columns:
        np.asarray(history.column(name))


_LONG_LINE, _MANY_LINES = 1_000_000, 300_000  # bytes: a longer line is refused unread


@functools.cache
def _hostile_parts() -> tuple[bytes, ...]:
    """Return packed lines without end; long lines of fields and quotes; many short lines."""
    bombs = [gzip_bomb(b"", part) for part in (b"\n", b"a\tb\n", b"0 ", b"x")]
    fields = [(part * _LONG_LINE)[:_LONG_LINE] for part in (b"a\t", b"a ", b"0,", b'"')]
    lines = (b'"a\n', b"\t\n", b": a\n", b"a O\n", b"1 a B-X\n", b"##a\n")
    return (*bombs, *fields, *((part * _MANY_LINES)[:_MANY_LINES] for part in lines))


def hostile_texts(*names: str) -> Callable[[], Iterable[Files]]:
    """Return the maker of hostile files of these names."""
    return lambda: [dict.fromkeys(names, part) for part in _hostile_parts()]


_TEXT = hostile_texts("a.txt")

TEXT_READERS: Sequence[Reader] = (
    Reader(
        "text",
        lambda folder: load_text(folder / "a.txt"),
        corpus_samples,
        ["pmt_text.load_text"],
        _TEXT,
    ),
    Reader(
        "corpus",
        _read_corpus,
        corpus_samples,
        ["pmt_text.TextCorpus", "pmt_text.count_words"],
        _TEXT,
    ),
    Reader(
        "plain-corpus",
        _read_plain_corpus,
        corpus_samples,
        ["pmt_apps.ner.pretraining.read_corpus"],
        _TEXT,
    ),
    Reader(
        "fingerprint",
        _fingerprint,
        corpus_samples,
        ["pmt_apps.kit.files.check_input_file", "pmt_apps.kit.files.file_fingerprint"],
        _TEXT,
    ),
    Reader(
        "parallel",
        _read_parallel,
        parallel_samples,
        ["pmt_text.load_parallel"],
        hostile_texts("a.en", "a.de"),
    ),
    Reader("qqp", _read_qqp, qqp_samples, ["pmt_text.load_qqp"], _TEXT),
    Reader("conll", _read_conll, conll_samples, ["pmt_text.load_conll"], _TEXT),
    Reader(
        "analogies",
        lambda folder: load_analogies(folder / "a.txt"),
        _analogy_samples,
        ["pmt_text.load_analogies"],
        _TEXT,
    ),
    Reader(
        "word-pairs",
        lambda folder: load_word_pairs(folder / "a.txt"),
        _word_pair_samples,
        ["pmt_text.load_word_pairs"],
        _TEXT,
    ),
    Reader("wordpiece", _read_word_piece, _word_piece_samples, ["pmt_text.WordPiece.load"], _TEXT),
    Reader(
        "history",
        _read_history,
        _history_samples,
        ["pmt_train.History.load"],
        hostile_texts("history.csv"),
    ),
)
