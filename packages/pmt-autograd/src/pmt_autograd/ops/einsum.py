"""Einstein summation: sums of products, with axes named by letters."""

from __future__ import annotations

import math
from collections.abc import Iterator
from string import ascii_letters

import numpy as np

from pmt_autograd.primitive import primitive
from pmt_autograd.registry import Sample, counts_flops, samples
from pmt_autograd.types import Array, Gradients, NeedsGrad, Result
from pmt_core import ShapeError, unbroadcast


@primitive
def einsum(*operands: Array, subscripts: str, needs_grad: NeedsGrad | None = None) -> Result:
    """Return a sum of products, as `np.einsum`: einsum(a, b, subscripts="bij,bjk->bik").

    Accepts ellipses, repeated letters (diagonals), letters of only one operand (sums), and
    subscripts without an output. The gradient of an operand is again an einsum: of the gradient of
    the output and the other operands, with the letters of this operand as output. A letter that no
    other term has was summed over, so the gradient is constant along it. For a letter that repeats
    in the operand, the gradient is on the diagonal.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor, einsum
        >>> queries = Tensor(np.ones((8, 2, 5, 16)), requires_grad=True)  # (b, h, t, k)
        >>> keys = Tensor(np.ones((8, 2, 7, 16)))  # (b, h, s, k)
        >>> scores = einsum(queries, keys, subscripts="bhtk,bhsk->bhts")
        >>> scores.shape
        (8, 2, 5, 7)
        >>> scores.sum().backward()
        >>> queries.grad.shape, float(queries.grad[0, 0, 0, 0])  # the sum of 7 keys
        ((8, 2, 5, 16), 7.0)
    """
    terms, output = _explicit(subscripts, operands)
    needed = needs_grad if needs_grad is not None else [True] * len(operands)
    sizes = dict.fromkeys("".join(terms), 1)
    for term, operand in zip(terms, operands, strict=True):  # an axis of length 1 broadcasts
        sizes.update({c: size for c, size in zip(term, operand.shape, strict=True) if size != 1})

    def backward(grad: Array) -> Gradients:
        return tuple(
            _by_operand(i, grad, operands, terms, output, sizes) if needed[i] else None
            for i in range(len(operands))
        )

    value = np.einsum(f"{','.join(terms)}->{output}", *operands, optimize=True)
    return np.asarray(value), backward


def _by_operand(
    i: int,
    grad: Array,
    operands: tuple[Array, ...],
    terms: list[str],
    output: str,
    sizes: dict[str, int],
) -> Array:
    """Return the gradient of operand i, of its shape."""
    others = [n for n in range(len(operands)) if n != i]
    letters = "".join(dict.fromkeys(terms[i]))  # each once
    known = set(output).union(*(terms[n] for n in others))
    shared = "".join(letter for letter in letters if letter in known)
    equation = ",".join([output, *(terms[n] for n in others)]) + "->" + shared
    part = np.einsum(equation, grad, *(operands[n] for n in others), optimize=True)
    shape = [part.shape[shared.index(c)] if c in shared else 1 for c in letters]
    full = np.broadcast_to(np.asarray(part).reshape(shape), [sizes[c] for c in letters])
    if len(letters) < len(terms[i]):
        diagonal = np.zeros([sizes[c] for c in terms[i]], grad.dtype)
        np.einsum(f"{terms[i]}->{letters}", diagonal)[...] = full  # a view
        full = diagonal
    return unbroadcast(full, operands[i].shape)


def _explicit(subscripts: str, operands: tuple[Array, ...]) -> tuple[list[str], str]:
    """Return the letters of each operand and of the output, without ellipses."""
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(operands):
        raise ShapeError(
            f"einsum {subscripts!r} names {len(terms)} operands, but there are {len(operands)}"
        )
    unused = [letter for letter in ascii_letters if letter not in subscripts]
    counts = []
    for n, (term, operand) in enumerate(zip(terms, operands, strict=True)):
        named = len(term.replace("...", ""))
        if named > operand.ndim or ("..." not in term and named != operand.ndim):
            raise ShapeError(
                f"einsum {subscripts!r}: {term!r} names {named} axes, operand {n} has shape "
                f"{operand.shape}"
            )
        counts.append(operand.ndim - named if "..." in term else 0)
    rank = max(counts, default=0)
    ellipsis = "".join(unused[:rank])
    terms = [t.replace("...", ellipsis[rank - k :]) for t, k in zip(terms, counts, strict=True)]
    if arrow:
        output = output.replace("...", ellipsis)
    else:  # NumPy's rule: the ellipsis, then the letters that occur once, in alphabetical order
        together = "".join(inputs.replace(",", "").replace("...", ""))
        output = ellipsis + "".join(sorted(c for c in set(together) if together.count(c) == 1))
    return terms, output


_EXAMPLES: list[tuple[str, list[tuple[int, ...]]]] = [
    ("ij,jk->ik", [(2, 3), (3, 4)]),
    ("bij,bjk->bik", [(2, 3, 4), (2, 4, 2)]),
    ("bhtk,bhsk->bhts", [(2, 2, 3, 2), (2, 2, 4, 2)]),
    ("ij,jk", [(2, 3), (3, 4)]),
    ("ba", [(2, 3)]),
    ("ij->", [(2, 3)]),
    ("ij->j", [(2, 3)]),
    ("ii->i", [(3, 3)]),
    ("ii", [(3, 3)]),
    ("iij,j->i", [(2, 2, 3), (3,)]),
    ("i,j->ij", [(3,), (2,)]),
    ("ij,ij->", [(2, 3), (2, 3)]),
    ("i,ik,k->", [(3,), (3, 2), (2,)]),
    ("ij,k->i", [(2, 3), (4,)]),
    ("...i,...i->...", [(2, 3, 4), (3, 4)]),
    ("...ij,jk", [(2, 1, 3), (3, 2)]),
    ("...,...->...", [(2, 3), (2, 1)]),
    ("ij,ij->ij", [(1, 3), (2, 3)]),
    (",i->i", [(), (3,)]),
    ("ij,jk->ik", [(0, 3), (3, 2)]),
    ("ij,jk->ik", [(2, 0), (0, 2)]),
]


@samples(einsum, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    for subscripts, shapes in _EXAMPLES:
        inputs = tuple(rng.normal(size=shape) for shape in shapes)
        yield Sample(inputs, {"subscripts": subscripts}, note=f"{subscripts} {shapes}")


@counts_flops(einsum)
def _(value: Array, *operands: Array, subscripts: str, **settings: object) -> int:
    terms, _output = _explicit(subscripts, operands)
    sizes: dict[str, int] = {}
    for term, operand in zip(terms, operands, strict=True):
        for letter, size in zip(term, operand.shape, strict=True):
            sizes[letter] = max(size, sizes.get(letter, 1))
    return 2 * math.prod(sizes.values())
