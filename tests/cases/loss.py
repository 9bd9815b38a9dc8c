"""Rows of the ops beneath the losses; the losses themselves are in `tests/test_loss.py`."""

import numpy as np

import autograd as ag
from autograd import kernels
from autograd.ops import loss, softmaxes
from autograd.ops.bodies import as_floats
from tests.row import Row, between, distinct, integers, positive, value_of


def tenths(rng):
    """Numbers that are no kink's distance from those of `distinct`."""
    return rng.integers(-10, 10, (4, 6)) * 0.1


def onehot(labels, classes, ndim):
    """1 at the label along axis 1 (or the only axis), nothing at the label -1."""
    flat = np.eye(classes + 1)[labels.reshape(-1)][:, :classes]
    return np.moveaxis(flat.reshape(*labels.shape, classes), -1, min(1, ndim - 1))


def masked(*shape):
    """Labels in [0, 4), every third one -1."""

    def draw(rng):
        labels = rng.integers(0, 4, shape)
        labels.reshape(-1)[::3] = -1
        return labels

    return draw


def class_axis(x):
    return min(1, x.ndim - 1)


def log_softmax(x):
    x = x - x.max(axis=class_axis(x), keepdims=True)
    return x - np.log(np.exp(x).sum(axis=class_axis(x), keepdims=True))


def picked(x, labels):
    return (x * onehot(labels, x.shape[class_axis(x)], x.ndim)).sum(axis=class_axis(x))


def cross_entropy_slope(g, x, labels):
    axis = class_axis(x)
    kept = np.expand_dims(g * (labels >= 0), axis)
    return kept * (np.exp(log_softmax(x)) - onehot(labels, x.shape[axis], x.ndim))


def binary_cross_entropy(p, t):
    return -t * np.log(p) - (1 - t) * np.log(1 - p)


PAIRED_ALSO = [((0, 3), (0, 3)), ((), ())]


def saved_of(x, labels):
    """What the forward pass of a cross entropy leaves for its backward pass."""
    x, labels = (v.data if isinstance(v, ag.Tensor) else np.asarray(v) for v in (x, labels))
    last = np.moveaxis(as_floats(x), class_axis(x), -1)
    return kernels.cross_entropy(last.reshape(-1, last.shape[-1]), labels.reshape(-1))[1]


def paired(
    name, op, reference, inputs=(distinct(4, 6), tenths), also=PAIRED_ALSO, keeps="x t", **statics
):
    """Rows of a loss between input and target: term by term, and summed with a divisor."""
    for note, divisor in (("", None), ("summed", 1), ("averaged", 7)):
        given = {**statics, "divisor": divisor}
        yield Row(
            name,
            lambda x, t, given=given: op(x, t, **given),
            inputs,
            lambda x, t, n=divisor: reference(x, t) if n is None else reference(x, t).sum() / n,
            keeps=keeps,
            statics=given,
            also=also,
            note=note,
        )


LABELLED = {
    "rows": ((5, 4), integers(4, 5)),
    "planes": ((2, 4, 3, 2), integers(4, 2, 3, 2)),
    "unbatched": ((4,), integers(4)),
    "masked": ((7, 4), masked(7)),
}

LABELLED_ALSO = [((0, 4), integers(4, 0)), ((2, 4, 0), integers(4, 2, 0))]

POS_WEIGHT = np.array([0.5, 1.0, 2.0, 3.0], np.float32)  # a constant follows the dtype of x

