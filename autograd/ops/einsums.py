"""Einstein summation.

`einsum` brings any subscripts to a plain form, with ops that exist: labels repeated in one operand
become its diagonal, labels found nowhere else are summed out, lengths 1 that broadcast are dropped.
What is left is a product in which every label of an operand occurs in another one or in the
output, and so does every label of its gradients, which are products of the same form.
"""

from __future__ import annotations

import math
import string
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from autograd.engine.late_bound import ops
from autograd.engine.op_definition import Array, op
from autograd.errors import ArgumentError, DTypeError, ShapeError
from autograd.kernels.sums import long_matmul
from autograd.ops.plain_functions import plain, require_arrays

__all__ = ["einsum", "einsum_arrays"]


def einsum(subscripts: str, *operands: Any, optimize: Any = True) -> Any:
    """Sum of products by labelled axes, as `numpy.einsum`: "ij,jk->ik" is the matrix product.

    Implicit outputs ("ij,jk"), ellipses ("...ij,...jk->...ik"), any number of operands and labels
    repeated in one operand ("ii->i") are understood. Products are always taken pair by pair as
    matrix products in a good order, so `optimize` changes nothing. Raises `ArgumentError` for
    subscripts that make no sense, `ShapeError` for operands that do not fit them.

    >>> import autograd as ag
    >>> ag.einsum("ij,j->i", ag.tensor([[1.0, 2.0], [3.0, 4.0]]), ag.tensor([1.0, 10.0]))
    tensor([21., 43.])
    """
    if not isinstance(subscripts, str):
        raise DTypeError(f"einsum: subscripts must be a string, got {type(subscripts).__name__}")
    require_arrays(operands, "einsum")
    shapes = tuple(plain(x).shape for x in operands)
    steps, terms, output = _plan(subscripts, shapes)
    arrays = list(operands)
    for i, name, arguments in steps:
        arrays[i] = getattr(ops, name)(arrays[i], *arguments)
    if len(arrays) == 1:
        return ops.transpose(arrays[0], tuple(terms[0].index(label) for label in output))
    return einsum_arrays(*arrays, subscripts=",".join(terms) + "->" + output)


@op
def einsum_arrays(*operands: Array, subscripts):
    """The op of `einsum`: no label repeats in an operand or occurs in it only."""
    terms, output = _split_terms(subscripts)
    out = _contracted([np.asarray(x) for x in operands], terms, output, subscripts)
    return out, tuple(
        lambda g, i=i, subscripts=gradient: einsum_arrays(
            g, *operands[:i], *operands[i + 1 :], subscripts=subscripts
        )
        for i, gradient in enumerate(gradient_subscripts(subscripts))
    )


def gradient_subscripts(subscripts: str) -> list[str]:
    """For each operand of a plain product the subscripts of its gradient, g coming first."""
    terms, output = _split_terms(subscripts)
    return [
        ",".join([output, *terms[:i], *terms[i + 1 :]]) + "->" + terms[i] for i in range(len(terms))
    ]


def _split_terms(subscripts):
    left, output = subscripts.split("->")
    return left.split(","), output


@lru_cache(maxsize=512)
def _plan(
    subscripts: str, shapes: tuple[tuple[int, ...], ...]
) -> tuple[list[tuple[int, str, tuple[Any, ...]]], list[str], str]:
    """What to do to which operand first, and the labels of all and of the output after that."""
    terms, output = _parse(subscripts, tuple(map(len, shapes)))
    lengths = _lengths(subscripts, terms, shapes)
    steps: list[tuple[int, str, tuple[Any, ...]]] = []
    for i, shape in enumerate(shapes):
        for first, second, term in _diagonals(terms[i], shape):
            steps.append((i, "diagonal", (0, first, second)))
            shape = (*(n for j, n in enumerate(shape) if j not in (first, second)), shape[first])
            terms[i] = term
        dropped = tuple(j for j, c in enumerate(terms[i]) if shape[j] != lengths[c])
        if dropped:
            steps.append((i, "squeeze", (dropped,)))
            terms[i] = _without(terms[i], dropped)
    for i, term in enumerate(list(terms)):
        elsewhere = set(output).union(*terms[:i], *terms[i + 1 :])
        alone = tuple(j for j, label in enumerate(term) if label not in elsewhere)
        if alone:
            steps.append((i, "sum", (alone,)))
            terms[i] = _without(term, alone)
    return steps, terms, output


