# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # See the graph
#
# Every operation on a tensor that needs a gradient leaves a node behind. `ag.draw` shows these
# nodes, `ag.backward_steps` walks through them, and `ag.replay` makes a page of the walk. Names are
# the ones in the program; values and gradients are shown as far as they are still in memory, and
# inside `with ag.watch():` all of them are kept.

# %%
import numpy as np
from IPython.display import display

import autograd as ag
import nn
import optim

ag.manual_seed(0)
rng = np.random.default_rng(0)

# %% [markdown]
# ## Micrograd's example
#
# The expression from micrograd's README, in one picture. Every box is an op with its result: the
# name it was given, its value, and the gradient of `g` with respect to it.

# %%
with ag.watch():
    a = ag.tensor(-4.0, requires_grad=True)
    b = ag.tensor(2.0, requires_grad=True)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + ag.relu(b + a)
    d += 3 * d + ag.relu(b - a)
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f

g.backward()
g.draw()

# %% [markdown]
# Without any Graphviz the same graph is a tree of text:

# %%
print(ag.draw(e, constants=False).text())

# %% [markdown]
# ## A two-layer network
#
# A batch of 8 points, 5 hidden units, 3 classes, written out with NumPy's names. A small graph is
# drawn in full: ops with their formulas, the rules of their derivatives as they stand in the code,
# the line that called them, the bytes that are kept for backward; tensors with shape, mean, range,
# histogram and gradient. `direction="both"` adds the gradients' way back.

# %%
X = ag.tensor(rng.standard_normal((8, 4)).astype(np.float32))
labels = rng.integers(0, 3, 8)
W1 = ag.tensor(rng.standard_normal((4, 5)).astype(np.float32), requires_grad=True)
W2 = ag.tensor(rng.standard_normal((5, 3)).astype(np.float32), requires_grad=True)


def two_layers():
    H = ag.sigmoid(X @ W1)
    scores = H @ W2
    P = ag.softmax(scores, axis=1)
    return -ag.log(P[np.arange(8), labels]).mean()


with ag.watch():
    loss = two_layers()
loss.backward(retain_graph=True)
ag.draw(loss, direction="both")

# %% [markdown]
# Coloured by the size of the gradient, from left to right:

# %%
ag.draw(loss, style="ops", color="grad", detail="names", rankdir="LR")

# %% [markdown]
# ## Backward, one step at a time
#
# Each step is one node: the gradient that arrives and what each closure sends on.

# %%
for step in ag.backward_steps(loss, retain_graph=True):
    for out in step.outgoing:
        print(f"{step.number}. {step.name:10s} ∂{out.operand} = {out.formula}")

# %% [markdown]
# The same as a film. Use the slider, or click into it and press ← →; click on a node to see its
# value and the gradient that has arrived so far. `.save("replay.html")` writes it as one file.

# %%
ag.replay(loss)

# %% [markdown]
# ## When something goes wrong
#
# The picture of an exception is the graph up to the op that failed, with the shapes it was given.

# %%
try:
    ag.sigmoid(X @ W1) @ W1
except ag.ShapeError as error:
    display(ag.draw(error))

# %% [markdown]
# The first NaN, in red:

# %%
with ag.watch(), np.errstate(all="ignore"):
    bad = ag.log(ag.relu(X @ W1)).sum()
    bad.backward()
ag.draw(bad, color="nan", style="ops", detail="values")

# %% [markdown]
# ## LeNet
#
# Modules are frames; parameters go by their path. `depth` says how deep to look.

# %%
net = nn.models.lenet5()
images = ag.tensor(rng.standard_normal((16, 1, 32, 32)).astype(np.float32))
digits = rng.integers(0, 10, 16)
with ag.watch():
    loss = nn.functional.cross_entropy(net(images), digits)
loss.backward(retain_graph=True)
ag.draw(loss, depth=2)

# %%
ag.draw(loss)

# %% [markdown]
# Where the memory is that backward needs:

# %%
ag.draw(loss, color="memory", detail="names", rankdir="LR", constants=False)

# %% [markdown]
# Tensors, modules and optimisers show themselves:

# %%
display(net)

# %%
optim.SGD(net.parameters(), lr=0.1, momentum=0.9)

# %%
display(next(net.parameters()))

# %% [markdown]
# ## Deep networks
#
# Equal blocks in a row are drawn once. A graph of more than 300 boxes folds by itself and says so
# below the picture.


# %%
class Block(nn.Module):
    def __init__(self, width):
        self.inner = nn.Linear(width, width)

    def forward(self, x):
        return ag.tanh(x + self.inner(x))


deep = nn.Sequential(nn.Linear(4, 16), *[Block(16) for _ in range(400)], nn.Linear(16, 1))
out = deep(X).sum()
ag.draw(out)
