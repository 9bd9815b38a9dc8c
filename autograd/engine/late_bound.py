"""The one circle of this package, and where it is closed.

A Tensor's operators are ops, and ops make Tensors. Imports run one way, from ops to Tensors: so a
Tensor reaches what is built on it through the names here, which are empty until `bind` fills them:
`autograd/__init__.py` calls it once its imports are done. Ops of different families reach each
other through the same `ops`.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograd import ops as ops
else:
    ops = ModuleType("autograd.ops")  # gets the names of that module

#: `backward(root, gradient, retain_graph, create_graph, inputs)` of `backprop.py`.
backward: Callable[..., None]

#: What ops do with plain arrays: sums over axes (`ops/reduce.py`), comparisons (`ops/compare.py`).
added: Callable[..., Any]
compared: Callable[..., Any]

#: What NumPy's functions do with Tensors: `interop/numpy_protocol.py`.
apply_ufunc: Callable[..., Any]
apply_function: Callable[..., Any]

#: How Tensors and errors show themselves: `viz/`, imported when it is first needed.
draw: Callable[..., Any]
tensor_html: Callable[..., Any]


def bind(all_ops: ModuleType, **functions: Callable[..., Any]) -> None:
    """Give the names of this module their meaning."""
    vars(ops).update(vars(all_ops))
    functions |= {"added": all_ops.reduce.added, "compared": all_ops.compare.compared}
    globals().update(functions)
