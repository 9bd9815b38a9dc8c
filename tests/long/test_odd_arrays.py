"""Arrays that are not plain memory of a float dtype, through every door: right, or refused by name.

`KINDS` says for each kind of array what is right. A door takes the odd array where the plain one
could stand; what comes out is compared with what the plain array gives.
"""

from __future__ import annotations

import array
import re
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import kernels
from autograd.errors import GlassgradError
from tests.long.campaign import LONG
from tests.op_cases import ROWS
from tests.optim_rules import SOME
from tests.row import Row, make
from tests.test_nn_layers import LAYERS


class Sub(np.ndarray):
    """A user's subclass that turns every reduction upside down: only its memory may be used."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        raise AssertionError("the subclass's own arithmetic was used")


@dataclass(frozen=True)
class Kind:
    """`make` gives the odd array with the numbers of a plain one, or None where there is none.

    `plain`: the plain array that it is worth, by default the one it was made of; None: it must be
    refused wherever a Tensor could stand, with `word` in the message. `close`: how near the results
    are, relative to the largest.
    """

    make: Callable[[np.ndarray], Any]
    plain: Callable[[np.ndarray], np.ndarray] | None = lambda x: x
    close: float = 1e-12
    word: str = ""


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
        return None
    with tempfile.TemporaryFile() as file:
        file.write(x.tobytes())
        return np.memmap(file, x.dtype, "r", shape=x.shape)


def repeated(x):
    return np.broadcast_to(x[:1], x.shape) if x.ndim and x.shape[0] else None


def matrix(x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.matrix(x) if x.ndim == 2 else None


def in_pandas(x):
    pandas = pytest.importorskip("pandas")
    if x.ndim not in (1, 2):
        return None
    return pandas.Series(x) if x.ndim == 1 else pandas.DataFrame(x)


def in_polars(x):
    polars = pytest.importorskip("polars")
    if x.ndim != 1 or not x.size:
        return None
    return polars.Series(x.tolist(), dtype=polars.Float64 if x.dtype.kind == "f" else polars.Int64)


def in_torch(x):
    return pytest.importorskip("torch").tensor(x)


def in_lists(x):
    return x.tolist() if x.size or x.ndim < 2 else None  # lists without numbers have no shape


def in_tuple(x):
    return tuple(x.tolist()) if x.ndim and in_lists(x) is not None else None


def hidden(x):
    return np.ma.array(x, mask=np.arange(x.size).reshape(x.shape) == 0) if x.size else None


def structured(x):
    return np.zeros(x.shape, [("a", x.dtype), ("b", "i4")])


def floats_only(convert):
    return lambda x: convert(x) if x.dtype.kind == "f" else None


def small(dtype):
    """Whole numbers that every dtype holds."""
    return lambda x: (np.abs(x) * 2 + 1).clip(0, 3).astype(np.int64).astype(x.dtype).astype(dtype)


KINDS = {
    # the same numbers in other memory, or in another's array: the same results
    "gaps": Kind(lambda x: np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else None),
    "negative stride": Kind(lambda x: x[::-1].copy()[::-1] if x.ndim else None),
    "zero stride": Kind(repeated, lambda x: repeated(x).copy()),
    "Fortran order": Kind(lambda x: np.asfortranarray(x) if x.ndim > 1 else None),
    "read-only": Kind(read_only),
    "memory-mapped": Kind(mapped),
    "unaligned": Kind(unaligned),
    "byte-swapped": Kind(lambda x: x.astype(x.dtype.newbyteorder())),
    "subclass": Kind(lambda x: x.view(Sub)),
    "recarray": Kind(lambda x: x.view(np.recarray)),
    "matrix": Kind(matrix),
    "nothing masked": Kind(lambda x: np.ma.array(x)),
    "memoryview": Kind(lambda x: memoryview(x) if x.size else None),
    "array.array": Kind(
        lambda x: (
            array.array("d" if x.dtype.kind == "f" else "q", x.tolist()) if x.ndim == 1 else None
        )
    ),
    "pandas": Kind(in_pandas),
    "polars": Kind(in_polars),
    "torch": Kind(in_torch),
    # Python's floats are of the dtype of what they stand beside, or of the default one
    "list": Kind(in_lists, close=1e-4),
    "tuple": Kind(in_tuple, close=1e-4),
    # numbers of another precision: the results of the same numbers in float64
    "float16": Kind(
        floats_only(lambda x: x.astype(np.float16)),
        lambda x: x.astype(np.float16).astype(x.dtype),
        3e-2,
    ),
    "longdouble": Kind(floats_only(lambda x: x.astype(np.longdouble)), close=1e-4),
    **{
        name: Kind(
            floats_only(small(name)), lambda x, name=name: small(name)(x).astype(x.dtype), 1e-4
        )
        for name in (
            "bool",
            *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
        )
    },
    # no numbers that a derivative could go through: refused
    "object": Kind(lambda x: x.astype(object), None, word="object"),
    "masked": Kind(hidden, None, word="masked array"),
    "structured": Kind(structured, None, word="'a'"),
    "complex": Kind(lambda x: x.astype(complex), None, word="complex128"),
    "dates": Kind(lambda x: np.zeros(x.shape, "M8[s]"), None, word="datetime64"),
    "text": Kind(lambda x: x.astype(str), None, word="<U"),
    "list of text": Kind(
        lambda x: x.astype(str).tolist() if x.size and x.ndim else None, None, word="<U"
    ),
    "generator": Kind(lambda x: iter(x.tolist()) if x.ndim else None, None, word="iterator|shape"),
}

each_kind = pytest.mark.parametrize("kind", KINDS)


def bytes_of(x: Any) -> Any:
    """What a later comparison shows to have been written to."""
    return x.tobytes() if isinstance(x, np.ndarray) and not x.dtype.hasobject else None


def raised_by_row(error: Exception) -> bool:
    """Whether the call of a row asked something of the array itself, before any op saw it."""
    asked, traceback = False, error.__traceback__
    while traceback is not None:
        parts = Path(traceback.tb_frame.f_code.co_filename).parts
        asked = "cases" in parts or (asked and "autograd" not in parts)
        traceback = traceback.tb_next
    return asked


def compared(
    name: str,
    kind: Kind,
    run: Callable[[Any], list[Any]],
    x: np.ndarray,
    arithmetic_of_numpy: bool = False,
) -> str | None:
    """What became of the odd array at that door; None where there is no such array or no such call.

    `run` gives the results for an array, odd or plain. `arithmetic_of_numpy`: whether no Tensor is
    in the call, so that what NumPy makes of numbers that are no real ones is as good as refusing.
    """
    odd = kind.make(x)
    if odd is None:
        return None
    plain = x if kind.plain is None else kind.plain(x)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            wanted = run(plain.copy())
        except GlassgradError:
            return None  # numbers that the function does not take
        before = bytes_of(odd)
        try:
            got = run(odd)
        except GlassgradError as error:
            message = str(error)
            assert re.search(f"got|{kind.word}", message), f"{name}: {message}"
            assert ":" in message, f"{name}: {message}"
            return "refused"
        except Exception as error:
            if raised_by_row(error):
                return None
            raise
        shares = name.startswith("parameter")  # it trains the array that it was made from
        assert shares or bytes_of(odd) == before, f"{name}: the caller's array was written to"
    if kind.plain is None and arithmetic_of_numpy:
        return "left to NumPy"
    assert kind.plain is not None, f"{name}: must be refused"
    for a, b in zip(got, wanted, strict=True):
        assert type(a) is np.ndarray, f"{name}: {type(a)}"
        assert a.dtype.kind in "fiub", f"{name}: {a.dtype}"
        if a.dtype.kind == "u":  # NumPy counts unsigned numbers round its circle
            b = b.astype(np.int64).astype(a.dtype)
        elif a.dtype.kind == "b":  # and adds truths to a truth
            b = b.astype(bool)
        size = np.abs(b[np.isfinite(b)]).max(initial=1) if b.dtype.kind == "f" else 1
        np.testing.assert_allclose(
            a.astype(float), b.astype(float), rtol=kind.close, atol=kind.close * size, err_msg=name
        )
    return "right"


# -- ops --------------------------------------------------------------------------------

OPERATORS = {"matmul-empty"}  # Python's own operator: the other array's class may answer first
LARGER = 1500  # times as many elements, where the row's call takes them: above all thresholds


def results(out: Any, leaves: list[ag.Tensor]) -> list[np.ndarray]:
    """The value, and the gradients of the leaves."""
    if not isinstance(out, ag.Tensor):
        return [np.asarray(x) for x in (out if _several(out) else [out])]
    if not out.requires_grad:
        return [checked(out.data)]
    seed = np.cos(np.arange(out.size)).reshape(out.shape)
    found = ag.grad(out, leaves, grad_outputs=seed, allow_unused=True)
    return [checked(out.data), *(np.zeros(()) if g is None else checked(g.data) for g in found)]


def _several(out: Any) -> bool:
    """Whether these are a value and what comes beside it."""
    return isinstance(out, tuple) and all(isinstance(x, np.ndarray) for x in out)


def checked(x: np.ndarray) -> np.ndarray:
    """What a Tensor holds is memory that kernels read."""
    assert x.dtype.isnative and x.flags.aligned
    return x


def drawn(row: Row) -> list[np.ndarray]:
    rng = np.random.default_rng(7)
    return [make(spec, rng) for spec in row.inputs]


@cache
def larger(number: int) -> list[np.ndarray] | None:
    """The row's inputs with their first axis repeated, if that fits the call."""
    row = ROWS[number]
    arrays = [np.concatenate([x] * LARGER) if x.ndim else x for x in drawn(row)]
    if sum(x.nbytes for x in arrays) > 1e6 or row.op in (
        "matmul",
        "outer",
        "tensordot",
        "multiply",
    ):
        return None
    try:
        with ag.no_grad():
            out = row.call(*map(ag.Tensor, arrays))
    except Exception:
        return None
    return arrays if out.size < 1e6 else None


