"""The pictures of docs/page.md: `pmt serve` in Chromium, with models of the shipped samples.

    hatch run serve --out runs           # train the models of the samples on its page, or
    pmt mnist --out runs/mnist           # and so on: word2vec, translation
    hatch run page_pictures runs         # docs/img/page_*.png

Needs Chromium and chromedriver. The picture of a training is made by `hatch run training_picture`.
"""

from __future__ import annotations

import argparse
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "shared" / "apps"))
from browser import MISSING, Browser, browser

IMG = Path(__file__).with_name("img")


def _tape(window: Browser) -> None:
    window.wait_for(".tape .node")
    window.run("document.activeElement.blur()")
    window.press(*["ArrowRight"] * 8)
    window.wait_for(".step", "Backward 3 of 5")


def _digit(window: Browser) -> None:
    window.wait_for("canvas.picture")
    window.click_text("button", "Clear")
    window.wait_for(".answer", "Draw a digit")
    window.drag("canvas", [(-50, -80), (50, -80), (20, -20), (-5, 30), (-20, 85)])
    window.wait_for("canvas.picture")


def _words(window: Browser) -> None:
    window.wait_for(".map .asked")
    window.type("input[type=text]", "king - man + woman")
    window.wait_for(".map .result")
    window.run("document.activeElement.blur()")


def _translation(window: Browser) -> None:
    window.wait_for(".beams .best")
    window.type("textarea", "21 March 1987")
    window.wait(
        "document.querySelector('.pan')?.ariaLabel.includes('21 March 1987')"
        " && document.querySelector('.beams .best')"
    )
    window.run("document.activeElement.blur(); document.querySelectorAll('h2')[1].scrollIntoView()")


PICTURES: Mapping[str, tuple[str, int, int, Callable[[Browser], None]]] = {
    "page_tape.png": ("tape/neuron", 1280, 900, _tape),
    "page_digit.png": ("runs/mnist", 390, 1640, _digit),
    "page_words.png": ("runs/word2vec", 1280, 1320, _words),
    "page_translation.png": ("runs/translation", 1280, 860, _translation),
}
"""Name -> address on the page, width and height of the window, and what is done there."""


def main(argv: Sequence[str] | None = None) -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, help="folder with runs of mnist, word2vec, translation")
    runs = parser.parse_args(argv).runs
    if MISSING:
        raise SystemExit(MISSING)
    command = [sys.executable, "-m", "pmt_apps", "serve", str(runs), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        first_line = server.stdout.readline() if server.stdout is not None else ""
        port = re.search(r":(\d+) ", first_line)
        if port is None:
            raise SystemExit(f"{runs} cannot be served")
        try:
            with browser() as window:
                for name, (where, width, height, act) in PICTURES.items():
                    window.resize(width, height)
                    window.open(f"http://127.0.0.1:{port[1]}/#/{where}")
                    act(window)
                    (IMG / name).write_bytes(window.screenshot())
                    print(IMG / name)
        finally:
            server.send_signal(signal.SIGINT)


if __name__ == "__main__":
    main()
