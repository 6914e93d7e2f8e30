"""Loaders for idx files (LeCun, Cortes & Burges 1998) and for MNIST in idx files or an .npz."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.files import SAMPLES, check_input_file
from pmt_apps.kit.run import Run
from pmt_apps.mnist.images import LabeledImages
from pmt_apps.mnist.settings import Settings
from pmt_core import (
    ARRAY_LIMITS,
    ArchiveError,
    DataError,
    FileProblem,
    InputFile,
    RandomStream,
    load_archive,
)

MNIST_SHA256 = {
    f"{name}-ubyte.gz": digest
    for name, digest in (
        ("train-images-idx3", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        ("train-labels-idx1", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        ("t10k-images-idx3", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        ("t10k-labels-idx1", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    )
}
"""SHA-256 checksums of the public files, by name."""
MNIST_BYTES = dict(zip(MNIST_SHA256, (9_912_422, 28_881, 1_648_877, 4_542), strict=True))
"""Sizes of the public files, by name."""

_DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_CHUNK = 1 << 20
_MAX_AXES = 64
_KEYS = ("x_train", "y_train", "x_test", "y_test")


@dataclass(frozen=True, slots=True)
class MnistFiles:
    """The MNIST images and the files that they were read from.

    Attributes:
        train: training images.
        test: test images.
        files: role -> (path, number of examples).
    """

    train: LabeledImages
    test: LabeledImages
    files: dict[str, tuple[Path, int]]


def read_splits(settings: Settings, run: Run[Settings]) -> dict[str, LabeledImages]:
    """Return the images of "train", "dev" (held out of train) and "test".

    Raises:
        DataError: there is only one training image, or only one class of them.
    """
    path = settings.data or SAMPLES / "mnist.npz"
    data = load_mnist(path)
    for role, (file, count) in data.files.items():
        run.log_file(role, file, count)
    n = len(data.train)
    order = RandomStream(settings.seed, "split").generator().permutation(n)
    n_dev = min(max(round(n * settings.dev_fraction), 1), n - 1)
    if n_dev < 1:
        raise DataError("one training image cannot be split; give at least two")
    splits = {
        "train": data.train.take(np.sort(order[n_dev:])[: settings.limit]),
        "dev": data.train.take(np.sort(order[:n_dev])),
        "test": data.test,
    }
    for name, images in splits.items():
        run.say(f"{name}: {len(images):,} images")
    classes = np.unique(splits["train"].labels)
    if len(classes) < 2:
        raise DataError(
            f"all training images in {path} are of class {classes[0]}, so there is nothing to "
            "distinguish; expected two classes or more: check the labels, or give a larger --limit"
        )
    return splits


def load_mnist(path: Path) -> MnistFiles:
    """Load the digits from a folder with the four idx files (.gz or not), or from an .npz.

    An .npz has the arrays x_train, y_train, x_test and y_test.

    Raises:
        FileProblem: a file is missing.
        DataError: the content of a file is invalid.
    """
    if path.is_dir():
        return _from_folder(path)
    if not path.exists():
        raise FileProblem(
            f"{str(path)!r} does not exist; give a folder with the four MNIST files "
            f"({', '.join(MNIST_SHA256)}), or an .npz with {', '.join(_KEYS)}"
        )
    check_input_file(path, "digits (.npz)")
    return _from_npz(path)


def _from_folder(folder: Path) -> MnistFiles:
    paths = [_find(folder, name.removesuffix(".gz")) for name in MNIST_SHA256]
    arrays = [load_idx(path) for path in paths]
    train = LabeledImages.checked(arrays[0], arrays[1], str(paths[0]), str(paths[1]))
    test = LabeledImages.checked(arrays[2], arrays[3], str(paths[2]), str(paths[3]))
    roles = ("train images", "train labels", "test images", "test labels")
    counts = (len(train), len(train), len(test), len(test))
    return MnistFiles(train, test, dict(zip(roles, zip(paths, counts), strict=True)))


def _find(folder: Path, name: str) -> Path:
    # Some archive tools replace the dash before "idx" by a dot.
    for candidate in (f"{name}.gz", name, name.replace("-idx", ".idx")):
        if (folder / candidate).is_file():
            return folder / candidate
    names = ", ".join(sorted(entry.name for entry in folder.iterdir())[:6]) or "no files"
    raise FileProblem(
        f"the folder {str(folder)!r} has neither {name}.gz nor {name}, only {names}; expected the "
        "four MNIST files, which --download fetches"
    )


def _from_npz(path: Path) -> MnistFiles:
    try:
        arrays, _ = load_archive(path)
    except ArchiveError as error:
        raise DataError(
            f"{error}; expected an .npz with {', '.join(_KEYS)}, or the folder with the four idx "
            "files"
        ) from error
    missing = [key for key in _KEYS if key not in arrays]
    if missing:
        raise DataError(
            f"{str(path)!r} has no {', '.join(missing)}; expected the arrays {', '.join(_KEYS)}, "
            f"got {', '.join(arrays) or 'none'}"
        )
    name = str(path)
    x_train, y_train, x_test, y_test = (arrays[key] for key in _KEYS)
    train = LabeledImages.checked(x_train, y_train, f"{name}: x_train", f"{name}: y_train")
    test = LabeledImages.checked(x_test, y_test, f"{name}: x_test", f"{name}: y_test")
    return MnistFiles(train, test, {"data": (path, len(train) + len(test))})


def load_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Load the array of an idx file; gzip compression is detected from the content.

    Format: two zero bytes, one byte for the type, one for the number of axes, 4 bytes for the
    length of each axis, then the elements in C order; all big-endian. The array has native byte
    order. Memory use is bounded by the size of the file, not by the shape in its header.

    Raises:
        FileProblem: the file cannot be read.
        DataError: it is not an idx file, is truncated, or has trailing bytes.
    """
    name = os.fspath(path)
    with InputFile(name, ARRAY_LIMITS) as file:
        return _read(file.stream, name)


