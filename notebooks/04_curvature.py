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
# # Curvature
#
# The gradient says which way is down; the Hessian, the matrix of second derivatives, says how the
# slope changes on the way. Here it is looked at from all sides: what a saddle does to gradient
# descent, why a ravine is slow, what the Hessian of a real network looks like, and what methods do
# that use it. The Hessian of a network is never written down: all that is needed is its product
# with a vector, $Hv = \nabla \langle \nabla L, v \rangle$, two backward passes.

# %%
import math
from itertools import permutations, product

import matplotlib.pyplot as plt
import numpy as np

import autograd as ag
import nn
import nn.functional as F
import optim
from autograd import curvature, func
from nn import models

plt.rcParams.update({"figure.figsize": (7, 3.6), "figure.constrained_layout.use": True})
ag.set_default_dtype(np.float64)
rng = np.random.default_rng(0)


def leaf(*values):
    """A vector to be optimised."""
    return ag.tensor(np.array(values, float), requires_grad=True)


def descend(loss, start, make, steps):
    """The points that an optimiser visits on a loss of one vector, first to last."""
    w = leaf(*start)
    opt = make([w])
    path = [w.data.copy()]

    def closure():
        opt.zero_grad()
        value = loss(w)
        value.backward()
        return value

    for _ in range(steps):
        opt.step((lambda: loss(w)) if isinstance(opt, optim.NewtonCG) else closure)
        path.append(w.data.copy())
    return np.array(path)


# %% [markdown]
# ## A saddle
#
# $x^2 - y^2$ has a zero gradient at the origin, and eigenvalues of both signs. Gradient descent
# that starts there stays there; a push of $10^{-6}$ is enough to leave. Newton's method with
# conjugate gradients looks for a direction of negative curvature and needs no luck. (The loss gets
# a term $y^4/4$, so that there is somewhere to go.)

# %%
saddle = lambda w: w[0] ** 2 - w[1] ** 2 + w[1] ** 4 / 4

origin = leaf(0, 0)
verdict = curvature.critical_point(lambda: saddle(origin), [origin])
gd = lambda params: optim.SGD(params, lr=0.1)
stuck = descend(saddle, (0, 0), gd, 60)
pushed = descend(saddle, (0.5, 1e-6), gd, 120)
newton = descend(saddle, (0, 0), optim.NewtonCG, 10)

x, y = np.meshgrid(np.linspace(-1, 1, 80), np.linspace(-2, 2, 80))
fig, axes = plt.subplots(1, 2)
axes[0].contour(x, y, x**2 - y**2 + y**4 / 4, 25, cmap="viridis")
for path, label in ((stuck, "from the saddle"), (pushed, "1e-6 off"), (newton, "Newton-CG")):
    axes[0].plot(*path.T, "o-", ms=3, label=label)
axes[0].legend(fontsize=8)
axes[0].set(title="x² - y² + y⁴/4", xlabel="x", ylabel="y")
axes[1].semilogy(np.abs(pushed[:, 1]), label="|y|, 1e-6 off")
axes[1].semilogy(np.abs(newton[:, 1]), "o-", ms=3, label="|y|, Newton-CG")
axes[1].legend(fontsize=8)
axes[1].set(title="leaving the saddle", xlabel="step")
print("the origin is a", verdict)

assert verdict == "saddle"
assert not stuck.any(), "a zero gradient moves nothing"
assert abs(pushed[-1, 1]) > 1.4
assert abs(abs(newton[-1, 1]) - math.sqrt(2)) < 1e-6

# %% [markdown]
# Weights that all start at zero are such a point of a network: the hidden units are copies of each
# other and get the same gradient, so they stay copies. Small random values break the symmetry.

# %%
points = rng.standard_normal((64, 3))
targets = np.sin(points.sum(1, keepdims=True))


def hidden_rows_after_training(initial):
    ag.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1))
    with ag.no_grad():
        for p in net.parameters():
            p.copy_(initial(p))
    opt = optim.SGD(net.parameters(), lr=0.1)
    for _ in range(100):
        opt.zero_grad()
        ((net(ag.tensor(points)) - targets) ** 2).mean().backward()
        opt.step()
    return net[0].weight.data


