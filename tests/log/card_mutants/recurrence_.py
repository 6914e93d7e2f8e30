"""Wrong gradients of a recurrent network: what is wrong, the text, and what replaces it."""

MUTANTS = {
    "recurrence_step_gradients": [
        ("slope of tanh not squared", "bias) ** 2", "bias)"),
        (
            "without the slope of tanh",
            "grad * (1 - recurrence_step(x, state, weight_x, weight_h, bias) ** 2)",
            "grad",
        ),
        ("the weights are swapped", "x.T @ by_z, state.T @ by_z", "state.T @ by_z, x.T @ by_z"),
        ("transposed", "by_z @ weight_h.T", "by_z @ weight_h"),
        ("the wrong weight for x", "by_z @ weight_x.T", "by_z @ weight_x.T[::-1]"),
        ("mean for the bias", "by_z.sum(axis=0)", "by_z.mean(axis=0)"),
        ("flipped sign", "(1 - recurrence_step", "-(1 - recurrence_step"),
    ],
    "recurrence_gradients": [
        ("nothing is carried back", "grad[t] + carried", "grad[t]"),
        ("only the last step's loss", "grad[t] + carried", "carried"),
        ("forward in time", "reversed(range(len(x)))", "range(len(x))"),
        ("the state after the step", "x[t], states[t]", "x[t], states[t + 1]"),
        ("weights of the last visited step only", "total + part for", "part for"),
        ("inputs in the wrong order", "by_x[t], carried", "by_x[-1 - t], carried"),
        ("always the first state", "states[t],", "states[0],"),
    ],
}
