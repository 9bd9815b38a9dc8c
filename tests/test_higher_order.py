"""Second and third derivatives: of a sample of every family, and through whole networks."""

from __future__ import annotations

import numpy as np
import pytest

import autograd as ag
import nn
import nn.functional as F
import optim
from autograd import curvature, func
from nn import models
from tests.op_cases import ROWS
from tests.row import Row, make

SAMPLE = [
    "tanh",
    "sigmoid",
    "softplus",
    "gelu-none",
    "gelu-tanh",
    "silu",
    "softmax-axis -1",
    "log_softmax-axis -1",
    "conv2d-third order",
    "conv_transpose1d-plain",
    "conv1d-plain",
    "dropout",
    "divide",
    "power-arrays",
    "logaddexp",
    "sqrt",
    "erf",
    "getitem-advanced",
    "take_along_axis-(3, 4) (5, 4) 0",
    "linear-(5,)",
    "matmul-((3, 4), (4, 2))",
    "inv",
    "solve-(3, 3) (3,)",
    "einsum_arrays-einsum ij,jk,kl->il",
    "label_cross_entropy-rows",
    "logit_loss",
    "x_log_x",
    "normalize_channels-third order",
    "normalize_rows-third order",
    "where",
    "maximum",
    "max_pool2d-third order",
    "avg_pool2d-third order",
    "prod-{'axis': 0}",
    "logsumexp-{'axis': 0}",
    "std-{'axis': 0}",
    "concatenate_arrays",
    "pad-((0, 0), (2, 1), (1, 3)), reflect",
    "tan",
    "arctan2",
]

BY_ID = {row.id: row for row in ROWS}


@pytest.mark.parametrize("name", SAMPLE)
def test_third_order(name):
    row: Row = BY_ID[name]
    rng = np.random.default_rng(7)
    arrays = [make(spec, rng) for spec in row.inputs]

    # of x + x²/4: so that a linear op has a third derivative too
    def bent(*inputs):
        moved = [
            x + x * x / 4 if isinstance(x, ag.Tensor) and x.requires_grad else x for x in inputs
        ]
        return row.call(*moved)

    # the bend must not leave the op's domain or meet a kink
    kinks = ("max_pool", "maximum", "where", "sqrt", "x_log_x", "logit", "take_along", "arc")
    call = row.call if name.startswith((*kinks, "power", "dropout", "tan")) else bent
    ag.check_grads(call, arrays, order=3, eps=1e-4, richardson=True, rtol=1e-6, atol=1e-6)


# -- through networks ------------------------------------------------------------------------------

SMALL_IMAGES = np.random.default_rng(1).standard_normal((3, 1, 16, 16))


def networks():
    ag.manual_seed(0)
    yield "lenet5", models.lenet5(image=(1, 16, 16)), SMALL_IMAGES
    yield (
        "lenet5 relu",
        models.lenet5(image=(1, 16, 16), activation=nn.ReLU, pool=nn.MaxPool2d),
        SMALL_IMAGES,
    )
    yield (
        "mlp",
        models.mlp([12, 9, 7, 4], nn.Tanh),
        np.random.default_rng(2).standard_normal((5, 12)),
    )
    normed = nn.Sequential(
        nn.Conv2d(1, 3, 3, bias=False), nn.BatchNorm2d(3), nn.Tanh(), nn.AvgPool2d(2),
        nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.GELU(), nn.Flatten(),
        nn.Linear(4 * 5 * 5, 10), nn.LayerNorm(10),
    )  # fmt: skip
    yield "batch-normed", normed, SMALL_IMAGES
    yield "resnet block", models.BasicBlock(1, 2, 2), SMALL_IMAGES


