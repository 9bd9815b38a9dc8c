"""The table of ops under test, one row or more per registered op, by family."""

from tests.cases import (
    conv,
    dropout,
    elementwise,
    index,
    linalg,
    norms,
    pool,
    reduce,
    shape,
)
from tests.row import Row

ROWS: list[Row] = [
    row
    for family in (conv, dropout, elementwise, index, linalg, norms, pool, reduce, shape)
    for row in family.ROWS
]
