"""From a recorded graph to boxes, arrows and frames: all that a back end needs to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from autograd.viz.colours import ROLES, Legend, Paint, painter, role
from autograd.viz.describe import (
    ALL,
    NAMES,
    VALUES,
    Row,
    group_rows,
    op_rows,
    tensor_rows,
    tooltip,
)
from autograd.viz.graph import Recorded, Vertex
from autograd.viz.groups import Group, Grouping, crowding, flat
from autograd.viz.values import number, sampled, shape_in_words

Style = Literal["ops", "full"]
Direction = Literal["forward", "backward", "both"]
_FEW, _SOME = 16, 60  # boxes, up to which each says all it knows, or its values
_CURVES = 1000  # crossings of layers up to which arrows have labels and are curves
# Of these the order of operands does not matter, so that arrows need no names.
_SYMMETRIC = {"add", "multiply", "maximum", "minimum", "logaddexp"}


@dataclass(eq=False, slots=True)
class Box:
    """One box: an op, a tensor, or a collapsed group."""

    id: str
    role: str
    rows: list[Row]
    paint: Paint
    tooltip: str
    vertices: list[Vertex]


@dataclass(eq=False, slots=True)
class Arrow:
    """From operand to result; a gradient's arrow points the other way."""

    tail: Box
    head: Box
    kind: Literal["forward", "backward", "again"] = "forward"
    label: str = ""
    tooltip: str = ""
    source: Vertex | None = None  # the operand
    target: Vertex | None = None  # the op


@dataclass(eq=False, slots=True)
class Frame:
    """A module that is open: what is inside it."""

    title: str
    role: str = "module"
    items: list[Frame | Box] = field(default_factory=list)


@dataclass(eq=False)
class Picture:
    """Everything that is drawn."""

    root: Frame
    boxes: list[Box]
    arrows: list[Arrow]
    legend: Legend
    notes: list[str]
    rankdir: str = "TB"
    crowded: bool = False  # too many long arrows for labels and curves
    place: dict[Vertex, Box] = field(default_factory=dict)  # where a vertex is drawn


def compose(
    recorded: Recorded,
    grouping: Grouping,
    style: Style | None = None,
    direction: Direction = "forward",
    colour: str = "role",
    detail: int | None = None,
    rankdir: str = "TB",
) -> Picture:
    """Arrange a recorded graph for drawing."""
    return _Composer(recorded, grouping, style, direction, colour, detail, rankdir).picture()


