"""The lectures' "neural net in under 20 lines", with Tensors, against the slide's own NumPy."""

import warnings

import numpy as np

import autograd as ag


def data(dtype):
    rng = np.random.RandomState(0)
    samples, inputs, hidden, outputs = 64, 1000, 100, 10
    x, y = rng.randn(samples, inputs), rng.randn(samples, outputs)
    w1, w2 = rng.randn(inputs, hidden), rng.randn(hidden, outputs)
    return [array.astype(dtype) for array in (x, y, w1, w2)]


def numpy_net(steps):
    """The slide: derivatives by hand."""
    x, y, w1, w2 = data(np.float64)
    losses = []
    for _ in range(steps):
        h = 1.0 / (1.0 + np.exp(-x.dot(w1)))
        y_pred = h.dot(w2)
        losses.append(np.square(y_pred - y).sum())
        dy_pred = 2.0 * (y_pred - y)
        dw2 = h.T.dot(dy_pred)
        dh = dy_pred.dot(w2.T)
        dw1 = x.T.dot(dh * h * (1 - h))
        w1 -= 1e-4 * dw1
        w2 -= 1e-4 * dw2
    return w1, w2, losses


def tensor_net(steps):
    """The same lines on Tensors; the derivatives are the engine's."""
    x, y, w1, w2 = map(ag.Tensor, data(np.float64))
    w1.requires_grad_()
    w2.requires_grad_()
    losses = []
    for _ in range(steps):
        h = 1.0 / (1.0 + np.exp(-x.dot(w1)))
        y_pred = h.dot(w2)
        loss = np.square(y_pred - y).sum()
        losses.append(loss.item())
        w1.grad = w2.grad = None
        loss.backward()
        with ag.no_grad():
            w1 -= 1e-4 * w1.grad
            w2 -= 1e-4 * w2.grad
    return w1, w2, losses


def test_100_steps_give_the_slides_weights_and_losses():
    w1, w2, losses = numpy_net(100)
    t1, t2, tensor_losses = tensor_net(100)
    for ours, theirs in ((t1.data, w1), (t2.data, w2)):
        assert np.abs(ours - theirs).max() <= 1e-10 * np.abs(theirs).max()
    np.testing.assert_allclose(tensor_losses, losses, rtol=1e-10)
    assert losses[-1] < 0.1 * losses[0]


def test_float32_trains_without_an_overflow_warning():
    x, _, w1, _ = data(np.float32)
    assert np.abs(x @ w1).max() > 88, "exp overflows float32 here in the slide's formula"
    t1, t2 = ag.Tensor(w1, requires_grad=True), ag.Tensor(data(np.float32)[3], requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss = np.square(ag.sigmoid(ag.Tensor(x) @ t1) @ t2).sum()
        loss.backward()
    assert t1.grad.dtype == np.float32
    assert np.isfinite(t1.grad.data).all()
