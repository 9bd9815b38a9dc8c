"""einops takes Tensors, whichever of the two was imported first, and what it does is recorded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import autograd as ag
import nn

einops = pytest.importorskip("einops")

ROOT = Path(ag.__file__).parents[1]
USE = """
x = ag.tensor([[1.0, 2.0, 3.0]], requires_grad=True)
einops.rearrange(x, 'a b -> b a').sum().backward()
print(x.grad.tolist(), einops._backends.__spec__.loader.__class__.__name__)
"""


def images():
    values = np.random.default_rng(0).standard_normal((2, 3, 4, 6))
    return values, ag.tensor(values, requires_grad=True)


@pytest.mark.parametrize(
    "use",
    [
        lambda x: einops.rearrange(x, "n c (h a) (w b) -> n (h w) (a b c)", a=2, b=2),
        lambda x: einops.rearrange(x, "n c h w -> n c h w"),
        lambda x: einops.rearrange([x, x * 2], "k n c h w -> n (k c) h w"),
        lambda x: einops.reduce(x, "n c (h a) (w b) -> n c h w", "max", a=2, b=2),
        lambda x: einops.reduce(x, "n c h w -> n c", "mean"),
        lambda x: einops.reduce(x, "n c h w -> c 1 1", "sum"),
        lambda x: einops.reduce(x, "n c h w -> w", "min"),
        lambda x: einops.reduce(x, "n c h w -> n", "prod"),
        lambda x: einops.repeat(x, "n c h w -> n c (h a) (w b)", a=2, b=3),
        lambda x: einops.repeat(x, "n c h w -> k n c h w", k=2),
        lambda x: einops.einsum(x, x, "n c h w, n c v w -> n h v"),
        lambda x: einops.pack([x, x], "n * h w")[0],
    ],
)
def test_values_are_those_of_arrays_and_gradients_flow(use):
    values, x = images()
    out = use(x)
    assert isinstance(out, ag.Tensor)
    np.testing.assert_allclose(out.data, use(values), rtol=1e-12)
    weights = np.random.default_rng(1).standard_normal(out.shape)
    (slope,) = ag.grad((out * weights).sum(), [x])
    along = np.random.default_rng(2).standard_normal(values.shape)
    h = 1e-6
    ahead, behind = (np.sum(use(values + s * along) * weights) for s in (h, -h))
    assert np.sum(slope.data * along) == pytest.approx((ahead - behind) / (2 * h), rel=1e-6)


def test_parameters_shapes_and_arrays():
    assert einops.parse_shape(nn.Parameter(np.ones((2, 3))), "a b") == {"a": 2, "b": 3}
    _, x = images()
    with pytest.raises(ag.DTypeError, match="requires a gradient"):
        einops.asnumpy(x)
    assert einops.asnumpy(x.detach()).shape == (2, 3, 4, 6)
    with pytest.raises(Exception, match="mean"):
        einops.reduce(ag.arange(4), "a -> ", "mean")


@pytest.mark.parametrize(
    "imports",
    [
        "import autograd as ag, einops",
        "import einops, autograd as ag",
        "import einops; einops.rearrange(__import__('numpy').ones(2), 'a -> a 1')\n"
        "import autograd as ag",
        "import autograd as ag, sys\nx = ag.tensor([1.0]); import einops",
    ],
)
def test_in_either_order(imports):
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{imports}\n{USE}"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.split("]]")[0] == "[[1.0, 1.0, 1.0", done.stderr
    assert "SourceFileLoader" in done.stdout


def test_an_import_of_another_module_is_left_alone():
    assert not any(type(finder).__name__ == "_Waiting" for finder in sys.meta_path)
