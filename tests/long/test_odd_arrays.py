"""Every row of the op table on arrays of odd memory, dtype or class: right, or refused by name."""

from __future__ import annotations

import tempfile
import traceback
import warnings

import numpy as np
import pytest

import autograd as ag
from autograd.errors import GlassgradError
from tests.long.campaign import LONG
from tests.op_cases import ROWS
from tests.reach import drawn

CHOSEN = ROWS if LONG else ROWS[::17]


class Sub(np.ndarray):
    """A subclass that changes nothing."""


def unaligned(x):
    memory = np.zeros(x.nbytes + 1, np.uint8)
    memory[1:] = np.frombuffer(x.tobytes(), np.uint8)
    return memory[1:].view(x.dtype).reshape(x.shape)


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


def mapped(x):
    if not x.size:
        return x
    with tempfile.TemporaryFile() as file:
        file.write(x.tobytes())
        return np.memmap(file, x.dtype, "r", shape=x.shape)


def gaps(x):
    return np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x


def masked(x):
    return np.ma.array(x, mask=np.ones(x.shape, bool))


def matrix(x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.matrix(x) if x.ndim == 2 else x


# name -> (what becomes of an array, its precision: None where no gradient can go through, so that
# beside a Tensor it must be refused; without one NumPy may know what to do with it)
ODD = {
    "Fortran order": (np.asfortranarray, 1e-12),
    "negative stride": (lambda x: x[::-1].copy()[::-1] if x.ndim else x, 1e-12),
    "gaps": (gaps, 1e-12),
    "read-only": (read_only, 1e-12),
    "memory-mapped": (mapped, 1e-12),
    "unaligned": (unaligned, 1e-12),
    "byte-swapped": (lambda x: x.astype(x.dtype.newbyteorder()), 1e-12),
    "subclass": (lambda x: x.view(Sub), 1e-12),
    "matrix": (matrix, 1e-12),
    "list": (lambda x: x.tolist(), 1e-4),  # of the default dtype
    "float16": (lambda x: x.astype(np.float16), 2e-2),
    "longdouble": (lambda x: x.astype(np.longdouble), 1e-6),
    "object": (lambda x: x.astype(object), None),
    "masked": (masked, None),
    "words": (lambda x: x.astype(str), None),
    "complex": (lambda x: x.astype(complex), None),
}


def results(row, arrays, wrap):
    operands = [wrap(a) if isinstance(a, np.ndarray | list) else a for a in arrays]
    out = row.call(*operands)
    if not isinstance(out, ag.Tensor):
        return [np.asarray(out)]
    leaves = [t for t in operands if isinstance(t, ag.Tensor) and t.requires_grad]
    found = ag.grad(out.sum(), leaves, allow_unused=True) if leaves and out.requires_grad else []
    return [out.data, *(np.zeros(()) if g is None else g.data for g in found)]


def plain(a):
    return a


def leaf(a):
    a = ag.tensor(a)
    return ag.Tensor(a.data, requires_grad=True) if a.dtype.kind == "f" else a


def check(row, oddity, wrap):
    """Whether the odd arrays gave right results or were refused by name; None: they are not odd."""
    change, precision = ODD[oddity]
    arrays = drawn(row)
    odd = [change(x) if x.dtype.kind == "f" else x for x in arrays]
    if all(type(a) is np.ndarray and a is x for a, x in zip(odd, arrays, strict=True)):
        return None
    with np.errstate(all="ignore"):
        wanted = results(row, arrays, wrap)
        try:
            got = results(row, odd, wrap)
        except GlassgradError:
            return "refused"
        except (AttributeError, TypeError) as error:  # the row itself takes a list for an array
            assert "cases" in traceback.extract_tb(error.__traceback__)[-1].filename, error
            return None
    if precision is None:
        assert wrap is plain, f"{row.id}: {oddity} arrays must be refused"
        assert np.allclose(got[0].astype(complex), wanted[0], rtol=1e-10, equal_nan=True)
        return "right"
    for x, y in zip(got, wanted, strict=True):
        assert type(x) is np.ndarray
        assert x.dtype.kind == y.dtype.kind
        size = np.abs(y[np.isfinite(y)]).max(initial=1)
        np.testing.assert_allclose(
            x.astype(float), y, rtol=precision, atol=precision * size, err_msg=f"{row.id} {oddity}"
        )
    return "right"


@pytest.mark.parametrize("oddity", ODD)
def test_odd_arrays(oddity, figures):
    for row in CHOSEN:
        if row.operands is not None:  # it prepares its operands with plain NumPy
            continue
        if any(x.dtype.kind == "f" and x.size for x in drawn(row)):
            for wrap in (leaf,) if oddity in ("words", "complex") else (plain, leaf):
                figures[check(row, oddity, wrap)] += 1
    del figures[None]
    if ODD[oddity][1] == 1e-12:
        assert figures["right"] > figures["refused"], "these are arrays like any other"
