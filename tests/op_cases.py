"""The table of ops under test, one row or more per registered op, by family."""

from tests.cases import (
    activation,
    conv,
    dropout,
    elementwise,
    index,
    linalg,
    loss,
    norms,
    piecewise,
    pool,
    reduce,
    shape,
    trigonometry,
)
from tests.row import Row

ROWS: list[Row] = [
    row
    for family in (
        activation,
        conv,
        dropout,
        elementwise,
        index,
        linalg,
        loss,
        norms,
        piecewise,
        pool,
        reduce,
        shape,
        trigonometry,
    )
    for row in family.ROWS
]
