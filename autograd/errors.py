"""The exceptions and warnings this library raises.

Each is a subclass of `GlassgradError` and of the built-in exception that fits, so that
`except ValueError` keeps working. A message names the op or module path, the argument, what came,
and what would fit.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable

import numpy as np

__all__ = [
    "AnomalyError",
    "ArgumentError",
    "AxisError",
    "CheckpointError",
    "DTypeError",
    "FileKindError",
    "FloatError",
    "GlassgradError",
    "GradCheckError",
    "GradWarning",
    "GraphError",
    "InPlaceError",
    "IndexRangeError",
    "IndexTypeError",
    "MissingExtraError",
    "ReadOnlyFileError",
    "ShapeError",
    "UnknownNameError",
]

#: Tells an error in a notebook. Who draws pictures puts a function here that adds one.
traceback_in_notebook: Callable[[BaseException], list[str]] = traceback.format_exception


class GlassgradError(Exception):
    """Base of all exceptions of this library.

    In a notebook the traceback comes with a picture of the graph around what failed.
    """

    located: bool = False  # whether the message begins with the path of a module

    def _render_traceback_(self) -> list[str]:  # IPython asks for this
        return traceback_in_notebook(self)


class ShapeError(GlassgradError, ValueError):
    """Shapes that do not fit each other or the op."""


class ArgumentError(GlassgradError, ValueError):
    """An argument whose value is outside what the op or module accepts."""


class AxisError(GlassgradError, ValueError, IndexError):
    """An axis outside the array's dimensions (as `numpy.exceptions.AxisError`)."""


class IndexRangeError(GlassgradError, IndexError):
    """An index or class label outside its range."""


class DTypeError(GlassgradError, TypeError):
    """A type or dtype that the op or module does not take."""


class ForeignOperandError(DTypeError):
    """An operand that is no Tensor, array or number; its own type may know what to do with it."""


class FloatError(GlassgradError, FloatingPointError):
    """A division by zero, an overflow or the like, where `np.errstate` asks for an exception."""


class UnknownNameError(GlassgradError, AttributeError):
    """A name that a module, Tensor or layer does not have; says which one was probably meant."""

    def __init__(self, message: str = "", hint: Callable[[], str] | None = None):
        super().__init__(message)
        self._hint = hint

    def __str__(self) -> str:
        return super().__str__() + ("" if self._hint is None else self._hint())

    def __reduce__(self) -> tuple[type[UnknownNameError], tuple[str]]:
        return type(self), (str(self),)


class GraphError(GlassgradError, RuntimeError):
    """The graph cannot be replayed as asked: freed, missing, or not connected."""


class IndexTypeError(DTypeError, IndexError):
    """Floats, booleans or something else where positions, that is integers, are needed."""


class AnomalyError(GlassgradError, ArithmeticError):
    """A NaN or an infinity that `detect_anomaly` found."""


class InPlaceError(GlassgradError, RuntimeError):
    """An array was written to that the graph still needs, or may not be written to here."""


class CheckpointError(GlassgradError, ValueError):
    """A file or state dictionary that is corrupt, foreign, or does not fit."""


class FileKindError(GlassgradError, OSError):
    """What stands at a path is no file that could be written: a directory, a socket, a FIFO."""


class ReadOnlyFileError(GlassgradError, PermissionError):
    """A file that may not be written to."""


class GradCheckError(GlassgradError, AssertionError):
    """A derivative disagrees with its numerical estimate, or a rule breaks the op contract."""


class MissingExtraError(GlassgradError, ImportError):
    """A package of one of the optional extras is not installed."""


class GradWarning(UserWarning):
    """A gradient that is probably not what was meant."""


def ours(error: Exception) -> type[GlassgradError]:
    """The exception of ours that stands for one of NumPy or Python."""
    return next(kind for theirs, kind in _OURS if isinstance(error, theirs))


_OURS: tuple[tuple[type[Exception], type[GlassgradError]], ...] = (  # the first that fits
    (np.exceptions.AxisError, AxisError),
    (IndexError, IndexRangeError),
    (TypeError, DTypeError),
    (AttributeError, DTypeError),  # a number where an op needs an array
    (FloatingPointError, FloatError),
    (ArithmeticError, ArgumentError),
    (Exception, ShapeError),
)


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