copies = hidden_rows_after_training(lambda p: np.zeros(p.shape))
distinct = hidden_rows_after_training(lambda p: 0.1 * rng.standard_normal(p.shape))
print("spread of the hidden rows: from zeros", np.ptp(copies, 0), "from noise", np.ptp(distinct, 0))
assert (copies == copies[0]).all()
assert min(np.abs(a - b).max() for i, a in enumerate(distinct) for b in distinct[:i]) > 1e-3

# %% [markdown]
# ## A ravine
#
# $J(\theta) = \frac12 \theta^\top A \theta$ with eigenvalues 1 and 100. Gradient descent has a
# closed form, $\theta_k = (I - \alpha A)^k \theta_0$: it converges just if
# $\alpha < 2/\lambda_{max}$, and then crawls along the flat direction while it bounces between the
# walls.

# %%
A = np.array([1.0, 100.0])
ravine = lambda w: (A * w * w).sum() / 2

path = descend(ravine, (1, 1), lambda p: optim.SGD(p, lr=0.019), 50)
closed_form = (1 - 0.019 * A) ** np.arange(51)[:, None]
w = leaf(1, 1)
limit = curvature.largest_stable_lr(lambda: ravine(w), [w])
below = descend(ravine, (1, 1), lambda p: optim.SGD(p, lr=0.99 * limit), 400)
above = descend(ravine, (1, 1), lambda p: optim.SGD(p, lr=1.01 * limit), 400)
print(f"largest stable learning rate {limit:.4f}, 2 / 100 = {2 / 100}")

assert np.allclose(path, closed_form, rtol=1e-9)
assert abs(limit - 0.02) < 1e-9
assert np.abs(below[-1]).max() < 1 < np.abs(above[-1]).max()

# %% [markdown]
# Momentum averages the bouncing away. With the best settings of both, momentum needs a fraction of
# the steps; methods that know the curvature need a handful.

# %%
largest, smallest = A.max(), A.min()
root = (math.sqrt(largest) - math.sqrt(smallest)) / (math.sqrt(largest) + math.sqrt(smallest))
best_rate = 2 / (largest + smallest)
heavy_rate = (2 / (math.sqrt(largest) + math.sqrt(smallest))) ** 2
methods = {
    "gradient descent": lambda p: optim.SGD(p, lr=best_rate),
    "momentum": lambda p: optim.SGD(p, lr=heavy_rate, momentum=root**2),
    "L-BFGS": lambda p: optim.LBFGS(p, max_iter=1, line_search_fn="strong_wolfe"),
    "Newton-CG": optim.NewtonCG,
}
paths = {name: descend(ravine, (1, 1), make, 400) for name, make in methods.items()}
needed = {}
fig, axes = plt.subplots(1, 2)
x, y = np.meshgrid(np.linspace(-0.5, 1.1, 80), np.linspace(-1.1, 1.1, 80))
axes[0].contour(x, y, (x**2 + 100 * y**2) / 2, np.geomspace(0.02, 60, 12), cmap="viridis")
for name, path in paths.items():
    distance = np.abs(path).max(1)
    needed[name] = int(np.argmax(distance < 1e-3)) if (distance < 1e-3).any() else 400
    axes[0].plot(*path[:25].T, ".-", lw=0.8, label=name)
    axes[1].semilogy(np.maximum(distance[:400], 1e-9), label=f"{name}: {needed[name]} steps")
axes[0].set(title="ravine, first 25 steps", xlabel="θ₁", ylabel="θ₂", ylim=(-1.3, 1.3))
axes[1].axhline(1e-3, color="0.7", lw=0.8)
axes[1].set(title="distance to the minimum", xlabel="step")
axes[1].legend(fontsize=7)
print(needed)

assert needed["momentum"] <= needed["gradient descent"] / 2
assert needed["Newton-CG"] <= needed["L-BFGS"] < needed["momentum"]

# %% [markdown]
# ## The Hessian of a network
#
# Small enough (D = 2·12 + 12 + 12·12 + 12 + 12·3 + 3 parameters) that the whole matrix can be
# assembled, to check what is cheap against what is exact: it is symmetric (Clairaut), its product
# with a vector is the difference of two gradients, and Lanczos' method finds its extreme
# eigenvalues from a few products.

# %%
angle = rng.uniform(0, 2 * np.pi, 150)
kind = np.arange(150) % 3
inputs = np.stack([np.cos(angle), np.sin(angle)], 1) * (1 + kind)[:, None]
inputs = ag.tensor(inputs + 0.15 * rng.standard_normal((150, 2)))

