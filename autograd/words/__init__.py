"""The backward pass in words: `explain` for reading, `to_numpy` for running without this library.

Both call the recorded closures on symbols that write down what is done to them, so that the rules
themselves are the one source of what is printed.
"""

from autograd.words.emitting import NumpyFunction, to_numpy
from autograd.words.explaining import Explanation, explain

__all__ = ["Explanation", "NumpyFunction", "explain", "to_numpy"]
