"""KaTeX: installed once from npm into .hatch, and run by Node.js."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
VERSION = "0.16.22"
FOLDER = HERE.parents[1] / ".hatch" / f"katex-{VERSION}"


@dataclass(frozen=True)
class Rendered:
    """HTML of each formula, None if it is wrong; and (index, message) of the wrong ones."""

    html: list[str | None]
    errors: list[tuple[int, str]]


def install(folder: Path = FOLDER) -> Path:
    """Install KaTeX if it is not in the folder; return the folder of its package."""
    package = folder / "node_modules" / "katex"
    if not (package / "package.json").exists():
        npm = shutil.which("npm")
        if npm is None:
            raise SystemExit("npm is not on PATH; install Node.js to render the formulas")
        folder.mkdir(parents=True, exist_ok=True)
        options = ["--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund"]
        command = [npm, "install", *options, f"katex@{VERSION}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return package


def render(formulas: list[tuple[str, bool]], folder: Path = FOLDER) -> Rendered:
    """Render formulas, (TeX, whether displayed) each, in the strict mode of KaTeX."""
    texts = json.dumps([{"tex": tex, "display": display} for tex, display in formulas])
    command = ["node", str(HERE / "katex.cjs"), str(folder)]
    done = subprocess.run(command, input=texts.encode(), capture_output=True, check=True)
    result = json.loads(done.stdout)
    if result["version"] != VERSION:
        raise SystemExit(f"KaTeX {result['version']} is in {folder}, {VERSION} is expected")
    return Rendered(result["html"], [(index, message) for index, message in result["errors"]])
