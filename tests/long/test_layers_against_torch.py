"""Every layer, function and loss that PyTorch has too, over random hyper-parameters and shapes.

Values, gradients of inputs, weights and biases, second order, running statistics and state, in
training and evaluation, in float32 and float64, with the compiled kernels and their twins. What
PyTorch refuses is refused, and the other way round, but for the differences listed here.
"""

from __future__ import annotations

import copy
import warnings
import zlib
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
import nn.functional as F
from autograd.errors import GlassgradError
from autograd.kernels import set_kernels
from tests.long.campaign import cases
from tests.long.layer_draws import FUNCTIONS, MODULES, Case

torch = pytest.importorskip("torch")

NO_LAYERS = {"Module", "ModuleDict", "ModuleList", "Sequential", "Parameter", "Buffer"}
REFUSALS = (RuntimeError, ValueError, IndexError, TypeError, NotImplementedError, AssertionError)

# What differs on purpose: names, what is said by the library that refuses, and the reason.
Differences = list[tuple[str, str, str]]
ONLY_THEY_REFUSE: Differences = [
    (
        "MaxPool1d MaxPool2d max_pool1d max_pool2d",
        "half of kernel size",
        "padding may be half of the dilated kernel",
    ),
    (
        "GroupNorm group_norm",
        "more than 1 value per channel",
        "a group of one value gives the bias, which PyTorch refuses for a batch of one alone",
    ),
    (
        "InstanceNorm1d InstanceNorm2d",
        "select(): index 0 out of range",
        "an empty batch goes through",
    ),
    ("pad", "narrow(): length must", "an axis may be cut off at one end beyond its length"),
    ("one_hot", "Can not infer total number", "no numbers, no classes"),
]
LOSSES = " ".join(name for name in {*MODULES, *FUNCTIONS} if "loss" in name.lower())
TRANSPOSED = "ConvTranspose1d ConvTranspose2d conv_transpose1d conv_transpose2d"
ONLY_WE_REFUSE: Differences = [
    (TRANSPOSED, "leaves no output", "PyTorch gives an empty image"),
    (TRANSPOSED, "output_padding must be less", "PyTorch does not look at it for an empty batch"),
    ("pad", "can add at most 0", "PyTorch gives what lies in memory: nothing is left to repeat"),
    (
        "BatchNorm1d BatchNorm2d batch_norm",
        "more than one value per channel",
        "an empty batch has no statistics; PyTorch counts it as a batch and moves nothing",
    ),
    (
        f"{LOSSES} kl_div binary_cross_entropy binary_cross_entropy_with_logits cross_entropy",
        "there is no loss to average",
        "the mean of nothing is an error, where PyTorch gives NaN",
    ),
    (
        "KLDivLoss kl_div",
        "needs a batch axis",
        "a batch mean of a number without axes has no batch to divide by",
    ),
]


@pytest.fixture(autouse=True)
def kernels():
    yield
    set_kernels(None)


def test_every_layer_that_pytorch_has_is_drawn():
    layers = {
        name
        for name in nn.__all__
        if isinstance(getattr(nn, name), type) and hasattr(torch.nn, name)
    }
    assert layers - NO_LAYERS == set(MODULES)


def test_every_function_that_pytorch_has_is_drawn():
    assert {name for name in F.__all__ if hasattr(torch.nn.functional, name)} == set(FUNCTIONS)


def test_import_rules(figures):
    run(MODULES, "layer", cases(1, 110), figures)


def test_functions(figures):
    run(FUNCTIONS, "function", cases(1, 110), figures)


def run(draws: dict[str, Any], kind: str, count: int, figures: Any) -> None:
    """Draw and check `count` cases of each name; fail at the end, with the first that differed."""
    wrong = []
    for place, (name, draw) in enumerate(draws.items()):
        for i in range(count):
            rng = np.random.default_rng([zlib.crc32(name.encode()), i])
            case = draw(rng)
            dtype = (np.float64, np.float32)[int(rng.integers(2))]
            set_kernels(("numba", "numpy")[(place + i) % 2])
            figures["cases"] += 1
            try:
                figures[compare(kind, name, case, dtype, second=i % 4 < 2)] += 1
            except Exception as error:  # an exception that is not ours is a fault too
                about = [x.shape if isinstance(x, np.ndarray) else x for x in case.inputs]
                wrong.append(
                    f"{name} #{i} {np.dtype(dtype)} {case.args} {case.options} {case.attributes} "
                    f"of {about}:\n{type(error).__name__}: {str(error).strip()[:600]}"
                )
    assert not wrong, f"{len(wrong)} cases differ:\n\n" + "\n\n".join(wrong[:40])


