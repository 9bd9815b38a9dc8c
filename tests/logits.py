"""What log-sum-exp of logits should give, and how to ask this library and PyTorch for it.

The exact functions take ℓ = log softmax(x), the largest logits, and v, w, all in extended
precision; they give the value, the gradient of ⟨w, value⟩ by x, and the gradient of ⟨v, that⟩.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autograd as ag
import nn.functional as F

Arrays = list[np.ndarray]
Exact = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], Arrays]


def of_logsumexp(log_p: np.ndarray, top: np.ndarray, v: np.ndarray, w: np.ndarray) -> Arrays:
    p = np.exp(log_p)
    u, mean = w[:, :1], (p * v).sum(1, keepdims=True)
    return [(top - log_p.max(1, keepdims=True))[:, 0], u * p, u * p * (v - mean)]


def of_softmax(log_p: np.ndarray, top: np.ndarray, v: np.ndarray, w: np.ndarray) -> Arrays:
    p = np.exp(log_p)
    w_c, v_c = (a - (p * a).sum(1, keepdims=True) for a in (w, v))
    return [p, p * w_c, p * (w_c * v_c - (p * w_c * v_c).sum(1, keepdims=True))]


def of_log_softmax(log_p: np.ndarray, top: np.ndarray, v: np.ndarray, w: np.ndarray) -> Arrays:
    p = np.exp(log_p)
    total = w.sum(1, keepdims=True)
    return [log_p, w - p * total, -p * (v - (p * v).sum(1, keepdims=True)) * total]


def of_sum(c: np.ndarray) -> Exact:
    """Of Σ c ℓ, row by row; w has the same number in all of a row."""

    def exact(log_p: np.ndarray, top: np.ndarray, v: np.ndarray, w: np.ndarray) -> Arrays:
        first, second = of_log_softmax(log_p, top, v, c * w[:, :1])[1:]
        return [(c * log_p).sum(1), first, second]

    return exact


def of_divergence(t: np.ndarray, log_t: np.ndarray) -> Exact:
    """Of t (log t − ℓ)."""

    def exact(log_p: np.ndarray, top: np.ndarray, v: np.ndarray, w: np.ndarray) -> Arrays:
        return [t * (log_t - log_p), *of_log_softmax(log_p, top, v, -t * w)[1:]]

    return exact


def exact_orders(exact: Exact, x: np.ndarray, v: np.ndarray, w: np.ndarray) -> Arrays:
    """Value and both derivatives at the rows x, to more digits than x has."""
    wide = x.astype(np.longdouble)
    top = wide.max(1, keepdims=True)
    log_p = wide - top
    log_p -= np.log(np.exp(log_p).sum(1, keepdims=True))
    return exact(log_p, top, v.astype(np.longdouble), w.astype(np.longdouble))


class Ours:
    """This library's functions, for arrays of `dtype`."""

    def __init__(self, dtype: type):
        self.dtype = dtype
        self.softmax, self.log_softmax, self.logsumexp = F.softmax, F.log_softmax, ag.logsumexp

    def of(self, array: np.ndarray) -> Any:
        return array.astype(self.dtype) if array.dtype.kind == "f" else array

    def all_of(self, options: dict[str, Any]) -> dict[str, Any]:
        return {k: self.of(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}

    def cross_entropy(self, x: Any, target: np.ndarray, **options: Any) -> Any:
        return F.cross_entropy(x, self.of(target), reduction="none", **self.all_of(options))

    def nll_loss(self, x: Any, target: np.ndarray, **options: Any) -> Any:
        return F.nll_loss(x, target, reduction="none", **self.all_of(options))

    def kl_div(self, x: Any, target: np.ndarray, **options: Any) -> Any:
        return F.kl_div(x, self.of(target), reduction="none", **options)

    def orders(
        self, call: Callable[[Any, Any], Any], x: np.ndarray, v: np.ndarray, w: np.ndarray
    ) -> Arrays:
        """The value of call(these functions, x), the gradient of ⟨w, it⟩, that of ⟨v, that⟩.

        Of w the first class counts alone where the function leaves one number to a row.
        """
        t = ag.tensor(x, requires_grad=True)
        out = call(self, t)
        w = w if out.ndim == w.ndim else w[:, 0]
        (first,) = ag.grad((out * self.of(w)).sum(), [t], create_graph=True)
        (second,) = ag.grad((first * self.of(v)).sum(), [t])
        return [a.data for a in (out, first, second)]


class Theirs(Ours):
    """PyTorch's functions of the same names."""

    def __init__(self, torch: Any, dtype: type):
        self.torch, self.dtype = torch, dtype
        self.softmax, self.log_softmax = torch.softmax, torch.log_softmax
        self.logsumexp = torch.logsumexp

    def of(self, array: np.ndarray) -> Any:
        return self.torch.tensor(super().of(array))

    def cross_entropy(self, x: Any, target: np.ndarray, **options: Any) -> Any:
        f = self.torch.nn.functional.cross_entropy
        return f(x, self.of(target), reduction="none", **self.all_of(options))

    def nll_loss(self, x: Any, target: np.ndarray, **options: Any) -> Any:
        f = self.torch.nn.functional.nll_loss
        return f(x, self.of(target), reduction="none", **self.all_of(options))

    def kl_div(self, x: Any, target: np.ndarray, **options: Any) -> Any:
        f = self.torch.nn.functional.kl_div
        return f(x, self.of(target), reduction="none", **options)

    def orders(
        self, call: Callable[[Any, Any], Any], x: np.ndarray, v: np.ndarray, w: np.ndarray
    ) -> Arrays:
        t = self.torch.tensor(x, requires_grad=True)
        out = call(self, t)
        w = w if out.ndim == w.ndim else w[:, 0]
        grad = self.torch.autograd.grad
        (first,) = grad((out * self.of(w)).sum(), [t], create_graph=True)
        (second,) = grad((first * self.of(v)).sum(), [t])
        return [a.detach().numpy() for a in (out, first, second)]
