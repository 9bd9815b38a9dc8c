"""NaN, infinities, the smallest and largest numbers, ties, kinks and edges through every op.

Compiled kernels against their NumPy twins: value, gradient and second derivative. Values against
the rows' references; elementwise ops with all derivatives against PyTorch. Where two of them may
differ, a rule says so, and why.
"""

from __future__ import annotations

import warnings
import zlib

import numpy as np
import pytest

import autograd as ag
from autograd import kernels
from autograd.engine.op_definition import registry
from tests.long.campaign import LONG, cases
from tests.op_cases import ROWS
from tests.reach import derivatives, drawn, inject, module_of
from tests.row import Row
from tests.test_rows_reach import both, convolves, kernels_of, largest

try:
    import torch
except ImportError:
    torch = None

MIXED = [f"mixture {i}" for i in range(cases(1, 12))]


def special(dtype):
    """Name -> values of the dtype (what `Row.apart` calls them comes first in the name)."""
    info = np.finfo(dtype)
    least, tiny = float(info.smallest_subnormal), float(info.tiny)
    end = float(np.log(info.max))
    kinks = (0.5, -0.5, 1.5, 2.5, 1.0, -1.0)
    beside = [float(np.nextafter(dtype(k), dtype(to))) for k in kinks for to in (9, -9)]
    return {
        "NaN": (np.nan,),
        "infinities: +": (np.inf,),
        "infinities: -": (-np.inf,),
        "infinities": (np.inf, -np.inf),
        "zeros and subnormal numbers: zeros": (0.0, -0.0, 0.0, -0.0),
        "zeros and subnormal numbers": (least, -least, tiny / 3, -tiny / 3),
        "normal, smallest": (tiny, -tiny),
        "large: largest": (float(info.max), -float(info.max)),
        "large": (1e300, -1e300) if dtype == np.float64 else (1e30, -1e30),
        "large: 1e30": (1e30, -1e30),
        "ties": (1.0,) * 4,
        "kinks": kinks,
        "beside kinks": tuple(beside),
        "ends of exp": (end, end * 1.01, -end, end / 2, -end / 2, -end * 1.2),
    }


def numbers(name, dtype):
    """The values of a name; a mixture takes six of all."""
    table = special(dtype)
    if name in table:
        return table[name]
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    return tuple(rng.choice([v for values in table.values() for v in values], 6))


NAMES = [*special(np.float64), *MIXED]


def chosen(rows):
    """(row, dtype, name): all of them, or a few names of each row."""
    for i, row in enumerate(rows if LONG else rows[::4]):
        for dtype in (np.float64, np.float32):
            for name in NAMES if LONG else [NAMES[(5 * i + (dtype is np.float32)) % len(NAMES)]]:
                yield row, dtype, name


def operands(row, dtype, name):
    """What the row draws with the values in it; in a mixture operands hold different ones."""
    arrays, values = drawn(row, 1.0, dtype), numbers(name, dtype)
    if name not in MIXED:
        return inject(arrays, values)
    turned = [values[i % 6 :] + values[: i % 6] for i in range(len(arrays))]
    return [inject([x], v)[0] for x, v in zip(arrays, turned, strict=True)]


ELEMENTWISE = {"activation", "elementwise", "loss", "piecewise", "trigonometry"}


KNOWN: dict[str, bool] = {}


def elementwise(row: Row):
    """Whether the result has the shape of each operand, and an element depends on its own."""
    if row.id not in KNOWN:
        arrays = drawn(row)
        local = module_of(registry[row.op].body) in ELEMENTWISE
        local = local and all(x.dtype.kind == "f" for x in arrays)
        KNOWN[row.id] = local and {x.shape for x in arrays} == {np.shape(row.call(*arrays))}
    return KNOWN[row.id]


def kinds(x):
    """NaN, one of the infinities, or finite: 2, ±1, 0."""
    return np.where(np.isnan(x), 2, np.where(np.isinf(x), np.sign(x), 0))


