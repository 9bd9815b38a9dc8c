"""New Tensors, dtypes, shapes, gradients switched on and off."""

import numpy as np

import autograd as ag
from autograd.errors import (
    ArgumentError,
    DTypeError,
    GraphError,
    InPlaceError,
    ShapeError,
    UnknownNameError,
)
from tests.misuse.world import Row

ROWS = [
    Row(
        "a ragged list",
        lambda w: ag.tensor([[1, 2], [3]]),
        ShapeError,
        "tensor: .*rows.*one length",
    ),
    Row(
        "a misspelt dtype",
        lambda w: ag.tensor([1.0], dtype="flaot32"),
        DTypeError,
        r"tensor: dtype.*'flaot32'; write np\.float32",
    ),
    Row(
        "a device for a dtype",
        lambda w: w.d.to("cuda"),
        DTypeError,
        r"to: there is no device.*'cuda'",
    ),
    Row("device=", lambda w: ag.zeros(3, device="cuda"), DTypeError, "zeros: no argument 'device'"),
    Row("a text", lambda w: ag.tensor("1.5"), DTypeError, "tensor: values must be numbers.*str"),
    Row("None", lambda w: ag.tensor(None), DTypeError, "tensor: values must be numbers.*NoneType"),
    Row(
        "a generator",
        lambda w: ag.tensor(i for i in range(3)),
        DTypeError,
        r"tensor: .*generator.*list",
    ),
    Row("complex numbers", lambda w: ag.tensor([1j]), DTypeError, r"tensor: .*complex.*x\.real"),
    Row(
        "a masked array",
        lambda w: ag.tensor(np.ma.masked_array([1.0], [True])),
        DTypeError,
        "tensor: a masked.*filled",
    ),
    Row("Tensors in a list", lambda w: ag.tensor([w.x, w.x]), DTypeError, r"tensor: .*ag\.stack"),
    Row(
        "a Tensor that requires a gradient",
        lambda w: ag.tensor(w.x),
        DTypeError,
        r"tensor: .*gradient.*detach",
    ),
    Row(
        "integers that require a gradient",
        lambda w: ag.tensor([1, 2], requires_grad=True),
        DTypeError,
        "requires_grad: only float.*int64",
    ),
    Row(
        "a text for a switch",
        lambda w: ag.tensor([1.0], requires_grad="yes"),
        DTypeError,
        "requires_grad must be .*, got 'yes'",
    ),
    Row(
        "a text for a switch, set",
        lambda w: setattr(w.d, "requires_grad", "no"),
        DTypeError,
        "requires_grad must be .*, got 'no'",
    ),
    Row(
        "a dtype by position",
        lambda w: ag.zeros(2, 3, "float32"),
        DTypeError,
        "zeros: the shape.*'float32'.*dtype",
    ),
    Row("a negative length", lambda w: ag.zeros(2, -1), ShapeError, "zeros: lengths.*-1"),
    Row("a float for a length", lambda w: ag.ones(2.0), DTypeError, r"ones: the shape.*2\.0"),
    Row("True for a length", lambda w: ag.ones(True), DTypeError, "ones: the shape.*True"),
    Row(
        "the value before the shape",
        lambda w: ag.full(0.5, (2, 3)),
        DTypeError,
        r"full: the shape.*0\.5",
    ),
    Row(
        "numbers beyond a dtype",
        lambda w: ag.tensor([300], dtype="uint8"),
        ArgumentError,
        "tensor: uint8 holds 0 to 255, got 300",
    ),
    Row(
        "too large an integer",
        lambda w: ag.tensor(2**70),
        DTypeError,
        "tensor: an integer.*64 bits",
    ),
    Row("no step", lambda w: ag.arange(0, 1, 0), ArgumentError, "arange: step"),
    Row("arange without end", lambda w: ag.arange(0, float("inf")), ArgumentError, "arange: .*inf"),
    Row(
        "an array for a bound",
        lambda w: ag.arange(np.arange(3)),
        ShapeError,
        "arange: stop must be a number.*(3,)",
    ),
    Row(
        "a float for a count",
        lambda w: ag.linspace(0, 1, 5.0),
        DTypeError,
        r"linspace: num must be .*, got 5\.0",
    ),
    Row(
        "a negative deviation",
        lambda w: ag.normal(0.0, -1.0),
        ArgumentError,
        r"normal: scale.*-1\.0",
    ),
    Row(
        "bounds the wrong way round", lambda w: ag.uniform(1.0, 0.0), ArgumentError, "uniform: low"
    ),
    Row(
        "a float for a bound",
        lambda w: ag.randint(0, 2.5),
        DTypeError,
        r"randint: high must be .*, got 2\.5",
    ),
    Row(
        "randn of integers",
        lambda w: ag.randn(2, dtype=int),
        DTypeError,
        "randn: dtype must be a float dtype.*int64",
    ),
    Row(
        "a seed for a generator",
        lambda w: ag.rand(2, generator=0),
        DTypeError,
        "rand: generator.*int",
    ),
    Row(
        "a text for a seed",
        lambda w: ag.manual_seed("0"),
        DTypeError,
        "manual_seed: seed must be a whole number.*'0'",
    ),
    Row(
        "float16 by default",
        lambda w: ag.set_default_dtype("float16"),
        DTypeError,
        "set_default_dtype: .*float16",
    ),
    Row(
        "from_numpy",
        lambda w: ag.from_numpy(w.labels),
        UnknownNameError,
        r"'from_numpy'; write ag\.Tensor",
    ),
    Row("ag.float32", lambda w: ag.float32, UnknownNameError, r"'float32'.*np\.float32"),
    Row(
        "a leaf that is written to",
        lambda w: w.x.__iadd__(1.0),
        InPlaceError,
        r"leaf.*ag\.no_grad\(\)",
    ),
    Row(
        "a leaf whose element is set",
        lambda w: w.x.__setitem__(0, 1.0),
        InPlaceError,
        r"leaf.*ag\.no_grad\(\)",
    ),
    Row(
        "a result whose element is set",
        lambda w: (w.x * 2).__setitem__(0, 1.0),
        InPlaceError,
        r"x\[\.\.\.\].*multiply.*ag\.where",
    ),
    Row(
        "a result that requires no gradient",
        lambda w: (w.x * 2).requires_grad_(False),
        GraphError,
        r"requires_grad: .*multiply.*detach",
    ),
    Row(
        "a gradient of another shape",
        lambda w: setattr(w.x, "grad", np.ones(3)),
        ArgumentError,
        r"grad: .*\(2, 3\).*\(3,\)",
    ),
    Row(
        "data of another kind",
        lambda w: setattr(w.x, "data", [[1, 2, 3]]),
        DTypeError,
        "data: .*float.*int64",
    ),
    Row(
        "conversion to an array",
        lambda w: np.asarray(w.x),
        DTypeError,
        r"gradient.*lost.*x\.detach\(\)",
    ),
    Row(
        "numpy() of what is recorded",
        lambda w: (w.x * 2).numpy(),
        DTypeError,
        r"gradient.*lost.*x\.detach\(\)",
    ),
    Row(
        "item() of many",
        lambda w: w.x.item(),
        ArgumentError,
        r"item: .* must have one element, got shape \(2, 3\)",
    ),
    Row("float() of many", lambda w: float(w.x), ArgumentError, r"one element.*\(2, 3\)"),
    Row(
        "a condition of many",
        lambda w: bool(w.x),
        ArgumentError,
        r"bool: .*\(2, 3\).*any\(\)",
    ),
    Row(
        "a float for an index",
        lambda w: [1, 2][ag.tensor(1.0)],
        DTypeError,
        "float32 Tensor is no index",
    ),
    Row("len of a number", lambda w: len(ag.tensor(1.0)), DTypeError, "len: .*without axes"),
    Row("a loop over a number", lambda w: list(ag.tensor(1.0)), DTypeError, "iter: .*without axes"),
]
