"""A server with many clients beside the same predictions in one process.

    hatch run bench:serve --run runs/ner

Prints examples per second of `predict_json` in batches of 64 in this process, before and after, and
of `pmt serve` in a process of its own with clients that send one request after the other; their
ratio, the times of a request (median, 99th percentile), the errors, and the memory of the server.
Clients and server share the cores.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pmt_apps.kit.files import SAMPLES
from pmt_apps.loading import load
from pmt_text import load_conll

_BATCH = 64
_REFERENCE = 10.0  # seconds, before and after


@dataclass
class Traffic:
    """What the clients saw.

    Attributes:
        seconds: of each request.
        errors: messages of those that failed.
    """

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", type=Path, default=Path("runs/ner"), help="default: runs/ner")
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--examples", type=int, default=1, help="of a request (default: 1)")
    options = parser.parse_args(argv)
    examples = sample_inputs(options.run)
    before = in_process(options.run, examples)
    with server(options.run) as (port, process):
        send(port, examples[: options.examples])  # loads the model
        start = resident(process.pid)
        traffic = served(port, examples, options)
        end = resident(process.pid)
    after = in_process(options.run, examples)
    rate = len(traffic.seconds) * options.examples / options.seconds
    reference = (before + after) / 2
    median, late = np.percentile(traffic.seconds, [50, 99]) * 1e3
    print(f"in one process, batches of {_BATCH}: {before:,.0f} and {after:,.0f} examples a second")
    print(f"server, {options.clients} clients: {rate:,.0f} examples a second")
    print(f"ratio: {rate / reference:.2f}")
    print(f"a request: median {median:.1f} ms, 99th percentile {late:.1f} ms")
    print(f"errors: {len(traffic.errors)} {traffic.errors[:1] or ''}")
    print(f"memory of the server: {start / 1e6:.0f} MB after the first request, ", end="")
    print(f"{end / 1e6:.0f} MB at the end")


def sample_inputs(run: Path) -> list[Any]:
    """Return inputs of the shipped sample that fit the task of a run."""
    task = json.loads((run / "config.json").read_text())["task"]
    if task == "ner":
        return [" ".join(s.words) for s in load_conll(SAMPLES / "ner_dev.conll").sentences]
    if task == "word2vec":
        return ["the", "of", "king", "water"] * 16
    raise SystemExit(f"expected a run of ner or word2vec, got one of {task}")


def in_process(run: Path, examples: Sequence[Any]) -> float:
    """Return the examples per second of `predict_json`."""
    predictor = load(run)
    predictor.predict_json(examples[:_BATCH])
    done, start = 0, time.perf_counter()
    with predictor.workers:
        while time.perf_counter() - start < _REFERENCE:
            first = done % max(len(examples) - _BATCH, 1)
            done += len(predictor.predict_json(examples[first : first + _BATCH]))
    return done / (time.perf_counter() - start)


@contextmanager
def server(run: Path) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Start `pmt serve` on a free port."""
    command = [sys.executable, "-m", "pmt_apps", "serve", str(run), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = re.search(r":(\d+) ", process.stdout.readline())
        assert port is not None
        try:
            yield int(port[1]), process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def served(port: int, examples: Sequence[Any], options: argparse.Namespace) -> Traffic:
    """Let the clients send requests for some time."""
    traffic, end = Traffic(), time.perf_counter() + options.seconds

    def client(number: int) -> None:
        i = number * 7
        while time.perf_counter() < end:
            chosen = [examples[(i + j) % len(examples)] for j in range(options.examples)]
            i += options.clients * options.examples
            start = time.perf_counter()
            try:
                send(port, chosen)
                traffic.seconds.append(time.perf_counter() - start)
            except (OSError, ValueError, http.client.HTTPException) as error:
                traffic.errors.append(repr(error))

    threads = [threading.Thread(target=client, args=(i,)) for i in range(options.clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return traffic


def send(port: int, examples: Sequence[Any]) -> None:
    """Send a request. Raises ValueError for an answer that is no success."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body = json.dumps({"inputs": examples})
    connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    if response.status != 200 or len(json.loads(content)["answers"]) != len(examples):
        raise ValueError(f"status {response.status}")


def resident(pid: int) -> float:
    """Return the resident memory of a process in bytes."""
    text = Path(f"/proc/{pid}/status").read_text()
    return float(text[text.index("VmRSS:") :].split(None, 2)[1]) * 1024


if __name__ == "__main__":
    main()
