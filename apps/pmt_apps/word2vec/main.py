"""Train word vectors (word2vec: CBOW or skip-gram), and ask them.

Without arguments it trains on a small text of synthetic sentences that ships with pmt, in a few
seconds. On a real one:

  python apps/train_word2vec.py --download text8
  python apps/train_word2vec.py --corpus data/text8.zip --questions questions-words.txt \\
      --wordsim wordsim353.tsv --out runs/text8

--corpus: any UTF-8 text, plain, .gz or .zip, of any size; words are what stands between spaces.
The folder given by --out receives, beside what every run leaves, vectors.bin and vectors.txt, the
files of word2vec that gensim and others read. Several --workers of the fast form are processes that
learn at once on shared weights, and no two runs are quite alike; --workers 1 gives the same bits
every time. Afterwards:

  python apps/train_word2vec.py --out runs/text8 --neighbors paris
  python apps/train_word2vec.py --out runs/text8 --analogy paris france berlin
  echo paris | python apps/train_word2vec.py --out runs/text8 --predict
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.config_file import load_settings
from pmt_apps.kit.download import download_from_any
from pmt_apps.kit.files import check_input_file
from pmt_apps.kit.main import run_app
from pmt_apps.kit.options import option
from pmt_apps.kit.run import Run
from pmt_apps.kit.settings import AppSettings
from pmt_apps.kit.text_table import text_table
from pmt_apps.word2vec.training import FastForm, tape_trainer
from pmt_core import RandomStream, SettingsError
from pmt_text import (
    AnalogyScores,
    LimitedCorpus,
    Neighbor,
    TextCorpus,
    WindowBatches,
    Word2Vec,
    Word2VecSettings,
    WordCounts,
    WordVectors,
    analogy,
    count_words,
    evaluate_analogies,
    evaluate_word_pairs,
    load_analogies,
    load_word_pairs,
    principal_components,
    save_word_vectors,
)
from pmt_train import EpochTrainer, bar_chart, learning_curves, progress_bar, say, vector_plot, warn

TASK = "word2vec"
SAMPLES = Path(__file__).parents[2] / "samples"
SAMPLE, SAMPLE_QUESTIONS = SAMPLES / "word2vec.txt", SAMPLES / "word2vec_questions.txt"
DOWNLOADS = {"text8": "text8.zip"}
MIRRORS = ("http://mattmahoney.net/dc", "https://mattmahoney.net/dc")
RATES = {"skipgram": 0.025, "cbow": 0.05, "tape": 0.005}
ON_SAMPLE = {"epochs": 12, "dimension": 50, "min_count": 3}
LAST_RATE = 1e-4  # part of --lr that is left at the end, as in the C program
SHOWN = 10  # neighbors, words and pairs
CAPITALS = (
    ("paris", "france"),
    ("berlin", "germany"),
    ("rome", "italy"),
    ("madrid", "spain"),
    ("london", "england"),
    ("tokyo", "japan"),
    ("beijing", "china"),
    ("moscow", "russia"),
    ("athens", "greece"),
    ("vienna", "austria"),
    ("warsaw", "poland"),
    ("cairo", "egypt"),
)


@dataclass(frozen=True)
class Settings(AppSettings):
    """Settings of the word2vec app."""

    out: Path = Path("runs/word2vec")
    epochs: int = 5
    lr: float = option(
        RATES["skipgram"],
        "learning rate at the beginning; it falls linearly to nearly nothing "
        f"(cbow: {RATES['cbow']}, --form tape: {RATES['tape']})",
        group="training",
        above=0,
    )
    batch_size: int = option(
        256, "words of a step of --form tape, of a batch of --predict", group="training", at_least=1
    )
    limit: int | None = option(
        None, "use only the first N words", group="run", at_least=1, metavar="N"
    )
    corpus: Path | None = option(
        None, "text to learn from: plain, .gz or .zip", group="data", metavar="FILE"
    )
    sentences: Literal["lines", "chunks"] = option(
        "lines",
        "a window ends at the end of a line, or only after every 1,000 words",
        group="data",
    )
    questions: Path | None = option(
        None, "analogies to answer at the end (questions-words.txt)", group="data", metavar="FILE"
    )
    wordsim: Path | None = option(
        None, "pairs of words with people's scores (WordSim-353)", group="data", metavar="FILE"
    )
    restrict: int = option(
        30_000, "analogies are about the N most frequent words", group="data", at_least=1
    )
    download: Literal["text8"] | None = option(
        None, "fetch a public text, and do nothing else", transient=True, group="data"
    )
    into: Path = option(
        Path("data"), "folder of --download", transient=True, group="data", metavar="DIR"
    )
    base_url: tuple[str, ...] = option(
        MIRRORS,
        "where --download looks, one after the other",
        transient=True,
        group="data",
        metavar="URL",
    )
    model: Literal["skipgram", "cbow"] = option(
        "skipgram", "a word predicts its neighbors, or they predict the word", group="model"
    )
    loss: Literal["ns", "hs"] = option(
        "ns", "negative sampling, or hierarchical softmax", group="model"
    )
    form: Literal["fast", "tape"] = option(
        "fast",
        "gradients by hand in blocks of words, or the layers as one would write them, by Trainer",
        group="model",
    )
    dimension: int = option(100, "numbers of a vector", group="model", at_least=1)
    min_count: int = option(5, "rarer words are left out", group="model", at_least=1)
    max_words: int | None = option(
        None, "keep the N most frequent words", group="model", at_least=2, metavar="N"
    )
    window: int = option(
        5, "neighbors on either side, at most", group="training", at_least=1, at_most=100
    )
    negatives: int = option(5, "noise words per prediction", group="training", at_least=1)
    subsample: float = option(
        1e-3, "words more frequent than that are thinned out; 0: none", at_least=0, below=1,
        group="training",
    )  # fmt: skip
    neighbors: str | None = option(
        None,
        "ask the run in --out for the nearest words",
        transient=True,
        group="run",
        metavar="WORD",
    )
    analogy: tuple[str, ...] = option(
        (), "ask the run in --out: A is to B as C is to what?", transient=True, group="run",
        metavar="WORD",
    )  # fmt: skip

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The shipped text is small; every form has its own rate."""
        form = given.get("form", "fast")
        rate = {"lr": RATES[form if form == "tape" else given.get("model", "skipgram")]}
        return rate if "corpus" in given else {**ON_SAMPLE, **rate}


