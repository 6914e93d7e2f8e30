"""Matrix products of NumPy's BLAS beside those of another library, on one thread.

    pip install mkl && hatch run bench:blas --library .../lib/libmkl_rt.so.3

Any library with `cblas_sgemm` and 32-bit integers will do: MKL's wheel has one, and so have BLIS
and OpenBLAS of a distribution. Shapes are those of steps and answers of the other benchmarks. Both
sides compute the same first, which is checked; then they take turns. Times are of the processor;
a ratio below 1 means that the other library is faster. Each side is called with its own overhead:
NumPy by `np.matmul` with `out`, the other by ctypes.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

for variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"):
    os.environ[variable] = "1"
os.environ.setdefault("MKL_THREADING_LAYER", "SEQUENTIAL")

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

Matrix = NDArray[np.float32]
FLOPS = 2e8  # of a turn
ROW_MAJOR, PLAIN, TRANSPOSED = 101, 111, 112  # of CBLAS


@dataclass(frozen=True)
class Product:
    """A product (m, k) @ (k, n); `transposed`: the left matrix is stored as (k, m)."""

    what: str
    m: int
    n: int
    k: int
    transposed: bool = False


PRODUCTS = (
    Product("projection, width 64", 1024, 64, 64),
    Product("feed-forward, width 64", 1024, 256, 64),
    Product("its gradient by the weight", 64, 256, 1024, transposed=True),
    Product("projection, width 128", 3072, 128, 128),
    Product("feed-forward, width 128", 3072, 512, 128),
    Product("feed-forward, width 256", 2048, 1024, 256),
    Product("feed-forward, width 512", 1024, 2048, 512),
    Product("attention of a head", 32, 32, 16),
    Product("attention of a long head", 64, 64, 32),
    Product("a sentence into a tagger", 30, 100, 182),
)


class OtherBlas:
    """Another BLAS, called by ctypes."""

    def __init__(self, path: Path) -> None:
        self.function = ctypes.CDLL(str(path)).cblas_sgemm
        integer, number, array = ctypes.c_int, ctypes.c_float, ctypes.c_void_p
        self.function.argtypes = [
            *[integer] * 6, number, array, integer, array, integer, number, array, integer,
        ]  # fmt: skip
        self.function.restype = None

    def multiply(self, product: Product, a: Matrix, b: Matrix, out: Matrix) -> None:
        m, n, k = product.m, product.n, product.k
        kind, stride = (TRANSPOSED, m) if product.transposed else (PLAIN, k)
        pointers = a.ctypes.data, b.ctypes.data, out.ctypes.data
        self.function(
            ROW_MAJOR, kind, PLAIN, m, n, k,
            1.0, pointers[0], stride, pointers[1], n, 0.0, pointers[2], n,
        )  # fmt: skip


def compare(product: Product, other: OtherBlas, rounds: int) -> tuple[float, float]:
    """Return the median seconds of a product by NumPy and by the other library."""
    rng = np.random.default_rng(0)
    m, n, k = product.m, product.n, product.k
    a = rng.normal(size=(k, m) if product.transposed else (m, k)).astype(np.float32)
    b = rng.normal(size=(k, n)).astype(np.float32)
    left = a.T if product.transposed else a
    outs = np.zeros((2, m, n), np.float32)
    sides: list[Callable[[], object]] = [
        partial(np.matmul, left, b, out=outs[0]),
        partial(other.multiply, product, a, b, outs[1]),
    ]
    for side in sides:
        side()
    np.testing.assert_allclose(outs[0], outs[1], rtol=1e-3, atol=1e-3)
    repeats = max(round(FLOPS / (2 * m * n * k)), 1)
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for side, times in zip(sides, seconds, strict=True):
            start = time.process_time()
            for _ in range(repeats):
                side()
            times.append((time.process_time() - start) / repeats)
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--library", type=Path, required=True, help="shared library with cblas")
    parser.add_argument("--rounds", type=int, default=15)
    chosen = parser.parse_args()
    other = OtherBlas(chosen.library)
    print(f"{'product':28} {'m, n, k':>16} {'NumPy, µs':>10} {'other, µs':>10} {'ratio':>6}")
    ratios = []
    for product in PRODUCTS:
        ours, theirs = compare(product, other, chosen.rounds)
        ratios.append(theirs / ours)
        shape = f"{product.m}, {product.n}, {product.k}"
        print(
            f"{product.what:28} {shape:>16} {ours * 1e6:10.1f} {theirs * 1e6:10.1f} "
            f"{ratios[-1]:6.2f}",
            flush=True,
        )
    print(f"median ratio {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
