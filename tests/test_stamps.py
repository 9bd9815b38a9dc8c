"""Which in-place writes a graph notices, and which line they are said to come from."""

import gc
import inspect

import numpy as np
import pytest

import autograd as ag
import optim
from autograd.engine import in_place
from autograd.errors import InPlaceError


def here():
    """The place of the calling line, as messages have it."""
    frame = inspect.currentframe().f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def trained(*shapes):
    params = [ag.tensor(np.ones(shape), requires_grad=True) for shape in shapes]
    for p in params:
        p.grad = np.ones(p.shape)
    return params, optim.SGD(params, lr=0.5)


def test_the_line_of_the_latest_write_is_named():
    a, b = np.ones(3), np.ones(2)
    node = in_place.next_id()
    assert in_place.written_since(a, node) is None
    places = [here(), in_place.stamp(a, b)]
    assert in_place.written_since(a, node).line == int(places[0].split(":")[-1])
    assert in_place.written_since(b[1:], node) == in_place.written_since(a, node)
    node = in_place.next_id()
    assert in_place.written_since(a, node) is None
    in_place.stamp(b)
    assert in_place.written_since(a, node) is None
    assert in_place.written_since(b, node) is not None
    assert in_place.latest > node


def test_a_stamp_is_renewed_for_all_of_its_arrays_at_once():
    a, b = np.ones(3), np.ones(2)
    stamp = in_place.stamp(a, b)
    node = in_place.next_id()
    place, _ = here(), stamp.renew()
    for array in (a, b):
        assert str(in_place.written_since(array, node)) == place
    assert stamp.whole
    in_place.stamp(b)
    assert not stamp.whole


def test_views_of_one_array_share_a_whole_stamp():
    array = np.ones(4)
    assert in_place.stamp(array[:2], array[2:]).whole


def test_arrays_that_are_gone_are_forgotten():
    array = np.ones(3)
    in_place.stamp(array)
    key = id(array)
    assert key in in_place._stamps
    del array
    assert key not in in_place._stamps


@pytest.mark.parametrize("later", [1, 3])
def test_every_step_is_noticed(later):
    (w, b), optimizer = trained((3,), (2,))
    for _ in range(later):
        optimizer.step()
    loss = (w * w).sum() + (b * b).sum()
    place, _ = here(), optimizer.step()
    with pytest.raises(InPlaceError) as caught:
        loss.backward()
    assert place in str(caught.value)


def test_a_step_is_noticed_after_others_wrote_to_its_parameters():
    (w, b), optimizer = trained((3,), (2,))
    optimizer.step()
    optimizer.step()
    with ag.no_grad():
        b += 1  # a stamp of its own
    first = (b * b).sum()
    second = (w * w).sum()
    place, _ = here(), optimizer.step()
    for loss in (first, second):
        with pytest.raises(InPlaceError) as caught:
            loss.backward()
        assert place in str(caught.value)


def test_two_optimisers_of_the_same_parameters():
    params, one = trained((3,), (2,))
    other = optim.SGD(params[1:], lr=0.25)
    for optimizer in (one, other, one, other, one):
        losses = [(p * p).sum() for p in optimizer.param_groups[0]["params"]]
        place, _ = here(), optimizer.step()
        for loss in losses:
            with pytest.raises(InPlaceError) as caught:
                loss.backward()
            assert place in str(caught.value)


def test_a_step_leaves_no_stamp_on_what_it_does_not_write():
    (w, b), optimizer = trained((3,), (2,))
    optimizer.step()
    b.grad = None
    loss = (b * b).sum() + w.sum()
    optimizer.step()
    loss.backward()
    np.testing.assert_array_equal(b.grad.data, 2 * b.data)


def test_an_optimiser_that_is_gone_leaves_its_stamps_and_no_arrays():
    (w, b), optimizer = trained((3,), (2,))
    optimizer.step()
    loss = (w * w).sum()
    optimizer.step()
    del optimizer
    gc.collect()
    with pytest.raises(InPlaceError):
        loss.backward()
    keys = [id(p.data) for p in (w, b)]
    del w, b, loss
    gc.collect()
    assert not set(keys) & set(in_place._stamps)
