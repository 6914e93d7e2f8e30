"""JSON files: written whole or not at all, read with clear errors."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pmt_core import DataError, FileProblem, atomic_file


def write_json(path: str | os.PathLike[str], content: Mapping[str, Any]) -> None:
    """Write JSON for people to read, atomically. Numbers must be finite."""
    with atomic_file(path, "w") as file:
        json.dump(content, file, indent=2, ensure_ascii=False, allow_nan=False)
        file.write("\n")


def read_json(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a JSON object. Raises FileProblem or DataError."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise FileProblem.from_os_error("read", path, error) from error
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{os.fspath(path)} is not JSON: {error}; restore it or start anew"
        ) from error
    if not isinstance(content, dict):
        raise DataError(f"{os.fspath(path)}: expected a JSON object, got {type(content).__name__}")
    return content
