"""Loading the weights of BERT-family encoders in the format of Hugging Face."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_core import ArchiveError, PmtError, RandomStream
from pmt_nn.models.bert import Bert
from pmt_nn.models.bert_config import BertConfig
from pmt_nn.models.bert_layout import Arrays, BertArray, bert_arrays, current_name, our_state
from pmt_nn.models.weight_files import listed, load_weights, weights_file
from pmt_nn.module.initializers import skip_init

# What programs put before the names of an encoder, in any order and number.
_PREFIX = re.compile(
    r"^(?:(?:_orig_mod|module|model|base_model|0\.auto_model|auto_model"
    r"|bert|roberta|distilbert|electra|camembert|xlm_roberta"
    r"|encoder(?=\.(?:embeddings|encoder|transformer|pooler|module|model|\w*bert\w*)\.)"
    r")\.)+"
)
# All other arrays belong to heads: they are not used here.
_OF_ENCODER = ("embeddings.", "embeddings_project.", "encoder.", "pooler.")
_BUFFERS = ("position_ids", "token_type_ids")


def load_bert(
    path: str | os.PathLike[str], config: BertConfig | None = None, *, dtype: DTypeLike = np.float32
) -> Bert:
    """Return an encoder with the weights of a file, in evaluation mode.

    Reads BERT, RoBERTa, XLM-R, MiniLM, DistilBERT, ELECTRA and models of the same structure. The
    prefixes of wrapping models (`bert.`, `model.`, `module.`, ...) come off; heads that are stored
    beside the encoder are left out. Names and shapes are compared with the config before the model
    is built.

    path: a folder with `config.json` and `model.safetensors`, or its shards with
    `model.safetensors.index.json`, or `model.npz`; or a file of weights. config: by default the
    `config.json` beside the weights. Raises FileProblem, ArchiveError if weights and config do not
    fit, SettingsError for settings that this encoder does not have.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Bert, BertConfig, load_bert, save_bert
        >>> config = BertConfig(vocabulary=100, width=16, heads=2, hidden=32, layers=1)
        >>> model = Bert(config, np.random.default_rng(0)).eval()
        >>> save_bert("encoder", model)
        >>> loaded = load_bert("encoder")
        >>> ids = np.array([[2, 7, 8, 3]])
        >>> np.array_equal(loaded(ids).data, model(ids).data)
        True
    """
    file = weights_file(Path(path))
    if config is None:
        config = BertConfig.read(file.parent / "config.json")
    arrays = load_weights(file)
    named = _encoder_arrays(arrays, file)
    if "pooler.dense.weight" not in named:
        config = dataclasses.replace(config, pooled=False)
    rows = bert_arrays(config)
    _check(named, rows, file)
    with skip_init():
        model = Bert(config, RandomStream(0).generator(), dtype=dtype)
    try:
        state = our_state(named, rows, config.shift)
        model.check_state_dict(state)
    except PmtError as error:
        raise ArchiveError(f"{file}: {error}") from error
    for name, parameter in model.named_parameters():
        parameter.data = np.ascontiguousarray(state.pop(name), parameter.dtype)
    return model.eval()


def _encoder_arrays(arrays: Arrays, file: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of the encoder by BERT's current names, without prefixes.

    Raises ArchiveError if two arrays have the same name then.
    """
    named: dict[str, NDArray[Any]] = {}
    originals: dict[str, str] = {}
    for name, array in arrays.items():
        plain = current_name(_PREFIX.sub("", name))
        if not plain.startswith(_OF_ENCODER) or plain.endswith(_BUFFERS):
            continue
        if plain in named:
            raise ArchiveError(
                f"{file} holds {plain} twice, as {originals[plain]} and {name}: two encoders? "
                "save the one to load by itself"
            )
        named[plain], originals[plain] = array, name
    return named


def _check(named: Arrays, rows: Sequence[BertArray], file: Path) -> None:
    """Raise ArchiveError unless the file has these arrays, of floats, and no others."""
    if problems := _differences(named, rows):
        raise ArchiveError(
            f"{file} does not hold this encoder: {'; '.join(problems)}; does the config fit it?"
        )
    quantized = [row.theirs for row in rows if named[row.theirs].dtype.kind != "f"]
    if quantized:
        raise ArchiveError(
            f"{file}: {listed(quantized)} are of {named[quantized[0]].dtype}, expected floats; "
            "quantized weights are not read: save the model in float32 or bfloat16"
        )


def _differences(named: Arrays, rows: Sequence[BertArray]) -> list[str]:
    expected = {row.theirs for row in rows}
    missing = [row.theirs for row in rows if row.theirs not in named]
    unknown = [n for n in named if n not in expected and not n.startswith("pooler.")]
    misshaped = [
        f"{row.theirs}, our {row.ours}: expected shape {row.shape}, got {array.shape}"
        for row in rows
        if (array := named.get(row.theirs)) is not None and array.shape != row.shape
    ]
    problems = [("missing ", missing, ", "), ("unknown ", unknown, ", "), ("", misshaped, "; ")]
    return [f"{what}{listed(names, joint)}" for what, names, joint in problems if names]
