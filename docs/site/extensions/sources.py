"""Pages of source files, and links `site:PATH` to files of the site that are no documents."""

from __future__ import annotations

import ast
import html
import posixpath
import shutil
from pathlib import Path, PurePosixPath
from typing import Any

from docutils import nodes
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import TextLexer, get_lexer_for_filename
from pygments.util import ClassNotFound
from sphinx.application import Sphinx

from docs.site.notebooks import REPOSITORY
from docs.site.pages import PACKAGES, import_folder

SCHEME = "site:"
LARGEST = 400_000  # bytes; a longer file is shown to its limit
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{path}</title>
<link rel="icon" href="{up}_static/icon.svg">
<link rel="stylesheet" href="{up}_static/pygments.css">
<link rel="stylesheet" href="{up}_static/source.css">
<script>
const mode = localStorage.getItem("mode") || "auto";
const prefersDark = matchMedia("(prefers-color-scheme: dark)").matches;
const dark = mode === "dark" || (mode === "auto" && prefersDark);
document.documentElement.dataset.theme = dark ? "dark" : "light";
</script>
</head>
<body>
<header><a href="{up}index.html">pmt</a> <h1>{trail}</h1></header>
<main>{body}</main>
</body>
</html>
"""


def resolve(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Make the links `site:PATH` of a page relative, and remember the sources that they need."""
    for link in doctree.findall(nodes.reference):
        target = link.get("refuri", "")
        if target.startswith(SCHEME):
            path = target.removeprefix(SCHEME)
            folder = posixpath.dirname(app.builder.get_target_uri(docname))
            link["refuri"] = posixpath.relpath(path, folder or ".")
            if path.startswith("source/"):
                needed(app).add(path.partition("#")[0].removeprefix("source/"))


def needed(app: Sphinx) -> set[str]:
    """Return what pages link below `source/`: `PATH.html`, or a file of the repository as it is."""
    if not hasattr(app.env, "linked_sources"):
        app.env.linked_sources = set()
    paths: set[str] = app.env.linked_sources
    return paths


def write_all(app: Sphinx, error: Exception | None) -> None:
    """Write the pages of all linked files and folders, and of the packages."""
    if error is not None or app.builder.name != "html":
        return
    root, out = Path(app.config.repository), Path(app.outdir) / "source"
    paths = {path.removesuffix(".html") for path in needed(app) if path.endswith(".html")}
    for path in needed(app) - {f"{path}.html" for path in paths}:
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, out / path)
    for package in PACKAGES:
        paths |= {_relative(path, root) for path in (root / import_folder(package)).rglob("*.py")}
    paths |= {_relative(child, root) for path in paths for child in _files(root / path)}
    for path in sorted(paths):
        page = out / f"{path}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(source_page(root, path, paths), encoding="utf-8")


def _files(folder: Path) -> list[Path]:
    """Return the files and folders that the page of a folder lists."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.name[0] not in "._")


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def source_page(root: Path, path: str, pages: set[str]) -> str:
    """Return the page of a file, with a number and an anchor for each line, or of a folder.

    Args:
        root: the clone.
        path: of the file or folder in it.
        pages: the paths that have pages; others that a folder has link the repository.
    """
    parts = path.split("/")
    trail = "/<wbr>".join(map(html.escape, parts))
    up = "../" * len(parts)
    if (root / path).is_dir():
        body = _listing(root, path, pages)
    else:
        body = _highlighted(root / path)
    return PAGE.format(path=html.escape(path), up=up, trail=trail, body=body)


def _listing(root: Path, folder: str, pages: set[str]) -> str:
    rows = []
    for path in _files(root / folder):
        child = _relative(path, root)
        kind = "tree" if path.is_dir() else "blob"
        local = f"{PurePosixPath(folder).name}/{path.name}.html"
        target = local if child in pages else f"{REPOSITORY}/{kind}/main/{child}"
        name = path.name + ("/" if path.is_dir() else "")
        rows.append(f'<li><a href="{html.escape(target)}">{html.escape(name)}</a></li>')
    return f"<ul>{''.join(rows)}</ul>"


def _highlighted(path: Path) -> str:
    content = path.read_bytes()
    if b"\0" in content:
        return f"<p>{len(content):,} bytes, not text.</p>"
    text = content.decode("utf-8", errors="replace")[:LARGEST]
    try:
        lexer = get_lexer_for_filename(path.name, stripnl=False)
    except ClassNotFound:
        lexer = TextLexer(stripnl=False)
    formatter = HtmlFormatter(
        linenos="inline", lineanchors="L", anchorlinenos=True, wrapcode=True, cssclass="highlight"
    )
    body: str = (
        highlight(text, lexer, formatter)
        .replace('id="L-', 'id="L')
        .replace('href="#L-', 'href="#L')
    )
    if path.suffix == ".py":
        for name, line in definition_lines(text).items():
            anchor = f'<a id="L{line}" name="L-{line}"'
            body = body.replace(anchor, f'<a id="{html.escape(name)}"></a>{anchor}', 1)
    return body


def definition_lines(text: str) -> dict[str, int]:
    """Return the line of each function and class of a Python file, methods as `Class.method`."""
    lines: dict[str, int] = {}
    pending = [("", node) for node in ast.parse(text).body]
    for prefix, node in pending:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            lines.setdefault(prefix + node.name, node.lineno)
            if isinstance(node, ast.ClassDef):
                pending += [(f"{prefix}{node.name}.", child) for child in node.body]
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            lines |= {prefix + name: node.lineno for name in names if prefix + name not in lines}
    return lines


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the links and the pages."""
    app.add_config_value("repository", "", "env", types=[str])
    app.connect("doctree-resolved", resolve)
    app.connect("build-finished", write_all)
    return {"version": "1", "parallel_read_safe": True}
