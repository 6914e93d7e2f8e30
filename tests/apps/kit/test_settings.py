from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, dataclass
from pathlib import Path
from typing import Literal

import pytest

from pmt_apps.classification.settings import Settings as Classifier
from pmt_apps.kit.command_line import default_texts, parse_settings
from pmt_apps.kit.files import write_json
from pmt_apps.kit.options import option, options_of
from pmt_apps.kit.settings import AppSettings, load_settings, save_settings
from pmt_apps.mnist.settings import Settings as Mnist
from pmt_core import DataError, PmtError, SettingsError
from pmt_train import core_count


@dataclass(frozen=True)
class Settings(AppSettings):
    out: Path = Path("runs/x")  # another default: help and bounds stay those of AppSettings
    width: int = option(8, "model width, 100% yours", group="model", at_least=1)
    rate: float = option(0.5, "share", group="model", at_least=0, below=1)
    kind: Literal["mlp", "cnn"] = option("mlp", "which model", group="model")
    train: Path | None = option(None, "file", group="data")
    sizes: tuple[int, ...] = option((3, 4), "kernel sizes", group="model", at_least=1)
    words: tuple[str, ...] | None = option(None, "words", group="data")
    lower: bool = option(True, "lower case", group="data")
    fast: bool = option(False, "fast", group="data")

    @classmethod
    def defaults(cls, given):
        return {"width": 64} if "train" in given else {}


def parse(*args):
    return parse_settings(Settings, args, task="x")


def test_defaults():
    settings = parse()
    assert settings == Settings()
    assert (settings.out, settings.width, settings.workers) == (Path("runs/x"), 8, core_count())
    with pytest.raises(FrozenInstanceError):
        settings.width = 3


def test_every_type_is_read():
    settings = parse(
        *("--width", "3", "--rate", "0.25", "--kind", "cnn", "--train", "a b.tsv", "--sizes", "5"),
        *("6", "7", "--words", "x", "y", "--no-lower", "--fast", "--out", "o", "--limit", "9"),
    )
    assert settings.width == 3
    assert settings.rate == 0.25
    assert settings.kind == "cnn"
    assert settings.train == Path("a b.tsv")
    assert settings.sizes == (5, 6, 7)
    assert settings.words == ("x", "y")
    assert (settings.lower, settings.fast) == (False, True)
    assert (settings.out, settings.limit) == (Path("o"), 9)


def test_saved_settings_are_read_by_their_earlier_names(tmp_path):
    class Renamed(Settings):
        renamed = {"size": "width"}

    write_json(tmp_path / "config.json", {"task": "x", "size": 5, "rate": 0.25})
    settings = load_settings(tmp_path / "config.json", "x", Renamed)
    assert settings == {"width": 5, "rate": 0.25}
    with pytest.raises(SettingsError, match="no option --size; did you mean --width?"):
        parse_settings(Renamed, ["--size", "5"], task="x")


def test_defaults_may_depend_on_what_is_given():
    assert parse("--train", "f").width == 64
    assert parse("--train", "f", "--width", "5").width == 5


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--width", "0"], "--width: expected a whole number at least 1, got 0"),
        (["--width", "1.5"], "expected a whole number at least 1, got '1.5'"),
        (["--rate", "1"], "expected a number at least 0 and below 1, got 1.0"),
        (["--rate", "inf"], "got inf"),
        (["--kind", "rnn"], "expected one of mlp, cnn, got 'rnn'"),
        (["--sizes", "3", "0"], "got 0"),
        (["--sizes"], "--sizes"),
        (["--wdith", "3"], "no option --wdith; did you mean --width?"),
        (["--epochs"], "expected one argument"),
        (["--train", ""], "expected a path, got ''"),
    ],
)
def test_wrong_options(args, message):
    with pytest.raises(SettingsError) as caught:
        parse(*args)
    assert message in str(caught.value)
    assert "--help" in str(caught.value)


def test_settings_are_checked_wherever_they_are_made():
    with pytest.raises(SettingsError, match="option --batch-size: expected a whole number"):
        Settings(batch_size=0)
    with pytest.raises(SettingsError, match="--width"):
        Settings(width=True)
    with pytest.raises(SettingsError, match="--kind"):
        Settings(kind="x")
    assert isinstance(Settings(lr=1).lr, float)


def test_a_type_that_options_cannot_have():
    @dataclass(frozen=True)
    class Wrong(AppSettings):
        table: dict = option(None, "no")

    with pytest.raises(SettingsError, match="cannot have the type"):
        parse_settings(Wrong, [], task="x")


def test_help_tells_everything(capsys):
    with pytest.raises(SystemExit) as caught:
        parse("--help")
    assert caught.value.code == 0
    text = capsys.readouterr().out
    for part in (
        "model:",
        "100% yours",
        "{mlp,cnn}",
        "(default: 0.5)",
        "(default: 3 4)",
        "--no-lower",
    ):
        assert part in text


