"""Vectors of texts by MiniLM: pmt beside torch with transformers, and ONNX Runtime in float32.

    hatch run bench:embed [--texts 320] [--rounds 9]

From text to vectors, tokenizer included. All take part in one process with one thread each, in turn
within each round, and the figures are processor times: medians, and medians of the ratios of a
round. Before they are timed their vectors are compared. Questions of Quora, sorted by length.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from benchmarks.models.embed_peers import OnnxEncoder, TorchEncoder, minilm

from pmt_apps import Encoder

DATA = Path("../shared/data/qqp/dev.tsv")
BATCH = 32
PMT_FIRST = (
    "import sys; from pmt_apps import Encoder; "
    "print(Encoder.load(sys.argv[1]).embed('How do I swim?')[:4])"
)
AIMS = {
    ("batches of 32", "torch"): 0.55,
    ("batches of 32", "onnx"): 0.70,
    ("one text", "torch"): 0.70,
    ("start to first answer", "torch"): 0.25,
}


def questions(path: Path, count: int) -> list[str]:
    """The first questions of a TSV (question1 is the fourth column), shortest first."""
    rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    texts = [row[1] if len(row) < 6 else row[3] for row in rows if len(row) > 2][1 : count + 1]
    return sorted(texts, key=len)


def batches(embed: Callable[[list[str]], np.ndarray], texts: list[str], size: int) -> np.ndarray:
    return np.concatenate([embed(texts[i : i + size]) for i in range(0, len(texts), size)])


def first_answer(arguments: list[str]) -> float:
    """Processor seconds of a process from its start to its answer."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--model", type=Path, help="a model's folder; MiniLM if it is left out")
    parser.add_argument("--texts", type=int, default=320)
    parser.add_argument("--rounds", type=int, default=9)
    chosen = parser.parse_args()
    folder = chosen.model or minilm()
    texts = questions(chosen.data, chosen.texts)
    encoder = Encoder.load(folder)
    torch_encoder = TorchEncoder(folder, 1)
    embeds: dict[str, Callable[[list[str]], np.ndarray]] = {
        "pmt": encoder.embed,
        "torch": torch_encoder.embed,
    }
    with tempfile.TemporaryDirectory() as scratch:
        try:
            onnx = OnnxEncoder(torch_encoder, Path(scratch) / "model.onnx", 1)
            embeds["onnx"] = onnx.embed
        except ImportError as error:
            print(f"without ONNX Runtime: {error}")
        compare(embeds, texts)
        results = measure(embeds, texts, chosen.rounds, str(folder))
    report(results)


def compare(embeds: dict[str, Callable[[list[str]], np.ndarray]], texts: list[str]) -> None:
    """All vectors are those of pmt within 1e-5, also if a text is alone."""
    ours = batches(embeds["pmt"], texts, BATCH)
    for name, embed in embeds.items():
        difference = np.abs(batches(embed, texts, BATCH) - ours).max()
        alone = np.abs(batches(embed, texts[:8], 1) - ours[:8]).max()
        print(f"{name:>6}: largest difference {max(difference, alone):.1e}")
        assert max(difference, alone) < 1e-5, name


def measure(
    embeds: dict[str, Callable[[list[str]], np.ndarray]], texts: list[str], rounds: int, folder: str
) -> dict[str, dict[str, list[float]]]:
    """Processor seconds of each part by what is measured, a number for each round."""
    results: dict[str, dict[str, list[float]]] = {}
    single = texts[:: max(len(texts) // 24, 1)]
    starts = {
        "pmt": ["-c", PMT_FIRST, folder],
        "torch": ["-m", "benchmarks.models.embed_peers", folder],
    }
    for _ in range(rounds):
        for what, chosen, size in [("batches of 32", texts, BATCH), ("one text", single, 1)]:
            for name, embed in embeds.items():
                seconds = timed(lambda e=embed, c=chosen, s=size: batches(e, c, s)) / len(chosen)
                results.setdefault(what, {}).setdefault(name, []).append(seconds)
        for name, arguments in starts.items():
            seconds = first_answer(arguments)
            results.setdefault("start to first answer", {}).setdefault(name, []).append(seconds)
    return results


def report(results: dict[str, dict[str, list[float]]]) -> None:
    for what, parts in results.items():
        for name, seconds in parts.items():
            ratios = [ours / s for ours, s in zip(parts["pmt"], seconds, strict=True)]
            aim = AIMS.get((what, name))
            note = f"  pmt/{name} {statistics.median(ratios):.2f}" if name != "pmt" else ""
            note += f" (aim: at most {aim})" if aim else ""
            print(f"{what:>22} {name:>6} {statistics.median(seconds) * 1e3:9.2f} ms{note}")


if __name__ == "__main__":
    main()
