"""Every layer against PyTorch's: names and shapes of its state, start, values and gradients.

Where PyTorch is not installed the layers are still built, called and differentiated.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import autograd as ag
import nn
from autograd.errors import (
    ArgumentError,
    AxisError,
    DTypeError,
    GlassgradError,
    IndexRangeError,
    ShapeError,
)

rng = np.random.default_rng(0)


def normal(*shape):
    return rng.standard_normal(shape)


IMAGES = normal(2, 4, 9, 8)
LINES = normal(2, 4, 11)
ROWS = normal(5, 6)
LABELS = rng.integers(0, 6, 5)
LOG_P = np.log(rng.dirichlet(np.ones(6), 5))
P = rng.uniform(0.1, 0.9, (5, 6))
WEIGHT = rng.uniform(0.5, 2, 6)

# (layer, arguments, options, inputs); the same call must make PyTorch's layer, if it has one
LAYERS = [
    ("Linear", (6, 3), {}, [ROWS]),
    ("Linear", (6, 3), {"bias": False}, [normal(2, 5, 6)]),
    ("Bilinear", (6, 4, 3), {}, [ROWS, normal(5, 4)]),
    ("Bilinear", (6, 4, 3), {"bias": False}, [normal(2, 3, 6), normal(2, 3, 4)]),
    ("Embedding", (7, 3), {}, [np.array([[1, 6, 1], [0, 2, 3]])]),
    ("Embedding", (7, 3), {"padding_idx": -2}, [np.array([[5, 6, 1], [0, 5, 3]])]),
    ("Conv1d", (4, 6, 3), {}, [LINES]),
    ("Conv1d", (4, 6, 3, 2, 1, 2, 2, False), {}, [LINES]),
    ("Conv1d", (4, 6, 3), {"padding": 2, "padding_mode": "circular"}, [LINES]),
    ("Conv2d", (4, 6, 3), {}, [IMAGES]),
    ("Conv2d", (4, 6, (3, 2), (2, 1), (1, 2), (1, 2), 2, False), {}, [IMAGES]),
    ("Conv2d", (4, 4, 3), {"padding": "same", "groups": 4}, [IMAGES]),
    ("Conv2d", (4, 6, 3), {"padding": "valid"}, [IMAGES[0]]),
    ("Conv2d", (4, 6, 3), {"padding": 1, "padding_mode": "reflect"}, [IMAGES]),
    ("Conv2d", (4, 6, 3), {"padding": 1, "padding_mode": "replicate"}, [IMAGES]),
    ("ConvTranspose1d", (4, 6, 3), {"stride": 2}, [LINES]),
    ("ConvTranspose2d", (4, 6, 3), {}, [IMAGES]),
    ("ConvTranspose2d", (4, 6, (3, 2), (2, 3), 1, (1, 0), 2, False, 2), {}, [IMAGES]),
    ("MaxPool1d", (2,), {}, [LINES]),
    ("MaxPool1d", (3, 2, 1), {"ceil_mode": True}, [LINES]),
    ("MaxPool2d", (2,), {}, [IMAGES]),
    ("MaxPool2d", ((3, 2), 2, 1, 1), {"ceil_mode": True}, [IMAGES]),
    ("AvgPool1d", (3, 2, 1), {"count_include_pad": False}, [LINES]),
    ("AvgPool2d", (2,), {}, [IMAGES]),
    ("AvgPool2d", (3, 2, 1), {"count_include_pad": False, "ceil_mode": True}, [IMAGES]),
    ("AvgPool2d", (2,), {"divisor_override": 3}, [IMAGES]),
    ("AdaptiveAvgPool1d", (4,), {}, [LINES]),
    ("AdaptiveAvgPool2d", ((4, 3),), {}, [IMAGES]),
    ("AdaptiveAvgPool2d", ((None, 3),), {}, [IMAGES]),
    ("AdaptiveMaxPool1d", (4,), {}, [LINES]),
    ("AdaptiveMaxPool2d", (3,), {}, [IMAGES]),
    ("AbsMaxPool2d", (2,), {}, [IMAGES]),
    ("GlobalAvgPool2d", (), {}, [IMAGES]),
    ("GlobalAvgPool2d", (True,), {}, [IMAGES]),
    ("Subsample2d", ((2, 3),), {}, [IMAGES]),
    ("LocalConv2d", (4, 3, (3, 2), (9, 8)), {"stride": 2, "padding": 1}, [IMAGES]),
    ("Unfold", ((3, 2),), {"stride": 2, "padding": 1}, [IMAGES]),
    ("Fold", ((9, 8), (3, 2)), {"dilation": 2}, [normal(2, 12, 30)]),
    ("BatchNorm1d", (6,), {}, [ROWS]),
    ("BatchNorm1d", (4,), {"affine": False}, [LINES]),
    ("BatchNorm2d", (4,), {}, [IMAGES]),
    ("BatchNorm2d", (4, 1e-3, None), {}, [IMAGES]),
    ("BatchNorm2d", (4,), {"track_running_stats": False}, [IMAGES]),
    ("InstanceNorm1d", (4,), {"affine": True}, [LINES]),
    ("InstanceNorm2d", (4,), {}, [IMAGES]),
    ("InstanceNorm2d", (4, 1e-3, 0.2, True, True), {}, [IMAGES]),
    ("LayerNorm", (6,), {}, [ROWS]),
    ("LayerNorm", ((9, 8),), {"bias": False}, [IMAGES]),
    ("LayerNorm", ([4, 9, 8],), {"elementwise_affine": False}, [IMAGES]),
    ("GroupNorm", (2, 4), {}, [IMAGES]),
    ("GroupNorm", (4, 4), {"affine": False}, [LINES]),
    ("Dropout", (0.0,), {}, [ROWS]),
    ("Dropout2d", (0.0,), {}, [IMAGES]),
    ("Flatten", (), {}, [IMAGES]),
    ("Flatten", (0, 1), {}, [IMAGES]),
    ("Unflatten", (1, (2, 3)), {}, [ROWS]),
    ("Identity", (1, 2), {"x": 3}, [ROWS]),
    ("ReLU", (), {}, [ROWS]),
    ("ReLU", (True,), {}, [ROWS]),
    ("LeakyReLU", (0.1,), {}, [ROWS]),
    ("ELU", (0.7,), {}, [ROWS]),
    ("SELU", (), {}, [ROWS]),
    ("SiLU", (), {}, [ROWS]),
    ("Softplus", (2.0,), {}, [ROWS]),
    ("Softsign", (), {}, [ROWS]),
    ("Sigmoid", (), {}, [ROWS]),
    ("LogSigmoid", (), {}, [ROWS]),
    ("Tanh", (), {}, [ROWS]),
    ("GELU", (), {}, [ROWS]),
    ("GELU", ("tanh",), {}, [ROWS]),
    ("Softmax", (1,), {}, [ROWS]),
    ("LogSoftmax", (0,), {}, [ROWS]),
    ("CrossEntropyLoss", (), {}, [ROWS, LABELS]),
    ("CrossEntropyLoss", (WEIGHT,), {"label_smoothing": 0.1, "ignore_index": 2}, [ROWS, LABELS]),
    ("NLLLoss", (WEIGHT,), {"reduction": "sum"}, [LOG_P, LABELS]),
    ("MSELoss", (), {}, [ROWS, P]),
    ("MSELoss", (), {"reduction": "none"}, [ROWS, P]),
    ("L1Loss", (), {"reduction": "sum"}, [ROWS, P]),
    ("HuberLoss", (), {"delta": 0.5}, [ROWS, P]),
    ("SmoothL1Loss", (), {"beta": 0.5}, [ROWS, P]),
    ("BCELoss", (), {}, [P, P[::-1].copy()]),
    ("BCELoss", (WEIGHT,), {"reduction": "sum"}, [P, P[::-1].copy()]),
    ("BCEWithLogitsLoss", (), {"pos_weight": WEIGHT}, [ROWS, P]),
    ("KLDivLoss", (), {"reduction": "batchmean"}, [LOG_P, P]),
    ("KLDivLoss", (), {"log_target": True}, [LOG_P, LOG_P[::-1].copy()]),
    ("MultiMarginLoss", (2, 0.5, WEIGHT), {}, [ROWS, LABELS]),
]
LAYERS_IDS = [f"{name}{args}{options or ''}"[:60] for name, args, options, _ in LAYERS]
ALL = pytest.mark.parametrize(("name", "args", "options", "inputs"), LAYERS, ids=LAYERS_IDS)

OURS_ALONE = {"AbsMaxPool2d", "GlobalAvgPool2d", "LocalConv2d", "Subsample2d"}
HOLDERS = {"Module", "ModuleDict", "ModuleList", "Sequential", "Parameter", "Buffer", "Summary"}


def ours(name, args, options):
    return getattr(nn, name)(*args, **options).double()


def theirs(name, args, options):
    torch = pytest.importorskip("torch")
    if name in OURS_ALONE:
        pytest.skip("PyTorch has no such layer")

    def as_torch(value):
        return torch.tensor(value) if isinstance(value, np.ndarray) else value

    args = [as_torch(value) for value in args]
    options = {key: as_torch(value) for key, value in options.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch, getattr(torch.nn, name)(*args, **options).double()


def quietly(reference, inputs):
    """A call of PyTorch's layer; one that writes to its input gets a copy."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return reference(*(x * 1 if x.requires_grad else x for x in inputs))


