"""CoNLL files of random layouts: sentences, notations of tags, columns, lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Words = list[list[tuple[str, str]]]
NOTATIONS = ["prefix", "underscore", "suffix", "lower", "letters", "types"]


def random_sentences(rng: np.random.Generator) -> Words:
    """Return sentences of words, with IOB2 tags of a third of them or less."""
    result: Words = []
    for _ in range(int(rng.integers(15, 40))):
        words = [f"w{rng.integers(200)}" for _ in range(int(rng.integers(1, 12)))]
        tags = ["O"] * len(words)
        for i in range(0, len(words) - 2, 3):
            if rng.random() < 0.5:
                type_ = ("PER", "LOC", "A-B", "none")[rng.integers(4)]
                tags[i] = f"B-{type_}"
                if rng.random() < 0.5:
                    tags[i + 1] = f"I-{type_}"
        result.append(list(zip(words, tags, strict=True)))
    return result


def in_notation(tag: str, notation: str) -> str:
    """Return how a file writes an IOB2 tag."""
    letter, _, type_ = tag.partition("-")
    if tag == "O":
        return "o" if notation == "lower" else "O"
    return {
        "prefix": tag, "underscore": f"{letter}_{type_}", "suffix": f"{type_}-{letter}",
        "lower": tag.lower(), "letters": letter, "types": type_,
    }[notation]  # fmt: skip


def as_read(tag: str, notation: str) -> str:
    """Return what an IOB2 tag is after its notation was read."""
    letter, _, type_ = tag.partition("-")
    if tag == "O":
        return tag
    return {
        "lower": f"{letter}-{type_.lower()}", "letters": f"{letter}-ENTITY", "types": f"I-{type_}",
    }.get(notation, tag)  # fmt: skip


def columns_at_random(
    rng: np.random.Generator, notation: str, count: int
) -> tuple[list[str], bool]:
    """Return the kinds of columns in their order, and whether the words are numbered."""
    after = ["pos", "chunk", "O", "_", "few"]
    rng.shuffle(after)
    kinds = ["word", *after[:count]]
    kinds.insert(int(rng.integers(len(kinds) + 1)), "tag")
    if notation != "prefix":  # a few tags with a prefix would be preferred
        kinds = [kind for kind in kinds if kind != "few"]
    numbered = bool(rng.random() < 0.5)
    return ["number", *kinds] if numbered else kinds, numbered


def file_at_random(
    rng: np.random.Generator, sentences: Words, notation: str, kinds: Sequence[str], tabs: bool
) -> str:
    """Return the text of a file, with comments and odd ends of lines here and there."""
    separator = "\t" if tabs else " "
    lines = []
    for words in sentences:
        if rng.random() < 0.3:
            lines.append("# text = " + " ".join(word for word, _ in words))
        for i, (word, tag) in enumerate(words, 1):
            cells = {
                "word": word, "tag": in_notation(tag, notation), "number": str(i), "O": "O",
                "_": "_", "pos": ("NN", "VB", "IN", ".")[rng.integers(4)],
                "chunk": ("B-NP", "I-NP", "B-VP", "O")[rng.integers(4)],
                "few": "B-EVENT" if rng.random() < 0.02 else "O",
            }  # fmt: skip
            if "number" in kinds and rng.random() < 0.1:
                extra = {**dict.fromkeys(kinds, "_"), "number": f"{i}-{i + 1}"}
                lines.append(separator.join(extra[kind] for kind in kinds))
            end = ("", "", " ", "\t", "\r")[rng.integers(5)]
            lines.append(separator.join(cells[kind] for kind in kinds) + end)
        lines.append(("", " ", "\t", "\r")[rng.integers(4)])
    return "\n".join(lines)
