"""`AppSettings`: the settings that every app has, their file config.json, files of splits."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from pmt_apps.kit.files import write_json
from pmt_apps.kit.options import (
    BATCH_SIZE,
    EPOCHS,
    LAYERS,
    SEED,
    SIZE,
    model_option,
    option,
    option_types,
    options_of,
    training_option,
)
from pmt_apps.kit.path_text import path_to_text
from pmt_apps.kit.text_table import text_table
from pmt_core import DataError, RandomStream, SettingsError, json_object, read_json, value_text
from pmt_train import core_count


@dataclass(frozen=True)
class AppSettings:
    """Base of the settings of an app: a frozen dataclass with one option per field.

    An app adds fields with `option(...)`, and may change the defaults of these.

    Raises:
        SettingsError: for a value that is not allowed; names the option and what was expected.
    """

    renamed: ClassVar[Mapping[str, str]] = {}
    """Earlier names of settings and their current ones: saved runs are read with either."""
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Settings that change the `defaults` of others, by their text in `--help`; "": what is usual.
    The help of each option shows the default of each variant."""

    out: Path = option(
        Path("runs/app"), "folder of the run", group="run", changeable=True, metavar="DIR"
    )
    resume: bool = option(False, "resume the run in --out", group="run", transient=True)
    overwrite: bool = option(False, "replace the run in --out", group="run", transient=True)
    predict: bool = option(
        False,
        "use the run in --out: an example per line of standard input, JSON lines as output",
        group="run",
        transient=True,
    )
    seed: int = option(1, "of all random numbers", group="training", **SEED)
    epochs: int = option(5, "passes over the training data", group="training", **EPOCHS)
    batch_size: int = option(64, "examples per step", group="training", **BATCH_SIZE)
    lr: float = option(1e-3, "highest learning rate", group="training", above=0)
    workers: int = option(
        default_factory=core_count,
        help="threads",
        group="run",
        at_least=1,
        changeable=True,
        default_text="the cores",
    )
    record: bool = option(
        False,
        "record layers and rates for the page of `pmt serve` (recording.jsonl)",
        group="run",
        changeable=True,
    )
    limit: int | None = option(
        None, "use only the first N training examples", group="run", at_least=1, metavar="N"
    )

    def __post_init__(self) -> None:
        kinds = option_types(type(self))
        for item, info in options_of(type(self)):
            value, kind = getattr(self, item.name), kinds[item.name]
            if value is None and kind.optional:
                continue
            try:
                if kind.several:
                    value = tuple(kind.check(part, info) for part in value)
                else:
                    value = kind.check(value, info)
            except ValueError as error:
                raise SettingsError(f"option {flag(item.name)}: {error}") from None
            object.__setattr__(self, item.name, value)  # frozen from here on

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return defaults that depend on the given settings, e.g. those of a preset; none here.

        given: the settings of the command line, by name.
        """
        return {}

    def to_json(self) -> dict[str, Any]:
        """Return the settings of the run, without the transient ones, as JSON."""
        plain = asdict(self)
        return {
            item.name: _to_json(plain[item.name])
            for item, info in options_of(type(self))
            if not info.transient
        }

    def table(self) -> str:
        """Return the settings of the run as a table in plain text."""
        rows = [(name.replace("_", "-"), _shown(value)) for name, value in self.to_json().items()]
        return text_table(rows)


@dataclass(frozen=True)
class TransformerSettings(AppSettings):
    """Settings of the apps that train a Transformer; they give these their own defaults."""

    width: int = model_option(128, "model width", **SIZE)
    heads: int = model_option(4, "attention heads, a divisor of --width", **SIZE)
    hidden: int | None = model_option(None, "width of the feed-forward networks", **SIZE)
    layers: int = model_option(2, "layers of the encoder", **LAYERS)
    dropout: float = training_option(0.1, "dropout rate", at_least=0, below=1)
    weight_decay: float = training_option(0.01, "of matrices and tables", at_least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % self.heads:
            raise SettingsError(
                f"--width {self.width} must be a multiple of --heads {self.heads}: each head reads "
                "an equal share of the width"
            )

    @property
    def sizes(self) -> dict[str, Any]:
        """The settings that a `TransformerConfig` has, by name."""
        return {
            "width": self.width,
            "heads": self.heads,
            "hidden": self.hidden or 4 * self.width,
            "layers": self.layers,
            "dropout": self.dropout,
        }


def member_seed(seed: int, i: int) -> int:
    """Return the seed of member i of an ensemble: the first has that of the run."""
    return int(RandomStream(seed, "member", i).generator().integers(2**31)) if i else seed


def flag(name: str) -> str:
    """Return the option of a setting: "batch_size" -> "--batch-size"."""
    return "--" + name.replace("_", "-")


def _to_json(value: Any) -> Any:
    if isinstance(value, Path):
        return path_to_text(value)
    return [_to_json(part) for part in value] if isinstance(value, tuple) else value


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value)) or "-"
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


_TASK = "task"


def save_settings(path: str | os.PathLike[str], task: str, settings: AppSettings) -> None:
    """Write config.json: the settings of a run, and the name of its app."""
    write_json(path, {_TASK: task, **settings.to_json()})


def load_settings(
    path: str | os.PathLike[str], task: str, kind: type[AppSettings]
) -> dict[str, Any]:
    """Return the settings of config.json by name, without those that are newer than the run.

    Raises:
        FileProblem: if the file cannot be read.
        DataError: if it belongs to another app, or has settings or values that are not allowed.
    """
    return settings_from_json(read_json(path), task, kind)


def settings_from_json(content: object, task: str, kind: type[AppSettings]) -> dict[str, Any]:
    """Return the settings of the JSON of a run, see `load_settings`."""
    state = json_object(content)
    start = f"{state.where}: " if state.where else ""
    if state.get(_TASK) != task:
        raise DataError(
            f"{state.where or 'the JSON'} belongs to a run of {value_text(state.get(_TASK))}, not "
            f"of {task!r}; name the right folder by --out"
        )
    values = {kind.renamed.get(name, name): value for name, value in state.items()}
    types = option_types(kind)
    infos = {item.name: info for item, info in options_of(kind) if not info.transient}
    unknown = sorted(values.keys() - infos.keys() - {_TASK})
    if unknown:
        raise DataError(
            f"{start}unknown settings {', '.join(unknown):.200}; "
            "use the version of the program that made this run"
        )
    settings: dict[str, Any] = {}
    for name in infos.keys() & values.keys():
        try:
            settings[name] = types[name].from_json(values[name], infos[name])
        except ValueError as error:
            raise DataError(f"{start}{name}: {error}") from None
    return settings


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
