"""What is drawn as one: modules as boxes, equal blocks folded, and a bound on the whole.

Every group is a run of ops that follow each other in time. Operands are older than results, so a
picture in which groups are single boxes has no cycles either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from autograd.errors import ArgumentError
from autograd.viz.graph import Recorded, Vertex
from autograd.viz.sources import file_in_words

LIMIT = 300  # boxes; above it a picture collapses by itself
_LONGEST_PERIOD = 64  # ops in a repeated block
_CHUNKS, _FEWEST = 100, 12
_CROWDED = 5000  # crossings of layers; more take minutes to lay out and show nothing


@dataclass(eq=False, slots=True)
class Group:
    """Ops drawn together: as a frame around them, or collapsed into one box."""

    kind: Literal["module", "repeat", "lines"]
    title: str
    items: list[Group | Vertex] = field(default_factory=list)
    path: str = ""
    class_name: str = ""
    copies: int = 1
    collapsed: bool = False

    def ops(self) -> list[Vertex]:
        """All ops in the group, oldest first; of repeated blocks the first."""
        return list(flat(self.items))


def flat(items: Sequence[Group | Vertex]) -> Iterator[Vertex]:
    """The ops in items, in order."""
    stack = list(reversed(items))
    while stack:
        item = stack.pop()
        if isinstance(item, Group):
            stack.extend(reversed(item.items))
        else:
            yield item


@dataclass
class Grouping:
    """A recorded graph as nested groups."""

    items: list[Group | Vertex]
    stands_for: dict[Vertex, Vertex]  # op or leaf of a repeated block -> the one of the first
    notes: list[str]


def grouped(
    recorded: Recorded,
    depth: int | None = None,
    collapse: Sequence[str] = (),
    fold: bool | None = None,
    limit: int = LIMIT,
) -> Grouping:
    """The graph in groups, so many of them collapsed that at most about `limit` boxes are left."""
    items = _modules(recorded)
    stands_for: dict[Vertex, Vertex] = {}
    notes: list[str] = []
    total = len(recorded.ops)
    _collapse_named(items, collapse)
    if depth is not None:
        _collapse_below(items, depth)
    if fold or (fold is None and _too_many(items, limit)):
        items = _fold(items, stands_for, {})
        _map_leaves(recorded, stands_for)
    if depth is None:
        for level in range(_depth(items) - 1, -1, -1):
            if not _too_many(items, limit):
                break
            _collapse_below(items, level)
    if _too_many(items, limit):
        items = _chunks(items)
    shown = _boxes(items)
    if shown < total and depth is None and not collapse and not fold:
        notes.append(f"{total} ops drawn as {shown} boxes")
    return Grouping(items, stands_for, notes)


def _too_many(items: Sequence[Group | Vertex], limit: int) -> bool:
    return _boxes(items) > limit or _crowding(items) > _CROWDED


# -- modules -------------------------------------------------------------------------------------


def _modules(recorded: Recorded) -> list[Group | Vertex]:
    """Ops inside the modules that were being called, each call a group."""
    top: list[Group | Vertex] = []
    open_groups: list[tuple[Any, Group]] = []
    for vertex in recorded.ops:
        chain = vertex.scopes
        same = 0
        while same < min(len(chain), len(open_groups)) and open_groups[same][0] is chain[same]:
            same += 1
        del open_groups[same:]
        for scope in chain[same:]:
            group = _module_group(scope, recorded)
            (open_groups[-1][1].items if open_groups else top).append(group)
            open_groups.append((scope, group))
        (open_groups[-1][1].items if open_groups else top).append(vertex)
    return top


def _module_group(scope: Any, recorded: Recorded) -> Group:
    class_name = scope.kind.__name__
    path = recorded.paths.modules.get(id(scope.module), "") or scope.last_path or ""
    last = path.rpartition(".")[2]
    return Group("module", f"{last}: {class_name}" if last else class_name, [], path, class_name)


def _collapse_named(items: Sequence[Group | Vertex], names: Sequence[str]) -> None:
    """Collapse the modules whose path or class is among `names`."""
    missing = set(names)
    known: dict[str, None] = {}
    for group, _ in _groups(items):
        for name in (group.path, group.class_name):
            if name:
                known[name] = None
            if name and name in names:
                group.collapsed = True
                missing.discard(name)
    if missing:
        raise ArgumentError(
            f"draw: collapse={sorted(missing)[0]!r} is no module of this graph; there are "
            + (", ".join(known) or "none")
        )


def _groups(items: Sequence[Group | Vertex]) -> Iterator[tuple[Group, int]]:
    """Every group with its level."""
    stack = [(item, 0) for item in reversed(items) if isinstance(item, Group)]
    while stack:
        group, level = stack.pop()
        yield group, level
        stack.extend((i, level + 1) for i in reversed(group.items) if isinstance(i, Group))


def _depth(items: Sequence[Group | Vertex]) -> int:
    return max((level + 1 for _, level in _groups(items)), default=0)


def _collapse_below(items: Sequence[Group | Vertex], depth: int) -> None:
    for group, level in _groups(items):
        if level >= depth:
            group.collapsed = True


def _boxes(items: Sequence[Group | Vertex]) -> int:
    """How many boxes of ops are drawn."""
    count, stack = 0, list(items)
    while stack:
        item = stack.pop()
        if isinstance(item, Group) and not item.collapsed:
            stack.extend(item.items)
        else:
            count += 1
    return count


# -- equal blocks --------------------------------------------------------------------------------


def _fold(
    items: list[Group | Vertex], stands_for: dict[Vertex, Vertex], known: dict[Any, int]
) -> list[Group | Vertex]:
    """Runs of equal blocks replaced by their first, innermost ones last."""
    marks = [_signature(item, known) for item in items]
    folded: list[Group | Vertex] = []
    at = 0
    while at < len(items):
        period, copies = _run(marks, at)
        if copies < 2 or (copies < 3 and not isinstance(items[at], Group)):
            folded.append(items[at])
            at += 1
            continue
        border = _border(items[at : at + 3 * period]) if copies > 2 else 0
        if border:
            folded += items[at : at + border]
            at += border
            copies = _copies(marks, at, period)
            if copies < 2:
                continue
        first = items[at : at + period]
        for copy in range(1, copies):
            block = items[at + copy * period : at + (copy + 1) * period]
            stands_for.update(zip(flat(block), flat(first), strict=True))
        last = items[at + (copies - 1) * period : at + copies * period]
        folded.append(_repeat(first, last, copies))
        at += period * copies
    for item in folded:
        if isinstance(item, Group):
            item.items = _fold(item.items, stands_for, known)
    return folded


def _signature(item: Group | Vertex, known: dict[Any, int]) -> int:
    """A number that equal items share."""
    mark: Any
    if isinstance(item, Group):
        mark = (item.class_name, tuple(_signature(child, known) for child in item.items))
    else:
        node = item.node
        assert item.op is not None
        place = None if item.scopes or node is None else (node.source.code, node.source.offset)
        kinds = tuple((name, operand.kind) for name, operand in item.operands)
        mark = (item.op.name, item.shape, str(item.dtype), place, kinds)
    return known.setdefault(mark, len(known))


def _run(marks: list[int], start: int) -> tuple[int, int]:
    """The period and number of repetitions at `start` that cover most; (1, 1) if none."""
    best = (1, 1)
    for period in range(1, min(_LONGEST_PERIOD, (len(marks) - start) // 2) + 1):
        if marks[start] != marks[start + period]:
            continue
        copies = _copies(marks, start, period)
        if copies > 1 and copies * period > best[0] * best[1]:
            best = (period, copies)
    return best


def _copies(marks: list[int], start: int, period: int) -> int:
    """How often the block of length `period` at `start` stands there in a row."""
    copies = 1
    block = marks[start : start + period]
    while marks[start + copies * period : start + (copies + 1) * period] == block:
        copies += 1
    return copies


def _border(three: Sequence[Group | Vertex]) -> int:
    """How far into the first of three equal blocks an iteration of the program's loop begins.

    Cut there, a block goes through each function from its beginning to its end, and so jumps back
    least often. Of several such places it is the one that the fewest results cross.
    """
    period = len(three) // 3
    vertices = [item for item in three if isinstance(item, Vertex)]
    if period == 1 or len(vertices) < len(three):
        return 0
    place = {vertex: i for i, vertex in enumerate(vertices)}
    last_use = [0] * len(three)
    for vertex, i in place.items():
        for _, operand in vertex.operands:
            if operand in place:
                last_use[place[operand]] = i  # users come in order

    def rank(cut: int) -> tuple[int, int, int]:
        middle = period + cut
        crossing = sum(last >= middle for last in last_use[:middle])
        return _jumps_back(vertices[cut:middle]), crossing, cut

    return min(range(period), key=rank)


def _jumps_back(vertices: Sequence[Vertex]) -> int:
    """How often an op stands no later in its function than the function's op before it."""
    count = 0
    last: dict[Any, int] = {}
    for vertex in vertices:
        if vertex.node is not None:
            source = vertex.node.source
            count += source.offset <= last.get(source.code, -1)
            last[source.code] = source.offset
    return count


