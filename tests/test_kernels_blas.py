"""Beside convolutions of some size BLAS uses one thread; otherwise it is left alone."""

import numpy as np
import pytest

import autograd as ag
from autograd.kernels import blas


def test_left_alone_without_convolutions(library):
    with blas.beside_convolutions():
        assert library.threads == 4


def test_one_thread_after_a_convolution_and_as_before_at_the_end(library):
    blas.note_convolution()
    with pytest.raises(ZeroDivisionError), blas.beside_convolutions():
        assert library.threads == 1
        with blas.beside_convolutions():
            pass
        assert library.threads == 1  # the outer block still needs it
        raise ZeroDivisionError
    assert library.threads == 4


def test_the_last_block_that_follows_still_gives_back(library, monkeypatch):
    blas.note_convolution()
    with blas.beside_convolutions():
        monkeypatch.setattr(blas, "_left", 0)
    assert library.threads == 4


def test_many_products_after_a_convolution_it_is_left_alone_again(library):
    blas.note_convolution()
    for _ in range(blas._FOLLOWING):
        with blas.beside_convolutions():
            assert library.threads == 1
    with blas.beside_convolutions():
        assert library.threads == 4


def test_linear_layers_and_backward_use_it(library, monkeypatch):
    seen = []
    monkeypatch.setattr(library, "set_num_threads", seen.append)
    x = ag.tensor(np.ones((80, 80)), requires_grad=True)
    blas.note_convolution()
    loss = ag.linear(x, x).sum()
    assert seen == [1, 4]  # 512,000 multiplications
    blas.note_convolution()
    loss.backward()
    assert seen == [1, 4, 1, 4]


def test_the_libraries_are_found():
    pytest.importorskip("threadpoolctl")
    for found in blas._libraries():
        assert found.get_num_threads() >= 1


def test_a_convolution_on_several_threads_is_noted(monkeypatch):
    pytest.importorskip("numba")
    from autograd.kernels.conv import dispatch as conv

    monkeypatch.setattr(blas, "_left", 0)
    images, weight = np.ones((8, 16, 32, 32), np.float32), np.ones((16, 16, 3, 3), np.float32)
    conv.conv2d(images[:1, :, :4, :4], weight, None, ((1, 1), (1, 1, 1, 1), (1, 1), 1))
    assert blas._left == 0  # too little work for several
    conv.conv2d(images, weight, None, ((1, 1), (1, 1, 1, 1), (1, 1), 1))
    assert blas._left > 0


def test_a_backward_pass_in_steps_holds_it_in_each_step_and_not_between_them(library):
    seen = []

    @ag.op
    def look(x: ag.Array):
        return x * 2, lambda g: (seen.append(library.threads), g * 2)[1]

    x = ag.tensor([1.0], requires_grad=True)
    loss = look(look(x)).sum()
    blas.note_convolution()
    before = blas._left
    for _ in ag.backward_steps(loss):
        assert library.threads == 4
    assert seen == [1, 1]
    assert blas._left == before - 1  # one pass, as `backward` counts it
