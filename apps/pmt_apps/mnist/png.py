"""Read a PNG image of the size of a digit; other sizes are refused before they are decoded."""

from __future__ import annotations

import io
import os
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import ARRAY_LIMITS, DataError, InputFile

MNIST_SIZE = (28, 28)

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = 13  # bytes of IHDR
_MAX_BYTES = 1 << 20
_LUMA = np.array([0.299, 0.587, 0.114])  # luma weights of red, green and blue (Rec. 601)


def load_png(path: str | os.PathLike[str]) -> NDArray[np.float64]:
    """Return the gray values of a PNG image, (28, 28), 0 black to 255 white.

    Colors are converted to gray; transparent pixels become black. Of an animation the first
    picture is read. A pixel takes bytes to decode whether or not the file has them, so the size
    is checked first.

    Raises:
        FileProblem: the file cannot be read.
        DataError: it is no PNG image, damaged, or of another size.
    """
    from matplotlib import image

    name = os.fspath(path)
    with InputFile(name, ARRAY_LIMITS) as file:
        data = file.stream.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise DataError(f"{name!r} has more than a megabyte, too much for 28 x 28 pixels")
    _check_size(data, name)
    try:
        pixels = np.asarray(image.imread(io.BytesIO(data), format="png"), np.float64)  # 0 to 1
    except Exception as error:  # the decoder documents no exceptions
        raise DataError(f"{name!r} is no PNG image that can be read ({error})") from error
    return _gray(pixels) * 255


def _check_size(data: bytes, name: str) -> None:
    """Check the headers of the image: the first chunk, and each further one of that type."""
    if not data.startswith(_SIGNATURE) or data[12:16] != b"IHDR":
        raise DataError(f"{name!r} is no PNG image; convert it to PNG, 28 x 28 pixels")
    position = len(_SIGNATURE)
    while position + 8 + _HEADER <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        if kind == b"IHDR":
            width, height = struct.unpack_from(">2I", data, position + 8)
            if (height, width) != MNIST_SIZE:
                raise DataError(
                    f"{name!r}: expected 28 x 28 pixels, got {width:,} x {height:,}; cut and "
                    "scale the image to that size"
                )
        position += 12 + length


def _gray(pixels: NDArray[Any]) -> NDArray[Any]:
    if pixels.ndim < 3:
        return pixels
    opaque = pixels[..., 3] if pixels.shape[2] == 4 else 1.0
    gray: NDArray[Any] = pixels[..., :3] @ _LUMA * opaque
    return gray
