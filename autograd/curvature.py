"""The shape of a loss around its parameters: Hessian spectrum, trace, saddles, slices.

Everything takes `loss`, a function of no arguments that computes the loss from the parameters as
they stand, and `parameters`: a module, or a list of the Tensors it depends on. The Hessian is never
formed: a product with a vector costs two backward passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd.engine.backprop import gradients
from autograd.engine.grad_mode import enable_grad, is_grad_enabled, no_grad
from autograd.engine.tensors import Tensor
from autograd.errors import ArgumentError, DTypeError, GraphError, ShapeError
from autograd.support.arguments import whole
from autograd.support.lazy_names import later
from autograd.support.unknown_names import name_arguments_in
from autograd.transforms.jacobians import by_columns, by_rows
from autograd.transforms.variables import pull_back, within_a_transform

if TYPE_CHECKING:
    from autograd.engine.annotations import Parameters

__all__ = [
    "Extremes",
    "QuadraticModel",
    "critical_point",
    "extreme_eigenvalues",
    "flat_gradient",
    "flat_jacobian",
    "flat_parameters",
    "hessian_product",
    "hessian_trace",
    "largest_stable_lr",
    "loss_slice",
    "loss_surface",
    "quadratic_model",
    "random_direction",
]

Vector = NDArray[np.float64]
Loss = Callable[[], Tensor]


def flat_parameters(parameters: Parameters) -> Vector:
    """All parameters as one float64 vector, in order."""
    return np.concatenate([p.data.ravel() for p in _tensors(parameters)]).astype(np.float64)


def flat_gradient(loss: Loss, parameters: Parameters) -> Vector:
    """The gradient of the loss as one float64 vector.

    >>> import autograd as ag
    >>> w = ag.tensor([3.0, 4.0], requires_grad=True)
    >>> flat_gradient(lambda: (w * w).sum(), [w])
    array([6., 8.])
    """
    tensors = _tensors(parameters)
    return _flat(_gradients(_evaluate(loss), tensors, create_graph=False), tensors)


class QuadraticModel(NamedTuple):
    """The loss around the parameters: L(θ + p) ≈ L + ⟨∇L, p⟩ + ⟨p, H p⟩ / 2, on flat vectors."""

    loss: Tensor
    gradient: Vector
    product: Callable[[Vector], Vector]  # v ↦ H v


def quadratic_model(loss: Loss, parameters: Parameters) -> QuadraticModel:
    """Value, gradient and Hessian-vector product of the loss, from one evaluation.

    >>> import numpy as np
    >>> import autograd as ag
    >>> w = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> model = quadratic_model(lambda: (w**3).sum(), [w])
    >>> model.loss.item(), model.gradient, model.product(np.array([1.0, 1.0]))
    (9.0, array([ 3., 12.]), array([ 6., 12.]))
    """
    tensors = _tensors(parameters)
    value = _evaluate(loss)
    slopes = _gradients(value, tensors, create_graph=True)
    curved = [(i, s) for i, s in enumerate(slopes) if s is not None and s.requires_grad]

    def product(vector: Vector) -> Vector:
        if np.shape(vector) != (sum(t.size for t in tensors),):
            raise ShapeError(
                f"hessian_product: vector must hold {sum(t.size for t in tensors)} elements, got "
                f"shape {np.shape(vector)}"
            )
        if not curved:  # a linear loss
            return np.zeros(len(vector))
        parts = _unflat(np.asarray(vector), tensors)
        roots = [s for _, s in curved]
        seeds = [parts[i] for i, _ in curved]
        found = gradients(roots, tensors, seeds, retain_graph=True, allow_unused=True)
        return _flat(found, tensors)

    return QuadraticModel(value, _flat(slopes, tensors), product)


def hessian_product(loss: Loss, parameters: Parameters) -> Callable[[Vector], Vector]:
    """The function v ↦ H v at the parameters as they stand, on flat vectors.

    H v = ∇⟨∇L, v⟩. The graph of ∇L is built once and replayed for every v.

    >>> import numpy as np
    >>> import autograd as ag
    >>> w = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> hessian_product(lambda: (w**3).sum(), [w])(np.array([1.0, 1.0]))
    array([ 6., 12.])
    """
    return quadratic_model(loss, parameters).product


def flat_jacobian(function: Loss, parameters: Parameters) -> NDArray[np.float64]:
    """∂f/∂θ as a float64 matrix: a row for each number that `function` gives.

    By a pullback for each row, or a derivative for each column, whichever is cheaper.

    >>> import autograd as ag
    >>> w = ag.tensor([3.0, 4.0], requires_grad=True)
    >>> flat_jacobian(lambda: w * w, [w])
    array([[6., 0.],
           [0., 8.]])
    """
    tensors = _tensors(parameters)
    with enable_grad():
        out = function()
    size = sum(t.size for t in tensors)
    if out.size > 2 * size:
        (blocks,) = by_columns([out], tensors)
    else:
        pull = partial(pull_back, inputs=tensors, since=0, retain_graph=True)
        (blocks,) = by_rows([out], tensors, lambda outputs, seeds: pull(outputs, seeds=seeds))
    parts = [block.data.reshape(out.size, -1) for block in blocks]
    return np.concatenate(parts, axis=1).astype(np.float64)


@dataclass(frozen=True)
class Extremes:
    """The smallest and the largest eigenvalues of a Hessian, with their eigenvectors as rows."""

    smallest: Vector
    largest: Vector
    smallest_vectors: NDArray[np.float64]
    largest_vectors: NDArray[np.float64]


def extreme_eigenvalues(
    loss: Loss, parameters: Parameters, k: int = 1, *, steps: int = 60, seed: int = 0
) -> Extremes:
    """The k smallest and k largest eigenvalues of the Hessian, by Lanczos' method.

    Each step costs one Hessian-vector product; the basis is orthogonalised in full, so `steps`
    vectors are kept. Extreme eigenvalues converge first. `steps` is cut to the dimension, where the
    result is exact.

    >>> import autograd as ag
    >>> w = ag.tensor([0.0, 0.0], requires_grad=True)
    >>> found = extreme_eigenvalues(lambda: w[0] ** 2 - 3 * w[1] ** 2, [w])
    >>> found.smallest.round(6), found.largest.round(6)
    (array([-6.]), array([2.]))
    """
    product = hessian_product(loss, parameters)
    size = sum(t.size for t in _tensors(parameters))
    if not 1 <= k <= size:
        raise ArgumentError(f"extreme_eigenvalues: k must be from 1 to {size}, got {k}")
    basis, values, vectors = _lanczos(product, size, min(max(steps, 2 * k), size), seed)
    ritz = vectors.T @ basis
    return Extremes(values[:k], values[::-1][:k], ritz[:k], ritz[::-1][:k])


def _lanczos(
    product: Callable[[Vector], Vector], size: int, steps: int, seed: int
) -> tuple[NDArray[np.float64], Vector, NDArray[np.float64]]:
    """An orthonormal basis of a Krylov space (rows) and the eigenpairs of H within it."""
    rng = np.random.default_rng(seed)
    basis: list[Vector] = []
    image: list[Vector] = []
    direction = rng.standard_normal(size)
    for _ in range(steps):
        direction = _orthogonal(direction, basis)
        norm = float(np.linalg.norm(direction))
        if norm < 1e-10:  # the Krylov space is invariant: go on outside it
            direction = _orthogonal(rng.standard_normal(size), basis)
            norm = float(np.linalg.norm(direction))
        basis.append(direction / norm)
        direction = product(basis[-1])
        image.append(direction)
        scale = float(np.linalg.norm(direction))
        if scale > 0:
            direction = direction / scale
    rows = np.array(basis)
    projected = rows @ np.array(image).T
    values, vectors = np.linalg.eigh((projected + projected.T) / 2)
    return rows, values, vectors


def _orthogonal(vector: Vector, basis: Sequence[Vector]) -> Vector:
    for _ in range(2):  # twice is enough (Kahan, Parlett)
        for known in basis:
            vector = vector - (known @ vector) * known
    return vector


def hessian_trace(
    loss: Loss, parameters: Parameters, *, samples: int = 30, seed: int = 0
) -> tuple[float, float]:
    """Hutchinson's estimate of the Hessian's trace, and its standard error.

    tr H = E[zᵀ H z] for independent signs z; `samples` Hessian-vector products.
    """
    whole("hessian_trace", "samples", samples, 2)
    product = hessian_product(loss, parameters)
    size = sum(t.size for t in _tensors(parameters))
    rng = np.random.default_rng(seed)
    estimates = []
    for _ in range(samples):
        signs = rng.choice([-1.0, 1.0], size)
        estimates.append(float(signs @ product(signs)))
    return float(np.mean(estimates)), float(np.std(estimates, ddof=1) / np.sqrt(samples))


def critical_point(
    loss: Loss, parameters: Parameters, *, tolerance: float = 1e-4, steps: int = 60
) -> str:
    """What kind of point the parameters are at.

    "not critical" where the gradient's norm exceeds `tolerance`; otherwise by the signs of the
    extreme eigenvalues: "minimum", "maximum", "saddle", or "degenerate" (one of them is zero within
    `tolerance` times the larger, so that second order does not decide).

    >>> import autograd as ag
    >>> w = ag.tensor([0.0, 0.0], requires_grad=True)
    >>> critical_point(lambda: w[0] ** 2 - w[1] ** 2, [w])
    'saddle'
    """
    if np.linalg.norm(flat_gradient(loss, parameters)) > tolerance:
        return "not critical"
    found = extreme_eigenvalues(loss, parameters, steps=steps)
    low, high = float(found.smallest[0]), float(found.largest[0])
    zero = tolerance * max(abs(low), abs(high))
    if low < -zero and high > zero:
        return "saddle"
    if low > zero:
        return "minimum"
    if high < -zero:
        return "maximum"
    return "degenerate"


def largest_stable_lr(loss: Loss, parameters: Parameters, *, steps: int = 60) -> float:
    """2 / λ_max: above it gradient descent diverges on the quadratic model; inf if λ_max ≤ 0."""
    top = float(extreme_eigenvalues(loss, parameters, steps=steps).largest[0])
    return 2 / top if top > 0 else float("inf")


def random_direction(parameters: Parameters, *, seed: int = 0, per_tensor: bool = True) -> Vector:
    """A random direction as a flat vector.

    With `per_tensor` each Tensor's part has the norm of that Tensor (Li et al. 2018 do it per
    filter), so that slices of differently scaled networks compare; otherwise a unit vector.
    """
    tensors = _tensors(parameters)
    rng = np.random.default_rng(seed)
    parts = [rng.standard_normal(t.size) for t in tensors]
    if per_tensor:
        parts = [
            part * (np.linalg.norm(t.data) / max(float(np.linalg.norm(part)), 1e-300))
            for part, t in zip(parts, tensors, strict=True)
        ]
        return np.concatenate(parts)
    whole = np.concatenate(parts)
    return whole / np.linalg.norm(whole)


def loss_slice(
    loss: Loss, parameters: Parameters, direction: Vector, *, radius: float = 1.0, points: int = 41
) -> tuple[Vector, Vector]:
    """`(t, L(θ + t d))` for t from −radius to radius; the parameters are put back.

    >>> import numpy as np
    >>> import autograd as ag
    >>> w = ag.tensor([1.0, 1.0], requires_grad=True)
    >>> t, values = loss_slice(lambda: (w * w).sum(), [w], np.array([1.0, 0.0]), points=3)
    >>> t, values
    (array([-1.,  0.,  1.]), array([1., 2., 5.]))
    """
    steps = np.linspace(-radius, radius, points)
    with _moved(parameters) as move, no_grad():
        values = [_value(loss, move, t * direction) for t in steps]
    return steps, np.array(values)


def loss_surface(
    loss: Loss,
    parameters: Parameters,
    first: Vector,
    second: Vector,
    *,
    radius: float = 1.0,
    points: int = 21,
) -> tuple[Vector, NDArray[np.float64]]:
    """`(t, L(θ + t[i] first + t[j] second))` on a square grid; the parameters are put back."""
    steps = np.linspace(-radius, radius, points)
    with _moved(parameters) as move, no_grad():
        values = [[_value(loss, move, a * first + b * second) for b in steps] for a in steps]
    return steps, np.array(values)


@contextmanager
def _moved(parameters: Parameters) -> Iterator[Callable[[Vector], None]]:
    """A function that moves the parameters away from where they stand; they return at the end.

    Bit for bit, so that graphs recorded before stay valid: these writes leave no stamp.
    """
    tensors = _tensors(parameters)
    start = [t.data.copy() for t in tensors]

    def move(offset: Vector) -> None:
        for t, origin, part in zip(tensors, start, _unflat(offset, tensors), strict=True):
            np.copyto(t.data, origin + part)

    try:
        yield move
    finally:
        for t, origin in zip(tensors, start, strict=True):
            np.copyto(t.data, origin)


def _value(loss: Loss, move: Callable[[Vector], None], offset: Vector) -> float:
    move(offset)
    return float(loss().item())


def _tensors(parameters: Parameters) -> list[Tensor]:
    found = parameters.parameters() if hasattr(parameters, "parameters") else parameters
    tensors = [found] if isinstance(found, Tensor) else list(found)
    if not tensors:
        raise ArgumentError("curvature: there are no parameters")
    for t in tensors:
        if not isinstance(t, Tensor):
            raise DTypeError(f"curvature: parameters must be Tensors, got {type(t).__name__}")
        if not t.requires_grad or not t.is_leaf:
            raise GraphError("curvature: parameters must be leaves that require a gradient")
    return tensors


def _evaluate(loss: Loss) -> Tensor:
    with enable_grad():
        value = loss()
    if not isinstance(value, Tensor) or value.size != 1:
        got = f"shape {value.shape}" if isinstance(value, Tensor) else type(value).__name__
        raise GraphError(f"curvature: the loss must be a Tensor of one element, got {got}")
    if is_grad_enabled() and within_a_transform(value):
        raise GraphError(
            "curvature: the loss depends on an argument of a transform around it (ag.grad and "
            "others), whose derivative these plain results would lose; use ag.func.grad, "
            "ag.func.hvp or ag.func.hessian inside, or `with ag.no_grad():`"
        )
    return value


def _gradients(value: Tensor, tensors: list[Tensor], create_graph: bool) -> list[Tensor | None]:
    return gradients([value], tensors, [None], None, create_graph, allow_unused=True)


def _flat(found: Sequence[Tensor | None], tensors: Sequence[Tensor]) -> Vector:
    parts = [
        np.zeros(t.size) if g is None else g.data.ravel()
        for g, t in zip(found, tensors, strict=True)
    ]
    return np.concatenate(parts).astype(np.float64)


def _unflat(vector: Vector, tensors: Sequence[Tensor]) -> list[np.ndarray]:
    ends = np.cumsum([t.size for t in tensors])[:-1]
    return [
        part.reshape(t.shape).astype(t.dtype)
        for part, t in zip(np.split(vector, ends), tensors, strict=True)
    ]


name_arguments_in(globals(), __all__)


if not TYPE_CHECKING:  # checkers know the names there are
    __getattr__, __dir__ = later("autograd.curvature")
