"""The gradients by hand of `Word2Vec` are those of the tape, for all four models.

Everything random is taken out of one small epoch: a window of one word, no subsampling, and a
noise power that draws nothing but the most frequent word. What the epoch adds to the weights,
divided by the learning rate, is then minus the gradient of the summed loss. The rate for the tree
is so low that no step is bounded.
"""

from __future__ import annotations

import numpy as np
import pytest

from pmt_autograd import Tensor
from pmt_core import RandomStream
from pmt_nn import HierarchicalSoftmax, negative_sampling_loss
from pmt_text import ChunkSampler, SamplingSettings, TextCorpus, count_words
from pmt_train import Word2Vec, Word2VecSettings, Word2VecTrainer

D, NEGATIVES = 7, 5
RATES = {"ns": 0.25, "hs": 1e-4}
LINES = ["a b a c d b a e", "f a b b c a", "c", "e f f a d c a b a c e a b d a a c b"]
# The tree of many words goes deeper than the nodes near its root, which are learned otherwise.
MANY = [f"{line} x{i} y{i} a x{i // 3}" for i, line in enumerate(LINES * 8)]


def examples(model: str, lines: list[list[int]], v: int) -> tuple[np.ndarray, np.ndarray]:
    """How the hidden vectors are made of the word vectors, (n, v), and what they predict, (n,)."""
    mix, targets = [], []
    for line in lines:
        for i, word in enumerate(line):
            context = [line[j] for j in (i - 1, i + 1) if 0 <= j < len(line)]
            if model == "skipgram":
                for other in context:
                    mix.append(np.eye(v)[other])
                    targets.append(word)
            elif context:
                mix.append(np.eye(v)[context].mean(axis=0))
                targets.append(word)
    return np.array(mix), np.array(targets)


@pytest.mark.parametrize("lines_of_text", [LINES, MANY], ids=["few", "many"])
@pytest.mark.parametrize("loss", ["ns", "hs"])
@pytest.mark.parametrize("model", ["skipgram", "cbow"])
def test_gradients_by_hand_are_those_of_the_tape(
    tmp_path, model: str, loss: str, lines_of_text: list[str]
) -> None:
    path = tmp_path / "text.txt"
    path.write_text("\n".join(lines_of_text))
    corpus = TextCorpus(path, sentences="lines")
    counts = count_words(corpus, min_count=1)
    settings = Word2VecSettings(
        model=model,
        loss=loss,
        dimension=D,
        negatives=NEGATIVES,
        learning_rate=RATES[loss],
        last_learning_rate=RATES[loss],
        epochs=1,
        share_error=True,
        block_words=8,  # several blocks, the last one not full
        block_negatives=NEGATIVES,
        update_blocks=100,  # one update
    )
    sampling = SamplingSettings(window=1, subsample=0, noise_power=60)
    word2vec = Word2Vec(settings, len(counts), RandomStream(3))
    rng = np.random.default_rng(4)
    vectors = rng.normal(size=word2vec.vectors.shape)
    outputs = rng.normal(size=word2vec.outputs.shape)
    word2vec.vectors[:], word2vec.outputs[:] = vectors, outputs
    with (
        ChunkSampler.from_corpus(corpus, counts, sampling, RandomStream(3)) as sampler,
        Word2VecTrainer(word2vec, sampler) as trainer,
    ):
        result = trainer.step(*trainer.sampler.epoch(0))

    lines = [[counts.id_of(word) for word in line.split()] for line in lines_of_text]
    mix, targets = examples(model, lines, len(counts))
    table = Tensor(vectors, requires_grad=True)
    hidden = Tensor(mix) @ table
    if loss == "ns":
        output = Tensor(outputs, requires_grad=True)
        noise = np.zeros((len(targets), NEGATIVES), np.int64)
        value = negative_sampling_loss(hidden, output, targets, noise, reduction="sum")
    else:
        tree = HierarchicalSoftmax(counts.counts, D, dtype=np.float64)
        tree.weight.data[:] = outputs
        output = tree.weight
        value = tree(hidden, targets, reduction="sum")
    value.backward()

    assert result.count == len(targets)
    np.testing.assert_allclose(result.loss, value.data, rtol=1e-5)
    for trained, before, leaf in (
        (word2vec.vectors, vectors, table),
        (word2vec.outputs, outputs, output),
    ):
        grad = leaf.grad
        dense = grad if isinstance(grad, np.ndarray) else grad.to_dense()
        # float32 weights of size 1 are known to 1e-7.
        atol = 2e-5 + 5e-7 / RATES[loss]
        np.testing.assert_allclose((trained - before) / -RATES[loss], dense, rtol=2e-6, atol=atol)
