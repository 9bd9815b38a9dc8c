"""Update rules in one pass over the arrays, compiled: the same operations in the same order as the
rules in NumPy (`SGD.update`, `Adam.update`, ...), so the same bits.

A factory makes a kernel for each combination of settings that changes the operations. A kernel
works on all parameters of one dtype in one launch: row p of `places` holds the ids of parameter p's
arrays (weights, gradient, state) and then their size; a chunk is (p, first element).
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numba
import numpy as np
from numba import carray, types  # type: ignore[attr-defined]
from numba.extending import intrinsic
from numba.np.numpy_support import from_dtype

from autograd.kernels.runtime import jit

#: Elements that a kernel works on at a time.
CHUNK = 4096

#: Where an ndarray keeps the address of its elements: in its first field, behind the head of every
#: object. (So says NumPy's C interface. To ask ten arrays in Python costs more than this launch.)
ADDRESS = object.__basicsize__


@intrinsic
def _pointer(typingctx: Any, address: Any, like: Any) -> Any:
    """The address as a pointer to numbers of `like`'s type."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

    return types.CPointer(like)(address, like), codegen


@numba.njit(inline="always")
def _piece(places, p, column, first, like):  # type: ignore[no-untyped-def]
    """A chunk of the array whose id, the address of the object, is in row p of this column."""
    field: Any = _pointer(places[p, column] + ADDRESS, places[p, column])  # type: ignore[call-arg]
    address: Any = field[0]  # type: ignore[unreachable]
    whole = carray(_pointer(address, like), places[p, places.shape[1] - 1])
    return whole[first : first + CHUNK]


@cache
def sgd(
    dtype: np.dtype[Any],
    momentum: bool,
    dampening: bool,
    nesterov: bool,
    decay: bool,
    maximize: bool,
) -> Any:
    """w, g and with momentum v; w and v are written."""
    real = from_dtype(dtype)

    @jit(key=(dtype.char, momentum, dampening, nesterov, decay, maximize))
    def update(lo, hi, places, chunks, lr, mu, share, weight_decay):  # type: ignore[no-untyped-def]
        lr, mu, share, weight_decay = real(lr), real(mu), real(share), real(weight_decay)
        for chunk in range(lo, hi):
            p, first = chunks[chunk, 0], chunks[chunk, 1]
            w = _piece(places, p, 0, first, lr)
            g = _piece(places, p, 1, first, lr)
            v = _piece(places, p, 2 if momentum else 0, first, lr)
            for i in range(w.size):
                slope = -g[i] if maximize else g[i]
                if decay:
                    slope = slope + w[i] * weight_decay
                if momentum:
                    velocity = v[i] * mu + (slope * share if dampening else slope)
                    v[i] = velocity
                    slope = slope + velocity * mu if nesterov else velocity
                w[i] = w[i] - slope * lr

    return update


@cache
def adam(dtype: np.dtype[Any], decay: bool, decoupled: bool, amsgrad: bool, maximize: bool) -> Any:
    """w, g, m, v and with amsgrad the largest v; all but g are written."""
    real = from_dtype(dtype)

    @jit(key=(dtype.char, decay, decoupled, amsgrad, maximize))
    def update(lo, hi, places, chunks, weight_decay, a, b, beta2, lr, root, eps):  # type: ignore[no-untyped-def]
        weight_decay, a, b, beta2 = real(weight_decay), real(a), real(b), real(beta2)
        lr, root, eps = real(lr), real(root), real(eps)
        for chunk in range(lo, hi):
            p, first = chunks[chunk, 0], chunks[chunk, 1]
            w = _piece(places, p, 0, first, lr)
            g = _piece(places, p, 1, first, lr)
            m = _piece(places, p, 2, first, lr)
            v = _piece(places, p, 3, first, lr)
            top = _piece(places, p, 4 if amsgrad else 3, first, lr)
            for i in range(w.size):
                weight = w[i]
                slope = -g[i] if maximize else g[i]
                if decoupled:
                    weight = weight * weight_decay
                elif decay:
                    slope = slope + weight * weight_decay
                mean = m[i] + (slope - m[i]) * a
                square = v[i] * beta2 + slope * b * slope
                m[i] = mean
                v[i] = square
                if amsgrad:
                    # NumPy's maximum: a NaN on either side stays
                    if top[i] > square or top[i] != top[i]:
                        square = top[i]
                    top[i] = square
                w[i] = weight - mean * lr / (math.sqrt(square) / root + eps)

    return update


@cache
def rmsprop(
    dtype: np.dtype[Any], momentum: bool, centered: bool, decay: bool, maximize: bool
) -> Any:
    """w, g, v, with momentum b, centred m; all but g are written."""
    real = from_dtype(dtype)
    column_m = 4 if momentum else 3

    @jit(key=(dtype.char, momentum, centered, decay, maximize))
    def update(lo, hi, places, chunks, lr, alpha, rest, eps, mu, weight_decay):  # type: ignore[no-untyped-def]
        lr, alpha, rest, eps = real(lr), real(alpha), real(rest), real(eps)
        mu, weight_decay = real(mu), real(weight_decay)
        for chunk in range(lo, hi):
            p, first = chunks[chunk, 0], chunks[chunk, 1]
            w = _piece(places, p, 0, first, lr)
            g = _piece(places, p, 1, first, lr)
            v = _piece(places, p, 2, first, lr)
            b = _piece(places, p, 3 if momentum else 2, first, lr)
            m = _piece(places, p, column_m if centered else 2, first, lr)
            for i in range(w.size):
                slope = -g[i] if maximize else g[i]
                if decay:
                    slope = slope + w[i] * weight_decay
                square = v[i] * alpha + slope * rest * slope
                v[i] = square
                if centered:
                    mean = m[i] + (slope - m[i]) * rest
                    m[i] = mean
                    square = square - mean * mean
                root = math.sqrt(square) + eps
                if momentum:
                    heavy = b[i] * mu + slope / root
                    b[i] = heavy
                    w[i] = w[i] - heavy * lr
                else:
                    w[i] = w[i] - slope * lr / root

    return update


@cache
def adagrad(dtype: np.dtype[Any], decay: bool, maximize: bool) -> Any:
    """w, g and the sum of squares s; w and s are written."""
    real = from_dtype(dtype)

    @jit(key=(dtype.char, decay, maximize))
    def update(lo, hi, places, chunks, lr, eps, weight_decay):  # type: ignore[no-untyped-def]
        lr, eps, weight_decay = real(lr), real(eps), real(weight_decay)
        for chunk in range(lo, hi):
            p, first = chunks[chunk, 0], chunks[chunk, 1]
            w = _piece(places, p, 0, first, lr)
            g = _piece(places, p, 1, first, lr)
            s = _piece(places, p, 2, first, lr)
            for i in range(w.size):
                slope = -g[i] if maximize else g[i]
                if decay:
                    slope = slope + w[i] * weight_decay
                total = s[i] + slope * slope
                s[i] = total
                w[i] = w[i] - slope * lr / (math.sqrt(total) + eps)

    return update
