"""Measure what pictures of chapters 16 and 17 show of the runs on their pages, and gelu.

python docs/log/trainings/page_runs.py                   trains the runs, half a minute of one core
python docs/log/trainings/page_runs.py --ner RUN --qqp RUN --tfidf RUN       measures trained runs
python docs/log/trainings/page_runs.py --gelu                the table of the appendix, nothing else

Writes ner_run_*.csv, qqp_run_*.csv or gelu.csv to docs/log/measured. The runs are those of the
chapters: the shipped samples, one worker, the options in RUNS.
"""

from __future__ import annotations

import argparse
import csv
import math
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import pmt_apps
import pmt_apps.ner.main
import pmt_apps.qqp.main
from pmt_apps.kit.files import SAMPLES
from pmt_autograd import Tensor, no_grad
from pmt_core import RandomStream, tag_spans
from pmt_nn import capture, gelu
from pmt_text import convert_tags, load_conll, load_qqp, split_by_question
from pmt_train import calibration_bins

RUNS = {
    "ner": (pmt_apps.ner.main, ["--epochs", "6", "--workers", "1"]),
    "qqp": (pmt_apps.qqp.main, ["--epochs", "4", "--workers", "1"]),
    "tfidf": (pmt_apps.qqp.main, ["--baseline", "tfidf", "--workers", "1"]),
}
MEASURED = Path(__file__).resolve().parents[1] / "measured"
SENTENCE = "Mr. Arow , a Gelovian lawyer , won the prize in 1951 ."
SHOWN_TAGS = ("O", "B-PER", "I-PER", "E-PER", "S-PER", "B-LOC", "E-LOC", "S-LOC")
PAIRS = {
    "order": ("What makes me miss my boss?", "What makes my boss miss me?"),
    "meat": ("What are the benefits of eating no meat?", "What is good about a vegetarian diet?"),
}
BINS = 5


