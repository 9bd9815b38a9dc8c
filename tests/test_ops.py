"""Every registered op: value, derivatives, dtypes, layouts, and the contract."""

from __future__ import annotations

import numpy as np
import pytest

import autograd as ag
from autograd.engine.op_definition import registry
from tests.op_cases import ROWS
from tests.reach import LENGTHS, every_array_is_long
from tests.row import Row, make, short

try:
    import torch
except ImportError:
    torch = None

each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)


def draw(row: Row, specs=None, dtype=np.float64) -> list[np.ndarray]:
    rng = np.random.default_rng(7)
    arrays = [make(spec, rng) for spec in (row.inputs if specs is None else specs)]
    return [x.astype(dtype) if x.dtype.kind == "f" else x for x in arrays]


def variables(arrays):
    return [ag.Tensor(x, requires_grad=x.dtype.kind == "f") for x in arrays]


def gradients(row: Row, arrays, create_graph=False):
    tensors = variables(arrays)
    out = row.call(*tensors)
    weights = np.random.default_rng(3).standard_normal(out.shape).astype(out.dtype)
    floats = [t for t in tensors if t.requires_grad]
    return out, ag.grad(
        out, floats, grad_outputs=weights, create_graph=create_graph, allow_unused=True
    )


def values(tensors):
    return [None if t is None else t.data for t in tensors]


def same(a, b):
    for x, y in zip(values(a), values(b), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-12)


@each_row
def test_value(row: Row):
    arrays = draw(row)
    out = row.call(*variables(arrays)).data
    expected = None
    if row.reference is not None:
        expected = row.reference(*arrays)
        np.testing.assert_allclose(out, expected, rtol=row.tolerance, atol=row.tolerance)
        assert out.shape == np.shape(expected)
    if row.torch_reference is not None and torch is not None:
        expected = row.torch_reference(torch, *map(torch.as_tensor, arrays)).numpy()
        np.testing.assert_allclose(out, expected, rtol=1e-10, atol=1e-10)
        assert out.shape == expected.shape
    if row.reference is None and row.torch_reference is None:
        pytest.fail(f"{row.id}: a row needs an independent reference")
    plain = row.call(*arrays)
    assert type(plain) is np.ndarray, "without a Tensor an op returns an ndarray"
    np.testing.assert_array_equal(plain, out)


@each_row
def test_derivatives(row: Row):
    ag.check_grads(row.call, draw(row), order=row.order)


@each_row
def test_recorded_backward_equals_plain_backward(row: Row):
    arrays = draw(row)
    _, plain = gradients(row, arrays)
    _, recorded = gradients(row, arrays, create_graph=True)
    same(plain, recorded)


@each_row
def test_recorded_backward_has_a_derivative_by_the_gradient_it_gets(row: Row):
    """⟨v, Jᵀg⟩ has the derivative Jv by g, which is that of the value along v."""
    if row.order < 2:
        return
    rng = np.random.default_rng(5)
    arrays = draw(row)
    tensors = variables(arrays)
    out = row.call(*tensors)
    g = ag.Tensor(rng.standard_normal(out.shape), requires_grad=True)
    floats = [t for t in tensors if t.requires_grad]
    grads = ag.grad(out, floats, grad_outputs=g, create_graph=True, allow_unused=True)
    recorded = [d is not None and d.requires_grad for d in grads]
    if not any(recorded):
        return
    along = [
        rng.standard_normal(t.shape) * moves for t, moves in zip(floats, recorded, strict=True)
    ]
    pairs = [(d, v) for d, v, moves in zip(grads, along, recorded, strict=True) if moves]
    (found,) = ag.grad([d for d, _ in pairs], [g], grad_outputs=[v for _, v in pairs])

    def moved(h):
        steps = iter(along)
        return row.call(*(x + h * next(steps) if x.dtype.kind == "f" else x for x in arrays))

    estimate = (moved(1e-6) - moved(-1e-6)) / 2e-6
    scale = max(1.0, float(np.abs(estimate).max(initial=0)))
    np.testing.assert_allclose(found.data, estimate, rtol=0, atol=1e-6 * scale)


@each_row
def test_ways_for_long_arrays_are_right_for_short_ones(row: Row):
    if not any(name in registry[row.op].body.__globals__ for name in LENGTHS):
        return
    arrays = draw(row)
    out, grads = gradients(row, arrays)
    for create_graph in (False, row.order > 1):
        with every_array_is_long():
            out_long, grads_long = gradients(row, arrays, create_graph)
        same([out, *grads], [out_long, *grads_long])


@each_row
def test_float32_stays_float32(row: Row):
    out64, grads64 = gradients(row, draw(row))
    out32, grads32 = gradients(row, draw(row, dtype=np.float32))
    assert out32.dtype == np.float32
    scale = max(1.0, float(np.abs(out64.data).max(initial=0)))
    np.testing.assert_allclose(out32.data, out64.data, atol=row.tolerance32 * scale, rtol=0)
    for g32, g64 in zip(values(grads32), values(grads64), strict=True):
        if g64 is None:
            assert g32 is None
            continue
        assert g32.dtype == np.float32
        scale = max(1.0, float(np.abs(g64).max(initial=0)))
        np.testing.assert_allclose(g32, g64, atol=row.tolerance32 * scale, rtol=0)


LAYOUTS = {
    "fortran": lambda x: np.asfortranarray(x) if x.ndim else x,
    "negative strides": lambda x: np.ascontiguousarray(x[::-1])[::-1] if x.ndim else x,
    "gaps": lambda x: np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x,
}


@each_row
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_does_not_matter(row: Row, layout: str):
    arrays = draw(row)
    laid_out = [LAYOUTS[layout](x) for x in arrays]
    out, grads = gradients(row, arrays)
    out_laid, grads_laid = gradients(row, laid_out)
    same([out, *grads], [out_laid, *grads_laid])


@each_row
def test_operands_are_not_written(row: Row):
    arrays = draw(row)
    before = [x.copy() for x in arrays]
    for x in arrays:
        x.flags.writeable = False
    gradients(row, arrays)
    gradients(row, arrays, create_graph=True)
    for x, y in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(x, y)


@each_row
def test_contract(row: Row):
    arrays = draw(row)
    operands = row.operands(*arrays) if row.operands else arrays
    kept = ag.check_contract(registry[row.op].call, *operands, **row.statics)
    assert kept == set(row.keeps.split())


@pytest.mark.parametrize(
    ("row", "specs"),
    [(row, specs) for row in ROWS for specs in row.also],
    ids=short,
)
def test_other_shapes(row: Row, specs):
    arrays = draw(row, specs)
    out, grads = gradients(row, arrays)
    if row.reference is not None:
        expected = row.reference(*arrays)
        np.testing.assert_allclose(out.data, expected, rtol=row.tolerance, atol=row.tolerance)
    floats = [x for x in arrays if x.dtype.kind == "f"]
    for g, x in zip(grads, floats, strict=True):
        assert g is not None
        assert g.shape == x.shape
        assert g.dtype == x.dtype
        assert np.isfinite(g.data).all()


def test_every_registered_op_has_a_row():
    missing = sorted(set(registry) - {row.op for row in ROWS})
    assert not missing, f"add a row in tests/cases/ for: {', '.join(missing)}"