def differ(x, y, tolerance, size=None):
    """Where two arrays differ: in kind, or by more than rounding.

    Numbers close to the smallest count as equal: kernels take exp(x) for 0 there, and a product
    keeps or loses such a factor. Rounding is relative to each element, or to a common `size`.
    """
    with np.errstate(all="ignore"):
        x, y = np.asarray(x), np.asarray(y)
        finite = np.isfinite(x) & np.isfinite(y)
        floor = float(np.finfo(x.dtype).tiny) * 2**24
        size = np.abs(y.astype(float)) if size is None else size
        far = np.abs(x / 2 - y / 2) > tolerance * size / 2 + floor
        return np.where(finite, far, kinds(x) != kinds(y))


def say(row, dtype, name, what, bad, x, y, arrays):
    place = tuple(np.argwhere(bad)[0])
    at = [a[place] for a in arrays if a.shape == bad.shape]
    return f"{row.id}, {dtype.__name__}, {name}: {what} {x[place]}, not {y[place]}, at {at}"


# -- kernels and twins ---------------------------------------------------------------------------

# Family of ops -> why a sum of numbers at the end of the range may be finite in one of the two.
SUMS = {
    "conv": "products are added in another order, and pass the largest number in one of them",
    "conv_transpose": "as conv",
    "normalize": "(x − mean) · weight / deviation has its factors in another order",
}


def overflows(arrays, dtype):
    """Whether a product of two of their numbers may pass the largest."""
    return max(map(largest, arrays)) > float(np.finfo(dtype).max) ** 0.5


def allowed(row, name):
    """Whether `Row.apart` gives a reason for which a kernel and its twin may differ."""
    return name.partition(":")[0] in row.apart or (name in MIXED and bool(row.apart))


@pytest.mark.skipif(not kernels.use_numba(), reason="the twins are in use")
def test_kernels_equal_twins(figures):
    wrong = []
    rows = ROWS if LONG else ROWS[::11]
    for row, dtype, name in chosen([row for row in rows if kernels_of(row)]):
        if allowed(row, name):
            figures["apart"] += 1
            continue
        arrays = operands(row, dtype, name)
        kernel, twin = both(row, arrays)
        figures["cases"] += 1
        if isinstance(kernel, type) or isinstance(twin, type):
            if kernel is not twin:
                wrong.append(f"{row.id}, {name}: {kernel}, not {twin}")
            continue
        summed = overflows(arrays, dtype) and module_of(registry[row.op].body) in SUMS
        for i, (x, y) in enumerate(zip(kernel, twin, strict=True)):
            if x is None or y is None:
                assert x is y
                continue
            size = None if elementwise(row) else max(1.0, largest(y), *map(largest, arrays))
            bad = differ(x, y, 1e-10 if dtype == np.float64 else 2e-4, size)
            if convolves(row):  # what is not finite may spread in a kernel: see `compare`
                bad &= np.isfinite(x) | ~np.isnan(x) & np.isfinite(y)
            if summed:
                bad &= np.isfinite(x) & np.isfinite(y)
            if row.op.endswith("_grad") and any(np.isinf(a).any() for a in arrays):
                bad &= ~(
                    np.isnan(x) & np.isinf(y)
                )  # ∞ times what is 0 in one, almost 0 in the other
            figures["numbers"] += x.size
            if bad.any():
                wrong.append(say(row, dtype, name, f"result {i} is", bad, x, y, arrays))
    assert not wrong, "\n".join(wrong)


# -- references ----------------------------------------------------------------------------------