def call(row: Row, arrays: list[np.ndarray], position: int, way: str) -> Callable[[Any], list[Any]]:
    """The row's call with another array at that position.

    `way`: "beside" Tensors, among "plain" arrays, or as a "leaf" on its memory.
    """

    def run(given: Any) -> list[Any]:
        operands: list[Any] = list(arrays)
        if way == "leaf":
            given = ag.Tensor(given, dtype=getattr(given, "dtype", None) and float_dtype(given))
            given.requires_grad = given.dtype.kind == "f"
        if way != "plain":
            operands = [ag.Tensor(x.copy(), requires_grad=x.dtype.kind == "f") for x in arrays]
        operands[position] = given
        leaves = [x for x in operands if isinstance(x, ag.Tensor) and x.requires_grad]
        return results(row.call(*operands), leaves)

    return run


def float_dtype(x: Any) -> Any:
    """Of integers and booleans there is no leaf: they are given as float64."""
    return np.float64 if getattr(x.dtype, "kind", "") in tuple("biu") else None


@pytest.mark.parametrize("way", ["beside", "plain", "leaf"])
@each_kind
def test_ops(kind, way, figures):
    chosen = KINDS[kind]
    first = list(KINDS).index(kind)
    every = 1 if LONG else 61
    for number in range(first % every, len(ROWS), every):
        row = ROWS[number]
        if way != "leaf" and (row.operands is not None or row.id in OPERATORS):
            continue  # it prepares its operands with plain NumPy
        if chosen.plain is None and row.op.endswith("_grad"):
            continue  # only backward calls it, with gradients of ours
        for arrays in [drawn(row), larger(number) if LONG and chosen.close == 1e-12 else None]:
            for position, x in enumerate(arrays or ()):
                if x.dtype.kind != "f" and way == "leaf":
                    continue
                if way == "beside" and len(arrays) == 1:
                    continue  # there is nothing beside it
                name = f"{row.id} [{position}] of {x.shape}: {kind}, {way}"
                plain = way == "plain"
                outcome = compared(name, chosen, call(row, arrays, position, way), x, plain)
                figures[outcome] += 1
    del figures[None]


