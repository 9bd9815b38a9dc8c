"""The instructions that register blocks are made of, written as LLVM IR."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

INDEX = ir.IntType(64)


class Emitter:
    """The few instructions blocks are made of, for one element type and vector length."""

    def __init__(self, context: Any, builder: Any, element: ir.Type, lanes: int) -> None:
        self.context, self.builder, self.element, self.lanes = context, builder, element, lanes
        self.vector = ir.VectorType(element, lanes)
        self.bytes = 8 if isinstance(element, ir.DoubleType) else 4
        name = f"llvm.fmuladd.v{lanes}f{8 * self.bytes}"
        signature = ir.FunctionType(self.vector, [self.vector] * 3)
        self._fmuladd = cgutils.get_or_insert_function(builder.module, signature, name)

    def pointer(self, address: Any, to: ir.Type | None = None) -> Any:
        return self.builder.inttoptr(address, (to or self.element).as_pointer())

    def at(self, pointer: Any, offset: Any) -> Any:
        return self.builder.gep(pointer, [offset])

    def number(self, value: int) -> ir.Constant:
        return ir.Constant(INDEX, value)

    def times(self, a: Any, n: int) -> Any:
        return self.builder.mul(a, self.number(n))

    def index(self, table: Any, i: Any) -> Any:
        """table[i], an int32 widened to an index."""
        return self.builder.sext(self.builder.load(self.builder.gep(table, [i])), INDEX)

    def load(self, pointer: Any) -> Any:
        """`lanes` consecutive elements."""
        pointer = self.builder.bitcast(pointer, self.vector.as_pointer())
        return self.builder.load(pointer, align=self.bytes)

    def store(self, value: Any, pointer: Any) -> None:
        pointer = self.builder.bitcast(pointer, self.vector.as_pointer())
        self.builder.store(value, pointer, align=self.bytes)

    def prefetch(self, pointer: Any) -> None:
        """Ask for the cache line of an address that need not even exist."""
        byte, flag = ir.IntType(8).as_pointer(), ir.IntType(32)
        signature = ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag])
        function = cgutils.get_or_insert_function(
            self.builder.module, signature, "llvm.prefetch.p0"
        )
        pointer = self.builder.bitcast(pointer, byte)
        self.builder.call(function, [pointer, flag(0), flag(3), flag(1)])  # to read, and again

    def splat(self, scalar: Any) -> Any:
        """A vector with this scalar in every lane."""
        undefined = ir.Constant(self.vector, ir.Undefined)
        first = self.builder.insert_element(undefined, scalar, ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(first, undefined, zeros)

    def multiply_add(self, a: Any, b: Any, accumulator: Any) -> None:
        """accumulator += a * b"""
        b_ = self.builder
        b_.store(b_.call(self._fmuladd, [a, b, b_.load(accumulator)]), accumulator)

    def load_splat(self, pointer: Any) -> Any:
        return self.splat(self.builder.load(pointer))

    def outer_product(self, rows: list[Any], columns: list[Any], acc: list[Any]) -> None:
        """acc[m][v] += rows[m] * columns[v]; an operand is (how to load it, its address).

        The fewer operands are held in registers while the others stream through one register.
        """
        transposed = len(rows) > len(columns)
        held, streamed = (columns, rows) if transposed else (rows, columns)
        kept = [load(address) for load, address in held]
        for i, (load, address) in enumerate(streamed):
            operand = load(address)
            for j, other in enumerate(kept):
                m, v = (i, j) if transposed else (j, i)
                self.multiply_add(other, operand, acc[m * len(columns) + v])

    def accumulators(self, starts: list[Any]) -> list[Any]:
        """Variables that LLVM keeps in registers."""
        slots = [cgutils.alloca_once(self.builder, self.vector) for _ in starts]
        for slot, start in zip(slots, starts, strict=True):
            self.builder.store(start, slot)
        return slots

    def total(self, vector: Any) -> Any:
        """Sum of the lanes, by halves: a fixed order."""
        width = self.lanes
        while width > 1:
            width //= 2
            mask = ir.VectorType(ir.IntType(32), width)
            low = ir.Constant(mask, list(range(width)))
            high = ir.Constant(mask, list(range(width, 2 * width)))
            vector = self.builder.fadd(
                self.builder.shuffle_vector(vector, vector, low),
                self.builder.shuffle_vector(vector, vector, high),
            )
        return self.builder.extract_element(vector, ir.Constant(ir.IntType(32), 0))

    def store_results(self, acc: list[Any], low: Any, rows: list[Any], at: list[Any]) -> None:
        """rows[m][at[v]] = max(low, acc[m][v])"""
        lowest = self.splat(low)
        slots = iter(acc)
        for row in rows:
            for place in at:
                value = self.builder.load(next(slots))
                # a NaN is not below anything: it stays
                below = self.builder.fcmp_ordered("<", value, lowest)
                value = self.builder.select(below, lowest, value)
                self.store(value, self.at(row, place))

    def add_totals(
        self, acc: list[Any], rows: list[Any], at: list[Any], skip_rows: Any, skip_columns: Any
    ) -> None:
        """rows[m][at[v]] += the sum of the lanes of acc[m][v].

        The first skip_rows rows and skip_columns columns were summed by the block before. Those
        rows are not even stored back unchanged: another thread may be adding to them.
        """
        none = ir.Constant(self.element, 0.0)
        slots = iter(acc)
        for m, row in enumerate(rows):
            mine = self.builder.icmp_signed("<=", skip_rows, self.number(m))
            with self.builder.if_then(mine):
                for v, place in enumerate(at):
                    target = self.at(row, place)
                    wanted = self.builder.icmp_signed("<=", skip_columns, self.number(v))
                    total = self.total(self.builder.load(next(slots)))
                    total = self.builder.select(wanted, total, none)
                    self.builder.store(self.builder.fadd(self.builder.load(target), total), target)


def literals(*given: Any) -> bool:
    return all(isinstance(t, types.IntegerLiteral) for t in given)
