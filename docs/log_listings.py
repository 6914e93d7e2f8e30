"""Write the listings of the development log and of the cards anew, from the sources they show.

hatch run log_listings

A listing begins with ```python PATH:NAME, where PATH is a file of the repository and NAME a
function or class in it (or Class.method). The text below is that definition as it is today, without
the examples of its docstring; a test fails if it is not.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LISTING = re.compile(r"^```python ([\w./-]+):([\w.]+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXAMPLES = re.compile(r'\n\n( *)Examples:\n(?:\1    [^\n]*\n|\n)*(?=\1""")')


def definition(path: str, name: str, root: Path = ROOT) -> str:
    """Return the source of a function or class, with its decorators, ending in a newline.

    The `Examples:` of docstrings are left out: a page has its own.

    Raises:
        LookupError: the file or the name does not exist.
    """
    file = root / path
    if not file.is_file():
        raise LookupError(f"there is no {path}")
    text = file.read_text(encoding="utf-8")
    node: ast.AST = ast.parse(text)
    for part in name.split("."):
        results = [
            item for item in getattr(node, "body", []) if getattr(item, "name", None) == part
        ]
        if not results:
            raise LookupError(f"{path} has no {name}")
        node = results[0]
    first = min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", []))])
    source = "\n".join(text.splitlines()[first - 1 : node.end_lineno]) + "\n"
    without = EXAMPLES.sub("\n", source)
    return re.sub(r'(""".+)\n *"""\n', r'\1"""\n', without)  # one line again


def refreshed(page: str, root: Path = ROOT) -> str:
    """Return the page with every listing as its source is today."""
    return LISTING.sub(
        lambda match: f"```python {match[1]}:{match[2]}\n{definition(match[1], match[2], root)}```",
        page,
    )


def pages(docs: Path) -> list[Path]:
    """Return the pages of the log and the cards."""
    return [path for folder in ("log", "cards") for path in sorted((docs / folder).glob("*.md"))]


if __name__ == "__main__":
    for path in pages(ROOT / "docs"):
        path.write_text(refreshed(path.read_text(encoding="utf-8")), encoding="utf-8")
