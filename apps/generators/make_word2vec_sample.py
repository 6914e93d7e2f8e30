"""Make `word2vec.txt` and `word2vec_questions.txt`, the sample that train_word2vec.py ships with.

    python make_word2vec_sample.py [--out DIR] [--sentences 16000] [--seed 6]

The same seed gives the same bytes. The sentences are templates filled with words, so that the
analogies are in the co-occurrences: a capital occurs with its country's words (river, dish) and
with the words of all capitals (streets, mayor), a plural with those of its noun and of all plurals,
a queen with those of the king and of all women. The questions ask for these analogies, in the
format of questions-words.txt.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

from random_choices import RandomChoices

from pmt_apps.kit.files import SAMPLES
from pmt_core import RandomStream, atomic_file

SENTENCES, SEED = 16_000, 6

# country, capital, people, river, dish, sight
COUNTRIES = [
    "france paris french seine croissant louvre",
    "germany berlin german spree pretzel reichstag",
    "italy rome italian tiber lasagna colosseum",
    "spain madrid spanish manzanares paella prado",
    "portugal lisbon portuguese tagus pasteis belem",
    "england london english thames scones westminster",
    "austria vienna austrian danube schnitzel belvedere",
    "poland warsaw polish vistula pierogi lazienki",
    "greece athens greek kifissos moussaka acropolis",
    "russia moscow russian moskva borscht kremlin",
    "japan tokyo japanese sumida sushi sensoji",
    "china beijing chinese yongding dumplings tiananmen",
    "egypt cairo egyptian nile koshari pyramids",
    "turkey ankara turkish kizilirmak baklava anitkabir",
    "norway oslo norwegian akerselva lefse vigeland",
    "sweden stockholm swedish malaren gravlax skansen",
    "finland helsinki finnish vantaa karelian suomenlinna",
    "ireland dublin irish liffey colcannon ballsbridge",
    "thailand bangkok thai chaophraya curry watpho",
    "peru lima peruvian rimac ceviche miraflores",
    "canada ottawa canadian rideau poutine bytown",
    "cuba havana cuban almendares congri malecon",
    "kenya nairobi kenyan athi ugali karura",
    "hungary budapest hungarian tisza goulash bastion",
]

# singular, plural, and three words that go with them alone
NOUNS = [
    "dog dogs barking collar kennel",
    "cat cats purring whiskers basket",
    "bird birds singing feathers nest",
    "horse horses galloping saddle stable",
    "cow cows grazing milk barn",
    "bee bees buzzing honey hive",
    "fish fishes swimming scales pond",
    "tree trees growing leaves orchard",
    "car cars driving engine garage",
    "boat boats sailing mast harbour",
    "train trains rolling rails station",
    "plane planes flying wings hangar",
    "book books written pages shelf",
    "letter letters posted envelope mailbox",
    "song songs composed melody choir",
    "picture pictures painted frame gallery",
    "house houses built roof suburb",
    "bridge bridges spanning pillars canyon",
    "door doors locked hinges hallway",
    "window windows shining glass facade",
    "cup cups poured handle cupboard",
    "knife knives sharpened blade drawer",
    "apple apples ripening peel crate",
    "cake cakes baked icing bakery",
]

# male, female, and three words that go with them alone
PEOPLE = [
    "king queen throne crown ruled",
    "man woman coat office worked",
    "boy girl toy playground played",
    "father mother child lullaby raised",
    "brother sister siblings bunkbed teased",
    "son daughter parents inheritance obeyed",
    "uncle aunt nephews birthday visited",
    "grandfather grandmother stories rocking remembered",
    "actor actress stage audience rehearsed",
    "prince princess castle ball waltzed",
    "waiter waitress restaurant menu served",
    "husband wife wedding ring married",
    "hero heroine quest dragon fought",
    "duke duchess estate carriage hunted",
]

OF_COUNTRIES = [
    "the government of {country} signed a treaty",
    "the army guards the border of {country}",
    "farmers across {country} expect a harvest",
    "{country} exports goods and its economy grows",
    "the parliament voted and {country} has a new law",
    "the {people} nation of {country} has provinces",
    "{country} is the land of {dish} and the {river} flows there",
    "all over {country} the {people} people eat {dish}",
    "{country} is proud of the {sight}",
    "maps of {country} show the {river}",
]
OF_CAPITALS = [
    "the mayor of {capital} opened a square",
    "the streets of {capital} are full of traffic",
    "the airport and the subway of {capital} are busy",
    "tourists walk downtown in {capital} at night",
    "museums and theatres in {capital} attract tourists",
    "a hotel downtown in {capital} serves {dish}",
    "in {capital} the {river} flows past the {sight}",
    "the {sight} stands in the city of {capital}",
    "the {people} city of {capital} lies on the {river}",
    "{capital} is a city where the {people} eat {dish}",
]
OF_BOTH = ["{capital} is the capital of {country}", "{country} has its capital in {capital}"]

OF_ONE = [
    "one {noun} is {doing} near the {location}",
    "this {noun} with its {part} is {doing}",
    "a single {noun} was seen at the {location}",
    "each {noun} has its {part}",
    "that {noun} is {doing} again",
    "every {noun} belongs in a {location}",
]
OF_MANY = [
    "many {noun} are {doing} near the {location}",
    "these {noun} with their {part} are {doing}",
    "several {noun} were seen at the {location}",
    "two {noun} have their {part}",
    "those {noun} are {doing} again",
    "some {noun} belong in a {location}",
]

OF_MEN = [
    "he is a {who} and his {thing} is there",
    "the {who} himself {did} with his beard",
    "the {who} said he {did} near the {other}",
    "they saw him the {who} at the {other}",
    "mister {who} shaved his beard before the {thing}",
    "his {thing} made him a proud {who}",
]
OF_WOMEN = [
    "she is a {who} and her {thing} is there",
    "the {who} herself {did} with her earrings",
    "the {who} said she {did} near the {other}",
    "they saw her the {who} at the {other}",
    "madam {who} wore her earrings before the {thing}",
    "her {thing} made her a proud {who}",
]


def place_sentence(random: RandomChoices) -> str:
    names = ("country", "capital", "people", "river", "dish", "sight")
    words = dict(zip(names, random.pick(COUNTRIES).split(), strict=True))
    frames = OF_COUNTRIES + OF_CAPITALS + OF_BOTH
    return random.pick(frames).format(**words)


def thing_sentence(random: RandomChoices) -> str:
    singular, plural, participle, part, location = random.pick(NOUNS).split()
    frame = random.pick(OF_ONE + OF_MANY)
    noun = singular if frame in OF_ONE else plural
    return frame.format(noun=noun, doing=participle, part=part, location=location)


def person_sentence(random: RandomChoices) -> str:
    man, woman, thing, other, did = random.pick(PEOPLE).split()
    frame = random.pick(OF_MEN + OF_WOMEN)
    return frame.format(who=man if frame in OF_MEN else woman, thing=thing, other=other, did=did)


def make_text(sentences: int, seed: int) -> str:
    """Return sentences, one per line, in lower case and without punctuation."""
    random = RandomChoices(RandomStream(seed, "word2vec sample"))
    kinds = {"place": place_sentence, "thing": thing_sentence, "person": person_sentence}
    # Each country, noun and pair of people occurs about equally often.
    order = ["place"] * len(COUNTRIES) * 2 + ["thing"] * len(NOUNS) + ["person"] * len(PEOPLE)
    lines = (kinds[random.pick(order)](random) for _ in range(sentences))
    return "".join(line + "\n" for line in lines)


def make_questions() -> str:
    """Return all analogy questions between two pairs of the same section."""
    sections = {
        "capital-country": [(row.split()[1], row.split()[0]) for row in COUNTRIES],
        "man-woman": [(row.split()[0], row.split()[1]) for row in PEOPLE],
        "gram-plural": [(row.split()[0], row.split()[1]) for row in NOUNS],
    }
    lines = []
    for name, pairs in sections.items():
        lines.append(f": {name}")
        lines += [" ".join((*a, *b)) for a, b in itertools.permutations(pairs, 2)]
    return "".join(line + "\n" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=SAMPLES)
    parser.add_argument("--sentences", type=int, default=SENTENCES)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    texts = {
        "word2vec.txt": make_text(options.sentences, options.seed),
        "word2vec_questions.txt": make_questions(),
    }
    for name, text in texts.items():
        with atomic_file(options.out / name, "w") as file:
            file.write(text)


if __name__ == "__main__":
    main()
