"""`Optimizer`: the loop over parameters that every update rule shares."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import chain, repeat, starmap
from typing import Any, Never, TypeVar, overload

import numpy as np

from autograd import Tensor, enable_grad
from autograd.engine.in_place import stamp
from autograd.errors import ArgumentError, DTypeError, InPlaceError, ShapeError
from autograd.support.arguments import nonnegative
from autograd.support.interrupts import at_once, each, to_the_end
from autograd.support.unknown_names import NamedArguments, named_arguments, unknown_keyword
from optim import groups
from optim.blocks import Array, Due, Scratch, Scratchpad, State
from optim.compiled import SMALL
from optim.groups import Params, describe
from optim.plan import Plan, ResolvedSettings
from optim.settings import Settings, check_group, check_settings
from optim.state import loaded_state, saved_state

__all__ = ["Array", "Optimizer", "Scratch", "Settings", "State", "objective_gradient"]

Loss = TypeVar("Loss")


@named_arguments
class Optimizer(NamedArguments):
    """Base of the optimisers: holds parameter groups and state, and applies a rule to each array.

    A rule is two plain functions:

    - `initial_state(settings)`: the names of the arrays kept for each parameter, and what they
      are filled with at first;
    - `update(w, g, state, settings, step, scratch)`: writes to `w` and to the arrays in `state`,
      elementwise, given the gradient `g` (never written to), the number of this update of `w`
      from 1, and two arrays to compute in. Large arrays come in flat blocks.

    A rule may have a twin `compiled(batch, dtype, settings, step)`, which gives the same values in
    one pass over many parameters (`Batch`); it is used where they are not small, and small ones
    come to `update` joined into one array. A subclass with an `update` of its own does not inherit
    it.

    What is kept beside arrays of the parameter's shape is named by `initial_values(w, settings)`:
    numbers, texts, arrays of any shape, and all else that `nn.save` takes. `update` finds it in
    `state`, too, and changes or replaces it there. Such a rule is called once for each parameter,
    with `w` whole and in its shape, so it need not be elementwise.

    `params` is an iterable of Tensors, of (name, Tensor) pairs, or of dictionaries with settings
    of their own. `lr` is a float or a function of the number of steps taken, from 0. A parameter
    without a gradient, or frozen by `requires_grad_(False)`, is skipped.

    Raises `ArgumentError` for no parameter at all, one in two groups, or a setting outside its
    range; `DTypeError` for what is no Tensor; `GraphError` for one that is no leaf or requires
    no gradient.

    >>> import autograd as ag
    >>> class SignSGD(Optimizer):
    ...     @staticmethod
    ...     def initial_state(settings):
    ...         return {}
    ...     @staticmethod
    ...     def update(w, g, state, settings, step, scratch):
    ...         w -= settings["lr"] * np.sign(g)
    >>> w = ag.tensor([1.0, -1.0], requires_grad=True)
    >>> opt = SignSGD([w], {"lr": 0.5})
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w.tolist()
    [0.5, -0.5]
    """

    @staticmethod
    def initial_state(settings: Settings) -> dict[str, float]:
        """Names of the arrays kept for each parameter, and what fills them at first."""
        return {}

    @staticmethod
    def initial_values(w: Array, settings: Settings) -> State:
        """What else is kept for a parameter, at first; None for what may be anything later."""
        return {}

    @staticmethod
    def update(
        w: Array, g: Array, state: State, settings: Settings, step: int, scratch: Scratch
    ) -> None:
        """One update of an array, in place: the rule."""
        raise NotImplementedError("an optimiser defines update(w, g, state, settings, step, ...)")

    #: The compiled twin of `update`, if there is one.
    compiled: Callable[..., None] | None = None

    #: The types of settings that have been looked at: a value of another one was put there since.
    _checked: frozenset[type] = frozenset()

    #: Whether `step` counts the updates since the state was made, if that was later than the first.
    counts_from_state = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = vars(cls)
        if ("update" in own or "initial_values" in own) and "compiled" not in own:
            cls.compiled = None

    def __init__(self, params: Params, defaults: Settings) -> None:
        self.defaults = check_settings(type(self).__name__, defaults)
        self.param_groups: list[dict[str, Any]] = []
        self.state: dict[Tensor, dict[str, Any]] = {}
        self.steps = 0
        self._scratchpad = Scratchpad()
        self._now: ResolvedSettings | None = None  # of the last step
        self._plan: Plan | None = None
        for group in groups.as_groups(type(self).__name__, params):
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Train further parameters: `{"params": [...]}` with settings where they differ.

        Raises as the constructor, and changes nothing then.
        """
        where, index = type(self).__name__, len(self.param_groups)
        group = groups.as_group(where, param_group, self.defaults, index)
        for other_index, other in enumerate(self.param_groups):
            present = set(other["params"])
            for position, tensor in enumerate(group["params"]):
                if tensor in present:
                    raise ArgumentError(
                        f"{where}: {describe(group, index, position)} is already in group "
                        f"{other_index}; a parameter belongs to one group"
                    )
        self.param_groups.append(group)

    def zero_grad(self, set_to_none: bool = True, **unknown: Never) -> None:
        """Forget the gradients of all parameters; with `set_to_none=False` fill them with zeros."""
        if unknown:
            raise self._no_keyword(Optimizer.zero_grad, unknown)
        if set_to_none:
            try:
                self._drop_gradients()
            except BaseException:  # from the handler of a signal
                to_the_end(self._drop_gradients)
                raise
            return
        tensors = [tensor for group in self.param_groups for tensor in group["params"]]
        made, old = [], []
        for tensor in tensors:
            grad = tensor.grad
            if grad is None:
                continue
            if grad.node is not None or not grad.data.flags.writeable:
                made.append((tensor, "_grad", Tensor(np.zeros_like(grad.data))))
            else:
                old.append(grad.data)
        stamp(*old)
        at_once(chain(starmap(setattr, made), each(np.ndarray.fill, old, repeat(0))))

    def _no_keyword(self, method: Callable[..., Any], unknown: Iterable[str]) -> DTypeError:
        return unknown_keyword(method, f"{type(self).__name__}.{method.__name__}", unknown)

    def _drop_gradients(self) -> None:
        for group in self.param_groups:
            for tensor in group["params"]:
                tensor._grad = None  # the property's setter would take most of the time

    def current_lr(self) -> list[float]:
        """The learning rate that the next step will use, for each group."""
        return [self._lr_now(group, index) for index, group in enumerate(self.param_groups)]

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[..., Loss]) -> Loss: ...
    def step(self, closure: Callable[..., Any] | None = None, **unknown: Never) -> Any:
        """Update every parameter that has a gradient, in place.

        `closure`, if given, computes the loss and its gradients first; its result is returned.

        Raises `ShapeError` if a parameter has changed its shape, `InPlaceError` if its array is
        read-only, `ArgumentError` if a learning-rate function returns no number of at least 0;
        no parameter is changed then. Any exception, an interrupt too, leaves parameters, state and
        counts all as they were, or all as they are after the step.
        """
        loss = None
        if unknown:
            raise self._no_keyword(Optimizer.step, unknown)
        if closure is not None:
            if not callable(closure):
                raise DTypeError(
                    f"{type(self).__name__}.step: closure must be a function that computes the "
                    f"loss, or left out after loss.backward(), got {type(closure).__name__}"
                )
            with enable_grad():
                loss = closure()
        now = self._now
        if now is None or not now.still(self.param_groups):
            now = self._settled()
        plan, gradients = self._plan, None
        if plan is not None and plan.initial == now.initial:
            gradients = plan.gradients(self.param_groups, self.state)
        if plan is None or gradients is None or plan.tentative:
            plan, gradients = self._planned(now, lasting=gradients is not None)
        marks: list[tuple[Any, str, Any]] = [(self, "steps", self.steps + 1)]
        if plan.fresh:
            marks += (self, "_plan", plan), (plan, "fresh", False)
        plan.step(self.update, self.compiled, gradients, now.settings, marks)
        return loss

    def _settled(self) -> ResolvedSettings:
        """The settings of this step, kept while groups stay, if learning rates are numbers."""
        seen = [value for group in self.param_groups for value in group.values()]
        if not self._checked.issuperset(map(type, seen)):
            for index, group in enumerate(self.param_groups):
                check_group(f"{type(self).__name__}: parameter group {index}", group)
            self._checked = frozenset(map(type, seen)) - {Tensor}
        settings = [
            {**group, "lr": self._lr_now(group, index)}
            for index, group in enumerate(self.param_groups)
        ]
        now = ResolvedSettings(
            seen, settings, [type(self).initial_state(each) for each in settings]
        )
        scheduled = any(callable(group["lr"]) for group in self.param_groups)
        self._now = None if scheduled else now
        return now

    def _planned(self, now: ResolvedSettings, lasting: bool) -> tuple[Plan, list[np.ndarray]]:
        """A plan of this step and its gradients, with state made where there is none.

        The first plan does not join small parameters: copying them pays only if the plan is used
        again. If the next step could have used it, a `lasting` one that joins takes its place.
        """
        due, skipped, gradients = [], [], []
        for index, group in enumerate(self.param_groups):
            for position, tensor in enumerate(group["params"]):
                gradient = tensor.grad
                if gradient is None or not tensor.requires_grad:
                    skipped.append(tensor)
                    continue
                item, g = self._due(now, index, position, gradient.data)
                due.append(item)
                gradients.append(g)
        # A rule with a compiled twin is known to treat each element alone.
        twin = self.compiled is not None and not self._keeps_values()
        large = twin and sum([item.w.size for item in due]) >= SMALL
        groups, states, joined = self.param_groups, self.state, twin and lasting
        pad = self._scratchpad
        plan = Plan(groups, states, due, skipped, gradients, now.initial, pad, large, joined)
        plan.tentative = twin and not lasting and len(plan.rest) > 1
        return plan, gradients

    def _due(
        self, now: ResolvedSettings, index: int, position: int, g: np.ndarray
    ) -> tuple[Due, np.ndarray]:
        """A parameter's arrays, checked, and its gradient in its dtype."""
        group = self.param_groups[index]
        tensor = group["params"][position]
        w, state = tensor.data, self.state.get(tensor, {"step": 0})
        if g.shape != w.shape:
            raise self._misfit(f"a gradient of shape {g.shape}", group, index, position)
        if not w.flags.writeable:
            raise InPlaceError(
                f"{type(self).__name__}.step: {describe(group, index, position)} has a "
                "read-only array; give it one of its own: p.data = p.data.copy()"
            )
        if g.dtype != w.dtype:
            g = g.astype(w.dtype)
        kept, begun = {}, state["step"]
        for name, value in now.initial[index].items():
            array = state.get(name)
            if array is None:
                begun = 0 if self.counts_from_state else begun
                array = np.full(w.shape, value, w.dtype)
            array = np.asarray(array)  # a rule may have left a NumPy scalar
            if array.shape != w.shape:
                which = f"optimiser state of shape {array.shape}"
                raise self._misfit(which, group, index, position)
            if array.dtype != w.dtype:  # the module was converted: net.double()
                array = array.astype(w.dtype)
            kept[name] = array
        values = None
        if self._keeps_values():
            first = self.initial_values(w, now.settings[index])
            values = {name: state.get(name, value) for name, value in first.items()}
        return Due(tensor, w, kept, values, state, index, state["step"], begun), g

    def _keeps_values(self) -> bool:
        return self.initial_values is not Optimizer.initial_values

    def _misfit(self, which: str, group: dict[str, Any], index: int, position: int) -> ShapeError:
        return ShapeError(
            f"{type(self).__name__}.step: {describe(group, index, position)} has shape "
            f"{group['params'][position].shape} and {which}; its data was replaced by another "
            "shape: zero_grad() and make a new optimiser"
        )

    def _lr_now(self, group: dict[str, Any], index: int) -> float:
        lr = group["lr"]
        value = lr(self.steps) if callable(lr) else lr
        if type(value) is float and 0 <= value < math.inf:  # nearly always
            return value
        name = f"lr (the function's value at step {self.steps})" if callable(lr) else "lr"
        return nonnegative(f"{type(self).__name__}: parameter group {index}", name, value)

    def state_dict(self) -> dict[str, Any]:
        """A copy of state, settings and step count, parameters as numbers in order.

        `{"steps": n, "state": {0: {"step": n, ...}}, "param_groups": [{..., "params": [0]}]}`.
        A learning rate that is a function is stored as its repr: functions are not state.
        """
        return saved_state(self)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where `state_dict` was taken, with equal parameters.

        State is converted to each parameter's dtype. A learning rate that is a function stays
        this optimiser's own.

        Raises `CheckpointError` that lists every problem, and changes nothing then.
        """
        vars(self).update(self._loaded(state_dict))  # all of it, or nothing

    def _loaded(self, state_dict: Any) -> dict[str, Any]:
        """The attributes that `state_dict` stands for."""
        groups, state, steps = loaded_state(self, state_dict)
        return {"param_groups": groups, "state": state, "steps": steps}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_scratchpad": Scratchpad(), "_now": None, "_plan": None}

    def _repr_html_(self) -> str | None:
        from autograd.viz.notebook import optimizer_html

        return optimizer_html(self)

    def __repr__(self) -> str:
        lines = [_group_text(group) for group in self.param_groups]
        if len(lines) == 1:
            return f"{type(self).__name__}({lines[0]})"
        return "\n  ".join([f"{type(self).__name__}(", *lines]) + "\n)"


def objective_gradient(w: Array, g: Array, settings: Settings, scratch: Scratch) -> Array:
    """For a rule: the gradient of what is minimised, ±g + weight_decay·w.

    It is `g` itself, or in `scratch[0]`; `scratch[1]` may be written to.

    >>> w, g, scratch = np.array([2.0]), np.array([1.0]), (np.empty(1), np.empty(1))
    >>> objective_gradient(w, g, {"maximize": True, "weight_decay": 0.25}, scratch)
    array([-0.5])
    """
    if settings["maximize"]:
        g = np.negative(g, out=scratch[0])
    if settings["weight_decay"]:
        decay = np.multiply(w, settings["weight_decay"], out=scratch[1])
        g = np.add(g, decay, out=scratch[0])
    return g


def _group_text(group: dict[str, Any]) -> str:
    tensors = group["params"]
    plural = "" if len(tensors) == 1 else "s"
    size = sum(tensor.size for tensor in tensors)
    hidden = ("params", "param_names", "initial_lr")
    settings = [f"{key}={value!r}" for key, value in group.items() if key not in hidden]
    return ", ".join([f"{len(tensors)} parameter{plural} of {size:,} elements", *settings])
