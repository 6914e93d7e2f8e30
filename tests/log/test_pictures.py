"""Pictures are those that their programs draw now; their texts are legible."""

from __future__ import annotations

from pathlib import Path

import pytest
from checks import pictures
from checks.pages import DOCS, name_of
from checks.pixels import difference
from pending import left

from docs.drawing import canvas, figure_saved, heat_map, label, table, text_problems

PAGES = pictures.illustrated(DOCS)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_its_pictures_are_those_of_its_program(page: Path) -> None:
    problems = left("pictures", pictures.problems_of(page))
    assert not problems, "\n".join(problems)


def test_no_picture_is_left_over() -> None:
    assert not left("pictures", pictures.left_over(DOCS))


# --- the style ------------------------------------------------------------------------------------


def draw_grid(path: Path, numbers: list[list[float]]) -> Path:
    """Draw a table and a heat map of numbers."""
    with figure_saved(path, 8, 4) as figure:
        table(canvas(figure), numbers, (1, 3), title="numbers")
        heat_map(figure.add_axes((0.5, 0.2, 0.4, 0.6)), numbers, ["a", "b"], ["c", "d"])
    return path


def test_a_picture_equals_itself(tmp_path: Path) -> None:
    one = draw_grid(tmp_path / "one.png", [[1, 2], [3, -4]])
    two = draw_grid(tmp_path / "two.png", [[1, 2], [3, -4]])
    assert not difference(one, two)


@pytest.mark.parametrize("change", [[[1, 2], [3, 4]], [[1, 2], [8, -4]], [[1, 2.5], [3, -4]]])
def test_another_number_in_a_cell_is_found(tmp_path: Path, change: list[list[float]]) -> None:
    one = draw_grid(tmp_path / "one.png", [[1, 2], [3, -4]])
    assert difference(draw_grid(tmp_path / "two.png", change), one)


def test_texts_that_overlap_are_refused(tmp_path: Path) -> None:
    refused = pytest.raises(ValueError, match="'one' and 'two' overlap")
    with refused, figure_saved(tmp_path / "a.png", 8, 4) as figure:
        axes = canvas(figure)
        label(axes, (4, 2), "one")
        label(axes, (4.1, 2.05), "two")
    assert not (tmp_path / "a.png").exists()


def test_tick_labels_that_overlap_are_refused(tmp_path: Path) -> None:
    refused = pytest.raises(ValueError, match="overlap")
    with refused, figure_saved(tmp_path / "a.png", 8, 4) as figure:
        figure.subplots().set_xticks([0.5, 0.51], ["the first", "the second"])


def test_a_text_that_leaves_the_picture_is_refused(tmp_path: Path) -> None:
    refused = pytest.raises(ValueError, match="leaves the picture")
    with refused, figure_saved(tmp_path / "a.png", 8, 4) as figure:
        label(canvas(figure), (7.9, 2), "too far to the right")


def test_small_letters_are_refused(tmp_path: Path) -> None:
    refused = pytest.raises(ValueError, match="less than 9")
    with refused, figure_saved(tmp_path / "a.png", 8, 4) as figure:
        label(canvas(figure), (4, 2), "small", fontsize=7)


def test_what_is_not_drawn_does_not_overlap(tmp_path: Path) -> None:
    with figure_saved(tmp_path / "a.png", 8, 4) as figure:
        axes = figure.subplots()
        axes.set_xticks([0.5, 7, 7.001], ["here", "beyond one", "beyond two"])
        axes.set(xlim=(0, 1), ylim=(0, 1))
        axes.text(0.5, 0.5, "hidden", visible=False)
        axes.text(0.5, 0.5, "seen")
        figure.draw_without_rendering()
        assert not text_problems(figure)
