"""Texts of a language model, one after the other or as they are generated."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from pmt_apps.language_model.generate import prompt_ids
from pmt_apps.language_model.predictor import PromptPredictor
from pmt_apps.server.network.http import HttpError
from pmt_apps.server.network.limits import ServeLimits
from pmt_apps.server.network.response import json_line
from pmt_core import DataError, PmtError, RandomStream
from pmt_train import Workers

OPTIONS = ("tokens", "temperature", "top_k", "top_p", "seed")
"""What a request may choose, see `hatch run lm --help`."""


def of_request(
    predictor: PromptPredictor, options: Mapping[str, Any], limits: ServeLimits
) -> PromptPredictor:
    """Return the language model with the settings of a request.

    Args:
        predictor: the language model.
        options: of the request, some of OPTIONS.
        limits: number of tokens.

    Raises:
        HttpError: 422 for an unknown option or a value that is not allowed.
    """
    unknown = sorted(set(options) - set(OPTIONS))
    if unknown:
        raise HttpError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f'"options": expected some of {", ".join(OPTIONS)}; got {", ".join(unknown)[:100]}',
        )
    try:
        settings = replace(predictor.settings, **options)
    except (PmtError, TypeError) as error:
        raise HttpError(HTTPStatus.UNPROCESSABLE_ENTITY, f'"options": {error}') from error
    if settings.tokens > limits.tokens:
        raise HttpError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f'"options": tokens: at most {limits.tokens:,} are generated, got {settings.tokens:,}',
        )
    return PromptPredictor(settings, predictor.model, predictor.tokenizer)


def check_prompt(predictor: PromptPredictor, prompt: Any) -> str:
    """Return a prompt that the model can read. Raises HttpError (422)."""
    try:
        text = predictor.checked(prompt)
        prompt_ids(predictor.tokenizer, text)
    except DataError as error:
        raise HttpError(HTTPStatus.UNPROCESSABLE_ENTITY, f"input: {error}") from error
    return text


def stream(predictor: PromptPredictor, prompt: str, seconds: float) -> Iterator[bytes]:
    """Yield a JSON object per line: {"text": ...} for each piece, and a last one.

    The last has "done": true, the whole continuation, and "reason": "length" (all tokens were
    generated), "time" (the time was over) or "error" with a message.

    Args:
        predictor: with the settings of the request.
        prompt: checked.
        seconds: until the text is cut off.
    """
    end = time.monotonic() + seconds
    rng = RandomStream(predictor.settings.seed, "predict", 1).generator()
    pieces: list[str] = []
    last: dict[str, Any] = {"reason": "length"}
    try:
        with Workers(1):
            for piece in predictor.stream(prompt, rng):
                pieces.append(piece)
                yield json_line({"text": piece})
                if time.monotonic() >= end:
                    last["reason"] = "time"
                    break
    except PmtError as error:
        last = {"reason": "error", "message": str(error)}
    yield json_line({"done": True, "continuation": "".join(pieces), **last})
