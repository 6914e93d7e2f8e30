"""The MNIST app: results of a run, sources of data, predictions, downloads, errors."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from file_server import served
from programs import Program, load_generator

from pmt_apps.mnist.load_mnist import MNIST_SHA256, load_mnist
from pmt_core import load_archive

FILES = dict(zip(("x_train", "y_train", "x_test", "y_test"), MNIST_SHA256, strict=True))
SMALL = ("--model", "mlp", "--hidden", 16, "--epochs", 2, "--workers", 1)


def column_digits(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Images whose bright column is their label, which is learned in a few steps."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, n).astype(np.uint8)
    images = rng.integers(0, 60, (n, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[:, 2 * label + 4] = 255
    return images, labels


def arrays(n: int = 240) -> dict[str, np.ndarray]:
    x_train, y_train = column_digits(n, 1)
    x_test, y_test = column_digits(50, 2)
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_npz(path: Path, **changed: Any) -> Path:
    content = {key: value for key, value in {**arrays(), **changed}.items() if value is not None}
    np.savez_compressed(path, **content)
    return path


def write_folder(folder: Path, *, zipped: bool = True, **changed: bytes) -> Path:
    folder.mkdir()
    for key, array in arrays().items():
        if zipped:
            content = changed[key] if key in changed else gzip.compress(idx(array))
            (folder / FILES[key]).write_bytes(content)
        else:
            (folder / FILES[key].removesuffix(".gz")).write_bytes(idx(array))
    return folder


@pytest.fixture
def mnist(tmp_path: Path) -> Program:
    return Program("mnist", tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The runner in a folder whose "run" was trained on gzipped idx files."""
    folder = tmp_path_factory.mktemp("mnist")
    runner = Program("mnist", folder)
    data = write_folder(folder / "data")
    settings = (*SMALL, "--epochs", 12, "--lr", 0.01, "--shift", 0)
    runner.run("--data", data, *settings, "--out", "run")
    return runner


# --- runs -----------------------------------------------------------------------------------------


def test_scores_and_figures_of_a_run(trained: Program) -> None:
    out = trained.folder / "run"
    metrics = json.loads((out / "metrics.json").read_text())
    assert set(metrics["pictures"]) == {"learning.png", "filters.png"} | {
        f"{kind}_{split}.png" for kind in ("confusion", "mistakes") for split in ("dev", "test")
    }
    assert metrics["parameters"] == 784 * 16 + 16 + 16 * 16 + 16 + 16 * 10 + 10
    assert metrics["data"]["train images"]["rows"] == 240
    assert metrics["data"]["test labels"]["rows"] == 50
    for split in ("dev", "test"):
        assert set(metrics[split]) == {"accuracy", "f1", "loss"}
    assert metrics["test"]["accuracy"] > 0.9
    rows = list(csv.DictReader((out / "history.csv").read_text().splitlines()))
    assert metrics["dev"]["accuracy"] == pytest.approx(max(float(r["dev_accuracy"]) for r in rows))


def test_predictions_of_pixels_and_files(trained: Program) -> None:
    images, labels = column_digits(3, 3)
    np.save(trained.folder / "two.npy", images[2])
    pixels = [" ".join(map(str, images[0].ravel())), ",".join(map(str, images[1].ravel()))]
    answers = trained.run(
        "--predict", "--out", "run", stdin="\n".join([*pixels, "two.npy"])
    ).answers
    assert [answer["label"] for answer in answers] == labels.tolist()
    for answer in answers:
        assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-4)
        assert answer["probability"] == max(answer["probabilities"])


@pytest.mark.parametrize(
    ("line", "error"), [("1 2 3", "28 x 28"), ("no.png", "no.png"), ("a b", "784 numbers")]
)
def test_an_invalid_image_is_named_after_the_answers_before_it(
    trained: Program, line: str, error: str
) -> None:
    pixels = " ".join(["0"] * 784)
    result = trained.refuse(
        *("--predict", "--out", "run"),
        stdin=f"{pixels}\n{line}\n",
        error=["standard input, line 2: ", error],
    )
    assert len(result.answers) == 1


def test_npz_plain_and_gzip_files_hold_the_same_images(tmp_path: Path) -> None:
    sources = [
        write_npz(tmp_path / "mnist.npz"),
        write_folder(tmp_path / "gz"),
        write_folder(tmp_path / "plain", zipped=False),
    ]
    expected = arrays()
    for source in sources:
        mnist = load_mnist(source)
        for part, images in (("train", mnist.train), ("test", mnist.test)):
            np.testing.assert_array_equal(images.images, expected[f"x_{part}"])
            np.testing.assert_array_equal(images.labels, expected[f"y_{part}"])


