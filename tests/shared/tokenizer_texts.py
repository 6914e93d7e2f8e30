"""Texts for tokenizers: lines of the documents, and random texts of all of Unicode."""

from __future__ import annotations

import random
from pathlib import Path

RANGES = [
    *[(32, 127)] * 8,
    *[(0, 32), (0x7F, 0x250), (0x300, 0x370), (0x370, 0x530), (0x590, 0x900), (0x900, 0xE00)],
    *[(0xE00, 0x1100), (0x1100, 0x1200), (0x1E00, 0x2000), (0x2000, 0x2070), (0x2070, 0x2C00)],
    *[(0x2E80, 0x3100), (0x3100, 0xA000), (0xA000, 0xD7FF), (0xF900, 0x10000)],
    *[(0x10000, 0x20000), (0x1F1E6, 0x1F200), (0x1F300, 0x1FB00), (0x20000, 0x32000)],
    *[(0xE0000, 0xE01FF), (0, 0xD800)],
]


def documents() -> list[str]:
    """Return lines of the documents of this project."""
    root = Path(__file__).resolve().parents[2]
    paths = [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").glob("*.md"))]
    lines = [line for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
    return lines[:3000]


def random_texts(count: int, lines: list[str], added: list[str], seed: int = 3) -> list[str]:
    """Words of the documents, characters of all ranges, combining marks, spaces, added tokens."""
    rng = random.Random(seed)

    def part() -> str:
        kind = rng.random()
        if kind < 0.06:
            return rng.choice(added)
        if kind < 0.4:
            words = rng.choice(lines).split() or [""]
            return rng.choice(words) + rng.choice(["", " ", " ", "\t", "\n", ".", ", "])
        if kind < 0.45:
            return rng.choice(["  ", "\r\n", "\u00a0", "'s", "'ll", "e\u0301", "a\u0308", "\u2581"])
        if kind < 0.48:
            return "".join(chr(rng.randrange(0x61, 0x7B)) for _ in range(rng.randrange(40)))
        return chr(rng.randrange(*rng.choice(RANGES)))

    return ["".join(part() for _ in range(rng.randrange(1, 40))) for _ in range(count)]
