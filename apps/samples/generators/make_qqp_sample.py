"""Make `qqp.tsv`, the synthetic sample of question pairs that ships with the project.

    python make_qqp_sample.py [--out FILE] [--pairs 4000] [--seed 20]

The same seed gives the same bytes. A question is a template of a frame filled with surface forms
of concepts (see `question_frames`). Duplicates ask the same of the same concepts in other words,
another order or another form; non-duplicates keep as many words as they can and change what
matters: a concept, the aim, a negation, who does it to whom, from where to where. So word overlap
tells little, and which words mean the same has to be learnt.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from question_frames import CONCEPTS, GROUPS, RIVALS

from pmt_core import RandomStream, atomic_file
from pmt_text import best_threshold, jaccard, load_qqp, normalize, split_by_question, tokenize

T = TypeVar("T")

HEADER = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n"
DUPLICATES = 0.47
NOISE = 0.005  # labels turned over, as people err too

_ASIDES = ["I am new to this.", "Please help.", "I really want to know.", "Thanks in advance."]
_ARTICLE = re.compile(r"\ba (?=[aeio])", re.IGNORECASE)
_TWO_ARTICLES = re.compile(r"\b(?:an?|my) (?=(?:an?|the|my) )")


class Dice:
    """Choices out of one random stream; only its uniform numbers are used, they never change."""

    def __init__(self, stream: RandomStream) -> None:
        self._rng = stream.generator()

    def chance(self, probability: float) -> bool:
        return self._rng.random() < probability

    def pick(self, choices: Sequence[T]) -> T:
        return choices[int(self._rng.random() * len(choices))]

    def pick_other(self, choices: Sequence[T], not_this: T) -> T:
        return self.pick([choice for choice in choices if choice != not_this])

    def weighted(self, weights: dict[T, float]) -> T:
        left = self._rng.random() * sum(weights.values())
        for choice, weight in weights.items():
            left -= weight
            if left < 0:
                return choice
        return next(reversed(weights))


@dataclass(frozen=True)
class Intent:
    """What is asked: a frame of a group, about concepts, under an optional condition."""

    group: str
    frame: str
    concepts: tuple[str, ...]
    option: str | None

    @property
    def templates(self) -> list[str]:
        return GROUPS[self.group].frames[self.frame]

    @property
    def mirrored(self) -> bool:
        return self.frame in GROUPS[self.group].mirrored

    @property
    def two_of_a_kind(self) -> bool:
        """Whether the concepts could change places."""
        kinds = GROUPS[self.group].slots.values()
        return len({kind.rstrip("12") for kind in kinds}) < len(kinds)

    @property
    def takes_option(self) -> bool:
        return any("{option}" in template for template in self.templates)


@dataclass(frozen=True)
class Wording:
    """How it is asked: the number of a template, and of a surface form for each concept."""

    template: int
    forms: tuple[int, ...]
    option_form: int = 0


def choose_intent(dice: Dice) -> Intent:
    group = dice.weighted({name: len(group.frames) for name, group in GROUPS.items()})
    slots = GROUPS[group].slots
    if "rival1" in slots.values():
        rivals = dice.pick(RIVALS)
        first = dice.pick(rivals)
        concepts: tuple[str, ...] = (first, dice.pick_other(rivals, first))
    else:
        concepts = ()
        for kind in slots.values():
            concepts += (dice.pick([c for c in CONCEPTS[kind] if c not in concepts]),)
    intent = Intent(group, dice.pick(list(GROUPS[group].frames)), concepts, None)
    return replace(intent, option=choose_option(intent, dice))


def choose_option(intent: Intent, dice: Dice) -> str | None:
    kind = GROUPS[intent.group].option
    if kind is None or not intent.takes_option or dice.chance(0.5):
        return None
    return dice.pick(CONCEPTS[kind])


def choose_wording(intent: Intent, dice: Dice) -> Wording:
    return Wording(
        dice.pick(range(len(intent.templates))),
        tuple(dice.pick(range(len(forms_of(concept)))) for concept in intent.concepts),
        dice.pick(range(len(forms_of(intent.option)))) if intent.option else 0,
    )


def forms_of(concept: str) -> list[str]:
    return concept.split("|")


def say(intent: Intent, wording: Wording) -> str:
    """The text of a question, in clean spelling."""
    text = intent.templates[wording.template]
    slots = GROUPS[intent.group].slots
    for name, concept, form in zip(slots, intent.concepts, wording.forms, strict=True):
        forms = forms_of(concept)
        bare, _, gerund = forms[form % len(forms)].partition("/")
        text = text.replace(f"{{{name}:ing}}", gerund).replace(f"{{{name}}}", bare)
    if intent.option:
        forms = forms_of(intent.option)
        text = text.replace("{option}", forms[wording.option_form % len(forms)])
    text = re.sub(r" *\{option\}", "", text)
    return _ARTICLE.sub("an ", _TWO_ARTICLES.sub("", text))


def scribble(text: str, dice: Dice) -> str:
    """The text as people type it: short forms, a lost question mark, no capital."""
    if dice.chance(0.15):
        text = text.replace("What is", "What's").replace("I am", "I'm")
    if dice.chance(0.02):
        text = f"{text} {dice.pick(_ASIDES)}"
    if dice.chance(0.04):
        text = text.removesuffix("?")
    if dice.chance(0.06):
        text = text[0].lower() + text[1:]
    return text


def duplicate_of(intent: Intent, wording: Wording, dice: Dice) -> tuple[Intent, Wording]:
    """The same question in other words."""
    other = choose_wording(intent, dice)
    if dice.chance(0.6):  # only the template changes
        other = replace(other, forms=wording.forms, option_form=wording.option_form)
    elif dice.chance(0.4):  # only the forms change
        return intent, replace(other, template=wording.template)
    if other.template == wording.template:
        templates = range(len(intent.templates))
        other = replace(other, template=dice.pick_other(templates, wording.template))
    if intent.mirrored and dice.chance(0.5):
        intent = replace(intent, concepts=intent.concepts[::-1])
    return intent, other


def no_duplicate_of(intent: Intent, wording: Wording, dice: Dice) -> tuple[Intent, Wording]:
    """Another question, most often one that looks like the same."""
    kinds = list(GROUPS[intent.group].slots.values())
    ways = {"concept": 0.42, "frame": 0.18, "far": 0.34}
    if intent.option:
        ways["option"] = 0.16
    if intent.two_of_a_kind and not intent.mirrored:
        ways["order"] = 0.1
    way = dice.weighted(ways)
    if way == "far":
        other = choose_intent(dice)
        while other.group == intent.group:
            other = choose_intent(dice)
        return other, choose_wording(other, dice)
    if way == "frame":
        frames = list(GROUPS[intent.group].frames)
        other = replace(intent, frame=dice.pick_other(frames, intent.frame))
        if not other.takes_option:
            other = replace(other, option=None)
        return other, like_worded(intent, wording, other, dice)
    if way == "order":
        other = replace(intent, concepts=intent.concepts[::-1])
        wording = replace(wording, forms=wording.forms[::-1])
    elif way == "option":
        kind = GROUPS[intent.group].option or ""
        other = replace(intent, option=dice.pick_other(CONCEPTS[kind], intent.option))
    else:
        place = dice.pick(range(len(kinds)))
        other = replace(intent, concepts=change_concept(intent, place, dice))
    if dice.chance(0.8):
        return other, choose_wording(other, dice)
    return other, wording


def change_concept(intent: Intent, place: int, dice: Dice) -> tuple[str, ...]:
    """The concepts, with one at `place` that is none of them."""
    kind = list(GROUPS[intent.group].slots.values())[place]
    choices = CONCEPTS.get(kind) or next(r for r in RIVALS if intent.concepts[place] in r)
    choices = [choice for choice in choices if choice not in intent.concepts]
    concepts = list(intent.concepts)
    concepts[place] = dice.pick(choices)
    return tuple(concepts)


def like_worded(intent: Intent, wording: Wording, other: Intent, dice: Dice) -> Wording:
    """A wording of `other`; at times the one that shares the most words with the first text."""
    if dice.chance(0.75):
        return choose_wording(other, dice)
    tokens = tokenize(say(intent, wording))
    ways = [replace(wording, template=place) for place in range(len(other.templates))]
    return max(ways, key=lambda way: jaccard(tokens, tokenize(say(other, way))))


def make_pairs(count: int, dice: Dice) -> list[tuple[str, str, int]]:
    """`count` pairs with their labels; a question comes again only in pairs close to its own."""
    seen: set[str] = set()  # texts, as tokens
    pairs: list[tuple[str, str, int]] = []
    while len(pairs) < count:
        intent = choose_intent(dice)
        wording = choose_wording(intent, dice)
        text = say(intent, wording)
        if not is_new(text, seen):
            continue
        first = scribble(text, dice)
        again = True
        while again and len(pairs) < count:  # several pairs may share their first question
            label = int(dice.chance(DUPLICATES))
            change = duplicate_of if label else no_duplicate_of
            second = say(*change(intent, wording, dice))
            if is_new(second, seen):
                if dice.chance(NOISE):
                    label = 1 - label
                pair = (first, scribble(second, dice))
                pairs.append((*(pair if dice.chance(0.5) else pair[::-1]), label))
            again = dice.chance(0.35)
    return pairs


def is_new(text: str, seen: set[str]) -> bool:
    key = normalize(text)
    if key in seen:
        return False
    seen.add(key)
    return True


def write_pairs(path: Path, pairs: Sequence[tuple[str, str, int]]) -> None:
    """The public TSV form: questions numbered in the order in which they come."""
    ids: dict[str, int] = {}
    with atomic_file(path, "wb") as out:
        out.write(HEADER.encode())
        for row, (first, second, label) in enumerate(pairs):
            id1 = ids.setdefault(first, len(ids) + 1)
            id2 = ids.setdefault(second, len(ids) + 1)
            out.write(f"{row}\t{id1}\t{id2}\t{first}\t{second}\t{label}\n".encode())


def describe(path: Path) -> str:
    """What a reader of the sample wants to know of it, as the program that trains on it sees it."""
    pairs = load_qqp(path).pairs
    labels = np.array([pair.label for pair in pairs])
    train, dev = split_by_question(pairs, 0.15, np.random.default_rng(0))
    overlap = np.array([jaccard(tokenize(p.question1), tokenize(p.question2)) for p in pairs])
    cut = best_threshold(overlap[train], labels[train]).value
    questions = {text for pair in pairs for text in (pair.question1, pair.question2)}
    words = {token for text in questions for token in tokenize(text)}
    return (
        f"{path}: {len(pairs)} synthetic pairs, {labels.mean():.1%} duplicates, "
        f"{len(questions)} questions, {len(words)} words\n"
        f"split by question: {len(train)} train, {len(dev)} dev "
        f"({labels[dev].mean():.1%} duplicates)\n"
        f"word overlap: {best_threshold(overlap, labels).accuracy:.1%} of all, "
        f"{((overlap[dev] >= cut) == labels[dev]).mean():.1%} of dev with the cut of train; "
        f"mean overlap of duplicates {overlap[labels == 1].mean():.2f}, "
        f"of others {overlap[labels == 0].mean():.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "qqp.tsv")
    parser.add_argument("--pairs", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=20)
    settings = parser.parse_args()
    dice = Dice(RandomStream(settings.seed, "qqp sample"))
    write_pairs(settings.out, make_pairs(settings.pairs, dice))
    print(describe(settings.out))


if __name__ == "__main__":
    main()
