"""Transforms of any kind inside one another, against differences and torch.func."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.long.campaign import cases
from tests.test_nesting import TRANSFORMS, check

SECOND_ORDER = {"hessian", "hvp"}


def bearable(names):
    """Derivatives of up to sixth order: what is above takes seconds and drowns in rounding."""
    return sum(2 if name in SECOND_ORDER else 1 for name in names) < 6


def test_transforms_in_transforms(figures):
    nests = st.lists(st.sampled_from(TRANSFORMS), min_size=3, max_size=4).filter(bearable)

    @settings(max_examples=cases(sample=8, long=1_000), report_multiple_bugs=False)
    @given(nests, st.floats(0.3, 1.0))
    def run(names, y):
        check(tuple(names), y)
        figures["nests"] += 1
        figures["transforms"] += len(names)

    run()
