"""Which question pairs `train_qqp.py` learns from and which it scores."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.files import check_input_file
from pmt_apps.kit.run import Run
from pmt_apps.qqp.settings import Settings
from pmt_core import DataError, RandomStream, SettingsError
from pmt_text import QuestionPair, load_qqp, mine_negatives, split_by_question
from pmt_train import progress_bar, warn

SAMPLE = Path(__file__).parents[2] / "samples" / "qqp.tsv"

Splits = dict[str, list[QuestionPair]]
"""The pairs of "train" and "dev", and of "test" and "extra" where they are given."""


def read_splits(settings: Settings, run: Run[Settings]) -> Splits:
    """All pairs of the run, every one with a label."""
    if settings.data is not None and (settings.train or settings.dev):
        raise SettingsError("--data is one file for both: give it, or --train and --dev, not both")
    if bool(settings.train) != bool(settings.dev):
        raise SettingsError(
            "--train and --dev go together; for one file that the program splits use --data"
        )
    found: Splits = {}
    if settings.train and settings.dev:
        found["train"] = _read("train", settings.train, run)
        found["dev"] = _read("dev", settings.dev, run)
    else:
        pairs = _read("data", settings.data or SAMPLE, run)
        sides = split_by_question(
            pairs, settings.dev_fraction, RandomStream(settings.seed, "split").generator()
        )
        found = {name: [pairs[i] for i in side] for name, side in zip(("train", "dev"), sides)}
    found["train"] = found["train"][: settings.limit]
    if settings.test:
        found["test"] = _read("test", settings.test, run)
    if settings.extra:
        found["extra"] = _read("extra", settings.extra, run)
        if settings.extra_epochs:
            found["extra"] = _with_mined_negatives(found["extra"], settings)
    for name, pairs in found.items():
        duplicates = sum(labels_of(pairs))
        run.say(f"{name}: {len(pairs):,} pairs, {duplicates:,} of them duplicates")
        if name != "extra" and duplicates in (0, len(pairs)):
            warn(f"warning: {name} has pairs of one kind only: there is nothing to tell apart")
    return found


def texts_of(pairs: Sequence[QuestionPair]) -> list[tuple[str, str]]:
    return [(pair.question1, pair.question2) for pair in pairs]


def labels_of(pairs: Sequence[QuestionPair]) -> NDArray[np.int64]:
    return np.array([pair.label for pair in pairs], np.int64)


def _read(role: str, path: Path, run: Run[Settings]) -> list[QuestionPair]:
    """The labeled pairs of a file; what is broken in it is named and left out."""
    check_input_file(path, f"question pairs ({role})")
    file = load_qqp(path)
    for warning in file.warnings():
        warn(f"warning: {warning}")
    labeled = [pair for pair in file.pairs if pair.label is not None]
    if not labeled:
        raise DataError(
            f"{path} has no labels (format: {file.format}), and {role} pairs need them; "
            "to have such pairs answered, give them to --predict"
        )
    run.log_file(role, path, file.kept)
    return labeled


def _with_mined_negatives(pairs: list[QuestionPair], settings: Settings) -> list[QuestionPair]:
    """The pairs, and others made of their duplicates until there are as many that are not."""
    rng = RandomStream(settings.seed, "negatives").generator()
    duplicates = [pair for pair in pairs if pair.label == 1]
    missing = max(2 * len(duplicates) - len(pairs), 0)
    mined = []
    with progress_bar(missing, "mining negatives") as bar:
        for question1, question2 in islice(mine_negatives(duplicates, rng), missing):
            mined.append(QuestionPair(question1, question2, 0, None, None, 0))
            bar.update(1)
    return pairs + mined