ag.manual_seed(1)
net = models.mlp([2, 12, 12, 3], nn.Tanh)
loss = lambda: F.cross_entropy(net(inputs), kind)
D = sum(p.size for p in net.parameters())


def assembled():
    times = curvature.hessian_product(loss, net)
    return np.array([times(row) for row in np.eye(D)])


H = assembled()
v = rng.standard_normal(D)
gradient = curvature.flat_gradient(loss, net)


def put(vector):
    start = 0
    with ag.no_grad():
        for p in net.parameters():
            p.copy_(vector[start : start + p.size].reshape(p.shape))
            start += p.size


def gradient_at(theta):
    here = curvature.flat_parameters(net)
    put(theta)
    found = curvature.flat_gradient(loss, net)
    put(here)
    return found


theta = curvature.flat_parameters(net)
differences = (gradient_at(theta + 1e-5 * v) - gradient_at(theta - 1e-5 * v)) / 2e-5
asymmetry = np.abs(H - H.T).max() / np.abs(H).max()
exact = np.linalg.eigvalsh(H)
lanczos = curvature.extreme_eigenvalues(loss, net, k=1, steps=40)
trace, error = curvature.hessian_trace(loss, net, samples=100)
print(f"D = {D}; asymmetry {asymmetry:.1e}")
print(f"eigenvalues {exact[0]:.4f} to {exact[-1]:.4f};", end=" ")
print(f"by Lanczos {lanczos.smallest[0]:.4f} to {lanczos.largest[0]:.4f}")
print(f"trace {np.trace(H):.3f}; by Hutchinson {trace:.3f} ± {error:.3f}")

assert asymmetry < 1e-8
assert np.allclose(curvature.hessian_product(loss, net)(v), H @ v, rtol=1e-10, atol=1e-12)
assert np.allclose(H @ v, differences, atol=1e-7 * np.abs(H @ v).max() + 1e-8)
assert abs(lanczos.largest[0] / exact[-1] - 1) < 0.01
assert abs(trace - np.trace(H)) < 4 * error

# %% [markdown]
# Before training there are slopes down on many sides; after it a few large eigenvalues stand out
# of a bulk near zero: the valley is steep in some directions and flat in nearly all others.

# %%
before = exact
opt = optim.LBFGS(net.parameters(), max_iter=60, line_search_fn="strong_wolfe")


def closure():
    opt.zero_grad()
    value = loss() + 1e-3 * sum((p * p).sum() for p in net.parameters())
    value.backward()
    return value


for _ in range(5):
    opt.step(closure)
after = np.linalg.eigvalsh(assembled())

fig, axes = plt.subplots(1, 2)
for ax, values, title in ((axes[0], before, "at the start"), (axes[1], after, "trained")):
    ax.hist(values, 60, color="tab:blue")
    ax.set(yscale="log", title=f"Hessian spectrum {title}", xlabel="eigenvalue")
    ax.axvline(0, color="k", lw=0.8)
print(
    f"loss {loss().item():.4f}; share of eigenvalues within 1 % of the largest from zero:", end=" "
)
print(f"{(np.abs(after) < 0.01 * after[-1]).mean():.0%}")
assert before[0] < 0 < before[-1]
assert (np.abs(after) < 0.01 * after[-1]).mean() > 0.5

# %% [markdown]
# ## Taylor's model
#
# $L(\theta + tv) \approx L + t\,g^\top v + \frac{t^2}{2} v^\top H v$. What is left shrinks as
# $t^3$, and the sign of $v^\top H v$ says whether a slice through the loss is bowl or hill.

# %%
ag.manual_seed(1)
net = models.mlp([2, 12, 12, 3], nn.Tanh)
times = curvature.hessian_product(loss, net)
gradient = curvature.flat_gradient(loss, net)
v = curvature.random_direction(net, seed=3)
bend = v @ times(v)
directions = [curvature.random_direction(net, seed=i, per_tensor=False) for i in range(100)]
bends = [d @ times(d) for d in directions]  # before the slices: they move the weights

t = np.geomspace(0.003, 0.1, 12)
base = loss().item()
ends = [curvature.loss_slice(loss, net, s * v, points=3)[1] for s in t]
model = base + t * (gradient @ v) + t**2 / 2 * bend
rest = np.abs(np.array([e[2] for e in ends]) - model)
slope = np.polyfit(np.log(t), np.log(rest), 1)[0]

