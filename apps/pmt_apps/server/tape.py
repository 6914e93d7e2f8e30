"""`/tape`: small computations, forward and backward, with the inputs of a request."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from pmt_apps.server.network.http import HttpError
from pmt_apps.tape.computations import COMPUTATIONS
from pmt_apps.tape.trace import described, traced
from pmt_core import DataError, field


def computations() -> list[dict[str, Any]]:
    """Return what there is, with the inputs to begin with."""
    return [described(computation) for computation in COMPUTATIONS.values()]


def answer(name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tape of a computation, see `traced`.

    Raises:
        HttpError: 404 for an unknown computation, 422 for inputs that do not fit.
    """
    if name not in COMPUTATIONS:
        known = ", ".join(COMPUTATIONS)
        raise HttpError(
            HTTPStatus.NOT_FOUND, f"there is no computation {name[:100]!r}; there are: {known}"
        )
    try:
        return traced(COMPUTATIONS[name], field(body, "inputs", dict, {}))
    except DataError as error:
        raise HttpError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error