def test_every_layer_is_in_the_table():
    classes = {
        name for name in nn.__all__ if isinstance(getattr(nn, name), type) and name not in HOLDERS
    }
    assert classes == {name for name, *_ in LAYERS}


@ALL
def test_state_has_pytorchs_names_shapes_and_order(name, args, options, inputs):
    _, reference = theirs(name, args, options)
    expected = {key: tuple(value.shape) for key, value in reference.state_dict().items()}
    layer = ours(name, args, options)
    assert {key: value.shape for key, value in layer.state_dict().items()} == expected
    assert [n for n, _ in layer.named_parameters()] == [n for n, _ in reference.named_parameters()]


@ALL
def test_values_and_gradients_are_pytorchs(name, args, options, inputs):
    torch, reference = theirs(name, args, options)
    layer = ours(name, args, options)
    layer.load_state_dict({k: v.numpy() for k, v in reference.state_dict().items()})
    tensors = [ag.Tensor(x, requires_grad=x.dtype.kind == "f") for x in inputs]
    others = [torch.tensor(x, requires_grad=x.dtype.kind == "f") for x in inputs]
    if name.endswith("Loss"):  # a gradient of the target is no habit of PyTorch's
        tensors[1].requires_grad = others[1].requires_grad = False
    for _ in range(2):  # running statistics move at each call
        out, expected = layer(*tensors), quietly(reference, others)
    np.testing.assert_allclose(out.data, expected.detach().numpy(), rtol=1e-9, atol=1e-11)
    weights = np.random.default_rng(1).standard_normal(out.shape)
    if out.requires_grad:
        out.backward(weights)
        expected.backward(torch.tensor(weights))
    for tensor, other in zip(
        [*tensors, *layer.parameters()], [*others, *reference.parameters()], strict=True
    ):
        if tensor.requires_grad:
            np.testing.assert_allclose(tensor.grad.data, other.grad.numpy(), rtol=1e-8, atol=1e-10)
    for key, value in reference.state_dict().items():
        np.testing.assert_allclose(layer.state_dict()[key].data, value.numpy(), rtol=1e-12)
    evaluated, expected = layer.eval()(*tensors), quietly(reference.eval(), others)
    np.testing.assert_allclose(evaluated.data, expected.detach().numpy(), rtol=1e-9, atol=1e-11)


