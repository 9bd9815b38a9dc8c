"""The call of an op: spelled out from a template or general, it does the same, and once."""

import linecache
import pickle
import traceback

import numpy as np
import pytest

import autograd as ag
from autograd.engine import op_definition
from autograd.engine.taps import Tap
from tests.op_cases import ROWS
from tests.test_ops import draw

VALUES = [1.0, 2.0]
OPERANDS = {
    "float32": lambda: np.array(VALUES, np.float32),
    "float64": lambda: np.array(VALUES),
    "float16": lambda: np.array(VALUES, np.float16),
    "integers": lambda: np.array([1, 2]),
    "bytes": lambda: np.array([1, 2], np.int8),
    "swapped": lambda: np.array(VALUES, ">f4"),
    "booleans": lambda: np.array([True, False]),
    "float": lambda: 2.0,
    "integer": lambda: 2,
    "boolean": lambda: True,
    "scalar": lambda: np.float32(2.0),
    "list": lambda: VALUES,
    "Tensor": lambda: ag.tensor(VALUES, requires_grad=True),
    "constant": lambda: ag.tensor(VALUES),
    "Tensor of float64": lambda: ag.tensor(np.array(VALUES), requires_grad=True),
    "Tensor of integers": lambda: ag.tensor([1, 2]),
}


def outcome(call):
    """What a call gives, bit by bit: value, dtype, whether it was recorded, gradients."""
    try:
        out = call()
    except Exception as error:
        return type(error), str(error)
    if not isinstance(out, ag.Tensor):
        return type(out), np.asarray(out).dtype, np.asarray(out).tobytes()
    found = [out.dtype, out.shape, out.data.tobytes(), out.node is not None]
    if out.node is not None:
        edges = [edge for edge in out.node.edges if isinstance(edge, ag.Tensor)]
        out.sum().backward()
        found += [None if edge.grad is None else edge.grad.data.tobytes() for edge in edges]
    return found


def general(call):
    """The same while somebody listens, which is never spelled out."""

    def listened():
        with Tap():
            return call()

    return listened


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_template_does_what_the_general_call_does(row):
    for dtype in (np.float32, np.float64):
        arrays = [x.astype(dtype) if x.dtype.kind == "f" else x for x in draw(row)]

        def call(arrays=arrays):
            ag.manual_seed(0)
            return row.call(*[ag.Tensor(x, x.dtype.kind == "f") for x in arrays])

        assert outcome(call) == outcome(general(call))
        assert outcome(lambda a=arrays: row.call(*a)) == outcome(
            general(lambda a=arrays: row.call(*a))
        )


@pytest.mark.parametrize("first", OPERANDS)
def test_it_does_so_for_all_kinds_of_operands(first):
    a = OPERANDS[first]
    calls = [lambda op=op: op(a()) for op in (ag.exp, ag.negative, ag.sum)]
    for b in OPERANDS.values():
        for op in (ag.multiply, ag.minimum, ag.arctan2):
            calls.append(lambda op=op, b=b: op(a(), b()))
        for c in (None, 3.0, ag.tensor(VALUES)):
            calls.append(lambda b=b, c=c: ag.where(a(), b(), c))
    for call in calls:
        assert outcome(call) == outcome(general(call))


def counting(module):
    """An op of two operands that counts how often its body runs."""
    runs = []

    def twice(a: ag.Array, b: ag.Array, scale=1):
        runs.append(1)
        return a * b * scale, (lambda g: g * b * scale, lambda g: g * a * scale)

    twice.__module__ = module
    return ag.op(twice), runs


@pytest.mark.parametrize("module", ["autograd.ops.counting", "their.own"])
@pytest.mark.parametrize("first", ["Tensor", "float32", "float16", "list"])
def test_a_body_runs_once(module, first, monkeypatch):
    monkeypatch.setattr(op_definition, "registry", {})
    op, runs = counting(module)
    for second in OPERANDS.values():
        runs.clear()
        op(OPERANDS[first](), second())
        op(OPERANDS[first](), b=second(), scale=np.int64(2))
        assert len(runs) == 2


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_lines_of_the_template_are_shown_and_are_no_program_of_the_user(count):
    def one(a: ag.Array):
        raise KeyError

    def two(a: ag.Array, b: ag.Array):
        raise KeyError

    def three(a: ag.Array, b: ag.Array, c: ag.Array):
        raise KeyError

    x = ag.tensor([1.0], requires_grad=True)
    with pytest.raises(KeyError) as caught:
        ag.op([one, two, three][count - 1])(*[x] * count)
    linecache.checkcache()
    assert "result = body(" in "".join(traceback.format_exception(caught.value))
    assert (x * x).node.source.filename == __file__


def test_an_error_goes_to_another_process_without_the_tensors_it_failed_on():
    x = ag.tensor(np.ones((2, 3)), requires_grad=True)
    with pytest.raises(ag.ShapeError) as caught:
        (x * 2.0) @ x
    assert caught.value.failed.op is ag.matmul.op
    there = pickle.loads(pickle.dumps(caught.value))
    assert type(there) is ag.ShapeError and str(there) == str(caught.value)
    assert there.failed.op is None
