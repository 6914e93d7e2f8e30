"""A training step of an encoder classifier: pmt beside PyTorch eager on the same cores.

    hatch run bench:step
    hatch run bench:step --processor-time    # one thread each, for a busy machine

A step is forward, backward, clipping by global norm 1 and AdamW. Both sides train the same model
on the same batch in one process, alternating; the figure is the median of the rounds. torch runs
with the thread count that is best for it and with `fused=True` AdamW; pmt with as many workers as
there are cores. First, with dropout 0, both are trained from the same weights to show that they
compute the same thing.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import time
from collections.abc import Callable

import torch
from benchmarks.models.encoder_model import (
    CLASSES,
    SIZES,
    VOCABULARY,
    Classifier,
    Size,
    loss,
    make_batch,
)

from pmt_train import AdamW, Trainer, core_count
from pmt_train.parallel.adaptive_map import TRIALS

LR = 1e-3
DECAY = 0.01


class TorchClassifier(torch.nn.Module):
    def __init__(self, size: Size, dropout: float) -> None:
        super().__init__()
        self.words = torch.nn.Embedding(VOCABULARY, size.d)
        self.positions = torch.nn.Parameter(torch.zeros(size.t, size.d))
        layer = torch.nn.TransformerEncoderLayer(
            size.d,
            size.heads,
            size.f,
            dropout,
            activation=functools.partial(torch.nn.functional.gelu, approximate="tanh"),
            batch_first=True,
            norm_first=True,
        )
        self.encoder = torch.nn.TransformerEncoder(
            layer, size.layers, torch.nn.LayerNorm(size.d), enable_nested_tensor=False
        )
        self.classify = torch.nn.Linear(size.d, CLASSES)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        x = self.words(ids) + self.positions[: ids.shape[1]]
        x = self.encoder(x, src_key_padding_mask=~mask)
        share = mask / mask.sum(1, keepdim=True)
        return self.classify((share[:, None] @ x)[:, 0])


def pmt_side(size: Size, dropout: float, workers: int) -> tuple[Trainer, Callable[[], float]]:
    trainer = Trainer(
        Classifier(size, dropout),
        loss,
        optimizer=functools.partial(AdamW, weight_decay=DECAY),
        schedule=LR,
        workers=workers,
    )
    batch = make_batch(size)

    def step() -> float:
        result = trainer.step(batch)
        return result.loss / result.count

    return trainer, step


def torch_side(size: Size, dropout: float) -> tuple[TorchClassifier, Callable[[], float]]:
    torch.manual_seed(0)
    model = TorchClassifier(size, dropout)
    matrices = [p for n, p in model.named_parameters() if p.ndim > 1 and "words" not in n]
    others = [p for n, p in model.named_parameters() if p.ndim < 2 or "words" in n]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}],
        lr=LR,
        fused=True,
    )
    batch = make_batch(size)
    ids, mask, labels = map(torch.from_numpy, (batch.ids, batch.mask, batch.labels))

    def step() -> float:
        optimizer.zero_grad()
        mean = torch.nn.functional.cross_entropy(model(ids, mask), labels)
        mean.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return mean.item()

    return model, step


def copy_weights(source: Classifier, target: TorchClassifier) -> None:
    """Give the torch model the weights of ours; its matrices are the other way round."""
    state = {name: torch.from_numpy(array) for name, array in source.state_dict().items()}
    renamed = {
        "words.weight": state["words.weight"],
        "positions": state["positions.weight"],
        "classify.weight": state["classify.weight"].T,
        "classify.bias": state["classify.bias"],
        "encoder.norm.weight": state["encoder.norm.weight"],
        "encoder.norm.bias": state["encoder.norm.bias"],
    }
    for i in range(len(source.encoder.layers)):
        ours, theirs = f"encoder.layers.{i}", f"encoder.layers.{i}"
        for local, name in [
            ("attention.qkv", "self_attn.in_proj_"),
            ("attention.project", "self_attn.out_proj."),
            ("feed_forward.up", "linear1."),
            ("feed_forward.down", "linear2."),
        ]:
            renamed[f"{theirs}.{name}weight"] = state[f"{ours}.{local}.weight"].T
            renamed[f"{theirs}.{name}bias"] = state[f"{ours}.{local}.bias"]
        for local, name in [("attention_norm", "norm1"), ("feed_forward_norm", "norm2")]:
            renamed[f"{theirs}.{name}.weight"] = state[f"{ours}.{local}.weight"]
            renamed[f"{theirs}.{name}.bias"] = state[f"{ours}.{local}.bias"]
    target.load_state_dict(renamed)


def show_same_curve(size: Size, workers: int) -> None:
    trainer, pmt_step = pmt_side(size, 0.0, workers)
    model, torch_step = torch_side(size, 0.0)
    copy_weights(trainer.model, model)
    with trainer.workers:
        ours = [pmt_step() for _ in range(20)]
    theirs = [torch_step() for _ in range(20)]
    worst = max(abs(a - b) for a, b in zip(ours, theirs))
    print(f"same loss curve, {size}: 20 steps, largest difference {worst:.1e}")


def seconds(step: Callable[[], float], clock: Callable[[], float] = time.perf_counter) -> float:
    start = clock()
    step()
    return clock() - start


def best_torch_threads(step: Callable[[], float]) -> int:
    results = {}
    for threads in {1, core_count()}:
        torch.set_num_threads(threads)
        step()
        results[threads] = statistics.median(seconds(step) for _ in range(3))
    return min(results, key=results.__getitem__)


def measure(
    size: Size, dropout: float, workers: int, rounds: int, processor_time: bool
) -> tuple[float, float]:
    """Median milliseconds of a step: pmt, torch. processor_time: with one thread each."""
    clock = time.process_time if processor_time else time.perf_counter
    trainer, pmt_step = pmt_side(size, dropout, workers)
    _, torch_step = torch_side(size, dropout)
    torch.set_num_threads(1 if processor_time else best_torch_threads(torch_step))
    times: tuple[list[float], list[float]] = [], []
    with trainer.workers:
        for _ in range(2 * TRIALS):  # pmt chooses threads or one thread, whichever is faster
            pmt_step(), torch_step()
        for _ in range(rounds):
            times[0].append(seconds(pmt_step, clock))
            times[1].append(seconds(torch_step, clock))
    return statistics.median(times[0]) * 1e3, statistics.median(times[1]) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11, help="steps of each side (default: 11)")
    parser.add_argument("--workers", type=int, default=core_count(), help="pmt's threads")
    parser.add_argument("--sizes", type=int, nargs="+", default=range(len(SIZES)))
    parser.add_argument(
        "--processor-time", action="store_true", help="of one thread each, for a busy machine"
    )
    chosen = parser.parse_args()
    if chosen.processor_time:
        chosen.workers = 1
    show_same_curve(SIZES[0], chosen.workers)
    for dropout, limit in [(0.1, 0.6), (0.0, 0.8)]:
        ratios = []
        print(f"\ndropout {dropout}\n{'(d,heads,layers,f,b,t)':>24}   pmt ms  torch ms  pmt/torch")
        for size in [SIZES[i] for i in chosen.sizes]:
            ours, theirs = measure(
                size, dropout, chosen.workers, chosen.rounds, chosen.processor_time
            )
            ratios.append(ours / theirs)
            print(f"{size!s:>24} {ours:8.1f} {theirs:9.1f} {ratios[-1]:10.2f}", flush=True)
        print(f"median ratio {statistics.median(ratios):.2f} (aim: at most {limit})")


if __name__ == "__main__":
    main()
