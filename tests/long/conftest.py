"""Figures of campaigns, and how Hypothesis behaves in them."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from tests.long import campaign

try:
    import hypothesis
except ImportError:
    pass
else:
    # A sample is the same in every run; a whole campaign draws anew and prints how to repeat.
    quiet = {
        "deadline": None,
        "database": None,
        "suppress_health_check": list(hypothesis.HealthCheck),
    }
    hypothesis.settings.register_profile("sample", derandomize=True, **quiet)
    hypothesis.settings.register_profile("long", print_blob=True, **quiet)
    hypothesis.settings.load_profile("long" if campaign.LONG else "sample")

_passed = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call":
        item.stash[_passed] = report.passed
    return report


@pytest.fixture
def figures(request):
    """A Counter of what was tried (`figures["kills"] += 1`); noted when a whole campaign ran."""
    counts: Counter[str] = Counter()
    start = time.perf_counter()
    yield counts
    if campaign.LONG:
        name = request.module.__name__.rpartition(".test_")[2]
        seconds = time.perf_counter() - start
        passed = request.node.stash.get(_passed, False)
        campaign.note(name, request.node.name, counts, seconds, passed)
