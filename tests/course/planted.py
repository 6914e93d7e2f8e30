"""Bugs that are planted into the assembled answers; none of them is a listed wrong answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bug:
    """A small change of the assembled answers.

    Attributes:
        number: of the task whose answer is changed, and whose check must notice.
        old: a text that the solution of the task contains once.
        new: its replacement.
    """

    number: str
    old: str
    new: str


BUGS = (
    # Adam corrects the mean of the squares for one step too many.
    Bug("3.2", "self.beta2**self.steps)", "self.beta2 ** (self.steps + 1))"),
    # The loss of one word that is not a neighbor is missing; the gradients are right.
    Bug("7.5", "scores[:, 1:]).sum()", "scores[:, 2:]).sum()"),
    # The gradient is summed over the first of the stretched axes only.
    Bug("9.4", "if size == 1)", "if size == 1 and axis == 0)"),
    # The masked score is negative, but not out of reach of large scores.
    Bug("12.1", "-1e30", "-1e2"),
    # The root is that of the width of the values, which need not be that of the keys.
    Bug("12.3", "np.sqrt(queries.value.shape[-1])", "np.sqrt(values.value.shape[-1])"),
    # The angles of rotary positions fall at another rate.
    Bug("12.5", "10000.0", "1000.0"),
    # The part of the gradient along the row lacks the gain.
    Bug("13.2", "(h * n).mean", "(grad * n).mean"),
    # The second half of the block reads what attention has read, not what it has added.
    Bug(
        "13.5",
        'y = layer_norm_op(x, *weights["norms"][1])',
        'y = layer_norm_op(y, *weights["norms"][1])',
    ),
    # The model that writes sees one letter less than it was trained on.
    Bug("14.6", "ids[-window:]", "ids[1 - window :]"),
    # The length penalty counts one word too many.
    Bug("15.4", "len(each[0]) ** alpha", "(len(each[0]) + 1) ** alpha"),
    # The best step into a tag is looked for along the wrong axis.
    Bug("16.7", "best = steps.max(axis=0) + scores", "best = steps.max(axis=1) + scores"),
    # The mean of a single word is half of it.
    Bug("17.4", "mask.sum(axis=1, keepdims=True), 1)", "mask.sum(axis=1, keepdims=True), 2)"),
)