def compare(kind: str, name: str, case: Case, dtype: Any, second: bool) -> str:
    """Run the case in both libraries; what came of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = attempt(Theirs(kind, name, case, dtype), REFUSALS)
    ours = attempt(Ours(kind, name, case, dtype, theirs), (GlassgradError,))
    if isinstance(theirs, Exception) and isinstance(ours, Exception):
        return "refused by both"
    if isinstance(theirs, Exception):
        assert listed(ONLY_THEY_REFUSE, name, theirs), f"only PyTorch refuses: {theirs!r}"
        return "refused by PyTorch alone"
    if isinstance(ours, Exception):
        assert listed(ONLY_WE_REFUSE, name, ours), f"only we refuse: {ours!r}"
        return "refused by us alone"
    same(ours, theirs, dtype)
    twice = second and dtype == np.float64 and second_order(ours, theirs)
    if ours.layer is not None and not case.attributes:  # PyTorch's no longer loads its own
        state_goes_back(ours, theirs)
    return "values, gradients, second order" if twice else "values and gradients"


def listed(table: Differences, name: str, refusal: Exception) -> bool:
    return any(name in names.split() and said in str(refusal) for names, said, _ in table)


def attempt(side: Any, refusals: tuple[type[Exception], ...]) -> Any:
    """The side after its run, or its refusal."""
    try:
        side.run()
    except refusals as refusal:
        return refusal
    return side


class Side:
    """One library's run of a case: in training twice, gradients, then in evaluation."""

    def __init__(self, kind: str, name: str, case: Case, dtype: Any, other: Any = None):
        self.kind, self.name, self.case, self.dtype, self.other = kind, name, case, dtype, other

    def run(self) -> None:
        case = self.case
        self.inputs = [self.tensor(x, i not in case.constant) for i, x in enumerate(case.inputs)]
        if self.kind == "function":
            options = {key: self.tensor(value, False) for key, value in case.options.items()}
            self.layer = None
            out = self.function(*self.inputs, *case.args, **options)
        else:
            self.layer = self.build()
            for key, value in case.attributes.items():
                setattr(self.layer, key, value)
            self.layer(*self.inputs)
            out = self.layer(*self.inputs)
        self.outs = out if isinstance(out, tuple) else (out,)
        self.leaves = [x for x in self.inputs if self.needs_grad(x)]
        if self.layer is not None:
            self.leaves += self.layer.parameters()
        self.grads = self.differentiate(self.outs[0], self.weighting(self.outs[0].shape))
        self.evaluated = None
        if self.layer is not None:
            self.state = {k: self.array(v).copy() for k, v in self.layer.state_dict().items()}
            self.layer.eval()
            out = self.layer(*self.inputs)
            self.evaluated = out[0] if isinstance(out, tuple) else out

    def weighting(self, shape: Any) -> np.ndarray:
        """Random numbers; 0 where the output is not finite, whose gradient is a matter of taste."""
        weights = np.random.default_rng(1).standard_normal(tuple(shape)).astype(self.dtype)
        return np.where(np.isfinite(self.array(self.outs[0])), weights, 0).astype(self.dtype)

    def narrowed(self, x: Any) -> Any:
        return x.astype(self.dtype) if x.dtype.kind == "f" else x.copy()


class Theirs(Side):
    def tensor(self, x: Any, wants_grad: bool) -> Any:
        if not isinstance(x, np.ndarray):
            return x
        t = torch.tensor(self.narrowed(x))
        return t.requires_grad_() if wants_grad and x.dtype.kind == "f" else t

    @property
    def function(self) -> Any:
        return getattr(torch.nn.functional, self.name)

    def build(self) -> Any:
        torch.manual_seed(0)
        case = self.case
        options = {key: self.tensor(value, False) for key, value in case.options.items()}
        layer = getattr(torch.nn, self.name)(*case.args, **options)
        layer = layer.double() if self.dtype == np.float64 else layer.float()
        self.start = copy.deepcopy(layer.state_dict())
        return layer

    def needs_grad(self, x: Any) -> bool:
        return isinstance(x, torch.Tensor) and x.requires_grad

    def differentiate(self, out: Any, weights: np.ndarray) -> Any:
        if not out.requires_grad:
            return None
        return torch.autograd.grad(
            out, self.leaves, torch.tensor(weights), create_graph=True, allow_unused=True
        )

    def array(self, x: Any) -> np.ndarray:
        return x.numpy(force=True) if isinstance(x, torch.Tensor) else np.asarray(x)


