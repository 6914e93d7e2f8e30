"""Make the sample of dates that ships with the project, written out in English and in German.

    python make_dates_sample.py [--out FOLDER] [--train 8000] [--dev 500] [--seed 3]

The same seed gives the same text. Random days of the years 1000 to 2099, no day twice:

    the twenty-first of March nineteen eighty-seven   der einundzwanzigste März
    March the twenty-first, nineteen eighty-seven         neunzehnhundertsiebenundachtzig
    21 March 1987

The task needs reordering (German has the ones before the tens within a word), years in hundreds,
and three spellings of the same day. Four files: dates.train.en.gz, dates.train.de.gz,
dates.dev.en.gz, dates.dev.de.gz.
"""

from __future__ import annotations

import argparse
import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pmt_apps.kit.files import SAMPLES
from pmt_core import RandomStream, atomic_file

YEARS = range(1000, 2100)
TRAIN, DEV, SEED = 8000, 500, 3
DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def words(text: str) -> list[str]:
    return text.split()


ENGLISH_MONTHS = words(
    "January February March April May June July August September October November December"
)
GERMAN_MONTHS = words(
    "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
)
ENGLISH_ONES = words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
ENGLISH_TENS = words("- - twenty thirty forty fifty sixty seventy eighty ninety")
ENGLISH_ORDINALS = {
    1: "first",
    2: "second",
    3: "third",
    5: "fifth",
    8: "eighth",
    9: "ninth",
    12: "twelfth",
}
GERMAN_ONES = words(
    "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn "
    "fünfzehn sechzehn siebzehn achtzehn neunzehn"
)
GERMAN_TENS = words("- - zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig")
GERMAN_ORDINALS = {1: "erste", 3: "dritte", 7: "siebte", 8: "achte"}


def english_number(n: int) -> str:
    """Return 0, ..., 99 in words."""
    if n < 20:
        return ENGLISH_ONES[n]
    ones = f"-{ENGLISH_ONES[n % 10]}" if n % 10 else ""
    return ENGLISH_TENS[n // 10] + ones


def english_ordinal(n: int) -> str:
    """Return the ordinal of a day 1, ..., 31."""
    if n > 20 and n % 10:
        return f"{ENGLISH_TENS[n // 10]}-{english_ordinal(n % 10)}"
    if n in ENGLISH_ORDINALS:
        return ENGLISH_ORDINALS[n]
    word = english_number(n)
    return f"{word.removesuffix('y')}ieth" if word.endswith("y") else f"{word}th"


def english_year(year: int) -> str:
    """Return a year in words: in hundreds, but "two thousand seven"."""
    hundreds, rest = divmod(year, 100)
    if hundreds % 10 == 0:
        thousands = f"{ENGLISH_ONES[hundreds // 10]} thousand"
        return f"{thousands} {english_number(rest)}" if rest else thousands
    if not rest:
        return f"{english_number(hundreds)} hundred"
    return f"{english_number(hundreds)} {'oh ' if rest < 10 else ''}{english_number(rest)}"


def german_number(n: int) -> str:
    """Return 1, ..., 99 in words, as the non-final part of a word: "ein", not "eins"."""
    if n < 20:
        return GERMAN_ONES[n]
    ones = f"{GERMAN_ONES[n % 10]}und" if n % 10 else ""
    return ones + GERMAN_TENS[n // 10]


def german_ordinal(n: int) -> str:
    """Return the ordinal of a day 1, ..., 31."""
    return GERMAN_ORDINALS.get(n, german_number(n) + ("te" if n < 20 else "ste"))


def german_year(year: int) -> str:
    """Return a year in words: in hundreds from 1100 to 1999, otherwise in thousands."""
    hundreds, rest = divmod(year, 100)
    if hundreds % 10 == 0:
        head = GERMAN_ONES[hundreds // 10] + "tausend"
        head = head.removeprefix("ein") if hundreds == 10 else head
    else:
        head = german_number(hundreds) + "hundert"
    tail = german_number(rest) if rest else ""
    return head + tail + ("s" if rest == 1 else "")


def english(day: int, month: int, year: int, style: int) -> str:
    name = ENGLISH_MONTHS[month - 1]
    if style == 0:
        return f"{day} {name} {year}"
    if style == 1:
        return f"{name} the {english_ordinal(day)}, {english_year(year)}"
    return f"the {english_ordinal(day)} of {name} {english_year(year)}"


def german(day: int, month: int, year: int) -> str:
    return f"der {german_ordinal(day)} {GERMAN_MONTHS[month - 1]} {german_year(year)}"


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def make_dates(count: int, rng: np.random.Generator) -> list[tuple[str, str]]:
    """Return English and German of `count` different days."""
    all_days = [
        (day, month, year)
        for year in YEARS
        for month in range(1, 13)
        for day in range(1, DAYS[month - 1] + (month == 2 and is_leap(year)) + 1)
    ]
    chosen = rng.permutation(len(all_days))[:count]
    styles = rng.integers(0, 3, count)
    pairs = []
    for i, style in zip(chosen, styles, strict=True):
        day, month, year = all_days[i]
        pairs.append((english(day, month, year, int(style)), german(day, month, year)))
    return pairs


def write_lines(path: Path, lines: Sequence[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    with atomic_file(path, "wb") as out:
        out.write(gzip.compress(text.encode(), mtime=0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=SAMPLES)
    parser.add_argument("--train", type=int, default=TRAIN)
    parser.add_argument("--dev", type=int, default=DEV)
    parser.add_argument("--seed", type=int, default=SEED)
    settings = parser.parse_args()
    rng = RandomStream(settings.seed, "dates sample").generator()
    pairs = make_dates(settings.train + settings.dev, rng)
    splits = {"train": pairs[: settings.train], "dev": pairs[settings.train :]}
    for name, part in splits.items():
        for language, lines in zip(("en", "de"), zip(*part, strict=True), strict=True):
            path = settings.out / f"dates.{name}.{language}.gz"
            write_lines(path, lines)
            print(f"{path}: {len(lines)} dates, {path.stat().st_size:,} bytes; {lines[0]!r}")


if __name__ == "__main__":
    main()
