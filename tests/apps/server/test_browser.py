"""The page in a real browser (headless Chromium): every view answers, without an error."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pmt_apps.server.application import ServeApp
from pmt_apps.server.runs import RunStore
from pmt_apps.server.threaded_server import ThreadedServer

BROWSER = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--enable-logging=stderr",
    "--virtual-time-budget=8000",
    "--dump-dom",
]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="there is no Chromium: apt install chromium"),
]


@pytest.fixture(scope="module")
def address(runs: Path) -> Iterator[str]:
    store = RunStore(runs, workers=1)
    server = ThreadedServer(ServeApp(store, hosts=["127.0.0.1"]), "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()
    thread.join()
    store.close()


def opened(address: str, folder: Path, width: int = 1280) -> str:
    """Open a page; return its elements as they are after its scripts ran."""
    assert BROWSER is not None
    options = [*OPTIONS, f"--user-data-dir={folder}", f"--window-size={width},900"]
    done = subprocess.run(
        [BROWSER, *options, address], capture_output=True, text=True, timeout=600, check=True
    )
    messages = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert not messages, messages
    return done.stdout


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        (
            "ner",
            ["Names in text", "<mark", "confidence", '<td class="number[^"]* best">0', "B-PER"],
        ),
        ("word2vec", ["Word vectors", "is not in the vocabulary"]),
        (
            "qqp",
            ["Question pairs", r"They ask", r'class="word (for|against)\d"', "layer 2", "<line"],
        ),
        ("classify", ["Texts and labels", r"adds to the log-odds of “\w+”", r'class="word for\d"']),
        ("translation", ["Translation", r"score -?\d"]),
        ("mnist", ["Digits", r"It is a \d", "0.\\d{3}"]),
        ("lm", ["Language model", "Write", "They appear when a text is written"]),
        ("unfinished", ["is not over"]),
    ],
)
def test_a_view_answers(address: str, tmp_path: Path, name: str, texts: list[str]) -> None:
    page = opened(f"{address}/#/runs/{name}", tmp_path)
    assert 'class="error"' not in page
    for text in texts:
        assert re.search(text, page), f"{text} is not on the page"


@pytest.mark.parametrize("width", [1280, 390])
def test_the_list_of_runs_and_the_documentation(address: str, tmp_path: Path, width: int) -> None:
    page = opened(address, tmp_path, width)
    assert "Trained runs" in page
    assert page.count('class="card"') > 10  # runs and samples
    assert "The API" in opened(f"{address}/docs", tmp_path, width)