def test_a_convolutional_network_on_part_of_the_shipped_sample(mnist: Program) -> None:
    result = mnist.run("--channels", 4, "--epochs", 1, "--limit", 300, "--out", "run")
    assert "train: 300 images" in result.stdout
    assert "test: 800 images" in result.stdout
    shapes = [array.shape for array in load_archive(mnist.folder / "run" / "model.npz")[0].values()]
    assert (4, 1, 5, 5) in shapes


# --- errors ---------------------------------------------------------------------------------------


def test_invalid_data_is_named(mnist: Program) -> None:
    folder, good = mnist.folder, arrays()
    labels = good["y_train"].copy()
    labels[7] = 11
    truncated = gzip.compress(idx(good["x_train"]))[:-100]
    (folder / "empty").mkdir()
    (folder / "text").write_text("no digits")
    cases = [
        (folder / "missing", ["missing", "four MNIST files"]),
        (folder / "empty", ["empty", "train-images-idx3-ubyte", "--download"]),
        (folder / "text", ["text", ".npz"]),
        (write_folder(folder / "a", x_train=b"\0\0\7\3"), ["train-images", "no idx file"]),
        (write_folder(folder / "b", x_train=truncated), ["train-images", "truncated"]),
        (write_folder(folder / "c", y_test=idx(good["y_train"])), ["50 images", "240 labels"]),
        (write_npz(folder / "d.npz", y_test=None), ["d.npz", "y_test"]),
        (write_npz(folder / "e.npz", y_train=labels), ["y_train", "got 11 of image 7"]),
        (write_npz(folder / "f.npz", x_test=good["x_test"][:, :20]), ["x_test", "28"]),
    ]
    for data, words in cases:
        mnist.refuse("--data", data, "--model", "mlp", "--out", "never", error=words)
    assert not (folder / "never").exists()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


def test_a_download_with_a_wrong_checksum_is_refused(mnist: Program) -> None:
    with served(write_folder(mnist.folder / "served")) as url:
        download = ("--download", "target", "--base-url", url)
        mnist.refuse(*download, error=["expected 9,912,422", "train-images-idx3-ubyte.gz"])
    assert not list((mnist.folder / "target").iterdir())
    mnist.refuse("--download", "--base-url", "http://127.0.0.1:1", error=["network"])
    assert not (mnist.folder / "runs").exists()


@pytest.mark.data
def test_download_of_the_real_files(mnist: Program, data_dir: Path) -> None:
    with served(data_dir / "mnist") as url:
        first = mnist.run("--download", "target", "--base-url", "http://127.0.0.1:1", url)
        second = mnist.run("--download", "target", "--base-url", "http://127.0.0.1:1")
    assert "trying the next address" in first.stderr
    assert first.stdout.count("fetched") == 4
    assert "fetched" not in second.stdout
    for path in (mnist.folder / "target").iterdir():
        real = (data_dir / "mnist" / path.name).read_bytes()
        assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(real).digest()


# --- the sample -----------------------------------------------------------------------------------


def test_the_generator_makes_the_shipped_sample(root: Path) -> None:
    """Every image has a random stream of its own, so some can be made without the others."""
    sample, _ = load_archive(root / "apps" / "pmt_apps" / "samples" / "mnist.npz")
    generator = load_generator("make_mnist_sample")
    assert {key: array.dtype for key, array in sample.items()} == dict.fromkeys(FILES, np.uint8)
    assert sample["x_train"].shape == (generator.TRAIN, 28, 28)
    assert sample["x_test"].shape == (generator.TEST, 28, 28)
    for part in ("train", "test"):
        images, labels = generator.make(200, generator.RandomStream(generator.SEED, part))
        np.testing.assert_array_equal(sample[f"x_{part}"][:200], images)
        np.testing.assert_array_equal(sample[f"y_{part}"][:200], labels)
    assert np.bincount(sample["y_train"], minlength=10).min() > 300
    assert (root / "apps" / "pmt_apps" / "samples" / "mnist.npz").stat().st_size < 1_000_000


@pytest.mark.slow
def test_the_generator_makes_the_whole_sample(root: Path) -> None:
    sample, _ = load_archive(root / "apps" / "pmt_apps" / "samples" / "mnist.npz")
    for key, array in load_generator("make_mnist_sample").make_sample().items():
        np.testing.assert_array_equal(sample[key], array, err_msg=key)


@pytest.mark.slow
def test_the_shipped_sample_is_learned(mnist: Program) -> None:
    mnist.run("--out", "run")
    metrics = json.loads((mnist.folder / "run" / "metrics.json").read_text())
    assert metrics["test"]["accuracy"] > 0.95
    assert set(metrics["data"]) == {"data"}
