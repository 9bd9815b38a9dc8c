"""nn.functional: PyTorch's names and argument order; what is ours and no op."""

import inspect
import pickle
import pydoc
import re

import numpy as np
import pytest

import autograd as ag
import nn.functional as F
from autograd.errors import (
    ArgumentError,
    DTypeError,
    IndexRangeError,
    ShapeError,
)
from tests.against_torch import same_as_torch

rng = np.random.default_rng(0)


def normal(*shape):
    return rng.standard_normal(shape)


IMAGES, KERNELS, ROWS = normal(2, 4, 6, 5), normal(3, 4, 3, 2), normal(5, 6)

# The same text must run on ours and on PyTorch's functional.
SAME = [
    ("F.linear(x, w, b)", [ROWS, normal(3, 6), normal(3)]),
    ("F.linear(x, w)", [normal(2, 3, 6), normal(3, 6)]),
    ("F.bilinear(x, y, w, b)", [ROWS, normal(5, 4), normal(3, 6, 4), normal(3)]),
    ("F.relu(x, True)", [ROWS]),
    ("F.leaky_relu(x, 0.1, inplace=False)", [ROWS]),
    ("F.elu(x, 0.5)", [ROWS]),
    ("F.selu(x)", [ROWS]),
    ("F.silu(x)", [ROWS]),
    ("F.gelu(x, approximate='tanh')", [ROWS]),
    ("F.softplus(x, 2)", [ROWS]),
    ("F.logsigmoid(x)", [ROWS]),
    ("F.softmax(x, dim=0)", [ROWS]),
    ("F.log_softmax(x, 1)", [ROWS]),
    ("F.softmin(x, dim=1)", [ROWS]),
    ("F.conv2d(x, w, b, 2, 1)", [IMAGES, KERNELS, normal(3)]),
    ("F.conv2d(x, w, stride=(2, 1), dilation=2)", [IMAGES, KERNELS[:, :, :2, :2].copy()]),
    ("F.conv_transpose2d(x, w, None, 2, 1, 1)", [IMAGES, normal(4, 3, 3, 3)]),
    ("F.max_pool2d(x, 2)", [IMAGES]),
    ("F.max_pool2d(x, 3, 2, 1, 1, True)", [IMAGES]),
    ("F.avg_pool2d(x, 2, 1, 1, False, False)", [IMAGES]),
    ("F.adaptive_avg_pool2d(x, (3, 2))", [IMAGES]),
    ("F.batch_norm(x, None, None, w, b, True, 0.1, 1e-3)", [IMAGES, normal(4), normal(4)]),
    ("F.layer_norm(x, (6,), w, b)", [ROWS, normal(6), normal(6)]),
    ("F.group_norm(x, 2, w, b)", [IMAGES, normal(4), normal(4)]),
    ("F.dropout(x, 0.5, training=False)", [ROWS]),
    ("F.dropout(x, 0.0)", [ROWS]),
    ("F.dropout2d(x, p=0.5, training=False)", [IMAGES]),
    ("F.mse_loss(x, y, reduction='sum')", [ROWS, normal(5, 6)]),
    ("F.normalize(x)", [ROWS]),
    ("F.normalize(x, 1.0, 0)", [ROWS]),
    ("F.normalize(x, p=2.0, dim=-1)", [IMAGES]),
    ("F.cosine_similarity(x, y)", [ROWS, normal(5, 6)]),
    ("F.pad(x, (1, 2))", [IMAGES]),
    ("F.pad(x, (1, 2, 0, 3, 1, 0), 'constant', 2.5)", [IMAGES]),
    ("F.pad(x, (1, -1, -2, 0))", [IMAGES]),
    ("F.pad(x, (2, 1, 1, 0), mode='reflect')", [IMAGES]),
    ("F.pad(x, (2, 1, 1, 0), mode='replicate')", [IMAGES]),
    ("F.pad(x, (2, 1, 1, 0), mode='circular')", [IMAGES]),
    ("F.unfold(x, (3, 2), padding=1)", [IMAGES]),
]


@pytest.mark.parametrize(("call", "arrays"), SAME, ids=[call for call, _ in SAME])
def test_the_same_call_gives_the_same(call, arrays):
    names = re.findall(r"\b[xywb]\b", call)  # in the order of `arrays`

    def run(functional):
        def evaluated(*tensors):
            return eval(call, {"F": functional, **dict(zip(names, tensors, strict=True))})

        return evaluated

    def theirs(torch, *tensors):
        return run(torch.nn.functional)(*(tensor * 1 for tensor in tensors))

    same_as_torch(run(F), theirs, arrays, 1e-9)