@ALL
def test_float32_stays_and_every_parameter_gets_a_gradient(name, args, options, inputs):
    layer = getattr(nn, name)(*args, **options)
    narrow = [x.astype(np.float32) if x.dtype.kind == "f" else x for x in inputs]
    out = layer(ag.tensor(narrow[0], requires_grad=narrow[0].dtype.kind == "f"), *narrow[1:])
    assert out.dtype == np.float32
    if out.requires_grad:
        out.sum().backward()
    for parameter in layer.parameters():
        assert parameter.grad.dtype == np.float32 and parameter.grad.shape == parameter.shape


@ALL
def test_repr_shows_the_layer(name, args, options, inputs):
    assert repr(ours(name, args, options)).startswith(f"{name}(")


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("Linear", (400, 300)),
        ("Bilinear", (50, 40, 30)),
        ("Embedding", (500, 200)),
        ("Conv1d", (40, 300, 5)),
        ("Conv2d", (20, 150, 5)),
        ("ConvTranspose2d", (100, 40, 5)),
        ("BatchNorm2d", (100,)),
        ("LayerNorm", (100,)),
    ],
)
def test_starting_values_are_distributed_like_pytorchs(name, args):
    torch, _ = theirs(name, args, {})
    reference = getattr(torch.nn, name)(*args)
    ag.manual_seed(0)
    layer = getattr(nn, name)(*args)
    assert layer.weight.dtype == np.float32
    for key, value in reference.state_dict().items():
        mine, other = layer.state_dict()[key].data.ravel(), value.numpy().ravel()
        if mine.size < 100:
            continue
        error = 5 / np.sqrt(mine.size)
        if name != "Embedding":  # both are uniform: the bounds show
            np.testing.assert_allclose(abs(mine).max(), abs(other).max(), rtol=2 * error)
        np.testing.assert_allclose(mine.std(), other.std(), rtol=error)
        np.testing.assert_allclose(mine.mean(), other.mean(), atol=2 * error * (other.std() or 1))


