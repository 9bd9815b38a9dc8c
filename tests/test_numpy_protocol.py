"""NumPy functions and Python protocols on Tensors."""

from __future__ import annotations

import numpy as np
import pytest

import autograd as ag


@pytest.fixture
def x():
    return ag.Tensor(np.array([[0.5, -1.0], [2.0, 3.0]]), requires_grad=True)


def test_numpy_functions_are_recorded(x):
    y = np.tanh(x).mean(axis=0)
    assert isinstance(y, ag.Tensor)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.data, (1 - np.tanh(x.data) ** 2) / 2)
    assert np.sum(x, axis=1, keepdims=True).requires_grad
    assert np.concatenate([x, x]).requires_grad
    assert np.where(x.data > 0, x, 0.0).requires_grad
    assert np.linalg.inv(x).requires_grad


def test_arrays_on_the_left_do_not_lose_the_gradient(x):
    array = np.ones((2, 2))
    for y in (array * x, array @ x, array + x, np.float64(2.0) * x, array - x, array / x):
        assert isinstance(y, ag.Tensor)
        assert y.requires_grad


def test_unmapped_functions_say_what_to_do(x):
    with pytest.raises(TypeError, match=r"np\.linalg\.\w*svd.*not recorded.*detach"):
        np.linalg.svd(x)
    with pytest.raises(TypeError, match=r"np\.add\.reduce"):
        np.add.reduce(x)
    with pytest.raises(TypeError, match="out="):
        np.add(x, 1.0, out=np.zeros((2, 2)))
    with pytest.raises(TypeError, match="where="):
        np.add(x, 1.0, where=np.ones((2, 2), bool))
    total = np.zeros((2, 2))
    with pytest.raises(TypeError, match="out of place"):
        total += x
    assert np.allclose(x, x.data)
    assert np.add.reduce(x.detach()).shape == (2,)


def test_conversion_to_an_array_is_refused_while_a_gradient_could_get_lost(x):
    with pytest.raises(TypeError, match="detach"):
        np.asarray(x)
    with pytest.raises(TypeError, match="detach"):
        x.numpy()
    assert np.shares_memory(x.detach().numpy(), x.data)
    with ag.no_grad():
        assert np.asarray(x) is x.data
    copied = np.array(x.detach())
    assert not np.shares_memory(copied, x.data)
    assert np.asarray(x.detach(), dtype=np.float32).dtype == np.float32


def test_python_protocols(x):
    one = ag.tensor(2.5)
    assert float(one) == 2.5
    assert int(one) == 2
    assert f"{one:.1f}" == "2.5"
    assert bool(one)
    assert len(x) == 2
    assert [row.shape for row in x] == [(2,), (2,)]
    assert x.tolist() == x.data.tolist()
    assert 3.0 in x
    assert [10, 20, 30][ag.tensor(1)] == 20
    with pytest.raises(TypeError, match="no index"):
        [10, 20][ag.tensor(1.0)]
    with pytest.raises(ValueError, match=r"\(2, 2\).*neither true nor false"):
        bool(x)
    with pytest.raises(ValueError, match=r"\(2, 2\)"):
        float(x)
    with pytest.raises(TypeError, match="no length"):
        len(one)
    assert hash(x) != hash(one)
    assert len({x, one, x}) == 2


def test_comparisons_are_plain_boolean_arrays(x):
    assert type(x > 0) is np.ndarray
    np.testing.assert_array_equal(x > 0, x.data > 0)
    np.testing.assert_array_equal(np.zeros((2, 2)) < x, x.data > 0)
    assert (x == x).all()
    assert (x == None) is False  # noqa: E711
    assert np.greater(x, 0).dtype == bool


def test_dtypes():
    assert ag.tensor(3.0).dtype == np.float32
    assert ag.tensor([1.0, 2.0]).dtype == np.float32
    assert ag.tensor(np.ones(2)).dtype == np.float64
    assert ag.tensor([1, 2]).dtype == np.int64
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    for y in (
        x * 2.5,
        2.5 * x,
        x * np.float64(2.5),
        np.float64(2.5) * x,
        x * np.arange(2),
        x / 3,
        x**2,
        x**0.5,
        ag.tensor([1, 2]) * 0.5,
        ag.tensor([1, 2]) / ag.tensor([3, 4]),
        x.mean(),
        x[0],
        ag.tensor([1, 2]).mean(),
        x * [1.5, 2.5],
    ):
        assert y.dtype == np.float32, y
    assert (x * np.ones(2)).dtype == np.float64
    assert (ag.tensor([1, 2]) + 1).dtype == np.int64
    assert x.double().dtype == np.float64
    x.double().sum().backward()
    assert x.grad.dtype == np.float32
    with pytest.raises(ag.DTypeError):
        ag.tensor(["a"])
    with pytest.raises(ag.DTypeError):
        ag.tensor(1j)


def test_default_dtype():
    ag.set_default_dtype(np.float64)
    try:
        assert ag.tensor(1.0).dtype == np.float64
        assert (ag.tensor([1, 2]) * 0.5).dtype == np.float64
    finally:
        ag.set_default_dtype(np.float32)
    with pytest.raises(ag.DTypeError, match="float16"):
        ag.set_default_dtype(np.float16)


def test_torch_spellings(x):
    np.testing.assert_array_equal(x.sum(dim=1, keepdim=True).data, x.data.sum(1, keepdims=True))
    assert x.view(4).shape == (4,)
    assert x.unsqueeze(0).shape == (1, 2, 2)
    assert x.permute(1, 0).shape == (2, 2)
    assert x.clamp(min=0.0).data.min() == 0
    assert x.flatten(start_dim=0).shape == (4,)
    assert x.expand(3, 2, 2).shape == (3, 2, 2)
    assert x.numel() == 4
    assert x.dim() == 2
    with pytest.raises(ag.ArgumentError, match="argmax"):
        x.max(dim=1)
    with pytest.raises(ag.ArgumentError, match="start_dim=1"):
        x.flatten(1)
    with pytest.raises(ag.ArgumentError, match="swapaxes"):
        x.unsqueeze(0).transpose(1, 2)


def test_repr_is_short_and_says_what_made_it(x):
    assert repr(ag.tensor([1.0, 2.0])) == "tensor([1., 2.])"
    assert "requires_grad=True" in repr(x)
    assert "op=multiply" in repr(x * 2)
    assert len(repr(ag.tensor(np.zeros(10**6)))) < 200