agree = 0
for d, known in zip(directions, bends, strict=True):
    _, values = curvature.loss_slice(loss, net, d, radius=1e-3, points=3)
    agree += np.sign(values[0] - 2 * values[1] + values[2]) == np.sign(known)

fig, axes = plt.subplots(1, 2)
s, values = curvature.loss_slice(loss, net, v, radius=1.5, points=61)
axes[0].plot(s, values, label="loss")
axes[0].plot(s, base + s * (gradient @ v), ":", label="first order")
axes[0].plot(s, base + s * (gradient @ v) + s**2 / 2 * bend, "--", label="second order")
axes[0].set(
    title="a slice and its models", xlabel="t", ylim=(values.min() - 0.3, values.max() + 0.3)
)
axes[0].legend(fontsize=8)
axes[1].loglog(t, rest, "o-", label=f"slope {slope:.2f}")
axes[1].set(title="|loss - second-order model|", xlabel="t")
axes[1].legend()
print(f"signs agree in {agree} of 100 directions")
assert abs(slope - 3) < 0.1
assert agree == 100

# %% [markdown]
# ## Slices of a larger loss
#
# A ReLU network of 4 layers, 10 inputs, 32 units in each hidden layer, 10 classes, softmax loss,
# along 20 random directions. Some slices are convex, others bend both ways: a negative second
# difference tells.

# %%
ag.manual_seed(0)
deep = models.mlp([10, 32, 32, 32, 10], nn.ReLU)
for p in deep.parameters():
    if p.ndim == 2:
        nn.init.kaiming_normal_(p)
batch = ag.tensor(rng.standard_normal((200, 10)))
labels = rng.integers(0, 10, 200)
deep_loss = lambda: F.cross_entropy(deep(batch), labels)

convex, others = [], []
for seed in range(20):
    direction = curvature.random_direction(deep, seed=seed)
    s, values = curvature.loss_slice(deep_loss, deep, direction, radius=0.15, points=41)
    bends = values[:-2] - 2 * values[1:-1] + values[2:]
    (convex if (bends >= 0).all() else others).append(values)

a, b = (curvature.random_direction(deep, seed=seed) for seed in (0, 1))
grid, surface = curvature.loss_surface(deep_loss, deep, a, b, radius=2.0, points=25)
fig, axes = plt.subplots(1, 3, figsize=(10, 3.4))
for ax, group, title in ((axes[0], convex, "convex"), (axes[1], others, "not convex")):
    for values in group:
        ax.plot(s, values, lw=0.9)
    ax.set(title=f"{len(group)} slices {title}", xlabel="t")
picture = axes[2].contourf(grid, grid, np.log(surface).T, 20, cmap="viridis")
axes[2].set(title="log loss on a plane", xlabel="first direction", ylabel="second")
fig.colorbar(picture)
assert convex and others

# %% [markdown]
# ## Convex models
#
# Linear regression, logistic regression, the softmax classifier and the support vector machine are
# convex in their weights: no chord lies below the graph, and the Hessian has no negative
# eigenvalue. The cosine is not. And a composition of convex functions need not be convex:
# $-(x^2)$ is one, with second derivative $-2$ (the outer function must be increasing).

# %%
X = ag.tensor(rng.standard_normal((30, 4)))
number, bit, label = (
    rng.standard_normal((30, 1)),
    rng.integers(0, 2, (30, 1)),
    rng.integers(0, 3, 30),
)
linear_losses = {
    "linear regression": (1, lambda w: F.mse_loss(X @ w, number)),
    "logistic regression": (
        1,
        lambda w: F.binary_cross_entropy_with_logits(X @ w, bit.astype(float)),
    ),
    "softmax classifier": (3, lambda w: F.cross_entropy(X @ w, label)),
    "support vector machine": (3, lambda w: F.multi_margin_loss(X @ w, label)),
}


def violations(function, shape, count):
    """Of `count` random chords, how many have their point below the graph."""
    found = 0
    for _ in range(count):
        p, q, t = 3 * rng.standard_normal(shape), 3 * rng.standard_normal(shape), rng.uniform()
        at_p, at_q, between = (function(ag.tensor(w)).item() for w in (p, q, t * p + (1 - t) * q))
        found += between > t * at_p + (1 - t) * at_q + 1e-12
    return found


