"""Lists kept by hand are complete: what the packages offer is in each of them, or named apart."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import autograd
import nn
import optim
from autograd.engine.op_definition import registry
from autograd.words import formulas, readable
from bench import micro
from nn.training import settings
from optim import schedules
from tests import test_optim_schedules, test_optim_state
from tests.optim_rules import RULES, SOME

# Given a closure; of the whole batch: compared in `tests/test_optim_second_order.py`.
OF_A_CLOSURE = {"LBFGS", "LevenbergMarquardt", "NewtonCG"}


def optimisers():
    """Optimisers of a gradient, by name."""
    names = set(optim.__all__) - {"Optimizer", *OF_A_CLOSURE}
    return {n for n in names if inspect.isclass(getattr(optim, n))}


def classes_below(package, base):
    """Public subclasses of `base` in the modules of a package, by name."""
    found = {}
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if module.name.endswith("_numba"):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if inspect.isclass(value) and issubclass(value, base) and name[0] != "_":
                found[name] = value
    return found


def test_every_optimiser_can_be_imported_from_optim():
    found = classes_below(optim, optim.Optimizer)
    missing = set(found) - {"WholeVectorOptimizer"} - set(optim.__all__)
    assert not missing, "add them to optim/__init__.py"
    source = inspect.getsource(optim)
    missing = {name for name in optim.__all__ if f"import {name} as {name}" not in source}
    assert not missing, "import them in optim/__init__.py, for type checkers"


def test_every_layer_can_be_imported_from_nn():
    bases = {"ConvNd", "ConvTransposeNd", "Module", "Normalization"}
    missing = set(classes_below(nn.layers, nn.Module)) - bases - set(nn.layers.__all__)
    assert not missing, "add them to __all__ of their file, and a new file to nn/layers/__init__.py"
    missing = set(nn.layers.__all__) - set(nn.__all__)
    assert not missing, "add them to nn/__init__.py"


def test_every_optimiser_is_compared_saved_and_interrupted():
    missing = optimisers() - {cls.__name__ for cls, _ in RULES.values()}
    assert not missing, "add rows to RULES in tests/optim_rules.py"
    missing = optimisers() - {cls.__name__ for cls, _ in SOME}
    assert not missing, "add a row without settings to RULES in tests/optim_rules.py"


def test_settings_of_every_optimiser_are_switched_between_steps():
    missing = optimisers() - {cls.__name__ for cls, _, _ in test_optim_state.SWITCHED}
    assert not missing, "add rows to SWITCHED in tests/test_optim_state.py"


def test_every_setting_of_an_optimiser_is_in_a_row():
    plain = {"params", "lr"}
    for name in optimisers():
        given = set(inspect.signature(getattr(optim, name)).parameters) - plain
        rows = [settings for cls, settings in RULES.values() if cls.__name__ == name]
        rows += [s for cls, s in RULES.values() if issubclass(getattr(optim, name), cls)]
        missing = given - {setting for settings in rows for setting in settings}
        assert not missing, f"{name}: add rows with them to RULES in tests/optim_rules.py"


def test_every_optimiser_can_be_chosen_on_the_command_line():
    missing = {name.lower() for name in optimisers()} - set(settings.OPTIMIZERS)
    assert not missing, "add them to OPTIMIZERS in nn/training/settings.py"


def test_the_step_of_every_optimiser_is_timed():
    missing = optimisers() - {row.split()[0] for row in micro.Updates.params[0]}
    assert not missing, "add them to Updates in bench/micro.py"


def test_every_setting_of_an_optimiser_is_checked():
    for name in optimisers() | OF_A_CLOSURE:
        given = set(inspect.signature(getattr(optim, name)).parameters) - {"params"}
        missing = given - set(optim.settings.CHECKS)
        assert not missing, f"{name}: add them to CHECKS in optim/settings.py"


def test_every_schedule_is_in_the_tests_of_all():
    made = {schedules.__dict__[n] for n in schedules.__all__ if n.islower()}
    tested = {repr(s).partition("(")[0] for s in test_optim_schedules.EVERY}
    missing = {f.__name__ for f in made} - tested
    assert not missing, "add them to EVERY in tests/test_optim_schedules.py"


def tables_of_names():
    """`(where, the table)` of collections in which at least half of the names are ops'."""
    for found in pkgutil.walk_packages(autograd.__path__, "autograd."):
        if found.name.startswith(("autograd.ops", "autograd.kernels")) or found.name in (
            "autograd.numpy",
        ):
            continue
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            if name == "__all__" or not isinstance(value, set | frozenset | dict | tuple | list):
                continue
            names = [n for n in value if isinstance(n, str)]
            all_texts = value is not registry and len(names) == len(value) > 0
            if all_texts and 2 * sum(n in registry for n in names) >= len(names):
                yield f"{found.name}.{name}", names


#: Of functions that `explain` may write, which are not all ops.
NO_OPS = {"autograd.words.lines._WORDS"}


def test_names_in_tables_are_those_of_ops():
    tables = {where: names for where, names in tables_of_names() if where not in NO_OPS}
    for where in (
        "viz.picture._SYMMETRIC",
        "checks.linting._SATURATING",
        "profiling.multiply_adds._RULES",
    ):
        assert f"autograd.{where}" in tables
    for where, names in tables.items():
        missing = [n for n in names if n not in registry]
        assert not missing, where


def test_formulas_stand_for_ops():
    for table in (formulas, readable):
        own = {n for n, f in vars(table).items() if getattr(f, "__module__", "") == table.__name__}
        assert {n for n in own if not n.startswith("_")} <= set(registry), table.__name__
    assert set(formulas.BODIES) <= set(registry)
