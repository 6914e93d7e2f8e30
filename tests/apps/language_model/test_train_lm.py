"""The language-model app: scores of a run, generation, predictions, errors."""

from __future__ import annotations

import csv
import gzip
import json
import math
from pathlib import Path

import pytest
from programs import Program, load_generator

from pmt_apps.kit.files import SAMPLES
from pmt_apps.language_model.settings import Settings
from pmt_apps.language_model.training import build_model
from pmt_apps.transformer_optimizer import transformer_optimizer
from pmt_train import FlatParameters, Muon

SMALL = (
    "--width", 16, "--heads", 2, "--layers", 1, "--max-length", 16, "--batch-size", 8,
    "--steps", 15, "--epochs", 2, "--workers", 1,
)  # fmt: skip
TEXT = "the cat sat on the mat and the dog sat on the log.\n" * 40


def runner_with_corpus(folder: Path) -> Program:
    (folder / "corpus.txt").write_text(TEXT, encoding="utf-8")
    return Program("lm", folder)


@pytest.fixture
def lm(tmp_path: Path) -> Program:
    """A runner in a folder with corpus.txt."""
    return runner_with_corpus(tmp_path)


@pytest.fixture(scope="module", params=["char", "bpe"])
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A runner in a folder with a "run" of each tokenizer, one of them trained by Muon."""
    runner = runner_with_corpus(tmp_path_factory.mktemp(request.param))
    tokenizer = ("--tokenizer", request.param, "--merges", 30)
    if request.param == "bpe":
        tokenizer = (*tokenizer, "--optimizer", "muon", "--positions", "rotary")
    result = runner.run("--corpus", "corpus.txt", *SMALL, *tokenizer, "--out", "run")
    assert result.stdout.count("    | ") >= 2  # a sample after each epoch
    assert "bits_per_character" in result.stdout
    return runner


def test_scores_of_a_run_agree(trained: Program) -> None:
    out = trained.folder / "run"
    metrics = json.loads((out / "metrics.json").read_text())
    assert set(metrics["pictures"]) == {"learning.png", "token_loss.png"}
    dev = metrics["dev"]
    rows = list(csv.DictReader((out / "history.csv").read_text().splitlines()))
    assert [row["step"] for row in rows] == ["15", "30"]
    best = min(float(row["dev_bits_per_character"]) for row in rows)
    assert dev["bits_per_character"] == pytest.approx(best)
    assert dev["perplexity"] == pytest.approx(math.exp(dev["loss"]))
    if json.loads((out / "config.json").read_text())["tokenizer"] == "char":
        assert dev["bits_per_character"] == pytest.approx(dev["loss"] / math.log(2))


def test_generation_depends_on_seed_and_settings(trained: Program) -> None:
    def generate(*settings: object) -> str:
        generation = ("--out", "run", "--generate", "", "--tokens", 80)
        return trained.run(*generation, *settings).stdout

    assert generate() == generate()
    assert generate() != generate("--temperature", 2)
    assert generate("--top-k", 1) == generate("--temperature", 0) == generate("--top-p", 1e-6)


def test_a_memorized_text_is_continued(lm: Program) -> None:
    sizes = ("--width", 32, "--max-length", 48, "--steps", 200, "--lr", 5e-3)
    lm.run("--corpus", "corpus.txt", *SMALL, *sizes, "--out", "run")
    greedy = ("--out", "run", "--temperature", 0)
    text = lm.run(*greedy, "--generate", "the cat sat", "--tokens", 60).stdout
    assert text.startswith("the cat sat on the mat and the dog sat on the log.")
    prompts = ["the dog sat on", "the cat sat on the mat and the"]
    answers = lm.run(*greedy, "--predict", "--tokens", 8, stdin="\n".join(prompts)).answers
    assert [answer["prompt"] for answer in answers] == prompts
    assert [answer["continuation"] for answer in answers] == [" the log", " dog sat"]


def test_invalid_data_and_settings_are_named(lm: Program) -> None:
    (lm.folder / "short.txt").write_text("abcabc")
    lm.refuse("--corpus", "short.txt", *SMALL, error=["more text"])
    lm.refuse("--corpus", "corpus.txt", *SMALL, "--heads", 3, error=["multiple of", "heads"])
    lm.refuse("--out", "nothing", "--generate", "x", error=["nothing"])


def test_invalid_prompts_and_options_are_named(trained: Program) -> None:
    generate = ("--out", "run", "--generate")
    trained.refuse(*generate, "the", "--top-p", 2, error=["--top-p"])
    trained.refuse(*generate, "the", "--width", 64, error=["--width"])
    if "char" in (trained.folder / "run" / "config.json").read_text():
        trained.refuse(*generate, "the ñ", error=["'ñ'"])
        predict = ("--out", "run", "--predict", "--tokens", 2)
        result = trained.refuse(*predict, stdin="the\nÜ\n", error=["line 2", "'Ü'"])
        assert [answer["prompt"] for answer in result.answers] == ["the"]


def test_lines_that_are_not_utf8_are_dropped_and_named(lm: Program) -> None:
    mixed = TEXT.encode() + b"bad \xff\xfe line\n" + TEXT.encode()
    (lm.folder / "mixed.txt.gz").write_bytes(gzip.compress(mixed))
    result = lm.run("--corpus", "mixed.txt.gz", *SMALL, "--out", "run")
    assert "mixed.txt.gz:41" in result.stderr


def test_the_preset_has_the_published_settings() -> None:
    settings = Settings(**Settings.defaults({"preset": "nanogpt-cpu"}))
    assert settings.epochs * settings.steps == 2000
    assert (settings.layers, settings.heads, settings.width, settings.max_length) == (4, 4, 128, 64)
    assert (settings.batch_size, settings.dropout, settings.bias) == (12, 0.0, False)
    assert (settings.lr, settings.final_lr, settings.warmup) == (1e-3, 0.1, 100)
    assert (settings.beta2, settings.weight_decay, settings.clip_norm) == (0.99, 0.1, 1.0)


def test_the_best_preset_has_the_sizes_and_steps_of_the_published_one() -> None:
    """And in nanoGPT's count, which leaves out tables of positions, as many parameters."""
    published, best = (
        Settings(**{"preset": name, **Settings.defaults({"preset": name})})
        for name in ("nanogpt-cpu", "best")
    )
    for name in ("batch_size", "max_length", "dropout", "bias", "tokenizer", "dev_fraction"):
        assert getattr(best, name) == getattr(published, name)
    assert (best.sizes, best.epochs, best.steps) == (published.sizes, 8, 250)
    models = [build_model(settings, 65) for settings in (published, best)]
    counts = [model.parameter_count() for model in models]
    assert counts == [804_096, 804_096 - 64 * 128]
    flat = FlatParameters(models[1].named_parameters())
    muon = transformer_optimizer("muon", betas=(0.9, 0.99), weight_decay=0.1)(flat)
    assert isinstance(muon, Muon)
    others = [slot.name for slot in flat.slots if slot.name not in muon.matrix_names]
    assert others[0] == "words.weight"
    assert all("norm" in name for name in others[1:])
    assert len(muon.matrix_names) == 4 * best.layers


def test_the_generator_makes_the_shipped_sample() -> None:
    sample = (SAMPLES / "lm.txt.gz").read_bytes()
    assert gzip.decompress(sample).decode() == load_generator("make_lm_sample").make_text()
