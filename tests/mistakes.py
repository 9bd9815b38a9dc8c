"""What type checkers must see: each line ends with the mistake that mypy finds in it.

`make lint` checks this file with the packages: an `ignore` that nothing needs is an error there,
and so is a mistake in the right lines at the end. Nothing here is ever run.
"""

# ruff: noqa: B018

import numpy as np

import autograd as ag
import nn
import nn.functional as F
import optim

x = ag.tensor([1.0, 2.0])

number: int = ag.exp(x)  # type: ignore[assignment]
ag.sum(x, axis="nonsense", bogus=3)  # type: ignore[call-overload]
ag.sum(x, axis="nonsense")  # type: ignore[arg-type]
ag.conv2d(x, 3, strde=2)  # type: ignore[call-overload]
x.sum(aixs=1)  # type: ignore[call-arg]
x.cpu()  # type: ignore[attr-defined]
ag.no_such_function(x)  # type: ignore[attr-defined]
nn.NoSuchLayer()  # type: ignore[attr-defined]
nn.Linear(2, 2, bais=False)  # type: ignore[call-arg]
nn.Linear(2, 2).wieght  # type: ignore[attr-defined]
optim.SDG([x])  # type: ignore[attr-defined]
optim.SGD([x], momentun=0.9)  # type: ignore[call-arg]
F.crossentropy(x, x)  # type: ignore[attr-defined]
F.dropout(x, pp=0.1)  # type: ignore[call-arg]
ag.zeros(2, dtpye=float)  # type: ignore[call-arg]

ag.sum(x, axis=1, keepdims=True)
ag.sum(x, dim=(0, 1), keepdim=True)
x.sum(dim=0)
F.softmax(x, dim=1)
F.conv2d(input=x, weight=x, stride=2)
F.max_pool2d(x, 2)
result: ag.Tensor = ag.exp(x) + ag.matmul(x, x)
array: np.ndarray = ag.exp(np.ones(2))
ag.grad(result, [x])
ag.draw(result)
ag.curvature
nn.Sequential(nn.ReLU(), nn.Linear(1, 1))
optim.SGD([x], lr=0.1)


@ag.op
def cube(x: ag.Array):  # type: ignore[no-untyped-def]
    return x**3, lambda g: g * 3 * x**2


cube(x)
