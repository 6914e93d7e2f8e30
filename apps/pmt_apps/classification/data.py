"""The labeled texts of a run of `train_classifier.py`: files, folders, a part held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pmt_apps.classification.labels import LabelSet
from pmt_apps.classification.settings import Settings
from pmt_apps.kit.files import SAMPLES, FileFingerprint, check_input_file
from pmt_apps.kit.path_text import path_to_text
from pmt_apps.kit.run import Run
from pmt_core import DataError, RandomStream, SettingsError
from pmt_text import LabeledText, LabeledTexts, LabelOptions, load_labeled_texts
from pmt_train import warn

SAMPLE = SAMPLES / "classification.tsv.gz"
_SPLIT_FOLDERS = {"dev": ("dev", "valid", "validation", "val"), "test": ("test",)}


@dataclass(frozen=True, slots=True)
class Splits:
    """The texts of "train" and "dev", and of "test" if there is one; and the classes."""

    train: list[LabeledText]
    dev: list[LabeledText]
    test: list[LabeledText]
    labels: LabelSet

    @property
    def scored(self) -> dict[str, list[LabeledText]]:
        """The texts that are scored, by split."""
        return {"dev": self.dev, **({"test": self.test} if self.test else {})}


def read_splits(settings: Settings, run: Run[Settings]) -> Splits:
    """Load the texts of all splits; hold a part of train out if there is no dev.

    Raises:
        SettingsError: dev or test is given without train.
        DataError: train has fewer than two classes.
    """
    if settings.train is None and (settings.dev or settings.test):
        raise SettingsError("--dev and --test go together with --train; name its file too")
    files = _read_files(settings, run)
    several = settings.label_options.several
    labels = LabelSet.of((text.labels for text in files["train"].texts), several)
    train = files["train"].texts
    if "dev" in files:
        dev = _known(files["dev"], labels)
    else:
        part = held_out(train, settings.dev_fraction, settings.seed)
        dev = [text for text, out in zip(train, part, strict=True) if out]
        train = [text for text, out in zip(train, part, strict=True) if not out]
        run.say(f"dev: {len(dev):,} texts held out of train")
    train = train[: settings.limit]
    test = _known(files["test"], labels) if "test" in files else []
    return Splits(train, dev, test, LabelSet.of((t.labels for t in train), several))


def _read_files(settings: Settings, run: Run[Settings]) -> dict[str, LabeledTexts]:
    """Load the files that are given, those of dev and test with the columns of train."""
    train = settings.train or SAMPLE
    options = settings.label_options
    files = {"train": _read("train", train, settings, run, options)}
    options = _same_columns(options, files["train"])
    for name, given in (("dev", settings.dev), ("test", settings.test)):
        path = given or _folder_within(train, name)
        if path is not None:
            files[name] = _read(name, path, settings, run, options)
    return files


def _folder_within(train: Path, split: str) -> Path | None:
    """Return the folder of a split beside DIR/train, if --train is such a folder DIR."""
    if not (train / "train").is_dir():
        return None
    names = (train / name for name in _SPLIT_FOLDERS[split])
    return next((path for path in names if path.is_dir()), None)


def _read(
    role: str, path: Path, settings: Settings, run: Run[Settings], options: LabelOptions
) -> LabeledTexts:
    """Load the texts of a split, print how they are read, and warn of dropped rows."""
    if not path.is_dir():
        check_input_file(path, f"labeled texts ({role})")
    file = load_labeled_texts(path, options, encoding=settings.encoding, split=role)
    for warning in file.warnings():
        warn(f"warning: {warning}")
    if any("not text in" in reason for reason in (*file.dropped, *file.dropped_files)):
        warn(f"warning: if {path} is in another encoding, name it by --encoding, e.g. latin-1")
    if any(reason.startswith("several labels") for reason in file.dropped):
        warn("warning: --label-separator , reads the texts with several labels, too")
    run.files[role] = FileFingerprint(path_to_text(path), len(file), file.bytes, file.sha256)
    counts = ", ".join(f"{name} {count:,}" for name, count in list(file.counts().items())[:20])
    run.say(
        f"{role}: {len(file):,} texts of {len(file.classes)} classes ({counts})\n  {file.reading()}"
    )
    return file


def _same_columns(options: LabelOptions, train: LabeledTexts) -> LabelOptions:
    """Return the options with the columns that were found in train."""
    if train.columns is None:
        return options
    return replace(options, text=train.columns.text, labels=train.columns.labels)


def _known(file: LabeledTexts, labels: LabelSet) -> list[LabeledText]:
    """Return the texts whose classes occur in train; warn of the others."""
    names = set(labels.names)
    known = [text for text in file.texts if names.issuperset(text.labels)]
    if len(known) < len(file.texts):
        new = sorted(set(file.classes) - names)
        warn(
            f"warning: {file.path}: {len(file.texts) - len(known)} texts are not scored, as their "
            f"classes are not in train: {', '.join(new[:10])}"
        )
    if not known:
        raise DataError(
            f"{file.path} has none of the classes of train: {', '.join(labels.names[:10])}"
        )
    return known


def held_out(texts: Sequence[LabeledText], fraction: float, seed: int) -> NDArray[np.bool_]:
    """Return which texts are held out, (n,): a share of each class, at least one text in all.

    Equal texts stay together, so that none of them is in both parts. A class keeps a text.
    """
    rng = RandomStream(seed, "held out").generator()
    groups: dict[str, list[int]] = {}
    for i, text in enumerate(texts):
        groups.setdefault(text.text, []).append(i)
    chosen = np.zeros(len(texts), np.bool_)
    by_class: dict[tuple[str, ...], list[list[int]]] = {}
    for group in groups.values():
        by_class.setdefault(texts[group[0]].labels, []).append(group)
    for key in sorted(by_class):
        members = by_class[key]
        count = min(round(fraction * len(members)), len(members) - 1)
        for i in rng.permutation(len(members))[:count]:
            chosen[members[i]] = True
    if len(texts) < 2:
        raise DataError("a single text cannot be split into train and dev; give more, or --dev")
    if not chosen.any():
        chosen[rng.integers(len(texts))] = True
    return chosen


def fold_of(texts: Sequence[LabeledText], folds: int, seed: int) -> NDArray[np.int64]:
    """Return the number of the fold of each text, (n,): each class is spread over all folds.

    Raises:
        DataError: there are fewer texts than folds.
    """
    if len(texts) < folds:
        raise DataError(f"{len(texts)} texts cannot be cut into {folds} folds; lower --folds")
    rng = RandomStream(seed, "folds").generator()
    by_class: dict[tuple[str, ...], list[int]] = {}
    for i, text in enumerate(texts):
        by_class.setdefault(text.labels, []).append(i)
    numbers, first = np.zeros(len(texts), np.int64), 0
    for key in sorted(by_class):
        members = np.array(by_class[key])
        numbers[members[rng.permutation(len(members))]] = (first + np.arange(len(members))) % folds
        first += len(members)
    return numbers