def test_losses_by_pytorchs_order():
    logits, labels = ag.Tensor(ROWS), [0, 1, 2, 3, 4]
    full = -np.log(np.exp(ROWS) / np.exp(ROWS).sum(1, keepdims=True))[np.arange(5), labels]
    assert F.cross_entropy(logits, labels).item() == pytest.approx(full.mean())
    assert F.nll_loss(F.log_softmax(logits, 1), labels, None, -100, "sum").item() == pytest.approx(
        full.sum()
    )


def test_embedding_takes_numbers_first():
    table = ag.Tensor(normal(4, 3), requires_grad=True)
    out = F.embedding(np.array([[0, 3], [3, 1]]), table)
    np.testing.assert_array_equal(out.data, table.data[[[0, 3], [3, 1]]])


def test_one_hot():
    out = F.one_hot(np.array([[0, 2], [1, 1]]), 4)
    np.testing.assert_array_equal(out.data, np.eye(4, dtype=int)[[[0, 2], [1, 1]]])
    assert F.one_hot(ag.tensor([0, 3])).shape == (2, 4)
    assert F.one_hot(np.zeros(0, int), 3).shape == (0, 3)
    for labels in ([3], [-1]):
        with pytest.raises(IndexRangeError, match=r"outside the classes 0 to 2"):
            F.one_hot(labels, 3)
    with pytest.raises(DTypeError, match="whole numbers"):
        F.one_hot([0.5])
    with pytest.raises(ArgumentError, match="num_classes"):
        F.one_hot(np.zeros(0, int))


def test_dropout_draws_from_the_generator_given():
    x = np.ones(100)
    first = F.dropout(x, 0.5, generator=np.random.default_rng(0))
    np.testing.assert_array_equal(F.dropout(x, generator=np.random.default_rng(0)), first)
    assert (F.dropout(x, generator=np.random.default_rng(1)) != first).any()


def test_normalize_of_zero_is_zero_with_a_finite_gradient():
    x = ag.zeros(2, 3, requires_grad=True)
    out = F.normalize(x)
    out.sum().backward()
    assert (out.data == 0).all() and np.isfinite(x.grad.data).all()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: F.linear(ROWS, normal(3, 5)), ShapeError, r"linear: input of shape \(5, 6\)"),
        (lambda: F.linear(np.float64(1), normal(3, 5)), ShapeError, "linear"),
        (lambda: F.bilinear(ROWS, ROWS, normal(3, 6, 5)), ShapeError, r"inputs \(\.\.\., 6\) and"),
        (lambda: F.pad(ROWS, (1,)), ArgumentError, "pairs of numbers for at most 2 axes"),
        (lambda: F.pad(ROWS, (1,) * 6), ArgumentError, "at most 2 axes"),
        (lambda: F.pad(ROWS, (1, 1), "wrap"), ArgumentError, "mode must be one of 'constant'"),
        (lambda: F.pad(ROWS, (1, 1), "reflect", 2.0), ArgumentError, "value is for mode"),
        (lambda: F.mse_loss(normal(4, 1), normal(4)), ShapeError, "mse_loss"),
    ],
)
def test_what_does_not_fit(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_everything_listed_is_there():
    for name in F.__all__:
        assert callable(getattr(F, name)) and getattr(F, name).__doc__


def test_the_first_parameter_is_called_input_wherever_it_is_in_pytorch():
    for name in F.__all__:
        function = getattr(F, name)
        first = next(iter(inspect.signature(function).parameters))
        assert first in ("input", "input1", "x1", "tensor"), name
        assert f"{name}({first}" in pydoc.render_doc(function, renderer=pydoc.plaintext)
        if function.__module__ == "nn.functional":
            assert pickle.loads(pickle.dumps(function)) is function
        if first == "input":
            with pytest.raises(DTypeError, match=f"(?i){name}.*'inpt'"):
                function(inpt=None)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("adaptive_avg_pool2d", {"output_size": 2}),
        ("batch_norm", {"running_mean": None, "running_var": None, "training": True}),
        ("conv2d", {"weight": np.ones((1, 3, 2, 2))}),
        ("gelu", {}),
        ("layer_norm", {"normalized_shape": (4,)}),
        ("max_pool2d", {"kernel_size": 2}),
        ("sigmoid", {}),
        ("softmax", {"dim": 1}),
        ("unfold", {"kernel_size": 2}),
    ],
)
def test_input_by_name_is_the_first_argument(name, options):
    function = getattr(F, name)
    x = ag.tensor(np.random.default_rng(0).standard_normal((2, 3, 4, 4)), requires_grad=True)
    by_name, by_place = function(input=x, **options), function(x, **options)
    np.testing.assert_array_equal(by_name.data, by_place.data)
    assert by_name.node.op is getattr(ag, name)(x, **options).node.op
    assert (
        list(inspect.signature(function).parameters)[1:]
        == (list(inspect.signature(getattr(ag, name)).parameters)[1:])
    )
