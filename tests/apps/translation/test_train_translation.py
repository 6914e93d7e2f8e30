"""The translation app: scores of a run, translations, settings, errors, the sample of dates."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from programs import Program, load_generator

from pmt_apps.loading import load
from pmt_apps.translation.settings import Settings
from pmt_apps.translation.training import build_schedule
from pmt_apps.translation.translator import decode, most_similar_to_all
from pmt_nn import Hypothesis
from pmt_text import CLS, SEP
from pmt_train import preview, sentence_bleu

WORDS = {"one": "ein", "big": "großer", "small": "kleiner", "dog": "Hund", "cat": "Kater"}
SMALL = ("--width", 8, "--heads", 2, "--hidden", 12, "--layers", 1, "--merges", 20, "--warmup", 5)
SHORT = (*SMALL, "--epochs", 2, "--batch-size", 200, "--workers", 1, "--beam", 2)
Pairs = list[tuple[str, str]]


def word_pairs(n: int) -> Pairs:
    """Word-for-word translations: n pairs, the shortest first."""
    sentences = (
        words for length in itertools.count(1) for words in itertools.product(WORDS, repeat=length)
    )
    return [
        (" ".join(words), " ".join(WORDS[word] for word in words))
        for words in itertools.islice(sentences, n)
    ]


def write(folder: Path, pairs: Pairs, name: str = "", zipped: bool = True) -> list[object]:
    """Write two files; return the options that name them."""
    options: list[object] = []
    for language, lines in zip(("source", "target"), zip(*pairs, strict=True), strict=True):
        path = folder / f"{name or 'train'}.{language}{'.gz' if zipped else ''}"
        content = "".join(f"{line}\n" for line in lines).encode()
        path.write_bytes(gzip.compress(content) if zipped else content)
        options += [f"--{name + '-' if name else ''}{language}", path]
    return options


def write_train_and_dev(folder: Path) -> list[object]:
    return [*write(folder, word_pairs(150)), *write(folder, word_pairs(30), "dev")]


@pytest.fixture
def translation(tmp_path: Path) -> Program:
    return Program("translation", tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A runner in a folder with a "run"."""
    runner = Program("translation", tmp_path_factory.mktemp("translation"))
    pairs = [*word_pairs(150), ("", "leer"), ("dog " * 300, "Hund " * 300)]
    files = [*write(runner.folder, pairs), *write(runner.folder, word_pairs(30), "dev")]
    test = write(runner.folder, word_pairs(20), "test", zipped=False)
    result = runner.run(*files, *test, *SHORT, "--max-length", 60, "--out", "run")
    assert "train.source.gz:151: empty line; pair dropped" in result.stderr
    assert "1 of 151 training sentences are longer than --max-length 60" in result.stderr
    return runner


def test_scores_of_a_run(trained: Program) -> None:
    out = trained.folder / "run"
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert set(metrics["data"]) == {
        f"{name} {language}"
        for name in ("train", "dev", "test")
        for language in ("source", "target")
    }
    assert set(metrics["pictures"]) == {"learning.png", "attention.png"}
    for split in ("dev", "test"):
        assert 0 <= metrics[split]["bleu"] <= 100
        assert 0 <= metrics[split]["exact_match"] <= 1
    assert metrics["dev"]["loss"] > 0
    rows = list(csv.DictReader((out / "history.csv").read_text().splitlines()))
    assert [int(row["epoch"]) for row in rows] == [1, 2]
    assert {"train_loss", "dev_bleu", "dev_loss"} <= set(rows[0])
    assert "Translations of dev" in (out / "report.html").read_text(encoding="utf-8")


def test_translations_do_not_depend_on_the_batch(trained: Program) -> None:
    lines = ["one big dog", "cat", "Groß 北 \U0001f600"]
    answers = trained.run("--predict", "--out", "run", stdin="\n".join(lines)).answers
    assert [answer["source"] for answer in answers] == lines
    assert all(answer["score"] <= 0 for answer in answers)
    (alone,) = trained.run("--predict", "--out", "run", stdin="cat\n").answers
    assert alone["translation"] == answers[1]["translation"]


