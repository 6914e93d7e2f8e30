"""`replay_page`: a training as one HTML file, which opens from disk without any request."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from typing import Any

from pmt_apps.server.network.response import Response
from pmt_apps.server.page_files import page_text
from pmt_core import DataError

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)
"""Of the file: it may load nothing."""
_START = "training/replay.js"
_CHARTS = "vendor/uplot/uPlot.iife.min.js"
_STYLES = ("style.css", "training/training.css", "vendor/uplot/uPlot.min.css")
_IMPORT = re.compile(r'^import \{([^}]*)\} from "/static/([\w/.]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const) (\w+))", re.MULTILINE)
_OTHER = re.compile(r"^\s*(?:import\b|export\b)", re.MULTILINE)


def replay_response(trainings: Mapping[str, Any]) -> Response:
    """Return the file as an answer that a browser saves."""
    name = "-".join(re.sub(r"[^\w.-]", "_", name, flags=re.ASCII)[:60] for name in trainings)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}-training.html"',
        "Content-Security-Policy": POLICY,
    }
    data = replay_page(trainings).encode("utf-8", "replace")
    return Response.of_bytes(data, "text/html; charset=utf-8", headers=headers)


def replay_page(trainings: Mapping[str, Any]) -> str:
    """Return the file. trainings: by the name of the run, the first one is shown."""
    styles = "\n".join(page_text(name) for name in _STYLES)
    script = "\n".join([page_text(_CHARTS), joined_modules(_START)])
    for text in (styles, script):
        if "</s" in text.lower():
            raise DataError("a file of the page cannot be written into another: it has </s")
    # Within a script, "<" could end it; JSON may write it in another way.
    data = json.dumps(trainings, allow_nan=False).replace("<", "\\u003c")
    title = html.escape(" and ".join(trainings), quote=True)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{html.escape(POLICY, quote=True)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Training of {title} · pmt</title>
<link rel="icon" href="data:,">
<style>{styles}</style>
</head>
<body>
<header><strong>pmt</strong> <span>a replay of a training</span></header>
<main id="content"></main>
<noscript><p>This page needs JavaScript.</p></noscript>
<script type="application/json" id="trainings">{data}</script>
<script>{script}</script>
</body>
</html>
"""


def joined_modules(start: str) -> str:
    """Return one script of a module of the page and all that it imports.

    Each module becomes a function that returns its exports. Raises DataError for an import or
    export of another kind than the page has, and for modules that import each other.
    """
    order: dict[str, str] = {}
    _add_module(start, order, ())
    return '"use strict";\n' + "\n".join(order.values())


def _add_module(name: str, order: dict[str, str], importing: tuple[str, ...]) -> None:
    if name in order:
        return
    if name in importing:
        raise DataError(f"{name} imports itself")
    text = page_text(name)
    constants = []
    for names, module in _IMPORT.findall(text):
        _add_module(module, order, (*importing, name))
        pattern = re.sub(r"\s+as\s+", ": ", " ".join(names.split()))
        constants.append(f"const {{ {pattern} }} = {_variable(module)};")
    exports = ", ".join(_EXPORT.findall(text))
    body = _EXPORT.sub("", _IMPORT.sub("", text))
    if _OTHER.search(body):
        raise DataError(f"{name}: an import or export that cannot be joined")
    order[name] = "\n".join(
        [
            f"const {_variable(name)} = (() => {{",
            *constants,
            body,
            f"return {{ {exports} }};",
            "})();",
        ]
    )


def _variable(name: str) -> str:
    return "module_" + re.sub(r"\W", "_", name)
