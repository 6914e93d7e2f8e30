"""Draw the picture of the architecture: packages, their folders, and who imports whom.

hatch run architecture_picture

It is drawn from `tests/architecture/picture.py`, the data that the tests hold the imports to, and
written to docs/img/architecture.png. An arrow points from the importing folder or package to the
imported one; arrows that follow from others are left out.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "architecture"))
from picture import FOLDERS, PACKAGES, python_files, source_root  # noqa: E402

Graph = Mapping[str, frozenset[str]]
BOX = (1.95, 0.5)  # width and height of a folder
GAP = (0.22, 0.52)  # between folders of a floor, and between floors
PAD = 0.28
TITLE = 0.62
MIN_WIDTH = 4.2
COLORS = {
    "pmt_core": "#e8eef7",
    "pmt_autograd": "#dbe7f5",
    "pmt_nn": "#fbe9e3",
    "pmt_text": "#e6f2e6",
    "pmt_train": "#fdf3d8",
    "pmt_apps": "#efe6f5",
}
INK, ARROW = "#33333f", "#5b6b86"


def reduced(graph: Graph) -> dict[str, set[str]]:
    """Return the graph without the arrows that follow from others (its transitive reduction)."""

    def reachable(node: str) -> set[str]:
        nodes: set[str] = set()
        waiting = list(graph.get(node, ()))
        while waiting:
            target = waiting.pop()
            if target not in nodes:
                nodes.add(target)
                waiting.extend(graph.get(target, ()))
        return nodes

    return {
        node: {
            target
            for target in targets
            if not any(target in reachable(other) for other in targets if other != target)
        }
        for node, targets in graph.items()
    }


def floors(graph: Graph) -> list[list[str]]:
    """Return the nodes by height: a node is above all that it imports."""
    height: dict[str, int] = {}

    def measure(node: str) -> int:
        if node not in height:
            height[node] = 1 + max((measure(target) for target in graph.get(node, ())), default=-1)
        return height[node]

    for node in graph:
        measure(node)
    levels: list[list[str]] = [[] for _ in range(max(height.values()) + 1)]
    for node, level in sorted(height.items()):
        levels[level].append(node)
    return in_order(levels, reduced(graph))


def in_order(levels: list[list[str]], arrows: Mapping[str, set[str]]) -> list[list[str]]:
    """Order each floor by the mean position of what imports its nodes: few arrows cross."""
    x = {node: i - (len(levels[-1]) - 1) / 2 for i, node in enumerate(levels[-1])}
    for level in reversed(levels[:-1]):
        importers = {node: [x[m] for m in x if node in arrows.get(m, ())] for node in level}
        level.sort(key=lambda node: sum(importers[node]) / max(len(importers[node]), 1))
        x |= {node: i - (len(level) - 1) / 2 for i, node in enumerate(level)}
    return levels


@dataclass
class Panel:
    """A package with its folders, measured before it is placed."""

    package: str

    def __post_init__(self) -> None:
        graph = dict(FOLDERS[self.package])
        if any("." in targets for targets in graph.values()):
            graph["."] = frozenset()
        self.graph: Graph = graph
        self.levels = floors(graph)
        columns = max(map(len, self.levels))
        self.width = max(columns * BOX[0] + (columns - 1) * GAP[0] + 2 * PAD, MIN_WIDTH)
        self.height = len(self.levels) * (BOX[1] + GAP[1]) - GAP[1] + 2 * PAD + TITLE

    def draw(self, axes: Axes, left: float, bottom: float) -> None:
        """Draw the package with its lower left corner there."""
        self.left, self.bottom = left, bottom
        axes.add_patch(
            FancyBboxPatch(
                (left, bottom),
                self.width,
                self.height,
                boxstyle="round,pad=0,rounding_size=0.12",
                facecolor=COLORS[self.package],
                edgecolor="#9aa5b8",
            )
        )
        modules = sum(
            path.name != "__init__.py" for path in python_files(source_root(self.package))
        )
        axes.text(
            left + PAD,
            bottom + self.height - PAD,
            f"{self.package}",
            fontsize=15,
            fontweight="bold",
            color=INK,
            va="top",
        )
        axes.text(
            left + self.width - PAD,
            bottom + self.height - PAD - 0.03,
            f"{modules} files",
            fontsize=11,
            color=INK,
            va="top",
            ha="right",
        )
        centers = {}
        for level, names in enumerate(self.levels):
            y = bottom + PAD + level * (BOX[1] + GAP[1]) + BOX[1] / 2
            row = len(names) * BOX[0] + (len(names) - 1) * GAP[0]
            for i, name in enumerate(names):
                x = left + self.width / 2 - row / 2 + i * (BOX[0] + GAP[0]) + BOX[0] / 2
                centers[name] = (x, y)
                self._folder(axes, name, x, y)
        for name, targets in reduced(self.graph).items():
            for target in targets:
                (x0, y0), (x1, y1) = centers[name], centers[target]
                arrow(axes, (x0, y0 - BOX[1] / 2), (x1, y1 + BOX[1] / 2), width=1.0)

    def _folder(self, axes: Axes, name: str, x: float, y: float) -> None:
        axes.add_patch(
            FancyBboxPatch(
                (x - BOX[0] / 2, y - BOX[1] / 2),
                *BOX,
                boxstyle="round,pad=0,rounding_size=0.08",
                facecolor="white",
                edgecolor="#9aa5b8",
                zorder=3,
            )
        )
        is_file = (source_root(self.package) / f"{name}.py").exists()
        label = "(root files)" if name == "." else f"{name}.py" if is_file else name.split(".")[-1]
        if "." in name.strip("."):
            label = name.replace(".", "/")
        size = 11.5 if len(label) <= 14 else 9.5
        axes.text(x, y, label, fontsize=size, color=INK, ha="center", va="center", zorder=4)


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], width: float) -> None:
    """Draw an arrow from the importer to the imported."""
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=8 + 4 * width,
            linewidth=width,
            color=ARROW,
            shrinkA=0,
            shrinkB=0,
            zorder=2,
        )
    )


def draw(path: Path) -> None:
    """Draw all packages: apps above, core below, text beside the packages with a tape."""
    panels = {package: Panel(package) for package in FOLDERS}
    space = 0.62
    column = [panels[name] for name in ("pmt_autograd", "pmt_nn", "pmt_train")]
    tower_width = max(panel.width for panel in column)
    text = panels["pmt_text"]
    width = max(tower_width + space + text.width, panels["pmt_apps"].width)
    core, apps = panels["pmt_core"], panels["pmt_apps"]
    core.width = apps.width = width
    tower = sum(panel.height for panel in column) + space * (len(column) - 1)
    total = core.height + apps.height + tower + 2 * space
    figure, axes = plt.subplots(figsize=(width * 0.95, total * 0.95))
    axes.set_xlim(-0.15, width + 0.15)
    axes.set_ylim(-0.15, total + 0.15)
    axes.set_aspect("equal")
    axes.axis("off")
    core.draw(axes, (width - core.width) / 2, 0)
    y = core.height + space
    for panel in column:
        panel.draw(axes, (tower_width - panel.width) / 2, y)
        y += panel.height + space
    text.draw(axes, width - text.width, core.height + space + (tower - text.height) / 2)
    apps.draw(axes, (width - apps.width) / 2, total - apps.height)
    graph = {**{name: row.packages for name, row in PACKAGES.items()}}
    graph["pmt_apps"] = frozenset(PACKAGES)
    for name, targets in reduced(graph).items():
        for target in targets:
            upper, lower = panels[name], panels[target]
            low = max(upper.left, lower.left)
            high = min(upper.left + upper.width, lower.left + lower.width)
            x = (low + high) / 2
            arrow(axes, (x, upper.bottom), (x, lower.bottom + lower.height), width=2.4)
    figure.savefig(path, dpi=80, bbox_inches="tight", facecolor="white")
    plt.close(figure)


if __name__ == "__main__":
    draw(ROOT / "docs" / "img" / "architecture.png")
