"""Labels and files of figures."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pmt_train import figure_saved_to, plot_label


def test_labels():
    assert plot_label("plain é") == "plain é"
    assert plot_label("日x") == "\ufffdx"
    assert plot_label(" a b ") == "\N{OPEN BOX}a b\N{OPEN BOX}"
    assert plot_label("x" * 30, 5) == "xxxx…"
    assert plot_label("$a$") == r"\$a\$"


def test_a_png_of_the_given_size_is_written_if_the_block_succeeds(tmp_path):
    path = tmp_path / "f.png"
    with pytest.raises(RuntimeError), figure_saved_to(path, 3, 2):
        raise RuntimeError
    assert not path.exists()
    with figure_saved_to(path, 3, 2):
        pass
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    size = [int.from_bytes(content[i : i + 4], "big") for i in (16, 20)]
    assert size == [390, 260]  # at 130 dots per inch


def test_no_screen_is_needed_and_no_state_is_left(tmp_path):
    code = (
        "import sys, pmt_train\n"
        "heavy = [m for m in sys.modules if m.split('.')[0] in ('matplotlib', 'PIL')]\n"
        "assert not heavy, heavy\n"
        "from pathlib import Path\n"
        f"pmt_train.learning_curves(Path({str(tmp_path / 'c.png')!r}), pmt_train.History())\n"
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules\n"
    )
    # matplotlib 3.8 calls what newer releases of its own requirements deprecate.
    warnings = ("-W", "error", "-W", "ignore::DeprecationWarning")
    subprocess.run([sys.executable, *warnings, "-c", code], check=True, timeout=600)
    assert (tmp_path / "c.png").exists()
