"""Pictures of graphs, notebook reprs, and the backward pass as a film.

Imported when one of its names is first used; a picture that fails never breaks a computation.
"""

from autograd.viz.drawing import Graph, draw
from autograd.viz.film import Film, replay
from autograd.viz.steps import Step, backward_steps
from autograd.viz.watching import watch

__all__ = ["Film", "Graph", "Step", "backward_steps", "draw", "replay", "watch"]