@pytest.mark.parametrize("name", ["lenet5", "lenet5 relu", "mlp", "batch-normed", "resnet block"])
def test_hessian_products_through_a_network(name):
    _, net, x = next(case for case in networks() if case[0] == name)
    net = net.double()
    inputs, labels = ag.Tensor(x), np.arange(len(x)) % 4

    def loss():
        return F.cross_entropy(net(inputs).reshape(len(x), -1), labels)

    rng = np.random.default_rng(0)
    here = curvature.flat_parameters(net)
    v, w = rng.standard_normal((2, len(here)))
    v, w = v / np.linalg.norm(v), w / np.linalg.norm(w)
    product = curvature.hessian_product(loss, net)
    hv, hw = product(v), product(w)
    assert w @ hv == pytest.approx(v @ hw, rel=1e-9, abs=1e-13)  # the Hessian is symmetric

    def gradient_at(offset):
        moved = here + offset
        start = 0
        with ag.no_grad():
            for p in net.parameters():
                p.copy_(moved[start : start + p.size].reshape(p.shape))
                start += p.size
        return curvature.flat_gradient(loss, net)

    h = 1e-5
    estimate = (gradient_at(h * v) - gradient_at(-h * v)) / (2 * h)
    gradient_at(0 * v)
    np.testing.assert_allclose(hv, estimate, rtol=0, atol=1e-6 * np.abs(hv).max())
    assert np.abs(hv).max() > 1e-4


def test_the_gradient_by_the_input_differentiated_by_the_weights():
    """∂²L/∂x∂w of a convolution, both ways round and against differences."""
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 2, 5, 5)), rng.standard_normal((3, 2, 3, 3))
    u, v = rng.standard_normal(x.shape), rng.standard_normal(w.shape)

    def loss(x, w):
        return ag.tanh(ag.conv2d(x, w, stride=2, padding=1)).sum()

    by_x = lambda w: (func.grad(loss, argnums=0)(x, w) * u).sum()
    by_w = lambda x: (func.grad(loss, argnums=1)(x, w) * v).sum()
    mixed = (func.grad(by_x)(w) * v).sum()
    assert mixed == pytest.approx((func.grad(by_w)(x) * u).sum(), rel=1e-10)
    h = 1e-5
    along = lambda a, b: loss(ag.Tensor(x + a * h * u), ag.Tensor(w + b * h * v)).item()
    corners = along(1, 1) - along(1, -1) - along(-1, 1) + along(-1, -1)
    assert mixed == pytest.approx(corners / (4 * h * h), rel=1e-3)


def test_the_whole_hessian_of_a_small_network():
    ag.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)).double()
    x = ag.Tensor(np.random.default_rng(0).standard_normal((4, 2)))
    values = {name: p.data for name, p in net.named_parameters()}

    def loss(vector):
        parts, start = {}, 0
        for name, value in values.items():
            parts[name] = vector[start : start + value.size].reshape(value.shape)
            start += value.size
        return (func.functional_call(net, parts, x) ** 2).mean()

    flat = np.concatenate([value.ravel() for value in values.values()])
    h = func.hessian(loss)(flat)
    product = curvature.hessian_product(lambda: (net(x) ** 2).mean(), net)
    np.testing.assert_allclose(h, [product(row) for row in np.eye(len(flat))], atol=1e-12)
    np.testing.assert_allclose(h, h.T, atol=1e-12)


