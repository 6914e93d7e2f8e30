"""Statements in a terminal: formulas as text, links without targets."""

from __future__ import annotations

import re

import pytest

from docs.course.workshop.formula_text import formula_text
from docs.course.workshop.pages import Task, tasks
from docs.course.workshop.terminal import plain


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\frac{\partial L}{\partial x} = g + J^\top g", "∂L/∂x = g + Jᵀ g"),
        (r"\frac{f(x + h) - f(x - h)}{2 h}", "(f(x + h) - f(x - h))/(2 h)"),
        (r"x_r \odot (1 - h_t^2)", "x_r ⊙ (1 - h_t²)"),
        (r"\sum_{i=0}^{k-1} K_i x_{q+i}", "Σ_(i=0)^(k-1) K_i x_(q+i)"),
        (r"10^{-6}, \qquad q = 0, \dots, n - 1", "10⁻⁶,      q = 0, …, n - 1"),
        (r"\mathrm{stride} \cdot q", "stride · q"),
        (r"\sqrt{d}", "√d"),
        (r"\sqrt{v + \varepsilon}", "√(v + ε)"),
        (r"-\log \sigma(z)", "-log σ(z)"),
        (r"\cos\theta", "cos θ"),
        (r"\binom{m + k}{i} \Big/ 2^{m+k}", "C(m + k, i) / 2^(m+k)"),
        (r"\overline{h n}", "mean(h n)"),
        (r"\bar h, \tilde c_t", "h\u0304, c\u0303_t"),
        (r"\bigl( a_{1} \bigr)", "( a₁ )"),
        (r"\begin{aligned} a &= b \\ c &= d \end{aligned}", "a = b\nc = d"),
    ],
)
def test_formulas_become_text(tex: str, text: str) -> None:
    assert formula_text(tex) == text


@pytest.mark.parametrize("task", tasks(), ids=lambda task: task.number)
def test_statements_and_hints_have_no_latex_left(task: Task) -> None:
    for part in (task.statement, *task.hints):
        text = re.sub(r"`[^`]*`", "", plain(part))
        assert not re.search(r"\\[A-Za-z]|\$", text), text


def test_references_in_brackets_are_left_out_and_links_keep_their_text() -> None:
    text = "It adds up ([chapter](../a.md#b),\n[card](../c.md)). See [the page](d.md)."
    assert plain(text) == "It adds up. See the page."


def test_lists_keep_their_lines() -> None:
    text = "- one\n- two\n\nA line\nand another."
    assert plain(text) == "- one\n- two\n\nA line and another."
