"""Parallel corpora of a translation run: files, sentences, encoded training pairs."""

from __future__ import annotations

from pathlib import Path

from pmt_apps.kit.files import SAMPLES, check_input_file
from pmt_apps.kit.run import Run
from pmt_apps.kit.settings import split_files
from pmt_apps.translation.settings import SPLIT_OPTIONS, Settings
from pmt_apps.translation.translator import encode
from pmt_core import DataError
from pmt_text import BytePairEncoding, EncodedTranslations, ParallelCorpus, load_parallel
from pmt_train import warn


def read_corpora(settings: Settings, run: Run[Settings]) -> dict[str, ParallelCorpus]:
    """Return the sentences of "train" and "dev", and of "test" if it is given."""
    samples = {
        name: [SAMPLES / f"dates.{name}.{language}.gz" for language in ("en", "de")]
        for name in ("train", "dev")
    }
    files = split_files(settings, SPLIT_OPTIONS, samples)
    corpora = {name: _read(name, source, target, run) for name, (source, target) in files.items()}
    for name, corpus in corpora.items():
        run.say(f"{name}: {len(corpus):,} sentences and their translations")
    return corpora


def _read(role: str, source: Path, target: Path, run: Run[Settings]) -> ParallelCorpus:
    """Load both files of a split and warn of the pairs that are dropped."""
    check_input_file(source, f"sentences ({role})")
    check_input_file(target, f"translations ({role})")
    corpus = load_parallel(source, target)
    for warning in corpus.warnings():
        warn(f"warning: {warning}")
    run.log_file(f"{role} source", source, corpus.lines)
    run.log_file(f"{role} target", target, corpus.lines)
    return corpus


def train_tokenizer(corpus: ParallelCorpus, settings: Settings) -> BytePairEncoding:
    """Return a byte-pair encoding of the sources and targets together."""
    texts = [*corpus.sources[: settings.limit], *corpus.targets[: settings.limit]]
    return BytePairEncoding.train((f" {text}" for text in texts), settings.merges)


def encode_training(
    corpus: ParallelCorpus, tokenizer: BytePairEncoding, settings: Settings
) -> EncodedTranslations:
    """Encode the training pairs, without those longer than `settings.max_length`.

    Raises:
        DataError: no pair is short enough.
    """
    sources = encode(tokenizer, corpus.sources[: settings.limit])
    targets = encode(tokenizer, corpus.targets[: settings.limit])
    pairs = [
        (source, target)
        for source, target in zip(sources, targets, strict=True)
        if max(len(source), len(target)) <= settings.max_length
    ]
    if not pairs:
        raise DataError(
            f"every training sentence is longer than {settings.max_length} tokens; give a larger "
            "--max-length, or more --merges"
        )
    if len(pairs) < len(sources):
        warn(
            f"note: {len(sources) - len(pairs):,} of {len(sources):,} training sentences are "
            f"longer than --max-length {settings.max_length} tokens and left out"
        )
    return EncodedTranslations.of(*zip(*pairs, strict=True))
