"""Every app on small made data, trained in a few seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

TINY = ("--width", 8, "--heads", 2, "--layers", 1)
TOPICS = ["swim", "cook rice", "learn Python", "save money", "sleep well", "play chess", "run"]


def write_pairs(path: Path, rows: int, broken: str | None = None) -> Path:
    """Write question pairs in the public format, half of them duplicates. broken: a further row."""
    lines = ["id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate"]
    for i in range(rows):
        first, second = TOPICS[i % 7], TOPICS[i // 2 % 7] if i % 2 else TOPICS[i % 7]
        lines.append(
            f"{i}\t{2 * i}\t{2 * i + 1}\tHow do I {first} in {i} days?\t"
            f"What is the way to {second} within {i} days?\t{int(first == second)}"
        )
    if broken is not None:
        lines.insert(rows // 2, broken)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def question_pairs(folder: Path) -> list[object]:
    train, dev = write_pairs(folder / "train", 1500), write_pairs(folder / "dev", 60)
    return ["--train", train, "--dev", dev]


def tagged_sentences(folder: Path) -> list[object]:
    names, towns = ["Ann", "Bob", "Cid", "Dora", "Eve"], ["Oslo", "Rome", "Bern", "York"]
    for name, count in (("train", 300), ("dev", 40)):
        sentences = [
            f"{names[i % 5]} X I-PER\nLee X I-PER\nmet X O\n{names[i // 2 % 5]} X I-PER\n"
            f"in X O\n{towns[i % 4]} X I-LOC\n. X O\n"
            for i in range(count)
        ]
        (folder / name).write_text("\n".join(sentences))
    return ["--train", folder / "train", "--dev", folder / "dev"]


def tagged_sentences_and_plain_text(folder: Path) -> list[object]:
    (folder / "plain").write_text("Ann Lee met Bob in Oslo .\nEve met Dora in Rome .\n" * 250)
    return [*tagged_sentences(folder), "--lm-corpus", folder / "plain"]


def plain_text(folder: Path) -> list[object]:
    (folder / "text").write_text("the cat sat on the mat and the dog sat on the log.\n" * 60)
    return ["--corpus", folder / "text"]


def long_text(folder: Path) -> list[object]:
    rng = np.random.default_rng(1)
    (folder / "text").write_text(" ".join(f"w{i}" for i in rng.integers(0, 60, 60_000)))
    return ["--corpus", folder / "text"]


def translations(folder: Path) -> list[object]:
    words = {"one": "ein", "big": "großer", "small": "kleiner", "dog": "Hund", "cat": "Kater"}
    rng = np.random.default_rng(1)
    options: list[object] = []
    for name, count in (("", 400), ("dev-", 20)):
        picks = [rng.choice(list(words), rng.integers(1, 5)) for _ in range(count)]
        lines = {
            "target": [" ".join(words[word] for word in pick) for pick in picks],
            "source": [" ".join(pick) for pick in picks],
        }
        for language, texts in lines.items():
            (folder / f"{name}{language}").write_text("\n".join(texts) + "\n", encoding="utf-8")
            options += [f"--{name}{language}", folder / f"{name}{language}"]
    return options


def digits(folder: Path) -> list[object]:
    rng = np.random.default_rng(1)
    arrays = {}
    for part, count in (("train", 2500), ("test", 50)):
        labels = rng.integers(0, 10, count).astype(np.uint8)
        images = rng.integers(0, 60, (count, 28, 28)).astype(np.uint8)
        images[np.arange(count), :, 2 * labels + 4] = 255  # a bright column at the label
        arrays |= {f"x_{part}": images, f"y_{part}": labels}
    np.savez(folder / "digits.npz", **arrays)
    return ["--data", folder / "digits.npz"]


def labeled_texts(folder: Path) -> list[object]:
    things, kinds = (
        ["soup", "bread", "tea", "rice"],
        {"good": "fine", "bad": "stale", "odd": "blue"},
    )
    for name, count in (("train", 600), ("dev", 60)):
        rows = ["text\tlabel"]
        for i in range(count):
            label = list(kinds)[i % 3]
            rows.append(f"the {things[i // 3 % 4]} of day {i} was {kinds[label]}\t{label}")
        (folder / name).write_text("\n".join(rows) + "\n")
    return ["--train", folder / "train", "--dev", folder / "dev"]


@dataclass(frozen=True, eq=False)
class SmallApp:
    """An app, its data and its settings.

    Attributes:
        task: name of the app.
        data: writes small files into a folder; returns the options that name them, first the one
            that tests give bad files.
        settings: a small model, some seconds of training.
        line: an input of --predict.
        splits: names of the splits in metrics.json.
        n_files: number of files in metrics.json.
        variant: distinguishes apps of one task.
        epochs_before: epochs of a stage that no setting counts.
    """

    task: str
    data: Callable[[Path], list[object]]
    settings: Sequence[object]
    line: str
    splits: Sequence[str]
    n_files: int
    variant: str = ""
    epochs_before: int = 0

    @property
    def name(self) -> str:
        return self.task + self.variant


APPS = [
    SmallApp(
        "qqp", question_pairs,
        (*TINY, "--hidden", 16, "--preset", "plain", "--epochs", 4, "--patience", 4,
         "--warmup", 5, "--workers", 2),
        "How do I swim?\tWhat is the way to swim?", ["dev", "dev_overlap", "dev_tfidf"], 2,
    ),
    SmallApp(
        "ner", tagged_sentences,
        (*TINY, "--hidden", 16, "--word-width", 8, "--filters", 8, "--average", 0.9,
         "--epochs", 4, "--workers", 2),
        "Ann Lee met Bob in Oslo.", ["dev"], 2,
    ),
    SmallApp(
        "ner", tagged_sentences_and_plain_text,
        (*TINY, "--hidden", 16, "--word-width", 8, "--filters", 8, "--average", 0.9,
         "--epochs", 1, "--workers", 2, "--lm-epochs", 3, "--lm-min-count", 1),
        "Ann Lee met Bob in Oslo.", ["dev"], 3, "-pretraining",
    ),
    SmallApp(
        "lm", plain_text,
        ("--width", 16, "--heads", 2, "--layers", 1, "--max-length", 16, "--batch-size", 8,
         "--steps", 60, "--epochs", 4, "--dropout", 0.1, "--workers", 2),
        "the cat", ["dev"], 1,
    ),
    SmallApp(
        "translation", translations,
        (*TINY, "--hidden", 12, "--merges", 20, "--warmup", 5, "--batch-size", 100, "--beam", 1,
         "--epochs", 4, "--workers", 2),
        "one big dog", ["dev"], 4,
    ),
    SmallApp(
        "mnist", digits,
        ("--model", "mlp", "--hidden", 64, "--epochs", 6, "--workers", 2),
        " ".join(["0"] * 784), ["dev", "test"], 1,
    ),
    SmallApp(
        "word2vec", long_text, ("--dimension", 40, "--epochs", 8, "--workers", 1),
        "w1", [], 1,
    ),
    SmallApp(
        "word2vec", long_text,
        ("--implementation", "tape", "--dimension", 16, "--epochs", 4, "--limit", 15_000,
         "--workers", 2),
        "w1", [], 1, "-tape",
    ),
    SmallApp(
        "classify", labeled_texts,
        ("--width", 8, "--heads", 2, "--hidden", 16, "--epochs", 4, "--batch-size", 32,
         "--patience", 4, "--workers", 2),
        "the soup of day 3 was stale", ["dev", "dev_tfidf", "dev_majority"], 2,
        epochs_before=6,
    ),
    SmallApp(
        "pretrain", plain_text,
        (*TINY, "--max-length", 16, "--vocabulary", 80, "--batch-size", 8, "--steps", 40,
         "--epochs", 4, "--dropout", 0.1, "--dev-fraction", 0.1, "--workers", 2),
        "the [MASK] sat", ["dev"], 3,
    ),
    SmallApp(
        "pretrain", plain_text,
        (*TINY, "--max-length", 16, "--vocabulary", 80, "--batch-size", 8, "--steps", 40,
         "--epochs", 4, "--embedding", 4, "--optimizer", "muon", "--dev-fraction", 0.1,
         "--workers", 2),
        "the [MASK] sat", ["dev"], 3, "-muon",
    ),
]  # fmt: skip