ROWS = [
    *(
        Row(
            "label_cross_entropy",
            value_of(softmaxes.label_cross_entropy),
            inputs,
            lambda x, labels: -picked(log_softmax(x), labels),
            keeps="logits labels aux",
            also=LABELLED_ALSO,
            note=note,
        )
        for note, inputs in LABELLED.items()
    ),
    Row(
        "label_cross_entropy",
        lambda x, labels: softmaxes.label_cross_entropy(x, labels, 5, False)[0],
        LABELLED["rows"],
        lambda x, labels: -picked(log_softmax(x), labels).sum() / 5,
        keeps="logits labels aux",
        statics={"divisor": 5, "masked": False},
        note="averaged",
    ),
    Row(
        "label_cross_entropy",
        lambda x, labels: softmaxes.label_cross_entropy(x, labels, 2.5)[0],
        LABELLED["masked"],
        lambda x, labels: -picked(log_softmax(x), labels).sum() / 2.5,
        keeps="logits labels aux",
        statics={"divisor": 2.5},
        note="masked and averaged",
    ),
    *(
        Row(
            "label_cross_entropy_grad",
            lambda g, x, labels: softmaxes.label_cross_entropy_grad(
                g, x, labels, saved_of(x, labels)
            ),
            [logits[:1] + logits[2:] if len(logits) > 1 else (), logits, labels],
            cross_entropy_slope,
            apart={"infinities": "g = ∞ times a difference that one of them rounds to 0"},
            operands=lambda g, x, labels: (g, x, labels, saved_of(x, labels)),
            keeps="g logits labels",
            also=[((), logits, labels)],
            note=note,
        )
        for note, (logits, labels) in LABELLED.items()
    ),
    *(
        Row(
            "label_loss",
            softmaxes.label_loss,
            inputs,
            lambda x, labels: -picked(x, labels),
            keeps="labels",
            also=LABELLED_ALSO,
            note=note,
        )
        for note, inputs in LABELLED.items()
    ),
    Row(
        "label_loss",
        lambda x, labels: softmaxes.label_loss(x, labels, 2.5),
        LABELLED["masked"],
        lambda x, labels: -picked(x, labels).sum() / 2.5,
        keeps="labels",
        statics={"divisor": 2.5},
        note="averaged",
    ),
    *(
        Row(
            "pick_class",
            softmaxes.pick_class,
            inputs,
            picked,
            keeps="labels",
            also=LABELLED_ALSO,
            note=note,
        )
        for note, inputs in LABELLED.items()
    ),
    Row(
        "place_class",
        lambda x, labels: softmaxes.place_class(x, labels, (7, 4)),
        [(7,), masked(7)],
        lambda x, labels: x[:, None] * onehot(labels, 4, 2),
        keeps="labels",
        statics={"shape": (7, 4)},
    ),
    *paired("squared_error", loss.squared_error, lambda x, t: (x - t) ** 2),
    *paired("absolute_error", loss.absolute_error, lambda x, t: abs(x - t)),
    *paired(
        "huber_error",
        loss.huber_error,
        lambda x, t: np.where(abs(x - t) <= 0.52, (x - t) ** 2 / 2, 0.52 * (abs(x - t) - 0.26)),
        delta=0.52,
    ),
    *paired(
        "probability_loss",
        loss.probability_loss,
        binary_cross_entropy,
        (between(0.1, 0.9, 3, 4), between(0, 1, 3, 4)),
        also=[(between(0.1, 0.9), between(0, 1)), ((0, 3), (0, 3))],
        keeps="p t",
    ),
    *paired(
        "logit_loss",
        loss.logit_loss,
        lambda x, t: t * np.logaddexp(0, -x) + (1 - t) * np.logaddexp(0, x),
        ((3, 4), between(0, 1, 3, 4)),
        also=[((), between(0, 1)), ((0, 3), (0, 3))],
    ),
    Row(
        "logit_loss",
        lambda x, t: loss.logit_loss(x, t, POS_WEIGHT),
        [(3, 4), between(0, 1, 3, 4)],
        lambda x, t: POS_WEIGHT * t * np.logaddexp(0, -x) + (1 - t) * np.logaddexp(0, x),
        operands=lambda x, t: (x, t, POS_WEIGHT),
        keeps="x t pos_weight",
        note="pos_weight",
    ),
    Row(
        "logit_loss",
        lambda x, t: loss.logit_loss(x, t, POS_WEIGHT, 6),
        [(3, 4), between(0, 1, 3, 4)],
        lambda x, t: (
            (POS_WEIGHT * t * np.logaddexp(0, -x) + (1 - t) * np.logaddexp(0, x)).sum() / 6
        ),
        operands=lambda x, t: (x, t, POS_WEIGHT),
        keeps="x t pos_weight",
        statics={"divisor": 6},
        note="pos_weight, averaged",
    ),
    Row(
        "x_log_x",
        loss.x_log_x,
        [positive(3, 4)],
        lambda x: x * np.log(x),
        keeps="x",
        also=[(positive(),), ((0, 3),)],
    ),
    Row(
        "share_of",
        loss.share_of,
        [positive(3, 4), (3, 4)],
        lambda p, x: p * x,
        keeps="p x",
        also=[(positive(), ()), ((0, 3), (0, 3))],
    ),
]
