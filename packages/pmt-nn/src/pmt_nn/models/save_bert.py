"""Saving a BERT-family encoder in the format of Hugging Face."""

from __future__ import annotations

import json
import os
from pathlib import Path

from pmt_core import FileProblem, atomic_file, save_archive
from pmt_nn.models.bert import Bert
from pmt_nn.models.bert_layout import their_state


def save_bert(folder: str | os.PathLike[str], model: Bert) -> None:
    """Write `config.json` and `model.safetensors` of an encoder, for transformers and `load_bert`.

    The names of the arrays are those of the model type of the config. The folder is made if it
    does not exist. Raises FileProblem.

    Examples:
        >>> import json
        >>> from pathlib import Path
        >>> import numpy as np
        >>> from pmt_nn import Bert, BertConfig, save_bert
        >>> config = BertConfig(vocabulary=100, width=16, heads=2, hidden=32, layers=1)
        >>> save_bert("encoder", Bert(config, np.random.default_rng(0)))
        >>> sorted(path.name for path in Path("encoder").iterdir())
        ['config.json', 'model.safetensors']
        >>> json.loads(Path("encoder/config.json").read_text())["hidden_size"]
        16
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileProblem.from_os_error("write", folder, error) from error
    arrays = their_state(model.state_dict(), model.config)
    save_archive(folder / "model.safetensors", arrays, {"format": "pt"})
    with atomic_file(folder / "config.json", "w") as file:
        file.write(json.dumps(model.config.to_hugging_face(), indent=2) + "\n")