def test_mbr_chooses_what_is_most_similar_to_all() -> None:
    texts = ["a dog", "two cats sleep here", "two cats sleep there", "two cats sleep"]
    hypotheses = [
        Hypothesis(tuple(range(n)), log_probability=log_p, score=log_p, ended=True)
        for n, log_p in ((2, -1.0), (4, -1.6), (4, -1.7), (3, -2.0))
    ]
    for reward, expected in ((0.0, 3), (0.5, 1), (50.0, 1)):
        weights = np.array(
            [math.exp(h.log_probability + reward * len(h.tokens)) for h in hypotheses]
        )
        scores = [np.dot(weights, [sentence_bleu(t, [u]).score for u in texts]) for t in texts]
        chosen = most_similar_to_all(hypotheses, texts, reward)
        assert scores[chosen] == max(scores)
        assert chosen == expected


def test_mbr_chooses_among_the_hypotheses_of_the_beam(trained: Program) -> None:
    lines = ["one big dog", "cat", "small small dog cat"]
    settings: dict[str, Any] = {"beam": 4, "length_penalty": 1.0}
    for reward in (0.0, 9.0):
        predictor = load(trained.folder / "run", mbr=True, length_reward=reward, **settings)
        chosen = predictor.predict(lines)
        for line, text in zip(lines, chosen, strict=True):
            translator = predictor.translator
            ids = np.append(translator.encode([line])[0], SEP)
            hypotheses = predictor.model.beam_search(
                ids[np.newaxis], start=CLS, end=SEP, width=4, n_best=4,
                penalty=translator.penalty, max_length=2 * len(ids) + 10,
            )[0]  # fmt: skip
            texts = [decode(predictor.tokenizer, each.tokens) for each in hypotheses]
            assert text == texts[most_similar_to_all(hypotheses, texts, reward)]
        options = [
            x for name, value in settings.items() for x in (f"--{name.replace('_', '-')}", value)
        ]
        answers = trained.run(
            "--predict", "--out", "run", *options, "--mbr", "--length-reward", reward,
            stdin="\n".join(lines),
        ).answers  # fmt: skip
        assert [answer["translation"] for answer in answers] == chosen


def test_mbr_has_nothing_to_choose_from_a_greedy_search(trained: Program) -> None:
    greedy = ("--predict", "--out", "run", "--beam", 1)
    plain = trained.run(*greedy, stdin="one big dog\ncat\n").answers
    assert trained.run(*greedy, "--mbr", stdin="one big dog\ncat\n").answers == plain


def test_empty_and_long_sentences(trained: Program) -> None:
    trained.refuse("--predict", "--out", "run", stdin="a\n\n", error=["line 2", "empty"])
    long = "dog " * 1100 + "\n"
    result = trained.run("--predict", "--out", "run", "--beam", 1, stdin=long)
    assert "is cut to 1023 tokens" in result.stderr
    assert len(result.answers) == 1


