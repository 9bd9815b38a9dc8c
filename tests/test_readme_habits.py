"""A model written with PyTorch's habits runs as it stands."""

import numpy as np

import autograd as ag
import nn
import nn.functional as F
import optim


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, padding=1)
        self.fc = nn.Linear(8 * 4 * 4, 10)

    def forward(self, x):
        x = F.max_pool2d(F.gelu(self.conv(x)), 2)
        return self.fc(x.reshape(x.shape[0], -1))


def test_it_runs_as_written():
    net = Net()
    opt = optim.Adam(net.parameters(), lr=1e-3)
    x = ag.tensor(np.random.rand(16, 1, 8, 8), dtype=np.float32)
    loss = F.cross_entropy(net(x), np.arange(16) % 10)
    opt.zero_grad()
    loss.backward()
    before = net.fc.weight.data.copy()
    opt.step()
    assert np.abs(net.fc.weight.data - before).max() > 0
    (g,) = ag.grad(net(x).sum(), [net.fc.weight], create_graph=True)
    assert g.shape == net.fc.weight.shape
    assert g.requires_grad
    y = np.tanh(x).mean(axis=0)
    assert isinstance(y, ag.Tensor)


def test_it_learns():
    ag.manual_seed(0)
    net = Net()
    opt = optim.Adam(net.parameters(), lr=1e-2)
    rng = np.random.default_rng(0)
    x = ag.tensor(rng.random((16, 1, 8, 8)), dtype=np.float32)
    labels = np.arange(16) % 10
    for _ in range(60):
        loss = F.cross_entropy(net(x), labels)
        opt.zero_grad()
        loss.backward()
        opt.step()
    assert loss.item() < 0.5
