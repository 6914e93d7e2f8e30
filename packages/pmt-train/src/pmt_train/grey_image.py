"""Reading one grey image, for programs that answer questions about pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import DataError
from pmt_train.input_file import check_input_file

_LUMA = np.array([0.299, 0.587, 0.114])  # what red, green and blue count for the eye (Rec. 601)


def load_grey_image(path: Path, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The image in a .png or .npy file as (h, w) bytes, 0 black to 255 white.

    Colours become grey; what is transparent shows black. An array in an .npy file is (h, w) with
    numbers 0 to 255. Raises FileProblem, or DataError where the file is no image of that size.
    """
    check_input_file(path, "an image")
    kind = path.suffix.lower()
    if kind == ".npy":
        return grey_bytes(_read_npy(path), size, str(path))
    if kind == ".png":
        return grey_bytes(_read_png(path), size, str(path))
    raise DataError(f"{str(path)!r}: expected a .png or .npy file")


def grey_bytes(numbers: NDArray[Any], size: tuple[int, int], where: str) -> NDArray[np.uint8]:
    """Numbers 0 to 255 as an image (h, w); they come as (h, w) or in one row.

    where: what to call them in an error. Raises DataError.
    """
    if numbers.shape not in (size, (size[0] * size[1],)):
        raise DataError(
            f"{where}: expected {size[0]} x {size[1]} pixels, got an array of shape "
            f"{numbers.shape}; cut and scale the image to that size"
        )
    if numbers.dtype.kind not in "iuf" or not (
        np.isfinite(numbers).all() and numbers.min() >= 0 and numbers.max() <= 255
    ):
        raise DataError(f"{where}: pixels are numbers from 0 (black) to 255 (white)")
    grey: NDArray[np.uint8] = np.rint(numbers).astype(np.uint8).reshape(size)
    return grey


def _read_npy(path: Path) -> NDArray[Any]:
    try:
        found: NDArray[Any] = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise DataError(f"{str(path)!r} is no .npy file of numbers ({error})") from error
    return found


def _read_png(path: Path) -> NDArray[Any]:
    from matplotlib import image

    try:
        pixels = np.asarray(image.imread(path, format="png"), np.float64)  # 0 to 1
    except Exception as error:  # what a decoder can raise is not listed anywhere
        raise DataError(f"{str(path)!r} is no PNG image that can be read ({error})") from error
    if pixels.ndim == 3:
        opaque = pixels[..., 3] if pixels.shape[2] == 4 else 1.0
        pixels = pixels[..., :3] @ _LUMA * opaque
    return pixels * 255