def _repeat(first: list[Group | Vertex], last: list[Group | Vertex], copies: int) -> Group:
    one = first[0]
    if len(first) == 1 and isinstance(one, Group):
        end = last[0]
        assert isinstance(end, Group)
        where = f" ({one.path} … {end.path})" if one.path and end.path != one.path else ""
        title = f"{one.class_name} × {copies}{where}"
    elif any(isinstance(item, Group) for item in first):
        classes = [item.class_name for item in first if isinstance(item, Group)]
        title = f"({', '.join(classes)}) × {copies}"
    else:
        title = f"{_lines(first)} × {copies}"
    return Group("repeat", title, list(first), copies=copies)


def _lines(items: Sequence[Group | Vertex]) -> str:
    """`train.py:12-14`, or the op where there is one only."""
    vertices = [vertex for vertex in flat(items) if vertex.node is not None]
    if len(items) == 1 and vertices and vertices[0].op is not None:
        return vertices[0].op.name
    sources = [vertex.node.source for vertex in vertices if vertex.node is not None]
    if not sources:
        return f"{len(items)} ops"
    name = file_in_words(sources[0].filename)
    lines = [source.line for source in sources if source.filename == sources[0].filename]
    span = f"{min(lines)}" if min(lines) == max(lines) else f"{min(lines)}-{max(lines)}"
    return f"{name}:{span}"


