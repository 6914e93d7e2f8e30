"""`Prediction`: the examples of a request, all checked, that a model has to answer."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pmt_apps.server.batching.batcher import Batcher
from pmt_apps.server.batching.jobs import Job, late
from pmt_apps.server.network.http import HttpError
from pmt_apps.server.network.response import Response
from pmt_apps.server.runs import ServedRun
from pmt_core import DataError, PmtError


@dataclass(frozen=True, slots=True)
class Prediction:
    """What is left of a request when all is checked: it is computed, and answered.

    Attributes:
        run: that answers.
        examples: all valid, at least one; see `ServedRun.checked`.
        single: whether the request had an example of its own, and no list.
        size: bytes of the body of the request.
    """

    run: ServedRun
    examples: Sequence[Any]
    single: bool
    size: int

    def wait(self, seconds: float) -> Response:
        """Let the thread of the model compute it, and return the answer."""
        try:
            return response_of(self.run.predict(self.examples, seconds), single=self.single)
        except Exception as error:
            return failure(error)

    def enqueue(self, done: Callable[[Response], None]) -> tuple[Batcher, Callable[[], None]]:
        """Put it into the next batch, see `network.direct.Task`."""
        job = _DirectJob(self, done)
        try:
            self.run.predict.add(job)
        except HttpError as error:
            done(failure(error))
        return self.run.predict, job.give_up

    def late(self, seconds: float) -> Response:
        """Return the error of an answer that is not there in time."""
        return failure(late(seconds))


class _DirectJob(Job):
    """A prediction for which no thread waits."""

    __slots__ = ("_done", "_prediction")

    def __init__(self, prediction: Prediction, done: Callable[[Response], None]) -> None:
        super().__init__(prediction.examples, size=prediction.size)
        self._prediction = prediction
        self._done = done

    def end(self, answers: list[Any], error: BaseException | None = None) -> None:
        """Send the answer."""
        if error is not None:
            self._done(failure(error))
            return
        self._done(response_of(answers, single=self._prediction.single))


def response_of(answers: Sequence[bytes], *, single: bool) -> Response:
    """Return an answer. answers: JSON of each example; single: of an example without a list."""
    if single:
        return Response.of_bytes(answers[0] + b"\n", "application/json")
    return Response.of_bytes(b'{"answers": [%s]}\n' % b", ".join(answers), "application/json")


def failure(error: BaseException) -> Response:
    """Return the answer to a request whose examples have none, or that is in error itself."""
    if isinstance(error, DataError):
        error = HttpError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
    elif isinstance(error, PmtError):
        error = HttpError(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
    elif not isinstance(error, HttpError):
        traceback.print_exception(error, file=sys.stderr)
        error = HttpError(HTTPStatus.INTERNAL_SERVER_ERROR, "an error of the server; see its log")
    return Response.of_error(error)
