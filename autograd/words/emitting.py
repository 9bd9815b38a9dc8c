"""`to_numpy`: a function of NumPy arrays that computes the same gradients."""

from __future__ import annotations

import inspect
import os
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from autograd.engine.tensors import Tensor
from autograd.support.files import write_page
from autograd.support.unknown_names import named_arguments
from autograd.viz.values import shape_in_words
from autograd.words.explaining import derived
from autograd.words.formulas import HELPERS
from autograd.words.lines import Derivation


@named_arguments
class NumpyFunction:
    """NumPy code that computes gradients, and the arrays it was written for.

    `source` is the text of a Python file, which `save` writes; `arguments` are the arrays by name
    that give this graph's gradients; called without arguments it computes these, as a dictionary.
    """

    def __init__(self, source: str, name: str, derivation: Derivation):
        self.source, self.name = source, name
        self.arguments: dict[str, np.ndarray] = {
            i.name: i.value for i in derivation.inputs.values()
        }

    def __call__(self, **changed: Any) -> dict[str, np.ndarray]:
        """The gradients, with other arrays for some of the arguments."""
        space: dict[str, Any] = {}
        exec(compile(self.source, f"<{self.name}>", "exec"), space)
        return space[self.name](**{**self.arguments, **changed})

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the file; it needs NumPy only."""
        return write_page(path, self.source)

    def __str__(self) -> str:
        return self.source

    def __repr__(self) -> str:
        return f"<NumPy function {self.name}({', '.join(self.arguments)})>"


@named_arguments
def to_numpy(loss: Tensor | Callable[..., Tensor], *inputs: Any) -> NumpyFunction:
    """The gradients of `loss` as a NumPy function that needs nothing of this library.

    Given a function and its inputs, the file computes the forward pass too: its arguments are the
    leaves and the constants. Given a Tensor, whose graph does not keep everything, values of the
    forward pass that cannot be computed again are arguments as well; the file says which. The
    gradients are returned by the names of their leaves.

    They are this graph's: shapes, index keys, and the branches that the program took are fixed.
    They agree bit for bit with `backward` where all ops are NumPy's; sigmoid, tanh and softmax are
    compiled here and agree within rounding. Raises `GraphError` naming the op that cannot be
    written as NumPy code, such as a convolution.

    >>> import autograd as ag
    >>> w = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> code = ag.to_numpy(lambda w: (w * w).sum(), w)
    >>> code()["w"]
    array([2., 4.], dtype=float32)
    >>> for line in code.source.splitlines()[-2:]:
    ...     print(line.strip())
    dw = np.add(w, w, order="C")
    return {'w': dw}
    """
    derivation = derived("to_numpy", loss, inputs, strict=True)
    return NumpyFunction(_file(derivation), "gradients", derivation)


def _file(derivation: Derivation) -> str:
    lines = derivation.forward + derivation.backward
    body = ['"""Gradients of the loss, by the name of what they belong to.', ""]
    for i in derivation.inputs.values():
        body.append(f"{i.name}: {i.value.dtype} {shape_in_words(i.value.shape)}, {i.what}")
    body += [f"Note: {note}." for note in derivation.notes]
    body += ['"""']
    for part in (derivation.forward, derivation.backward):
        body += [f"{line.name} = {line.text}" for line in part]
    returned = ", ".join(f"{leaf!r}: {name}" for name, leaf in derivation.gradients.items())
    body.append(f"return {{{returned}}}")
    arguments = ", ".join(derivation.inputs)
    text = '"""Written by glassgrad; needs NumPy only."""\n\nimport numpy as np\n'
    for name, helper in HELPERS.items():
        if any(f"{name}(" in line.text for line in lines):
            text += "\n\n" + textwrap.dedent(inspect.getsource(helper)).replace(
                f"def _{name}", f"def {name}"
            ).replace(": Any", "").replace(": int", "").replace(" -> Any", "")
    return (
        text
        + f"\n\ndef gradients({arguments}):\n"
        + textwrap.indent("\n".join(body), "    ")
        + "\n"
    )
