"""`ServeLimits`: what one request may ask of the server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServeLimits:
    """What is read from a client, and computed for it.

    Attributes:
        body: bytes of a request.
        elements: values of its JSON.
        examples: of a request.
        characters: of an example, all of its texts together.
        tokens: that a language model generates for a request.
        waiting: examples that wait for a model; more are refused (429).
        seconds: until the answer; then it is given up (408).
        arrival: seconds in which the head of a request has to arrive, and again its body.
        connections: that wait for a request, or parts of one; the one that has waited longest is
            closed.
        arriving: bytes of all requests that are not complete; the same.
        active: requests that are answered at once; more are refused (503).
        streams: of these, pages that follow a training; others ask every few seconds instead.
    """

    body: int = 1 << 20
    elements: int = 250_000
    examples: int = 256
    characters: int = 20_000
    tokens: int = 2_000
    waiting: int = 2_048
    seconds: float = 30.0
    arrival: float = 10.0
    connections: int = 4_096
    arriving: int = 1 << 26
    active: int = 128
    streams: int = 64
