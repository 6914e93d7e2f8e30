"""Train word vectors (word2vec: CBOW or skip-gram), and query them.

Without arguments it trains on a small text of synthetic sentences that ships with pmt, in a few
seconds. On a real text:

  python apps/train_word2vec.py --download text8
  python apps/train_word2vec.py --corpus data/text8.zip --questions questions-words.txt \\
      --wordsim wordsim353.tsv --out runs/text8

--corpus: any UTF-8 text, plain, .gz or .zip, of any size; words are separated by spaces. The folder
given by --out receives, beside the files of every run, vectors.bin and vectors.txt in the formats
of word2vec, which gensim and others read. With several --workers, the fast implementation trains in
processes that share the weights, and no two runs are identical; --workers 1 gives the same bits
every time.

--max-n 6 composes words of their character n-grams (--min-n to --max-n), as in fastText; the run's
subwords.npz then has vectors of words that are not in the text, too. --reading cased keeps upper
case, splits punctuation off and reads digits as 0. Both suit a tagger:

  python apps/train_word2vec.py --corpus wiki_cased.zip --reading cased --max-n 6 \\
      --epochs 3 --subsample 1e-4 --out runs/cased
  python apps/train_ner.py --train eng.train --dev eng.testa --vectors runs/cased/subwords.npz

Afterwards:

  python apps/train_word2vec.py --out runs/text8 --neighbors paris
  python apps/train_word2vec.py --out runs/text8 --analogy paris france berlin
  echo paris | python apps/train_word2vec.py --out runs/text8 --predict
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pmt_apps.kit.download import download_from_any
from pmt_apps.kit.files import check_input_file
from pmt_apps.kit.main import run_app
from pmt_apps.kit.program import command
from pmt_apps.kit.run import Run
from pmt_apps.word2vec.query import (
    SUBWORD_FILE,
    VECTOR_FILES,
    predict,
    print_analogy,
    print_neighbors,
)
from pmt_apps.word2vec.report import report
from pmt_apps.word2vec.settings import TASK, Settings
from pmt_apps.word2vec.training import fit, read_corpus
from pmt_text import (
    SubwordVectors,
    load_analogies,
    load_word_pairs,
    save_subword_vectors,
    save_word_vectors,
)
from pmt_train import say, warn

_TEXT8 = "text8.zip"
_TEXT8_BYTES = 31_344_016
_TEXT8_SHA256 = "a6640522afe85d1963ad56c05b0ede0a0c000dddc9671758a6cc09b7a38e5232"


def train(settings: Settings, run: Run[Settings]) -> None:
    """Count the words, train, write the vectors, and evaluate."""
    _check_files(settings)
    corpus, counts = read_corpus(settings)
    run.log_file("corpus", Path(corpus.path), counts.total)
    run.say(f"{counts.total:,} words, {len(counts):,} different ones in the vocabulary\n")
    trained = fit(settings, run, corpus, counts)
    vectors = trained.vectors if isinstance(trained, SubwordVectors) else trained
    if isinstance(trained, SubwordVectors):
        save_subword_vectors(run.folder.path / SUBWORD_FILE, trained)
    for name in VECTOR_FILES:
        save_word_vectors(run.folder.path / name, vectors)
    report(settings, run, vectors)
    run.finish()


def _check_files(settings: Settings) -> None:
    """Check before training the files that are read after it."""
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


def download(settings: Settings) -> None:
    """Download the public text text8, the only one there is."""
    path = settings.into / _TEXT8
    urls = [f"{base.rstrip('/')}/{_TEXT8}" for base in settings.base_url]
    is_new = download_from_any(urls, path, sha256=_TEXT8_SHA256, size=_TEXT8_BYTES, on_failure=warn)
    say(f"{path}: {'downloaded' if is_new else 'exists already'}")
    say(f"train on it: {command('--corpus', str(path), '--out', 'runs/text8')}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code. argv: None is that of the process."""
    return run_app(
        Settings,
        task=TASK,
        train=train,
        predict=predict,
        actions={"download": download, "neighbors": print_neighbors, "analogy": print_analogy},
        outputs=(*VECTOR_FILES, SUBWORD_FILE),
        title="Word vectors",
        description=__doc__,
        argv=argv,
    )
