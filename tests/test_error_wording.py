"""Errors about an argument are worded in one way: "where: name must be this, got that; do so"."""

import ast
import re
from pathlib import Path

import pytest

import autograd as ag
from autograd.errors import ArgumentError, DTypeError
from autograd.support import arguments

PACKAGES = ("autograd", "nn", "optim")
ROOT = Path(ag.__file__).parents[1]
OTHER_WORDINGS = re.compile(r"\b(is|are) needed, got\b|\bcame (as|with)\b|\bcame;")


def messages(tree):
    """`(line, text)` of each error that is made, with `{}` where a value stands."""
    for node in ast.walk(tree):
        name = getattr(getattr(node, "func", None), "id", "")
        if isinstance(node, ast.Call) and name.endswith("Error") and node.args:
            parts = ast.walk(node.args[0])
            texts = [part.value for part in parts if isinstance(part, ast.Constant)]
            yield node.lineno, "{}".join(text for text in texts if isinstance(text, str))


def test_every_wrong_argument_is_worded_in_one_way():
    found = {
        f"{path.relative_to(ROOT)}:{line}": text
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for line, text in messages(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert sum(" must " in text for text in found.values()) > 100
    assert not {where: text for where, text in found.items() if OTHER_WORDINGS.search(text)}


@pytest.mark.parametrize(
    ("check", "values", "error", "message"),
    [
        ("whole", (2.5, 1), DTypeError, "a whole number of at least 1"),
        ("whole", (True,), DTypeError, "a whole number"),
        ("whole", (0, 1), ArgumentError, "a whole number of at least 1"),
        ("per_axis", ((1, 2, 3), 1, 2), ArgumentError, "a number or 2 of them"),
        ("per_axis", ((1, 0), 1, 2), ArgumentError, "a whole number of at least 1"),
        ("number", ("1",), DTypeError, "a number"),
        ("number", (float("inf"),), ArgumentError, "a finite number"),
        ("nonnegative", (-1,), ArgumentError, "a number of at least 0"),
        ("nonnegative", (float("nan"),), ArgumentError, "a finite number of at least 0"),
        ("positive", (0,), ArgumentError, "a number above 0"),
        ("positive", (True,), DTypeError, "a number above 0"),
        ("fraction", (1.5,), ArgumentError, "a number from 0 to 1"),
        ("flag", ("no",), DTypeError, "True or False"),
        ("one_of", ("c", ("a", "b")), ArgumentError, "'a' or 'b'"),
        ("one_of", ([1], {"a": 1, "b": 2, None: 3}), ArgumentError, "one of 'a', 'b', None"),
    ],
)
def test_the_shared_checks_say_what_fits_and_what_came(check, values, error, message):
    with pytest.raises(error) as caught:
        getattr(arguments, check)("f", "n", *values)
    where, got = str(caught.value).split(", got ")
    assert where == f"f: n must be {message}"
    assert got


def test_the_shared_checks_return_pythons_own_types():
    assert type(arguments.whole("f", "n", ag.tensor(3))) is int
    for check in (arguments.number, arguments.nonnegative, arguments.positive, arguments.fraction):
        assert type(check("f", "n", 1)) is type(check("f", "n", ag.tensor(0.5))) is float
    assert arguments.per_axis("f", "n", [1, 2], 1, 2) == (1, 2)
    assert arguments.one_of("f", "n", None, (None, "a")) is None