for name, (outputs, function) in linear_losses.items():
    h = func.hessian(function)(rng.standard_normal((4, outputs)))
    lowest = np.linalg.eigvalsh(h.reshape(4 * outputs, -1)).min()
    broken = violations(function, (4, outputs), 1000)
    print(f"{name}: {broken} chords of 1000 below, lowest eigenvalue {lowest:.1e}")
    assert broken == 0
    assert lowest >= -1e-10
below_cosine = violations(lambda w: ag.cos(w).sum(), (1,), 1000)
print("cos:", below_cosine, "chords of 1000 below")
assert below_cosine > 0

composed = func.grad(func.grad(lambda x: -(x**2)))(ag.tensor(0.7)).item()
print("second derivative of -(x²):", composed)
assert composed == -2

# %% [markdown]
# ## Networks are not convex
#
# The K! orders of K hidden units give one function, so the loss has K! copies of each minimum. The
# average of two minima of a convex function would be a minimum; the average over all orders has K
# equal units and a higher loss.

# %%
K = 3
ag.manual_seed(2)
small = nn.Sequential(nn.Linear(1, K), nn.Tanh(), nn.Linear(K, 1))
grid = ag.tensor(np.linspace(-3, 3, 60)[:, None])
wave = np.sin(2 * grid.data)
lm = optim.LevenbergMarquardt(small.parameters())
for _ in range(60):
    lm.step(lambda: small(grid) - wave)
trained = [p.data.copy() for p in small.parameters()]
w1, b1, w2, b2 = trained


def output(w1, b1, w2, b2):
    return np.tanh(grid.data @ w1.T + b1) @ w2.T + b2


orders = [list(p) for p in permutations(range(K))]
variants = [(w1[o], b1[o], w2[:, o], b2) for o in orders]
spread = max(np.abs(output(*v) - output(*trained)).max() for v in variants)
mean = [np.mean([v[i] for v in variants], axis=0) for i in range(4)]
error = lambda parameters: ((output(*parameters) - wave) ** 2).mean()
plt.plot(grid.data, wave, "k:", label="wanted")
plt.plot(grid.data, output(*trained), label=f"all {len(orders)} orders: {error(trained):.4f}")
plt.plot(grid.data, output(*mean), label=f"their average: {error(mean):.4f}")
plt.legend()
plt.title("one function, six places in weight space")
assert len(orders) == 6 and spread < 1e-12
assert np.ptp(mean[0], axis=0).max() < 1e-12
assert error(mean) > error(trained)

# %% [markdown]
# And there are worse minima than others: the 2-2-1 network on XOR, from 20 starting points.

# %%
corners = ag.tensor(np.array(list(product([0.0, 1.0], repeat=2))))
xor = np.array([[0.0], [1.0], [1.0], [0.0]])
finals = []
for seed in range(20):
    ag.manual_seed(seed)
    gates = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))
    opt = optim.LBFGS(gates.parameters(), max_iter=200, line_search_fn="strong_wolfe")

    def closure(gates=gates, opt=opt):
        opt.zero_grad()
        value = ((gates(corners) - xor) ** 2).mean()
        value.backward()
        return value

    for _ in range(3):
        opt.step(closure)
    finals.append(closure().item())
plt.hist(finals, 30)
plt.title("final loss of XOR from 20 starts")
plt.xlabel("loss")
print("distinct final losses:", sorted({round(value, 3) for value in finals}))
assert len({round(value, 3) for value in finals}) >= 2

# %% [markdown]
# ## Plateaux: dead and saturated units
#
# A unit is dead where its ReLU is zero for every input, so that no gradient ever reaches it, and
# saturated where a sigmoid's slope is below $10^{-3}$ everywhere. Both are read from the gradient
# by the pre-activations.

# %%
ag.manual_seed(0)
first, second = nn.Linear(10, 16), nn.Linear(16, 8)
with ag.no_grad():
    first.bias[3] -= 50.0
    first.bias[7] -= 50.0
    second.bias[2] += 40.0
