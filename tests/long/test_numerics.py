"""Digits: log-sum-exp of logits of any offset and spread, and float32 sums of millions of terms.

The first is compared with the formulas in extended precision and with PyTorch's errors, where that
is installed; the second with the sum of equal terms, which is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn.functional as F
from autograd.kernels.runtime import set_kernels
from tests.logits import (
    Exact,
    Ours,
    Theirs,
    exact_orders,
    of_divergence,
    of_log_softmax,
    of_logsumexp,
    of_softmax,
    of_sum,
)
from tests.long.campaign import cases

try:
    import torch
except ImportError:
    torch = None

LARGEST = cases(200_000, 20_000_000)  # float32 terms of one sum


@pytest.fixture(autouse=True)
def kernels():
    yield
    set_kernels(None)


@dataclass
class Draw:
    """A function of logits (N, C, ...), and what it is of the rows (N ..., C) of classes."""

    call: Callable[[Any, Any], Any]
    exact: Exact


class Rows:
    """Logits, and whatever a loss of them takes: as rows, and in the shape of the batch."""

    def __init__(self, rng: np.random.Generator, dtype: type):
        self.rng, self.dtype = rng, dtype
        self.classes = int(rng.integers(2, 200 if rng.random() < 0.5 else 8))
        images = [(int(n),) for n in rng.integers(1, 300, 1)]
        if rng.random() < 0.3:
            images = [(3, 4), (5, 2, 9), (2, 31)]
        self.batch = images[int(rng.integers(len(images)))]
        self.count = int(np.prod(self.batch))
        self.noise = self.normal()
        if rng.random() < 0.3:  # whole numbers are the same at every offset, and often tied
            self.noise = np.rint(self.noise)
        self.v, self.w = self.normal(), self.normal()
        self.labels = rng.integers(0, self.classes, self.count)
        self.soft = rng.dirichlet(np.ones(self.classes), self.count).astype(dtype)
        self.weight = rng.uniform(0.5, 2, self.classes).astype(dtype)

    def normal(self) -> np.ndarray:
        return self.rng.standard_normal((self.count, self.classes)).astype(self.dtype)

    def shaped(self, rows: np.ndarray) -> np.ndarray:
        """Rows as (N, C, d1, ...), numbers of rows as (N, d1, ...)."""
        if rows.ndim == 1:
            return rows.reshape(self.batch)
        return np.ascontiguousarray(
            np.moveaxis(rows.reshape((*self.batch, self.classes)), -1, 1), self.dtype
        )

    def rows(self, shaped: np.ndarray) -> np.ndarray:
        """The inverse of `shaped`."""
        if shaped.ndim == len(self.batch):
            return shaped.reshape(-1)
        return np.moveaxis(shaped, 1, -1).reshape(self.count, self.classes)


def loss(r: Rows) -> Draw:
    """A cross entropy with any of its options, or a negative log-likelihood."""
    options: dict[str, Any] = {}
    weight = np.ones(r.classes, np.longdouble)
    if r.rng.random() < 0.4:
        options["weight"], weight = r.weight, r.weight.astype(np.longdouble)
    labels, kept = r.labels, np.ones((r.count, 1))
    if r.rng.random() < 0.3:
        labels = np.where(r.rng.random(r.count) < 0.3, -100, labels)
        kept = (labels >= 0)[:, None] * 1.0
    target = np.eye(r.classes, dtype=np.longdouble)[r.labels] * kept
    if r.rng.random() < 0.3:
        y = r.shaped(labels)
        return Draw(
            lambda f, x: f.nll_loss(f.log_softmax(x, 1), y, **options), of_sum(-target * weight)
        )
    y = r.shaped(labels)
    if r.rng.random() < 0.4:
        target, kept, y = r.soft.astype(np.longdouble), np.ones((r.count, 1)), r.shaped(r.soft)
    share = 0.0
    if r.rng.random() < 0.4:
        share = options["label_smoothing"] = 0.125
    target = (1 - share) * target + share / np.longdouble(r.classes) * kept
    return Draw(lambda f, x: f.cross_entropy(x, y, **options), of_sum(-target * weight))


def divergence(r: Rows) -> Draw:
    soft, wide = r.shaped(r.soft), r.soft.astype(np.longdouble)
    log_soft = np.log(np.where(wide > 0, wide, 1))
    return Draw(lambda f, x: f.kl_div(f.log_softmax(x, 1), soft), of_divergence(wide, log_soft))


DRAWS: dict[str, Callable[[Rows], Draw]] = {
    "losses": loss,
    "kl_div": divergence,
    "log_softmax": lambda r: Draw(lambda f, x: f.log_softmax(x, 1), of_log_softmax),
    "softmax": lambda r: Draw(lambda f, x: f.softmax(x, 1), of_softmax),
    "logsumexp": lambda r: Draw(lambda f, x: f.logsumexp(x, 1), of_logsumexp),
}


@pytest.mark.parametrize("name", DRAWS)
def test_logits_of_any_offset_and_spread(name, figures):
    """Errors of value and derivatives are small, and at most twice PyTorch's or a few roundings."""
    wrong = []
    for i in range(cases(8, 2000)):
        rng = np.random.default_rng([len(name), i])
        dtype = (np.float32, np.float64)[i % 2]
        set_kernels(("numba", "numpy")[i // 2 % 2])
        r = Rows(rng, dtype)
        draw = DRAWS[name](r)
        offset = rng.choice([0, 1, -1]) * 10 ** rng.uniform(0, 7)
        spread = 10 ** rng.uniform(-3, 4)
        rows = (offset + spread * r.noise).astype(dtype)
        x, v, w = (r.shaped(a) for a in (rows, r.v, r.w))
        right = exact_orders(draw.exact, rows, r.v, r.w)
        ours = Ours(dtype).orders(draw.call, x, v, w)
        theirs = Theirs(torch, dtype).orders(draw.call, x, v, w) if torch else [None] * 3
        figures["cases"] += 1
        for order, (got, wanted, other) in enumerate(zip(ours, right, theirs, strict=True)):
            assert got.dtype == dtype
            unit = float(np.finfo(dtype).eps) * natural_size(r, order, wanted)
            error = float(np.abs(r.rows(got) - wanted).max()) / unit
            allowed = LIMITS[order] * (size_of_sums(name, rows, wanted) if order == 0 else 1)
            if other is not None:
                figures["compared with PyTorch"] += 1
                others = float(np.abs(r.rows(other) - wanted).max()) / unit
                figures["over twice its error, by roundings"] += error > 2 * others
                allowed = min(allowed, max(2 * others, ROUNDINGS[order]))
            if not error <= allowed:
                wrong.append((i, order, dtype.__name__, x.shape, offset, spread, error, allowed))
    assert not wrong, wrong


LIMITS = (16, 6, 2)  # what the errors may be, in units of `natural_size`
# What no comparison with PyTorch counts, where it rounds nothing by luck: NumPy's exp of float32 is
# up to 2.5 units off.
ROUNDINGS = (8, 2.5, 1)


def natural_size(r: Rows, order: int, wanted: np.ndarray) -> float:
    """What one rounding is relative to: the values, or the factors of gradients."""
    if order == 0:
        return max(float(np.abs(wanted).max()), 1e-30)
    w = max(float(np.abs(r.w.sum(1)).max()), float(np.abs(r.w).max()))
    return w if order == 1 else w * float(np.abs(r.v).max())


def size_of_sums(name: str, rows: np.ndarray, wanted: np.ndarray) -> float:
    """How much larger what a value is made of may be: shifted logits, or the logits themselves."""
    size = 4 + float((rows.max(1, keepdims=True) - rows).max())
    if name == "logsumexp":
        size += float(np.abs(rows).max())
    return size / max(float(np.abs(wanted).max()), 1e-30)


# Sums of equal terms.


def equal(shape: Any, term: float) -> np.ndarray:
    return np.full(shape, term, np.float32)


def grad_of(call: Callable[[Any], Any], parameter: np.ndarray, g: float) -> np.ndarray:
    """The gradient of a parameter, of an output whose gradients are all g."""
    t = ag.tensor(parameter, requires_grad=True)
    out = call(t)
    out.backward(np.broadcast_to(np.float32(g), out.shape))
    return t.grad.data


def reductions(n: int, c: float) -> Iterator[tuple[str, Any, Any]]:
    """Over all, over the first axis, the last, the middle, and two of three."""
    term = float(np.float32(c))
    for shape, axis in (
        ((n,), None),
        ((n // 2, 2), 0),
        ((2, n // 2), 1),
        ((2, n // 6, 3), 1),
        ((n // 6, 2, 3), (0, 2)),
        ((n // 6, 2, 3), (0, 1)),
    ):
        x = equal(shape, c)
        axes = range(len(shape)) if axis is None else np.atleast_1d(axis)
        count = int(np.prod([shape[i] for i in axes]))
        name = f"{shape} over {axis}"
        yield f"sum of {name}", ag.sum(x, axis), count * term
        yield f"mean of {name}", ag.mean(x, axis), term
        yield f"logsumexp of {name}", ag.logsumexp(x, axis), np.log(count) + term
        if axis is None or isinstance(axis, int):
            yield f"norm of {name}", ag.norm(x, axis=axis), np.sqrt(count) * term
            yield f"1-norm of {name}", ag.norm(x, 1, axis=axis), count * term
            yield f"3-norm of {name}", ag.norm(x, 3, axis=axis), np.cbrt(count) * term
        x.reshape(-1, shape[-1])[::2] *= -1
        if len(shape) < 3 and axis == 0:
            exact = np.var(x.astype(np.float64), axis)
            yield f"var of {name}", ag.var(x, axis), exact
            yield f"std of {name}", ag.std(x, axis), np.sqrt(exact)
    yield "einsum", ag.einsum("ij->j", equal((n // 2, 2), c)), n // 2 * term
    a = equal((n // 2, 2), 0)
    yield (
        "broadcast sum",
        grad_of(lambda b: b + a, equal(2, 0), c),
        n // 2 * term,
    )
    yield (
        "broadcast product",
        grad_of(lambda b: b * (a + 1), equal((1, 2), 1), c),
        n // 2 * term,
    )


def biases(n: int, c: float) -> Iterator[tuple[str, Any, Any]]:
    term, n = float(np.float32(c)), n - n % 512
    zero, one = equal((n // 2, 1), 0), equal((2, 1), 1)
    yield "linear", grad_of(lambda b: F.linear(zero, one, b), equal(2, 0), c), n // 2 * term
    for name, kernel, image in (
        ("conv1d", (1,), (n // 2,)),
        ("conv2d", (1, 1), (16, n // 32)),
        ("conv2d of 3x3", (3, 3), (16, n // 32)),
    ):
        function = getattr(F, name.split()[0])
        padding = kernel[0] // 2
        for batch in (1, 8, n // 512):
            long = (batch, 1, *image[:-1], max(image[-1] // batch, 1))
            w, x = equal((2, 1, *kernel), 1), equal(long, 0)
            yield (
                f"{name} of {long}",
                grad_of(lambda b, f=function: f(x, w, b, padding=padding), equal(2, 0), c),  # noqa: B023
                x.size * term,
            )
    x, w = equal((4, 1, n // 8), 0), equal((1, 2, 1), 1)
    yield (
        "conv_transpose1d",
        grad_of(lambda b: F.conv_transpose1d(x, w, b), equal(2, 0), c),
        x.size * term,
    )


def norm_statistics(n: int, c: float) -> Iterator[tuple[str, Any, Any]]:
    term = float(np.float32(c))
    for shape in ((n // 2, 2), (n // 200, 2, 100), (1, 2, n // 2)):
        size = shape[0] * (shape[2] if len(shape) > 2 else 1)
        signs = np.resize(np.float32([1, 3]), size).reshape(shape[0], 1, -1)
        x = np.ascontiguousarray(np.broadcast_to(signs, (shape[0], 2, signs.shape[2])))
        x = (x * np.float32(c)).reshape(shape)
        axes = (0, *range(2, x.ndim))
        mean, var = equal(2, 0), equal(2, 1)
        gain = ag.tensor(equal(2, 1), requires_grad=True)
        bias = ag.tensor(equal(2, 0), requires_grad=True)
        out = F.batch_norm(x, mean, var, gain, bias, training=True, momentum=1.0)
        wide = x.astype(np.float64)
        yield f"mean of {shape}", mean, wide.mean(axes)
        yield f"variance of {shape}", var, wide.var(axes) * size / (size - 1)
        out.backward(equal(shape, c))
        yield f"bias of batch_norm of {shape}", bias.grad, size * term
    x = np.resize(np.float32([c, 3 * c]), (n // 4, 4))
    bias = grad_of(lambda b: F.layer_norm(x, 4, None, b), equal(4, 0), c)
    yield "bias of layer_norm", bias, n // 4 * term
    x = np.resize(np.float32([1, 2, -1, -2]), (n // 4, 4))
    exact = (x[0].astype(np.float64) / np.sqrt(2.5)) * (n // 4) * term
    gain = grad_of(lambda w: F.layer_norm(x, 4, w, eps=0.0), equal(4, 1), c)
    yield "gain of layer_norm", gain, exact


def losses(n: int, c: float) -> Iterator[tuple[str, Any, Any]]:
    """Each loss of n equal pairs: the loss of one pair in float64, n times."""
    share = np.float32(0.25)
    pairs: dict[str, tuple[float, float]] = {
        "mse_loss": (c, 0),
        "l1_loss": (c, 0),
        "huber_loss": (c, 0),
        "smooth_l1_loss": (c, 0),
        "binary_cross_entropy": (c, share),
        "binary_cross_entropy_with_logits": (c, share),
        "kl_div": (-c, share),
    }
    for name, (x, t) in pairs.items():
        function = getattr(F, name)
        one = function(np.float64([np.float32(x)]), np.float64([t]), reduction="sum").item()
        for reduction, count in (("sum", n), ("mean", 1)):
            got = function(equal(n, x), equal(n, t), reduction=reduction)
            yield f"{name}, {reduction}", got, one * count
    rows, labels = equal((n // 2, 2), c), np.zeros(n // 2, int)
    rows[:, 1] = 0
    row = rows[:1].astype(np.float64)
    weight = np.float32([0.5, 2])
    for options in ({}, {"weight": weight}, {"label_smoothing": 0.25}):
        one = F.cross_entropy(row, [0], reduction="sum", **options).item()
        got = F.cross_entropy(rows, labels, reduction="sum", **options)
        yield f"cross_entropy {options}", got, one * (n // 2)
        mean = F.cross_entropy(row, [0], **options).item()
        yield f"mean of cross_entropy {options}", F.cross_entropy(rows, labels, **options), mean
    soft = np.broadcast_to(np.float32([0.25, 0.75]), rows.shape)
    one = F.cross_entropy(row, soft[:1].astype(np.float64)).item()
    yield "cross_entropy of probabilities", F.cross_entropy(rows, soft), one
    yield "nll_loss", F.nll_loss(rows, labels, reduction="sum"), -(n // 2) * float(row[0, 0])
    line = equal((1, n), c)
    yield "cross_entropy of a long row", F.cross_entropy(line, [0]), np.log(n)
    yield "log_softmax of a long row", F.log_softmax(line), -np.log(n)
    yield "softmax of a long row", F.softmax(line), 1 / n


@pytest.mark.parametrize("sums", [reductions, biases, norm_statistics, losses])
@pytest.mark.parametrize("kernel", ["numba", "numpy"])
def test_sums_of_many_terms(sums, kernel, figures):
    """Relative error at most 1e-6, whatever millions of float32 terms there are."""
    wrong = []
    rng = np.random.default_rng(3)
    for i in range(cases(1, 5)):
        n = LARGEST if i == 0 else int(2 ** rng.uniform(11, np.log2(LARGEST)))
        set_kernels(kernel)
        for name, got, wanted in sums(n, float(rng.uniform(0.05, 0.95))):
            got = np.asarray(getattr(got, "data", got))
            assert got.dtype == np.float32, name
            error = float(np.abs(got / np.asarray(wanted, np.float64) - 1).max())
            figures["sums"] += 1
            if not error <= 1e-6:
                wrong.append((n, name, error))
    assert not wrong, wrong
