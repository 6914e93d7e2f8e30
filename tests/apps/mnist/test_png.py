"""PNG images: every type of pixel is read; the size is checked before a pixel is decoded."""

from __future__ import annotations

import resource
import struct
import sys
import zlib
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from pmt_apps.mnist.images import load_gray_image
from pmt_core import DataError

PIXELS = np.arange(784, dtype=np.uint32).reshape(28, 28) % 256
GRAY, RGB, PALETTE, GRAY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
Chunk = tuple[bytes, bytes]


def header(width: int, height: int, depth: int = 8, color: int = GRAY, lace: int = 0) -> Chunk:
    return b"IHDR", struct.pack(">2I5B", width, height, depth, color, 0, 0, lace)


def rows(pixels: object, dtype: str = "u1") -> Chunk:
    """Return the pixels of an image without filters."""
    lines = np.asarray(pixels).astype(dtype).reshape(len(np.asarray(pixels)), -1)
    return b"IDAT", zlib.compress(b"".join(b"\0" + line.tobytes() for line in lines))


def png(*chunks: Chunk) -> bytes:
    parts = [b"\x89PNG\r\n\x1a\n"]
    for kind, content in (*chunks, (b"IEND", b"")):
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        parts += [struct.pack(">I", len(content)), kind, content, checksum]
    return b"".join(parts)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "digit.png"


@pytest.mark.parametrize(
    "chunks",
    [
        (header(28, 28), rows(PIXELS)),
        (header(28, 28, 16), rows(PIXELS * 257, ">u2")),
        (header(28, 28, 8, RGB), rows(np.stack([PIXELS] * 3, 2))),
        (header(28, 28, 8, GRAY_ALPHA), rows(np.stack([PIXELS, PIXELS * 0 + 255], 2))),
        (header(28, 28, 8, RGB_ALPHA), rows(np.stack([*[PIXELS] * 3, PIXELS * 0 + 255], 2))),
        (
            header(28, 28, 8, PALETTE),
            (b"PLTE", bytes(value for value in range(256) for _ in "rgb")),
            rows(PIXELS),
        ),
        # an animation: the pictures after the first are left out
        (
            header(28, 28),
            (b"acTL", struct.pack(">2I", 2, 0)),
            (b"fcTL", struct.pack(">5I2H2B", 0, 28, 28, 0, 0, 1, 10, 0, 0)),
            rows(PIXELS),
            (b"fcTL", struct.pack(">5I2H2B", 1, 28, 28, 0, 0, 1, 10, 0, 0)),
            (b"fdAT", struct.pack(">I", 2) + rows(PIXELS * 0)[1]),
        ),
    ],
    ids=["gray", "16 bits", "RGB", "gray and alpha", "RGBA", "palette", "animation"],
)
def test_every_type_of_pixel_is_read(path: Path, chunks: tuple[Chunk, ...]) -> None:
    path.write_bytes(png(*chunks))
    np.testing.assert_array_equal(load_gray_image(path), PIXELS)


def test_an_interlaced_image_is_read(path: Path) -> None:
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2)]
    passes.append((1, 0, 2, 1))
    lines = [line for top, left, down, right in passes for line in PIXELS[top::down, left::right]]
    data = b"".join(b"\0" + line.astype("u1").tobytes() for line in lines)
    path.write_bytes(png(header(28, 28, lace=1), (b"IDAT", zlib.compress(data))))
    np.testing.assert_array_equal(load_gray_image(path), PIXELS)


def zeros(count: int) -> bytes:
    """Return `count` zeros, compressed a megabyte at a time."""
    packer = zlib.compressobj(9)
    parts = [packer.compress(bytes(1 << 20)) for _ in range(count >> 20)]
    return b"".join([*parts, packer.flush()])


@pytest.mark.parametrize(
    "chunks",
    [
        (header(27, 8_388_636), (b"IDAT", zlib.compress(b""))),
        (header(13_300, 13_300, 8, RGB_ALPHA), (b"IDAT", zeros(64 << 20))),
        (header(2**31 - 1, 2**31 - 1, 16, RGB_ALPHA), (b"IDAT", b"")),
        (header(28, 28), header(13_300, 13_300, 8, RGB_ALPHA), (b"IDAT", zeros(64 << 20))),
        (header(28, 28), (b"tEXt", b"a"), header(28, 50_000_000), rows(PIXELS)),
        (header(0, 0), rows(PIXELS)),
        (header(28, 29), rows(np.zeros((29, 28)))),
    ],
)
def test_another_size_is_refused_undecoded(path: Path, chunks: tuple[Chunk, ...]) -> None:
    path.write_bytes(png(*chunks))
    before = peak()
    with pytest.raises(DataError, match="expected 28 x 28 pixels, got"):
        load_gray_image(path)
    assert peak() - before < 20e6


def peak() -> float:
    assert matplotlib.image, "the import takes memory, too, so it is done before"
    factor = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * factor


def test_more_pixels_than_the_header_says_are_left_out(path: Path) -> None:
    lines = b"".join(b"\0" + line.astype("u1").tobytes() for line in PIXELS)
    path.write_bytes(png(header(28, 28), (b"IDAT", zlib.compress(lines + bytes(200 << 20)))))
    before = peak()
    np.testing.assert_array_equal(load_gray_image(path), PIXELS)
    assert peak() - before < 20e6


@pytest.mark.parametrize("cut", [0, 4, 8, 20, 30, 40, 60, -60])
def test_half_an_image_is_refused(path: Path, cut: int) -> None:
    path.write_bytes(png(header(28, 28), rows(PIXELS))[:cut])
    with pytest.raises(DataError, match="digit.png"):
        load_gray_image(path)


def test_damaged_chunks_and_large_files_are_refused(path: Path) -> None:
    whole = png(header(28, 28), rows(PIXELS))
    for data in (whole.replace(b"IDAT", b"XDAT"), whole[:45] + bytes(300), whole + bytes(1 << 20)):
        path.write_bytes(data)
        with pytest.raises(DataError, match="digit.png"):
            load_gray_image(path)
