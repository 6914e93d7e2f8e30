"""Chapter 7: the countries and capitals of a toy language, in a plane."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pmt_train import figure_saved_to

PICTURES = ("07_capitals.png",)
COUNTRIES = ("France", "Germany", "Italy", "Spain", "Greece", "Norway", "Japan", "Peru")
CAPITALS = ("Paris", "Berlin", "Rome", "Madrid", "Athens", "Oslo", "Tokyo", "Lima")


def sentences(rng: np.random.Generator, n: int) -> np.ndarray:
    """(n, 3) ids: a country (0-7) or capital (8-15), a word of its own, a word for its kind."""
    c, is_capital = rng.integers(0, 8, n), rng.integers(0, 2, n)
    own, role = 16 + 4 * c + rng.integers(0, 4, n), 48 + 4 * is_capital + rng.integers(0, 4, n)
    return np.stack([c + 8 * is_capital, own, role], axis=1)


def trained(rng: np.random.Generator, v: int = 56, d: int = 16) -> np.ndarray:
    """Skip-gram with negative sampling, (v, d)."""
    text = sentences(rng, 6000)
    pairs = np.concatenate([text[:, [i, j]] for i in range(3) for j in range(3) if i != j])
    h, u = rng.uniform(-0.5, 0.5, (v, d)) / d, np.zeros((v, d))
    for _ in range(5):
        for batch in np.array_split(rng.permutation(pairs), len(pairs) // 32):
            words = batch[:, 0]
            others = np.concatenate([batch[:, 1:], rng.integers(0, v, (len(batch), 5))], axis=1)
            vectors = u[others]
            error = 1 / (1 + np.exp(-(vectors @ h[words][:, :, None])[..., 0]))
            error[:, 0] -= 1
            by_h = (error[:, None] @ vectors)[:, 0]
            np.add.at(u, others, -0.05 * error[..., None] * h[words][:, None])
            np.add.at(h, words, -0.05 * by_h)
    return h


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    vectors = trained(np.random.default_rng(0))[:16]
    centered = vectors - vectors.mean(axis=0)
    _, _, directions = np.linalg.svd(centered, full_matrices=False)
    at = centered @ directions[:2].T
    with figure_saved_to(folder / PICTURES[0], 7, 4) as figure:
        axes = figure.subplots()
        for i, (country, capital) in enumerate(zip(COUNTRIES, CAPITALS, strict=True)):
            arrow = {"arrowstyle": "->", "color": "#8a8e98"}
            axes.annotate("", at[i], at[8 + i], arrowprops=arrow)
            axes.annotate(country, at[i], color="#2d5fa8", ha="center", va="bottom")
            axes.annotate(capital, at[8 + i], color="#c8553d", ha="center", va="top")
        axes.plot(*at[:8].T, "o", color="#2d5fa8", markersize=4)
        axes.plot(*at[8:].T, "o", color="#c8553d", markersize=4)
        axes.margins(0.12)
        axes.set(xticks=[], yticks=[], title="From each capital to its country")
