"""Each row of the op table beyond what it draws: far numbers, special values, compiled kernels.

Nothing here names an op that a new one would have to join: rows come from the table, kernels from
their modules. Where a row cannot be run on something, the reason stands in the row (`Row.apart`).
"""

from __future__ import annotations

import contextlib
import inspect
from collections import Counter

import numpy as np
import pytest

import autograd as ag
from autograd import kernels
from autograd.engine.op_definition import registry
from autograd.kernels import runtime
from tests.op_cases import ROWS
from tests.reach import (
    SCALES,
    SPECIAL,
    compiled,
    derivatives,
    drawn,
    inject,
    kernels_for_all_sizes,
    module_of,
    repeated,
    twins,
)
from tests.row import Row

each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
needs_numba = pytest.mark.skipif(not kernels.use_numba(), reason="the twins are in use")


# -- far out -------------------------------------------------------------------------------------

STEP = 1e-4


def call(row: Row, arrays):
    return np.asarray(row.call(*arrays))


def gradients(row: Row, arrays, weights):
    tensors = [ag.Tensor(x, requires_grad=x.dtype.kind == "f") for x in arrays]
    floats = [t for t in tensors if t.requires_grad]
    found = ag.grad(row.call(*tensors), floats, grad_outputs=weights, allow_unused=True)
    return [
        np.zeros(t.shape, t.dtype) if g is None else g.data
        for t, g in zip(floats, found, strict=True)
    ]


def moved(arrays, directions, step):
    """The arrays, the floats among them moved along their directions."""
    steps = iter(directions)
    return [x + step * next(steps) if x.dtype.kind == "f" else x for x in arrays]


def agree(estimate, exact, size, noise, directions, what):
    """A central difference and ⟨gradient, direction⟩, whose terms add up to `size`."""
    rounding = 1e-12 * sum(float(np.abs(v).sum()) for v in directions)
    allowed = 1e-5 * max(size, abs(estimate)) + noise + rounding
    assert abs(estimate - exact) <= allowed, f"{what}: {exact} where {estimate} is right"


def scalar(a, b):
    return float(sum((x * y).sum() for x, y in zip(a, b, strict=True)))


@each_row
@pytest.mark.parametrize("scale", SCALES)
def test_far_out(row: Row, scale: str):
    """Value, gradient and second derivative of what a row draws times 60, 10⁴ and 10⁻⁸."""
    arrays = drawn(row, SCALES[scale])
    with np.errstate(all="ignore"):
        try:
            out = call(row, arrays)
        except ag.GlassgradError:
            return  # outside the domain, and said so
        if row.reference is not None:
            wanted = np.asarray(row.reference(*arrays))
            close = max(1e-7, 100 * row.tolerance)
            limits = {"rtol": 10 * close, "atol": 1e-14 + close * largest(wanted)}
            np.testing.assert_allclose(out, wanted, **limits)
        if not np.isfinite(out).all():
            return  # outside the domain, or of the dtype's range
        rng = np.random.default_rng(3)
        weights = rng.standard_normal(out.shape).astype(out.dtype)
        floats = [x for x in arrays if x.dtype.kind == "f"]
        first = gradients(row, arrays, weights)
        directions = [rng.standard_normal(x.shape) * np.minimum(1, np.abs(x)) for x in floats]
        for i, g in enumerate(first):
            alone = [v if j == i else v * 0 for j, v in enumerate(directions)]
            ends = [call(row, moved(arrays, alone, s * STEP)) for s in (1, -1)]
            estimate = float(((ends[0] - ends[1]) * weights).sum()) / (2 * STEP)
            noise = 4e-15 * float(np.abs(ends[0] * weights).sum()) / STEP
            exact, size = float((g * alone[i]).sum()), float(np.abs(g * alone[i]).sum())
            agree(estimate, exact, size, noise, alone, f"{row.id}, gradient of operand {i}")
        if row.order < 2 or not all(np.isfinite(g).all() for g in first):
            return
        tensors = [ag.Tensor(x, requires_grad=x.dtype.kind == "f") for x in arrays]
        leaves = [t for t in tensors if t.requires_grad]
        recorded = ag.grad(
            row.call(*tensors), leaves, grad_outputs=weights, create_graph=True, allow_unused=True
        )
        seeds = [rng.standard_normal(x.shape) for x in floats]
        pairs = [(g, u) for g, u in zip(recorded, seeds, strict=True) if g is not None]
        pairs = [(g, u) for g, u in pairs if g.requires_grad]
        second = [np.zeros(x.shape) for x in floats]
        if pairs:
            found = ag.grad(
                [g for g, _ in pairs], leaves, grad_outputs=[u for _, u in pairs], allow_unused=True
            )
            second = [s if g is None else g.data for s, g in zip(second, found, strict=True)]
        ends = [gradients(row, moved(arrays, directions, s * STEP), weights) for s in (1, -1)]
        estimate = (scalar(ends[0], seeds) - scalar(ends[1], seeds)) / (2 * STEP)
        noise = 4e-15 * scalar(map(np.abs, ends[0]), map(np.abs, seeds)) / STEP
        size = scalar(map(np.abs, second), map(np.abs, directions))
        exact, what = scalar(second, directions), f"{row.id}, second derivative"
        agree(estimate, exact, size, noise, directions, what)


