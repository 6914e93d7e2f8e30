"""Fixtures that write archives byte by byte, and load those that must be refused."""

import json
import tracemalloc
import zipfile

import pytest

from pmt_core import ArchiveError, load_archive

MEGABYTE = 1 << 20


@pytest.fixture
def refused():
    """Load an archive, which must fail with bounded memory; return the text of the error."""

    def load(path, *texts):
        size = path.stat().st_size
        tracemalloc.start()
        try:
            with pytest.raises(ArchiveError) as caught:
                load_archive(path)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 8 * MEGABYTE + 4 * size, f"{peak} bytes of memory for a file of {size}"
        text = str(caught.value)
        assert path.name in text
        for part in texts:
            assert part in text, text
        return text

    return load


@pytest.fixture
def npz(tmp_path):
    """Write members as they are given: npz(("a.npy", bytes), ..., compression=...)."""

    def write(*members, compression=zipfile.ZIP_STORED):
        path = tmp_path / "a.npz"
        with zipfile.ZipFile(path, "w", compression) as file:
            for name, data in members:
                info = zipfile.ZipInfo("x")
                info.filename = name  # the constructor would cut or mend it
                info.compress_type = compression
                file.writestr(info, data)
        return path

    return write


@pytest.fixture
def safetensors(tmp_path):
    def write(header, data=b"", length=None):
        path = tmp_path / "a.safetensors"
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        length = len(text) if length is None else length
        path.write_bytes(length.to_bytes(8, "little") + text + data)
        return path

    return write
