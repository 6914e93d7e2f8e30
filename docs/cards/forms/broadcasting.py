"""Gradient of a product with a column and a sum with a row, both repeated by broadcasting."""

from docs.cards.form import Form


def broadcasting(x, column, row):
    return x * column + row  # (n, m) * (n, 1) + (m,)


def broadcasting_gradients(grad, x, column, row):
    by_column = (grad * x).sum(axis=1, keepdims=True)  # over the axis that was stretched
    by_row = grad.sum(axis=0)  # over the axis that was added
    return grad * column, by_column, by_row


def sample(rng):
    shapes = {"x": (4, 3), "column": (4, 1), "row": (3,)}
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def by_pmt(x, column, row):
    return x * column + row


FORMS = [
    Form(
        "broadcasting",
        broadcasting,
        broadcasting_gradients,
        sample=sample,
        differentiable=("x", "column", "row"),
        pmt=by_pmt,
        primitives=("multiply", "add"),
    )
]
