"""Examples of each task as JSON: what a request may hold, and what the page shows first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pmt_apps.server.network.http import HttpError
from pmt_apps.server.network.limits import ServeLimits
from pmt_core import value_text

_PIXELS = 784
_FIVE = {  # a five in 28 x 28: row, first and last column
    6: (9, 19), 7: (9, 19), 8: (9, 11), 9: (9, 11), 10: (9, 11), 11: (9, 17), 12: (9, 18),
    13: (16, 19), 14: (17, 19), 15: (17, 19), 16: (17, 19), 17: (9, 10), 18: (9, 11), 19: (10, 18),
    20: (11, 17),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class InputFormat:
    """What an example of a task is.

    Attributes:
        description: for people.
        examples: of which the page and the documentation show the first.
    """

    description: str
    examples: Sequence[Any]


def _digit() -> list[int]:
    pixels = [0] * _PIXELS
    for row, (first, last) in _FIVE.items():
        pixels[28 * row + first : 28 * row + last + 1] = [255] * (last + 1 - first)
    return pixels


INPUT_FORMATS: Mapping[str, InputFormat] = {
    "qqp": InputFormat(
        'a pair of questions: ["...", "..."] or {"question1": "...", "question2": "..."}',
        (
            ["How can I learn to swim?", "What is the best way to learn swimming?"],
            ["How do I cook rice?", "How long does rice keep?"],
        ),
    ),
    "ner": InputFormat(
        "a text, or a list of words",
        ("Boris Becker won in Kelmoor.", "The Bank of Norland opens an office in Paris."),
    ),
    "classify": InputFormat(
        "a text", ("The parcel never came.", "Thank you, the shoes fit perfectly.")
    ),
    "word2vec": InputFormat("a word", ("king", "water")),
    "translation": InputFormat("a sentence", ("a man is riding a red bicycle .",)),
    "lm": InputFormat("the beginning of a text, which may be empty", ("The ", "")),
    "pretrain": InputFormat(
        "a text with [MASK] where a word is missing", ("The king of the [MASK] was old.",)
    ),
    "mnist": InputFormat(
        "an image of 28 x 28 pixels as a list of 784 numbers from 0 to 255, white on black",
        (_digit(),),
    ),
}
"""By task."""


def inputs_of(task: str, body: Mapping[str, Any], limits: ServeLimits) -> tuple[list[Any], bool]:
    """Return the examples of a request as a predictor takes them, and whether it is a single one.

    Args:
        task: of the run.
        body: of the request: has "input" or "inputs".
        limits: numbers of examples and characters.

    Raises:
        HttpError: 400 if there are none, 413 for too many or too long ones, 422 for another type.
    """
    if ("input" in body) == ("inputs" in body):
        raise HttpError(
            HTTPStatus.BAD_REQUEST,
            'expected "input", one example, or "inputs", a list of examples; '
            f"got {', '.join(sorted(body))[:100] or 'neither'}",
        )
    single = "input" in body
    values = [body["input"]] if single else body["inputs"]
    if not isinstance(values, list):
        raise HttpError(
            HTTPStatus.UNPROCESSABLE_ENTITY, f'"inputs": expected a list, got {value_text(values)}'
        )
    if len(values) > limits.examples:
        raise HttpError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"{len(values):,} examples, at most {limits.examples:,} go into a request",
        )
    examples = []
    for i, value in enumerate(values):
        where = "input" if single else f"input {i}"
        example = _example(task, value, where)
        size = _characters(example)
        if size > limits.characters:
            raise HttpError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"{where} has {size:,} characters, at most {limits.characters:,} are read",
            )
        examples.append(example)
    return examples, single


def _example(task: str, value: Any, where: str) -> Any:
    """Return an example as the predictor takes it; the predictor checks the rest."""
    if task == "qqp" and isinstance(value, Mapping):
        if set(value) == {"question1", "question2"}:
            return [value["question1"], value["question2"]]
    elif task == "mnist":
        # A text would be the path of a file of this machine.
        if isinstance(value, list) and len(value) == _PIXELS:
            return value
    elif not isinstance(value, Mapping):
        return value
    raise HttpError(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        f"{where}: expected {INPUT_FORMATS[task].description}; got {value_text(value)}",
    )


def _characters(example: Any) -> int:
    if isinstance(example, str):
        return len(example)
    if isinstance(example, list):
        return sum(len(part) for part in example if isinstance(part, str))
    return 0