# -- layers, losses, optimisers, data, files, creation, gradients from outside ------------------


@each_kind
def test_layers_and_losses(kind, figures):
    first = list(KINDS).index(kind)
    every = 1 if LONG else 17
    for name, args, options, inputs in LAYERS[first % every :: every]:
        for twin in ("numba", "numpy") if LONG else ("numba",):
            for position, x in enumerate(inputs):
                ag.manual_seed(0)
                layer = getattr(nn, name)(*args, **options).double()
                state = {k: v.data.copy() for k, v in layer.state_dict().items()}

                def run(given, layer=layer, state=state, position=position, inputs=inputs):
                    layer.load_state_dict(state)
                    layer.zero_grad()
                    tensors = [
                        ag.Tensor(x.copy(), requires_grad=x.dtype.kind == "f" and not i)
                        for i, x in enumerate(inputs)
                    ]
                    operands = [*tensors[:position], given, *tensors[position + 1 :]]
                    leaves = [*layer.parameters()]
                    if position:
                        leaves.append(tensors[0])
                    return results(layer(*operands), [t for t in leaves if t.requires_grad])

                kernels.set_kernels(twin)
                try:
                    case = f"{name} [{position}]: {kind}"
                    alone = len(inputs) == 1 and not state
                    figures[compared(case, KINDS[kind], run, x, alone)] += 1
                finally:
                    kernels.set_kernels(None)
    del figures[None]


def shaped(given: Any, value: float) -> np.ndarray:
    """A float64 array in the shape of anything."""
    return np.full(np.shape(np.asarray(given)), value)