@each_row
def test_float32_far_out(row: Row):
    """float32 agrees with float64 at 60 times what a row draws."""
    try:
        with np.errstate(all="ignore"):
            wide = derivatives(row, drawn(row, SCALES["60"]), order=1)
            if not all(np.abs(x).max(initial=0) < 1e30 for x in wide if x is not None):
                return  # float32 would not hold it
            narrow = derivatives(row, drawn(row, SCALES["60"], np.float32), order=1)
    except ag.GlassgradError:
        return
    for x, y in zip(narrow, wide, strict=True):
        if y is not None:
            assert x.dtype == np.float32
            tolerance = 10 * row.tolerance32 * max(1.0, largest(y))
            np.testing.assert_allclose(x, y, rtol=0, atol=tolerance)


def largest(x):
    x = np.abs(np.asarray(x, float))
    return float(x[np.isfinite(x)].max(initial=0))


# -- kernels -------------------------------------------------------------------------------------


def compare(row: Row, got, wanted, tolerance, what):
    """Kernel against twin: equal NaNs and infinities, and close numbers.

    Convolutions also multiply by zeros between and beside rows: what is not finite there may
    spread in a kernel to elements that do not read it, never the other way round.
    """
    spreads = convolves(row)
    for i, (x, y) in enumerate(zip(got, wanted, strict=True)):
        if x is None or y is None:
            assert x is y
            continue
        assert x.dtype == y.dtype
        if spreads:
            x = np.where(np.isfinite(x), x, np.nan)
            y = np.where(np.isnan(x), np.nan, y)
        limits = {"rtol": tolerance, "atol": tolerance * max(1.0, largest(y))}
        np.testing.assert_allclose(x, y, **limits, err_msg=f"{row.id}, {what}, result {i}")


def convolves(row: Row) -> bool:
    return module_of(registry[row.op].body) in ("conv", "conv_transpose")


def both(row: Row, arrays):
    """Value and derivatives by kernels and by twins (or the error that both raise)."""
    found = []
    for choice in (kernels_for_all_sizes, twins):
        with choice(), np.errstate(all="ignore"):
            try:
                found.append(derivatives(row, arrays))
            except ag.GlassgradError as error:
                found.append(type(error))
    return found


KERNELS: dict[str, Counter] = {}


def kernels_of(row: Row):
    """The compiled kernels that run for this row and its derivatives, and over how many chunks."""
    if row.id not in KERNELS:
        with kernels_for_all_sizes() as KERNELS[row.id], np.errstate(all="ignore"):
            derivatives(row, drawn(row))
    return KERNELS[row.id]