z1 = first(batch)
z2 = second(ag.relu(z1))
units = ag.sigmoid(z2)
slopes1, slopes2 = ag.grad(units.sum(), [z1, z2])
dead = np.flatnonzero((slopes1.data == 0).all(0))
saturated = np.flatnonzero((slopes2.data < 1e-3).all(0))
print("dead units of the first layer:", dead, "saturated ones of the second:", saturated)

p = 1 / (1 + np.exp(-z2.data))
assert list(dead) == [j for j in range(16) if (z1.data[:, j] <= 0).all()] == [3, 7]
assert list(saturated) == [j for j in range(8) if (p[:, j] * (1 - p[:, j]) < 1e-3).all()] == [2]

# %% [markdown]
# ## What an input does to a hidden unit
#
# For $h = f(Wx + b)$ the effect of $x_j$ on $h_i$ is
# $\partial h_i / \partial x_j = W_{ij} f'(z_i)$. Edges are as thick as the weights, and coloured by
# the effect at one input.

# %%
ag.manual_seed(4)
layer = nn.Linear(4, 5)
one = rng.standard_normal(4)
effect = func.jacobian(lambda x: ag.tanh(layer(x)))(one).data
W = layer.weight.data
slope = 1 - np.tanh(W @ one + layer.bias.data) ** 2
assert np.allclose(effect, W * slope[:, None], rtol=1e-12)

top = np.abs(effect).max()
for i, j in product(range(5), range(4)):
    colour = plt.cm.coolwarm(0.5 + 0.5 * effect[i, j] / top)
    plt.plot([0, 1], [-j - 0.5, -i], color=colour, lw=0.5 + 8 * abs(W[i, j]))
for j in range(4):
    plt.text(-0.06, -j - 0.5, f"$x_{j + 1}$", ha="right", va="center")
for i in range(5):
    plt.text(1.06, -i, f"$h_{i + 1}$", va="center")
plt.axis("off")
plt.title("thickness |W|, colour ∂h/∂x (blue < 0 < red)")
plt.show()

# %% [markdown]
# ## Methods that use curvature
#
# The same small regression for each, against the number of times that the loss, its gradient or a
# Hessian-vector product was computed. Levenberg-Marquardt solves a least-squares model with the
# whole Jacobian in each step, which pays for as few parameters as these.

# %%
grid = ag.tensor(np.linspace(-2, 2, 60)[:, None])
wanted = np.sin(3 * grid.data) * np.exp(-(grid.data**2) / 4)


def compare(make, steps):
    """Loss against the number of passes through the network, forward and backward."""
    ag.manual_seed(0)
    fit = nn.Sequential(nn.Linear(1, 12), nn.Tanh(), nn.Linear(12, 1))
    opt = make(fit.parameters())
    passes, work, losses = [0], [], []
    fit.register_forward_hook(lambda *_: passes.__setitem__(0, passes[0] + 1))
    mse = lambda: ((fit(grid) - wanted) ** 2).mean()

    def closure():
        opt.zero_grad()
        value = mse()
        value.backward()
        return value

    residuals = lambda: fit(grid) - wanted
    given = {optim.LevenbergMarquardt: residuals, optim.NewtonCG: mse}.get(type(opt), closure)
    for _ in range(steps):
        opt.step(given)
        work.append(passes[0])
        with ag.no_grad():
            losses.append(mse().item())
        passes[0] -= 1
    return work, losses


runs = {
    "gradient descent": compare(lambda p: optim.SGD(p, lr=0.1), 400),
    "momentum 0.9": compare(lambda p: optim.SGD(p, lr=0.1, momentum=0.9), 400),
    "Adam": compare(lambda p: optim.Adam(p, lr=0.02), 400),
    "L-BFGS": compare(lambda p: optim.LBFGS(p, max_iter=10, line_search_fn="strong_wolfe"), 32),
    "Newton-CG": compare(optim.NewtonCG, 100),
    "Levenberg-Marquardt": compare(optim.LevenbergMarquardt, 100),
}
for name, (work, losses) in runs.items():
    plt.semilogy(work, losses, label=f"{name}: {losses[-1]:.1e}")
plt.xlim(0, 400)
plt.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))
plt.title("fitting 37 parameters")
plt.xlabel("forward passes")
plt.ylabel("mean squared error")
curved = max(runs[name][1][-1] for name in ("L-BFGS", "Newton-CG", "Levenberg-Marquardt"))
assert curved < 0.2 * runs["gradient descent"][1][-1]
