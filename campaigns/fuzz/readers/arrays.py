"""Files of arrays: archives, `.npy`, weights, checkpoints."""

from __future__ import annotations

import functools
import io
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaigns.fuzz.mutations.files import Files
from campaigns.fuzz.readers.reader import Reader
from pmt_core import RandomStream, load_archive, load_npy, save_archive
from pmt_nn import Linear, Sequential, Tanh
from pmt_train import (
    EarlyStopping,
    FitOptions,
    ReduceOnPlateau,
    Trainer,
    TrainingLoop,
    WeightAverage,
    batches_of,
    load_checkpoint,
)

_META = {"step": 3, "rate": 0.1, "names": ["a", "größe"], "nested": {"on": True, "off": None}}


def archive_bytes(
    suffix: str, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any] | None = None
) -> bytes:
    """Return the content of an archive."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        save_archive(path, arrays, meta)
        return path.read_bytes()


def npy_bytes(array: NDArray[Any]) -> bytes:
    """Return the content of an `.npy` file."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _arrays() -> dict[str, NDArray[Any]]:
    rng = np.random.default_rng(1)
    return {
        "layer.0.weight": rng.normal(size=(3, 4)).astype(np.float32),
        "bias": rng.normal(size=5),
        "ids": np.arange(6).reshape(2, 3),
        "mask": np.array([True, False]),
        "half": np.ones((2, 0, 3), np.float16),
    }


def _npz_samples() -> Iterator[Files]:
    for arrays, meta in ((_arrays(), _META), ({}, {}), ({"a": np.arange(1000.0)}, {})):
        yield {"a.npz": archive_bytes(".npz", arrays, meta)}
    for save in (np.savez, np.savez_compressed):
        buffer = io.BytesIO()
        save(buffer, words=np.array(["a", "bc"]), times=np.array(["2020-01-01"], "M8[D]"))
        yield {"a.npz": buffer.getvalue()}


def _npz_bombs() -> Iterator[Files]:
    zeros = io.BytesIO()
    np.savez_compressed(zeros, a=np.zeros(40 << 20, np.uint8), b=np.zeros(40 << 20, np.uint8))
    yield {"a.npz": zeros.getvalue()}
    for value in ("[],", "{},", "0,"):
        meta = '{"a": [' + value * (20 << 20) + "0]}"
        yield {"a.npz": zipped_meta(meta.encode())}


def zipped_meta(meta: bytes) -> bytes:
    """Return an `.npz` that has nothing but compressed metadata."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("__meta__.json"), meta, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _safetensors_samples() -> Iterator[Files]:
    for meta in (_META, {"format": "pt"}, {}):
        yield {"a.safetensors": archive_bytes(".safetensors", _arrays(), meta)}


def _npy_samples() -> Iterator[Files]:
    for array in (*_arrays().values(), np.array("text"), np.asfortranarray(np.ones((2, 3), ">f8"))):
        yield {"a.npy": npy_bytes(np.asarray(array))}


# --- weights and checkpoints ---------------------------------------------------------------------


def _network() -> Sequential:
    rng = RandomStream(1).generator()
    return Sequential(Linear(2, 3, rng), Tanh(), Linear(3, 1, rng))


def _trainer() -> Trainer[Any, Any]:
    return Trainer(_network(), _loss, average=0.9, workers=1)


def _loss(model: Any, batch: Any, rng: np.random.Generator) -> Any:
    inputs, targets = batch
    return ((model(inputs) - targets) ** 2).sum(), len(inputs)


def _loop(folder: Path, *, resume: bool) -> None:
    inputs = np.ones((4, 2), np.float32)
    options = FitOptions(
        2,
        evaluate=lambda: {"accuracy": 0.5},
        early_stopping=EarlyStopping(patience=3),
        plateau=ReduceOnPlateau(),
        checkpoint_path=folder / "a.npz",
        best_model_path=folder / "best.npz",
        resume=resume,
        quiet=True,
        fingerprint={"train": "0123"},
    )
    TrainingLoop(_trainer(), batches_of(inputs, inputs[:, :1], batch_size=2), options).run()


@functools.cache
def _checkpoint() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        _loop(Path(folder), resume=False)
        return (Path(folder) / "a.npz").read_bytes()


def _checkpoint_samples() -> Iterator[Files]:
    yield {"a.npz": _checkpoint()}


def _resume(folder: Path) -> None:
    load_checkpoint(folder / "a.npz")
    _loop(folder, resume=True)


def _weights_samples() -> Iterator[Files]:
    model = _network()
    average = WeightAverage(_trainer().flat, 0.9).state_dict()
    yield {
        "model.npz": archive_bytes(".npz", model.state_dict()),
        "optimizer.npz": archive_bytes(".npz", _trainer().optimizer.state_dict()),
        "average.npz": archive_bytes(".npz", average),
    }


def _load_weights(folder: Path) -> None:
    trainer = _trainer()
    parts = {name: load_archive(folder / f"{name}.npz")[0] for name in ("model", "optimizer")}
    average = load_archive(folder / "average.npz")[0]
    _network().load_state_dict(parts["model"])
    trainer.load_state({**parts, "average": average}, 2)
    trainer.load_weights(parts["model"])


ARRAY_READERS: Sequence[Reader] = (
    Reader(
        "npz",
        lambda folder: load_archive(folder / "a.npz"),
        _npz_samples,
        ["pmt_core.load_archive"],
        _npz_bombs,
    ),
    Reader(
        "safetensors",
        lambda folder: load_archive(folder / "a.safetensors"),
        _safetensors_samples,
        ["pmt_core.load_archive"],
    ),
    Reader(
        "npy",
        lambda folder: load_npy(folder / "a.npy"),
        _npy_samples,
        ["pmt_core.load_npy"],
    ),
    Reader(
        "checkpoint",
        _resume,
        _checkpoint_samples,
        [
            "pmt_train.load_checkpoint",
            "pmt_train.TrainingState.from_json",
            "pmt_train.EarlyStopping.from_dict",
            "pmt_train.ReduceOnPlateau.from_dict",
        ],
    ),
    Reader(
        "weights",
        _load_weights,
        _weights_samples,
        [
            "pmt_nn.Module.load_state_dict",
            "pmt_train.Optimizer.load_state_dict",
            "pmt_train.WeightAverage.load_state_dict",
            "pmt_train.Trainer.load_state",
            "pmt_train.Trainer.load_weights",
        ],
    ),
)
