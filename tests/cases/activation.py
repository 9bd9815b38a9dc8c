"""Rows of `autograd/ops/activation.py` and of `autograd/ops/softmaxes.py`."""

import math

import numpy as np

import autograd as ag
from autograd.ops import activation, softmaxes
from tests.row import Row, distinct

ALSO = [((),), ((0, 3),)]
ALSO_GRAD = [((), ()), ((0, 3), (0, 3))]

normal_cdf = np.vectorize(lambda x: math.erfc(-x / math.sqrt(2)) / 2, otypes=[float])


def logistic(x):
    return 0.5 * (1 + np.tanh(x / 2))


def log_softmax(x, axis=-1):
    return x - np.logaddexp.reduce(x, axis=axis, keepdims=True)


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))
    return e / e.sum(axis=axis, keepdims=True)


def gelu(x, approximate):
    if approximate == "none":
        return x * normal_cdf(x)
    if approximate == "sigmoid":
        return x * logistic(1.702 * x)
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def gelu_slope(x, approximate):
    """By the complex step: f'(x) = Im f(x + ih) / h, exact to rounding."""
    if approximate == "none":
        return normal_cdf(x) + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    return np.imag(gelu(x + 1e-30j, approximate)) / 1e-30


def function(name, reference, keeps="x", note="", torch_name=None, **statics):
    """A row for an activation function, and its PyTorch twin."""
    return Row(
        name,
        lambda x: getattr(ag.ops, name)(x, **statics),
        [distinct(4, 6)],
        lambda x: reference(x, **statics),
        torch_name and (lambda torch, x: getattr(torch.nn.functional, torch_name)(x, **statics)),
        keeps=keeps,
        also=ALSO,
        statics=statics,
        note=note,
    )


def gradient(name, reference, keeps, of=lambda x: x, note="", **statics):
    """A row for a fused derivative: g times the slope at x, given as `of(x)`."""
    function = getattr(activation, name)
    return Row(
        name,
        lambda g, x: function(g, of(x), **statics),
        [(4, 6), distinct(4, 6)],
        lambda g, x: g * reference(x),
        operands=lambda g, x: (g, of(x)),
        keeps=keeps,
        also=ALSO_GRAD,
        statics=statics,
        note=note,
    )


def along(name, reference, axis, shape=(3, 4, 5)):
    return Row(
        name,
        lambda x: getattr(ag.ops, name)(x, axis),
        [shape],
        lambda x: reference(x, axis),
        lambda torch, x: getattr(torch, name)(x, axis),
        keeps="out",
        also=[((0, 3, 2),), ((3, 0, 2),), ((2, 3, 0),)],
        statics={"axis": axis},
        note=f"axis {axis}",
    )


def along_grad(name, of, reference, axis):
    function = getattr(softmaxes, name)
    return Row(
        name,
        lambda g, x: function(g, of(x, axis), axis),
        [(3, 4, 2), (3, 4, 2)],
        lambda g, x: reference(g, softmax(x, axis), axis),
        operands=lambda g, x: (g, of(x, axis)),
        keeps="g y",
        statics={"axis": axis},
        note=f"axis {axis}",
    )


def signs(g):
    """Columns of a negative number, zero, and a positive one, to go with g (N, 3)."""
    return np.tile(np.array([-1, 0, 2], g.dtype), (g.shape[0], 1))


WORDS = ("none", "tanh", "sigmoid")

ROWS = [
    function("tanh", np.tanh, "out", torch_name="tanh"),
    function("sigmoid", logistic, "out", torch_name="sigmoid"),
    function("relu", lambda x: np.where(x > 0, x, 0), "out", torch_name="relu"),
    Row(
        "relu",
        lambda x: ag.relu(x, at_zero=0.5),
        [distinct(4, 6)],
        lambda x: (np.abs(x) + x) / 2,
        statics={"at_zero": 0.5},
        keeps="x",
        note="at_zero",
    ),
    *(
        function(
            "leaky_relu",
            lambda x, negative_slope: np.where(x > 0, x, negative_slope * x),
            keeps,
            f"{slope}",
            "leaky_relu",
            negative_slope=slope,
        )
        for slope, keeps in ((0.01, "out"), (0.0, "x"), (-0.3, "x"), (1.5, "x"))
    ),
    function("elu", lambda x: np.where(x > 0, x, np.expm1(x)), torch_name="elu"),
    function(
        "elu",
        lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(x)),
        note="alpha",
        torch_name="elu",
        alpha=0.7,
    ),
    function(
        "selu",
        lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)),
        torch_name="selu",
    ),
    function("silu", lambda x: x * logistic(x), torch_name="silu"),
    function("softplus", lambda x: np.logaddexp(0, x), torch_name="softplus"),
    function(
        "softplus",
        lambda x, beta, threshold: np.where(
            x * beta > threshold, x, np.logaddexp(0, x * beta) / beta
        ),
        note="threshold",
        torch_name="softplus",
        beta=2.0,
        threshold=0.92,
    ),
    function(
        "softsign",
        lambda x: np.where(x < 0, 1 / (1 - x) - 1, 1 - 1 / (1 + x)),
        torch_name="softsign",
    ),
    *(
        function(
            "gelu",
            gelu,
            note=word,
            torch_name=None if word == "sigmoid" else "gelu",
            approximate=word,
        )
        for word in WORDS
    ),
    gradient("tanh_grad", lambda x: 1 - np.tanh(x) ** 2, "g y", of=ag.tanh),
    gradient("sigmoid_grad", lambda x: logistic(x) * logistic(-x), "g y", of=ag.sigmoid),
    *(
        Row(
            "relu_grad",
            lambda g, at_zero=at_zero: activation.relu_grad(g, signs(g), at_zero),
            [(4, 3)],
            lambda g, at_zero=at_zero: g * [0, at_zero, 1],
            operands=lambda g: (g, signs(g)),
            keeps="x",
            also=[((0, 3),)],
            statics={"at_zero": at_zero},
            note=f"{at_zero}",
        )
        for at_zero in (0, 0.5)
    ),
    gradient("elu_grad", lambda x: np.where(x > 0, 1, 0.7 * np.exp(x)), "g x", alpha=0.7),
    gradient(
        "silu_grad",
        lambda x: np.imag((x + 1e-30j) * logistic(x + 1e-30j)) / 1e-30,
        "g x",
    ),
    gradient("softplus_grad", lambda x: logistic(2 * x), "g x", beta=2.0),
    *(
        gradient(
            "gelu_grad",
            lambda x, word=word: gelu_slope(x, word),
            "g x",
            note=word,
            approximate=word,
        )
        for word in WORDS
    ),
    *(along("softmax", softmax, axis) for axis in (-1, 0, 1)),
    *(along("log_softmax", log_softmax, axis) for axis in (-1, 0, 1)),
    *(
        along_grad(
            "softmax_grad",
            ag.softmax,
            lambda g, p, axis: p * g - p * (p * g).sum(axis, keepdims=True),
            axis,
        )
        for axis in (-1, 1)
    ),
    *(
        along_grad(
            "log_softmax_grad",
            ag.log_softmax,
            lambda g, p, axis: g - p * g.sum(axis, keepdims=True),
            axis,
        )
        for axis in (-1, 0)
    ),
]