def test_the_same_seed_gives_the_same_start_in_any_dtype():
    ag.manual_seed(3)
    first = nn.Linear(4, 5)
    ag.manual_seed(3)
    again = nn.Linear(4, 5, dtype=np.float64)
    assert again.weight.dtype == again.bias.dtype == np.float64
    np.testing.assert_array_equal(first.weight.data, again.weight.data.astype(np.float32))
    ag.set_default_dtype(np.float64)
    try:
        assert nn.Conv2d(1, 1, 1).weight.dtype == nn.BatchNorm1d(2).running_var.dtype == np.float64
    finally:
        ag.set_default_dtype(np.float32)


def test_layers_take_plain_arrays():
    assert isinstance(nn.Linear(6, 2).double()(ROWS), ag.Tensor)
    assert isinstance(nn.MaxPool2d(2)(IMAGES), np.ndarray)


def test_flip_is_true_convolution():
    layer = nn.Conv2d(1, 1, 3, bias=False, padding="full", flip=True, dtype=np.float64)
    x, w = normal(1, 5), layer.weight.data[0, 0, :1]
    with ag.no_grad():
        layer.weight.data[0, 0, 1:] = 0
    out = layer(x[np.newaxis, np.newaxis]).data[0, 0]
    np.testing.assert_allclose(out[0], np.convolve(x[0], w[0]), atol=1e-12)
    assert "padding='full', bias=False, flip=True" in repr(layer)


def test_local_convolution_with_equal_kernels_is_a_convolution():
    local = nn.LocalConv2d(4, 3, 3, (9, 8), padding=1).double()
    conv = nn.Conv2d(4, 3, 3, padding=1).double()
    with ag.no_grad():
        local.weight.data[...] = conv.weight.data
        local.bias.data[...] = conv.bias.data[:, np.newaxis, np.newaxis]
    np.testing.assert_allclose(local(IMAGES).data, conv(IMAGES).data, atol=1e-12)


