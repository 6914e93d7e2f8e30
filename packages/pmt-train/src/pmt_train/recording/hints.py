"""`training_hints`: what a recording says about a training, in plain language."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pmt_train.recording.line_checker import RecordedLine
from pmt_train.recording.recording import TrainingRecording
from pmt_train.trainer.history import Row

_FEW = 20  # lines of steps: before, nothing is said about the loss
_FEW_LAYERS = 5  # lines with layers
_RISE = 1.5  # the loss, as a multiple of its lowest
_HIGH_RATIO = 0.05  # of an update to the weights
_LOW_RATIO = 1e-6
_VANISHING = 1e-4  # gradient of a layer per element, as a fraction of the largest
_SPIKE = 30.0  # norm of the gradient, as a multiple of its median
_MANY = 0.5  # dead units, saturated values
_WORSE = 0.1  # relative increase of the loss of dev above its lowest
_EPOCHS_WORSE = 2
_FLAT = 0.01  # relative decrease of the loss


@dataclass(frozen=True, slots=True)
class TrainingHint:
    """Something that a training suffers from, and what helps.

    Attributes:
        rule: name of the rule: "rate_too_high", "rate_too_low", "vanishing_gradients",
            "exploding_gradients", "dead_units", "saturated", "overfitting" or "not_learning".
        message: what was seen, and the cure.

    Examples:
        >>> from pmt_train import TrainingHint
        >>> TrainingHint("overfitting", "The model learns the training data by heart.").rule
        'overfitting'
    """

    rule: str
    message: str


def training_hints(recording: TrainingRecording) -> list[TrainingHint]:
    """Return the hints on a training; none if nothing is wrong. Each rule gives one at most.

    "The last steps" are the last fifth of the recorded steps; a median over them decides.

        rule                 condition
        rate_too_high        the loss is not finite, or in the last steps 1.5 times its lowest (of a
                             tenth of the steps) and above 1.02 times that of the first tenth; or
                             the update is 5 % of the weights in most layers with matrices
        rate_too_low         over all steps, the update is below 1e-6 of the weights in all layers
                             with matrices
        vanishing_gradients  the gradient of a layer with matrices is, per element, 1e-4 of the
                             largest of them
        exploding_gradients  the norm of the gradient is 30 times its median in 1 % of the steps
        dead_units           half of the units of an activation are 0 for all inputs
        saturated            half of the values of an activation are at a bound
        overfitting          the loss of dev has been 10 % above its lowest for two epochs, and that
                             of training has fallen
        not_learning         the loss of the last steps is not 1 % below that of the first tenth

    Nothing is said about the loss before 20 recorded steps, nor about layers before 5 looks.

    Examples:
        >>> from pmt_train import TrainingRecording, training_hints
        >>> lines = [
        ...     {"kind": "step", "loss": 0.7 + step / 100, "grad_norm": None, "lr": 1.0}
        ...     for step in range(100)
        ... ]
        >>> [hint.rule for hint in training_hints(TrainingRecording(lines))]
        ['rate_too_high']
    """
    steps = recording.steps
    looks = [line for line in steps if "weight" in line]
    if len(looks) < _FEW_LAYERS:
        looks = []
    hints = _low_ratio(recording, looks)
    looks = looks[-max(len(looks) // 5, _FEW_LAYERS) :]
    hints += _loss_hints(steps, _ratios(recording, looks))
    for rule in (_vanishing, _activations):
        hints += rule(recording, looks)
    hints += _spikes(steps)
    hints += _overfitting(recording.rows)
    return hints


def _loss_hints(steps: Sequence[RecordedLine], ratios: Sequence[float]) -> list[TrainingHint]:
    """Return what the loss says, and large updates, which have the same cure."""
    losses = [line["loss"] for line in steps]
    finite = [loss for loss in losses if loss is not None]
    if len(losses) < _FEW or not finite:
        return []
    if losses[-1] is None:
        return [_too_high("The loss is not a finite number any more.")]
    n = max(len(losses) // 10, 1)
    means = [sum(finite[i : i + n]) / n for i in range(0, max(len(finite) - n, 0) + 1, n)]
    first, lowest = means[0], min(means)
    last = statistics.median(finite[-max(len(finite) // 5, 1) :])
    if lowest > 0 and last > max(_RISE * lowest, 1.02 * first):
        return [_too_high(f"The loss rises: {last:.3g} now, {lowest:.3g} at its lowest.")]
    if ratios and (usual := statistics.median_low(ratios)) > _HIGH_RATIO:
        return [_too_high(
            f"A step changes the weights by {100 * usual:.0f} % in most layers; a tenth of a "
            "percent is usual."
        )]  # fmt: skip
    if first > 0 and last > (1 - _FLAT) * first:
        return [TrainingHint(
            "not_learning",
            f"The loss does not fall: {first:.3g} at the beginning, {last:.3g} now. Try a rate "
            "ten times higher and ten times lower, and check that inputs and labels belong "
            "together.",
        )]  # fmt: skip
    return []


def _too_high(seen: str) -> TrainingHint:
    return TrainingHint(
        "rate_too_high",
        f"{seen} The learning rate is probably too high: try a third of it, or a longer warm-up.",
    )


def _ratios(recording: TrainingRecording, looks: Sequence[RecordedLine]) -> list[float]:
    """Return the median ratio of update to weights, of each layer with matrices."""
    return [
        statistics.median(ratios)
        for i, layer in enumerate(recording.layers)
        if layer.kind == "matrix"
        and (ratios := [
            line["update"][i] / line["weight"][i]
            for line in looks if line["weight"][i] and line["update"][i] is not None
        ])
    ]  # fmt: skip


def _low_ratio(recording: TrainingRecording, looks: Sequence[RecordedLine]) -> list[TrainingHint]:
    ratios = _ratios(recording, looks)
    if not ratios or max(ratios) >= _LOW_RATIO or not any(line["lr"] for line in looks):
        return []
    return [TrainingHint(
        "rate_too_low",
        f"A step changes no layer by more than {max(ratios):.1g} of its weights. The learning rate "
        "is probably too low: try ten times as much.",
    )]  # fmt: skip


def _vanishing(recording: TrainingRecording, looks: Sequence[RecordedLine]) -> list[TrainingHint]:
    sizes: dict[str, float] = {}
    for i, layer in enumerate(recording.layers):
        norms = [line["gradient"][i] for line in looks if line["gradient"][i] is not None]
        if layer.kind == "matrix" and norms:
            sizes[layer.name] = statistics.median(norms) / math.sqrt(layer.size)
    if not sizes:
        return []
    smallest = min(sizes, key=sizes.__getitem__)
    largest = max(sizes, key=sizes.__getitem__)
    if not sizes[largest] or sizes[smallest] > _VANISHING * sizes[largest]:
        return []
    return [TrainingHint(
        "vanishing_gradients",
        f"Hardly any gradient reaches {smallest}: {sizes[smallest]:.1g} for an element, and "
        f"{sizes[largest]:.1g} in {largest}. Residual connections, normalization, another "
        "activation or initialization keep it from vanishing.",
    )]  # fmt: skip


def _spikes(steps: Sequence[RecordedLine]) -> list[TrainingHint]:
    norms = [line["grad_norm"] for line in steps if line["grad_norm"] is not None]
    if len(norms) < _FEW:
        return []
    usual = statistics.median(norms)
    spikes = [norm for norm in norms if norm > _SPIKE * usual]
    if not usual or len(spikes) < max(0.01 * len(norms), 1):
        return []
    return [TrainingHint(
        "exploding_gradients",
        f"The gradient explodes at times: its norm is {usual:.2g} usually and {max(spikes):.2g} at "
        "its largest. Clip it (clip=1.0), or lower the rate.",
    )]  # fmt: skip


def _activations(recording: TrainingRecording, looks: Sequence[RecordedLine]) -> list[TrainingHint]:
    hints = []
    kinds: tuple[tuple[str, Callable[[str, str], str]], ...] = (
        ("dead_units", lambda name, part: (
            f"{part} of the units of {name} are 0 for all inputs, so they learn nothing. A lower "
            "rate, or an activation such as GELU, keeps them alive.")),
        ("saturated", lambda name, part: (
            f"{part} of the values of {name} are at a bound, where the gradient is 0. Smaller "
            "initial weights, a normalization before it, or a lower rate help.")),
    )  # fmt: skip
    for number, (rule, message) in enumerate(kinds):
        worst: dict[str, float] = {}
        for name in {name for line in looks for name in line["activations"]}:
            values = [
                line["activations"][name][number] for line in looks if name in line["activations"]
            ]
            worst[name] = statistics.median(values)
        if worst:
            name = max(sorted(worst), key=worst.__getitem__)
            if worst[name] >= _MANY:
                hints.append(TrainingHint(rule, message(name, f"{100 * worst[name]:.0f} %")))
    return hints


def _overfitting(rows: Sequence[Row]) -> list[TrainingHint]:
    """Return a hint if the loss of dev rises while that of training falls."""
    rows = [row for row in rows if "dev_loss" in row and "train_loss" in row]
    losses = [row["dev_loss"] for row in rows]
    if len(losses) <= _EPOCHS_WORSE or not all(map(math.isfinite, losses)):
        return []
    best = min(range(len(losses)), key=losses.__getitem__)
    recent = losses[-_EPOCHS_WORSE:]
    falls = rows[-1]["train_loss"] < rows[best]["train_loss"]
    if best >= len(losses) - _EPOCHS_WORSE or not falls:
        return []
    if losses[best] <= 0 or min(recent) <= (1 + _WORSE) * losses[best]:
        return []
    return [TrainingHint(
        "overfitting",
        f"The model learns the training data by heart: the loss of dev was {losses[best]:.3g} "
        f"after epoch {rows[best].get('epoch', best + 1):.0f} and is {losses[-1]:.3g} now, while "
        "that of training falls. More data, dropout or weight decay help; the best weights so far "
        "are kept.",
    )]  # fmt: skip
