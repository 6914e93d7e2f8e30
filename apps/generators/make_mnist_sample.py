"""Make `mnist.npz`, the synthetic sample of digits that ships with the project.

    python make_mnist_sample.py [--out FILE] [--train 4000] [--test 800] [--seed 4]

The same seed gives the same arrays. Each digit is a glyph made of strokes (lines and arcs, several
shapes per digit) that is bent, sheared, rotated, stretched, moved and drawn with a pen of random
width; then specks and uneven ink are added. White on black, 28 x 28 bytes, in the format of MNIST,
so that the same program reads both.
"""

from __future__ import annotations

import argparse
import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from random_choices import RandomChoices

from pmt_apps.kit.files import SAMPLES
from pmt_core import RandomStream, atomic_file

Points = NDArray[np.float64]
"""A stroke: (n, 2) points x, y, joined by lines, in the unit square with y pointing down."""

SIZE = 28
TRAIN, TEST, SEED = 4000, 800, 4


# --- glyphs ---------------------------------------------------------------------------------------


def line(*points: tuple[float, float]) -> Points:
    return np.array(points, np.float64)


def arc(cx: float, cy: float, rx: float, ry: float, start: float, stop: float) -> Points:
    """Return an arc of an ellipse between two angles in degrees; 0 is right, 90 is down."""
    n = max(4, int(abs(stop - start) / 20))
    angle = np.linspace(math.radians(start), math.radians(stop), n + 1)
    return np.stack([cx + rx * np.cos(angle), cy + ry * np.sin(angle)], axis=1)


def joined(*parts: Points) -> Points:
    return np.concatenate(parts)


GLYPHS: list[list[list[Points]]] = [
    [
        [arc(0.5, 0.5, 0.32, 0.44, -100, 260)],
        [arc(0.5, 0.5, 0.26, 0.44, -60, 310)],
        [joined(arc(0.48, 0.5, 0.3, 0.42, -70, 255), line((0.62, 0.14)))],
    ],
    [
        [line((0.5, 0.06), (0.5, 0.94))],
        [line((0.34, 0.24), (0.54, 0.06), (0.54, 0.94))],
        [line((0.34, 0.24), (0.52, 0.06), (0.52, 0.92)), line((0.3, 0.93), (0.74, 0.93))],
    ],
    [
        [joined(arc(0.49, 0.3, 0.29, 0.24, 190, 380), line((0.2, 0.92), (0.84, 0.92)))],
        [
            joined(
                arc(0.48, 0.3, 0.28, 0.23, 200, 400),
                arc(0.3, 0.82, 0.12, 0.1, 240, 60),
                line((0.6, 0.86), (0.86, 0.92)),
            )
        ],
    ],
    [
        [joined(arc(0.46, 0.28, 0.27, 0.21, 205, 440), arc(0.46, 0.7, 0.31, 0.23, -80, 155))],
        [
            joined(
                line((0.2, 0.08), (0.74, 0.08), (0.44, 0.42)), arc(0.44, 0.68, 0.32, 0.26, -90, 150)
            )
        ],
        [joined(arc(0.45, 0.28, 0.26, 0.2, 220, 430), arc(0.45, 0.71, 0.3, 0.24, -70, 140))],
    ],
    [
        [line((0.3, 0.08), (0.18, 0.58), (0.84, 0.58)), line((0.66, 0.3), (0.64, 0.94))],
        [line((0.62, 0.94), (0.62, 0.06), (0.14, 0.64), (0.86, 0.64))],
        [
            joined(line((0.26, 0.1)), arc(0.44, 0.36, 0.24, 0.2, 170, 40)),
            line((0.7, 0.08), (0.66, 0.94)),
        ],
    ],
    [
        [
            line((0.3, 0.08), (0.78, 0.08)),
            joined(line((0.3, 0.08), (0.26, 0.46)), arc(0.46, 0.67, 0.3, 0.26, -130, 145)),
        ],
        [
            joined(
                line((0.8, 0.1), (0.34, 0.08), (0.3, 0.44)), arc(0.48, 0.66, 0.29, 0.25, -110, 160)
            )
        ],
    ],
    [
        [joined(arc(0.72, 0.46, 0.5, 0.42, 262, 180), arc(0.5, 0.68, 0.28, 0.25, 180, -190))],
        [joined(line((0.62, 0.06), (0.28, 0.52)), arc(0.5, 0.7, 0.27, 0.23, 200, -170))],
    ],
    [
        [line((0.18, 0.1), (0.82, 0.1), (0.4, 0.94))],
        [line((0.18, 0.22), (0.2, 0.1), (0.8, 0.1), (0.46, 0.94))],
        [line((0.18, 0.1), (0.82, 0.1), (0.44, 0.94)), line((0.34, 0.5), (0.78, 0.5))],
        [joined(line((0.16, 0.12), (0.82, 0.1)), arc(0.92, 0.9, 0.44, 0.7, 250, 180))],
    ],
    [
        [arc(0.5, 0.28, 0.23, 0.2, 90, 450), arc(0.5, 0.7, 0.29, 0.23, -90, 270)],
        [
            joined(
                arc(0.5, 0.28, 0.24, 0.2, -30, -270),
                arc(0.5, 0.71, 0.28, 0.23, -90, 180),
                line((0.7, 0.16)),
            )
        ],
    ],
    [
        [arc(0.48, 0.32, 0.27, 0.25, 0, 360), line((0.75, 0.3), (0.7, 0.94))],
        [joined(arc(0.47, 0.32, 0.27, 0.25, -20, -370), arc(0.3, 0.42, 0.45, 0.5, -20, 80))],
        [joined(arc(0.48, 0.3, 0.26, 0.23, -30, -340), line((0.74, 0.2), (0.56, 0.94)))],
    ],
]