def _map_leaves(recorded: Recorded, stands_for: dict[Vertex, Vertex]) -> None:
    """The leaves of a repeated block stand for those of the first, unless used elsewhere too."""
    image: dict[Vertex, Vertex | None] = {}
    for vertex in recorded.ops:
        first = stands_for.get(vertex)
        while first is not None and first in stands_for:
            first = stands_for[first]
        for position, (_, leaf) in enumerate(vertex.operands):
            if leaf.kind == "op":
                continue
            target = leaf if first is None else first.operands[position][1]
            if target.kind == "op" or image.setdefault(leaf, target) is not target:
                image[leaf] = None  # different uses: it is drawn itself
    for leaf, target_or_none in image.items():
        if target_or_none is not None and target_or_none is not leaf:
            stands_for[leaf] = target_or_none


# -- whatever is still too many ------------------------------------------------------------------


def _chunks(items: list[Group | Vertex]) -> list[Group | Vertex]:
    """The top level in at most a hundred runs of ops, so few that their arrows can be drawn."""
    number = _CHUNKS
    while True:
        chunks: list[Group | Vertex] = [
            run[0]
            if len(run) == 1
            else Group("lines", f"{_count(run)} ops, {_lines(run)}", run, collapsed=True)
            for run in _runs(items, -(-len(items) // number))
        ]
        if number <= _FEWEST or _crowding(chunks) <= _CROWDED:
            return chunks
        number //= 2


def _runs(items: list[Group | Vertex], size: int) -> list[list[Group | Vertex]]:
    """Runs of about `size` items, broken where the function changes."""
    runs: list[list[Group | Vertex]] = []
    place: Any = None
    for item in items:
        here = _function(item)
        if not runs or (here is not place and len(runs[-1]) >= size // 2) or len(runs[-1]) >= size:
            runs.append([])
        runs[-1].append(item)
        place = here
    return runs


def crowding(boxes: Iterable[Any], arrows: Iterable[tuple[Any, Any]]) -> int:
    """How many layers all arrows cross together: what a layout's time grows with.

    A box that nothing leads to stands in the layer before its first use.
    """
    tails: dict[Any, set[Any]] = {}
    for tail, head in arrows:
        if tail is not head:
            tails.setdefault(head, set()).add(tail)
    layer: dict[Any, int] = {}
    for box in boxes:  # oldest first: tails come before heads
        if box in tails:
            layer[box] = 1 + max((layer[tail] for tail in tails[box] if tail in layer), default=0)
    first_use: dict[Any, int] = {}
    for head, ends in tails.items():
        for tail in ends:
            if tail not in layer:
                first_use[tail] = min(layer[head], first_use.get(tail, layer[head]))
    return sum(
        layer[head] - (layer[tail] if tail in layer else first_use[tail] - 1)
        for head, ends in tails.items()
        for tail in ends
    )


def _crowding(items: Sequence[Group | Vertex]) -> int:
    """The crowding of what is drawn of `items`, with the leaves that they share."""
    box_of: dict[Vertex, Group | Vertex] = {}
    stack = list(reversed(items))
    while stack:
        item = stack.pop()
        if isinstance(item, Group) and not item.collapsed:
            stack.extend(reversed(item.items))
        elif isinstance(item, Group):
            box_of.update((vertex, item) for vertex in flat(item.items))
        else:
            box_of[item] = item
    arrows = (
        (box_of.get(operand, operand), box)
        for vertex, box in box_of.items()
        for _, operand in vertex.operands
    )
    return crowding(dict.fromkeys(box_of.values()), arrows)


def _count(items: Sequence[Group | Vertex]) -> int:
    return sum(1 for _ in flat(items))


def _function(item: Group | Vertex) -> Any:
    if isinstance(item, Group) or item.node is None:
        return None
    return item.node.source.code