def test_a_word_for_word_translation_is_learned(translation: Program) -> None:
    folder = translation.folder
    sizes = ("--width", 32, "--heads", 2, "--hidden", 64, "--layers", 1, "--merges", 60)
    learn = ("--lr", 1e-2, "--epochs", 10, "--dropout", 0, "--warmup", 20, "--average", 0.9)
    more = ("--batch-size", 300, "--workers", 2, "--beam", 3)
    files = [*write(folder, word_pairs(660)), *write(folder, word_pairs(700)[-40:], "dev")]
    result = translation.run(*files, *sizes, *learn, *more, "--out", "run")
    metrics = json.loads((folder / "run" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["dev"]["exact_match"] > 0.9, result.stdout
    (answer,) = translation.run("--predict", "--out", "run", stdin="one small cat dog\n").answers
    assert answer["translation"] == "ein kleiner Kater Hund"


@pytest.mark.parametrize("name", ["linear", "inverse-sqrt"])
@pytest.mark.parametrize("batches", [1, 2, 30, 1000])
def test_the_rate_rises_to_its_peak_in_every_run(name: str, batches: int) -> None:
    settings = Settings(schedule=name, warmup=500, epochs=5, lr=1e-3)
    rates = preview(build_schedule(settings, batches), 5 * batches)
    assert max(rates) >= 0.6e-3
    assert rates.index(max(rates)) <= len(rates) // 3


def test_the_inverse_square_root_schedule_does_not_reach_zero(translation: Program) -> None:
    settings = ("--average", 0, "--schedule", "inverse-sqrt", "--norm", "last", "--limit", 50)
    translation.run(*write_train_and_dev(translation.folder), *SHORT, *settings, "--out", "run")
    history = (translation.folder / "run" / "history.csv").read_text().splitlines()
    assert float(list(csv.DictReader(history))[-1]["lr"]) > 0


def test_invalid_data_is_named(translation: Program) -> None:
    folder = translation.folder
    good = write_train_and_dev(folder)
    longer = write(folder, word_pairs(151), "test")
    (folder / "spaces").write_text(" \n" * 150)
    cases = [
        ([*good[:3], longer[3], *good[4:]], ["150 lines", "has 151"]),
        (good[:4], ["--dev-source and --dev-target"]),
        ([*good, *longer[:2]], ["--test-source and --test-target"]),
        ([*good[:3], folder / "no", *good[4:]], ["no", "translations (train)"]),
        ([*good[:3], folder / "spaces", *good[4:]], ["none of 150 pairs"]),
        ([*good, "--max-length", 1, "--merges", 0], ["--max-length"]),
        ([*good, "--heads", 5, "--width", 8], ["heads"]),
    ]
    for options, error in cases:
        translation.refuse(*options, "--out", "never", error=error)
    assert not (folder / "never").exists()


# --- the sample -----------------------------------------------------------------------------------


def test_the_generator_makes_the_shipped_sample(root: Path) -> None:
    generator = load_generator("make_dates_sample")
    rng = generator.RandomStream(generator.SEED, "dates sample").generator()
    pairs = generator.make_dates(generator.TRAIN + generator.DEV, rng)
    for i, language in enumerate(("en", "de")):
        lines = []
        for name in ("train", "dev"):
            path = root / "apps" / "pmt_apps" / "samples" / f"dates.{name}.{language}.gz"
            with gzip.open(path, "rt", encoding="utf-8") as file:
                lines += [line.rstrip("\n") for line in file]
        assert lines == [pair[i] for pair in pairs]
    assert len({german for _, german in pairs}) == len(pairs)  # dev has no day of train


def test_dates_in_words() -> None:
    dates = load_generator("make_dates_sample")
    assert dates.english(21, 3, 1987, 2) == "the twenty-first of March nineteen eighty-seven"
    assert dates.english(12, 2, 1907, 1) == "February the twelfth, nineteen oh seven"
    assert dates.english(30, 1, 2000, 1) == "January the thirtieth, two thousand"
    assert dates.english(8, 5, 1100, 2) == "the eighth of May eleven hundred"
    assert dates.german(21, 3, 1987) == "der einundzwanzigste März neunzehnhundertsiebenundachtzig"
    assert dates.german(3, 12, 2001) == "der dritte Dezember zweitausendeins"
    assert dates.german(7, 7, 1016) == "der siebte Juli tausendsechzehn"
    assert dates.german(30, 11, 1211) == "der dreißigste November zwölfhundertelf"


@pytest.mark.slow
def test_the_shipped_sample_is_solved(translation: Program) -> None:
    translation.run("--out", "run")
    out = translation.folder / "run"
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["dev"]["exact_match"] >= 0.99
    assert {path.name for path in out.glob("*.png")} == set(metrics["pictures"])
