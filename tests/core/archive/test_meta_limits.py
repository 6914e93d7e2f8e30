"""Metadata that takes gigabytes or hours to decode is refused, in archives of both formats."""

import json
import time
import tracemalloc
import zipfile

import pytest

from pmt_core import ArchiveError, load_archive

MEGABYTE = 1 << 20


def npz(path, meta):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__meta__.json", meta)


def safetensors(path, meta):
    header = json.dumps({"__metadata__": {"pmt_meta": meta.decode()}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header)


def safetensors_of_headers(path, meta):
    path.write_bytes(len(meta).to_bytes(8, "little") + meta)


WRITERS = pytest.mark.parametrize(
    ("write", "name"),
    [(npz, "a.npz"), (safetensors, "a.safetensors"), (safetensors_of_headers, "b.safetensors")],
)


@pytest.fixture
def cost(tmp_path):
    """Return the peak of memory and the processor time of a refused file."""

    def refuse(write, name, meta):
        write(tmp_path / name, meta)
        tracemalloc.start()
        started = time.process_time()
        try:
            with pytest.raises(ArchiveError, match=name):
                load_archive(tmp_path / name)
            return tracemalloc.get_traced_memory()[1], time.process_time() - started
        finally:
            tracemalloc.stop()

    return refuse


@WRITERS
@pytest.mark.parametrize("value", [b"[],", b"{},", b"0,"])
def test_few_bytes_that_decode_to_gigabytes(cost, tmp_path, write, name, value):
    meta = b'{"a": [' + value * (5 * MEGABYTE) + b"0]}"
    memory, _ = cost(write, name, meta)
    assert memory < 150 * MEGABYTE
    if write is npz:
        assert (tmp_path / name).stat().st_size < 61_000


@WRITERS
def test_two_equal_keys_among_many(cost, write, name):
    keys = ", ".join(f'"{i}": {i}' for i in range(60_000))
    assert cost(write, name, f'{{{keys}, "7": 0}}'.encode())[1] < 10


def test_a_meta_that_is_large_with_the_file_is_read(tmp_path):
    meta = {"words": [f"word{i}" for i in range(300_000)]}
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__meta__.json", json.dumps(meta))
    assert load_archive(tmp_path / "a.npz")[1] == meta
