"""Two files, line by line each other's translation."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import pytest

from pmt_core import DataError, FileProblem, RandomStream
from pmt_text import BytePairEncoding, EncodedTranslations, TokenBatches, load_parallel


def written(folder: Path, source: bytes, target: bytes) -> tuple[Path, Path]:
    paths = folder / "text.en", folder / "text.de"
    for path, content in zip(paths, (source, target), strict=True):
        path.write_bytes(content)
    return paths


def test_plain_and_gzip_crlf_and_byte_order_mark(tmp_path: Path) -> None:
    source, target = written(
        tmp_path, b"\xef\xbb\xbfA dog.\r\n two  cats \r\n", gzip.compress(b"Ein Hund.\nzwei\n")
    )
    corpus = load_parallel(source, target)
    assert corpus.sources == ["A dog.", "two  cats"]
    assert corpus.targets == ["Ein Hund.", "zwei"]
    assert (len(corpus), corpus.lines, corpus.warnings()) == (2, 2, [])


def test_differing_lengths_name_both_counts(tmp_path: Path) -> None:
    paths = written(tmp_path, b"a\n" * 1204, b"b\n" * 1203)
    with pytest.raises(DataError, match=r"text\.en has 1,204 lines and .*text\.de has 1,203"):
        load_parallel(*paths)


def test_cr_line_ends_are_named(tmp_path: Path) -> None:
    crs = b"one two\rthree four\rfive six\r"
    for source, target in [(crs, b"eins\rzwei\r"), (crs, b"a\nb\nc\n"), (b"a\nb\nc\n", crs)]:
        with pytest.raises(DataError, match=r"text\.(en|de) has CR line ends"):
            load_parallel(*written(tmp_path, source, target))


@pytest.mark.parametrize("counts", [(3, 5), (5, 3), (0, 4), (4, 0)])
def test_the_longer_file_is_counted_to_its_end(tmp_path: Path, counts: tuple[int, int]) -> None:
    paths = written(tmp_path, *(b"x\n" * (200_000 + count) for count in counts))
    first, second = (f"{200_000 + count:,}" for count in counts)
    with pytest.raises(DataError, match=rf"has {first} lines and .* has {second}:"):
        load_parallel(*paths)


def test_blank_lines_take_no_memory(tmp_path: Path) -> None:
    blank = b"\n" * 100_000
    paths = written(tmp_path, b"a\n" + blank, gzip.compress(b"b\n" + blank))
    tracemalloc.start()
    corpus = load_parallel(*paths)
    with pytest.raises(DataError, match="none of 100,000 pairs left"):
        load_parallel(*written(tmp_path, blank, blank))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (corpus.sources, corpus.targets, corpus.lines) == (["a"], ["b"], 100_001)
    assert "100000 pairs dropped, on lines 2, 3, 4" in corpus.warnings()[0]
    assert peak < 12e6


def test_pairs_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    paths = written(tmp_path, b"a\n\nc\n\xff\ne\n \t\n", b"A\nB\n\nD\nE\n\n")
    corpus = load_parallel(*paths)
    assert (corpus.sources, corpus.targets) == (["a", "e"], ["A", "E"])
    assert corpus.warnings() == [
        f"{paths[0]}:2: empty line; 2 pairs dropped, on lines 2, 6",
        f"{paths[1]}:3: empty line; pair dropped",
        f"{paths[0]}:4: not text in UTF-8, or longer than a megabyte; pair dropped",
    ]


def test_a_line_separator_inside_a_sentence_ends_no_line(tmp_path: Path) -> None:
    paths = written(tmp_path, "a\u2028b\x0bc\x85d\n".encode(), b"x\n")
    assert load_parallel(*paths).sources == ["a\u2028b\x0bc\x85d"]


def test_nothing_left_and_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none of 2 pairs left.*empty line"):
        load_parallel(*written(tmp_path, b"a\n\n", b"\nb\n"))
    with pytest.raises(DataError, match="empty"):
        load_parallel(*written(tmp_path, b"", b"b\n"))
    with pytest.raises(FileProblem, match=r"none\.txt"):
        load_parallel(tmp_path / "none.txt", tmp_path / "text.de")


@pytest.mark.data
def test_real_sentences_are_all_kept_and_fill_their_batches(data_dir: Path) -> None:
    folder = data_dir / "multi30k"
    if not folder.is_dir():
        pytest.skip(f"{folder} does not exist")
    corpus = load_parallel(folder / "val.en.gz", folder / "val.de.gz")
    assert (len(corpus), corpus.lines, corpus.warnings()) == (1014, 1014, [])
    assert corpus.sources[1] == "A man sleeping in a green room on a couch."
    assert corpus.targets[1] == "Ein Mann schläft in einem grünen Raum auf einem Sofa."
    encoding = BytePairEncoding.train(corpus.sources + corpus.targets, 500)
    data = EncodedTranslations.of(
        map(encoding.encode, corpus.sources), map(encoding.encode, corpus.targets)
    )
    batches = TokenBatches(data.lengths, 1024, data.batch, RandomStream(1))
    real = padded = 0
    for batch in batches:
        real += int(batch.source_mask.sum() + batch.target_mask.sum())
        padded += batch.source.size + batch.target.size
        for i, row in zip(batch.index, batch.source, strict=True):
            assert encoding.decode(row) == corpus.sources[i]
    assert real / padded > 0.85