def _without(term: str, axes: tuple[int, ...]) -> str:
    return "".join(label for i, label in enumerate(term) if i not in axes)


def _parse(subscripts: str, ndims: tuple[int, ...]) -> tuple[list[str], str]:
    """Labels of each operand and of the output, ellipses spelled out with unused letters."""
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    letters = text.replace("->", "").replace("...", "").replace(",", "")
    if (
        not all(letter in string.ascii_letters for letter in letters)
        or "," in right
        or any(term.count("...") > 1 for term in [*terms, right])
    ):
        raise ArgumentError(
            f"einsum: {subscripts!r} is not understood: letters, commas, '...' and one '->' make "
            "subscripts"
        )
    if len(terms) != len(ndims):
        raise ArgumentError(
            f"einsum: {subscripts!r} names {len(terms)} operands, but {len(ndims)} were given"
        )
    unused = [letter for letter in string.ascii_letters if letter not in letters]
    hidden = [ndim - len(term.replace("...", "")) for term, ndim in zip(terms, ndims, strict=True)]
    for i, (term, count) in enumerate(zip(terms, hidden, strict=True)):
        if count < 0 or (count and "..." not in term):
            raise ShapeError(
                f"einsum: {term!r} in {subscripts!r} does not fit operand {i}, which has "
                f"{ndims[i]} axes"
            )
    most = max(hidden)
    if most > len(unused):
        raise ArgumentError(f"einsum: {subscripts!r} needs more labels than there are letters")
    ellipsis = "".join(unused[:most])
    spelled = [
        term.replace("...", ellipsis[most - count :])
        for term, count in zip(terms, hidden, strict=True)
    ]
    if not arrow:
        once = sorted(set(letters))
        return spelled, ellipsis + "".join(c for c in once if letters.count(c) == 1)
    if most and "..." not in right:
        raise ArgumentError(f"einsum: the output of {subscripts!r} must contain '...' too")
    output = right.replace("...", ellipsis)
    for label in output:
        if output.count(label) > 1 or not any(label in term for term in spelled):
            raise ArgumentError(
                f"einsum: output label {label!r} of {subscripts!r} must occur once there, and in "
                "an operand"
            )
    return spelled, output


def _lengths(
    subscripts: str, terms: list[str], shapes: Sequence[tuple[int, ...]]
) -> dict[str, int]:
    """The length that each label stands for; 1 broadcasts against any other."""
    lengths: dict[str, int] = {}
    for i, (term, shape) in enumerate(zip(terms, shapes, strict=True)):
        for label, length in zip(term, shape, strict=True):
            known = lengths.get(label, 1)
            if length != known and 1 not in (length, known):
                raise ShapeError(
                    f"einsum: in {subscripts!r} an axis of operand {i} (shape {shape}) has length "
                    f"{length} where another operand has {known}"
                )
            lengths[label] = length if known == 1 else known
    return lengths


def _diagonals(term: str, shape: tuple[int, ...]) -> list[tuple[int, int, str]]:
    """Pairs of axes with one label, each to become the last axis, and the labels after it."""
    found = []
    for label in dict.fromkeys(term):
        while term.count(label) > 1:
            first = term.index(label)
            second = term.index(label, first + 1)
            if shape[first] != shape[second]:
                raise ShapeError(
                    f"einsum: label {label!r} stands for lengths {shape[first]} and "
                    f"{shape[second]} in an operand of shape {shape}"
                )
            shape = (*(n for i, n in enumerate(shape) if i not in (first, second)), shape[first])
            term = _without(term, (first, second)) + label
            found.append((first, second, term))
    return found


