"""Run by test_killed_saves.py: kills savers at random moments and looks at what they leave.

usage: python kill_while_saving.py PATH KILLS SEED
Forks a child that saves version after version to PATH, kills it (SIGKILL) after a random time,
reads PATH, and starts the next child. Prints what it saw as JSON. It is a program of its own so
that pytest need not fork, and so that children start without importing anything.
"""

import json
import os
import random
import signal
import sys
import time

import numpy as np

from pmt_core import load_archive, save_archive


def arrays_of(version: int) -> dict[str, np.ndarray]:
    """Two arrays that say in every element which version they are."""
    return {"weight": np.full((300, 200), version, np.int64), "bias": np.full(7, version)}


def save_for_ever(path: str, version: int) -> None:
    while True:
        version += 1
        save_archive(path, arrays_of(version), {"version": version})


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


def main(path: str, kills: int, seed: int) -> None:
    rng = random.Random(seed)
    save_archive(path, arrays_of(0), {"version": 0})
    start = time.perf_counter()
    save_archive(path, arrays_of(0), {"version": 0})
    max_delay = min(5 * (time.perf_counter() - start), 0.1)  # several saves, whatever the disk
    version, interrupted, most_left, advanced = 0, 0, 0, 0
    for _ in range(kills):
        child = os.fork()
        if child == 0:
            save_for_ever(path, version)
        time.sleep(rng.uniform(0.0, max_delay))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        saved = version_of(path)
        if saved < version:
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
                "kills": kills,
                "interrupted": interrupted,
                "advanced": advanced,
                "most_left": most_left,
                "left_at_the_end": left_overs(path),
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
