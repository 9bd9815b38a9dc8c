"""The update rules that tests run: a row for each setting that changes what a rule computes.

Tests of values take all of them, those of steps as a whole (interrupted, joined, saved) `SOME`.
Tests fail while an optimiser has no row.
"""

from __future__ import annotations

from typing import Any

import pytest

import optim

Rule = tuple[type[optim.Optimizer], dict[str, Any]]

RULES: dict[str, Rule] = {
    "sgd": (optim.SGD, {}),
    "sgd decay": (optim.SGD, {"weight_decay": 0.1}),
    "momentum": (optim.SGD, {"momentum": 0.9}),
    "dampening": (optim.SGD, {"momentum": 0.9, "dampening": 0.4, "weight_decay": 0.01}),
    "nesterov": (optim.SGD, {"momentum": 0.9, "nesterov": True}),
    "nesterov maximize": (optim.SGD, {"momentum": 0.9, "nesterov": True, "maximize": True}),
    "sgd maximize": (optim.SGD, {"momentum": 0.9, "maximize": True, "weight_decay": 0.1}),
    "adam": (optim.Adam, {}),
    "adam settings": (optim.Adam, {"betas": (0.8, 0.95), "eps": 1e-4, "weight_decay": 0.1}),
    "amsgrad": (optim.Adam, {"amsgrad": True, "betas": (0.5, 0.6), "weight_decay": 0.1}),
    "adam maximize": (optim.Adam, {"maximize": True}),
    "adam decoupled": (optim.Adam, {"decoupled_weight_decay": True, "weight_decay": 0.2}),
    "adamw": (optim.AdamW, {}),
    "adamw maximize": (optim.AdamW, {"maximize": True}),
    "adamw amsgrad": (optim.AdamW, {"amsgrad": True, "weight_decay": 0.3}),
    "rmsprop": (optim.RMSprop, {}),
    "rmsprop centered": (optim.RMSprop, {"centered": True, "alpha": 0.9}),
    "rmsprop momentum": (optim.RMSprop, {"momentum": 0.8, "weight_decay": 0.1}),
    "rmsprop all": (optim.RMSprop, {"centered": True, "momentum": 0.5, "eps": 1e-3}),
    "rmsprop maximize": (optim.RMSprop, {"maximize": True}),
    "adagrad": (optim.Adagrad, {}),
    "adagrad settings": (
        optim.Adagrad,
        {"lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.3, "eps": 1e-3},
    ),
    "adagrad maximize": (optim.Adagrad, {"maximize": True}),
}

#: Those with no settings, and those with many.
SOME: list[Rule] = [rule for rule in RULES.values() if not 0 < len(rule[1]) < 3]

rules = pytest.mark.parametrize(("cls", "settings"), RULES.values(), ids=RULES)
some_rules = pytest.mark.parametrize(("cls", "settings"), SOME)
