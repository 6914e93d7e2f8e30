"""The width of an encoder's folder, before it is loaded, and the rate that suits it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pmt_apps.encoder.sentence_files import find_model_folder
from pmt_core import PmtError, field, read_json

NARROW = 256
"""The greatest width of an encoder that needs a high rate of fine-tuning, as one by `pretrain`."""
NARROW_LR = 1e-3
"""That rate, the default of `--lr`."""


def encoder_width(folder: object) -> int | None:
    """Return the width of the layers of a folder's encoder; None if the folder does not say.

    What is wrong with a folder is said where it is loaded.
    """
    try:
        config = find_model_folder(Path(str(folder))) / "config.json"
        return field(read_json(config), "hidden_size", int)
    except PmtError:
        return None


def fine_tuning_defaults(folder: object, usual: dict[str, Any]) -> dict[str, Any]:
    """Return the defaults of fine-tuning: the usual ones, but `NARROW_LR` for a narrow encoder."""
    width = encoder_width(folder)
    return usual if width is None or width > NARROW else {**usual, "lr": NARROW_LR}
