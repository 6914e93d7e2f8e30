"""`Job`: the examples of a request that wait for a model, and the errors of waiting."""

from __future__ import annotations

import math
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from typing import Any

from pmt_apps.server.network.http import HttpError

Predict = Callable[[Sequence[Any]], Iterable[Any]]
"""A function from examples to an answer for each, in order; raises PmtError if one has none."""


class Job(ABC):
    """The examples of a request that wait for a model.

    Args:
        examples: of one request.
        function: from examples to answers; None: that of the batcher.
        size: bytes of the request, to which the time of its batch is about proportional.

    Attributes:
        examples, function, size: as given.
        is_given_up: whether nobody waits for the answers any more.
    """

    __slots__ = ("examples", "function", "is_given_up", "size")

    def __init__(
        self, examples: Sequence[Any], function: Predict | None = None, size: float = math.inf
    ) -> None:
        self.examples = examples
        self.function = function
        self.size = size
        self.is_given_up = False

    def give_up(self) -> None:
        """Say that nobody waits any more: what is not begun is not computed."""
        self.is_given_up = True

    @abstractmethod
    def end(self, answers: list[Any], error: BaseException | None = None) -> None:
        """Take the answers, or an error. The thread that computes calls this; it raises nothing."""


class BlockingJob(Job):
    """A job whose thread waits. A lock that is released at the end is a tenth of a `Future`."""

    __slots__ = ("answers", "error", "running")

    def __init__(self, examples: Sequence[Any], function: Predict | None) -> None:
        super().__init__(examples, function)
        self.answers: list[Any] = []
        self.error: BaseException | None = None
        self.running = threading.Lock()
        self.running.acquire()

    def end(self, answers: list[Any], error: BaseException | None = None) -> None:
        """Let the thread of the request go on."""
        self.answers, self.error = answers, error
        self.running.release()


def late(seconds: float) -> HttpError:
    """Return the error of a request whose time is over."""
    return HttpError(
        HTTPStatus.REQUEST_TIMEOUT,
        f"there was no answer within {seconds:g} s; send fewer or shorter examples",
    )


def ended() -> HttpError:
    """Return the error of a request that a server which ends does not compute."""
    return HttpError(HTTPStatus.SERVICE_UNAVAILABLE, "the server ends")
