"""Labeled texts in folders: one folder per class, one file per text."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from pmt_core import TEXT_LIMITS, DataError, FileProblem, InputFile, PmtError
from pmt_text.classification.labeled_text import LabeledText, LabeledTexts

_SPLITS = {
    "train": ("train", "training"),
    "dev": ("dev", "valid", "validation", "val"),
    "test": ("test",),
}
_UNLABELED = "unsup"  # of aclImdb: reviews without labels


def split_folder(folder: Path, split: str) -> Path | None:
    """Return the folder of a split within a folder ("train", "dev", "test"); None without one."""
    for name in _SPLITS.get(split, (split,)):
        if (folder / name).is_dir() and class_folders(folder / name):
            return folder / name
    return None


def class_folders(folder: Path) -> list[Path]:
    """Return the folders within a folder that hold files themselves, sorted by name."""
    try:
        inside = sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError as error:
        raise FileProblem.from_os_error("read", folder, error) from error
    return [path for path in inside if path.name != _UNLABELED and any(_files(path))]


def load_class_folders(
    folder: Path, encoding: str = "utf-8", split: str = "train", limit: int | None = None
) -> LabeledTexts:
    """Load a folder with a folder per class, or with a folder `split` that has them.

    The label is the name of the folder. A file that is not text in the encoding, or has no text,
    is dropped, counted and named. If a class has files *.txt, these alone are read. A folder
    "unsup" (of aclImdb) is left out. limit: that many texts, of the classes in turn.

    Raises:
        FileProblem: it cannot be read.
        DataError: there are fewer than two classes, or no text is left.
    """
    root = split_folder(folder, split) or folder
    classes = class_folders(root)
    if len(classes) < 2:
        raise DataError(
            f"expected a folder per class with texts in {str(root)!r}, got {len(classes)} such "
            f"folders; a layout that is read is {folder.name}/train/pos/1.txt, {folder.name}/train/"
            f"neg/1.txt, or the same without train"
        )
    texts: list[LabeledText] = []
    dropped: dict[str, list[str]] = {}
    digest, size = hashlib.sha256(), 0
    for path in _in_turn([_files(path) for path in classes]):
        if limit is not None and len(texts) >= limit:
            break
        name = f"{path.parent.name}/{path.name}"
        content = _content(path)
        if content is None:
            dropped.setdefault("cannot be read", []).append(name)
            continue
        digest.update(os.fsencode(name) + b"\0" + hashlib.sha256(content).digest())
        size += len(content)
        reason = ""
        try:
            text = content.decode(encoding).replace("\r\n", "\n").strip()
            reason = "" if text else "no text"
        except UnicodeDecodeError:
            reason = f"not text in {encoding.upper()}"
        if reason:
            dropped.setdefault(reason, []).append(name)
        else:
            texts.append(LabeledText(text, (path.parent.name,)))
    if not texts:
        raise DataError(f"{root} has no file with text in {encoding.upper()}")
    return LabeledTexts(
        texts,
        str(root),
        f"a folder per class ({len(classes)})",
        dropped_files=dropped,
        bytes=size,
        sha256=digest.hexdigest(),
    )


def _files(folder: Path) -> list[Path]:
    try:
        files = sorted(
            path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")
        )
    except OSError as error:
        raise FileProblem.from_os_error("read", folder, error) from error
    return [path for path in files if path.suffix == ".txt"] or files


def _in_turn(lists: Sequence[Sequence[Path]]) -> list[Path]:
    """Return the files of all classes, the first of each class first."""
    return [files[i] for i in range(max(map(len, lists))) for files in lists if i < len(files)]


def _content(path: Path) -> bytes | None:
    try:
        with InputFile(path, TEXT_LIMITS) as file:
            return file.stream.read()
    except PmtError:
        return None
