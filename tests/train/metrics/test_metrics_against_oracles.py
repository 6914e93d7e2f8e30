"""Metrics beside public implementations: scikit-learn, seqeval, sacrebleu, SciPy."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import tag_spans
from pmt_train import (
    averaged_f1,
    bleu,
    bootstrap_interval,
    entity_scores,
    matthews_correlation,
    perplexity,
    roc_auc,
    tokenize_13a,
)

pytestmark = pytest.mark.oracle


@pytest.mark.parametrize("seed", range(20))
def test_scikit_learn_agrees(seed):
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    n, classes = int(rng.integers(2, 200)), int(rng.integers(2, 6))
    labels, predicted = rng.integers(0, classes, n), rng.integers(0, classes, n)
    ours = matthews_correlation(predicted, labels)
    assert ours == pytest.approx(metrics.matthews_corrcoef(labels, predicted), abs=1e-12)
    for average in ("macro", "micro", "weighted"):
        found = averaged_f1(predicted, labels, average)
        expected = metrics.precision_recall_fscore_support(
            labels, predicted, average=average, zero_division=0
        )
        assert (found.precision, found.recall, found.f1) == pytest.approx(expected[:3])
    scores = np.round(rng.normal(size=n + 2), 1)  # with ties
    binary = np.concatenate([[0, 1], rng.integers(0, 2, n)])
    assert roc_auc(scores, binary) == pytest.approx(metrics.roc_auc_score(binary, scores))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kinds", ["BI", "I", "BIES"])
def test_seqeval_agrees_on_broken_sequences(kinds):
    seqeval = pytest.importorskip("seqeval.metrics")
    labeling = pytest.importorskip("seqeval.metrics.sequence_labeling")
    rng = np.random.default_rng(0)
    tags = ["O", *(f"{k}-{t}" for k in kinds for t in ("PER", "LOC", "A-B"))]

    def sentences(like=None):
        lengths = [len(s) for s in like] if like else rng.integers(1, 12, 300)
        return [[tags[i] for i in rng.integers(0, len(tags), n)] for n in lengths]

    labels = sentences()
    called = sentences(labels)
    for i in range(0, 300, 2):  # half of them nearly right
        called[i] = list(labels[i])
        called[i][0] = "O"
    for sentence in labels:
        theirs = [(t, a, b + 1) for t, a, b in labeling.get_entities(sentence)]
        assert tag_spans(sentence) == theirs
    found = entity_scores(called, labels)
    assert found.overall.f1 == pytest.approx(seqeval.f1_score(labels, called))
    assert found.overall.precision == pytest.approx(seqeval.precision_score(labels, called))
    assert found.overall.recall == pytest.approx(seqeval.recall_score(labels, called))
    assert found.accuracy == pytest.approx(seqeval.accuracy_score(labels, called))
    report = seqeval.classification_report(labels, called, output_dict=True, zero_division=0)
    for name, scores in found.by_type.items():
        assert scores.f1 == pytest.approx(report[name]["f1-score"])


@pytest.mark.filterwarnings("ignore")
def test_seqeval_agrees_on_a_thousand_pairs_of_sequences_one_by_one():
    """Each pair scored alone, so that no error hides in a sum; all schemes, broken and mixed."""
    seqeval = pytest.importorskip("seqeval.metrics")
    rng = np.random.default_rng(7)
    types = ("PER", "LOC", "ORG", "A-B")
    kinds = ("BI", "I", "BIES", "ES", "IE")  # IOB2 (broken), IOB1 without B, IOBES, and worse
    for i in range(1000):
        tags = ["O", "O", *(f"{k}-{t}" for k in kinds[i % 5] for t in types[: 1 + i % 4])]
        labels = [tags[j] for j in rng.integers(0, len(tags), rng.integers(1, 15))]
        called = [tag if rng.random() < 0.6 else tags[rng.integers(len(tags))] for tag in labels]
        found = entity_scores([called], [labels]).overall
        expected = (
            seqeval.precision_score([labels], [called], zero_division=0),
            seqeval.recall_score([labels], [called], zero_division=0),
            seqeval.f1_score([labels], [called], zero_division=0),
        )
        assert (found.precision, found.recall, found.f1) == pytest.approx(expected), (
            labels,
            called,
        )


WORDS = [
    *("the", "The", "a", "cat", "sat,", "3.5", "1,000", "e.g.", "U.S.", "isn't", '"quoted"'),
    "(so)",
    *("half-way", "9-5", "x/y", "$5", "50%", "&amp;", "&lt;b&gt;", "naïve", "—", "...", "!?"),
    *("a_b", "<skipped>", "北京", "[1]", "C++", "#1", "end."),
]


def text(rng, n):
    return " ".join(WORDS[i] for i in rng.integers(0, len(WORDS), n))


def test_sacrebleu_cuts_alike():
    tokenizer = pytest.importorskip("sacrebleu.tokenizers.tokenizer_13a").Tokenizer13a()
    rng = np.random.default_rng(0)
    for _ in range(300):
        line = text(rng, rng.integers(0, 12)) + ["", " ", "\n", "-\nx"][rng.integers(4)]
        assert tokenize_13a(line) == tokenizer(line.rstrip()).split()


@pytest.mark.parametrize("seed", range(40))
def test_sacrebleu_agrees(seed):
    sacrebleu = pytest.importorskip("sacrebleu")
    rng = np.random.default_rng(seed)
    count, n = int(rng.integers(1, 4)), int(rng.integers(1, 15))
    references = [[text(rng, rng.integers(1, 20)) for _ in range(count)] for _ in range(n)]
    hypotheses = []
    for accepted in references:
        words = accepted[rng.integers(count)].split()
        words = [w if rng.random() > seed / 40 else text(rng, 1) for w in words]
        hypotheses.append(" ".join(words[: rng.integers(0, len(words) + 1)]))
    expected = sacrebleu.corpus_bleu(hypotheses, list(map(list, zip(*references, strict=True))))
    found = bleu(hypotheses, references)
    assert found.score == pytest.approx(expected.score, abs=1e-9)
    assert found.precisions == pytest.approx(tuple(expected.precisions))
    assert found.brevity_penalty == pytest.approx(expected.bp)
    assert (found.length, found.reference_length) == (expected.sys_len, expected.ref_len)


def test_perplexity_is_that_of_torch():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    logits, ids = torch.from_numpy(rng.normal(size=(50, 9))), torch.arange(50) % 9
    mean = torch.nn.functional.cross_entropy(logits, ids)
    total = torch.nn.functional.cross_entropy(logits, ids, reduction="sum")
    assert perplexity(total.item(), 50) == pytest.approx(torch.exp(mean).item())


def test_scipy_finds_the_same_interval():
    stats = pytest.importorskip("scipy.stats")
    values = np.random.default_rng(0).exponential(size=150)
    ours = bootstrap_interval(np.mean, values, rng=np.random.default_rng(1), samples=8000)
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=8000, method="percentile", rng=np.random.default_rng(2)
    ).confidence_interval
    width = theirs.high - theirs.low
    assert ours.low == pytest.approx(theirs.low, abs=0.05 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.05 * width)