def test_a_gradient_penalty_keeps_a_network_smooth():
    """Mean |∂f/∂x|² in the loss: the trained function is flatter where data is, and still fits."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (40, 2)).astype(np.float32)
    y = np.sign(x[:, :1] + 0.3 * rng.standard_normal((40, 1))).astype(np.float32)

    def trained(weight):
        ag.manual_seed(0)
        net = nn.Sequential(nn.Linear(2, 24), nn.Tanh(), nn.Linear(24, 1))
        opt = optim.Adam(net.parameters(), lr=0.02)
        for _ in range(150):
            inputs = ag.tensor(x, requires_grad=True)
            out = net(inputs)
            (slope,) = ag.grad(out.sum(), [inputs], create_graph=True)
            steepness = (slope * slope).sum(axis=1).mean()
            loss = ((out - y) ** 2).mean() + weight * steepness
            opt.zero_grad()
            loss.backward()
            opt.step()
        return steepness.item(), ((out - y) ** 2).mean().item()

    steep, fit = trained(0.0)
    smooth, still = trained(0.3)
    assert smooth < 0.5 * steep
    assert fit < still < 1


def test_the_second_order_of_training_statistics():
    """Batch statistics depend on the input: differentiated too, and the layer updates them once."""
    norm = nn.BatchNorm2d(2).double()
    x = np.random.default_rng(0).standard_normal((3, 2, 2, 2))
    leaf = ag.Tensor(x, requires_grad=True)
    (g,) = ag.grad((norm(leaf) ** 3).sum(), [leaf], create_graph=True)
    count = int(norm.num_batches_tracked.data)
    ag.grad((g * g).sum(), [leaf])
    assert int(norm.num_batches_tracked.data) == count == 1
    weights = np.random.default_rng(1).standard_normal(x.shape)
    ag.check_grads(lambda x: (norm(x) * weights).sum(), [x], order=2)


# -- what cannot be, and says so -------------------------------------------------------------------


@ag.op(max_order=1)
def first_order_only(x: ag.Array):
    return x * x, lambda g: g * 2 * x


def test_an_op_of_first_order_is_named_with_its_line_by_every_transform():
    x = np.array([1.0, 2.0])
    f = lambda x: first_order_only(x * 1.0).sum()
    np.testing.assert_allclose(func.grad(f)(x), 2 * x)
    w = ag.Tensor(x, requires_grad=True)
    for use in (
        lambda: func.hessian(f)(x),
        lambda: func.hvp(f, x, x),
        lambda: func.jvp(f, [x], [x]),
        lambda: curvature.hessian_product(lambda: f(w), [w]),
        lambda: optim.NewtonCG([w]).step(lambda: f(w)),
        lambda: ag.check_grads(f, [x], order=2),
    ):
        with pytest.raises(ag.GraphError, match=r"first_order_only.*test_higher_order\.py:\d+"):
            use()
    ag.check_grads(f, [x], order=1)


def test_a_freed_graph_names_the_op_and_its_line():
    w = ag.Tensor(np.ones(2), requires_grad=True)
    loss = ag.tanh(w).sum()
    ag.grad(loss, [w])
    with pytest.raises(ag.GraphError, match=r"freed .*test_higher_order\.py:\d+"):
        ag.grad(loss, [w], create_graph=True)


def test_a_rule_that_raises_names_op_operand_and_line():
    @ag.op
    def fragile(x: ag.Array):
        return x * 1.0, lambda g: g.no_such_thing

    w = ag.Tensor(np.ones(2), requires_grad=True)
    for create_graph in (False, True):
        loss = fragile(w).sum()
        with pytest.raises(AttributeError) as caught:
            ag.grad(loss, [w], create_graph=create_graph)
        note = "".join(caught.value.__notes__)
        assert "gradient of fragile with respect to 'x'" in note
        assert "test_higher_order.py:" in note


def test_an_integer_input_or_one_outside_the_graph():
    w = ag.Tensor(np.ones(2), requires_grad=True)
    other = ag.Tensor(np.ones(2), requires_grad=True, name="other")
    with pytest.raises(ag.GraphError, match=r"input 1 \(other\).*allow_unused"):
        ag.grad((w * w).sum(), [w, other], create_graph=True)
    for transform in (func.hessian, func.jacobian, func.grad):
        with pytest.raises(ag.DTypeError, match="int64 cannot be differentiated"):
            transform(lambda x: (x * 1.0).sum())(np.arange(3))
    with pytest.raises(ag.DTypeError, match="int64"):
        func.hvp(lambda x: (x * 1.0).sum(), np.arange(3), np.ones(3))
    with pytest.raises(ag.GraphError, match="hvp: the function must return one element"):
        func.hvp(lambda x: x * x, np.ones(3), np.ones(3))
