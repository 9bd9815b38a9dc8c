"""What NumPy writes through a Tensor is seen by the graph, or refused."""

import numpy as np
import pytest

import autograd as ag

ONE = np.array([[True]])

WRITES = {
    "copyto": lambda w: np.copyto(w, 5.0),
    "copyto by name": lambda w: np.copyto(dst=w, src=np.ones((1, 1))),
    "copyto where": lambda w: np.copyto(w, 5.0, where=ONE),
    "put": lambda w: np.put(w, [0], 5.0),
    "putmask": lambda w: np.putmask(w, ONE, 5.0),
    "place": lambda w: np.place(w, ONE, [5.0]),
    "fill_diagonal": lambda w: np.fill_diagonal(w, 5.0),
    "put_along_axis": lambda w: np.put_along_axis(w, np.array([[0]]), 5.0, 1),
    "add.at": lambda w: np.add.at(w, (0, 0), 3.0),
    "negative.at": lambda w: np.negative.at(w, (0, 0)),
    "add": lambda w: np.add(w, 3.0, out=w),
    "add of another": lambda w: np.add(np.ones((1, 1)), 3.0, out=w),
    "add positional": lambda w: np.add(w, 3.0, w),
    "add.accumulate": lambda w: np.add.accumulate(w, out=w),
    "clip": lambda w: np.clip(w, 3.0, 4.0, out=w),
    "cumsum": lambda w: np.cumsum(np.ones((1, 1)), axis=1, out=w),
    "matmul": lambda w: np.matmul(np.ones((1, 1)), np.ones((1, 1)), out=w),
    "einsum": lambda w: np.einsum("ij->ij", np.ones((1, 1), np.float32), out=w),
    "concatenate": lambda w: np.concatenate([np.ones((1, 1))], out=w),
    "stack": lambda w: np.stack([np.ones(1)], out=w),
    "nan_to_num": lambda w: np.nan_to_num(w, copy=False),
    "nan_to_num positional": lambda w: np.nan_to_num(w, False),
    "nan_to_num by 0": lambda w: np.nan_to_num(x=w, copy=0),
    "median": lambda w: np.median(w, overwrite_input=True),
    "median positional": lambda w: np.median(w, None, None, True),
    "quantile positional": lambda w: np.quantile(w, 0.5, None, None, True),
    "cumsum positional": lambda w: np.cumsum(np.ones((1, 1)), 1, None, w),
    "nancumsum positional": lambda w: np.nancumsum(np.ones((1, 1)), 1, None, w),
    "nansum positional": lambda w: np.nansum(np.ones((1, 1, 1)), 0, None, w),
    "dot positional": lambda w: np.dot(*2 * [np.ones((1, 1), np.float32)], w),
    "ptp positional": lambda w: np.ptp(np.ones((1, 1, 1)), 0, w),
    "a view": lambda w: np.copyto(w[0], 5.0),
    "detached": lambda w: np.copyto(w.detach(), 5.0),
    "frozen": lambda w: w.__setitem__((0, 0), 5.0),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_write_is_seen_by_backward(name):
    w = ag.tensor([[2.0]], requires_grad=True)
    y = (w * w).sum()
    with ag.no_grad():
        WRITES[name](w)
    with pytest.raises(ag.InPlaceError, match=r"test_numpy_writes\.py"):
        y.backward()
    assert w.grad is None


@pytest.mark.parametrize("name", [name for name in WRITES if name != "detached"])
def test_a_write_to_a_leaf_is_refused_while_it_is_recorded(name):
    w = ag.tensor([[2.0]], requires_grad=True)
    with pytest.raises((ag.DTypeError, ag.InPlaceError)):
        WRITES[name](w)
    assert w.item() == 2.0


@pytest.mark.parametrize("name", ["copyto", "put", "place", "putmask", "add.at", "add", "clip"])
def test_a_write_to_a_recorded_tensor_is_refused(name):
    y = ag.tensor([[1.0]], requires_grad=True) * 2.0
    with ag.no_grad(), pytest.raises(ag.DTypeError, match="part of a graph"):
        WRITES[name](y)
    assert y.item() == 2.0


@pytest.mark.parametrize(
    "call",
    [
        lambda x, out: np.sum(x, axis=0, out=out),
        lambda x, out: np.max(x, axis=0, keepdims=False, out=out),
        lambda x, out: np.mean(x, 0, None, out),
        lambda x, out: np.cumsum(x[0], axis=1, out=out),
        lambda x, out: np.take(x[0], [1, 0], axis=1, out=out),
        lambda x, out: np.concatenate([x[0, :, :1], x[1, :, :1]], axis=1, out=out),
        lambda x, out: np.std(x, axis=0, ddof=1, out=out),
    ],
)
def test_all_arguments_beside_out_are_numpys(call):
    x = np.arange(8.0).reshape(2, 2, 2)
    out, right = ag.zeros((2, 2), dtype=np.float64), np.zeros((2, 2))
    call(x, right)
    assert call(x, out) is out
    np.testing.assert_array_equal(out.data, right)
    plain = np.zeros((2, 2))
    assert call(ag.tensor(x), plain) is plain
    np.testing.assert_array_equal(plain, right)


def test_a_conversion_without_a_copy_is_no_write():
    w = ag.tensor([2.0], requires_grad=True)
    y = (w * w).sum()
    with ag.no_grad():
        np.nan_to_num(w, True)
        np.median(w, None, None, False)
    y.backward()
    assert w.grad.item() == 4.0


def test_a_write_to_a_plain_array_beside_a_tensor_is_seen():
    x, c = ag.tensor([2.0], requires_grad=True), np.array([3.0])
    y = (x * c).sum()
    np.copyto(c, ag.tensor([9.0], dtype=np.float64))
    with pytest.raises(ag.InPlaceError):
        y.backward()


def test_what_cannot_be_seen_is_found_by_detect_anomaly():
    def by_data(x, c):
        x.data[:] = 0.0

    def by_numpy(x, c):
        x.detach().numpy()[:] = 0.0

    def by_operand(x, c):
        c[:] = 0.0

    for write in (by_data, by_numpy, by_operand):
        x, c = ag.tensor([1.0, 2.0], requires_grad=True), np.array([3.0, 4.0], np.float32)
        with ag.detect_anomaly():
            y = (x * c * x).sum()
            write(x, c)
            with pytest.raises(ag.InPlaceError, match="past the graph"):
                y.backward()


@pytest.mark.parametrize(
    "make", [lambda: np.array([0, 1]), lambda: [0, 1], lambda: ag.tensor([0, 1])]
)
@pytest.mark.parametrize("key", [lambda i: i, lambda i: (i,), lambda i: (slice(None), i)])
def test_a_key_is_the_graphs_own(make, key):
    x = ag.tensor(np.arange(9.0).reshape(3, 3), requires_grad=True)
    i = make()
    y = x[key(i)].sum()
    i[0] = 2
    y.backward()
    right = np.zeros((3, 3))
    np.add.at(right, key([0, 1]), 1.0)
    np.testing.assert_array_equal(x.grad.data, right)


def test_a_mask_is_the_graphs_own():
    x, mask = ag.tensor([1.0, 2.0, 3.0], requires_grad=True), np.array([True, False, True])
    y = x[mask].sum()
    mask[:] = [False, True, True]
    y.backward()
    np.testing.assert_array_equal(x.grad.data, [1.0, 0.0, 1.0])
