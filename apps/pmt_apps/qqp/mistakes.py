"""The most confident mistakes of a run on its dev pairs, as a file beside its metrics."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pmt_apps.kit.files import write_json
from pmt_core import DataError, field, json_object, read_json
from pmt_text import QuestionPair

MISTAKES = "dev_mistakes.json"
"""Name of the file in the folder of a run."""


def write_mistakes(
    folder: Path, pairs: Sequence[QuestionPair], probabilities: Sequence[float]
) -> None:
    """Write pairs that were classified wrongly, the most confident first."""
    rows = [
        {
            "question1": pair.question1,
            "question2": pair.question2,
            "label": pair.label,
            "probability": round(float(p), 6),
        }
        for pair, p in zip(pairs, probabilities, strict=True)
    ]
    write_json(folder / MISTAKES, {"mistakes": rows})


def read_mistakes(folder: Path) -> list[dict[str, Any]]:
    """Return the mistakes of a run; none if it has no such file.

    Raises:
        PmtError: if the file cannot be read.
    """
    path = folder / MISTAKES
    if not path.is_file():
        return []
    rows = field(read_json(path), "mistakes", list)
    kinds = {"question1": str, "question2": str, "label": int, "probability": float}
    try:
        return [
            {key: field(json_object(row), key, kind) for key, kind in kinds.items()} for row in rows
        ]
    except DataError as error:
        raise DataError(f"{str(path)!r}: {error}") from error
