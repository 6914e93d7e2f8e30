"""A process killed at any moment of a save leaves the old file or the new one, whole."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pmt_core import load_archive

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")

KILLER = Path(__file__).with_name("kill_while_saving.py")

RACER = """
import os, sys
import numpy as np
from pmt_core import load_archive, save_archive
path = sys.argv[1]
children = []
for number in range(4):
    child = os.fork()
    if child == 0:
        for turn in range(25):
            save_archive(path, {"x": np.full(5000, number)}, {"number": number})
            arrays, meta = load_archive(path)
            if not (arrays["x"] == meta["number"]).all():
                os._exit(1)
        os._exit(0)
    children.append(child)
sys.exit(max(os.waitpid(child, 0)[1] for child in children))
"""


@pytest.mark.parametrize(("suffix", "kills", "seed"), [(".npz", 100, 1), (".safetensors", 100, 2)])
def test_killed_at_random_moments_the_file_is_always_whole(tmp_path, suffix, kills, seed):
    path = tmp_path / f"run{suffix}"
    done = subprocess.run(
        [sys.executable, str(KILLER), str(path), str(kills), str(seed)],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads(done.stdout)
    assert seen["interrupted"] > kills // 4, f"too few kills left a half-written file: {seen}"
    assert seen["advanced"] > 3, f"too few kills came after the new file was in place: {seen}"
    assert seen["most_left"] == 1, f"left-overs pile up: {seen}"
    assert seen["left_at_the_end"] == []


def test_processes_that_save_at_once_do_not_disturb_each_other(tmp_path):
    path = tmp_path / "run.npz"
    done = subprocess.run(
        [sys.executable, "-c", RACER, str(path)], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert os.listdir(tmp_path) == ["run.npz"]
    assert load_archive(path)[1]["number"] in range(4)
