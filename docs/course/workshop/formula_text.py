r"""Formulas for a terminal: `\frac{\partial L}{\partial x_i}` becomes `∂L/∂x_i`."""

from __future__ import annotations

import re

_SYMBOLS = {
    **{"partial": "∂", "sum": "Σ", "prod": "Π", "int": "∫", "infty": "∞", "nabla": "∇"},
    **{"cdot": "·", "odot": "⊙", "times": "×", "pm": "±", "mid": "|", "lVert": "‖", "rVert": "‖"},
    **{
        "le": "≤",
        "leq": "≤",
        "ge": "≥",
        "geq": "≥",
        "ne": "≠",
        "approx": "≈",
        "in": "∈",
        "to": "→",
    },
    **{"dots": "…", "ldots": "…", "cdots": "…", "top": "ᵀ", "lfloor": "⌊", "rfloor": "⌋"},
    **{"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "varepsilon": "ε", "epsilon": "ε"},
    **{"eta": "η", "theta": "θ", "lambda": "λ", "mu": "μ", "sigma": "σ", "tau": "τ", "phi": "φ"},
    **{"varphi": "φ", "pi": "π", "rho": "ρ", "omega": "ω", "Delta": "Δ", "Sigma": "Σ", "Phi": "Φ"},
    **{"leftarrow": "←", "rightarrow": "→", "sim": "∼", "ell": "ℓ", "lbrace": "{", "rbrace": "}"},
    **{"qquad": "    ", "quad": "    ", "thinspace": " ", ",": " ", ";": " ", " ": " ", "\\": "\n"},
    **{"{": "{", "}": "}", "%": "%", "_": "_", "|": "‖", "!": ""},
}
_ACCENTS = {"bar": "\u0304", "hat": "\u0302", "tilde": "\u0303"}
_INVISIBLE = re.compile(r"left|right|[bB]igg?[lrm]?|displaystyle|limits")
_NAMES = {"mathrm", "text", "mathbf", "operatorname", "mathit"}  # their argument is text
_RAISED = str.maketrans("0123456789n-ᵀ", "⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ⁻ᵀ")
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_TOKEN = re.compile(r"\\[A-Za-z]+\s*|\\.|\s+|.", re.S)


def formula_text(tex: str) -> str:
    """Return a formula of LaTeX as text."""
    tokens = _TOKEN.findall(tex)[::-1]
    text = ""
    while tokens:
        text += _next(tokens)
    lines = (re.sub(r"(?<=\S) {1,3}(?=\S)", " ", line.strip()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def _next(tokens: list[str]) -> str:
    """Take the next symbol, group or command from reversed tokens and return its text."""
    token = tokens.pop()
    if token.startswith("\\"):
        return _command(token[1:].strip(), " " * (len(token) > 2 and token[-1].isspace()), tokens)
    if token == "{":
        return _group(tokens)
    if token in "_^":
        return _index(token, _argument(tokens))
    return {"~": " ", "&": ""}.get(token, " " if token.isspace() else token)


def _command(name: str, space: str, tokens: list[str]) -> str:
    if name == "frac":
        above, below = _argument(tokens), _argument(tokens)
        return f"{_in_brackets(above)}/{_in_brackets(below)}"
    if name == "binom":
        return f"C({_argument(tokens)}, {_argument(tokens)})"
    if name == "sqrt":
        return "√" + _in_brackets(_argument(tokens))
    if name in _ACCENTS:
        return _argument(tokens) + _ACCENTS[name]
    if name == "overline":
        return f"mean({_argument(tokens)})"
    if name in _NAMES:
        return _argument(tokens)
    if name in {"begin", "end"}:
        _argument(tokens)
        return ""
    if _INVISIBLE.fullmatch(name):
        return ""
    if name in _SYMBOLS:
        return _SYMBOLS[name] + ("" if name in {"partial", "Delta", "nabla"} else space)
    is_applied = bool(tokens) and (tokens[-1].isalnum() or tokens[-1].startswith("\\"))
    return name + (space or " " * is_applied)  # log, max, tanh, ...


def _argument(tokens: list[str]) -> str:
    while tokens and tokens[-1].isspace():
        tokens.pop()
    return _next(tokens) if tokens else ""


def _group(tokens: list[str]) -> str:
    text = ""
    while tokens and tokens[-1] != "}":
        text += _next(tokens)
    if tokens:
        tokens.pop()
    return text.strip()


def _index(sign: str, text: str) -> str:
    """Return a raised or lowered text, with the signs of Unicode if all of it has them."""
    table = _RAISED if sign == "^" else _LOWERED
    space, text = " " * text.endswith(" "), text.strip()
    if text and all(ord(character) in table for character in text):
        return text.translate(table) + space
    return (f"{sign}{text}" if len(text) == 1 else f"{sign}({text})") + space


def _in_brackets(text: str) -> str:
    simple = re.fullmatch(r"[^\s+\-−·,]+", text) and text.count("/") == 0
    return text if simple else f"({text})"
