"""The named networks, their sizes, and summary."""

import numpy as np
import pytest

import autograd as ag
import nn
import nn.functional as F
from autograd.errors import ArgumentError, GlassgradError, ShapeError
from nn import models


def test_lenet5_has_61706_parameters_and_the_shapes_of_the_paper():
    net = models.lenet5()
    assert sum(p.size for p in net.parameters()) == 61_706
    shapes = [row.output_shape for row in nn.summary(net, (1, 32, 32)) if row.kind != "Tanh"]
    assert shapes == [
        (6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5), (400,), (120,), (84,), (10,),
    ]  # fmt: skip
    assert sum(p.size for p in models.build("lenet").parameters()) == 61_706
    mnist = models.lenet5(image=(1, 28, 28))
    assert sum(p.size for p in mnist.parameters()) == 61_706
    assert mnist(ag.zeros(2, 1, 28, 28)).shape == (2, 10)


def test_choices_of_lenet():
    classic = [type(m).__name__ for m in models.lenet5().features]
    assert classic == ["Conv2d", "Tanh", "AvgPool2d"] * 2
    usual = [type(m).__name__ for m in models.build("lenet").features]
    assert usual == ["Conv2d", "ReLU", "MaxPool2d"] * 2
    other = models.lenet5(7, (3, 40, 24), activation="gelu", pool=nn.AvgPool2d)
    assert other(ag.zeros(2, 3, 40, 24)).shape == (2, 7)
    with pytest.raises(ArgumentError, match="height and width at least 16"):
        models.lenet5(image=(1, 15, 32))


@pytest.mark.parametrize("name", models.names())
@pytest.mark.parametrize("image", [(1, 32, 32), (3, 32, 32), (1, 28, 28)])
def test_every_named_model_runs_and_every_parameter_gets_a_gradient(name, image):
    ag.manual_seed(0)
    net = models.build(name, image, classes=7)
    out = net(ag.randn(2, *image))
    assert out.shape == (2, 7) and out.dtype == np.float32
    F.cross_entropy(out, [0, 6]).backward()
    assert all(p.grad is not None for p in net.parameters())
    assert np.isfinite(out.data).all()


def test_weight_shapes_of_the_perceptrons():
    def shapes(net):
        return [p.shape for p in net.parameters()]

    assert shapes(models.linear_classifier(3072)) == [(10, 3072), (10,)]
    assert shapes(models.two_layer(3072, 100)) == [(100, 3072), (100,), (10, 100), (10,)]
    assert shapes(models.three_layer(8, (7, 6), 5))[::2] == [(7, 8), (6, 7), (5, 6)]
    deep = models.deep_mlp(8, 4, 3, activation=nn.Tanh)
    assert shapes(deep)[::2] == [(4, 8), *[(4, 4)] * 4, (3, 4)]
    assert sum(isinstance(m, nn.Tanh) for m in deep) == 5
    assert len(models.mlp([4, 3])) == 2


def test_residual_network_has_20_layers_of_weights():
    net = models.resnet20()
    weighted = [m for m in net.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    shortcuts = [m for m in weighted if getattr(m, "kernel_size", None) == (1, 1)]
    assert len(weighted) - len(shortcuts) == 20 and len(shortcuts) == 2
    # 269,722 with shortcuts that only pad, as in the paper, and two 1x1 convolutions with norms
    assert sum(p.size for p in net.parameters()) == 269_722 + 16 * 32 + 64 + 32 * 64 + 128
    assert "layer3.0.shortcut.0.weight" in net.state_dict()


def test_cnn_from_a_list():
    net = models.cnn([8, 16, "pool", 32], in_channels=3, activation="tanh", batch_norm=True)
    kinds = [type(m).__name__ for m in net]
    stage = ["Conv2d", "BatchNorm2d", "Tanh"]
    assert kinds == [*stage, *stage, "MaxPool2d", *stage]
    assert net(ag.zeros(1, 3, 8, 8)).shape == (1, 32, 4, 4)
    with pytest.raises(ArgumentError, match="a number of maps or 'pool', got 'avg'"):
        models.cnn([8, "avg"])


def test_two_convolutions_without_activation_are_one():
    first = nn.Conv2d(1, 3, 3, bias=False, dtype=np.float64)
    second = nn.Conv2d(3, 1, 3, bias=False, dtype=np.float64)
    kernel = nn.Conv2d(1, 1, 5, bias=False, dtype=np.float64)
    # the kernel of both is the full true convolution of the kernels
    both = sum(
        F.conv2d(first.weight.data[i : i + 1], second.weight.data[:, i : i + 1], padding="full",
                 flip=True)
        for i in range(3)
    )  # fmt: skip
    kernel.load_state_dict({"weight": both})
    x = np.random.default_rng(0).standard_normal((1, 1, 9, 9))
    np.testing.assert_allclose(second(first(x)).data, kernel(x).data, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: models.build("alexnet"),
            r"name must be one of 'linear', 'two_layer'.* got 'alexnet'",
        ),
        (
            lambda: models.build("lenet", depth=3),
            r"no option 'depth'; it takes image, classes",
        ),
        (lambda: models.build("lenet", (32, 32)), r"image must be \(channels, height, width\)"),
        (
            lambda: models.build("mlp", activation="swoosh"),
            r"activation must be one of 'elu', 'gelu'",
        ),
        (lambda: models.deep_mlp(depth=0), "depth must be .*at least 1"),
        (lambda: models.ResNet(0), "blocks must be .*at least 1"),
        (lambda: models.mlp([3]), "sizes must be at least input and output"),
        (lambda: models.three_layer(hidden=[3]), "hidden must be two sizes"),
    ],
)
def test_what_does_not_fit(call, message):
    with pytest.raises(ArgumentError, match=message):
        call()


