"""Text that a picture can show, whatever is in it."""

from __future__ import annotations

from functools import lru_cache

_NO_GLYPH = "\N{REPLACEMENT CHARACTER}"
_SHOWN = {" ": "\N{OPEN BOX}", "\n": "\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS}", "\t": "→"}


def plot_label(text: str, longest: int = 18) -> str:
    """`text` for a label: cut to `longest` characters, nothing taken for a formula, blanks at
    its ends visible, and a mark for every character that the font does not have.
    """
    if len(text) > longest:
        text = text[: longest - 1] + "…"
    inner = text.strip(" ")
    start = text.index(inner) if inner else 0
    known = _characters()
    marked = [
        _SHOWN[c] if c in _SHOWN and (c != " " or not start <= i < start + len(inner)) else c
        for i, c in enumerate(text)
    ]
    shown = "".join(c if ord(c) in known and c.isprintable() else _NO_GLYPH for c in marked)
    return shown.replace("$", r"\$")


@lru_cache(maxsize=1)
def _characters() -> frozenset[int]:
    """Code points that the font of the pictures can draw."""
    from matplotlib import font_manager, ft2font

    font = ft2font.FT2Font(font_manager.findfont("DejaVu Sans"))
    return frozenset(font.get_charmap())