@needs_numba
@each_row
def test_kernels_equal_twins(row: Row):
    """Value, gradient and second derivative, near and far, in both dtypes.

    (Convolutions, which have no size below which they use their twins, in float64: other tests
    compare them in float32, at sizes that their kernels are made for.)
    """
    if not kernels_of(row):
        return
    dtypes = ((np.float64, 1e-10), (np.float32, 2e-5))
    for dtype, tolerance in dtypes[:1] if convolves(row) else dtypes:
        for scale in (1.0, SCALES["60"]):
            kernel, twin = both(row, drawn(row, scale, dtype))
            if isinstance(twin, type):
                assert kernel is twin
            else:
                compare(row, kernel, twin, tolerance * scale, f"{dtype.__name__} times {scale}")


FIRST = {row.op: row for row in reversed(ROWS)}


@needs_numba
@pytest.mark.parametrize("special", SPECIAL)
@pytest.mark.parametrize("row", FIRST.values(), ids=lambda row: row.id)
def test_kernels_and_twins_agree_on_special_values(row: Row, special: str):
    if not kernels_of(row) or special in row.apart:
        return
    kernel, twin = both(row, inject(drawn(row), SPECIAL[special]))
    if isinstance(twin, type):
        assert kernel is twin
    else:
        compare(row, kernel, twin, 1e-10, special)


LARGE = 20_000  # numbers: kernels take them in several chunks


@needs_numba
@each_row
def test_kernels_equal_twins_on_large_arrays(row: Row):
    """Rows of which some kernel makes a single chunk, with more of what they draw."""
    if 1 not in kernels_of(row).values() or convolves(row):
        return
    for dtype, tolerance in ((np.float64, 1e-10), (np.float32, 2e-5)):
        kernel, twin = both(row, repeated(drawn(row, 1.0, dtype), LARGE))
        if isinstance(twin, type):
            assert kernel is twin
        else:
            compare(row, kernel, twin, tolerance, f"large, {dtype.__name__}")


@needs_numba
def test_every_kernel_runs_in_a_row():
    """Each compiled kernel, and each function that chooses one, is compared by some row, and where
    it is written for several chunks at a time, over several."""
    called: set[str] = set()
    chunks: Counter[object] = Counter()
    names = [name for name, _ in functions() if name not in OTHERWISE]
    originals = {name: getattr(kernels, name) for name in names}

    def watched(name):
        def run(*args, **options):
            called.add(name)
            return originals[name](*args, **options)

        return run

    try:
        for name in names:
            setattr(kernels, name, watched(name))
        for row in ROWS:
            if kernels_of(row):
                with kernels_for_all_sizes() as now, np.errstate(all="ignore"):
                    arrays = drawn(row)
                    derivatives(row, arrays)
                    if 1 in now.values() and not convolves(row):
                        with contextlib.suppress(ag.GlassgradError):
                            derivatives(row, repeated(arrays, LARGE))
                chunks |= now
    finally:
        for name in names:
            setattr(kernels, name, originals[name])
    missing = set(names) - called
    assert not missing, "no row reaches these functions of autograd.kernels"
    most = {
        name: chunks[kernel]
        for name, kernel in compiled()
        if not name.startswith(tuple(APART.values()))
    }
    assert all(most.values()), f"no row reaches these compiled kernels: {fewer(most, 1)}"
    assert not fewer(most, 2), f"no row is large enough for two chunks: {fewer(most, 2)}"


def fewer(most, count):
    return [name for name, chunks in most.items() if chunks < count]


def functions():
    """Name and module of the functions of `autograd.kernels` that launch compiled code."""
    for name in kernels.__all__:
        module = inspect.getmodule(getattr(kernels, name))
        launches = hasattr(module, "parallel_for") and module is not runtime
        if launches and not module.__name__.endswith(".threads"):
            yield name, module


# Compared in tests of their own: no functions of an op's float operands, and what convolutions
# call one after the other by its address.
OTHERWISE = {"dropout_mask"}
APART = {
    "test_kernels_pointwise.py": "dropout.",
    "test_kernels_conv.py, test_conv_lanes.py, test_winograd.py": "conv.",
}


def test_every_function_of_kernels_has_a_twin():
    for name, module in functions():
        if name not in OTHERWISE:
            assert hasattr(module.twin, name), f"{module.__name__}.{name} has no NumPy twin"