# -- summary -----------------------------------------------------------------------------------


def test_sizes_of_lenet_by_hand_and_the_rule_of_thumb():
    table = nn.summary(models.lenet5(), (1, 32, 32))
    rows = {row.name: row for row in table if row.weights}
    assert [(r.units, r.parameters, r.weights, r.connections) for r in rows.values()] == [
        (6 * 28 * 28, 156, 5 * 5 * 6, 5 * 5 * 1 * 6 * 28 * 28),
        (16 * 10 * 10, 2416, 5 * 5 * 6 * 16, 5 * 5 * 6 * 16 * 10 * 10),
        (120, 48_120, 400 * 120, 400 * 120),
        (84, 10_164, 120 * 84, 120 * 84),
        (10, 850, 84 * 10, 84 * 10),
    ]
    convolutions = [row for row in rows.values() if row.kind == "Conv2d"]
    assert sum(r.units for r in convolutions) > 0.9 * sum(r.units for r in rows.values())
    assert sum(r.connections for r in convolutions) > 0.8 * table.connections
    assert sum(r.weights for r in convolutions) < 0.1 * table.weights
    assert table.parameters == 61_706 and len(table) == 12
    assert table.units == sum(row.units for row in table)
    lines = repr(table).splitlines()
    assert lines[0].split() == [
        "layer", "type", "output", "units", "parameters", "weights", "connections",
    ]  # fmt: skip
    assert lines[2].split() == ["input", "1x32x32"]
    assert lines[-1].split() == ["total", f"{table.units:,}", "61,706", "61,470", "416,520"]
    assert len({len(line) for line in lines if set(line) == {"-"}}) == 1


def test_summary_leaves_the_model_as_it_was():
    net = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    net[2].eval()
    state = {name: value.data.copy() for name, value in net.state_dict().items()}
    random = ag.get_rng_state()
    repr(nn.summary(net, (4,)))
    assert net.training and net[1].training and not net[2].training
    assert ag.get_rng_state() == random
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value.data, state[name])
    with pytest.raises(ShapeError, match=r"0: Linear\(in_features=4"):
        nn.summary(net, (5,))
    assert net.training and not any(m._forward_hooks for m in net.modules())


def test_summary_of_other_layers():
    net = nn.Sequential(
        nn.ConvTranspose2d(2, 3, 2, stride=2), nn.BatchNorm2d(3),
        nn.LocalConv2d(3, 4, 3, (8, 8), bias=False), nn.GlobalAvgPool2d(), nn.LayerNorm(4),
    )  # fmt: skip
    rows = nn.summary(net, (2, 4, 4)).rows
    assert [row.connections for row in rows] == [
        2 * 3 * 4 * 16, 3 * 64, 6 * 6 * 4 * 3 * 9, 0, 4,
    ]  # fmt: skip
    assert [row.weights for row in rows] == [24, 3, 36 * 108, 0, 4]


def test_shared_layers_count_once_and_unknown_ones_are_marked():
    class Own(nn.Module):
        def __init__(self):
            self.scale = nn.Parameter(np.ones((3, 1), np.float32))
            self.fc = nn.Linear(3, 3)

        def forward(self, x, y):
            return self.fc(self.fc(x)) * y, self.scale

    table = nn.summary(Own(), [(3,), (1,)])
    assert [(r.name, r.parameters, r.connections) for r in table] == [
        ("fc", 12, 9), ("fc", 0, 9), ("Own", 3, None),
    ]  # fmt: skip
    assert table.parameters == 15 and "?" in repr(table) and "3 1" in repr(table)


def test_summary_of_whole_numbers():
    net = nn.Sequential(nn.Embedding(10, 4), nn.Flatten(), nn.Linear(20, 2))
    table = nn.summary(net, (5,), dtype=np.int64)
    assert [row.output_shape for row in table] == [(5, 4), (20,), (2,)]
    assert table.rows[0].connections == 0 and table.parameters == 40 + 42
    for wrong in ((0, 3), ("a",), (2.5,)):
        with pytest.raises(GlassgradError, match="summary: input_shape"):
            nn.summary(net, wrong)


def test_parameters_of_networks_too_large_to_build():
    assert nn.count_parameters(lambda: nn.Linear(200 * 200, 400_000, bias=False)) == 16_000_000_000
    # 400,000 units that see 10x10 pixels each
    local = lambda: nn.LocalConv2d(1, 10, 10, (209, 209), bias=False)
    assert nn.count_parameters(local) == 40_000_000
    assert nn.count_parameters(models.lenet5()) == nn.count_parameters(models.lenet5) == 61_706
    assert (nn.Linear(3, 3).weight.data != 0).any()


def test_a_summary_in_a_notebook_is_a_table():
    text = nn.summary(nn.Sequential(nn.Linear(2, 3)), (2,))._repr_html_()
    assert text.startswith("<table>")
    assert text.count("<tr>") == 4, "heads, input, layer, total"
    assert "Linear" in text