# Op -> why the NaN (or what else is written) of its row's reference says nothing.
REFERENCE = {
    "relu": "np.where(x > 0, x, 0) drops a NaN, (|x| + x) / 2 is ∞ − ∞",
    "keep": "multiplies what is left out by 0",
    "relu_grad": "multiplies what is left out by 0",
    "sigmoid_grad": "(1 + tanh) / 2 is 0, and 0 · ∞ NaN",
    "silu": "multiplies −∞ by 0",
    "silu_grad": "a complex step overflows",
    "gelu": "multiplies −∞ by 0",
    "gelu_grad": "a complex step overflows",
    "probability_loss": "0 · log 0 is NaN",
    "x_log_x": "0 · log 0 is NaN",
    "logit_loss": "0 · ∞ is NaN; targets beyond [0, 1] mean nothing",
    "round": "NumPy multiplies the largest numbers by 10",
}
INEXACT = {
    "sigmoid": "(1 + tanh) / 2 cancels",
    "sigmoid_grad": "(1 + tanh) / 2 cancels",
    "silu": "(1 + tanh) / 2 cancels",
    "silu_grad": "(1 + tanh) / 2 cancels",
    "gelu": "(1 + tanh) / 2 cancels, x³ overflows",
    "gelu_grad": "(1 + tanh) / 2 cancels",
    "softplus_grad": "(1 + tanh) / 2 cancels",
    "softsign": "1 − 1 / (1 + x) cancels",
}


def test_values_against_references(figures):
    """Elementwise ops, number for number, at the precision of the dtype."""
    wrong = []
    for row, dtype, name in chosen([r for r in ROWS if elementwise(r) and r.reference is not None]):
        arrays = operands(row, dtype, name)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                out = np.asarray(row.call(*arrays))
            except ag.GlassgradError:
                figures["refused"] += 1
                continue
            wide = [x.astype(np.float64) if x.dtype.kind == "f" else x for x in arrays]
            wanted = np.asarray(row.reference(*wide)).astype(dtype)
        figures["cases"] += 1
        figures["numbers"] += out.size
        close = max(1e-11 if dtype == np.float64 else 1e-4, 10 * row.tolerance)
        bad = differ(out, wanted, close, max(1.0, largest(wanted)) if row.op in INEXACT else None)
        if row.op in REFERENCE:
            bad &= np.isfinite(wanted)
            bad &= ~np.isnan(out) | ~np.any([np.isnan(x) for x in arrays], axis=0)
        if bad.any():
            wrong.append(say(row, dtype, name, "value is", bad, out, wanted, arrays))
    assert not wrong, "\n".join(wrong)


# Op -> (orders of derivative, why PyTorch's may be another). "NaN: " says that one is NaN.
PYTORCH = {
    "sign": ("0", "NaN for NaN here, 0 in PyTorch"),
    "maximum": ("1", "where both are equal the first gets the gradient here, each half in PyTorch"),
    "minimum": ("1", "as maximum"),
    "elu": ("2", "the second derivative at the kink is that of the left here"),
    "selu": ("2", "the second derivative at the kink is that of the left here"),
    "silu": ("012", "NaN: 0 · ∞ in PyTorch, where x is far out"),
    "gelu": ("012", "NaN: 0 · ∞ in PyTorch, where x is far out"),
    "softsign": ("012", "NaN: ∞ / ∞ in PyTorch"),
    "erf": ("2", "NaN: 0 · ∞ in PyTorch, where x is far out"),
    "logaddexp": ("12", "NaN: (−∞) − (−∞) in PyTorch; nothing flows here where both are −∞"),
    "power": ("2", "NaN: aᵇ log a, of a = 0 in PyTorch, of a < 0 here"),
    "arcsin": ("2", "NaN: ∞ · 0 here, at the end of the domain"),
    "arccos": ("2", "NaN: as arcsin"),
    "arccosh": ("2", "NaN: as arcsin"),
    "arctanh": ("2", "NaN: as arcsin"),
    "arcsinh": ("2", "NaN: ∞ / ∞ in PyTorch"),
    "arctan2": ("12", "PyTorch's squares overflow or vanish"),
}


def pytorch(row: Row):
    """PyTorch's function of the row, or None."""
    if row.torch_reference is not None:
        return lambda *tensors: row.torch_reference(torch, *tensors)
    plain = not row.statics and not row.operands and row.reference is not None
    name = {"absolute": "abs", "divide": "div", "power": "pow", "rint": "round"}.get(row.op, row.op)
    return getattr(torch, name, None) if plain else None