def test_saved_and_loaded(tmp_path):
    settings = parse("--sizes", "5", "6", "--train", "f.tsv", "--rate", "0.1", "--fast")
    save_settings(tmp_path / "config.json", "x", settings)
    content = json.loads((tmp_path / "config.json").read_text())
    assert content["task"] == "x"
    assert content["sizes"] == [5, 6]
    assert not {"resume", "overwrite", "predict"} & content.keys()
    assert Settings(**load_settings(tmp_path / "config.json", "x", Settings)) == settings


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": "y"}, "run of 'y', not of 'x'"),
        ({"strange": 1}, "unknown settings strange"),
        ({"width": "8"}, "width: expected a whole number"),
        ({"sizes": 3}, "sizes: expected a list"),
        ({"rate": 2}, "rate: expected a number"),
    ],
)
def test_a_config_that_makes_no_sense(tmp_path, change, message):
    path = tmp_path / "config.json"
    save_settings(path, "x", Settings())
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DataError, match=message):
        load_settings(path, "x", Settings)
    for text in ("{", "[]", "\xff"):
        path.write_text(text, encoding="latin-1")
        with pytest.raises(DataError):
            load_settings(path, "x", Settings)


def test_a_run_is_gone_on_with_in_its_own_settings(tmp_path):
    out = tmp_path / "run"
    out.mkdir()
    save_settings(out / "config.json", "x", parse("--width", "3", "--train", str(out / "f")))
    again = parse("--out", str(out), "--resume")
    assert (again.width, again.out, again.resume) == (3, out, True)
    assert parse("--out", str(out), "--predict", "--workers", "7").workers == 7
    parse("--out", str(out), "--resume", "--width", "3", "--train", str(out / "../run/f"))
    with pytest.raises(SettingsError, match=r"--width 4 contradicts .* started with 3"):
        parse("--out", str(out), "--resume", "--width", "4")


@dataclass(frozen=True)
class Writing(Settings):
    write: str | None = option(None, "write", transient=True, loads_run=True)
    tokens: int = option(9, "how many", transient=True)


def test_an_action_may_use_the_settings_of_a_run(tmp_path):
    out = tmp_path / "run"
    out.mkdir()
    save_settings(out / "config.json", "x", Writing(width=3))
    settings = parse_settings(
        Writing, ["--out", str(out), "--write", "", "--tokens", "5"], task="x"
    )
    assert (settings.width, settings.write, settings.tokens) == (3, "", 5)
    with pytest.raises(SettingsError, match="--width 4 contradicts"):
        parse_settings(Writing, ["--out", str(out), "--write", "a", "--width", "4"], task="x")
    with pytest.raises(PmtError, match="nothing"):
        parse_settings(Writing, ["--out", str(tmp_path / "nothing"), "--write", "a"], task="x")
    assert parse_settings(Writing, ["--tokens", "5"], task="x").width == 8


def test_an_option_newer_than_the_run_has_its_default(tmp_path):
    out = tmp_path / "run"
    out.mkdir()
    content = {"task": "x", **Settings(width=3).to_json()}
    del content["rate"]
    (out / "config.json").write_text(json.dumps(content))
    again = parse("--out", str(out), "--resume")
    assert (again.width, again.rate) == (3, 0.5)


def test_the_table(capsys):
    lines = parse("--train", "f").table().splitlines()
    assert "  batch-size  64" in lines
    assert "  sizes       3 4" in lines
    assert "  limit       -" in lines


@pytest.mark.parametrize("kind", [Classifier, Mnist])
def test_help_shows_the_default_of_every_kind_of_model(kind):
    """What the help of an option says of a variant is what a run with that variant has."""
    texts = default_texts(kind)
    usual = parsed(kind, kind.variants.get("", {}))
    shown_variants = 0
    for name, given in kind.variants.items():
        settings = parsed(kind, given)
        for item, info in options_of(kind):
            value, default = (getattr(s, item.name) for s in (settings, usual))
            is_choice = item.name in {*given, *kind.variants.get("", {})}
            if info.default_text or isinstance(value, bool) or is_choice:
                continue
            words = value if isinstance(value, tuple) else (value,)
            expected = " ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in words)
            parts = texts[item.name].split("; ")
            if name and value != default:
                assert f"{name}: {expected}" in parts
                shown_variants += 1
            elif value not in (None, "", ()):
                assert parts[0] == expected
    assert shown_variants >= 4


def parsed(kind, given):
    options = [part for name, value in given.items() for part in (f"--{name}", str(value))]
    return parse_settings(kind, options, task="x")
