"""Render every formula of docs/**/*.md with KaTeX and report those that fail, by file and line.

hatch run docs:formulas
hatch run docs:formulas docs/log/02-softmax-and-cross-entropy.md

Requires node and npm. KaTeX is installed once, at the version below, into .hatch/katex-VERSION. It
runs in its strict mode: what LaTeX would not accept is an error. The exit code is 1 if a formula
fails.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from checks.formulas import Formula, formulas  # noqa: E402
from checks.pages import DOCS, ROOT, line_of, read  # noqa: E402

VERSION = "0.16.22"


def installed(folder: Path) -> Path:
    """Install KaTeX into a folder if it is not there, and return the folder."""
    package = folder / "node_modules" / "katex" / "package.json"
    if not package.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise SystemExit("npm is not on PATH; install Node.js to render the formulas")
        folder.mkdir(parents=True, exist_ok=True)
        command = [
            npm,
            "install",
            "--prefix",
            str(folder),
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
        ]
        subprocess.run([*command, f"katex@{VERSION}"], check=True, stdout=subprocess.DEVNULL)
    return folder


def errors(found: list[Formula], folder: Path) -> list[tuple[int, str]]:
    """Render formulas; return (index, message) for each that fails."""
    texts = json.dumps([{"tex": each.tex, "display": each.is_display} for each in found])
    command = ["node", str(HERE / "katex.cjs"), str(folder)]
    done = subprocess.run(command, input=texts, capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    if result["version"] != VERSION:
        raise SystemExit(f"KaTeX {result['version']} is in {folder}, {VERSION} is expected")
    return [(index, message) for index, message in result["errors"]]


def main(arguments: list[str]) -> int:
    """Render the formulas of the files named, or of all documents; print the errors."""
    paths = [Path(name).resolve() for name in arguments] or sorted(DOCS.rglob("*.md"))
    found = [(path, formula) for path in paths for formula in formulas(read(path))]
    folder = installed(ROOT / ".hatch" / f"katex-{VERSION}")
    failures = errors([formula for _, formula in found], folder)
    for index, message in failures:
        path, formula = found[index]
        where = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        print(f"{where}:{line_of(read(path), formula.start)}: {message}")
    print(f"{len(found)} formulas of {len(paths)} files, {len(failures)} errors (KaTeX {VERSION})")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
