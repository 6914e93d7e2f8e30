"""A text as characters and as windows."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from pmt_core import DataError, RandomStream, SettingsError
from pmt_text import NO_LABEL, CharacterTokenizer, ConsecutiveChunks, RandomChunks, load_text


def test_characters_there_and_back() -> None:
    text = "Straße 𝔘nd\nλόγος\t!"
    codec = CharacterTokenizer(text * 2)
    ids = codec.encode(text)
    assert codec.decode(ids) == text
    assert len(ids) == len(text)
    assert sorted(set(ids.tolist())) == list(range(len(codec)))
    assert [codec.characters[i] for i in ids] == codec.tokens(ids) == list(text)
    assert CharacterTokenizer.from_json(codec.to_json()).characters == codec.characters
    assert codec.encode("").shape == (0,)


def test_characters_that_are_not_known() -> None:
    codec = CharacterTokenizer("bdf")
    for strange in "aceg":
        with pytest.raises(DataError, match=repr(strange)):
            codec.encode(f"b{strange}d")
    for wrong in ([3], [-1]):
        with pytest.raises(DataError, match=r"0 \.\.\. 2"):
            codec.decode(wrong)
    with pytest.raises(DataError, match="empty"):
        CharacterTokenizer("")
    for content in ({}, [], {"kind": "characters"}, {"kind": "characters", "characters": [1]}):
        with pytest.raises(DataError):
            CharacterTokenizer.from_json(content)


@pytest.mark.parametrize("n", [2, 3, 12, 13, 14, 100])
def test_consecutive_windows_ask_for_each_token_once(n: int) -> None:
    ids = np.arange(n) + 7
    found = list(ConsecutiveChunks(ids, 4, 3))
    assert len(found) == len(ConsecutiveChunks(ids, 4, 3))
    read = np.concatenate([b.ids.reshape(-1) for b in found])
    labels = np.concatenate([b.labels.reshape(-1) for b in found])
    counts = labels != NO_LABEL
    np.testing.assert_array_equal(labels[counts], ids[1:])
    np.testing.assert_array_equal(read[counts], ids[:-1])
    assert all(len(b) <= 3 and b.ids.shape[1] == 4 for b in found)


def test_random_windows_are_pieces_of_the_text_from_everywhere() -> None:
    ids = np.arange(30)
    windows = RandomChunks(ids, 5, 8, 50, RandomStream(1))
    batches = list(windows.epoch(0))
    assert len(batches) == len(windows) == 50
    starts = np.concatenate([b.ids[:, 0] for b in batches])
    for batch in batches:
        np.testing.assert_array_equal(batch.labels, batch.ids + 1)
        np.testing.assert_array_equal(batch.ids, batch.ids[:, :1] + np.arange(5))
    assert set(starts.tolist()) == set(range(25))  # the last one ends with the text
    again = list(windows.epoch(0))
    other = list(windows.epoch(1))
    assert all((a.ids == b.ids).all() for a, b in zip(batches, again, strict=True))
    assert any((a.ids != b.ids).any() for a, b in zip(batches, other, strict=True))


def test_shards_are_the_batch() -> None:
    (batch, *_) = RandomChunks(np.arange(30), 5, 7, 1, RandomStream(1))
    for n in (1, 2, 3, 9):
        shards = [batch.shard(i, n) for i in range(n)]
        np.testing.assert_array_equal(np.concatenate([s.ids for s in shards]), batch.ids)
        np.testing.assert_array_equal(np.concatenate([s.labels for s in shards]), batch.labels)


def test_what_cannot_be_cut_into_windows() -> None:
    with pytest.raises(DataError, match="more text"):
        RandomChunks(np.arange(5), 5, 1, 1, RandomStream(1))
    with pytest.raises(DataError, match="nothing to guess"):
        ConsecutiveChunks(np.arange(1), 5, 1)
    with pytest.raises(SettingsError):
        RandomChunks(np.arange(9), 5, 0, 1, RandomStream(1))
    with pytest.raises(SettingsError):
        ConsecutiveChunks(np.arange(9), 0, 1)


def test_a_text_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("Erste Zeile\r\n\nñ\n".encode())
    found = load_text(path)
    assert found.text == "Erste Zeile\n\nñ\n"
    assert (found.lines, found.warning) == (3, "")
    zipped = tmp_path / "b.txt.gz"
    zipped.write_bytes(gzip.compress(b"one\ntwo"))
    assert load_text(zipped).text == "one\ntwo\n"
    path.write_bytes(b"good\nbad \xff\nfine\n")
    found = load_text(path)
    assert found.text == "good\nfine\n"
    assert f"{path}:2" in found.warning
    path.write_bytes(b"\n \n")
    with pytest.raises(DataError, match="blank lines"):
        load_text(path)
    path.write_bytes(b"\n\xe4 b\n\xe4 c\n")
    with pytest.raises(DataError, match=r"a\.txt:2: .* text in UTF-8: .* its encoding"):
        load_text(path)


def test_a_text_may_be_one_line_of_any_length(tmp_path: Path) -> None:
    path = tmp_path / "text8"
    path.write_bytes(b"word " * 500_000)
    found = load_text(path)
    assert len(found.text) == 2_500_001
    assert (found.lines, found.warning) == (1, "")


@pytest.mark.data
def test_tiny_shakespeare(data_dir: Path) -> None:
    path = data_dir / "shakespeare" / "input.txt"
    if not path.is_file():
        pytest.skip(f"no {path}")
    found = load_text(path)
    assert len(found.text) == len(found.text.encode()) == 1_115_394
    assert found.warning == ""
    codec = CharacterTokenizer(found.text)
    assert len(codec) == 65
    assert codec.decode(codec.encode(found.text)) == found.text
