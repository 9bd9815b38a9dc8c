"""Nothing public is lost, or appears, by accident; what is shown is what is public."""

from __future__ import annotations

import importlib
import re
import tomllib
from pathlib import Path

import pytest

import autograd as ag
import nn
import optim

PATH = Path(__file__).with_name("public_names.toml")
NAMES = tomllib.loads(PATH.read_text(encoding="utf-8"))
OBJECTS = {"autograd.Tensor": ag.tensor(0.0), "nn.Module": nn.Module()}
MODULES = [name for name in NAMES if name not in OBJECTS]


def shown(place: object) -> list[str]:
    return [name for name in dir(place) if not name.startswith("_")]


@pytest.mark.parametrize("name", MODULES)
def test_a_module_has_and_shows_its_public_names(name):
    module = importlib.import_module(name)
    assert sorted(module.__all__) == NAMES[name], f"if that is meant: {PATH.name}"
    assert shown(module) == NAMES[name]


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_shows_its_public_names(name):
    assert shown(OBJECTS[name]) == NAMES[name]


@pytest.mark.parametrize("name", MODULES)
def test_what_a_star_imports_is_there(name):
    there: dict[str, object] = {}
    exec(f"from {name} import *", there)
    assert sorted(n for n in there if n != "__builtins__") == NAMES[name]


@pytest.mark.parametrize("module", [ag, nn, optim], ids=lambda module: module.__name__)
def test_help_begins_with_all_names(module):
    told = set(re.findall(r"\w+", module.__doc__))
    assert set(module.__all__) <= told
