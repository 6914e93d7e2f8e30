"""The opponent of `epoch.py` and `inference.py`: an idiomatic PyTorch program for question pairs.

    python qqp_torch.py train FILE OUT [LIMIT]     one epoch, saved to OUT; prints a line of JSON
    python qqp_torch.py answer OUT                 answers standard input, `question<Tab>question`
    python qqp_torch.py latency OUT                times answers; prints a line of JSON

DataLoader with shuffling and a collate function that pads per batch; nn.TransformerEncoder; fused
AdamW; clipping by norm. The model is that of pmt's `PairClassifier`, sizes from `qqp_sizes.py`.
"""

from __future__ import annotations

import collections
import csv
import functools
import json
import re
import sys
import time

import torch
from benchmarks.models import qqp_sizes as sizes
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

WORD = re.compile(r"\w+|[^\w\s]")
SPECIAL = ["<pad>", "<unk>", "<cls>", "<sep>"]


def tokenize(text: str) -> list[str]:
    return WORD.findall(text.lower())


class Pairs(Dataset):
    def __init__(self, rows, vocabulary):
        self.items = [(encode(a, b, vocabulary), label) for label, a, b in rows]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def encode(a, b, vocabulary):
    """ids, segments and match_types of one pair, (t,) each."""
    room = (sizes.LENGTH - 3) // 2
    a, b = a[:room], b[:room]
    in_a, in_b = set(a), set(b)
    tokens = ["<cls>", *a, "<sep>", *b, "<sep>"]
    ids = [vocabulary.get(t, 1) for t in tokens]
    segments = [0] * (len(a) + 2) + [1] * (len(b) + 1)
    match_types = [0, *(1 + (t in in_b) for t in a), 0, *(1 + (t in in_a) for t in b), 0]
    return torch.tensor(ids), torch.tensor(segments), torch.tensor(match_types)


def collate(items):
    columns = [pad_sequence(column, batch_first=True) for column in zip(*(x for x, _ in items))]
    return (*columns, torch.tensor([label for _, label in items]))


class Classifier(nn.Module):
    def __init__(self, words: int):
        super().__init__()
        d = sizes.WIDTH
        self.words = nn.Embedding(words, d, padding_idx=0)
        self.segments = nn.Embedding(2, d)
        self.match_types = nn.Embedding(3, d)
        self.positions = nn.Parameter(0.02 * torch.randn(sizes.LENGTH, d))
        self.norm = nn.LayerNorm(d)
        self.dropout = nn.Dropout(sizes.DROPOUT)
        layer = nn.TransformerEncoderLayer(
            d,
            sizes.HEADS,
            sizes.HIDDEN,
            sizes.DROPOUT,
            activation=functools.partial(nn.functional.gelu, approximate="tanh"),
            batch_first=True,
            norm_first=True,
        )
        self.encoder = nn.TransformerEncoder(
            layer, sizes.LAYERS, nn.LayerNorm(d), enable_nested_tensor=False
        )
        self.pool = nn.Linear(3 * d, d)
        self.classify = nn.Linear(d, 2)

    def read(self, ids, segments, match_types):
        """The vector of the first token, and the mean of either text."""
        x = self.words(ids) + self.segments(segments) + self.match_types(match_types)
        x = self.dropout(self.norm(x + self.positions[: ids.shape[1]]))
        mask = ids != 0
        x = self.encoder(x, src_key_padding_mask=~mask)
        means = []
        for segment in (0, 1):
            current = (mask & (segments == segment)).to(x.dtype).unsqueeze(-1)
            means.append((x * current).sum(1) / current.sum(1).clamp(min=1))
        return x[:, 0], *means

    def forward(self, ids, segments, match_types):
        pooled = torch.tanh(self.pool(torch.cat(self.read(ids, segments, match_types), -1)))
        return self.classify(self.dropout(pooled))


def train(path: str, out: str, limit: int | None) -> None:
    start = time.perf_counter()
    torch.manual_seed(1)
    rows = []
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["is_duplicate"] in ("0", "1"):
                label = int(row["is_duplicate"])
                rows.append((label, tokenize(row["question1"]), tokenize(row["question2"])))
    rows = rows[:limit]
    counts = collections.Counter(t for _, a, b in rows for t in (*a, *b))
    words = [*SPECIAL, *sorted(t for t, n in counts.items() if n >= sizes.MIN_COUNT)]
    vocabulary = {word: i for i, word in enumerate(words)}
    loader = DataLoader(
        Pairs(rows, vocabulary), batch_size=sizes.BATCH, shuffle=True, collate_fn=collate
    )
    ready = time.perf_counter()
    model = Classifier(len(words))
    optimizer = torch.optim.AdamW(model.parameters(), lr=sizes.LR, weight_decay=0.01, fused=True)
    total = 0.0
    model.train()
    for *inputs, labels in loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(*inputs), labels)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item() * len(labels)
    torch.save(model.state_dict(), f"{out}.pt")
    with open(f"{out}.json", "w") as file:
        json.dump(words, file)
    sizes.tell(start, ready, total / len(rows), len(rows))


def load(out: str):
    with open(f"{out}.json") as file:
        words = json.load(file)
    model = Classifier(len(words))
    model.load_state_dict(torch.load(f"{out}.pt", weights_only=True))
    model.eval()
    return model, {word: i for i, word in enumerate(words)}


def answer(model, vocabulary, pairs) -> list[float]:
    items = [(encode(tokenize(a), tokenize(b), vocabulary), 0) for a, b in pairs]
    with torch.inference_mode():
        *inputs, _ = collate(items)
        return model(*inputs).softmax(-1)[:, 1].tolist()


def main(what: str, *args: str) -> None:
    if what == "train":
        train(args[0], args[1], int(args[2]) if args[2:] else None)
        return
    model, vocabulary = load(args[0])
    ask = functools.partial(answer, model, vocabulary)
    if what == "answer":
        for line in sys.stdin:
            print(ask([tuple(line.rstrip("\n").split("\t"))])[0], flush=True)
    else:
        best = None
        for threads in {1, torch.get_num_threads()}:  # its own best thread count
            torch.set_num_threads(threads)
            results = sizes.latency(ask)
            best = results if best is None else {k: min(best[k], results[k]) for k in results}
        print(json.dumps(best))


if __name__ == "__main__":
    main(*sys.argv[1:])
