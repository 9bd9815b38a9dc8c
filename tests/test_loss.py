"""Losses: every option against PyTorch and against plain NumPy, both derivatives, bad input."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import autograd as ag
import nn.functional as F
from autograd.errors import ArgumentError, DTypeError, IndexRangeError, ShapeError

rng = np.random.default_rng(0)
X = rng.standard_normal((6, 4))
X3 = rng.standard_normal((2, 4, 3, 2))
Y = rng.integers(0, 4, 6)
Y3 = rng.integers(0, 4, (2, 3, 2))
P = rng.dirichlet(np.ones(4), 6)
P3 = np.moveaxis(rng.dirichlet(np.ones(4), (2, 3, 2)), -1, 1).copy()
Q = rng.uniform(0.05, 0.95, (6, 4))
T = rng.uniform(0, 1, (6, 4))
W = np.array([0.5, 1.0, 2.0, 3.0])
LOG_Q = np.log(Q)

REDUCTIONS = ("mean", "sum", "none")

# (loss, input, target, options): each is tried with every reduction
CASES = [
    ("mse_loss", X, T, {}),
    ("l1_loss", X, T, {}),
    ("huber_loss", X, T, {}),
    ("huber_loss", X, T, {"delta": 0.3}),
    ("smooth_l1_loss", X, T, {}),
    ("smooth_l1_loss", X, T, {"beta": 0.3}),
    ("smooth_l1_loss", X, T, {"beta": 0.0}),
    ("cross_entropy", X, Y, {}),
    ("cross_entropy", X, Y, {"weight": W}),
    ("cross_entropy", X, Y, {"ignore_index": 1}),
    ("cross_entropy", X, np.where(Y == 2, -100, Y), {"weight": W}),
    ("cross_entropy", X, Y, {"label_smoothing": 0.2}),
    ("cross_entropy", X, Y, {"label_smoothing": 0.2, "weight": W, "ignore_index": 0}),
    ("cross_entropy", X3, Y3, {}),
    ("cross_entropy", X3, Y3, {"weight": W, "label_smoothing": 0.1, "ignore_index": 3}),
    ("cross_entropy", X[0], Y[0], {}),
    ("cross_entropy", X[0], Y[0], {"weight": W, "label_smoothing": 0.1}),
    ("cross_entropy", X, P, {}),
    ("cross_entropy", X, P, {"weight": W, "label_smoothing": 0.3}),
    ("cross_entropy", X3, P3, {"weight": W}),
    ("cross_entropy", X[0], P[0], {"weight": W}),
    ("nll_loss", LOG_Q, Y, {}),
    ("nll_loss", LOG_Q, Y, {"weight": W, "ignore_index": 2}),
    ("nll_loss", X3, Y3, {"weight": W}),
    ("nll_loss", X[0], Y[0], {}),
    ("binary_cross_entropy", Q, T, {}),
    ("binary_cross_entropy", Q, T, {"weight": W}),
    ("binary_cross_entropy_with_logits", X, T, {}),
    ("binary_cross_entropy_with_logits", X, T, {"weight": T}),
    ("binary_cross_entropy_with_logits", X, T, {"pos_weight": W}),
    ("binary_cross_entropy_with_logits", X, T, {"weight": W, "pos_weight": np.float64(3)}),
    ("kl_div", LOG_Q, P, {}),
    ("kl_div", LOG_Q, np.log(P), {"log_target": True}),
    ("multi_margin_loss", X, Y, {}),
    ("multi_margin_loss", X, Y, {"p": 2, "margin": 0.7, "weight": W}),
    ("multi_margin_loss", X[0], Y[0], {"weight": W}),
]
NAMES = [f"{name}-{i}" for i, (name, *_) in enumerate(CASES)]

each_case = pytest.mark.parametrize(("name", "x", "target", "options"), CASES, ids=NAMES)


@each_case
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_agrees_with_pytorch(name, x, target, options, reduction):
    torch = pytest.importorskip("torch")
    theirs_options = {
        key: torch.as_tensor(value) if isinstance(value, np.ndarray | np.generic) else value
        for key, value in options.items()
    }
    soft = target.dtype.kind == "f"
    twice = name not in ("l1_loss", "nll_loss", "multi_margin_loss") and options.get("beta") != 0

    v, v_target = ag.tensor(x, requires_grad=True), ag.tensor(target, requires_grad=soft)
    ours = getattr(ag, name)(v, v_target, reduction=reduction, **options)
    t, t_target = torch.tensor(x, requires_grad=True), torch.tensor(target, requires_grad=soft)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of kl_div's mean
        function = getattr(torch.nn.functional, name)
        theirs = function(t, t_target, reduction=reduction, **theirs_options)
    assert ours.shape == tuple(theirs.shape)
    np.testing.assert_allclose(ours.data, theirs.detach().numpy(), rtol=1e-12, atol=1e-14)

    factors = np.random.default_rng(1).standard_normal(ours.shape)
    grads = ag.grad((ours * factors).sum(), [v, v_target] if soft else [v], create_graph=twice)
    t_grads = torch.autograd.grad(
        (theirs * torch.as_tensor(factors)).sum(),
        [t, t_target] if soft else [t],
        create_graph=twice,
    )
    for g, t_g in zip(grads, t_grads, strict=True):
        np.testing.assert_allclose(g.data, t_g.detach().numpy(), rtol=1e-10, atol=1e-13)
    if twice:
        (second,) = ag.grad(sum((g**2).sum() for g in grads), [v])
        (t_second,) = torch.autograd.grad(sum((g**2).sum() for g in t_grads), [t])
        np.testing.assert_allclose(second.data, t_second.numpy(), rtol=1e-9, atol=1e-12)


@each_case
def test_derivatives(name, x, target, options):
    function = getattr(ag, name)
    if target.dtype.kind == "f":
        ag.check_grads(lambda x, t: function(x, t, **options), [x, target])
    else:
        ag.check_grads(lambda x: function(x, target, **options), [x])


@each_case
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_float32_stays_float32(name, x, target, options, reduction):
    v = ag.tensor(x, dtype=np.float32, requires_grad=True)
    target = target.astype(np.float32) if target.dtype.kind == "f" else target
    loss = getattr(ag, name)(v, target, reduction=reduction, **options)
    assert loss.dtype == np.float32
    loss.sum().backward()
    assert v.grad.dtype == np.float32
    exact = getattr(ag, name)(x, target, reduction=reduction, **options)
    np.testing.assert_allclose(loss.data, exact, rtol=1e-4, atol=1e-5)


@each_case
def test_reductions_agree(name, x, target, options):
    function = getattr(ag, name)
    losses = function(x, target, reduction="none", **options)
    assert type(losses) is np.ndarray
    total = function(x, target, reduction="sum", **options)
    np.testing.assert_allclose(total, losses.sum(), rtol=1e-12)
    if not {"weight", "ignore_index"} & options.keys():
        mean = function(x, target, reduction="mean", **options)
        np.testing.assert_allclose(mean, losses.mean(), rtol=1e-12)


def log_softmax(x):
    return x - np.log(np.exp(x).sum(axis=1, keepdims=True))


def test_cross_entropy_by_hand():
    rows = np.arange(6)
    losses = -log_softmax(X)[rows, Y]
    np.testing.assert_allclose(ag.cross_entropy(X, Y), losses.mean())
    kept = Y != 1
    np.testing.assert_allclose(ag.cross_entropy(X, Y, ignore_index=1), losses[kept].mean())
    weighted = ag.cross_entropy(X, Y, weight=W)
    np.testing.assert_allclose(weighted, (losses * W[Y]).sum() / W[Y].sum())
    smooth = 0.7 * np.eye(4)[Y] + 0.3 / 4
    np.testing.assert_allclose(
        ag.cross_entropy(X, Y, label_smoothing=0.3), ag.cross_entropy(X, smooth)
    )
    np.testing.assert_allclose(ag.cross_entropy(X, P), -(P * log_softmax(X)).sum(axis=1).mean())


def test_labels_of_every_integer_type_and_kind():
    expected = ag.cross_entropy(X, Y)
    for dtype in (np.int8, np.uint8, np.int32, np.uint64):
        np.testing.assert_array_equal(ag.cross_entropy(X, Y.astype(dtype)), expected)
    np.testing.assert_array_equal(ag.cross_entropy(X, Y.tolist()), expected)
    np.testing.assert_array_equal(ag.cross_entropy(ag.tensor(X), ag.tensor(Y)).data, expected)
    np.testing.assert_array_equal(ag.cross_entropy(X, np.repeat(Y, 2)[::2]), expected)
    np.testing.assert_allclose(ag.cross_entropy(X[0], 2), -log_softmax(X[:1])[0, 2], rtol=1e-15)


def test_ignored_labels_have_no_gradient_whatever_their_logits():
    x = ag.tensor(np.full((3, 4), np.nan), requires_grad=True)
    with ag.no_grad():
        x[1] = X[1]
    ag.cross_entropy(x, [-100, 2, -100]).backward()
    assert np.isfinite(x.grad.data).all()
    assert not x.grad.data[[0, 2]].any()
    assert x.grad.data[1].any()


def test_extreme_logits():
    x = ag.tensor([[1000.0, 0.0], [-1000.0, 0.0]], requires_grad=True)
    loss = ag.cross_entropy(x, [0, 0], reduction="none")
    np.testing.assert_array_equal(loss.data, [0, 1000])
    loss.sum().backward()
    np.testing.assert_array_equal(x.grad.data, [[0, 0], [-1, 1]])
    z = ag.tensor([1000.0, -1000.0, 1000.0, -1000.0], requires_grad=True)
    loss = ag.binary_cross_entropy_with_logits(z, [1, 0, 0, 1], reduction="none")
    np.testing.assert_array_equal(loss.data, [0, 0, 1000, 1000])
    loss.sum().backward()
    np.testing.assert_array_equal(z.grad.data, [0, 0, 1, -1])


def test_sure_probabilities_give_finite_numbers():
    p = ag.tensor([0.0, 1.0, 0.0, 1.0], requires_grad=True)
    loss = ag.binary_cross_entropy(p, [0, 1, 1, 0], reduction="none")
    np.testing.assert_array_equal(loss.data, [0, 0, 100, 100])
    loss.sum().backward()
    assert np.isfinite(p.grad.data).all()
    np.testing.assert_array_equal(p.grad.data[:2], [0, 0])
    small = ag.binary_cross_entropy(np.array([1e-12]), [0])
    np.testing.assert_allclose(small, 1e-12, rtol=1e-9)


def test_kl_div_of_zero_probability_and_batchmean():
    target = ag.tensor([[1.0, 0.0], [0.5, 0.5]], requires_grad=True)
    log_p = np.log([[0.25, 0.75], [0.5, 0.5]])
    loss = ag.kl_div(log_p, target, reduction="batchmean")
    np.testing.assert_allclose(loss.data, np.log(4) / 2, rtol=1e-7)
    loss.backward()
    slopes = [[1 + np.log(4), 0], [1, 1]]  # log t + 1 − log p, and 0 where t is
    slopes[0][1] = -np.log(0.75)
    np.testing.assert_allclose(target.grad.data, np.array(slopes) / 2, rtol=1e-6)
    with pytest.raises(ShapeError, match="batch axis"):
        ag.kl_div(0.5, 0.5, reduction="batchmean")


def test_margin_loss_of_the_lectures():
    # three classes, three images: the losses 2.9, 0 and 12.9
    scores = np.array([[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]])
    sums = ag.multi_margin_loss(scores, [0, 1, 2], reduction="none", divide_by_classes=False)
    np.testing.assert_allclose(sums, [2.9, 0, 12.9])
    mean = ag.multi_margin_loss(scores, [0, 1, 2])
    np.testing.assert_allclose(mean, np.mean(sums) / 3)


PAIRED = [
    "mse_loss",
    "l1_loss",
    "huber_loss",
    "smooth_l1_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "kl_div",
]


@pytest.mark.parametrize("name", PAIRED)
def test_shapes_that_would_broadcast_are_an_error(name):
    with pytest.raises(ShapeError, match=rf"{name}: .*\(5, 1\).*\(5,\).*reshape\(5, 1\)"):
        getattr(ag, name)(ag.tensor(np.full((5, 1), 0.5)), np.full(5, 0.5))
    with pytest.raises(ShapeError, match=rf"{name}: .*\(2, 3\).*\(\)"):
        getattr(ag, name)(np.full((2, 3), 0.5), 0.5)


@pytest.mark.parametrize("name", [*PAIRED, "cross_entropy", "nll_loss", "multi_margin_loss"])
def test_unknown_reduction(name):
    with pytest.raises(ArgumentError, match=f"{name}: reduction must be one of 'mean'.*'average'"):
        getattr(ag, name)(X, X, reduction="average")


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss", "multi_margin_loss"])
def test_bad_labels(name):
    function = getattr(ag, name)
    with pytest.raises(IndexRangeError, match=r"target\[2\] = 4 is no class.*\(6, 4\).*0 to 3"):
        function(X, [0, 1, 4, 1, 9, 0])
    with pytest.raises(IndexRangeError, match=r"target\[1\] = -1 is no class"):
        function(X, [0, -1, 3, 1, 1, 0])
    with pytest.raises(IndexRangeError, match=r"target = 7 is no class"):
        function(X[0], 7)
    with pytest.raises(
        ShapeError, match=r"target must have shape \(6,\).*got \(6, 1\).*reshape\(6,\)"
    ):
        function(X, Y[:, None])
    with pytest.raises(ShapeError, match=r"target must have shape \(6,\).*got \(5,\)"):
        function(X, Y[:5])
    with pytest.raises(
        ShapeError, match=r"weight must have shape \(4,\), got \(3,\).*each of the 4 classes"
    ):
        function(X, Y, weight=W[:3])
    with pytest.raises(DTypeError, match="weight must be a constant, got a Tensor"):
        function(X, Y, weight=ag.tensor(W, requires_grad=True))
    with pytest.raises(DTypeError, match="target must be integer class labels, got bool"):
        function(X, Y > 1)


def test_bad_labels_in_planes():
    wrong = Y3.copy()
    wrong[1, 2, 0] = 11
    with pytest.raises(IndexRangeError, match=r"target\[1, 2, 0\] = 11"):
        ag.cross_entropy(X3, wrong)
    with pytest.raises(ShapeError, match=r"target must have shape \(2, 3, 2\)"):
        ag.cross_entropy(X3, Y3[:, :2])


def test_probabilities_of_the_wrong_kind():
    with pytest.raises(ShapeError, match=r"shape of input, \(6, 4\), got \(6,\); labels must be"):
        ag.cross_entropy(X, Y.astype(float))
    with pytest.raises(ShapeError, match="class probabilities must be float"):
        ag.cross_entropy(X, np.eye(4, dtype=int)[Y])
    with pytest.raises(DTypeError, match="target must be integer"):
        ag.nll_loss(X, P)
    with pytest.raises(ArgumentError, match=r"probabilities in \[0, 1\], got 1.5 at \(0, 1\)"):
        ag.binary_cross_entropy(np.array([[0.5, 1.5]]), np.zeros((1, 2)))
    with pytest.raises(ArgumentError, match="got nan at"):
        ag.binary_cross_entropy(np.array([np.nan]), np.zeros(1))


def test_bad_options():
    with pytest.raises(
        ArgumentError, match=r"label_smoothing must be a number from 0 to 1, got 1.5"
    ):
        ag.cross_entropy(X, Y, label_smoothing=1.5)
    with pytest.raises(ArgumentError, match="delta must be a number above 0, got 0"):
        ag.huber_loss(X, T, delta=0)
    with pytest.raises(ArgumentError, match="beta must be a number of at least 0, got -1"):
        ag.smooth_l1_loss(X, T, beta=-1)
    with pytest.raises(ArgumentError, match="p must be 1 or 2, got 3"):
        ag.multi_margin_loss(X, Y, p=3)
    with pytest.raises(ShapeError, match=r"\(N, C\) or \(C,\), got \(2, 4, 3, 2\)"):
        ag.multi_margin_loss(X3, Y3)
    with pytest.raises(ShapeError, match=r"pos_weight of shape \(3,\) does not broadcast"):
        ag.binary_cross_entropy_with_logits(X, T, pos_weight=np.ones(3))
    with pytest.raises(ShapeError, match="axis of classes"):
        ag.cross_entropy(1.0, 0)
    with pytest.raises(DTypeError, match="input must be a Tensor or an array, got str"):
        ag.mse_loss("x", X)


def test_a_mean_over_nothing():
    for target in ([-100] * 6, np.full(6, -100)):
        with pytest.raises(ArgumentError, match="no loss to average"):
            ag.cross_entropy(X, target)
    assert ag.cross_entropy(X, np.full(6, -100), reduction="sum") == 0
    with pytest.raises(ArgumentError, match="no loss to average"):
        ag.mse_loss(np.zeros((0, 3)), np.zeros((0, 3)))
    with pytest.raises(ArgumentError, match="no loss to average"):
        ag.cross_entropy(X, [3] * 6, weight=[1, 1, 1, 0])
    assert ag.cross_entropy(X[:0], Y[:0], reduction="none").shape == (0,)


def test_integer_and_boolean_targets_follow_the_input():
    x = ag.tensor([0.2, 0.7], requires_grad=True)
    for target in ([0, 1], np.array([False, True]), ag.tensor([0, 1])):
        loss = ag.binary_cross_entropy(x, target)
        assert loss.dtype == np.float32
    assert ag.mse_loss(x, np.array([0, 1])).dtype == np.float32


def test_short_names():
    assert ag.mse is ag.mse_loss
    assert ag.l1 is ag.l1_loss
    assert ag.huber is ag.huber_loss
    assert ag.bce is ag.binary_cross_entropy
    assert ag.bce_with_logits is ag.binary_cross_entropy_with_logits


LISTED = [[0.1, 0.2, 0.3], [0.7, 0.1, 0.2]]


@pytest.mark.parametrize(
    "loss",
    [
        ag.l1_loss,
        ag.mse_loss,
        ag.smooth_l1_loss,
        ag.huber_loss,
        ag.binary_cross_entropy,
        ag.binary_cross_entropy_with_logits,
        ag.kl_div,
        ag.cross_entropy,
        lambda x, t: ag.cross_entropy(x, [0, 2], weight=t[0], reduction="sum"),
        lambda x, t: ag.nll_loss(x, [0, 2], weight=t[1], reduction="sum"),
        lambda x, t: ag.binary_cross_entropy(x, x, weight=t),
        lambda x, t: ag.binary_cross_entropy_with_logits(x, x, pos_weight=t),
        lambda x, t: F.cosine_similarity(x, t).sum(),
    ],
)
def test_lists_take_the_dtype_beside_them_before_any_rounding(loss):
    x = np.array([[0.3, 0.6, 0.1], [0.2, 0.7, 0.9]])
    right = np.asarray(loss(x, np.array(LISTED)))
    assert np.asarray(loss(ag.tensor(x), LISTED)) == right
    if loss in (ag.l1_loss, ag.kl_div, ag.cross_entropy):
        assert np.asarray(loss(np.array(LISTED), x)) == np.asarray(loss(LISTED, x))
