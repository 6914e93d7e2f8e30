"""Make `classification.tsv.gz`, the texts that `train_classifier.py` uses if no file is given.

    python make_classification_sample.py

Letters of customers to a shop. A letter has one or two clauses about two different topics; the
class is the topic of what went wrong, and "praise" if nothing did. As both topics are named, words
alone do not always tell: it depends on which clause they are in. The same seed gives the same
bytes.
"""

from __future__ import annotations

import gzip

import numpy as np

from pmt_apps.kit.files import SAMPLES

SEED = 16
LETTERS = 3600
MISLABELED = 0.02
TARGET = SAMPLES / "classification.tsv.gz"

# Topic: things, what goes well with them, what goes wrong.
TOPICS: dict[str, tuple[list[str], list[str], list[str]]] = {
    "delivery": (
        ["the parcel", "my order", "the courier", "the shipment", "the box"],
        [
            "arrived early",
            "came right on time",
            "was here in two days",
            "was left with a neighbour",
        ],
        ["never came", "is two weeks late", "went to another street", "was lost on the way"],
    ),
    "billing": (
        ["the invoice", "the charge", "my bill", "the payment", "the price"],
        ["was as agreed", "was correct", "went through at once", "is easy to read"],
        ["was taken twice", "is higher than agreed", "names another customer", "has a wrong tax"],
    ),
    "quality": (
        ["the kettle", "the lamp", "this jacket", "the chair", "the radio"],
        ["looks lovely", "works like new", "feels solid", "is just what I wanted"],
        ["broke after a day", "has a crack", "smells of glue", "does not switch on"],
    ),
    "account": (
        ["the login", "my password", "the app", "my profile", "the web page"],
        ["loads quickly", "was simple to set up", "is clear", "remembers what I like"],
        ["is locked", "shows an error", "forgets my address", "does not accept my code"],
    ),
    "returns": (
        ["the refund", "the return label", "the exchange", "my money back", "the voucher"],
        ["took one call", "was sorted the same day", "came without questions", "was no trouble"],
        ["is still missing", "was refused", "takes forever", "was for the wrong amount"],
    ),
}
# Of any topic: which of two topics went wrong is then a matter of order.
WELL = ["was fine", "was perfect", "worked at once", "made me happy", "was as it should be"]
BADLY = ["was a disaster", "went wrong", "made me angry", "was not as it should be", "failed"]
GENERAL = 0.6  # share of clauses that say so
STAFF = ["Hello", "Dear team", "Good morning", "Hi there", "To whom it may concern"]
CONTRAST = ["but", "yet", "although", "even though", "while"]
ENDS = ["Please help", "Thank you", "I hope to hear from you", "Best wishes", "What now", ""]
SHARED = ["I bought it for my mother", "This is my third letter", "I am a customer since spring",
          "We live on the second floor", "I paid by card", "It was a gift"]  # fmt: skip


class LetterWriter:
    """Writes random letters with their classes."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def pick(self, choices: list[str]) -> str:
        return choices[int(self._rng.integers(len(choices)))]

    def clause(self, topic: str, wrong: bool) -> str:
        things, well, badly = TOPICS[topic]
        if self._rng.random() < GENERAL:
            well, badly = WELL, BADLY
        return f"{self.pick(things)} {self.pick(badly if wrong else well)}"

    def letter(self) -> tuple[str, str]:
        topics = list(TOPICS)
        first, second = (topics[i] for i in self._rng.permutation(len(topics))[:2])
        kind = self._rng.random()
        if kind < 0.18:
            label = "praise"
            body = f"{self.clause(first, False)} and {self.clause(second, False)}"
        elif kind < 0.4:
            label = first
            body = self.clause(first, True)
        else:
            label = first
            good, bad = self.clause(second, False), self.clause(first, True)
            word = self.pick(CONTRAST)
            joined = [f"{good}, {word} {bad}", f"{bad}, {word} {good}"]
            body = self.pick(joined)
        parts = [body[0].upper() + body[1:]]
        if self._rng.random() < 0.5:
            parts.insert(int(self._rng.integers(2)), self.pick(SHARED))
        if self._rng.random() < 0.4:
            parts.append(self.pick(ENDS))
        text = ". ".join(part for part in parts if part) + "."
        if self._rng.random() < 0.3:
            text = f"{self.pick(STAFF)}, {text[0].lower()}{text[1:]}"
        if self._rng.random() < 0.25:
            text = self.misspelled(text)
        if self._rng.random() < MISLABELED:
            label = self.pick([*topics, "praise"])
        return text, label

    def misspelled(self, text: str) -> str:
        """Exchange two neighboring letters."""
        i = int(self._rng.integers(1, len(text) - 2))
        if text[i].isalpha() and text[i + 1].isalpha():
            text = text[:i] + text[i + 1] + text[i] + text[i + 2 :]
        return text


def make_rows() -> str:
    """Return the letters as TSV with a header."""
    writer = LetterWriter(np.random.default_rng(SEED))
    rows = [writer.letter() for _ in range(LETTERS)]
    return "text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in rows)


def main() -> None:
    text = make_rows()
    TARGET.write_bytes(gzip.compress(text.encode("utf-8"), 9, mtime=0))
    print(f"{TARGET}: {LETTERS:,} letters")


if __name__ == "__main__":
    main()
