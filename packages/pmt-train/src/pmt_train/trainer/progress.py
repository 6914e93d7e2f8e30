"""Progress on the terminal: progress bars, and a line per epoch."""

from __future__ import annotations

import math
import os
import sys
import time
from typing import Any

from tqdm import tqdm

from pmt_train.trainer.history import Row

_OPTIONS: dict[str, Any] = {"leave": False}  # of tqdm: remove the bar at the end
_DELAY = 1.0  # seconds; shorter work shows no bar


def progress_bar(
    total: int | None,
    description: str,
    unit: str = "batch",
    *,
    quiet: bool = False,
    delay: float = _DELAY,
) -> tqdm[Any]:
    """Return a progress bar on standard error, a context manager with a method `update(n)`.

    The bar appears after `delay` seconds and is removed at the end. It shows the time left if
    `total` is known (not None), and nothing if `quiet` or standard error is not a terminal.

    Examples:
        >>> from pmt_train import progress_bar
        >>> with progress_bar(3, "reading", quiet=True) as bar:
        ...     for _ in range(3):
        ...         bar.update(1)
        >>> bar.disable  # also if standard error is no terminal
        True
    """
    hidden = quiet or not sys.stderr.isatty()
    sized = not hidden and _terminal_has_width()
    return tqdm(
        total=total,
        desc=description,
        unit=unit,
        delay=delay,
        file=sys.stderr,
        disable=hidden,
        dynamic_ncols=sized,
        ncols=None if sized else 100,
        nrows=None if sized else 24,
        **_OPTIONS,
    )


def _terminal_has_width() -> bool:
    """Return False for terminals (expect, containers) that report width 0, which tqdm hides."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns > 0
    except (OSError, ValueError, AttributeError):
        return False


def say(text: str) -> None:
    """Print a line to standard output, above the progress bars.

    Examples:
        >>> from pmt_train import say
        >>> say("epoch 1/5  loss 0.52")
        epoch 1/5  loss 0.52
    """
    with tqdm.external_write_mode(file=sys.stdout):
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def warn(text: str) -> None:
    """Print a line to standard error, above the progress bars.

    Examples:
        >>> import sys
        >>> from contextlib import redirect_stderr
        >>> from pmt_train import warn
        >>> with redirect_stderr(sys.stdout):
        ...     warn("note: one thread is used")
        note: one thread is used
    """
    with tqdm.external_write_mode(file=sys.stderr):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


class EpochProgress:
    """The progress bar of one epoch: loss, learning rate, examples/s, time left of the run.

    Args:
        title: text before the bar, e.g. "epoch 1/5".
        batches: number of batches of this epoch, exact or expected; None if unknown.
        done: number of batches that an earlier part of the run did.
        after: number of batches of all later epochs.
        quiet: show nothing.
    """

    def __init__(
        self, title: str, batches: int | None, done: int, after: int, quiet: bool = False
    ) -> None:
        self._bar = progress_bar(batches, title, quiet=quiet)
        if batches is not None:  # `update` adds its own numbers
            self._bar.bar_format = "{desc} |{bar}| {n_fmt}/{total_fmt}{postfix}"
        self._bar.update(done)
        self._left = None if batches is None else batches - done + after
        self._updated = 0
        self._start = time.monotonic()

    def update(self, loss: float, lr: float, examples_per_second: float, batches: int = 1) -> None:
        """Advance the bar. loss: mean of the epoch so far; nan if nothing was predicted."""
        self._updated += batches
        if self._bar.disable:
            return
        numbers = f"{_loss_text(loss)}, lr {lr:.1e}, {examples_per_second:,.0f} ex/s"
        if self._left is not None:
            pace = (time.monotonic() - self._start) / self._updated
            seconds = round(pace * max(self._left - self._updated, 0))
            numbers += f", left {tqdm.format_interval(seconds)}"
        self._bar.set_postfix_str(numbers, refresh=False)
        self._bar.update(batches)

    def close(self) -> None:
        """Remove the bar."""
        self._bar.close()


def epoch_line(row: Row, epochs: int, improved: bool) -> str:
    """Return the row of an epoch as one line of text."""
    dev = [f"{name[4:]} {value:.4f}" for name, value in row.items() if name.startswith("dev_")]
    parts = [
        f"epoch {row['epoch']}/{epochs}",
        _loss_text(row["train_loss"], "train loss"),
        *(["dev " + ", ".join(dev) + (" *" if improved else "")] if dev else []),
        f"lr {row['lr']:.2e}",
        f"{row['examples_per_second']:,.0f} ex/s",
        f"{tqdm.format_interval(round(row['seconds']))}",
    ]
    return "  ".join(parts)


def _loss_text(loss: float, name: str = "loss") -> str:
    """Return "loss 0.6931". Losses are finite, so nan is the mean of none."""
    return "no predictions" if math.isnan(loss) else f"{name} {loss:.4f}"
