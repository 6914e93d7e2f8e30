"""The picture of a training on the page, for docs/page.md: a replay, opened by Chromium.

    hatch run training_picture runs/ner                   # docs/img/page_training.png
    hatch run training_picture runs/ner --replay ner.html # keeps the replay, too

Starts `pmt serve` for the run, saves what its button Export saves, and opens that file from disk.
"""

from __future__ import annotations

import argparse
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path

PICTURE = Path(__file__).with_name("img") / "page_training.png"
_SIZE = "1280,2080"
_SECONDS = 600


def replay(run: Path) -> bytes:
    """Return the replay of a run as the server makes it."""
    command = [sys.executable, "-m", "pmt_apps", "serve", str(run), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        first_line = server.stdout.readline() if server.stdout is not None else ""
        port = re.search(r":(\d+) ", first_line)
        if port is None:
            raise SystemExit(f"{run} cannot be served")
        name = run.resolve().name
        try:
            address = f"http://127.0.0.1:{port[1]}/runs/{name}/training/replay"
            with urllib.request.urlopen(address, timeout=_SECONDS) as answer:
                return bytes(answer.read())
        finally:
            server.send_signal(signal.SIGINT)


def main(argv: Sequence[str] | None = None) -> None:
    """Draw the picture."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="folder of a run, trained with --record")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="also keep the replay")
    parser.add_argument("--out", type=Path, default=PICTURE, help=f"default: {PICTURE.name}")
    options = parser.parse_args(argv)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("needs Chromium: apt install chromium")
    with tempfile.TemporaryDirectory() as folder:
        file = options.replay or Path(folder) / "replay.html"
        file.write_bytes(replay(options.run))
        command = [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            f"--user-data-dir={folder}", f"--window-size={_SIZE}", "--virtual-time-budget=5000",
            f"--screenshot={options.out}", file.resolve().as_uri(),
        ]  # fmt: skip
        subprocess.run(command, check=True, timeout=_SECONDS, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
