"""Make `qqp.tsv`, the synthetic sample of question pairs that ships with the project.

    python make_qqp_sample.py [--out FILE] [--pairs 4000] [--seed 20]

The same seed gives the same bytes. A question is a template of a frame, filled with surface forms
of concepts (see `question_concepts`). Duplicates ask the same about the same concepts in other
words, another order or another form. Non-duplicates keep most words and change what matters: a
concept, the aim, a negation, the order of the concepts. So word overlap says little about the
label, and synonyms must be learned.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from general_questions import GENERAL_GROUPS
from practical_questions import PRACTICAL_GROUPS
from question_concepts import CONCEPTS, RIVALS
from random_choices import RandomChoices

from pmt_apps.kit.files import SAMPLES
from pmt_core import RandomStream, atomic_file
from pmt_text import best_threshold, jaccard, load_qqp, normalize, split_by_question, tokenize

GROUPS = {**PRACTICAL_GROUPS, **GENERAL_GROUPS}
HEADER = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n"
DUPLICATES = 0.47
NOISE = 0.005  # fraction of flipped labels

_ASIDES = ["I am new to this.", "Please help.", "I really want to know.", "Thanks in advance."]
_ARTICLE = re.compile(r"\ba (?=[aeio])", re.IGNORECASE)
_TWO_ARTICLES = re.compile(r"\b(?:an?|my) (?=(?:an?|the|my) )")


@dataclass(frozen=True)
class Intent:
    """The meaning of a question: a frame of a group, concepts, and an optional condition."""

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
        """Whether the concepts could be swapped."""
        kinds = GROUPS[self.group].slots.values()
        return len({kind.rstrip("12") for kind in kinds}) < len(kinds)

    @property
    def takes_option(self) -> bool:
        return any("{option}" in template for template in self.templates)


@dataclass(frozen=True)
class Wording:
    """The words of a question: indices of a template and of the surface form of each concept."""

    template: int
    concept_forms: tuple[int, ...]
    option_form: int = 0


def choose_intent(random: RandomChoices) -> Intent:
    group = random.weighted({name: len(group.frames) for name, group in GROUPS.items()})
    slots = GROUPS[group].slots
    if "rival1" in slots.values():
        rivals = random.pick(RIVALS)
        first = random.pick(rivals)
        concepts: tuple[str, ...] = (first, random.pick_other(rivals, first))
    else:
        concepts = ()
        for kind in slots.values():
            concepts += (random.pick([c for c in CONCEPTS[kind] if c not in concepts]),)
    intent = Intent(group, random.pick(list(GROUPS[group].frames)), concepts, None)
    return replace(intent, option=choose_option(intent, random))


def choose_option(intent: Intent, random: RandomChoices) -> str | None:
    kind = GROUPS[intent.group].option
    if kind is None or not intent.takes_option or random.chance(0.5):
        return None
    return random.pick(CONCEPTS[kind])


def choose_wording(intent: Intent, random: RandomChoices) -> Wording:
    return Wording(
        random.pick(range(len(intent.templates))),
        tuple(random.pick(range(len(surface_forms(concept)))) for concept in intent.concepts),
        random.pick(range(len(surface_forms(intent.option)))) if intent.option else 0,
    )


def surface_forms(concept: str) -> list[str]:
    return concept.split("|")


def say(intent: Intent, wording: Wording) -> str:
    """Return the text of a question."""
    text = intent.templates[wording.template]
    slots = GROUPS[intent.group].slots
    for name, concept, i in zip(slots, intent.concepts, wording.concept_forms, strict=True):
        surfaces = surface_forms(concept)
        infinitive, _, gerund = surfaces[i % len(surfaces)].partition("/")
        text = text.replace(f"{{{name}:ing}}", gerund).replace(f"{{{name}}}", infinitive)
    if intent.option:
        surfaces = surface_forms(intent.option)
        text = text.replace("{option}", surfaces[wording.option_form % len(surfaces)])
    text = re.sub(r" *\{option\}", "", text)
    return _ARTICLE.sub("an ", _TWO_ARTICLES.sub("", text))


def add_noise(text: str, random: RandomChoices) -> str:
    """Return the text as people type it: contractions, no question mark, lower case."""
    if random.chance(0.15):
        text = text.replace("What is", "What's").replace("I am", "I'm")
    if random.chance(0.02):
        text = f"{text} {random.pick(_ASIDES)}"
    if random.chance(0.04):
        text = text.removesuffix("?")
    if random.chance(0.06):
        text = text[0].lower() + text[1:]
    return text


def duplicate_of(intent: Intent, wording: Wording, random: RandomChoices) -> tuple[Intent, Wording]:
    """Return the same question in other words."""
    other = choose_wording(intent, random)
    if random.chance(0.6):  # only the template changes
        other = replace(other, concept_forms=wording.concept_forms, option_form=wording.option_form)
    elif random.chance(0.4):  # only the forms change
        return intent, replace(other, template=wording.template)
    if other.template == wording.template:
        templates = range(len(intent.templates))
        other = replace(other, template=random.pick_other(templates, wording.template))
    if intent.mirrored and random.chance(0.5):
        intent = replace(intent, concepts=intent.concepts[::-1])
    return intent, other


def non_duplicate_of(
    intent: Intent, wording: Wording, random: RandomChoices
) -> tuple[Intent, Wording]:
    """Return another question, in most cases one of similar words."""
    kinds = list(GROUPS[intent.group].slots.values())
    ways = {"concept": 0.42, "frame": 0.18, "far": 0.34}
    if intent.option:
        ways["option"] = 0.16
    if intent.two_of_a_kind and not intent.mirrored:
        ways["order"] = 0.1
    way = random.weighted(ways)
    if way == "far":
        other = choose_intent(random)
        while other.group == intent.group:
            other = choose_intent(random)
        return other, choose_wording(other, random)
    if way == "frame":
        frames = list(GROUPS[intent.group].frames)
        other = replace(intent, frame=random.pick_other(frames, intent.frame))
        if not other.takes_option:
            other = replace(other, option=None)
        return other, like_worded(intent, wording, other, random)
    if way == "order":
        other = replace(intent, concepts=intent.concepts[::-1])
        wording = replace(wording, concept_forms=wording.concept_forms[::-1])
    elif way == "option":
        kind = GROUPS[intent.group].option or ""
        other = replace(intent, option=random.pick_other(CONCEPTS[kind], intent.option))
    else:
        index = random.pick(range(len(kinds)))
        other = replace(intent, concepts=change_concept(intent, index, random))
    if random.chance(0.8):
        return other, choose_wording(other, random)
    return other, wording


def change_concept(intent: Intent, index: int, random: RandomChoices) -> tuple[str, ...]:
    """Return the concepts with another one at `index`."""
    kind = list(GROUPS[intent.group].slots.values())[index]
    choices = CONCEPTS.get(kind) or next(r for r in RIVALS if intent.concepts[index] in r)
    choices = [choice for choice in choices if choice not in intent.concepts]
    concepts = list(intent.concepts)
    concepts[index] = random.pick(choices)
    return tuple(concepts)


def like_worded(intent: Intent, wording: Wording, other: Intent, random: RandomChoices) -> Wording:
    """Return a wording of `other`; sometimes the one of highest word overlap with the first."""
    if random.chance(0.75):
        return choose_wording(other, random)
    tokens = tokenize(say(intent, wording))
    wordings = [replace(wording, template=i) for i in range(len(other.templates))]
    return max(wordings, key=lambda words: jaccard(tokens, tokenize(say(other, words))))


def make_pairs(count: int, random: RandomChoices) -> list[tuple[str, str, int]]:
    """Return `count` labeled pairs; a question repeats only in consecutive pairs."""
    seen: set[str] = set()  # normalized texts
    pairs: list[tuple[str, str, int]] = []
    while len(pairs) < count:
        intent = choose_intent(random)
        wording = choose_wording(intent, random)
        text = say(intent, wording)
        if not is_new(text, seen):
            continue
        first = add_noise(text, random)
        again = True
        while again and len(pairs) < count:  # the next pairs may share the first question
            label = int(random.chance(DUPLICATES))
            change = duplicate_of if label else non_duplicate_of
            second = say(*change(intent, wording, random))
            if is_new(second, seen):
                if random.chance(NOISE):
                    label = 1 - label
                pair = (first, add_noise(second, random))
                pairs.append((*(pair if random.chance(0.5) else pair[::-1]), label))
            again = random.chance(0.35)
    return pairs


def is_new(text: str, seen: set[str]) -> bool:
    key = normalize(text)
    if key in seen:
        return False
    seen.add(key)
    return True


def write_pairs(path: Path, pairs: Sequence[tuple[str, str, int]]) -> None:
    """Write the public TSV format; questions are numbered in the order of their appearance."""
    ids: dict[str, int] = {}
    with atomic_file(path, "wb") as out:
        out.write(HEADER.encode())
        for row, (first, second, label) in enumerate(pairs):
            id1 = ids.setdefault(first, len(ids) + 1)
            id2 = ids.setdefault(second, len(ids) + 1)
            out.write(f"{row}\t{id1}\t{id2}\t{first}\t{second}\t{label}\n".encode())


def describe(path: Path) -> str:
    """Return statistics of the sample."""
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
    parser.add_argument("--out", type=Path, default=SAMPLES / "qqp.tsv")
    parser.add_argument("--pairs", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=20)
    settings = parser.parse_args()
    random = RandomChoices(RandomStream(settings.seed, "qqp sample"))
    write_pairs(settings.out, make_pairs(settings.pairs, random))
    print(describe(settings.out))


if __name__ == "__main__":
    main()
