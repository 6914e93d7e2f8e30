"""The corpus of a language-model run: tokenizer, training ids and held-out ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.files import SAMPLES, check_input_file
from pmt_apps.kit.run import Run
from pmt_apps.language_model.settings import Settings
from pmt_core import DataError, decode_field
from pmt_text import BytePairEncoding, CharacterTokenizer, load_text
from pmt_train import warn

Tokenizer = CharacterTokenizer | BytePairEncoding


@dataclass(frozen=True)
class Corpus:
    """An encoded text, split into a training and a held-out part.

    Attributes:
        tokenizer: text to ids and back.
        train: ids (n,) of the training part.
        dev: ids (n,) of the held-out part.
        characters: number of characters that the labels of dev decode to, which are all tokens
            of dev but the first.
    """

    tokenizer: Tokenizer
    train: NDArray[np.int64]
    dev: NDArray[np.int64]
    characters: int


def read_corpus(settings: Settings, run: Run[Settings]) -> Corpus:
    """Read and encode the corpus; its end is held out.

    Raises:
        DataError: the text is too short to be split.
    """
    path = settings.corpus or SAMPLES / "lm.txt.gz"
    check_input_file(path, "text")
    file = load_text(path, settings.encoding)
    if file.warning:
        warn(f"warning: {file.warning}")
    run.log_file("corpus", path, file.lines)
    text = file.text[: settings.limit]
    split = len(text) - round(len(text) * settings.dev_fraction)
    train, dev = text[:split], text[split:]
    if len(train) < 2 or len(dev) < 2:
        raise DataError(
            f"{path}: {len(text)} characters are too few to split into training and held-out "
            "text; give more text"
        )
    tokenizer = train_tokenizer(settings, text, train)
    train_ids, dev_ids = tokenizer.encode(train), tokenizer.encode(dev)
    run.say(
        f"{len(train):,} characters to train on, {len(dev):,} held out: "
        f"{len(train_ids):,} and {len(dev_ids):,} tokens; vocabulary of {len(tokenizer):,}"
    )
    characters = len(dev) - len(tokenizer.decode(dev_ids[:1]))
    return Corpus(tokenizer, train_ids, dev_ids, characters)


def train_tokenizer(settings: Settings, text: str, train: str) -> Tokenizer:
    """Return the alphabet of the whole text, or a byte-pair encoding of the training part."""
    if settings.tokenizer == "char":
        return CharacterTokenizer(text)
    return BytePairEncoding.train(train.splitlines(keepends=True), settings.merges, specials=())


def tokenizer_from_json(settings: Settings, model_meta: Mapping[str, Any]) -> Tokenizer:
    """Return the tokenizer of a saved model; "codec" is the earlier name of its key."""
    kind: type[CharacterTokenizer | BytePairEncoding]
    kind = CharacterTokenizer if settings.tokenizer == "char" else BytePairEncoding
    from_json: Callable[[object], Tokenizer] = kind.from_json
    key = "codec" if "codec" in model_meta else "tokenizer"
    return decode_field(model_meta, key, from_json)
