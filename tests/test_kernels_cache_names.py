"""Kernels of one factory, compiled in different processes, do not mistake each other in a third."""

import os
import subprocess
import sys

import pytest

pytest.importorskip("numba")

PROGRAM = """
import sys
import numpy as np
from autograd import kernels
from autograd.kernels.pool import numpy_twin as pool_twin

x = np.random.default_rng(0).standard_normal((8, 16, 36, 34)).astype(np.float32)
for absolute in eval(sys.argv[1]):
    args = (x, (2, 2), (2, 2), (0, 0, 0, 0), (1, 1), (18, 17), absolute)
    for ours, theirs in zip(kernels.max_pool2d(*args), pool_twin.max_pool2d(*args)):
        np.testing.assert_array_equal(ours, theirs)
"""


def test_variants_from_the_cache_keep_apart(tmp_path):
    environment = {**os.environ, "AUTOGRAD_CACHE_DIR": str(tmp_path), "AUTOGRAD_QUIET": "1"}
    for variants in ("[True]", "[False]", "[False, True]"):
        subprocess.run(
            [sys.executable, "-c", PROGRAM, variants], env=environment, check=True, timeout=300
        )
