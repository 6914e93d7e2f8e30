"""Images and labels: idx files, archives of digits, PNG and `.npy` images, lines of pixels."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaigns.fuzz.mutations.files import Files
from campaigns.fuzz.readers.arrays import archive_bytes, npy_bytes
from campaigns.fuzz.readers.reader import Reader
from pmt_apps.mnist.images import load_gray_image
from pmt_apps.mnist.load_mnist import load_idx, load_mnist
from pmt_apps.mnist.predictor import read_image


def _idx(array: NDArray[Any], code: int) -> bytes:
    header = struct.pack(">HBB", 0, code, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


def _idx_samples() -> Iterator[Files]:
    images = np.arange(2 * 28 * 28, dtype=np.uint32).reshape(2, 28, 28) % 256
    for array, code in (
        (images.astype("u1"), 8),
        (np.arange(5, dtype="i1"), 9),
        (np.arange(6, dtype=">i2").reshape(2, 3), 11),
        (np.linspace(0, 1, 4).astype(">f4"), 13),
        (np.array(3.5, ">f8"), 14),
    ):
        yield {"a.idx": _idx(array, code)}
        yield {"a.idx": gzip.compress(_idx(array, code), mtime=0)}


def _idx_hostile() -> Iterator[Files]:
    yield {"a.idx": bytes.fromhex("00000d03ffffffff8000000000000000")}
    yield {"a.idx": bytes.fromhex("00000804") + b"\xff" * 16 + bytes(100)}


def _digits(n: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    rng = np.random.default_rng(n)
    return rng.integers(0, 256, (n, 28, 28), np.uint8), rng.integers(0, 10, n, np.uint8)


def mnist_samples() -> Iterator[Files]:
    """Yield digits and labels as an archive."""
    (x_train, y_train), (x_test, y_test) = _digits(4), _digits(2)
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    yield {"a.npz": archive_bytes(".npz", arrays)}


def _mnist_folder() -> Iterator[Files]:
    parts = {"train": _digits(4), "t10k": _digits(2)}
    files = {}
    for name, (images, labels) in parts.items():
        files[f"{name}-images-idx3-ubyte"] = _idx(images, 8)
        files[f"{name}-labels-idx1-ubyte"] = _idx(labels, 8)
    yield files
    yield {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in files.items()}


def png_bytes(
    width: int, height: int, rows: bytes, color: int = 0, depth: int = 8, lace: int = 0
) -> bytes:
    """Return a PNG image. rows: filtered rows of pixels."""
    header = struct.pack(">2I5B", width, height, depth, color, 0, 0, lace)
    palette = bytes(range(256)) * 3 if color == 3 else b""
    chunks = [(b"IHDR", header), (b"PLTE", palette), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    parts = [b"\x89PNG\r\n\x1a\n"]
    for kind, content in chunks:
        if kind != b"PLTE" or content:
            checksum = struct.pack(">I", zlib.crc32(kind + content))
            parts += [struct.pack(">I", len(content)), kind, content, checksum]
    return b"".join(parts)


def _png_samples() -> Iterator[Files]:
    rng = np.random.default_rng(2)
    for color, depth, width in ((0, 8, 28), (0, 16, 56), (2, 8, 84), (3, 8, 28), (4, 8, 56)):
        rows = b"".join(b"\0" + rng.bytes(width) for _ in range(28))
        yield {"a.png": png_bytes(28, 28, rows, color, depth)}
    rows = b"".join(bytes([i % 5]) + rng.bytes(112) for i in range(28))
    yield {"a.png": png_bytes(28, 28, rows, 6)}


def _png_bombs() -> Iterator[Files]:
    yield {"a.png": png_bytes(27, 8_388_636, bytes(1 << 20))}
    yield {"a.png": png_bytes(13_300, 13_300, bytes(100 << 20), 6)}
    yield {"a.png": png_bytes(28, 28, bytes(300 << 20))}


def _gray_npy_samples() -> Iterator[Files]:
    for array in (_digits(1)[0][0], np.linspace(0, 255, 784), np.zeros((28, 28), np.int16)):
        yield {"a.npy": npy_bytes(array)}


def _line_samples() -> Iterator[Files]:
    yield {"a.lines": " ".join(["0"] * 784).encode()}
    yield {"a.lines": ", ".join(["12.5"] * 784).encode()}


def _read_line(folder: Path) -> object:
    return read_image((folder / "a.lines").read_bytes().decode("utf-8", "replace"))


IMAGE_READERS: Sequence[Reader] = (
    Reader(
        "idx",
        lambda folder: load_idx(folder / "a.idx"),
        _idx_samples,
        ["pmt_apps.mnist.load_mnist.load_idx"],
        _idx_hostile,
    ),
    Reader(
        "mnist-npz",
        lambda folder: load_mnist(folder / "a.npz"),
        mnist_samples,
        ["pmt_apps.mnist.load_mnist.load_mnist"],
    ),
    Reader(
        "mnist-folder",
        load_mnist,
        _mnist_folder,
        ["pmt_apps.mnist.load_mnist.load_mnist"],
    ),
    Reader(
        "png",
        lambda folder: load_gray_image(folder / "a.png"),
        _png_samples,
        ["pmt_apps.mnist.images.load_gray_image", "pmt_apps.mnist.png.load_png"],
        _png_bombs,
    ),
    Reader(
        "gray-npy",
        lambda folder: load_gray_image(folder / "a.npy"),
        _gray_npy_samples,
        ["pmt_apps.mnist.images.load_gray_image"],
    ),
    Reader(
        "image-line",
        _read_line,
        _line_samples,
        ["pmt_apps.mnist.predictor.read_image"],
    ),
)
