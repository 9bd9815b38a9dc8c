"""Indexing, broadcasting, reductions, shapes, linear algebra, NumPy's functions, backward."""

import numpy as np

import autograd as ag
from autograd.errors import (
    ArgumentError,
    AxisError,
    DTypeError,
    GraphError,
    IndexRangeError,
    ShapeError,
    UnknownNameError,
)
from tests.misuse.world import Row


def twice(w):
    loss = (w.d.requires_grad_() * 2).sum()
    loss.backward()
    kept, w.d.grad = w.d.grad, None
    w.d.requires_grad_(False)
    assert kept is not None
    loss.backward()


ROWS = [
    Row(
        "an index out of range",
        lambda w: w.x[5],
        IndexRangeError,
        r"getitem.*5.*out of bounds|index 5",
    ),
    Row(
        "too many indices",
        lambda w: w.x[0, 0, 0],
        IndexRangeError,
        "getitem.*too many indices|indices",
    ),
    Row(
        "a float for an index of a Tensor",
        lambda w: w.x[1.0],
        (DTypeError, IndexError),
        r"getitem|index",
    ),
    Row("a text for an index", lambda w: w.x["a"], (DTypeError, IndexError), r"getitem|index"),
    Row(
        "a mask of another shape",
        lambda w: w.x[np.ones((3, 3), bool)],
        IndexError,
        r"getitem|mask|boolean",
    ),
    Row("floats for positions", lambda w: ag.take(w.x, [0.5]), DTypeError, r"take.*indices"),
    Row("positions out of range", lambda w: ag.take(w.x, [7], axis=0), IndexError, "take.*7"),
    Row(
        "shapes that do not broadcast",
        lambda w: w.x + np.ones(2),
        ShapeError,
        r"add\(a: float32 \(2, 3\), b: float64 \(2,\)\)",
    ),
    Row(
        "comparison of shapes",
        lambda w: w.x > np.ones(2),
        ShapeError,
        r"greater: the shapes \(2, 3\) and \(2,\)",
    ),
    Row("addition of a text", lambda w: w.x + "1", DTypeError, "add: operand 'b'.*str"),
    Row("addition of None", lambda w: None + w.x, DTypeError, "add: operand 'a'.*NoneType"),
    Row("addition of a dict", lambda w: w.x + {}, DTypeError, "add: operand 'b'.*dict"),
    Row("in place with another shape", lambda w: w.d.__iadd__(np.ones(2)), ShapeError, r"\(2, 3\)"),
    Row("in place with another dtype", lambda w: ag.tensor([1]).__iadd__(0.5), DTypeError, "int64"),
    Row("an axis that is not there", lambda w: w.x.sum(axis=2), AxisError, "sum.*axis 2"),
    Row("a float for an axis", lambda w: w.x.sum(axis=1.0), DTypeError, "sum.*float"),
    Row("a text for an axis", lambda w: w.x.sum(axis="rows"), DTypeError, "sum"),
    Row(
        "a misspelt keyword",
        lambda w: w.x.sum(aixs=1),
        DTypeError,
        "sum: no argument 'aixs'.*'axis'",
    ),
    Row(
        "max(dim=)",
        lambda w: w.x.max(dim=1),
        ArgumentError,
        r"max\(dim=1\).*x\.max\(axis=1\).*argmax",
    ),
    Row(
        "var(unbiased=)",
        lambda w: w.x.var(unbiased=False),
        DTypeError,
        "var: .*'unbiased'.*correction=0",
    ),
    Row(
        "axis and dim",
        lambda w: w.x.sum(axis=0, dim=1),
        DTypeError,
        "sum: got both 'dim' and 'axis'",
    ),
    Row(
        "a shape of another size",
        lambda w: w.x.reshape(4, 2),
        ShapeError,
        r"reshape: shape \(4, 2\).*\(2, 3\)",
    ),
    Row("two unknown lengths", lambda w: w.x.reshape(-1, -1), ShapeError, "reshape"),
    Row(
        "transpose of two axes of many",
        lambda w: w.images.transpose(1, 2),
        ArgumentError,
        r"transpose: axes must name all 4.*swapaxes\(1, 2\)",
    ),
    Row("flatten(1)", lambda w: w.images.flatten(1), ArgumentError, r"flatten\(1\).*start_dim=1"),
    Row("size(0)", lambda w: w.x.size(0), DTypeError, r"size: .*x\.shape\[0\]"),
    Row("cpu()", lambda w: w.x.cpu(), UnknownNameError, "'cpu'.*on the CPU"),
    Row("ag.cat", lambda w: ag.cat([w.x, w.x]), UnknownNameError, r"'cat'; write ag\.concatenate"),
    Row(
        "concatenate without a list",
        lambda w: ag.concatenate(w.x, w.x),
        DTypeError,
        "concatenate: .*axis",
    ),
    Row(
        "concatenate of nothing",
        lambda w: ag.concatenate([]),
        ArgumentError,
        "concatenate: arrays must hold at least one",
    ),
    Row(
        "concatenate of other shapes",
        lambda w: ag.concatenate([w.x, w.images]),
        ShapeError,
        "concatenate",
    ),
    Row("stack of other shapes", lambda w: ag.stack([w.x, w.x[0]]), ShapeError, "stack"),
    Row("split into unequal parts", lambda w: ag.split(w.x, 4), ShapeError, "split"),
    Row("squeeze of a long axis", lambda w: w.x.squeeze(0), ShapeError, "squeeze"),
    Row(
        "repeat by a negative number",
        lambda w: w.x.repeat(-1),
        (ShapeError, ArgumentError),
        "repeat",
    ),
    Row(
        "pad with a misspelt mode",
        lambda w: ag.pad(w.x, 1, mode="reflekt"),
        ArgumentError,
        "pad: mode.*'reflekt'",
    ),
    Row(
        "clip without bounds",
        lambda w: ag.clip(w.x),
        ArgumentError,
        "clip: a_min or a_max must be given",
    ),
    Row(
        "products of other lengths",
        lambda w: w.x @ w.x,
        ShapeError,
        r"matmul: shapes \(2, 3\) and \(2, 3\)",
    ),
    Row("a product with a number", lambda w: w.x @ 2.0, ShapeError, r"matmul: .*number"),
    Row(
        "einsum of a misspelt key",
        lambda w: ag.einsum("ij,jk->iq", w.x, w.x),
        (ShapeError, ArgumentError),
        "einsum",
    ),
    Row(
        "einsum with too few operands",
        lambda w: ag.einsum("ij,jk->ik", w.x),
        (ShapeError, ArgumentError),
        "einsum",
    ),
    Row("inverse of an oblong", lambda w: ag.inv(w.x), ShapeError, "inv.*(square|last 2)"),
    Row(
        "inverse of a singular matrix",
        lambda w: ag.inv(np.zeros((2, 2))),
        (ArgumentError, ShapeError),
        "inv.*[Ss]ingular",
    ),
    Row(
        "cholesky of what is not positive",
        lambda w: ag.cholesky(-np.eye(2)),
        (ArgumentError, ShapeError),
        "cholesky.*positive",
    ),
    Row("solve of other sizes", lambda w: ag.solve(np.eye(3), np.ones(2)), ShapeError, "solve"),
    Row(
        "a misspelt norm",
        lambda w: ag.norm(w.x, ord="fo"),
        (ArgumentError, DTypeError),
        "norm.*'fo'",
    ),
    Row(
        "a NumPy function without an op",
        lambda w: np.linalg.svd(w.x),
        DTypeError,
        r"np\.linalg\.\w*svd.*not recorded.*detach",
    ),
    Row(
        "out=",
        lambda w: np.add(w.x, 1, out=np.zeros((2, 3))),
        DTypeError,
        r"np\.add\(out=\).*not recorded",
    ),
    Row(
        "dtype= of a recorded sum",
        lambda w: np.sum(w.x, dtype=float),
        DTypeError,
        r"np\.sum\(dtype=\).*not recorded",
    ),
    Row("an array of Tensors", lambda w: np.array([w.x, w.x]), DTypeError, r"gradient.*ag\.stack"),
    Row(
        "backward of many elements",
        lambda w: (w.x * 2).backward(),
        GraphError,
        r"backward.*\(2, 3\)|one element",
    ),
    Row(
        "backward of a constant",
        lambda w: w.d.sum().backward(),
        GraphError,
        "backward.*requires? (no|a) gradient",
    ),
    Row("backward twice", twice, GraphError, r"backward.*retain_graph"),
    Row(
        "a seed of another shape",
        lambda w: (w.x * 2).backward(np.ones(3)),
        (ShapeError, ArgumentError, GraphError),
        r"\(2, 3\).*\(3,\)",
    ),
    Row(
        "the gradient by an array",
        lambda w: ag.grad(w.x.sum(), [w.labels]),
        (DTypeError, GraphError),
        "grad",
    ),
    Row(
        "the gradient by a stranger",
        lambda w: ag.grad((w.x * 2).sum(), [w.net[0].weight]),
        GraphError,
        "grad.*allow_unused",
    ),
    Row(
        "the gradient of an array",
        lambda w: ag.grad(w.labels, [w.x]),
        (DTypeError, GraphError),
        "grad",
    ),
    Row(
        "argnums out of range",
        lambda w: ag.grad(lambda a: a.sum(), argnums=1)(w.d),
        ArgumentError,
        "grad: argnums.*1",
    ),
    Row("a value for a function", lambda w: ag.func.jacobian(w.x), DTypeError, "jacobian"),
    Row(
        "a function that returns no Tensor",
        lambda w: ag.grad(lambda a: "loss")(w.d),
        (GraphError, DTypeError),
        "grad",
    ),
    Row(
        "in_dims",
        lambda w: ag.func.vmap(lambda a: a, in_dims=0),
        DTypeError,
        "vmap: .*in_dims.*in_axes",
    ),
    Row(
        "vmap over other lengths",
        lambda w: ag.func.vmap(lambda a, b: a)(np.ones(2), np.ones(3)),
        ShapeError,
        "vmap: .*length",
    ),
    Row(
        "a hook that is no function",
        lambda w: w.x.register_hook(3),
        DTypeError,
        "register_hook: .*int",
    ),
    Row(
        "retain_grad of a constant",
        lambda w: w.d.retain_grad(),
        GraphError,
        "retain_grad: .*no gradient",
    ),
    Row(
        "a copy of a result",
        lambda w: __import__("copy").deepcopy(w.x * 2),
        GraphError,
        "only leaves.*detach",
    ),
    Row(
        "check_grads of a constant",
        lambda w: ag.check_grads(lambda a: a * 2, [3]),
        (DTypeError, ArgumentError),
        "check_grads",
    ),
    Row(
        "an op without operands",
        lambda w: ag.op(lambda x: (x, None)),
        DTypeError,
        "op <lambda>: .*Array",
    ),
]
