"""Formulas, rendered by KaTeX when the site is built: a page needs its style and fonts only."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from docs.site.katex import install, render

WORD_JOINER = "&#8288;"  # no line ends between a formula and the punctuation behind it
LOGGER = logging.getLogger(__name__)


def rendered(env: BuildEnvironment) -> dict[tuple[str, bool], str | None]:
    """Return the HTML of each formula (TeX, whether displayed) that has been read."""
    if not hasattr(env, "katex_html"):
        env.katex_html = {}
    html: dict[tuple[str, bool], str | None] = env.katex_html
    return html


def collect(app: Sphinx, doctree: nodes.document) -> None:
    """Remember the formulas of a page."""
    for node in doctree.findall(lambda each: isinstance(each, (nodes.math, nodes.math_block))):
        key = node.astext(), isinstance(node, nodes.math_block)
        rendered(app.env).setdefault(key, None)


def render_all(app: Sphinx, env: BuildEnvironment) -> None:
    """Render all formulas that are new, by one process."""
    html = rendered(env)
    new = [key for key, value in html.items() if value is None]
    if not new:
        return
    result = render(new)
    for key, value in zip(new, result.html):
        html[key] = value or ""
    for index, message in result.errors:
        LOGGER.warning("KaTeX: %s: %s", new[index][0], message)


def visit_formula(self: Any, node: nodes.Element) -> None:
    """Write a formula within a line."""
    html = rendered(self.builder.env)[node.astext(), False]
    following = node.next_node(descend=False, siblings=True)
    joined = isinstance(following, nodes.Text) and following.astext()[:1] in tuple(".,:;!?)")
    self.body.append(f"{html}{WORD_JOINER}" if joined else html)
    raise nodes.SkipNode


def visit_displayed_formula(self: Any, node: nodes.Element) -> None:
    """Write a displayed formula, in a box that scrolls if the page is narrower."""
    html = rendered(self.builder.env)[node.astext(), True]
    self.body.append(f'<div class="formula" tabindex="0">{html}</div>\n')
    raise nodes.SkipNode


def copy_style(app: Sphinx, error: Exception | None) -> None:
    """Copy KaTeX's style and its fonts (woff2: every browser of today) to the site."""
    if error is not None:
        return
    source, target = install() / "dist", Path(app.outdir) / "_static" / "katex"
    (target / "fonts").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / "katex.min.css", target / "katex.min.css")
    for path in (source / "fonts").glob("*.woff2"):
        shutil.copyfile(path, target / "fonts" / path.name)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer of formulas."""
    install()
    app.add_html_math_renderer(
        "katex",
        inline_renderers=(visit_formula, None),
        block_renderers=(visit_displayed_formula, None),
    )
    app.connect("doctree-read", collect)
    app.connect("env-updated", render_all)
    app.connect("build-finished", copy_style)
    return {"version": "1", "env_version": 1, "parallel_read_safe": False}
