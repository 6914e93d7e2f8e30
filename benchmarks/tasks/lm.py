"""A training iteration of a small language model: pmt beside PyTorch eager on the same cores.

    hatch run bench:lm [--rounds 15] [--workers 2]

The model is that of `apps/train_lm.py --preset nanogpt-cpu`: 4 layers, 4 heads, width 128, context
64, batch 12, 65 characters, no biases, the output tied to the embedding. An iteration is a batch
drawn from the text, forward, backward, clipping by global norm 1, and AdamW. Both sides train in
one process, in turns of 20 iterations, the first of either side alternating; the figure is the
median of the turns. torch runs with the thread count that is best for it, with its fused attention
and its fused AdamW; pmt with the better of one worker and all. First both are trained from the same
weights on the same batches, to show that they compute the same thing (to 1e-5: torch has its exact
GELU, which is its faster one, pmt the tanh form).
"""

from __future__ import annotations

import argparse
import functools
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from benchmarks.models.language_model import BETAS, CONFIG, DECAY, LR, draw, loss
from torch.nn import functional

from pmt_nn import LanguageModel
from pmt_train import AdamW, Trainer, core_count

AIM = 0.8
TURN = 20  # iterations


# --- pmt ----------------------------------------------------------------------------------------


def pmt_side(text: np.ndarray, workers: int) -> tuple[Trainer, Callable[[], float]]:
    trainer = Trainer(
        LanguageModel(CONFIG, np.random.default_rng(0)),
        loss,
        optimizer=functools.partial(AdamW, betas=BETAS, weight_decay=DECAY),
        schedule=LR,
        workers=workers,
    )
    rng = np.random.default_rng(1)

    def step() -> float:
        result = trainer.step(draw(text, rng))
        return result.loss / result.count

    return trainer, step


# --- torch --------------------------------------------------------------------------------------


