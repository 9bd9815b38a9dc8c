"""`import nn`: cheap, and never beside another distribution's `autograd`."""

import subprocess
import sys
from pathlib import Path

import pytest

import nn

ROOT = Path(nn.__file__).parents[1]


def run(code, *paths):
    lines = [f"import sys; sys.path[:0] = {[str(path) for path in paths]!r}", code]
    return subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, timeout=120
    )


def test_import_loads_nothing_heavy():
    heavy = "numba matplotlib sklearn safetensors tqdm graphviz torch scipy"
    result = run(
        f"import nn, nn.functional; print([m for m in {heavy.split()!r} if m in sys.modules])", ROOT
    )
    assert result.stdout.strip() == "[]", result.stderr


def test_another_autograd_is_named(tmp_path):
    (tmp_path / "autograd").mkdir()
    (tmp_path / "autograd" / "__init__.py").write_text("def grad(f): ...\n")
    for code, package in (
        ("import nn", "nn"),
        ("import autograd as ag, nn", "nn"),
        ("import nn.functional, autograd", "nn"),
        ("import optim", "optim"),
        ("import autograd, optim", "optim"),
    ):
        result = run(code, tmp_path, ROOT)
        assert result.returncode != 0
        last = result.stderr.strip().splitlines()[-1]
        assert last.startswith(f"ImportError: {package} ")
        assert "distribution glassgrad" in last and str(tmp_path) in last and "HIPS" in last
        assert "--force-reinstall glassgrad" in last


def test_everything_listed_is_there():
    assert len(nn.__all__) == len(set(nn.__all__))
    for name in nn.__all__:
        assert getattr(nn, name).__doc__, name


def test_layers_are_listed_and_imported_when_first_used():
    assert set(nn.layers.__all__) < set(nn.__all__)
    result = run(
        "import sys, nn; print('nn.layers' in sys.modules, 'Linear' in dir(nn))\n"
        "print(nn.Linear is nn.layers.dense.Linear, 'Linear' in vars(nn))\n"
        "from nn import *; print(Conv2d is nn.layers.convolution.Conv2d, load is nn.load)",
        ROOT,
    )
    assert result.stdout.split() == ["False", "True", *["True"] * 4], result.stderr


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'nn' has no attribute 'Linaer'"):
        _ = nn.Linaer
