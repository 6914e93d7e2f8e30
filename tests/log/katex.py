"""Render every formula of docs/**/*.md with KaTeX and report those that fail, by file and line.

hatch run docs:formulas
hatch run docs:formulas docs/log/02-softmax-and-cross-entropy.md

Requires node and npm. KaTeX is installed once into .hatch (`docs/site/katex.py`). It runs in its
strict mode: what LaTeX would not accept is an error. The exit code is 1 if a formula fails.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from checks.formulas import formulas  # noqa: E402
from checks.pages import DOCS, ROOT, line_of, read  # noqa: E402

from docs.site.katex import VERSION, install, render  # noqa: E402


def main(arguments: list[str]) -> int:
    """Render the formulas of the files named, or of all documents; print the errors."""
    paths = [Path(name).resolve() for name in arguments] or sorted(DOCS.rglob("*.md"))
    parts = [(path, formula) for path in paths for formula in formulas(read(path))]
    install()
    failures = render([(formula.tex, formula.is_display) for _, formula in parts]).errors
    for index, message in failures:
        path, formula = parts[index]
        where = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        print(f"{where}:{line_of(read(path), formula.start)}: {message}")
    print(f"{len(parts)} formulas of {len(paths)} files, {len(failures)} errors (KaTeX {VERSION})")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