class Block(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        d = CONFIG.width
        self.norm1 = torch.nn.LayerNorm(d, bias=False)
        self.qkv = torch.nn.Linear(d, 3 * d, bias=False)
        self.project = torch.nn.Linear(d, d, bias=False)
        self.norm2 = torch.nn.LayerNorm(d, bias=False)
        self.up = torch.nn.Linear(d, CONFIG.hidden, bias=False)
        self.down = torch.nn.Linear(CONFIG.hidden, d, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        b, t, d = x.shape
        heads = (b, t, CONFIG.heads, d // CONFIG.heads)
        q, k, v = (part.view(heads).transpose(1, 2) for part in self.qkv(self.norm1(x)).split(d, 2))
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.project(mixed.transpose(1, 2).reshape(b, t, d))
        hidden = functional.gelu(self.up(self.norm2(x)))
        return x + self.down(hidden)


class TorchLanguageModel(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = torch.nn.Embedding(CONFIG.vocabulary, CONFIG.width)
        self.positions = torch.nn.Embedding(CONFIG.max_length, CONFIG.width)
        self.layers = torch.nn.ModuleList(Block() for _ in range(CONFIG.layers))
        self.norm = torch.nn.LayerNorm(CONFIG.width, bias=False)
        self.output = torch.nn.Linear(CONFIG.width, CONFIG.vocabulary, bias=False)
        self.output.weight = self.words.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.words(ids) + self.positions(torch.arange(ids.shape[1]))
        for layer in self.layers:
            x = layer(x)
        return self.output(self.norm(x))


def torch_side(text: np.ndarray) -> tuple[TorchLanguageModel, Callable[[], float]]:
    torch.manual_seed(0)
    model = TorchLanguageModel()
    groups = [
        {"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": DECAY},
        {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=LR, betas=BETAS, fused=True)
    rng = np.random.default_rng(1)

    def step() -> float:
        ids = torch.from_numpy(draw(text, rng).ids)
        logits = model(ids[:, :-1])
        mean = functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
        mean.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return mean.item()

    return model, step


def copy_weights(source: LanguageModel, target: TorchLanguageModel) -> None:
    """Give the torch model the weights of ours; its matrices are the other way round."""
    state = {name: torch.from_numpy(array) for name, array in source.state_dict().items()}
    renamed = {
        "words.weight": state["words.weight"],
        "output.weight": state["words.weight"],
        "positions.weight": state["positions.weight"],
        "norm.weight": state["decoder.norm.weight"],
    }
    for i in range(CONFIG.layers):
        for local, theirs in [
            ("attention.qkv", "qkv"),
            ("attention.project", "project"),
            ("feed_forward.up", "up"),
            ("feed_forward.down", "down"),
        ]:
            renamed[f"layers.{i}.{theirs}.weight"] = state[f"decoder.layers.{i}.{local}.weight"].T
        for local, theirs in [("attention_norm", "norm1"), ("feed_forward_norm", "norm2")]:
            renamed[f"layers.{i}.{theirs}.weight"] = state[f"decoder.layers.{i}.{local}.weight"]
    target.load_state_dict(renamed)


# --- the race -----------------------------------------------------------------------------------


def show_same_curve(text: np.ndarray) -> None:
    trainer, pmt_step = pmt_side(text, 1)
    model, torch_step = torch_side(text)
    copy_weights(trainer.model, model)
    worst = max(abs(pmt_step() - torch_step()) for _ in range(20))
    print(f"same loss curve: 20 steps, largest difference {worst:.1e}")


def milliseconds(step: Callable[[], float], clock: Callable[[], float], steps: int) -> float:
    """Of one iteration, the mean of a turn."""
    start = clock()
    for _ in range(steps):
        step()
    return (clock() - start) / steps * 1e3


def best_torch_threads(step: Callable[[], float]) -> int:
    results = {}
    for threads in sorted({1, core_count()}):
        torch.set_num_threads(threads)
        step()
        results[threads] = statistics.median(
            milliseconds(step, time.perf_counter, TURN) for _ in range(3)
        )
    return min(results, key=results.__getitem__)


def race(
    text: np.ndarray, workers: int, rounds: int, threads: int | None, clock: Callable[[], float]
) -> tuple[float, float]:
    """Median milliseconds of an iteration: pmt, torch."""
    trainer, pmt_step = pmt_side(text, workers)
    _, torch_step = torch_side(text)
    torch.set_num_threads(threads or best_torch_threads(torch_step))
    times: dict[Callable[[], float], list[float]] = {pmt_step: [], torch_step: []}
    with trainer.workers:
        for step in times:
            milliseconds(step, clock, TURN)
        for i in range(rounds):
            for step in list(times)[:: 1 if i % 2 else -1]:
                times[step].append(milliseconds(step, clock, TURN))
    ours, theirs = (statistics.median(results) for results in times.values())
    print(
        f"pmt, {workers} worker(s) {ours:6.2f} ms   torch, {torch.get_num_threads()} thread(s) "
        f"{theirs:6.2f} ms   pmt/torch {ours / theirs:.2f}",
        flush=True,
    )
    return ours, theirs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="turns of each side (default: 15)")
    parser.add_argument("--workers", type=int, nargs="+", default=sorted({1, core_count()}))
    parser.add_argument("--threads", type=int, help="torch's (default: the better of 1, all)")
    parser.add_argument(
        "--cpu-time",
        action="store_true",
        help="of the process, not of the wall: on a busy machine, with one worker and one thread",
    )
    chosen = parser.parse_args()
    clock = time.process_time if chosen.cpu_time else time.perf_counter
    text = np.random.default_rng(0).integers(0, CONFIG.vocabulary, 1_000_000)
    show_same_curve(text)
    results = [race(text, n, chosen.rounds, chosen.threads, clock) for n in chosen.workers]
    ours, theirs = min(results)
    print(f"time per iteration, pmt/torch: {ours / theirs:.2f} (aim: at most {AIM})")


if __name__ == "__main__":
    main()