# --- drawing --------------------------------------------------------------------------------------


def refined(stroke: Points) -> Points:
    """Return the same polyline with more points, so that it can be bent."""
    steps = np.linspace(0, 1, 5)[1:, np.newaxis]
    segments = [a + (b - a) * steps for a, b in itertools.pairwise(stroke)]
    return np.concatenate([stroke[:1], *segments])


def draw(digit: int, random: RandomChoices) -> NDArray[np.uint8]:
    """Return an image (28, 28) uint8 of a digit."""
    shapes = GLYPHS[digit]
    strokes = [refined(stroke) for stroke in shapes[random.below(len(shapes))]]
    wave = [
        (random.around_zero(0.055), random.between(3, 9), random.between(0, 6.3)) for _ in range(2)
    ]
    for stroke in strokes:
        sway = [
            height * np.sin(rate * stroke[:, 1 - i] + at)
            for i, (height, rate, at) in enumerate(wave)
        ]
        stroke += np.stack(sway, axis=1) + 0.045 * (random.field(stroke.shape) - 0.5)
    matrix, offset = pose(random)
    placed = [(stroke - 0.5) @ matrix.T + offset for stroke in strokes]
    start = np.concatenate([stroke[:-1] for stroke in placed])
    stop = np.concatenate([stroke[1:] for stroke in placed])
    ink = pen(distances(start, stop), random.between(0.75, 1.75))
    return finished(ink, random)


def pose(random: RandomChoices) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a random affine map from the centered unit square to pixels: matrix and offset."""
    angle, shear = random.around_zero(0.2), random.around_zero(0.3)
    width, height = random.between(11, 21), random.between(15, 23)
    rotation = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    shearing = np.array([[1.0, -shear], [0.0, 1.0]])
    center = (SIZE - 1) / 2
    offset = np.array([center + random.around_zero(1.5), center + random.around_zero(1.5)])
    return rotation @ shearing @ np.diag([width, height]), offset


def distances(start: Points, stop: Points) -> NDArray[np.float64]:
    """Return the distance of every pixel (28, 28) to the nearest segment start - stop (n, 2)."""
    along = stop - start
    length = np.maximum((along * along).sum(axis=1), 1e-9)
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float64)
    from_x, from_y = x[..., np.newaxis] - start[:, 0], y[..., np.newaxis] - start[:, 1]
    part = np.clip((from_x * along[:, 0] + from_y * along[:, 1]) / length, 0, 1)
    away_x, away_y = from_x - part * along[:, 0], from_y - part * along[:, 1]
    nearest: NDArray[np.float64] = np.sqrt((away_x**2 + away_y**2).min(axis=-1))
    return nearest


def pen(distance: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    """Return ink 0 to 1: 1 within the radius, 0 from one pixel beyond it."""
    return np.clip(radius + 0.6 - distance, 0, 1)


def finished(ink: NDArray[np.float64], random: RandomChoices) -> NDArray[np.uint8]:
    """Return the image uint8 with uneven ink, a gap at times, and a few specks."""
    ink = ink * (1 - 0.25 * random.field(ink.shape))
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    if random.between(0, 1) < 0.25:
        gap = (x - random.between(6, 22)) ** 2 + (y - random.between(6, 22)) ** 2 < random.between(
            1, 4
        )
        ink = np.where(gap, 0.1 * ink, ink)
    for _ in range(random.below(4)):
        ink[random.below(SIZE), random.below(SIZE)] = random.between(0.3, 0.9)
    levels = np.floor(ink * 15.999) * 17  # 16 gray levels: a third smaller file
    return levels.astype(np.uint8)


def make(count: int, stream: RandomStream) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return images (count, 28, 28) and labels (count,); each image has its own random stream."""
    images = np.empty((count, SIZE, SIZE), np.uint8)
    labels = np.empty(count, np.uint8)
    for i in range(count):
        random = RandomChoices(stream.child(i))
        labels[i] = random.below(10)
        images[i] = draw(int(labels[i]), random)
    return images, labels


def make_sample(train: int = TRAIN, test: int = TEST, seed: int = SEED) -> dict[str, Any]:
    """Return the four arrays of the file."""
    x_train, y_train = make(train, RandomStream(seed, "train"))
    x_test, y_test = make(test, RandomStream(seed, "test"))
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=SAMPLES / "mnist.npz")
    parser.add_argument("--train", type=int, default=TRAIN)
    parser.add_argument("--test", type=int, default=TEST)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    arrays = make_sample(options.train, options.test, options.seed)
    with atomic_file(options.out) as file:
        np.savez_compressed(file, **arrays)
    print(f"{options.out}: {options.out.stat().st_size:,} bytes")
    print("images per digit:", np.bincount(arrays["y_train"], minlength=10).tolist())


if __name__ == "__main__":
    main()
