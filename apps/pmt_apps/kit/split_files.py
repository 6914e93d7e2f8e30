"""The files of the train, dev and test splits, from the command line or the samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pmt_apps.kit.settings import AppSettings, flag
from pmt_core import SettingsError


def split_files(
    settings: AppSettings,
    options: Mapping[str, Sequence[str]],
    samples: Mapping[str, Sequence[Path]],
    hint: str = "",
) -> dict[str, tuple[Path, ...]]:
    """Return the files of each split: those of the command line, or else the samples.

    Args:
        settings: has an attribute, a path or None, for each option.
        options: names of the options of each split: of "train", "dev" and maybe "test".
        samples: the files to use if neither train nor dev was given.
        hint: further text for the error message.

    Raises:
        SettingsError: if only some of the files of train and dev, or of one split, were given.
    """
    given = {
        split: tuple(path for name in names if (path := getattr(settings, name)) is not None)
        for split, names in options.items()
    }
    files = {split: paths for split, paths in given.items() if len(paths) == len(options[split])}
    incomplete = {split for split, paths in given.items() if paths} - files.keys()
    if not incomplete and not {"train", "dev"} & files.keys():
        return {**{split: tuple(paths) for split, paths in samples.items()}, **files}
    needed = {"train", "dev"} | incomplete
    if needed <= files.keys():
        return files
    flags = [flag(name) for split in options if split in needed for name in options[split]]
    raise SettingsError(
        f"{' and '.join(flags)} go together: dev selects the best weights and must not be "
        f"trained on{hint}"
    )