class Pair(NamedTuple):
    """One product of two arrays of a contraction: their places in the list, which both leave.

    The result, with the labels `kept`, is put at the list's end. `lengths` are those of all labels.
    """

    places: tuple[int, int]
    terms: tuple[str, str]
    kept: str
    lengths: tuple[int, ...]


@lru_cache(maxsize=512)
def pairs(subscripts: str, shapes: tuple[tuple[int, ...], ...]) -> list[Pair]:
    """The products, two arrays at a time, of which a plain einsum of these shapes is made."""
    terms, output = _split_terms(subscripts)
    length = {
        label: n
        for term, shape in zip(terms, shapes, strict=True)
        for label, n in zip(term, shape, strict=True)
    }
    found = []
    for i, j in _order(subscripts, shapes):
        b, a = terms.pop(j), terms.pop(i)
        wanted = set(output).union(*terms)
        labels = "".join(dict.fromkeys(a + b))
        kept = "".join(c for c in labels if c in wanted) if terms else output
        found.append(Pair((i, j), (a, b), kept, tuple(length[c] for c in labels)))
        terms.append(kept)
    return found


def _order(subscripts, shapes):
    """Which two operands to multiply next, as places in a list whose end takes their product."""
    if len(shapes) <= 2:
        return [(0, 1)] * (len(shapes) - 1)
    arrays = [np.broadcast_to(0.0, shape) for shape in shapes]
    found, count = [], len(shapes)
    for chosen in np.einsum_path(subscripts, *arrays, optimize="greedy")[0][1:]:
        first, *others = sorted(chosen)
        for already, other in enumerate(others):  # of more than two: the product joins the next
            place = other - already - (already > 0)
            found.append((first, place) if not already else (place, count - 1))
            count -= 1
    return found


def _contracted(arrays, terms, output, subscripts):
    """The product of all arrays, two at a time."""
    steps = pairs(subscripts, tuple(x.shape for x in arrays))
    for (i, j), (term_a, term_b), kept, _ in steps:
        b, a = arrays.pop(j), arrays.pop(i)
        arrays.append(_pair(a, term_a, b, term_b, kept))
    last = steps[-1].kept if steps else terms[0]
    return np.transpose(arrays[0], [last.index(label) for label in output])


def _pair(a, term_a, b, term_b, output):
    """The product of two arrays as a batch of matrix products."""
    axes_a, axes_b, back, sizes = _pair_plan(term_a, term_b, output, a.shape, b.shape)
    n, rows, inner, columns, shape = sizes
    left = a.transpose(axes_a).reshape(n, rows, inner)
    right = b.transpose(axes_b).reshape(n, inner, columns)
    product = left * right if inner == 1 else long_matmul(left, right)
    return product.reshape(shape).transpose(back)


@lru_cache(maxsize=512)
def _pair_plan(term_a, term_b, output, shape_a, shape_b):
    """Axes to bring to the front, and the lengths of batch, rows, sums and columns."""
    batch = [c for c in term_a if c in term_b and c in output]
    summed = [c for c in term_a if c in term_b and c not in output]
    free_a = [c for c in term_a if c not in term_b]
    free_b = [c for c in term_b if c not in term_a]
    length = dict(zip(term_a + term_b, shape_a + shape_b, strict=True))
    counts = [math.prod(length[c] for c in group) for group in (batch, free_a, summed, free_b)]
    labels = batch + free_a + free_b
    return (
        [term_a.index(c) for c in batch + free_a + summed],
        [term_b.index(c) for c in batch + summed + free_b],
        [labels.index(c) for c in output],
        (*counts, [length[c] for c in labels]),
    )
