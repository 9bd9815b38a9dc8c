"""Programs as users write them, in which mypy and pyright must find nothing. Never run."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

import autograd as ag
import nn
import nn.functional as F
import optim
from autograd import Array, Tensor
from nn.data import ArrayDataset, DataLoader, train_test_split

rng = np.random.default_rng(0)

# -- arrays, numbers and Tensors together ------------------------------------------------------

x = ag.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
images = rng.normal(size=(8, 1, 12, 12)).astype(np.float32)
w, b = ag.zeros(2, 1, requires_grad=True), ag.zeros((1,), requires_grad=True)

prediction = np.ones((4, 2)) @ w + b
squared = ((prediction - np.zeros((4, 1))) ** 2).mean()
squared.backward()
y = 2 * x + 1 - x / 2 + np.float32(2) * x - np.arange(2) * x
y += x**2
y = -y if (y > 0).all() else abs(y)
y = (x // 2) % 2 + x.astype(np.int64) % 2
z = np.square(x) * x + np.exp(x) + np.maximum(x, 0) + np.mean(x)
z.sum().backward()
np.concatenate([x.data, x.detach().numpy()]).mean()
np.asarray(x.detach()) + np.array(x.detach(), dtype=np.float64)
print(f"{squared.item():.3f}", float(squared), int(x.sum()), len(x), x.shape[0] * 2, x.tolist())
first, second = x
row, column, part = x[0], x[:, 1], x[x.data > 1]
for line in x:
    line.sum().backward(retain_graph=True)
x[0, 0] = 5.0
x[np.array([0, 1])] += ag.ones(2)
if x.grad is not None:
    step: Tensor = x.grad * 0.1
    x.data -= 0.1 * x.grad.data
with ag.no_grad():
    x -= 0.1
    x.copy_(np.zeros((2, 2)))
x.grad = None
x.grad = np.ones((2, 2))
x.requires_grad_(False).requires_grad_()

# -- ops ---------------------------------------------------------------------------------------

total: Tensor = ag.sum(x, axis=(0, 1), keepdims=True) + ag.sum(x, dim=0) + ag.mean(input=x)
plain: np.ndarray = ag.exp(np.ones(2)) + ag.sum([1.0, 2.0])
x.sum(0).mean(axis=None).reshape(1, 1).reshape((1,)).view(-1).transpose().T.ravel()
x.max(axis=1).softmax(-1).log_softmax(dim=-1).clip(0, 1).clamp(min=0.0).clamp(max=x.data.max())
x.std(ddof=1).var(correction=0).norm(ord=2).cumsum(0).flatten(start_dim=0).squeeze().unsqueeze(0)
x.repeat(2, axis=0).repeat([1, 2, 1, 2], axis=0).take([0, 1], axis=0).round(2).pow(2).matmul(x)
ag.stack([x, x], axis=0) + ag.concatenate([x, x], axis=-1).reshape(2, 2, 2)
ag.concatenate([x, np.ones((2, 2))]).sum()
joined: np.ndarray = ag.stack([np.ones(2), np.zeros(2)])
ag.where(x > 0, x, 0.0).sum().backward()
ag.einsum("ij,jk->ik", x, np.ones((2, 2))).mT.backward(np.ones((2, 2)))
ag.conv2d(images, ag.randn(4, 1, 3, 3), stride=(1, 1), padding="same", groups=1)
ag.conv2d(input=images, weight=ag.randn(4, 1, 3, 3), bias=None, padding=[1, 1])
pooled, places = ag.max_pool2d(images, 2, return_indices=True)
values, indices = ag.topk(x, 1)
halves = ag.split(x, 2, axis=1) + ag.split(x, np.array([1]))
halves[0].sum()
sign, logabsdet = ag.slogdet(x)
(sign * logabsdet).sum().backward()
ag.transpose(x, (1, 0)), ag.pad(x, ((1, 1), (0, 0))), ag.pad(x, 1, "edge"), ag.norm(x, "fro")
ag.roll(x, np.array([1, 1]), (0, 1)), ag.repeat(x, np.array([1, 2]), axis=0)
ag.reshape(x, np.shape(x)), ag.broadcast_to(x, (3, *x.shape)), ag.expand_dims(x, 0)
right = (ag.argmax(x, axis=1) == np.array([1, 1])).mean()
ag.arange(5), ag.arange(0.0, 1.0, 0.1), ag.linspace(0, 1, 5), ag.full([2, 3], 0.5), ag.eye(3)
ag.rand(3, 2), ag.randn((2, 2)), ag.normal(0.0, x.detach(), generator=rng), ag.zeros_like(x)
ag.tensor(np.ones(3), dtype="float64"), ag.tensor(3), ag.Tensor(images, name="images")
ag.manual_seed(0)


@ag.op
def bump(x: Array):
    out = np.exp(-x * x)
    return out, lambda g: g * out * (-2 * x)


@ag.op(max_order=1)
def cube(x: Array):
    return x**3, lambda g: g * 3 * x**2


bump(x).sum().backward()
ag.check_grads(bump, [np.array([-1.0, 0.5])])
ag.check_contract(cube, x)
ag.check_grads(lambda t: ag.exp(t).softmax(-1), x)
ag.check_grads(lambda t, u: ag.matmul(t, u), [x, x], order=1)
ag.check_grads(lambda t: ag.stack([t, x]).relu(), x)
ag.checkpoint(lambda t: ag.dropout(t, 0.5, training=True), x).relu()

# -- derivatives of functions ------------------------------------------------------------------

(dx,) = ag.grad((x**3).sum(), [x], create_graph=True)
ag.grad(dx.sum(), x)[0].numpy()
unused = ag.grad(x.sum(), [x, w], allow_unused=True)[1]
assert unused is None
slope = ag.grad(lambda x: x**2)(5.0)
slope.item()
ag.grad(lambda t: ag.matmul(np.ones((2, 2)), t).norm())(x)
ag.func.jacobian(lambda t: ag.concatenate([t, t]).square())(x)
ag.func.hessian(lambda x: (x**3).sum())(x)
value, gradient = ag.func.value_and_grad(lambda x: (x**3).sum())(x)
ag.func.vmap(lambda row, w: (row * w).sum(), (0, None))(x, 2.0).sum()
ag.func.functional_call(nn.Linear(2, 2), {"bias": ag.zeros(2)}, (x,)).sum()


@ag.no_grad()
def evaluate(net: nn.Module, x: np.ndarray) -> float:
    return float(net(x).mean())


@ag.no_grad
def evaluate_again(net: nn.Module, x: np.ndarray) -> float:
    return float(net(x).mean())


evaluate_again(nn.ReLU(), evaluate(nn.ReLU(), images) * images)

# -- modules -----------------------------------------------------------------------------------


class Net(nn.Module):
    def __init__(self, hidden: int = 16, depth: int = 2):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.layers = nn.ModuleList([nn.Linear(hidden, hidden) for _ in range(depth)])
        self.heads = nn.ModuleDict({"digit": nn.Linear(hidden, 10)})
        self.scale = nn.Parameter(ag.ones(1))
        self.count = nn.Buffer([0.0])
        self.first = nn.Linear(8 * 6 * 6, hidden)
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        x = F.max_pool2d(F.gelu(self.norm(self.conv(x))), 2)
        x = self.first(x.reshape(x.shape[0], -1))
        for layer in self.layers:
            x = F.relu(layer(x)) + x
        return self.heads["digit"](self.drop(x)) * self.scale


class Typed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(144, 32), nn.Tanh())
        self.shortcut: nn.Module = nn.Identity()
        self.activation: Callable[[Tensor], Tensor] = F.relu
        self.mean, self.spread = nn.Linear(32, 2), nn.Linear(32, 2)

    def forward(self, x: Tensor, sample: bool = True) -> tuple[Tensor, Tensor]:
        h = self.activation(self.encoder(self.shortcut(x)))
        mean, log_var = self.mean(h), self.spread(h)
        if sample:
            mean = mean + ag.exp(log_var / 2) * ag.randn(mean.shape)
        return mean, log_var


net = Net()
mean, log_var = Typed()(ag.tensor(images), sample=False)
(mean - log_var).sum().backward()
loss: Tensor = F.cross_entropy(net(images), np.arange(8) % 10, label_smoothing=0.1)
loss = nn.CrossEntropyLoss(weight=np.ones(10))(net(images), [1, 2, 3, 4, 5, 6, 7, 8])
loss = nn.MSELoss(reduction="sum")(net(images), 0.0) + F.l1_loss(net(images), ag.zeros(8, 10))
loss += nn.KLDivLoss("batchmean")(x, x) + F.kl_div(x, x, reduction="batchmean", log_target=True)
nn.Embedding(10, 4)([[1, 2], [3, 4]]).sum()
nn.MaxPool2d(2, return_indices=True)(images)
nn.LayerNorm([2, 2])(x), nn.Softmax(dim=-1)(x), nn.GELU("tanh")(x), nn.Unflatten(0, (1, 2))(x)
places_of: dict[str, nn.Module] = dict(net.named_modules())
for module in net.modules():
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight, gain=nn.init.calculate_gain("relu"))
        if module.bias is not None:
            nn.init.zeros_(module.bias)
sequence = nn.Sequential({"first": nn.Linear(2, 2), "act": nn.ReLU()})
sequence.append(nn.Linear(2, 1))[-1].weight.mean()
sequence[:2](x), sequence[0].weight.shape, len(sequence), list(sequence)
clone = copy.deepcopy(net).eval().double().to(np.float32).train()
clone.load_state_dict(net.state_dict(), strict=False)
with net.conv.register_forward_hook(lambda module, args, out: print(out.shape)):
    net(images)
size = sum(p.size for p in net.parameters())
frozen = [p.requires_grad_(False) for name, p in net.named_parameters() if "conv" in name]

# -- training ----------------------------------------------------------------------------------


def batches(n: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for _ in range(n):
        yield images, np.arange(8)


def train(net: nn.Module, epochs: int = 2) -> list[float]:
    opt = optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.01, betas=(0.9, 0.99))
    scheduler = optim.lr_scheduler.CosineAnnealingLR(opt, T_max=epochs)
    loader = DataLoader(images, np.arange(8), batch_size=4, shuffle=True, generator=rng)
    history = []
    for _ in range(epochs):
        net.train()
        for inputs, targets in loader:
            opt.zero_grad()
            loss = F.cross_entropy(net(inputs), targets)
            loss.backward()
            norm = optim.clip_grad_norm_(net.parameters(), 1.0)
            opt.step()
            history.append(loss.item() + float(norm))
        scheduler.step()
        net.eval()
        with ag.no_grad():
            right = (net(images).argmax(axis=1) == np.arange(8)).mean()
        print(f"{right:.1%}", opt.param_groups[0]["lr"], scheduler.get_last_lr())
    return history


def closure() -> Tensor:
    newton.zero_grad()
    loss = F.mse_loss(sequence(x), ag.zeros(2, 1))
    loss.backward()
    return loss


newton = optim.LBFGS(sequence.parameters(), lr=1.0)
print(newton.step(closure).item(), newton.step(lambda w=w: (w**2).sum()))
optim.SGD([{"params": net.conv.parameters(), "lr": 0.1}, {"params": [net.scale]}], momentum=0.9)
optim.SGD([w, b], lr=optim.schedules.cosine(0.1, total=100))
optim.Adam(net.named_parameters()).load_state_dict(optim.Adam(net.parameters()).state_dict())
optim.SGD([p for p in net.parameters() if p.requires_grad], lr=math.pi)
for inputs, _targets in DataLoader(ArrayDataset(images, np.arange(8)), batch_size=2):
    net(inputs)
train_x, test_x, train_y, test_y = train_test_split(images, np.arange(8), 0.25)
nn.save(net.state_dict(), Path("net.safetensors"), {"epoch": "3"})
net.load_state_dict(nn.load("net.safetensors"))
nn.models.build("lenet", (1, 32, 32), 10)(images)
nn.models.lenet5()(images).sum()
print(nn.summary(net, (1, 12, 12)), nn.count_parameters(net))

# -- looking -----------------------------------------------------------------------------------

ag.draw(loss).save("graph.svg")
ag.draw(loss, color="grad")
ag.replay(loss)
print(ag.explain(loss), ag.lint(loss, net), ag.to_numpy(loss))
with ag.profile() as report, ag.detect_anomaly(), ag.watch():
    loss.backward()
print(report)
ag.checkpoint(net, x).sum()
ag.curvature.hessian_trace(lambda: F.mse_loss(sequence(x), 0.0), sequence)
handle = loss.register_hook(lambda g: g * 2)
handle.remove()