def write(name: str, what: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a measured table; its first line says what it is and by which command."""
    with (MEASURED / name).open("w", encoding="utf-8", newline="") as file:
        file.write(f"# python docs/log/trainings/page_runs.py: {what}\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def numbered(words: Sequence[str]) -> list[str]:
    """Return the words with their number before them, so that no two are the same."""
    return [f"{i} {word}" for i, word in enumerate(words, start=1)]


def write_calibration(
    name: str, what: str, p: NDArray[np.floating], labels: NDArray[np.int64]
) -> None:
    """Write a reliability table of BINS bins."""
    bins = calibration_bins(p, labels, BINS)
    rows = [
        (f"{i / BINS:.1f}", count, f"{mean:.4f}", f"{share:.4f}")
        for i, (count, mean, share) in enumerate(zip(*bins, strict=True))
        if count
    ]
    write(name, what, ("from", "count", "predicted", "observed"), rows)


def measure_ner(folder: Path) -> None:
    """Write attention, transition scores and calibration of the tagger."""
    predictor = pmt_apps.load(folder)
    dev = load_conll(SAMPLES / "ner_dev.conll").sentences
    sentence = next(s for s in dev if " ".join(s.words) == SENTENCE)
    tagger = predictor.tagger
    tagger.model.eval()
    batch = tagger.encode([sentence]).batch(np.array([0]))
    with capture(tagger.model) as captured, no_grad():
        tagger.model(batch)
    weights = captured["encoder.layers.0.attention.weights"][0].mean(axis=0)
    names = numbered(sentence.words)
    write(
        "ner_run_attention.csv",
        "attention of the first layer, mean of the heads, from the row's word to the column's",
        ("word", *names),
        ([name, *(f"{x:.4f}" for x in row)] for name, row in zip(names, weights, strict=True)),
    )
    tags = tagger.encoder.tags
    shown = [tags.index(tag) for tag in SHOWN_TAGS]
    scores, forbidden = tagger.model.crf.transitions.data, tagger.forbidden
    write(
        "ner_run_transitions.csv",
        "learned transition scores from the row's tag to the column's; empty: forbidden",
        ("tag", *SHOWN_TAGS),
        (
            [tags[i], *("" if forbidden[i, j] else f"{scores[i, j]:.4f}" for j in shown)]
            for i in shown
        ),
    )
    confidence, right = [], []
    for s, answer in zip(dev, predictor.predict_json([s.words for s in dev]), strict=True):
        actual = set(tag_spans(convert_tags(s.tags, "IOB2")))
        spans = tag_spans(answer["tags"])
        confidence += [min(entity["confidence"], 1.0) for entity in answer["entities"]]
        right += [int(span in actual) for span in spans]
    write_calibration(
        "ner_run_calibration.csv",
        "names found on dev by their confidence, and the share that is right",
        np.array(confidence),
        np.array(right),
    )


def sample_pairs() -> tuple[list[tuple[str, str]], NDArray[np.int64]]:
    """Return the dev pairs of the sample run with seed 1, and their labels."""
    pairs = load_qqp(SAMPLES / "qqp.tsv").pairs
    rng = RandomStream(1, "split").generator()
    dev = [pairs[i] for i in split_by_question(pairs, 0.15, rng)[1]]
    return [(p.question1, p.question2) for p in dev], np.array([p.label for p in dev])


def measure_qqp(folder: Path, baseline: Path) -> None:
    """Write attention of a pair, calibration, and the pairs that each of two models has right."""
    texts, labels = sample_pairs()
    models = {"transformer": pmt_apps.load(folder), "tfidf": pmt_apps.load(baseline)}
    p = {name: model.predict_proba(texts)[:, 1] for name, model in models.items()}
    for name, probability in p.items():
        write_calibration(
            f"qqp_run_calibration_{name}.csv",
            f"dev pairs of the sample by the probability of {name}, and the share of duplicates",
            probability,
            labels,
        )
    reader = models["transformer"].model
    for name, pair in PAIRS.items():
        last = reader.attention_maps(pair)[-1]
        write(
            f"qqp_run_attention_{name}.csv",
            f"attention of the last layer, mean of the heads, from <cls>, in {pair}",
            ("token", "weight"),
            zip(numbered(last.keys), (f"{x:.4f}" for x in last.weights[0]), strict=True),
        )
    right = {name: (x >= 0.5) == (labels == 1) for name, x in p.items()}
    a, b = right["transformer"], right["tfidf"]
    write(
        "qqp_run_paired.csv",
        "dev pairs of the sample by whether the Transformer and tf-idf are right",
        ("transformer", "tfidf_right", "tfidf_wrong"),
        [("right", (a & b).sum(), (a & ~b).sum()), ("wrong", (~a & b).sum(), (~a & ~b).sum())],
    )


def measure_gelu() -> None:
    """Write nanoseconds per number of gelu in plain operations and as one, by the array's size."""
    rng = np.random.default_rng(0)
    rows = []
    for kib in (64, 256, 1024, 4096, 8192, 16384, 32768):
        x = Tensor(rng.normal(size=(kib // 2, 512)).astype(np.float32))
        best = [math.inf, math.inf]
        for _ in range(25):
            for side, function in enumerate((gelu.composed, gelu)):
                with no_grad():
                    start = time.process_time_ns()
                    function(x)
                    best[side] = min(best[side], (time.process_time_ns() - start) / x.data.size)
        rows.append((kib, *(f"{value:.4f}" for value in best)))
    what = "with --gelu: nanoseconds per number by the KiB of the array, one core, best of 25"
    write("gelu.csv", what, ("kib", "plain", "fused"), rows)


def main() -> None:
    """Train what was not given, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gelu", action="store_true")
    for name in RUNS:
        parser.add_argument(f"--{name}", type=Path)
    given = vars(parser.parse_args())
    if given["gelu"]:
        measure_gelu()
        return
    with tempfile.TemporaryDirectory() as temporary:
        for name, (program, options) in RUNS.items():
            if given[name] is None:
                given[name] = Path(temporary, name)
                program.main([*options, "--out", str(given[name])])
        measure_ner(given["ner"])
        measure_qqp(given["qqp"], given["tfidf"])


if __name__ == "__main__":
    main()