def trained(rule: Callable[..., Any], given: Any, as_gradient: bool) -> list[np.ndarray]:
    """The parameter after three steps."""
    start = shaped(given, 0.5) if as_gradient else given
    w = nn.Parameter(start)
    optimiser = rule([w])
    before = w.data.copy()
    for _ in range(3):
        if as_gradient:
            w.grad = given
        else:
            optimiser.zero_grad()
            (w * w).sum().backward()
        optimiser.step()
    assert not as_gradient or not np.array_equal(before, w.data) or not before.size
    return [w.data]


def loaded(given: Any) -> list[np.ndarray]:
    with tempfile.TemporaryDirectory() as folder:
        nn.save({"a": given}, Path(folder) / "a")
        return [np.asarray(nn.load(Path(folder) / "a")["a"])]


def filled(given: Any, how: Callable[[ag.Tensor, Any], Any]) -> list[np.ndarray]:
    x = ag.Tensor(shaped(given, 1.0), requires_grad=True)
    how(x, given)
    return [x.data] if x._grad is None else [x.data, x.grad.data]


def squares(x):
    return (x * x).sum()


def set_data(x, given):
    x.data = given


def set_grad(x, given):
    x.grad = given


def set_items(x, given):
    with ag.no_grad():
        x[...] = given


def hooked(x, given):
    y = x * 2
    y.register_hook(lambda g: given)
    y.sum().backward()


def state_loaded(given: Any) -> list[np.ndarray]:
    module = nn.Module()
    module.w = nn.Parameter(shaped(given, 0.0))
    module.load_state_dict({"w": given})
    return [module.w.data]


def batches(given: Any) -> list[np.ndarray]:
    return [np.asarray(part) for batch in nn.data.DataLoader(given, batch_size=2) for part in batch]


DOORS: dict[str, Callable[[Any], list[np.ndarray]]] = {
    "tensor": lambda x: [ag.tensor(x, dtype=np.float64).data],
    "Tensor": lambda x: [ag.Tensor(x, dtype=np.float64).data],
    "Parameter": lambda x: [nn.Parameter(x, dtype=np.float64).data],
    "Buffer": lambda x: [nn.Buffer(x, dtype=np.float64).data],
    "full_like": lambda x: [ag.full_like(x, 2.0, dtype=np.float64).data],
    "full": lambda x: [ag.full((2, *shaped(x, 0).shape), x, dtype=np.float64).data],
    "linspace": lambda x: [ag.linspace(0.0, x, 3, dtype=np.float64).data],
    "normal": lambda x: [
        ag.normal(x, 1.0, generator=np.random.default_rng(1), dtype=np.float64).data
    ],
    "uniform": lambda x: [
        ag.uniform(-9.0, x, generator=np.random.default_rng(1), dtype=np.float64).data
    ],
    "data": lambda x: filled(x, set_data),
    "grad": lambda x: filled(x, set_grad),
    "setitem": lambda x: filled(x, set_items),
    "seed": lambda x: filled(x, lambda t, given: (t * 2).backward(given)),
    "seed, create_graph": lambda x: filled(
        x,
        lambda t, given: set_grad(
            t, ag.grad(t * t, t, grad_outputs=[given], create_graph=True)[0].detach()
        ),
    ),
    "hook": lambda x: filled(x, hooked),
    "load_state_dict": state_loaded,
    "save": loaded,
    "DataLoader": batches,
    "grad of a function": lambda x: [np.asarray(ag.func.grad(squares)(x))],
    **{
        f"{what} of optimiser {i}": lambda x, rule=rule, gradient=gradient: trained(
            lambda ps: rule[0](ps, lr=0.1, **rule[1]), x, gradient
        )
        for i, rule in enumerate(SOME)
        for what, gradient in (("parameter", False), ("gradient", True))
    },
}

# Batches may be of texts and dates (nothing is computed with them); a list is a tree of arguments.
SKIPPED = {
    "DataLoader": ["text", "list of text", "dates", "complex", "structured", "tuple", "object"],
    "save": ["list of text"],  # a file holds texts, as texts
    "grad of a function": ["list", "tuple", "list of text"],
}


@pytest.mark.parametrize("door", DOORS)
def test_doors(door, figures):
    rng = np.random.default_rng(3)
    shapes = [(6,), (4, 3), (300, 400)] if LONG else [(6,), (4, 3)]
    for kind in KINDS:
        for shape in shapes:
            if kind in SKIPPED.get(door, ()):
                continue
            if shape == (300, 400) and kind in ("list", "tuple", "list of text", "text", "object"):
                continue
            x = rng.uniform(0.5, 2.5, shape)
            figures[compared(f"{door}: {kind} of {shape}", KINDS[kind], DOORS[door], x)] += 1
    del figures[None]
