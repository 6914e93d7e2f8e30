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
import json
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
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
    requests = prepared(examples, options.examples)
    predictor = load(options.run)
    traffic = Traffic()
    speeds: dict[int, list[float]] = {size: [] for size in sizes}
    rates: list[float] = []
    with server(options.run, options.workers) as (port, process):
        served(port, requests, options, Traffic())  # each process loads the model
        pids = family(process.pid)
        start, seconds = [resident(pid) for pid in pids], [0.0, 0.0]
        for _ in range(max(round(options.seconds / _TURN), 1)):
            for size in sizes:
                speeds[size].append(in_process(predictor, examples, size))
            before = sum(map(processor_seconds, pids)), time.process_time()
            rates.append(served(port, requests, options, traffic))
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


class Client:
    """A connection that stays open, on which one request follows the other.

    Args:
        port: of the server.
        number: of its first request.
    """

    def __init__(self, port: int, number: int) -> None:
        self._port = port
        self.number = number
        self.sent = 0.0
        self._answer = b""
        self.stream = self._connect()

    def _connect(self) -> socket.socket:
        stream = socket.create_connection(("127.0.0.1", self._port), timeout=60)
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return stream

    def send(self, request: bytes) -> None:
        """Send a request."""
        self._answer, self.sent = b"", time.perf_counter()
        self.stream.sendall(request)

    def receive(self) -> bool:
        """Read once; return whether the answer is there. Raises OSError or ValueError."""
        data = self.stream.recv(1 << 16)
        if not data:
            raise ConnectionError("the server closed a connection")
        self._answer += data
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if not end:
            return False
        if not head.startswith(b"HTTP/1.1 200 "):
            raise ValueError(head.partition(b"\r\n")[0].decode())
        return len(body) == int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])

    def reconnect(self) -> None:
        """Open the connection anew after an error."""
        self.stream.close()
        self.stream = self._connect()


def prepared(examples: Sequence[Any], count: int) -> list[bytes]:
    """Return the request of `count` examples that begins with each one."""
    requests = []
    for i in range(len(examples)):
        chosen = [examples[(i + j) % len(examples)] for j in range(count)]
        body = json.dumps({"inputs": chosen}).encode()
        head = "POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        requests.append(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return requests


def served(port: int, requests: Sequence[bytes], options: Any, traffic: Traffic) -> float:
    """Let the clients send requests for a turn; return the examples per second.

    One thread has all clients, as their time is taken from the server.
    """
    before, start = len(traffic.seconds), time.perf_counter()
    end = start + min(_TURN, options.seconds)
    with selectors.DefaultSelector() as selector, ExitStack() as stack:
        for i in range(options.clients):
            client = Client(port, i * 7)
            stack.callback(lambda client=client: client.stream.close())
            selector.register(client.stream, selectors.EVENT_READ, client)
            client.send(requests[client.number % len(requests)])
        waiting = options.clients
        while waiting:
            for key, _ in selector.select():
                client = key.data
                try:
                    if not client.receive():
                        continue
                    traffic.seconds.append(time.perf_counter() - client.sent)
                except (OSError, ValueError) as error:
                    traffic.errors.append(repr(error))
                    selector.unregister(client.stream)
                    client.reconnect()
                    selector.register(client.stream, selectors.EVENT_READ, client)
                client.number += options.clients * options.examples
                if time.perf_counter() < end:
                    client.send(requests[client.number % len(requests)])
                else:
                    waiting -= 1
    done = (len(traffic.seconds) - before) * options.examples
    return float(done / (time.perf_counter() - start))


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