def train(settings: Settings, run: Run[Settings]) -> None:
    """Count, train, write the vectors, score, draw."""
    check_files(settings)
    corpus = open_corpus(settings)
    counts = count(corpus, settings)
    run.log_file("corpus", Path(corpus.path), counts.total)
    run.say(f"{counts.total:,} words, {len(counts):,} different ones in the vocabulary\n")
    if not settings.resume:
        run.start()
        for path in vector_files(run):  # of the run that this one takes the place of
            path.unlink(missing_ok=True)
    matrix = learn(settings, run, corpus, counts)
    vectors = WordVectors(counts.words, matrix)
    for path in vector_files(run):
        save_word_vectors(path, vectors)
    run.add_figure("learning.png", "Loss by epoch", learning_curves, run.history)
    report(settings, run, vectors)
    run.finish()


def predict(settings: Settings, run: Run[Settings]) -> None:
    """Nearest neighbors of words from standard input."""
    vectors = trained_vectors(run)

    def answer(examples: Sequence[tuple[str, ...]]) -> list[Mapping[str, Any]]:
        return [answer_word(vectors, text.strip()) for (text,) in examples]

    run.predict_jsonl(answer, ("word",))


def answer_word(vectors: WordVectors, text: str) -> Mapping[str, Any]:
    """The neighbors of a word as JSON; none for a word without a vector."""
    word = find_word(vectors, text)
    found = vectors.neighbors(word, SHOWN) if word is not None else []
    return {
        "word": text,
        "known": word is not None,
        "neighbors": [{"word": w, "similarity": round(s, 6)} for w, s in found],
    }


def download(settings: Settings) -> None:
    """Fetch a public text."""
    name = DOWNLOADS[settings.download or "text8"]
    path = settings.into / name
    urls = [f"{base.rstrip('/')}/{name}" for base in settings.base_url]
    fetched = download_from_any(urls, path, told=warn)
    say(f"{path}: {'fetched' if fetched else 'is there already'}")
    say(f"train on it: python {sys.argv[0]} --corpus {path} --out runs/text8")


