"""What a language model of `train_lm.py` reads: the corpus as ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.files import SAMPLES, check_input_file
from pmt_apps.kit.run import Run
from pmt_apps.language_model.settings import Settings
from pmt_core import DataError
from pmt_text import BytePairEncoding, CharacterTokenizer, load_text
from pmt_train import warn

Codec = CharacterTokenizer | BytePairEncoding


@dataclass(frozen=True)
class Corpus:
    """A text in two parts, and its code.

    Attributes:
        codec: text to ids and back.
        train, dev: ids (n,) of the part to learn from, and of the part held out.
        dev_text: the latter as text.
        characters: of the text that dev's labels spell: all but its first token.
    """

    codec: Codec
    train: NDArray[np.int64]
    dev: NDArray[np.int64]
    dev_text: str
    characters: int


def read_corpus(settings: Settings, run: Run[Settings]) -> Corpus:
    """The corpus, its last part held out."""
    path = settings.corpus or SAMPLES / "lm.txt.gz"
    check_input_file(path, "text")
    found = load_text(path, settings.encoding)
    if found.warning:
        warn(f"warning: {found.warning}")
    run.log_file("corpus", path, found.lines)
    text = found.text[: settings.limit]
    cut = len(text) - round(len(text) * settings.dev_fraction)
    train, dev = text[:cut], text[cut:]
    if len(train) < 2 or len(dev) < 2:
        raise DataError(
            f"{path}: {len(text)} characters are too few for a part to learn from and one to "
            "hold out; give more text"
        )
    codec = learn_codec(settings, text, train)
    ids = codec.encode(dev)
    characters = len(dev) - len(codec.decode(ids[:1]))
    corpus = Corpus(codec, codec.encode(train), ids, dev, characters)
    run.say(
        f"{len(train):,} characters to learn from, {len(dev):,} held out: "
        f"{len(corpus.train):,} and {len(ids):,} tokens of {len(codec):,} kinds"
    )
    return corpus


def learn_codec(settings: Settings, text: str, train: str) -> Codec:
    """The alphabet of the whole text, or pieces of words from the part to learn from."""
    if settings.level == "char":
        return CharacterTokenizer(text)
    return BytePairEncoding.train(train.splitlines(keepends=True), settings.merges, specials=())


def codec_to_json(codec: Codec) -> dict[str, Any]:
    """For the model's file."""
    return {"codec": codec.to_json()}


def codec_from_json(settings: Settings, meta: dict[str, Any]) -> Codec:
    """What `codec_to_json` gave."""
    kind = CharacterTokenizer if settings.level == "char" else BytePairEncoding
    return kind.from_json(meta.get("codec"))
