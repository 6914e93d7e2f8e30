"""The tagger that a run begins with: new weights, given vectors, or a pre-trained encoder."""

from __future__ import annotations

from collections.abc import Sequence

from pmt_apps.encoder.encoder import Encoder
from pmt_apps.kit.run import Run
from pmt_apps.ner.data import build_encoder, vector_table
from pmt_apps.ner.fine_tuned_tagger import FineTunedTagger
from pmt_apps.ner.pretraining import STAGE, PretrainedWeights, frequent_words
from pmt_apps.ner.settings import Settings
from pmt_apps.ner.tagger import Tagger
from pmt_text import SentenceEncoder, TaggedSentence, WordVectors


def new_tagger(
    settings: Settings,
    run: Run[Settings],
    sentences: Sequence[TaggedSentence],
    vectors: WordVectors | None,
    corpus: Sequence[TaggedSentence],
    *,
    words: SentenceEncoder | None = None,
    pretrained: PretrainedWeights | None = None,
    stage: str | None = None,
) -> Tagger:
    """Return the tagger to train on sentences.

    Args:
        settings: sizes, seed and encoder.
        run: limits the size of the model if it is resumed.
        sentences: of train.
        vectors: given word vectors.
        corpus: sentences to pre-train on.
        words: vocabularies of another tagger to share; None: those of the sentences and corpus.
        pretrained: weights to start from, if they are loaded already.
        stage: of the run, in which the tagger is trained, see `Run.fit`.
    """
    if settings.fine_tunes and settings.encoder is not None:
        encoder = Encoder.load(settings.encoder)
        words = words or build_encoder(settings, sentences, None)
        with run.model_limit(stage):
            return FineTunedTagger(words, encoder, settings)
    if pretrained is None and settings.encoder is not None:
        pretrained = PretrainedWeights.load(settings.encoder)
    if words is None:
        more_words = [*(pretrained.words if pretrained else ()), *frequent_words(corpus, settings)]
        words = build_encoder(settings, sentences, vectors, more_words)
    table = vector_table(words, vectors) if vectors is not None else None
    with run.model_limit(stage, STAGE):
        tagger = Tagger.build(settings, words, [*sentences, *corpus], table)
    if pretrained:
        pretrained.load_into(tagger)
    return tagger
