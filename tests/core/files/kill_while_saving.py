"""Run by test_killed_saves.py: kills savers at random moments and looks at what they leave.

usage: python kill_while_saving.py PATH KILLS SEED
Forks a child that saves the next version to PATH and kills itself (SIGKILL) before a random line of
Python code, reads PATH, and starts the next child. Prints what it saw as JSON. It is a program of
its own so that pytest need not fork, and so that children start without importing anything.
"""

import json
import os
import random
import signal
import sys
from types import FrameType

import numpy as np

from pmt_core import load_archive, save_archive

LAST_LINES = 20


def arrays_of(version: int) -> dict[str, np.ndarray]:
    """Two arrays that say in every element which version they are."""
    return {"weight": np.full((300, 200), version, np.int64), "bias": np.full(7, version)}


def save(path: str, version: int, last: int) -> int:
    """Save a version and return the number of lines that ran; die before line number `last`.

    The lines are those of all Python code that the save runs, zipfile's and NumPy's as well.
    """
    lines = 0

    def count(frame: FrameType, event: str, argument: object) -> object:
        nonlocal lines
        if event == "line":
            lines += 1
            if lines == last:
                os.kill(os.getpid(), signal.SIGKILL)
        return count

    sys.settrace(count)
    try:
        save_archive(path, arrays_of(version), {"version": version})
    finally:
        sys.settrace(None)
    return lines


def version_of(path: str) -> int:
    """The version in the file; an error if it is anything but one whole version."""
    arrays, meta = load_archive(path)
    version = meta["version"]
    for name, expected in arrays_of(version).items():
        if not np.array_equal(arrays[name], expected):
            raise SystemExit(f"{name} is not whole in version {version}")
    return version


def left_overs(path: str) -> list[str]:
    folder, name = os.path.split(path)
    return [entry for entry in os.listdir(folder) if entry != name]


def fork_and_save(path: str, version: int, last: int) -> None:
    child = os.fork()
    if child == 0:
        save(path, version, last)
        os._exit(0)
    if os.waitpid(child, 0)[1] != signal.SIGKILL:
        raise SystemExit(f"the save was over before line {last}")


def lines_of_a_save(path: str) -> dict[bool, int]:
    """Their number if a killed process left a file, which is removed first, and if not."""
    save_archive(path, arrays_of(0), {"version": 0})
    lines = {False: save(path, 0, last=0)}
    last = lines[False]
    while not left_overs(path):
        fork_and_save(path, 0, last)
        last -= 1
    lines[True] = save(path, 0, last=0)
    return lines


def main(path: str, kills: int, seed: int) -> None:
    lines, rng = lines_of_a_save(path), random.Random(seed)
    # Before any line, and before each of the last ones, which run when the new file is in place.
    shares = [rng.random() for _ in range(kills - LAST_LINES)]
    version, interrupted, most_left, advanced = 0, 0, 0, 0
    for kill in range(kills):
        count = lines[len(left_overs(path)) > 0]
        from_end = int(shares[kill] * count) if kill < len(shares) else kills - 1 - kill
        fork_and_save(path, version + 1, count - from_end)
        saved = version_of(path)
        if saved not in (version, version + 1):
            raise SystemExit(f"version {saved} after version {version}")
        advanced += saved > version
        version = saved
        left = len(left_overs(path))
        interrupted += left > 0
        most_left = max(most_left, left)
    save_archive(path, arrays_of(version + 1), {"version": version + 1})
    print(
        json.dumps(
            {
                "interrupted": interrupted,
                "advanced": advanced,
                "most_left": most_left,
                "left_at_the_end": left_overs(path),
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
