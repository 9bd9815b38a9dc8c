"""Shorter words for what is only to be read: names that everybody knows in the place of formulas.

Each function bears the name of its op and takes symbols. A label of −1 ("no loss here") is left
out of these words.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.ops import activation, softmaxes
from autograd.words.symbols import PRODUCT, Symbol, literal, plain


def softmax(x: Any, axis: int = -1) -> Any:
    return _named("softmax", x, axis)


def log_softmax(x: Any, axis: int = -1) -> Any:
    return _named("log_softmax", x, axis)


def _named(name: str, x: Symbol, axis: int) -> Symbol:
    along = "" if axis % x.value.ndim == x.value.ndim - 1 else f", axis={axis}"
    return x.made(f"{name}({x.text}{along})", getattr(softmaxes, name)(x.value, axis))


def sigmoid(x: Any) -> Any:
    return x.made(f"1 / (1 + np.exp(-{x.shown(x, PRODUCT)}))", activation.sigmoid(x.value), PRODUCT)


def silu(x: Any) -> Any:
    return x / (1 + np.exp(-x))


def silu_grad(g: Any, x: Any) -> Any:
    s = sigmoid(x)
    return g * (s + x * s * (1 - s))


def softplus_grad(g: Any, x: Any, beta: float = 1.0) -> Any:
    return g * sigmoid(x * beta)


def relu(x: Any, at_zero: float = 0.0) -> Any:
    return x.made(f"relu({x.text})", activation.relu(x.value))


def relu_grad(g: Any, x: Any, at_zero: float = 0.0) -> Any:
    slope = x > 0 if at_zero == 0 else np.where(x > 0, 1.0, np.where(x == 0, at_zero, 0.0))
    return g * slope


def label_cross_entropy(logits: Any, labels: Any, divisor: Any = None, masked: bool = True) -> Any:
    value = softmaxes.label_cross_entropy(*plain((logits, labels)))
    losses = logits.made(f"cross_entropy({logits.text}, {logits.shown(labels)})", value)
    return losses if divisor is None else np.sum(losses) / divisor


def label_cross_entropy_grad(g: Any, logits: Any, labels: Any, saved: Any) -> Any:
    value = logits.value  # it has the shape, and is only to be read
    text = f"(softmax({logits.text}) - one_hot({logits.shown(labels)}))"
    if isinstance(g, Symbol) and g.uniform is None:
        return logits.made(f"{logits.shown(g, PRODUCT - 1)} * {text}", value, PRODUCT)
    factor = g.uniform if isinstance(g, Symbol) else g
    if factor == 1:
        return logits.made(text[1:-1], value, PRODUCT - 1)
    return logits.made(f"{literal(factor)} * {text}", value, PRODUCT)
