"""A listing is a definition as it is in the sources, without the examples of its docstring."""

from __future__ import annotations

from pathlib import Path

from docs.log_listings import definition, refreshed

SOURCE = '''\
def half(x):
    """Return x / 2.

    Examples:
        >>> half(4)
        2.0

        >>> half(3)
        1.5
    """
    return x / 2


def double(x):
    """Return 2 x.

    x: a number.

    Examples:
        >>> double(2)
        4
    """
    return 2 * x
'''


def test_examples_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text(SOURCE)
    assert definition("code.py", "half", tmp_path) == (
        'def half(x):\n    """Return x / 2."""\n    return x / 2\n'
    )
    assert definition("code.py", "double", tmp_path) == (
        'def double(x):\n    """Return 2 x.\n\n    x: a number.\n    """\n    return 2 * x\n'
    )


def test_a_page_gets_the_definition_of_today(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text(SOURCE)
    page = "Text.\n\n```python code.py:half\ndef half(x):\n    return x\n```\n\nMore.\n"
    new = refreshed(page, tmp_path)
    assert '"""Return x / 2."""\n    return x / 2\n```\n\nMore.' in new
    assert refreshed(new, tmp_path) == new
