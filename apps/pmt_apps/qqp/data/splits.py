"""The labeled question pairs of a run, and a cache of their tokens."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.files import SAMPLES, check_input_file
from pmt_apps.kit.run import Run
from pmt_apps.kit.settings import split_files
from pmt_apps.qqp.data.settings import Settings
from pmt_core import DataError, RandomStream, SettingsError
from pmt_text import QuestionPair, Tokenize, load_qqp, mine_negatives, split_by_question, tokenize
from pmt_train import progress_bar, warn

SAMPLE = SAMPLES / "qqp.tsv"

Splits = dict[str, list[QuestionPair]]
"""The labeled pairs of "train" and "dev", and of "test" and "extra" if given."""


def read_splits(run: Run[Settings], tokenize: Tokenize = tokenize) -> Splits:
    """Read the labeled pairs of each split, and print their numbers.

    Raises:
        SettingsError: if the file options contradict each other.
        DataError: if a file has no labeled pairs, or those to train on are of one class.
    """
    settings = run.settings
    if settings.data is not None and (settings.train or settings.dev):
        raise SettingsError("--data is one file for both: give it, or --train and --dev, not both")
    options = {name: [name] for name in ("train", "dev", "test")}
    files = split_files(settings, options, {}, "; for one file, which is split, use --data")
    splits: Splits = {}
    if "train" in files:
        splits = {name: _read(name, files[name][0], run) for name in ("train", "dev")}
    else:
        pairs = _read("data", settings.data or SAMPLE, run)
        rng = RandomStream(settings.seed, "split").generator()
        rows = split_by_question(pairs, settings.dev_fraction, rng, tokenize=tokenize)
        for name, indices in zip(("train", "dev"), rows, strict=True):
            splits[name] = [pairs[i] for i in indices]
    splits["train"] = splits["train"][: settings.limit]
    _check_classes(splits["train"], settings)
    if "test" in files:
        splits["test"] = _read("test", files["test"][0], run)
    if settings.extra:
        splits["extra"] = _read("extra", settings.extra, run)
        if settings.extra_epochs:
            splits["extra"] += _mined_negatives(splits["extra"], settings.seed, tokenize)
    for name, pairs in splits.items():
        _describe(run, name, pairs)
    return splits


def texts_of(pairs: Sequence[QuestionPair]) -> list[tuple[str, str]]:
    """Return the two questions of each pair."""
    return [(pair.question1, pair.question2) for pair in pairs]


def labels_of(pairs: Sequence[QuestionPair]) -> NDArray[np.int64]:
    """Return the labels of the pairs, (n,): 1 for duplicates."""
    return np.array([pair.label for pair in pairs], np.int64)


def _read(role: str, path: Path, run: Run[Settings]) -> list[QuestionPair]:
    """Return the labeled pairs of a file; warn of its broken rows."""
    check_input_file(path, f"question pairs ({role})")
    file = load_qqp(path)
    for warning in file.warnings():
        warn(f"warning: {warning}")
    labeled = [pair for pair in file.pairs if pair.label is not None]
    if not labeled:
        raise DataError(
            f"{path} has no labels (format: {file.format}), and {role} pairs need them; "
            "to classify pairs without labels, give them to --predict"
        )
    run.log_file(role, path, len(file))
    return labeled


def _check_classes(train: Sequence[QuestionPair], settings: Settings) -> None:
    """Raise DataError if the training pairs are all duplicates, or none is.

    The classifier and its baselines would learn nothing, and pre-training needs duplicates.
    """
    duplicates = sum(labels_of(train))
    if duplicates not in (0, len(train)):
        return
    problem = "only duplicates" if duplicates else "no duplicates"
    where = f"{settings.train or settings.data or SAMPLE}"
    if settings.train is None:
        where = f"the part of {where} to train on"
    cure = "check the column of labels"
    if settings.limit is not None:
        cure += f", or give a larger --limit than {settings.limit}"
    raise DataError(
        f"there are {problem} in {where}: all {len(train):,} pairs have the label "
        f"{int(duplicates > 0)}, expected both 0 and 1; {cure}"
    )


def _describe(run: Run[Settings], name: str, pairs: Sequence[QuestionPair]) -> None:
    duplicates = sum(labels_of(pairs))
    run.say(f"{name}: {len(pairs):,} pairs, {duplicates:,} of them duplicates")
    if name != "extra" and duplicates in (0, len(pairs)):
        warn(f"warning: {name} has pairs of one class only: there is nothing to distinguish")


def _mined_negatives(
    pairs: Sequence[QuestionPair], seed: int, tokenize: Tokenize
) -> list[QuestionPair]:
    """Return as many mined negatives as are missing to balance the duplicates, if there are."""
    rng = RandomStream(seed, "negatives").generator()
    duplicates = [pair for pair in pairs if pair.label == 1]
    missing = max(2 * len(duplicates) - len(pairs), 0)
    mined = []
    with progress_bar(missing, "mining negatives") as bar:
        for texts in islice(mine_negatives(duplicates, rng, tokenize=tokenize), missing):
            mined.append(QuestionPair(*texts, 0, None, None, 0))
            bar.update(1)
    return mined