def test_pooling_that_is_ours_alone():
    x = ag.tensor([[[-5.0, 1.0], [2.0, 3.0]]], requires_grad=True)
    out = nn.AbsMaxPool2d(2)(x)
    out.backward(np.ones((1, 1, 1), np.float32))
    assert out.item() == 5 and x.grad.tolist() == [[[-1.0, 0.0], [0.0, 0.0]]]
    np.testing.assert_array_equal(nn.Subsample2d(2)(IMAGES), IMAGES[:, :, ::2, ::2])
    np.testing.assert_allclose(nn.GlobalAvgPool2d()(IMAGES), IMAGES.mean((2, 3)))


def test_max_pool_indices():
    values, indices = nn.MaxPool2d(2, return_indices=True)(IMAGES)
    plane = IMAGES.reshape(2, 4, -1)
    np.testing.assert_array_equal(
        np.take_along_axis(plane, indices.reshape(2, 4, -1), -1).reshape(values.shape), values
    )


def test_multi_margin_in_the_form_of_the_lectures():
    loss = nn.MultiMarginLoss(divide_by_classes=False)
    assert loss(np.zeros((3, 10)), np.arange(3)) == pytest.approx(9)


# -- training and evaluation -------------------------------------------------------------------


def test_dropout_drops_in_training_only_and_by_the_seed():
    layer, x = nn.Dropout(0.25), np.ones((100, 100), np.float32)
    ag.manual_seed(1)
    first = layer(x)
    kept = first != 0
    assert abs(kept.mean() - 0.75) < 0.02
    np.testing.assert_allclose(first[kept], 1 / 0.75, rtol=1e-6)
    ag.manual_seed(1)
    np.testing.assert_array_equal(layer(x), first)
    assert (layer(x) != first).any()
    np.testing.assert_array_equal(layer.eval()(x), x)
    channels = nn.Dropout2d(0.5)(np.ones((20, 30, 4, 4), np.float32))
    per_channel = channels.reshape(600, 16)
    assert (per_channel.min(1) == per_channel.max(1)).all() and 200 < (
        channels == 0
    ).sum() / 16 < 400


def test_batch_norm_keeps_its_statistics_through_a_save_and_in_evaluation():
    norm = nn.BatchNorm2d(4).double()
    norm(IMAGES)
    assert norm.num_batches_tracked.item() == 1
    before = norm.running_mean.data.copy()
    norm.eval()(IMAGES)
    np.testing.assert_array_equal(norm.running_mean.data, before)
    other = nn.BatchNorm2d(4).double()
    other.load_state_dict(norm.state_dict())
    np.testing.assert_array_equal(other.eval()(IMAGES).data, norm(IMAGES).data)
    norm.reset_parameters()
    assert norm.num_batches_tracked.item() == 0 and (norm.running_mean.data == 0).all()


def test_embedding_padding_row_starts_at_zero():
    layer = nn.Embedding(4, 2, padding_idx=1)
    assert (layer.weight.data[1] == 0).all() and (layer.weight.data[0] != 0).all()


