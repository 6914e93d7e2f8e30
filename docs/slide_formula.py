"""TeX and Markdown of the log as HTML that needs nothing from elsewhere: formulas become SVG."""

from __future__ import annotations

import html
import re
from functools import cache
from typing import Any

import matplotlib
from matplotlib.path import Path as Outline
from matplotlib.textpath import TextPath

_EM = 100.0  # size of the letters that outlines are made with
_FONT: dict[Any, Any] = {"mathtext.fontset": "cm", "font.family": "DejaVu Sans"}
_BREAK = re.compile(r"\\begin\{\w+\}|\\end\{\w+\}|\\\\(?:\[\w+\])?")
_PLAIN = (
    (re.compile(r"\\[lr]Vert\b"), r"\\|"),
    (re.compile(r"\\(?:[bB]ig+[lr]?)\b\s*"), ""),
    (re.compile(r"\\tfrac\b"), r"\\frac"),
    (re.compile(r"\\text\{([^{}]*)\}"), lambda match: _roman(match[1])),
    (re.compile(r"\\sqrt\s+(\\?\w+)"), r"\\sqrt{\1}"),
    (re.compile(r"frac(\w)(\w)"), r"frac{\1}{\2}"),
    (re.compile(r"\\operatorname\b"), r"\\mathrm"),
    (re.compile(r"\\bmod\b"), r"\\ \\mathrm{mod}\\ "),
    (re.compile(r"\\le\b"), r"\\leq"),
    (re.compile(r"\\ge\b"), r"\\geq"),
    (re.compile(r"\\ne\b"), r"\\neq"),
    (re.compile(r"\\gets\b"), r"\\leftarrow"),
    (re.compile(r"\\dots\b"), r"\\ldots"),
    (re.compile(r"&"), ""),
)
_INLINE = re.compile(
    r"\$`(?P<ticked>[^`]+)`\$|`(?P<code>[^`]+)`|\$(?P<tex>[^$]+)\$"
    r"|\[(?P<link>(?:[^\[\]]|\[[^\]]*\])*)\]\([^)\s]*\)|\*\*(?P<strong>[^*]+)\*\*|\*(?P<em>[^*]+)\*"
)


class FormulaError(ValueError):
    """A formula that cannot be drawn."""


def _roman(text: str) -> str:
    """Return upright text of a formula with its spaces."""
    return r"\mathrm{" + text.replace(" ", r"\ ") + "}"


def displayed(tex: str) -> list[str]:
    """Return the lines of a displayed formula as SVG, broken where they have room between parts."""
    lines = [line.strip() for line in _BREAK.split(tex.replace(r"\frac", r"\dfrac"))]
    parts = [
        part.strip() for line in lines for part in re.split(r"\\qquad|\\quad(?=\\Rightarrow)", line)
    ]
    return [svg(part.rstrip(" ,.;")) for part in parts if part.strip(" ,.;&")]


@cache
def svg(tex: str) -> str:
    """Return a formula as one SVG of its outlines, as large as the text around it.

    Raises:
        FormulaError: matplotlib does not know a command in it.
    """
    plain = tex
    for pattern, replacement in _PLAIN:
        plain = pattern.sub(replacement, plain)
    try:
        with matplotlib.rc_context(_FONT):
            outline = TextPath((0, 0), f"${plain}$", size=_EM)
    except ValueError as error:
        raise FormulaError(f"{tex}: {error}") from error
    box = outline.get_extents()
    left, width = box.x0 - 2, box.width + 4
    top, bottom = max(box.y1, 0.7 * _EM) + 2, min(box.y0, 0.0) - 2
    height = top - bottom
    style = (
        f"width:{width / _EM:.2f}em;height:{height / _EM:.2f}em;vertical-align:{bottom / _EM:.2f}em"
    )
    view = f"{left:.0f} {-top:.0f} {width:.0f} {height:.0f}"
    label = html.escape(tex, quote=True)
    return (
        f'<svg role="img" aria-label="{label}" style="{style}" viewBox="{view}">'
        f'<path d="{_commands(outline)}"/></svg>'
    )


def _commands(outline: Outline) -> str:
    """Return the commands of an SVG path, with y downward."""
    letters = {Outline.MOVETO: "M", Outline.LINETO: "L", Outline.CURVE3: "Q", Outline.CURVE4: "C"}
    commands = []
    for points, code in outline.iter_segments(curves=True, simplify=False):
        if code == Outline.CLOSEPOLY:
            commands.append("Z")
            continue
        numbers = [
            f"{-value:.1f}".rstrip("0").rstrip(".")
            if i % 2
            else f"{value:.1f}".rstrip("0").rstrip(".")
            for i, value in enumerate(points)
        ]
        commands.append(letters[code] + " ".join(numbers))
    return "".join(commands)


def markup(text: str) -> str:
    """Return Markdown of one line as HTML: code, formulas, emphasis; links become their text."""
    parts, end = [], 0
    for match in _INLINE.finditer(text):
        parts.append(html.escape(text[end : match.start()]))
        end = match.end()
        if (tex := match["tex"] or match["ticked"]) is not None:
            parts.append(svg(tex))
        elif match["code"] is not None:
            parts.append(f"<code>{html.escape(match['code'])}</code>")
        elif match["link"] is not None:
            parts.append(markup(match["link"]))
        elif match["strong"] is not None:
            parts.append(f"<strong>{markup(match['strong'])}</strong>")
        else:
            parts.append(f"<em>{markup(match['em'])}</em>")
    return "".join([*parts, html.escape(text[end:])])


def plain(text: str) -> str:
    """Return Markdown of one line as text without any marks, for attributes and titles."""
    return re.sub(r"[*`$]|\\\w+|\]\([^)]*\)|[\[{}]", "", text)
