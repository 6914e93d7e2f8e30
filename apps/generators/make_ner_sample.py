"""Make `ner_train.conll` and `ner_dev.conll`, the synthetic news that ship with the project.

    python make_ner_sample.py [--out FOLDER] [--seed 7]

The same seed gives the same bytes. The news are stories: a few sentences on one subject about the
same persons, places, organizations and others; persons return by their surnames. Names are invented
(see `ner_templates`). A third of the names of dev and some of its sentences do not occur in train.
Clubs have the names of cities, firms those of people, and headlines are in capitals, so spelling
alone does not determine the type of a name.

Columns: word, its shape, tag (IOB2).
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from ner_templates import (
    ADJECTIVES,
    CLUB_ENDS,
    COUNTRY_ENDS,
    DAYS,
    EVENTS,
    FIELDS,
    FIRM_ENDS,
    FIRM_WORDS,
    FIRST_NAMES,
    GOODS,
    INSTITUTIONS,
    JOBS,
    MONTHS,
    NAME_BEGINNINGS,
    PARTIES,
    PLACE_ENDS,
    PLACE_WORDS,
    SPORTS,
    SURNAME_ENDS,
    TEMPLATES,
    THINGS,
    WORD_SURNAMES,
)
from random_choices import RandomChoices

from pmt_apps.kit.files import SAMPLES
from pmt_core import RandomStream
from pmt_text import TaggedSentence, word_shape, write_conll

TRAIN_STORIES, DEV_STORIES = 330, 80
ONLY_IN_DEV = 0.25  # of the names
NEW_TEMPLATES = 3  # the last templates of every subject occur in dev only
Words = list[tuple[str, str]]  # words and their tags


@dataclass(frozen=True)
class Names:
    """The names of the stories of a split."""

    surnames: Sequence[str]
    places: Sequence[str]
    countries: Sequence[str]

    def split(self, random: RandomChoices) -> tuple[Names, Names]:
        """Return the names of train and those of dev, some of which are new."""
        train, dev = [], []
        for names in (self.surnames, self.places, self.countries):
            order = random.shuffled(names)
            n_new = round(len(order) * ONLY_IN_DEV)
            train.append(order[n_new:])
            dev.append(order[: 2 * n_new])
        return Names(*train), Names(*dev)


def all_names(random: RandomChoices) -> Names:
    """Return some hundred surnames and places, some of them the same."""

    def compose(ends: Sequence[str], count: int) -> list[str]:
        return random.shuffled([a + b for a, b in product(NAME_BEGINNINGS, ends)])[:count]

    places = compose(PLACE_ENDS, 300)
    places += [f"{word} {name}" for word, name in zip(PLACE_WORDS * 4, places[:40], strict=True)]
    surnames = [*compose(SURNAME_ENDS, 320), *WORD_SURNAMES, *places[100:140]]
    return Names(list(dict.fromkeys(surnames)), places, compose(COUNTRY_ENDS, 60))


class Story:
    """The entities of a story, and sentences about them."""

    def __init__(self, random: RandomChoices, names: Names) -> None:
        self.random = random
        pick = random.pick
        cities, countries = (random.shuffled(x)[:4] for x in (names.places, names.countries))
        surnames = random.shuffled(names.surnames)
        people = [f"{self._given()} {surname}" for surname in surnames[:2]]
        nations = [_nation(country) for country in countries]
        firms = [self._firm(surnames[2 + i]) for i in range(2)]
        clubs = [f"{city} {pick(CLUB_ENDS)}" if random.chance(0.5) else city for city in cities[:2]]
        parts = {
            "place": cities[2].split()[-1],
            "country": countries[0],
            "nation": nations[1],
            "firm": firms[0].split()[0],
            "field": pick(FIELDS),
        }
        event, event2 = (pick(EVENTS).format(**parts) for _ in range(2))
        entity = self._entity
        self.slots: dict[str, Callable[[], Words]] = {
            "per": entity("PER", people[0]),
            "per2": entity("PER", people[1]),
            "last": entity("PER", surnames[0]),
            "last2": entity("PER", surnames[1]),
            "city": entity("LOC", cities[0]),
            "city2": entity("LOC", cities[1]),
            "country": entity("LOC", countries[0]),
            "country2": entity("LOC", countries[1]),
            "nation": entity("MISC", nations[0]),
            "nation2": entity("MISC", nations[1]),
            "nation_people": entity("MISC", nations[0] + ("" if nations[0][-1] in "eh" else "s")),
            "nation_team": entity("LOC", countries[0]),
            "club": entity("ORG", clubs[0]),
            "club2": entity("ORG", clubs[1]),
            "firm": entity("ORG", firms[0]),
            "firm2": entity("ORG", firms[1]),
            "inst": entity("ORG", pick(INSTITUTIONS).format(**parts)),
            "acronym": entity("ORG", "".join(pick("ABCDEFGIKLMNOPRSTUV") for _ in "abc")),
            "party": entity("ORG", f"{pick(PARTIES)} Party"),
            "event": entity("MISC", event),
            "PERSON_CAPS": entity("PER", surnames[0].upper()),
            "CITY_CAPS": entity("LOC", cities[0].upper()),
            "CITY2_CAPS": entity("ORG", cities[1].upper()),
            "EVENT_CAPS": entity("MISC", event2.upper()),
            "SPORT": self._word(SPORTS),
            "day": self._word(DAYS),
            "month": self._word(MONTHS),
            "job": self._word(JOBS),
            "good": self._word(GOODS),
            "thing": self._word(THINGS),
            "adj": self._word(ADJECTIVES),
            "n": self._number("{}", 1, 90),
            "age": self._number("{}", 18, 39),
            "year": self._number("19{}", 50, 96),
            "score": self._numbers("{}-{}", 0, 4),
            "set": self._numbers("{}-{}", 2, 7),
            "date": self._numbers("1996-0{}-1{}", 1, 9),
        }
        # In a headline of a match, both cities are clubs.
        self.match_slots = {"CITY_CAPS": entity("ORG", cities[0].upper())}

    def sentence(self, template: str) -> Words:
        words: Words = []
        slots = self.slots | (self.match_slots if "BEATS" in template else {})
        for part in template.split():
            before, brace, rest = part.partition("{")
            if not brace:
                words.append((part, "O"))
                continue
            slot, _, after = rest.partition("}")
            entity = slots[slot]()
            entity[0] = (before + entity[0][0], entity[0][1])
            words += entity + ([(after, "O")] if after else [])
        return words

    def _entity(self, type_: str, name: str) -> Callable[[], Words]:
        words = name.split()
        return lambda: [(word, f"{'I' if i else 'B'}-{type_}") for i, word in enumerate(words)]

    def _word(self, words: Sequence[str]) -> Callable[[], Words]:
        return lambda: [(self.random.pick(words), "O")]

    def _number(self, pattern: str, low: int, high: int) -> Callable[[], Words]:
        return lambda: [(pattern.format(self.random.number(low, high)), "O")]

    def _numbers(self, pattern: str, low: int, high: int) -> Callable[[], Words]:
        random = self.random
        return lambda: [(pattern.format(random.number(low, high), random.number(low, high)), "O")]

    def _given(self) -> str:
        random = self.random
        name = random.pick(FIRST_NAMES)
        return f"{name[0]}." if random.chance(0.15) else name

    def _firm(self, surname: str) -> str:
        random = self.random
        if random.chance(0.3):
            return f"{surname} & Sons"
        first = surname.split()[-1] if random.chance(0.4) else random.pick(FIRM_WORDS)
        return f"{first} {random.pick(FIRM_ENDS)}"


def _nation(country: str) -> str:
    for end, nation in (("ia", "ian"), ("istan", "i"), ("land", "ish"), ("a", "an")):
        if country.endswith(end):
            return country.removesuffix("a" if end == "ia" else end) + nation.removeprefix(
                "i" if end == "ia" else ""
            )
    return country + "ese"


def make_stories(
    count: int, names: Names, random: RandomChoices, with_new: bool
) -> list[TaggedSentence]:
    """Return the sentences of `count` stories, six to eleven each."""
    sentences = []
    for document in range(1, count + 1):
        story = Story(random, names)
        templates = TEMPLATES[random.pick(list(TEMPLATES))]
        allowed = templates if with_new else templates[:-NEW_TEMPLATES]
        for template in random.shuffled(allowed)[: random.number(6, 11)]:
            words, tags = zip(*story.sentence(template), strict=True)
            cells = tuple(
                (word, word_shape(word), tag) for word, tag in zip(words, tags, strict=True)
            )
            sentences.append(TaggedSentence(words, tags, cells, document))
    return sentences


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=SAMPLES, help="folder")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    stream = RandomStream(arguments.seed, "ner sample")
    random = RandomChoices(stream.child("names"))
    train_names, dev_names = all_names(random).split(random)
    made = {
        "train": make_stories(
            TRAIN_STORIES, train_names, RandomChoices(stream.child("train")), False
        ),
        "dev": make_stories(DEV_STORIES, dev_names, RandomChoices(stream.child("dev")), True),
    }
    known = {word for sentence in made["train"] for word in sentence.words}
    for name, sentences in made.items():
        path = arguments.out / f"ner_{name}.conll"
        write_conll(path, sentences)
        types = Counter(tag[2:] for s in sentences for tag in s.tags or () if tag[0] == "B")
        new = {w for s in sentences for w in s.words if w not in known}
        counts = ", ".join(f"{count} {type_}" for type_, count in sorted(types.items()))
        print(f"{path}: {len(sentences)} synthetic sentences, {counts}, {len(new)} new words")


if __name__ == "__main__":
    main()