def compared(row, function, arrays):
    """Triples (order, ours, PyTorch's)."""
    rng = np.random.default_rng(3)
    ours = [ag.Tensor(x, requires_grad=True) for x in arrays]
    other = [torch.tensor(x, requires_grad=True) for x in arrays]
    y, z = row.call(*ours), function(*other)
    pairs = [(0, y.data, z.detach().numpy())]

    def seeds(like):
        return [rng.standard_normal(x.shape).astype(x.dtype) for x in like]

    def add(order, tops, ours_tops):
        drawn_seeds = seeds(ours_tops)
        options = {"create_graph": order == 1, "allow_unused": True}
        g = ag.grad(ours_tops, ours, grad_outputs=drawn_seeds, **options)
        h = torch.autograd.grad(tops, other, [torch.tensor(s) for s in drawn_seeds], **options)
        for a, b, x in zip(g, h, arrays, strict=True):
            a_data = np.zeros_like(x) if a is None else a.data
            pairs.append((order, a_data, np.zeros_like(x) if b is None else b.detach().numpy()))
        return g, h

    if z.requires_grad and y.requires_grad:
        g, h = add(1, [z], [y])
        both_move = [
            (a, b) for a, b in zip(g, h, strict=True)
            if a is not None and b is not None and a.requires_grad and b.requires_grad
        ]  # fmt: skip
        if both_move:
            add(2, [b for _, b in both_move], [a for a, _ in both_move])
    return pairs


@pytest.mark.skipif(torch is None, reason="PyTorch is not installed")
def test_against_pytorch(figures):
    """Elementwise ops: value, gradients and second derivatives."""
    wrong = []
    for row, dtype, name in chosen([r for r in ROWS if elementwise(r) and pytorch(r) is not None]):
        arrays = operands(row, dtype, name)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                pairs = compared(row, pytorch(row), arrays)
            except (TypeError, RuntimeError):
                continue  # a function of that name with other arguments
        figures["cases"] += 1
        orders, why = PYTORCH.get(row.op, ("", ""))
        for order, x, y in pairs:
            close = 1e-9 if dtype == np.float64 else 2e-3
            bad = differ(x, y, close, max(1.0, largest(y)) if order else None)
            if order:
                bad &= ~np.isnan(pairs[0][1])  # outside the domain
            if str(order) in orders:
                bad &= ~(np.isnan(x) | np.isnan(y)) if why.startswith("NaN: ") else False
            figures["numbers"] += x.size
            if bad.any():
                wrong.append(say(row, dtype, name, f"derivative {order} is", bad, x, y, arrays))
    assert not wrong, "\n".join(wrong)


# Op -> why a result in float32 may be NaN or infinite where that in float64 is not.
NARROW = {
    "power": "b aᵇ⁻¹: the second factor overflows where the first is smallest",
    "logit_loss": "∞ − ∞ of terms that overflow: targets beyond [0, 1] mean nothing",
    "arctan2": "1 / (x² + y²) overflows within its second derivative",
}


def test_derivatives_in_float32(figures):
    """Elementwise ops: float64 on the same numbers says what is right.

    Where that is beyond float32, or within a factor of 16 of its end, ∞ or NaN will do.
    """
    wrong = []
    for row, dtype, name in chosen([r for r in ROWS if elementwise(r)]):
        if dtype is np.float64:
            continue
        arrays = operands(row, dtype, name)
        with np.errstate(all="ignore"):
            try:
                narrow = derivatives(row, arrays)
                wide = derivatives(row, [x.astype(np.float64) for x in arrays])
            except ag.GlassgradError:
                figures["refused"] += 1
                continue
            figures["cases"] += 1
            for i, (x, y) in enumerate(zip(narrow, wide, strict=True)):
                if x is None or y is None:
                    assert x is y
                    continue
                bad = differ(x, y.astype(dtype), 2e-3)
                bad &= ~np.isnan(wide[0])  # outside the domain
                bad &= np.isfinite(x) | (np.abs(y) < np.finfo(dtype).max / 16) | np.isnan(y)
                if row.op in NARROW:
                    bad &= np.isfinite(x)
                figures["numbers"] += x.size
                if bad.any():
                    wrong.append(say(row, dtype, name, f"result {i} is", bad, x, y, arrays))
    assert not wrong, "\n".join(wrong)
