"""Run a notebook from its first cell to its last, and print what its cells print.

python docs/site/run_notebook.py FILE.ipynb

Needs nbclient and a kernel, and nothing of this project: `make_notebooks.py` calls it in another
environment. The exit code is 1 if a cell raises.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


def main(path: Path) -> int:
    """Run a notebook in its folder."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    client = NotebookClient(notebook, timeout=None, resources={"metadata": {"path": path.parent}})
    try:
        client.execute()
    except CellExecutionError as error:
        print(error, file=sys.stderr)
        return 1
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            print(output.get("text", ""), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
