"""Mistakes of tired people: the error is ours, says what and where, and nothing has changed."""

from __future__ import annotations

import inspect
import re

import pytest

import autograd as ag
from autograd.errors import GlassgradError
from tests.misuse import arrays, calls, creation, networks, training
from tests.misuse.world import Row, World

ROWS = [*creation.ROWS, *arrays.ROWS, *networks.ROWS, *training.ROWS, *calls.ROWS]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_a_mistake_is_named_and_changes_nothing(row: Row, tmp_path):
    world = World(tmp_path)
    before = world.state()
    drawn = ag.get_rng_state()
    with pytest.raises(row.error) as caught:
        row.call(world)
    assert isinstance(caught.value, GlassgradError)
    assert re.search(row.message, str(caught.value), re.DOTALL), str(caught.value)
    after = world.state()
    for name, value in before.items():
        assert after[name] == value, name
    if " nn." not in inspect.getsource(row.call):  # a layer that is made draws its parameters
        assert ag.get_rng_state() == drawn


def test_there_are_many_and_each_once():
    assert len(ROWS) >= 300
    assert len({row.what for row in ROWS}) == len(ROWS)