def show_neighbors(settings: Settings) -> None:
    """Print the nearest words of one."""
    vectors = vectors_in(settings)
    word = settings.neighbors or ""
    show(vectors.neighbors(find_word(vectors, word) or word, SHOWN))


def show_analogy(settings: Settings) -> None:
    """Print what stands to the third word as the second to the first."""
    if len(settings.analogy) != 3:
        raise SettingsError(
            "--analogy wants three words, as in --analogy paris france berlin, "
            f"got {len(settings.analogy)}"
        )
    vectors = vectors_in(settings)
    a, b, c = (find_word(vectors, word) or word for word in settings.analogy)
    show(analogy(vectors, a, b, c, SHOWN))


def show(found: Sequence[Neighbor]) -> None:
    say(text_table([(word, f"{similarity:.4f}") for word, similarity in found]))


# --- data ---------------------------------------------------------------------------------------


def check_files(settings: Settings) -> None:
    """Files that are looked at in the end are looked for at the beginning."""
    for path, what in (
        (settings.corpus, "text"),
        (settings.questions, "analogies"),
        (settings.wordsim, "pairs of words"),
    ):
        if path is not None:
            check_input_file(path, what)
    if settings.questions is not None:
        load_analogies(settings.questions)
    if settings.wordsim is not None:
        load_word_pairs(settings.wordsim)


def open_corpus(settings: Settings) -> TextCorpus:
    path = settings.corpus or SAMPLE
    if settings.limit is not None:
        return LimitedCorpus(path, settings.limit, sentences=settings.sentences)
    return TextCorpus(path, sentences=settings.sentences)


def count(corpus: TextCorpus, settings: Settings) -> WordCounts:
    with progress_bar(None, "counting words", "word") as bar:
        bar.unit_scale = True

        def read(words: int) -> None:
            bar.update(words - bar.n)

        return count_words(
            corpus, min_count=settings.min_count, max_words=settings.max_words, progress=read
        )


# --- training -------------------------------------------------------------------------------------


def learn(
    settings: Settings, run: Run[Settings], corpus: TextCorpus, counts: WordCounts
) -> NDArray[np.float32]:
    """Train, and return the vectors (v, d) of the words."""
    plan = Word2VecSettings(
        model=settings.model,
        loss=settings.loss,
        dimension=settings.dimension,
        window=settings.window,
        negatives=settings.negatives,
        subsample=settings.subsample,
        learning_rate=settings.lr,
        last_learning_rate=settings.lr * LAST_RATE,
        epochs=settings.epochs,
    )
    stream = RandomStream(settings.seed, TASK)
    meta = {"words": counts.words, "counts": counts.counts.tolist()}
    if settings.form == "fast":
        model = Word2Vec(plan, counts, stream)
        with FastForm(model, corpus) as fast:
            run.fit_epochs(
                EpochTrainer(fast, seed=settings.seed, workers=settings.workers), model_meta=meta
            )
        return model.vectors
    batches = WindowBatches(corpus, counts, plan, settings.batch_size, stream.child("windows"))
    trainer = tape_trainer(plan, counts, batches, seed=settings.seed, workers=settings.workers)
    run.fit(trainer, batches, model_meta=meta)
    matrix: NDArray[np.float32] = trainer.model.vectors.weight.data
    return matrix


# --- a trained run --------------------------------------------------------------------------------


def vector_files(run: Run[Settings]) -> list[Path]:
    return [run.folder.path / "vectors.bin", run.folder.path / "vectors.txt"]


def trained_vectors(run: Run[Settings]) -> WordVectors:
    arrays, meta = run.load_model()
    matrix = arrays["vectors"] if "vectors" in arrays else arrays["vectors.weight"]
    return WordVectors(meta["words"], matrix)


def vectors_in(settings: Settings) -> WordVectors:
    """The vectors of the run in --out."""
    run = Run(settings, TASK, TASK)
    run.folder.check_is_run("ask")
    load_settings(run.folder.config, TASK, Settings)  # raises where it is another program's run
    return trained_vectors(run)


def find_word(vectors: WordVectors, word: str) -> str | None:
    """The word as it stands in the vocabulary, if in another case; None where it does not."""
    return next((form for form in (word, word.lower()) if form in vectors), None)


# --- what came out --------------------------------------------------------------------------------