# -- bad arguments and inputs ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.Linear(0, 3), ArgumentError, "Linear: in_features"),
        (lambda: nn.Linear(3, 2.5), DTypeError, "Linear: out_features must be .*, got 2.5"),
        (lambda: nn.Conv2d(4, 6, 3, groups=4), ArgumentError, "groups must divide out_channels=6"),
        (lambda: nn.Conv2d(3, 6, 3, groups=2), ArgumentError, "groups must divide in_channels=3"),
        (lambda: nn.Conv2d(3, 6, (3, 3, 3)), ArgumentError, "kernel_size must be a number or 2"),
        (lambda: nn.Conv2d(3, 6, 0), ArgumentError, "kernel_size must be .*, got 0"),
        (lambda: nn.Conv2d(3, 6, 3, stride=-1), ArgumentError, "stride must be .*, got -1"),
        (lambda: nn.Conv2d(3, 6, 3, padding="all"), ArgumentError, "'valid', 'same', 'full'"),
        (lambda: nn.Conv2d(3, 6, 3, padding=(1, 2, 3)), ArgumentError, "2 or 4 of them"),
        (lambda: nn.Conv2d(3, 6, 3, padding_mode="odd"), ArgumentError, "padding_mode must be"),
        (lambda: nn.Conv1d(3, 6, (3, 3)), ArgumentError, "kernel_size must be one number"),
        (
            lambda: nn.ConvTranspose2d(3, 6, 3, padding_mode="reflect"),
            ArgumentError,
            "padding_mode must be 'zeros'",
        ),
        (lambda: nn.LocalConv2d(1, 1, 5, (4, 9)), ArgumentError, "larger than input_size"),
        (lambda: nn.Embedding(3, 2, padding_idx=3), ArgumentError, "padding_idx"),
        (lambda: nn.BatchNorm1d(3, momentum=2), ArgumentError, "momentum"),
        (lambda: nn.LayerNorm(()), ArgumentError, "normalized_shape"),
        (lambda: nn.GroupNorm(3, 4), ArgumentError, "num_groups must divide num_channels=4"),
        (lambda: nn.Dropout(1.5), ArgumentError, "p must be a number from 0 to 1"),
        (lambda: nn.Dropout("half"), DTypeError, "p must be a number"),
        (lambda: nn.MSELoss("batchmean"), ArgumentError, "MSELoss: reduction must be one of"),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("layer", "inputs", "error", "message"),
    [
        (nn.Conv2d(1, 6, 5), [IMAGES], ShapeError, r"got 4 channels .*use nn.Conv2d\(4, \.\.\.\)"),
        (nn.Conv1d(1, 6, 5), [LINES], ShapeError, r"use nn.Conv1d\(4, \.\.\.\)"),
        (nn.ConvTranspose2d(1, 6, 5), [IMAGES], ShapeError, r"use nn.ConvTranspose2d\(4, "),
        (nn.Conv2d(4, 6, 12), [IMAGES], ShapeError, "larger than the padded input 9x8"),
        (nn.MaxPool2d(12), [IMAGES], GlassgradError, "MaxPool2d: max_pool2d"),
        (
            nn.BatchNorm2d(3),
            [IMAGES],
            ShapeError,
            r"got 4 channels .*use nn.BatchNorm2d\(4, ",
        ),
        (nn.BatchNorm2d(4), [LINES], ShapeError, r"must be \(N, C, H, W\), got \(2, 4, 11\)"),
        (nn.GroupNorm(1, 3), [IMAGES], ShapeError, r"must be \(N, 3, \.\.\.\)"),
        (nn.LayerNorm(7), [ROWS], ShapeError, r"normalized_shape=\(7,\)"),
        (nn.LocalConv2d(4, 1, 3, 5), [IMAGES], ShapeError, r"got images of \(9, 8\)"),
        (nn.Embedding(3, 2), [np.array([3])], IndexRangeError, "Embedding: embedding: index 3"),
        (
            nn.Linear(3, 2),
            [None],
            DTypeError,
            "Linear: linear: operand 'x' must be a Tensor, an array or a number, got NoneType",
        ),
        (nn.Embedding(3, 2), [np.array([0.5])], DTypeError, "integers"),
        (nn.Bilinear(6, 3, 1), [ROWS, ROWS], ShapeError, "columns in x2"),
        (nn.Unflatten(4, (2, 3)), [ROWS], AxisError, "axis 4 does not exist"),
        (nn.CrossEntropyLoss(), [ROWS, LABELS + 6], IndexRangeError, "CrossEntropyLoss: cross_en"),
        (nn.MSELoss(), [normal(5, 1), normal(5)], ShapeError, "MSELoss: mse_loss"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_bad_inputs_say_what_would_fit(layer, inputs, error, message):
    with pytest.raises(error, match=message):
        layer(*inputs)