def _read(file: BinaryIO, name: str) -> NDArray[Any]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _DTYPES:
        actual = f"the bytes {magic.hex(' ')}" if magic else "an empty file"
        raise DataError(
            f"{name!r} is no idx file: expected two zero bytes, a type (08 for bytes) and the "
            f"number of axes at its beginning, got {actual}; MNIST files begin with 00 00 08"
        )
    dtype, axes = np.dtype(_DTYPES[magic[2]]), magic[3]
    if axes > _MAX_AXES:
        raise DataError(
            f"{name!r} has {axes} axes in its header, expected at most {_MAX_AXES}; fetch it again"
        )
    lengths = file.read(4 * axes)
    if len(lengths) < 4 * axes:
        raise DataError(f"{name!r} ends within its header: it is truncated; fetch it again")
    shape = tuple(int(n) for n in np.frombuffer(lengths, ">u4"))
    size = math.prod(shape) * dtype.itemsize
    data = _read_at_most(file, size + 1)
    if len(data) != size:
        actual, state = (
            ("only " + str(len(data)), "truncated") if len(data) < size else ("more", "damaged")
        )
        raise DataError(
            f"{name!r} has the shape {shape} in its header, {size} bytes, but {actual} follow: it "
            f"is {state}; fetch it again"
        )
    try:
        array = np.frombuffer(data, dtype).reshape(shape)
    except ValueError as error:  # beside an axis of size 0 the others may have any size
        raise DataError(
            f"{name!r} has the impossible shape {shape} in its header: it is damaged; fetch it "
            "again"
        ) from error
    return array.astype(dtype.newbyteorder("="), copy=False)


def _read_at_most(file: BinaryIO, size: int) -> bytearray:
    data = bytearray()
    while len(data) < size and (chunk := file.read(min(_CHUNK, size - len(data)))):
        data += chunk
    return data
