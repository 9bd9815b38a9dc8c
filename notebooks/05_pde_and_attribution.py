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
# # Derivatives by the input
#
# A network is a function, and its derivatives by its *input* are useful in themselves: in the
# loss, to make it satisfy a differential equation; after training, to ask which parts of an input
# decided.

# %%
import math

import matplotlib.pyplot as plt
import numpy as np

import autograd as ag
import nn
import optim
from nn import functional as F
from nn import models

plt.rcParams.update({"figure.figsize": (8, 3.2), "figure.constrained_layout.use": True})
ag.set_default_dtype(np.float64)
rng = np.random.default_rng(0)

# %% [markdown]
# ## The Black-Scholes equation
#
# The value $V(s, t)$ of a call option with strike 1, at share price $s$ and time $t$ before expiry:
#
# $$ V_t = \tfrac12 \sigma^2 s^2 V_{ss} + r s V_s - r V, \qquad V(s, 0) = \max(s - 1, 0), $$
#
# with $V(2, t)$ from the closed form, which is otherwise only used to judge. The value is written
# $V = B(s, t) + t\,s\,\mathrm{net}(s, t)$, where $B$ is the solution for a share price that moves
# with constant width $\sigma\sqrt t$ (Bachelier): so expiry holds by construction, and the kink
# there is nothing that the network must learn. The loss is the equation's residual and the upper
# boundary. The residual has second derivatives by the input, the gradient of the loss third ones:
# one rule per op serves all of them.

# %%
rate, volatility = 0.05, 0.4


def normal_cdf(x):
    return 0.5 * (1 + ag.erf(x / math.sqrt(2)))


def closed_form(s, t):
    spread = volatility * np.sqrt(t)
    d1 = (np.log(s) + (rate + volatility**2 / 2) * t) / spread
    return s * normal_cdf(d1) - np.exp(-rate * t) * normal_cdf(d1 - spread)


ag.manual_seed(0)
net = models.mlp([2, 20, 20, 1], nn.Tanh)
inside = np.stack([rng.uniform(0.01, 2, 600), rng.uniform(0.02, 1, 600)], 1)
top = np.stack([np.full(60, 2.0), np.linspace(0.02, 1, 60)], 1)
top_value = closed_form(top[:, 0], top[:, 1])


def value(x):
    """V at rows (s, t): Bachelier's solution plus a correction by the network."""
    s, t = x[:, 0], x[:, 1]
    width = volatility * ag.sqrt(t)
    z = (s - 1) / width
    smooth = (s - 1) * normal_cdf(z) + width * ag.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return smooth + t * s * net(x)[:, 0]


def residual():
    x = ag.tensor(inside, requires_grad=True)
    v = value(x)
    (slope,) = ag.grad(v.sum(), [x], create_graph=True)
    (bend,) = ag.grad(slope[:, 0].sum(), [x], create_graph=True)
    s = inside[:, 0]
    return 0.5 * volatility**2 * s**2 * bend[:, 0] + rate * s * slope[:, 0] - rate * v - slope[:, 1]


opt = optim.LBFGS(net.parameters(), max_iter=50, line_search_fn="strong_wolfe")


def closure():
    opt.zero_grad()
    loss = (residual() ** 2).mean() + 10 * ((value(ag.tensor(top)) - top_value) ** 2).mean()
    loss.backward()
    return loss


losses = [opt.step(closure).item() for _ in range(10)]

# %%
grid_s, grid_t = np.meshgrid(np.linspace(0.02, 2, 80), np.linspace(0.02, 1, 40))
with ag.no_grad():
    found = value(ag.tensor(np.stack([grid_s.ravel(), grid_t.ravel()], 1))).data
found = found.reshape(grid_s.shape)
wanted = closed_form(grid_s, grid_t)
error = np.linalg.norm(found - wanted) / np.linalg.norm(wanted)

fig, axes = plt.subplots(1, 3)
axes[0].semilogy(np.arange(len(losses)) * 50, losses, "o-")
axes[0].set(title="loss", xlabel="iterations of L-BFGS")
for row in (2, 15, 39):
    axes[1].plot(grid_s[row], found[row], label=f"t = {grid_t[row, 0]:.2f}")
    axes[1].plot(grid_s[row], wanted[row], "k:", lw=1)
axes[1].set(title="network, closed form dotted", xlabel="share price")
axes[1].legend(fontsize=7)
picture = axes[2].contourf(grid_s, grid_t, found - wanted, 20, cmap="coolwarm")
axes[2].set(title="difference", xlabel="share price", ylabel="time to expiry")
fig.colorbar(picture)
print(f"relative L2 error {error:.2%}")
assert error < 0.01

# %% [markdown]
# ## Which inputs decided
#
# Integrated gradients (Sundararajan et al. 2017):
# $x_i \int_0^1 \partial_i f(\alpha x)\, d\alpha$. They add up to $f(x) - f(0)$: the decision
# is shared out among the inputs. In this data the label depends on four pixels of 64 that were
# planted; the others are noise. Occlusion, each pixel set to 0 in turn, is the cruder check.

# %%
planted = np.array([9, 22, 41, 54])
pixels = rng.standard_normal((800, 64))
label = (pixels[:, planted].sum(1) > 0).astype(int)
ag.manual_seed(0)
judge = models.mlp([64, 32, 2], nn.Tanh)
adam = optim.Adam(judge.parameters(), lr=3e-3, weight_decay=1e-3)
for _ in range(300):
    adam.zero_grad()
    F.cross_entropy(judge(ag.tensor(pixels)), label).backward()
    adam.step()


def margin(x):
    scores = judge(x)
    return scores[:, 1] - scores[:, 0]


def integrated_gradients(x, steps=50):
    """One row: the mean gradient on the way from 0 to x (midpoints), times x."""
    path = ag.tensor((np.arange(steps)[:, None] + 0.5) / steps * x, requires_grad=True)
    (slopes,) = ag.grad(margin(path).sum(), [path])
    return x * slopes.data.mean(0)


shares = np.array([integrated_gradients(x) for x in pixels[:50]])
with ag.no_grad():
    gain = margin(ag.tensor(pixels[:50])).data - margin(ag.tensor(np.zeros((1, 64)))).data
missing = np.abs(shares.sum(1) - gain) / np.abs(gain).max()
importance = np.abs(shares).mean(0)
occluded = []
with ag.no_grad():
    for i in range(64):
        without = pixels[:50].copy()
        without[:, i] = 0
        change = margin(ag.tensor(pixels[:50])) - margin(ag.tensor(without))
        occluded.append(np.abs(change.data).mean())

fig, axes = plt.subplots(1, 2, figsize=(7, 3))
for ax, picture, title in (
    (axes[0], importance, "integrated gradients"),
    (axes[1], np.array(occluded), "occlusion"),
):
    ax.imshow(picture.reshape(8, 8), cmap="viridis")
    ax.scatter(planted % 8, planted // 8, marker="s", s=180, facecolors="none", edgecolors="r")
    ax.set(title=title, xticks=[], yticks=[])
print(f"sum of the shares against f(x) - f(0): off by at most {missing.max():.1e}")
assert missing.max() < 0.01
assert set(np.argsort(importance)[-4:]) == set(planted) == set(np.argsort(occluded)[-4:])