def report(settings: Settings, run: Run[Settings], vectors: WordVectors) -> None:
    """Scores, the map of pairs, and what stands next to what."""
    questions = settings.questions
    if questions is None and settings.corpus is None:
        questions = SAMPLE_QUESTIONS
    if questions is not None:
        score_analogies(settings, run, vectors, questions)
    if settings.wordsim is not None:
        scores = evaluate_word_pairs(vectors, load_word_pairs(settings.wordsim))
        run.say(f"similarity of words beside people's: {scores}")
        run.log_metrics(
            "wordsim",
            {
                "spearman": scores.spearman,
                "pearson": scores.pearson,
                "answered": scores.answered,
                "coverage": scores.coverage,
            },
        )
    draw_map(run, vectors)
    add_neighbors(run, vectors)


def score_analogies(
    settings: Settings, run: Run[Settings], vectors: WordVectors, path: Path
) -> None:
    sections = load_analogies(path)
    by_sum = evaluate_analogies(vectors, sections, restrict=settings.restrict)
    by_product = evaluate_analogies(vectors, sections, restrict=settings.restrict, method="mul")
    run.say(f"\nanalogies (3CosAdd, the {settings.restrict:,} most frequent words)\n{by_sum}\n")
    total = by_sum.total
    run.log_metrics(
        "analogies",
        {
            "accuracy": total.accuracy,
            "semantic": by_sum.semantic.accuracy,
            "syntactic": by_sum.syntactic.accuracy,
            "accuracy_3cosmul": by_product.total.accuracy,
            "answered": total.answered,
            "coverage": total.coverage,
        },
    )
    bars = [*by_sum.sections, by_sum.semantic, by_sum.syntactic, total]
    run.add_figure(
        "analogies.png",
        f"Analogies answered rightly, by section; {total.coverage:.0%} of the questions are about "
        "known words",
        bar_chart,
        [bar.name for bar in bars],
        [bar.accuracy for bar in bars],
        [f"{bar.correct:,} of {bar.answered:,}" for bar in bars],
        "analogies answered rightly",
        last_stands_out=3,
    )
    add_sections(run, by_sum, by_product)


def add_sections(run: Run[Settings], by_sum: AnalogyScores, by_product: AnalogyScores) -> None:
    run.report.section("Analogies by section")
    run.report.table(
        ["section", "questions", "answered", "3CosAdd", "3CosMul"],
        [
            [one.name, one.questions, one.answered, one.accuracy, other.accuracy]
            for one, other in zip(
                (*by_sum.sections, by_sum.total),
                (*by_product.sections, by_product.total),
                strict=True,
            )
        ],
    )


def draw_map(run: Run[Settings], vectors: WordVectors) -> None:
    """Countries and their capitals by two principal components, an arrow for each."""
    known = [pair for pair in CAPITALS if all(word in vectors for word in pair)][:SHOWN]
    if len(known) < 2:
        run.say("no map: the text has too few of the capitals and countries that it would show")
        return
    names = [word for pair in known for word in pair]
    run.add_figure(
        "map.png",
        "Capitals and their countries, by two principal components of their vectors",
        vector_plot,
        principal_components(vectors.unit[[vectors.row_of(name) for name in names]]),
        names,
        [(i, i + 1) for i in range(0, len(names), 2)],
        "from capitals to countries (two principal components)",
    )


def add_neighbors(run: Run[Settings], vectors: WordVectors) -> None:
    asked = [word for word in (*CAPITALS[0], "king", "dog", "walking", "one") if word in vectors]
    asked += [word for word in vectors.words[:SHOWN] if len(asked) < 3]
    run.report.section("Nearest words")
    run.report.table(
        ["word", "nearest"],
        [[word, ", ".join(w for w, _ in vectors.neighbors(word, 6))] for word in asked[:SHOWN]],
    )
    run.report.section("Ask it")
    run.report.code("\n".join(run.command("--neighbors", word) for word in asked[:2]))


def main() -> int:
    """Run the command line; return the exit code."""
    return run_app(
        Settings,
        task=TASK,
        train=train,
        predict=predict,
        actions={
            "download": download,
            "neighbors": show_neighbors,
            "analogy": show_analogy,
        },
        title="Word vectors",
        description=__doc__,
    )
