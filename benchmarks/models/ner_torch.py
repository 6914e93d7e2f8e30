"""The opponent of `ner.py`: the tagger of `train_ner.py`, written as PyTorch programs are.

Embeddings, a Conv1d over letters, TENER's attention by a product with the table of offsets and the
usual shift, a chain whose sums and best path go word by word.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional

FORBIDDEN = -1e4


class Attention(nn.Module):
    """Multi-head attention with relative positions (TENER, Yan et al. 2019, equations 17 to 19)."""

    def __init__(self, d: int, heads: int, dropout: float, longest: int = 512):
        super().__init__()
        self.heads, self.longest = heads, longest
        self.qkv = nn.Linear(d, 3 * d)
        self.project = nn.Linear(d, d)
        self.content_bias = nn.Parameter(torch.zeros(heads, d // heads))
        self.position_bias = nn.Parameter(torch.zeros(heads, d // heads))
        self.dropout = nn.Dropout(dropout)
        width = d // heads
        offsets = torch.arange(-longest, longest + 1, dtype=torch.float64)
        angles = offsets[:, None] * torch.exp(
            -math.log(10000.0) / width * torch.arange(0, width, 2, dtype=torch.float64)
        )
        table = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)
        self.register_buffer("table", table.float(), persistent=False)

    def forward(self, x, mask):
        b, t, d = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        content = (q + self.content_bias[:, None]) @ k.transpose(-1, -2)
        table = self.table[self.longest - t + 1 : self.longest + t]  # offsets 1 - t ... t - 1
        position = (q + self.position_bias[:, None]) @ table.T  # (b, h, t, 2t - 1)
        if t > 1:  # row i, column s: offset s - i
            position = position.flatten(-2)[..., t - 1 : t - 1 + t * (2 * t - 2)]
            position = position.view(b, self.heads, t, 2 * t - 2)[..., :t]
        scores = (content + position).masked_fill(~mask[:, None, None, :], float("-inf"))
        mixed = self.dropout(scores.softmax(dim=-1)) @ v
        return self.project(mixed.transpose(1, 2).reshape(b, t, d))


class Layer(nn.Module):
    def __init__(self, d: int, heads: int, hidden: int, dropout: float):
        super().__init__()
        self.attention_norm, self.feed_forward_norm = nn.LayerNorm(d), nn.LayerNorm(d)
        self.attention = Attention(d, heads, dropout)
        self.up, self.down = nn.Linear(d, hidden), nn.Linear(hidden, d)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, mask):
        x = x + self.dropout(self.attention(self.attention_norm(x), mask))
        hidden = self.dropout(functional.relu(self.up(self.feed_forward_norm(x))))
        return x + self.dropout(self.down(hidden))


class Chain(nn.Module):
    """A linear-chain conditional random field."""

    def __init__(self, n: int, forbidden, forbidden_start):
        super().__init__()
        self.transitions = nn.Parameter(torch.zeros(n, n))
        self.start, self.end = nn.Parameter(torch.zeros(n)), nn.Parameter(torch.zeros(n))
        self.register_buffer("forbidden", torch.as_tensor(forbidden), persistent=False)
        self.register_buffer("forbidden_start", torch.as_tensor(forbidden_start), persistent=False)

    def allowed(self):
        return (
            self.transitions.masked_fill(self.forbidden, FORBIDDEN),
            self.start.masked_fill(self.forbidden_start, FORBIDDEN),
        )

    def loss(self, emissions, tags, mask):
        """Sum of -log p(tags)."""
        transitions, start = self.allowed()
        total = start + emissions[:, 0]
        for i in range(1, emissions.shape[1]):
            going_on = torch.logsumexp(total[:, :, None] + transitions, dim=1) + emissions[:, i]
            total = torch.where(mask[:, i, None], going_on, total)
        partition = torch.logsumexp(total + self.end, dim=1)
        lengths = mask.sum(dim=1)
        tags = tags.clamp(min=0)
        local = emissions.gather(2, tags[..., None]).squeeze(-1).mul(mask).sum(dim=1)
        steps = (transitions[tags[:, :-1], tags[:, 1:]] * mask[:, 1:]).sum(dim=1)
        last = tags.gather(1, lengths[:, None] - 1).squeeze(1)
        return (partition - local - steps - start[tags[:, 0]] - self.end[last]).sum()

    def decode(self, emissions, mask):
        """The likeliest tags of every row, as lists."""
        transitions, start = self.allowed()
        score = start + emissions[:, 0]
        pointers = []
        for i in range(1, emissions.shape[1]):
            best, pointer = (score[:, :, None] + transitions).max(dim=1)
            score = torch.where(mask[:, i, None], best + emissions[:, i], score)
            pointers.append(pointer)
        last = (score + self.end).argmax(dim=1).tolist()
        results = []
        rows = torch.stack(pointers).tolist() if pointers else []
        for row, length in enumerate(mask.sum(dim=1).tolist()):
            path = [last[row]]
            for i in range(length - 2, -1, -1):
                path.append(rows[i][row][path[-1]])
            results.append(path[::-1])
        return results


class Tagger(nn.Module):
    def __init__(self, config, forgotten, forbidden, forbidden_start):
        super().__init__()
        self.words = nn.Embedding(config.words, config.word_width)
        self.characters = nn.Embedding(config.characters, config.character_width)
        self.convolve = nn.Conv1d(
            config.character_width, config.filters, config.kernel_size, bias=False
        )
        self.shapes = nn.Embedding(config.shapes, config.shape_width)
        joined = config.word_width + config.filters + config.shape_width
        self.join = nn.Linear(joined, config.width)
        self.layers = nn.ModuleList(
            Layer(config.width, config.heads, config.hidden, config.dropout)
            for _ in range(config.layers)
        )
        self.norm = nn.LayerNorm(config.width)
        self.classify = nn.Linear(config.width, config.tags)
        self.chain = Chain(config.tags, forbidden, forbidden_start)
        self.input_dropout = nn.Dropout(config.input_dropout)
        self.dropout = nn.Dropout(config.dropout)
        self.register_buffer("forgotten", torch.as_tensor(forgotten), persistent=False)
        self.side = config.kernel_size // 2

    def forward(self, words, characters, spelling_ids, shapes, mask):
        if self.training:
            gone = torch.rand(words.shape) < self.forgotten[words]
            words = words.masked_fill(gone, 1)
        letters = functional.pad(characters, (self.side, self.side))
        seen = self.convolve(self.characters(letters).transpose(1, 2))
        spelling = seen.masked_fill((characters == 0)[:, None], float("-inf")).amax(dim=-1)
        spelling = spelling.masked_fill((characters == 0).all(dim=1)[:, None], 0.0)
        x = torch.cat([self.words(words), spelling[spelling_ids], self.shapes(shapes)], dim=-1)
        x = self.join(self.input_dropout(x))
        for layer in self.layers:
            x = layer(x, mask)
        return self.classify(self.dropout(self.norm(x)))

    def loss(self, words, characters, spelling_ids, shapes, mask, tags):
        return self.chain.loss(self(words, characters, spelling_ids, shapes, mask), tags, mask)

    @torch.inference_mode()
    def predict(self, words, characters, spelling_ids, shapes, mask):
        return self.chain.decode(self(words, characters, spelling_ids, shapes, mask), mask)

    def load(self, state):
        """Take the weights of pmt's `EntityTagger`, so that both compute the same."""
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                value = state[_name_in_pmt(name)]
                if name == "convolve.weight":  # (kernel size, d, k) there, (k, d, window) here
                    value = value.transpose(2, 1, 0)
                elif name.endswith("weight") and value.ndim == 2 and not _is_table(name):
                    value = value.T
                parameter.copy_(torch.from_numpy(np.ascontiguousarray(value)))


def _is_table(name: str) -> bool:
    return name in ("words.weight", "characters.weight", "shapes.weight")


def _name_in_pmt(name: str) -> str:
    name = {
        "characters.weight": "spelling.characters",
        "convolve.weight": "spelling.kernel",
        "norm.weight": "encoder.norm.weight",
        "norm.bias": "encoder.norm.bias",
    }.get(name, name)
    if name.startswith("layers."):
        name = f"encoder.{name}".replace(".up.", ".feed_forward.up.")
        name = name.replace(".down.", ".feed_forward.down.")
    return name.replace("chain.", "crf.")
