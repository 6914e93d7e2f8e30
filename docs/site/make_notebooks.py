"""Write the notebooks of the log and the course, and execute them in a fresh environment.

hatch run docs:notebooks                    # build/notebooks/log/02-....ipynb, ...
hatch run docs:notebooks --execute          # and run them all in a new virtual environment
hatch run docs:notebooks --execute 02 09    # only those whose file names begin so

The environment has pip and a Jupyter kernel only: the first cell of each notebook installs pmt. The
notebooks lie outside of the clone then and clone it anew. A notebook of the course runs twice, with
its stubs and with the solutions of its page, which have to be right.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from itertools import pairwise
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from docs.site.notebooks import notebook_name, notebook_of, notebook_pages  # noqa: E402

FOLDER = ROOT / "build" / "notebooks"
SOLUTION = re.compile(r"^```py solution\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def write_notebooks(folder: Path = FOLDER) -> list[Path]:
    """Write all notebooks below a folder; return their paths."""
    paths = []
    for page in notebook_pages(ROOT):
        path = folder / str(notebook_name(page))
        write(path, notebook_of(ROOT, page))
        paths.append(path)
    return paths


def write(path: Path, notebook: dict[str, Any]) -> None:
    """Write a notebook as Jupyter does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def solved(page: str) -> dict[str, Any]:
    """Return the notebook of a page of the course with its solutions for answers."""
    notebook = notebook_of(ROOT, page)
    solutions = iter(SOLUTION.findall((ROOT / page).read_text(encoding="utf-8")))
    cells = notebook["cells"]
    for cell, following in pairwise(cells):
        if "".join(following["source"]).startswith('check("'):
            cell["source"] = next(solutions).splitlines(keepends=True)
    return notebook


def execute(pages: list[str]) -> list[str]:
    """Run notebooks in a new environment, in a folder outside of the clone; return the failures."""
    failures = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venv.create(folder / "environment", with_pip=True)
        python = folder / "environment" / ("Scripts" if os.name == "nt" else "bin") / "python"
        install = [str(python), "-m", "pip", "install", "--quiet", "ipykernel", "nbclient"]
        subprocess.run(install, check=True, env=_environment(folder))
        for page in pages:
            variants = {"": notebook_of(ROOT, page)}
            if page.startswith("docs/course/"):
                variants[" with solutions"] = solved(page)
            for variant, notebook in variants.items():
                start = time.perf_counter()
                problem = _run(python, folder, notebook, must_be_right=bool(variant))
                seconds = time.perf_counter() - start
                print(f"{page}{variant}: {problem or 'passed'}, {seconds:.0f} s", flush=True)
                failures += [f"{page}{variant}"] if problem else []
    return failures


def _environment(folder: Path) -> dict[str, str]:
    """Return the environment without what would let other packages in."""
    leaks = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    others = {name: value for name, value in os.environ.items() if name not in leaks}
    jupyter = {name: str(folder / "jupyter") for name in ("JUPYTER_DATA_DIR", "IPYTHONDIR")}
    return {**others, **jupyter, "PMT_REPOSITORY": ROOT.as_uri(), "OPENBLAS_NUM_THREADS": "1"}


def _run(python: Path, folder: Path, notebook: dict[str, Any], must_be_right: bool) -> str:
    """Run a notebook; return what was wrong, or an empty text."""
    path = folder / "notebook.ipynb"
    write(path, notebook)
    command = [str(python), str(HERE / "run_notebook.py"), str(path)]
    done = subprocess.run(
        command, cwd=folder, env=_environment(folder), capture_output=True, text=True, check=False
    )
    if done.returncode:
        return f"failed: {done.stderr[-2000:]}"
    answers = re.findall(r"^\d+\.\d+ is right\.$", done.stdout, re.MULTILINE)
    checks = sum("".join(cell["source"]).startswith('check("') for cell in notebook["cells"])
    wrong = must_be_right and len(answers) != checks
    return f"{len(answers)} of {checks} solutions are right: {done.stdout}" if wrong else ""


def main() -> int:
    """Write the notebooks, and execute them if that is wanted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--execute", action="store_true", help="run them")
    parser.add_argument("beginnings", nargs="*", help="only those whose file names begin so")
    options = parser.parse_args()
    shutil.rmtree(FOLDER, ignore_errors=True)
    paths = write_notebooks()
    print(f"{FOLDER}: {len(paths)} notebooks")
    if not options.execute:
        return 0
    beginnings = tuple(options.beginnings) or ("",)
    pages = [page for page in notebook_pages(ROOT) if Path(page).name.startswith(beginnings)]
    failures = execute(pages)
    for failure in failures:
        print(f"FAILED: {failure}")
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
