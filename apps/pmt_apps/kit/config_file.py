"""`config.json`: the settings of a run, written and read back."""

from __future__ import annotations

import os
from typing import Any

from pmt_apps.kit.files import read_json, write_json
from pmt_apps.kit.options import option_types, options_of
from pmt_apps.kit.settings import AppSettings
from pmt_core import DataError

_TASK = "task"


def save_settings(path: str | os.PathLike[str], task: str, settings: AppSettings) -> None:
    """Write the settings of a run, and which task it is a run of."""
    write_json(path, {_TASK: task, **settings.to_json()})


def load_settings(
    path: str | os.PathLike[str], task: str, kind: type[AppSettings]
) -> dict[str, Any]:
    """The settings that `save_settings` wrote, by name; one newer than the run is left out.

    Raises FileProblem, or DataError for another task's run or values that make no sense.
    """
    content = read_json(path)
    if content.get(_TASK) != task:
        raise DataError(
            f"{os.fspath(path)} belongs to a run of {content.get(_TASK)!r}, not of {task!r}; "
            "name the right folder by --out"
        )
    content = {kind.renamed.get(name, name): value for name, value in content.items()}
    types = option_types(kind)
    infos = {item.name: info for item, info in options_of(kind) if not info.transient}
    strange = sorted(content.keys() - infos.keys() - {_TASK})
    if strange:
        raise DataError(
            f"{os.fspath(path)}: unknown settings {', '.join(strange)}; "
            "use the version of the program that made this run"
        )
    found: dict[str, Any] = {}
    for name in infos.keys() & content.keys():
        try:
            found[name] = types[name].from_json(content[name], infos[name])
        except ValueError as error:
            raise DataError(f"{os.fspath(path)}: {name}: {error}") from None
    return found
