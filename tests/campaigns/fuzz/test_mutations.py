"""Inputs: a function of the seed, damaged in what their format means, bombs included."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import zipfile
import zlib

import numpy as np
import pytest

from campaigns.fuzz.mutations.archives import mutate_npz, mutate_png, mutate_safetensors
from campaigns.fuzz.mutations.compression import bomb, gzip_bomb
from campaigns.fuzz.mutations.json_values import mutate_json
from campaigns.fuzz.mutations.random_bytes import MOST, mutate_bytes
from campaigns.fuzz.mutations.text import mutate_text
from campaigns.fuzz.readers.arrays import archive_bytes
from campaigns.fuzz.readers.images import png_bytes
from campaigns.fuzz.readers.reader import Reader, all_samples, input_files
from campaigns.fuzz.readers.registry import READERS

ARRAYS = {"a": np.arange(6.0).reshape(2, 3), "b.c": np.ones(4, np.float32)}
META = {"words": ["a", "b"], "size": 3}


def streams(count: int = 150) -> list[np.random.Generator]:
    return [np.random.default_rng(i) for i in range(count)]


@pytest.mark.parametrize("reader", READERS.values(), ids=lambda reader: reader.name)
def test_inputs_repeat_and_differ(reader: Reader) -> None:
    first = len(all_samples(reader)[0]) + len(all_samples(reader)[1])
    numbers = range(first, first + 12)
    inputs = [input_files(reader, 3, number) for number in numbers]
    assert inputs == [input_files(reader, 3, number) for number in numbers]
    others = [input_files(reader, 4, number) for number in numbers]
    assert sum(a != b for a, b in zip(inputs, others, strict=True)) >= 10
    assert all(len(data) <= 2 * MOST for files in inputs for data in files.values())


@pytest.mark.parametrize("mutate", [mutate_bytes, mutate_text])
def test_most_damage_changes_the_data(mutate) -> None:
    data = b"the cat 12\nsat on\t3.5\n" * 5
    changed = [mutate(data, rng) for rng in streams()]
    assert sum(other != data for other in changed) > 140
    assert len(set(changed)) > 130
    mutate(b"", np.random.default_rng(0))


def test_damaged_json_mostly_is_json_of_other_types() -> None:
    valid = 0
    for rng in streams():
        try:
            valid += json.loads(mutate_json(json.dumps(META).encode(), rng)) != META
        except ValueError:
            continue
    assert valid > 110


def test_damaged_archives_have_right_checksums() -> None:
    data = archive_bytes(".npz", ARRAYS, META)
    whole = 0
    for rng in streams():
        with contextlib.suppress(Exception):  # zipfile documents no complete list
            whole += zipfile.ZipFile(io.BytesIO(mutate_npz(data, rng))).testzip() is None
    assert whole > 110


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_an_archive_is_damaged_again(method: int) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("a.npy", bytes(3000))
    data = buffer.getvalue()
    middle = data.index(b"a.npy") + 12
    damaged = data[:middle] + bytes(5) + data[middle + 5 :]
    assert all(mutate_npz(damaged, rng) for rng in streams(5))


def test_an_archive_that_expands_without_end_is_not_expanded() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", bytes(65 * MOST))
    assert all(len(mutate_npz(buffer.getvalue(), rng)) <= MOST for rng in streams(5))


def test_damaged_safetensors_have_the_length_of_their_header() -> None:
    data = archive_bytes(".safetensors", ARRAYS, META)
    whole = 0
    for rng in streams():
        damaged = mutate_safetensors(data, rng)
        length = int.from_bytes(damaged[:8], "little")
        whole += damaged[8 : 8 + length].lstrip().startswith(b"{")
    assert whole > 100


def test_damaged_images_have_right_checksums() -> None:
    data = png_bytes(28, 28, bytes(29 * 28))
    whole = 0
    for rng in streams():
        damaged = mutate_png(data, rng)
        length = int.from_bytes(damaged[8:12], "big")
        end = 16 + length
        whole += zlib.crc32(damaged[12:end]) == int.from_bytes(damaged[end : end + 4], "big")
    assert whole > 110


def test_bombs_are_small_and_expand() -> None:
    assert len(gzip_bomb(b"", b"\n")) < 20_000
    assert gzip.decompress(gzip_bomb(b"start", b"ab\n")).startswith(b"startab\nab\n")
    assert len(gzip.decompress(gzip_bomb(b"", b"x"))) > 190 << 20
    for rng in streams(8):
        assert len(bomb(b"the cat\n" * 20, rng)) < 1 << 20
