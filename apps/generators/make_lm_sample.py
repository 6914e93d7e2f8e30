"""Make `lm.txt.gz`, the text that `train_lm.py` trains on if no corpus is given.

    python make_lm_sample.py

Short tales of a small grammar. A model can learn dependencies at several distances: spelling, words
that go together, pronouns that agree with names, closing quotes, rhymes. The same seed gives the
same bytes.
"""

from __future__ import annotations

import gzip

import numpy as np

from pmt_apps.kit.files import SAMPLES

SEED = 8
TALES = 620
TARGET = SAMPLES / "lm.txt.gz"

WOMEN = ["Agda", "Birte", "Dorrit", "Elsbe", "Frauke", "Gesine", "Imma", "Wiebke"]
MEN = ["Arne", "Bodo", "Eike", "Fiete", "Hauke", "Jelto", "Onno", "Tjark"]
ANIMALS = ["fox", "otter", "heron", "badger", "goat", "hedgehog", "owl", "seal"]
PLACES = ["the mill", "the harbour", "the old bridge", "the market", "the lighthouse", "the moor"]
TRADES = ["baker", "fisher", "potter", "weaver", "miller", "carpenter"]
THINGS = ["a basket", "a lantern", "a loaf of bread", "a red coat", "a small boat", "a kettle"]
WEATHER = ["The wind blew hard", "The rain fell softly", "The sun stood high", "Snow lay thick"]
TIMES = ["One morning", "Late in the evening", "On a Sunday", "In the third week of May", "At noon"]
DEEDS = ["mended", "lost", "found", "sold", "hid", "carried home"]
ASKED = ["asked", "called", "whispered", "wanted to know"]
SAID = ["said", "answered", "laughed", "replied"]
NUMBERS = ["two", "three", "four", "five", "six", "seven"]
RHYMES = [
    ("The tide comes in, the tide goes out", "and nobody knows what it is about."),
    ("A candle burns upon the sill", "and all the house is warm and still."),
    ("The road is long, the night is near", "but I can see the harbour clear."),
    ("Who sows the barley, who bakes the bread", "shall sleep at night in a feather bed."),
    ("The moon is a boat with a silver sail", "and every star has a different tale."),
]


class TaleWriter:
    """Writes random tales."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def pick(self, words: list[str]) -> str:
        return words[int(self._rng.integers(len(words)))]

    def tale(self) -> str:
        woman = bool(self._rng.integers(2))
        name = self.pick(WOMEN if woman else MEN)
        he, his = ("she", "her") if woman else ("he", "his")
        trade, animal, thing = self.pick(TRADES), self.pick(ANIMALS), self.pick(THINGS)
        first, second = (PLACES[i] for i in self._rng.permutation(len(PLACES))[:2])
        number, known = self._rng.integers(len(NUMBERS)), thing.replace("a ", "the ", 1)
        lines = [
            f"{self.pick(TIMES)} {name} the {trade} went to {first} with {thing}.",
            f"{self.pick(WEATHER)}, and {he} thought of {his} {animal}.",
        ]
        if self._rng.random() < 0.7:
            lines += [
                f'"Where is the {animal}?" {self.pick(ASKED)} {name}.',
                f'"It sits by {second}," {self.pick(SAID)} the {self.pick(TRADES)}.',
            ]
        lines.append(f"There {he} {self.pick(DEEDS)} {known} and counted {NUMBERS[number]} gulls.")
        if number + 1 < len(NUMBERS):
            lines.append(f"Then one more came, and there were {NUMBERS[number + 1]}.")
        if self._rng.random() < 0.5:
            verses = RHYMES[int(self._rng.integers(len(RHYMES)))]
            lines += [f"So {name} sang:", *(f"  {verse}" for verse in verses)]
        lines.append(f"And {name} took {known} home to {his} {animal}.")
        return "\n".join(lines)


def make_text() -> str:
    """Return the tales, separated by empty lines."""
    writer = TaleWriter(np.random.default_rng(SEED))
    return "\n\n".join(writer.tale() for _ in range(TALES)) + "\n"


def main() -> None:
    text = make_text()
    TARGET.write_bytes(gzip.compress(text.encode("utf-8"), 9, mtime=0))
    print(f"{TARGET}: {len(text):,} characters, {len(set(text))} different ones")


if __name__ == "__main__":
    main()
