"""The table of ops under test, one row or more per registered op, by family."""

from tests.cases import elementwise, index, linalg, reduce, shape
from tests.row import Row

ROWS: list[Row] = [
    row for family in (elementwise, index, linalg, reduce, shape) for row in family.ROWS
]