class Ours(Side):
    def tensor(self, x: Any, wants_grad: bool) -> Any:
        if not isinstance(x, np.ndarray):
            return x
        return ag.Tensor(self.narrowed(x), requires_grad=wants_grad and x.dtype.kind == "f")

    @property
    def function(self) -> Any:
        return getattr(F, self.name)

    def build(self) -> Any:
        case = self.case
        options = {key: self.tensor(value, False) for key, value in case.options.items()}
        layer = getattr(nn, self.name)(*case.args, **options)
        layer = layer.double() if self.dtype == np.float64 else layer
        if isinstance(self.other, Theirs):
            layer.load_state_dict({k: v.numpy() for k, v in self.other.start.items()})
        return layer

    def needs_grad(self, x: Any) -> bool:
        return isinstance(x, ag.Tensor) and x.requires_grad

    def differentiate(self, out: Any, weights: np.ndarray) -> Any:
        if not (isinstance(out, ag.Tensor) and out.requires_grad):
            return None
        plain = ag.grad(
            out, self.leaves, grad_outputs=weights, retain_graph=True, allow_unused=True
        )
        recorded = ag.grad(
            out, self.leaves, grad_outputs=weights, create_graph=True, allow_unused=True
        )
        for a, b in zip(plain, recorded, strict=True):
            if a is not None:
                close(b.data, a.data, self.dtype, "the recorded backward pass")
        return recorded

    def array(self, x: Any) -> np.ndarray:
        return x.data if isinstance(x, ag.Tensor) else np.asarray(x)


def same(ours: Ours, theirs: Theirs, dtype: Any) -> None:
    """Assert that both runs gave the same."""
    for i, (a, b) in enumerate(zip(ours.outs, theirs.outs, strict=True)):
        got, wanted = ours.array(a), theirs.array(b)
        if i == 1:  # positions of maxima; that of a window beside the image is a matter of taste
            met = np.isfinite(ours.array(ours.outs[0]))
            np.testing.assert_array_equal(got[met], wanted[met], "indices")
            continue
        close(got, wanted, dtype, "value")
    assert (ours.grads is None) == (theirs.grads is None), "only one requires a gradient"
    for i, (a, b) in enumerate(zip(ours.grads or (), theirs.grads or (), strict=True)):
        if a is None or b is None:
            require_zeros(a, b, f"gradient {i}")
        else:
            close(ours.array(a), theirs.array(b), dtype, f"gradient {i}")
    for i, (a, b) in enumerate(zip(ours.inputs, theirs.inputs, strict=True)):
        if isinstance(b, torch.Tensor):  # running statistics are moved in place
            close(ours.array(a), theirs.array(b), dtype, f"input {i} after the call")
    if ours.layer is None:
        return
    assert list(ours.state) == list(theirs.state)
    for key, value in theirs.state.items():
        close(ours.state[key], value, dtype, f"state {key}")
    close(ours.array(ours.evaluated), theirs.array(theirs.evaluated), dtype, "in evaluation")


def state_goes_back(ours: Ours, theirs: Theirs) -> None:
    """Assert that PyTorch's layer loads the state of ours."""
    back = {k: torch.tensor(v.data) for k, v in ours.layer.state_dict().items()}
    theirs.layer.load_state_dict(back)


def second_order(ours: Ours, theirs: Theirs) -> bool:
    """Assert equal gradients of a weighted sum of the gradients; False where there are none."""
    if theirs.grads is None:
        return False
    total, expected = None, None
    for a, b in zip(ours.grads, theirs.grads, strict=True):
        if a is None or b is None or not b.requires_grad:
            continue
        weights = np.random.default_rng(2).standard_normal(b.shape)
        expected = (b * torch.tensor(weights)).sum() + (0 if expected is None else expected)
        total = ag.sum(a * weights) + (0 if total is None else total)
    if total is None:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            wanted = torch.autograd.grad(expected, theirs.leaves, allow_unused=True)
        except RuntimeError as missing:  # PyTorch lacks some second derivatives
            assert "not implemented" in str(missing), str(missing)
            return False
    got = [None] * len(wanted)
    if total.requires_grad:
        got = ag.grad(total, ours.leaves, allow_unused=True)
    for i, (a, b) in enumerate(zip(got, wanted, strict=True)):
        if a is None or b is None:
            require_zeros(a, b, f"second gradient {i}")
        else:
            close(a.data, theirs.array(b), np.float64, f"second gradient {i}", 1e-7)
    return True


def require_zeros(a: Any, b: Any, what: str) -> None:
    """Assert that a gradient which only one of the libraries has is one of zeros."""
    for x in (a, b):
        size = 0.0 if x is None else float(np.abs(np.asarray(x.detach())).max(initial=0))
        assert size < 1e-9, f"{what}: only one library has it"


def close(got: Any, wanted: Any, dtype: Any, what: str, tolerance: float | None = None) -> None:
    """Assert equality within `tolerance` of the largest element, in shape and dtype too."""
    assert got.shape == wanted.shape, f"{what}: shape {got.shape}, not {wanted.shape}"
    assert got.dtype == wanted.dtype, f"{what}: {got.dtype}, not {wanted.dtype}"
    finite = np.abs(wanted[np.isfinite(wanted)]).max(initial=1) if wanted.dtype.kind == "f" else 1
    bound = (tolerance or (1e-9 if dtype == np.float64 else 5e-4)) * float(finite)
    np.testing.assert_allclose(got, wanted, rtol=0, atol=bound, err_msg=what)