class _Composer:
    def __init__(
        self,
        recorded: Recorded,
        grouping: Grouping,
        style: Style | None,
        direction: Direction,
        colour: str,
        detail: int | None,
        rankdir: str,
    ):
        self.recorded, self.grouping = recorded, grouping
        self.direction, self.rankdir = direction, rankdir
        self.home: dict[Vertex, Group] = {}  # op -> the collapsed group that it is in
        self.frames: dict[Vertex, tuple[Group, ...]] = {}  # op -> the open groups around it
        self._enter(grouping.items, ())
        self.leaves = self._places_of_leaves()
        shown = self._shown()
        fitting = ALL if len(shown) <= _FEW else VALUES if len(shown) <= _SOME else NAMES
        self.detail = fitting if detail is None else detail
        self.style = style or ("full" if len(shown) <= _FEW else "ops")
        self.paint, self.legend = painter(colour, shown, recorded.vertices)
        self.colour = colour
        self.boxes: list[Box] = []
        self.arrows: list[Arrow] = []
        self.of_op: dict[Vertex, Box] = {}
        self.of_tensor: dict[Vertex, Box] = {}
        self.of_group: dict[Group, Box] = {}

    # -- what stands where ------------------------------------------------------------------

    def _enter(self, items: Sequence[Group | Vertex], frames: tuple[Group, ...]) -> None:
        for item in items:
            if isinstance(item, Vertex):
                self.frames[item] = frames
            elif item.collapsed:
                for vertex in flat(item.items):
                    self.frames[vertex] = frames
                    self.home[vertex] = item
            else:
                self._enter(item.items, frames if _is_bare(item) else (*frames, item))

    def _first(self, vertex: Vertex) -> Vertex:
        """Of equal blocks only the first is drawn."""
        while vertex in self.grouping.stands_for:
            vertex = self.grouping.stands_for[vertex]
        return vertex

    def _places_of_leaves(self) -> dict[Vertex, tuple[tuple[Group, ...], Group | None]]:
        """Leaf -> the open groups around it, and the collapsed group that swallows it."""
        places: dict[Vertex, tuple[tuple[Group, ...], Group | None]] = {}
        for vertex in self.recorded.ops:
            op = self._first(vertex)
            here = self.frames[op], self.home.get(op)
            for _, operand in vertex.operands:
                if operand.kind == "op":
                    continue
                leaf = self._first(operand)
                frames, home = places.get(leaf, here)
                common = 0
                for a, b in zip(frames, here[0], strict=False):
                    if a is not b:
                        break
                    common += 1
                places[leaf] = frames[:common], home if home is here[1] else None
        return places

    def _shown(self) -> list[list[Vertex]]:
        """The vertices of each box of ops and leaves."""
        groups: dict[Group, list[Vertex]] = {}
        shown: list[list[Vertex]] = []
        for vertex in self.recorded.vertices:
            if self._first(vertex) is not vertex:
                continue
            home = self.home.get(vertex) or self.leaves.get(vertex, ((), None))[1]
            if home is None:
                shown.append([vertex])
            elif home in groups:
                groups[home].append(vertex)
            else:
                groups[home] = [vertex]
                shown.append(groups[home])
        self.members = groups
        return shown

    # -- drawing ----------------------------------------------------------------------------

    def picture(self) -> Picture:
        root = Frame("", "root")
        open_frames: dict[Group, Frame] = {}
        for vertex in self.recorded.vertices:
            if self._first(vertex) is not vertex:
                continue
            if vertex.kind == "op":
                frames, home = self.frames[vertex], self.home.get(vertex)
            else:
                frames, home = self.leaves.get(vertex, ((), None))
            frame = root
            for group in frames:
                if group not in open_frames:
                    open_frames[group] = Frame(group.title, group.kind)
                    frame.items.append(open_frames[group])
                frame = open_frames[group]
            if home is not None:
                if home not in self.of_group:
                    frame.items.append(self._group_box(home))
            elif vertex.kind == "op":
                frame.items.extend(self._op_boxes(vertex))
            else:
                frame.items.append(self._tensor_box(vertex))
        self._connect()
        if self.colour == "role":
            self.legend = _roles_in(self.boxes)
        notes = [*self.grouping.notes]
        place = {vertex: self._box_of(vertex, True) for vertex in self.recorded.vertices}
        ends = ((arrow.tail, arrow.head) for arrow in self.arrows if arrow.kind == "forward")
        crowded = crowding(self.boxes, ends) > _CURVES
        return Picture(
            root, self.boxes, self.arrows, self.legend, notes, self.rankdir, crowded, place
        )

    def _box(self, role: str, rows: list[Row], tip: str, vertices: list[Vertex]) -> Box:
        failed = any(vertex.error is not None for vertex in vertices) and role != "tensor"
        paint = ROLES["failed"] if failed else self.paint(vertices) or ROLES[role]
        box = Box(f"n{len(self.boxes)}", role, rows, paint, tip, vertices)
        self.boxes.append(box)
        return box

    def _group_box(self, group: Group) -> Box:
        members = self.members[group]
        parameters = [v for v in members if v.kind == "leaf"]
        rows = group_rows(group, parameters)
        tip = "\n".join(row.text for row in rows)
        self.of_group[group] = self._box("group", rows, tip, members)
        return self.of_group[group]

    def _op_boxes(self, vertex: Vertex) -> list[Box]:
        if self.style == "ops" or vertex.error is not None:
            rows = op_rows(vertex, self.detail, result=True)
            box = self._box(role(vertex), rows, tooltip(vertex), [vertex])
            self.of_op[vertex] = self.of_tensor[vertex] = box
            return [box]
        rows = op_rows(vertex, self.detail, result=False)
        op_box = self._box("op", rows, tooltip(vertex), [vertex])
        rows = tensor_rows(vertex, self.detail, named=vertex.name is not None)
        result = self._box(role(vertex, True), rows, tooltip(vertex), [vertex])
        self.of_op[vertex], self.of_tensor[vertex] = op_box, result
        self.arrows.append(Arrow(op_box, result, source=vertex, target=vertex))
        return [op_box, result]

    def _tensor_box(self, vertex: Vertex) -> Box:
        rows = tensor_rows(vertex, self.detail)
        self.of_tensor[vertex] = self._box(role(vertex), rows, tooltip(vertex), [vertex])
        return self.of_tensor[vertex]

    def _box_of(self, vertex: Vertex, as_op: bool) -> Box:
        """Where an arrow from or to `vertex` is attached."""
        first = self._first(vertex)
        home = self.home.get(first) or (
            self.leaves[first][1] if first.kind != "op" and first in self.leaves else None
        )
        if home is not None:
            return self.of_group[home]
        return (self.of_op if as_op and first.kind == "op" else self.of_tensor)[first]

    def _connect(self) -> None:
        order = {box: i for i, box in enumerate(self.boxes)}
        known: set[tuple[Box, Box, str]] = set()
        for vertex in self.recorded.ops:
            head = self._box_of(vertex, True)
            ordered = len(vertex.operands) > 1 and (
                vertex.op is None or vertex.op.name not in _SYMMETRIC
            )
            for name, operand in vertex.operands:
                tail = self._box_of(operand, False)
                label = self._label(operand, name if ordered else "", head)
                repeats = self._first(vertex) is not vertex or self._first(operand) is not operand
                if tail is head or (repeats and order[tail] >= order[head]):
                    if repeats and (tail, head, "again") not in known:
                        known.add((tail, head, "again"))
                        self.arrows.append(Arrow(tail, head, "again"))
                    continue
                if (tail, head, label) in known or (repeats and (tail, head, "any") in known):
                    continue
                known.update(((tail, head, label), (tail, head, "any")))
                self._arrow(tail, head, label, operand, vertex)

    def _arrow(self, tail: Box, head: Box, label: str, operand: Vertex, vertex: Vertex) -> None:
        tip = f"{operand.title} {shape_in_words(operand.shape)} → {vertex.title}"
        if self.direction != "backward":
            self.arrows.append(Arrow(tail, head, "forward", label, tip, operand, vertex))
        if self.direction != "forward" and operand.requires_grad:
            label = f"∂{operand.name}" if operand.name else ""
            if operand.gradient is not None:
                size = number(float(np.abs(sampled(operand.gradient)).mean()))
                label = f"{label or 'grad'}: mean |g| {size}" if operand.gradient.size else label
            self.arrows.append(Arrow(tail, head, "backward", label, tip, operand, vertex))

    def _label(self, operand: Vertex, name: str, head: Box) -> str:
        if self.detail > NAMES or self.style == "full":
            return name if head.role != "group" else ""
        if operand.kind != "op":
            return ""  # its box says it
        return shape_in_words(operand.shape)


def _is_bare(group: Group) -> bool:
    """Whether a module is but one op without parameters, so that a frame would say nothing."""
    if group.kind != "module" or len(group.items) != 1 or not isinstance(group.items[0], Vertex):
        return False
    return all(operand.kind != "leaf" for _, operand in group.items[0].operands)


def _roles_in(boxes: Sequence[Box]) -> Legend:
    words = {
        "parameter": "parameter",
        "leaf": "leaf that requires a gradient",
        "constant": "constant",
        "op": "op",
        "tensor": "result",
        "output": "output",
        "group": "collapsed",
        "failed": "failed",
    }
    found = {box.role for box in boxes}
    return [(ROLES[name], text) for name, text in words.items() if name in found]
