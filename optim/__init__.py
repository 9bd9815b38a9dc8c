"""Optimisers, learning-rate schedules and gradient clipping.

- `SGD`, `Adam`, `AdamW`, `RMSprop`, `Adagrad`: `opt = SGD(net.parameters(), lr=0.1)`, then
  `opt.zero_grad(); loss.backward(); opt.step()`.
- `LBFGS`, `NewtonCG`, `LevenbergMarquardt`: second-order methods for the whole batch; they are
  given a closure, `opt.step(closure)`, and evaluate it several times.
- `schedules`: learning rates as functions of the step, `SGD(params, lr=cosine(0.1, total=1000))`;
  `lr_scheduler` has the same ones for those who expect `scheduler.step()`.
- `Optimizer`: the base of all; a rule of your own is a subclass of it.
- `clip_grad_norm_`, `clip_grad_value_`: gradients held within bounds before a step.
"""

import autograd

if getattr(autograd, "__distribution__", None) != "glassgrad":
    raise ImportError(
        f"optim works with the `autograd` of the distribution glassgrad, but {autograd.__file__} "
        "is another one, most likely HIPS autograd, which has the same import name. "
        "Run `pip uninstall autograd` and `pip install --force-reinstall glassgrad`, "
        "or keep the two in separate virtual environments."
    )

from typing import TYPE_CHECKING

from autograd.support.lazy_names import later

if TYPE_CHECKING:
    from optim import lr_scheduler as lr_scheduler
    from optim import schedules as schedules
    from optim.adagrad import Adagrad as Adagrad
    from optim.adam import Adam as Adam
    from optim.adam import AdamW as AdamW
    from optim.clipping import clip_grad_norm_ as clip_grad_norm_
    from optim.clipping import clip_grad_value_ as clip_grad_value_
    from optim.lbfgs import LBFGS as LBFGS
    from optim.levenberg_marquardt import LevenbergMarquardt as LevenbergMarquardt
    from optim.newton_cg import NewtonCG as NewtonCG
    from optim.optimizer import Optimizer as Optimizer
    from optim.rmsprop import RMSprop as RMSprop
    from optim.sgd import SGD as SGD

# Where the public names are; a checker reads the lines above.
_PLACES = {
    "LBFGS": "optim.lbfgs",
    "SGD": "optim.sgd",
    "Adagrad": "optim.adagrad",
    "Adam": "optim.adam",
    "AdamW": "optim.adam",
    "LevenbergMarquardt": "optim.levenberg_marquardt",
    "NewtonCG": "optim.newton_cg",
    "Optimizer": "optim.optimizer",
    "RMSprop": "optim.rmsprop",
    "clip_grad_norm_": "optim.clipping",
    "clip_grad_value_": "optim.clipping",
}
_MODULES = ("lr_scheduler", "schedules")

if not TYPE_CHECKING:
    __all__ = sorted([*_PLACES, *_MODULES])
    __getattr__, __dir__ = later("optim", _PLACES, _MODULES)
