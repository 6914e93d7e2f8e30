"""What the tests of plots share: the figures that were drawn, and odd names."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The matplotlib figures in the order in which they were saved."""
    from matplotlib.figure import Figure

    drawn: list[Any] = []
    save = Figure.savefig

    def savefig(self: Figure, *args: Any, **kwargs: Any) -> None:
        drawn.append(self)
        save(self, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", savefig)
    return drawn


@pytest.fixture
def odd_names() -> list[str]:
    """Names that fonts, formulas or layouts might not take."""
    return [
        *("<cls>", "日本", "🙂", "$x^2$", "a$b", "\\frac{", "", " ", "\n\t\0", "é", "ا"),
        *("_" * 60, "%"),
    ]
