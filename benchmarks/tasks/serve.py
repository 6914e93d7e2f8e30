"""A server with many clients beside the same predictions in one process.

    hatch run bench:serve --run runs/ner

Prints examples per second of `predict_json` in batches of 64 in this process, and of `pmt serve
--workers N` (default: one for each core) in processes of its own with clients that send one request
after the other, each on a connection that stays open; their ratio, the times of a request (median,
99th percentile), the errors, and the memory of the processes of the server. They take turns of
seconds, so that both meet the same load of other programs; medians and quartiles are of the turns.
The clients together have no more examples than `--clients` times `--examples` under way, so the
ratio to batches of that size is printed, too. Clients and server share the cores: their processor
times are printed.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pmt_apps.kit.files import SAMPLES
from pmt_apps.loading import load
from pmt_text import load_conll
from pmt_train import core_count

_BATCH = 64
_TURN = 2.0  # seconds of the server; of each size of batches a quarter of it


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
    parser.add_argument("--seconds", type=float, default=60, help="of all turns of the server")
    parser.add_argument(
        "--workers", type=int, default=core_count(), help="of the server (default: the cores)"
    )
    parser.add_argument("--examples", type=int, default=1, help="of a request (default: 1)")
    options = parser.parse_args(argv)
    examples = sample_inputs(options.run)
    sizes = sorted({_BATCH, options.clients * options.examples}, reverse=True)
    predictor = load(options.run)
    traffic = Traffic()
    speeds: dict[int, list[float]] = {size: [] for size in sizes}
    rates: list[float] = []
    with server(options.run, options.workers) as (port, process):
        served(port, examples, options, Traffic())  # each process loads the model
        pids = family(process.pid)
        start, seconds = [resident(pid) for pid in pids], [0.0, 0.0]
        for _ in range(max(round(options.seconds / _TURN), 1)):
            for size in sizes:
                speeds[size].append(in_process(predictor, examples, size))
            before = sum(map(processor_seconds, pids)), time.process_time()
            rates.append(served(port, examples, options, traffic))
            after = sum(map(processor_seconds, pids)), time.process_time()
            seconds = [s + b - a for s, a, b in zip(seconds, before, after, strict=True)]
        end = [resident(pid) for pid in pids]
    n = max(len(traffic.seconds), 1)
    print(f"server, {options.clients} clients: ", end="")
    print(f"{quartiles(rates)} examples a second, {len(pids)} processes")
    for size, speed in speeds.items():
        print(f"in one process, batches of {size}: {quartiles(speed)} examples a second; ", end="")
        ratios = np.divide(rates, speed)
        print(f"ratio {quartiles(ratios, '.2f')}")
    print(f"processor time of a request: server {1e3 * seconds[0] / n:.2f} ms, ", end="")
    print(f"client {1e3 * seconds[1] / n:.2f} ms")
    median, late = np.percentile(traffic.seconds or [np.nan], [50, 99]) * 1e3
    print(f"a request: median {median:.1f} ms, 99th percentile {late:.1f} ms")
    print(f"errors: {len(traffic.errors)} {traffic.errors[:1] or ''}")
    print(f"memory of the server: {megabytes(start)} after the first turn, ", end="")
    print(f"{megabytes(end)} at the end")


def quartiles(values: Any, digits: str = ",.0f") -> str:
    """Return median and quartiles as text."""
    low, median, high = np.percentile(values, [25, 50, 75])
    return f"{median:{digits}} ({low:{digits}} to {high:{digits}})"


def sample_inputs(run: Path) -> list[Any]:
    """Return inputs of the shipped sample that fit the task of a run."""
    task = json.loads((run / "config.json").read_text())["task"]
    if task == "ner":
        return [" ".join(s.words) for s in load_conll(SAMPLES / "ner_dev.conll").sentences]
    if task == "word2vec":
        return ["the", "of", "king", "water"] * 16
    raise SystemExit(f"expected a run of ner or word2vec, got one of {task}")


def in_process(predictor: Any, examples: Sequence[Any], size: int) -> float:
    """Return the examples per second of `predict_json` in batches."""
    predictor.predict_json(examples[:size])
    done, start = 0, time.perf_counter()
    with predictor.workers:
        while time.perf_counter() - start < _TURN / 4:
            first = done % max(len(examples) - size, 1)
            done += len(predictor.predict_json(examples[first : first + size]))
    return done / (time.perf_counter() - start)


@contextmanager
def server(run: Path, workers: int) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Start `pmt serve` on a free port."""
    command = [sys.executable, "-m", "pmt_apps", "serve", str(run), "--port", "0"]
    command += ["--workers", str(workers)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = re.search(r":(\d+) ", process.stdout.readline())
        assert port is not None
        try:
            yield int(port[1]), process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def served(
    port: int, examples: Sequence[Any], options: argparse.Namespace, traffic: Traffic
) -> float:
    """Let the clients send requests for a turn; return the examples per second."""
    before, start = len(traffic.seconds), time.perf_counter()
    end = start + min(_TURN, options.seconds)

    def client(number: int) -> None:
        i = number * 7
        with open_connection(port) as connection:
            while time.perf_counter() < end:
                chosen = [examples[(i + j) % len(examples)] for j in range(options.examples)]
                i += options.clients * options.examples
                sent = time.perf_counter()
                try:
                    send(connection, chosen)
                    traffic.seconds.append(time.perf_counter() - sent)
                except (OSError, ValueError, http.client.HTTPException) as error:
                    traffic.errors.append(repr(error))
                    connection.close()  # the next request opens it anew

    threads = [threading.Thread(target=client, args=(i,)) for i in range(options.clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = (len(traffic.seconds) - before) * options.examples
    return float(done / (time.perf_counter() - start))


def open_connection(port: int) -> closing[http.client.HTTPConnection]:
    """Return a connection to the server, which its block closes."""
    return closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60))


def send(connection: http.client.HTTPConnection, examples: Sequence[Any]) -> None:
    """Send a request. Raises ValueError for an answer that is no success."""
    body = json.dumps({"inputs": examples})
    connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    content = response.read()
    if response.status != 200 or len(json.loads(content)["answers"]) != len(examples):
        raise ValueError(f"status {response.status}")


def family(pid: int) -> list[int]:
    """Return a process and its children."""
    children = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has just ended
            if int(path.read_text().rpartition(")")[2].split()[1]) == pid:
                children.append(int(path.parent.name))
    return [pid, *sorted(children)]


def processor_seconds(pid: int) -> float:
    """Return the processor time that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """Return the resident memory of a process in bytes."""
    text = Path(f"/proc/{pid}/status").read_text()
    return float(text[text.index("VmRSS:") :].split(None, 2)[1]) * 1024


def megabytes(sizes: Sequence[float]) -> str:
    """Return the memory of processes as text."""
    return f"{' + '.join(f'{size / 1e6:.0f}' for size in sizes)} MB"


if __name__ == "__main__":
    main()
