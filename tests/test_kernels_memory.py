"""What a convolution holds beside its arrays, as the process's resident memory shows it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba")

MIB = 1 << 20

# a step on one image loads the code and the threads; what the second adds is its arrays and scratch
MEASURE = """
import json, sys
from pathlib import Path
import numpy as np
from autograd.kernels.conv import dispatch as conv

def resident(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(field)).split()[1])

n, c, h, k, r, p = json.loads(sys.argv[1])
x, w = np.ones((n, c, h, h), np.float32), np.ones((k, c, r, r), np.float32)
how = ((1, 1), (p, p, p, p), (1, 1), 1)

def step(x):
    out = conv.conv2d(x, w, None, how)
    dx = conv.conv2d_input_grad(out, w, x.shape, how)
    return out, dx, conv.conv2d_weight_grad(out, x, w.shape, how)

step(x[:1].copy())
before = resident("VmRSS")
Path("/proc/self/clear_refs").write_text("5")  # the highest so far is now's
made = step(x)
print(resident("VmHWM") - before - sum(a.nbytes for a in made))
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux only")
@pytest.mark.parametrize(
    "sizes",
    [(64, 32, 32, 32, 3, 1), (32, 64, 32, 64, 3, 1), (8, 64, 56, 128, 1, 0), (16, 3, 96, 32, 7, 3)],
    ids=str,
)
def test_scratch_stays_small(sizes):
    """Less than one padded copy of the images; im2col would be 9 to 49 copies."""
    _, c, _, k, _, _ = sizes
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, json.dumps(sizes)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    packed = 2 * 16 * c * k * 4  # weights, of which Winograd makes sixteen planes, and their sums
    assert int(done.stdout) <= packed + 6 * MIB
