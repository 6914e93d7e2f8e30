"""`EnsembleTagger`: several taggers whose scores are averaged.

The scores of the tags and of their transitions are log-potentials of a linear-chain CRF. Their mean
is again such a CRF: the normalized geometric mean of the distributions of the members, a product of
experts (Hinton 1999). So decoding and marginal probabilities are those of one tagger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from pmt_apps.ner.fine_tuned_tagger import FineTunedTagger
from pmt_apps.ner.settings import MOST_MEMBERS, Settings
from pmt_apps.ner.tagger import Tagger, tag_constraints
from pmt_autograd import Tensor
from pmt_core import DataError, decode_field, field, json_object
from pmt_nn import LinearChainCRF, Module


class TaggerEnsemble(Module):
    """Networks of taggers, and the CRF of their mean scores.

    Args:
        members: networks that return scores (b, t, tags), each with its `crf`.
        crf: of the ensemble; see `average`.
    """

    def __init__(self, members: Sequence[Any], crf: LinearChainCRF) -> None:
        self.members = list(members)
        self.crf = crf

    def forward(self, batch: Any, *, rng: np.random.Generator | None = None) -> Tensor:
        """Return the mean scores of the tags, (b, t, tags)."""
        total: Tensor = self.members[0](batch, rng=rng)
        for member in self.members[1:]:
            total = total + member(batch, rng=rng)
        return total / len(self.members)

    def average(self) -> None:
        """Set the transition scores to the mean of those of the members."""
        states = [member.crf.state_dict() for member in self.members]
        self.crf.load_state_dict(
            {name: np.mean([state[name] for state in states], axis=0) for name in states[0]}
        )


class EnsembleTagger(Tagger):
    """A tagger with the mean scores of several ones; it is not trained itself.

    Args:
        members: trained taggers of the same kind, sizes and vocabularies.
    """

    model: Any  # a TaggerEnsemble

    def __init__(self, members: Sequence[Tagger]) -> None:
        first = members[0]
        self.first = first
        self.encoder, self.forbidden = first.encoder, first.forbidden
        self.join, self.max_length = first.join, first.max_length
        crf = LinearChainCRF(
            len(first.encoder.tags), np.random.default_rng(0), **tag_constraints(first.encoder)
        )
        self.model = TaggerEnsemble([member.model for member in members], crf)
        self.model.average()

    @classmethod
    def from_json(cls, settings: Settings, state: Mapping[str, Any]) -> Self:
        """Return the ensemble that `to_json` describes, with new weights. Raises DataError."""
        number = field(state, "members", int)
        if not 1 <= number <= MOST_MEMBERS:
            raise DataError(f"members: expected 1 to {MOST_MEMBERS}, got {number}")

        def member(value: object) -> Tagger:
            return _single_tagger(settings, json_object(value))

        return cls([decode_field(state, "member", member) for _ in range(number)])

    def to_json(self) -> dict[str, Any]:
        """Return what restores this ensemble, together with the settings and the weights."""
        return {"members": len(self.model.members), "member": self.first.to_json()}

    def encode(self, sentences: Sequence[Any]) -> Any:
        """Encode sentences as the chunks that the members read."""
        return self.first.encode(sentences)


def load_tagger(settings: Settings, state: Mapping[str, Any]) -> Tagger:
    """Return the tagger that `to_json` of any kind describes. Raises DataError."""
    if "members" in state:
        return EnsembleTagger.from_json(settings, state)
    return _single_tagger(settings, state)


def _single_tagger(settings: Settings, state: Mapping[str, Any]) -> Tagger:
    kind = FineTunedTagger if "pretrained" in state else Tagger
    return kind.from_json(settings, state)
