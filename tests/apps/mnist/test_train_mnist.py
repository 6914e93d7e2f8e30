"""apps/train_mnist.py as a user meets it: what it leaves, what it answers, what it refuses."""

from __future__ import annotations

import csv
import functools
import gzip
import hashlib
import http.server
import importlib.util
import json
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pmt_core import load_archive

Completed = subprocess.CompletedProcess[str]
Run = Callable[..., Completed]

NAMES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
SMALL = ("--model", "mlp", "--hidden", 16, "--epochs", 2, "--workers", 1)


@pytest.fixture
def command(root: Path) -> Callable[..., list[str]]:
    def build(*arguments: object) -> list[str]:
        return [sys.executable, str(root / "apps" / "train_mnist.py"), *map(str, arguments)]

    return build


@pytest.fixture
def mnist(command: Callable[..., list[str]], tmp_path: Path) -> Run:
    def run(*arguments: object, stdin: str = "") -> Completed:
        return subprocess.run(
            command(*arguments),
            input=stdin,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=180,
            env={**os.environ, "PYTHONUTF8": "1", "no_proxy": "*"},
        )

    return run


def bars(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Images in which a bright column says the label: learned in a few steps."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, n).astype(np.uint8)
    images = rng.integers(0, 60, (n, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[:, 2 * label + 4] = 255
    return images, labels


def arrays(n: int = 240) -> dict[str, np.ndarray]:
    x_train, y_train = bars(n, 1)
    x_test, y_test = bars(50, 2)
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_npz(path: Path, **changed: Any) -> Path:
    kept = {key: value for key, value in {**arrays(), **changed}.items() if value is not None}
    np.savez_compressed(path, **kept)
    return path


def write_folder(folder: Path, *, zipped: bool = True, **changed: bytes) -> Path:
    folder.mkdir()
    for key, array in arrays().items():
        content = changed.get(key, idx(array))
        if zipped:
            content = content if key in changed else gzip.compress(content)
            (folder / f"{NAMES[key]}.gz").write_bytes(content)
        else:
            (folder / NAMES[key]).write_bytes(content)
    return folder


def trained(mnist: Run, data: Path, out: Path, *more: object) -> Completed:
    done = mnist("--data", data, *SMALL, "--out", out, *more)
    assert done.returncode == 0, done.stderr
    return done


def refused(done: Completed, *words: str) -> None:
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: ")
    for word in words:
        assert word in done.stderr


# --- runs -----------------------------------------------------------------------------------------


def test_a_run_leaves_what_the_contract_says_and_answers(mnist: Run, tmp_path: Path) -> None:
    out = tmp_path / "run"
    data = write_folder(tmp_path / "data")
    trained(mnist, data, out, "--epochs", 12, "--lr", 0.01, "--shift", 0)
    pictures = {"learning.png", "filters.png"}
    pictures |= {
        f"{kind}_{split}.png" for kind in ("confusion", "mistakes") for split in ("dev", "test")
    }
    assert pictures <= {path.name for path in out.iterdir()}
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["parameters"] == 784 * 16 + 16 + 16 * 16 + 16 + 16 * 10 + 10
    assert metrics["data"]["train images"]["rows"] == 240
    assert metrics["data"]["test labels"]["rows"] == 50
    for split in ("dev", "test"):
        assert set(metrics[split]) == {"accuracy", "f1", "loss"}
    assert metrics["test"]["accuracy"] > 0.9
    rows = list(csv.DictReader((out / "history.csv").read_text().splitlines()))
    assert metrics["dev"]["accuracy"] == pytest.approx(max(float(r["dev_accuracy"]) for r in rows))
    assert set(metrics["pictures"]) == pictures

    images, labels = bars(3, 3)
    np.save(tmp_path / "two.npy", images[2])
    numbers = [" ".join(map(str, images[0].ravel())), ",".join(map(str, images[1].ravel()))]
    done = mnist("--predict", "--out", out, stdin="\n".join([*numbers, "two.npy"]) + "\n")
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["label"] for answer in answers] == labels.tolist()
    for answer in answers:
        assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-4)
        assert answer["probability"] == max(answer["probabilities"])
    for wrong, word in [("1 2 3", "28 x 28"), ("no.png", "no.png"), ("a b", "784 numbers")]:
        done = mnist("--predict", "--out", out, stdin=f"two.npy\n{wrong}\n")
        refused(done, word, "standard input, line 2: ")
        assert len(done.stdout.splitlines()) == 1


def test_npz_plain_files_and_gzip_are_one(mnist: Run, tmp_path: Path) -> None:
    sources = {
        "npz": write_npz(tmp_path / "mnist.npz"),
        "gz": write_folder(tmp_path / "gz"),
        "plain": write_folder(tmp_path / "plain", zipped=False),
    }
    for name, data in sources.items():
        trained(mnist, data, tmp_path / name / "run")
    expected = load_archive(tmp_path / "npz" / "run" / "model.npz")[0]
    for name in ("gz", "plain"):
        found = load_archive(tmp_path / name / "run" / "model.npz")[0]
        for key, array in expected.items():
            np.testing.assert_array_equal(found[key], array, err_msg=key)


def test_a_convolutional_network_on_part_of_the_shipped_sample(mnist: Run, tmp_path: Path) -> None:
    done = mnist("--channels", 4, "--epochs", 1, "--limit", 300, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert "train: 300 images" in done.stdout
    assert "test: 800 images" in done.stdout
    model = load_archive(tmp_path / "run" / "model.npz")[0]
    assert model["parts.0.weight"].shape == (4, 1, 5, 5)


# --- what is refused ------------------------------------------------------------------------------


def test_bad_data_ends_with_code_2_and_a_cure(mnist: Run, tmp_path: Path) -> None:
    out = ("--out", tmp_path / "none", "--model", "mlp")
    good = arrays()
    labels = good["y_train"].copy()
    labels[7] = 11
    cut = gzip.compress(idx(good["x_train"]))[:-100]
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").write_text("no digits")
    cases = [
        (tmp_path / "missing", ["missing", "four MNIST files"]),
        (tmp_path / "empty", ["empty", "train-images-idx3-ubyte", "--download"]),
        (tmp_path / "text", ["text", ".npz"]),
        (write_folder(tmp_path / "a", x_train=b"\0\0\7\3"), ["train-images", "no idx file"]),
        (write_folder(tmp_path / "b", x_train=cut), ["train-images", "truncated"]),
        (write_folder(tmp_path / "c", y_test=idx(good["y_train"])), ["50 images", "240 labels"]),
        (write_npz(tmp_path / "d.npz", y_test=None), ["d.npz", "y_test"]),
        (write_npz(tmp_path / "e.npz", y_train=labels), ["y_train", "label 11 of image 7"]),
        (write_npz(tmp_path / "f.npz", x_test=good["x_test"][:, :20]), ["x_test", "28"]),
    ]
    for data, words in cases:
        refused(mnist("--data", data, *out), *words)
    refused(mnist("--model", "rnn", *out[:2]), "--model", "mlp")
    assert not (tmp_path / "none").exists()


def test_download_fetches_all_or_says_why_not(mnist: Run, tmp_path: Path, root: Path) -> None:
    """Against a server on this machine: the checksums are those of the public files."""
    served = write_folder(tmp_path / "served")
    handler = functools.partial(QuietHandler, directory=str(served))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        done = mnist("--download", "there", "--base-url", url)
        refused(done, "SHA-256", "train-images-idx3-ubyte.gz")
        assert not list((tmp_path / "there").iterdir())
        server.shutdown()
        thread.join()
    refused(mnist("--download", "--base-url", "http://127.0.0.1:1"), "network")
    assert not (tmp_path / "runs").exists()


@pytest.mark.data
def test_download_of_the_real_files(mnist: Run, tmp_path: Path, data_dir: Path) -> None:
    handler = functools.partial(QuietHandler, directory=str(data_dir / "mnist"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        done = mnist("--download", "there", "--base-url", "http://127.0.0.1:1", url)
        again = mnist("--download", "there", "--base-url", "http://127.0.0.1:1")
        server.shutdown()
        thread.join()
    assert done.returncode == 0, done.stderr
    assert "trying the next address" in done.stderr
    assert done.stdout.count("fetched") == 4
    assert again.returncode == 0, again.stderr
    for path in (tmp_path / "there").iterdir():
        real = (data_dir / "mnist" / path.name).read_bytes()
        assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(real).digest()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


# --- the sample -----------------------------------------------------------------------------------


def maker(root: Path) -> Any:
    path = root / "apps" / "samples" / "generators" / "make_mnist_sample.py"
    spec = importlib.util.spec_from_file_location("make_mnist_sample", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_sample_is_what_its_maker_makes(root: Path) -> None:
    """Every image has a random stream of its own, so some can be made without the others."""
    found, _ = load_archive(root / "apps" / "samples" / "mnist.npz")
    make = maker(root)
    assert {key: array.dtype for key, array in found.items()} == dict.fromkeys(NAMES, np.uint8)
    assert found["x_train"].shape == (make.TRAIN, 28, 28)
    assert found["x_test"].shape == (make.TEST, 28, 28)
    for part in ("train", "test"):
        images, labels = make.make(200, make.RandomStream(make.SEED, part))
        np.testing.assert_array_equal(found[f"x_{part}"][:200], images)
        np.testing.assert_array_equal(found[f"y_{part}"][:200], labels)
    assert np.bincount(found["y_train"], minlength=10).min() > 300
    assert (root / "apps" / "samples" / "mnist.npz").stat().st_size < 1_000_000


@pytest.mark.slow
def test_the_whole_sample_is_what_its_maker_makes(root: Path) -> None:
    found, _ = load_archive(root / "apps" / "samples" / "mnist.npz")
    for key, array in maker(root).make_sample().items():
        np.testing.assert_array_equal(found[key], array, err_msg=key)


@pytest.mark.slow
def test_the_shipped_sample_is_learned(mnist: Run, tmp_path: Path) -> None:
    done = mnist("--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["test"]["accuracy"] > 0.95
    assert set(metrics["data"]) == {"data"}
