"""Loader for the MNIST digits: four idx files or one `mnist.npz`."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from pmt_apps.kit.files import check_input_file
from pmt_apps.mnist.idx import load_idx
from pmt_apps.mnist.images import LabeledImages
from pmt_core import DataError, FileProblem, load_archive

MNIST_CLASSES = 10
MNIST_SIZE = (28, 28)

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


def load_mnist(path: Path) -> MnistFiles:
    """Load the digits from a folder with the four idx files (.gz or not), or from an .npz.

    An .npz has the arrays x_train, y_train, x_test and y_test.

    Raises:
        FileProblem: a file is missing.
        DataError, ArchiveError: the content of a file is invalid.
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
    train = _checked(arrays[0], arrays[1], str(paths[0]), str(paths[1]))
    test = _checked(arrays[2], arrays[3], str(paths[2]), str(paths[3]))
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
    with path.open("rb") as file:
        if not zipfile.is_zipfile(file):
            raise DataError(
                f"{str(path)!r} is no .npz file; expected one with {', '.join(_KEYS)}, or give the "
                "folder that holds the four idx files"
            )
    arrays, _ = load_archive(path)
    missing = [key for key in _KEYS if key not in arrays]
    if missing:
        raise DataError(
            f"{str(path)!r} has no {', '.join(missing)}; expected the arrays {', '.join(_KEYS)}, "
            f"got {', '.join(arrays) or 'none'}"
        )
    name = str(path)
    x_train, y_train, x_test, y_test = (arrays[key] for key in _KEYS)
    train = _checked(x_train, y_train, f"{name}: x_train", f"{name}: y_train")
    test = _checked(x_test, y_test, f"{name}: x_test", f"{name}: y_test")
    return MnistFiles(train, test, {"data": (path, len(train) + len(test))})


def _checked(
    images: NDArray[Any], labels: NDArray[Any], images_name: str, labels_name: str
) -> LabeledImages:
    return LabeledImages.checked(
        images,
        labels,
        names=(images_name, labels_name),
        size=MNIST_SIZE,
        classes=MNIST_CLASSES,
    )
