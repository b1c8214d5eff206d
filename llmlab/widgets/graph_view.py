"""GraphView: the graph that the scalar engine wrote down, and its gradients, stepped backward node by node.

Layout, picture and gradients are computed here. The picture is one SVG for the live widget and for the still; the
gradients after each step travel as float64 bytes.
"""

from __future__ import annotations

import html
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import traitlets

from llmlab.errors import ConfigurationError
from llmlab.foundations import topological_order
from llmlab.widgets.still import StillWidget

MAX_NODES = 60
_BOX_WIDTH, _BOX_HEIGHT, _GAP, _ROW, _BEND = 100, 52, 90, 74, 30
_SWEEPS = 6
_STYLE = """
.llmlab-graph-node rect { fill: var(--jp-layout-color1, #fff); stroke: var(--jp-border-color0, #9e9e9e); }
.llmlab-graph text { fill: var(--jp-ui-font-color1, #212121); font: 12px var(--jp-ui-font-family, sans-serif); }
.llmlab-graph .llmlab-graph-name { font-weight: 600; }
.llmlab-graph-operation { fill: var(--jp-layout-color2, #eee); stroke: var(--jp-border-color0, #9e9e9e); }
.llmlab-graph-edge path { fill: none; stroke: var(--jp-border-color0, #9e9e9e); stroke-width: 1.2; }
.llmlab-graph-edge text { visibility: hidden; paint-order: stroke; stroke: var(--jp-layout-color1, #fff);
  stroke-width: 4px; text-anchor: middle; }
.llmlab-graph-edge.passed text, .llmlab-graph-edge.current text { visibility: visible; }
.llmlab-graph-edge.passed path { stroke: var(--jp-brand-color1, #1976d2); stroke-width: 1.6; }
.llmlab-graph-edge.current path { stroke: var(--jp-warn-color1, #e65100); stroke-width: 3; }
.llmlab-graph-edge.current text { font-weight: 600; }
.llmlab-graph-node.passed rect { stroke: var(--jp-brand-color1, #1976d2); stroke-width: 2; }
.llmlab-graph-node.current rect { stroke: var(--jp-warn-color1, #e65100); stroke-width: 3; }
"""


@dataclass(frozen=True)
class _Edge:
    """The use of a parent by a child: positions in the list of nodes, and the slope between them."""

    child: int
    parent: int
    slope: float


class _Graph:
    """What was written down: the nodes in topological order, their names, and their edges."""

    def __init__(self, result: Any) -> None:
        self.nodes: list[Any] = topological_order(result)
        if len(self.nodes) > MAX_NODES:
            raise ConfigurationError(
                f"This graph has {len(self.nodes)} nodes, and GraphView draws {MAX_NODES} at most; show a "
                "smaller expression, such as one neuron."
            )
        for node in self.nodes:
            if len(node.parents) != len(node.slopes):
                raise ConfigurationError(
                    f"A number made by {node.operation!r} has {len(node.parents)} parents and "
                    f"{len(node.slopes)} slopes; write down one slope for each parent."
                )
        places = {id(node): i for i, node in enumerate(self.nodes)}
        self.edges = [
            _Edge(i, places[id(parent)], float(slope))
            for i, node in enumerate(self.nodes)
            for parent, slope in zip(node.parents, node.slopes, strict=True)
        ]
        self.names = self._names()
        # The order of the backward pass: from the result on, each node after all that was made from it.
        self.passes = [i for i in reversed(range(len(self.nodes))) if self.nodes[i].parents]

    def _names(self) -> list[str]:
        """Name each node by its label; without one, a computed node by a number, a given one by its value."""
        names, computed = [], 0
        for node in self.nodes:
            computed += bool(node.parents)
            own = f"v{computed}" if node.parents else _number(node.data)
            names.append(getattr(node, "label", "") or own)
        return names

    def inputs_of(self, node: int) -> list[_Edge]:
        return [edge for edge in self.edges if edge.child == node]

    def gradients(self) -> list[list[float]]:
        """Give the gradients of all nodes before the first step, and after each."""
        now = [0.0] * (len(self.nodes) - 1) + [1.0]
        found = [list(now)]
        for node in self.passes:
            for edge in self.inputs_of(node):
                now[edge.parent] += edge.slope * now[node]
            found.append(list(now))
        return found

    def sentences(self, gradients: Sequence[Sequence[float]]) -> list[str]:
        """Say in words what happens at each step."""
        names = self.names
        said = [f"Start: {names[-1]} has the gradient 1, and all others have 0."]
        for step, node in enumerate(self.passes, 1):
            total, gradient = dict(enumerate(gradients[step - 1])), gradients[step - 1][node]
            parts = []
            for edge in self.inputs_of(node):
                added = edge.slope * gradient
                total[edge.parent] += added
                parts.append(
                    f"{names[edge.parent]} gets {_number(edge.slope)} × {_number(gradient)} = "
                    f"{_number(added)} and has {_number(total[edge.parent])}"
                )
            said.append(
                f"Step {step} of {len(self.passes)}, {names[node]} ({self.nodes[node].operation}) with the "
                f"gradient {_number(gradient)}: {'; '.join(parts)}."
            )
        return said


def _number(number: float) -> str:
    return f"{number:.4g}"


@dataclass(frozen=True)
class _Layout:
    """Where everything stands: the left top corner of each node, and the points that each edge runs through."""

    corners: list[tuple[float, float]]
    routes: list[list[tuple[float, float]]]
    width: float
    height: float


def _columns(graph: _Graph) -> list[int]:
    """Give each node a column: the result the last, and each node the one before the first that uses it."""
    distance = [0] * len(graph.nodes)
    for edge in reversed(graph.edges):
        distance[edge.parent] = max(distance[edge.parent], distance[edge.child] + 1)
    return [max(distance) - one for one in distance]


def _layout(graph: _Graph) -> _Layout:
    """Lay a graph in columns, with few crossings (Sugiyama, Tagawa & Toda, 1981).

    An edge across several columns gets a stop in each between. Every column is then sorted by where its
    neighbors stand, in sweeps to and fro.
    """
    columns = _columns(graph)
    chains: list[list[int]] = []
    stops = list(columns)
    for edge in graph.edges:
        between = range(columns[edge.parent] + 1, columns[edge.child])
        first = len(stops)
        stops.extend(between)
        chains.append([edge.parent, *range(first, first + len(between)), edge.child])
    neighbors: dict[tuple[int, int], list[int]] = defaultdict(list)
    for chain in chains:
        for left, right in pairwise(chain):
            neighbors[left, 1].append(right)
            neighbors[right, -1].append(left)
    levels = [
        [i for i, one in enumerate(stops) if one == column] for column in range(max(stops) + 1)
    ]
    heights = [0.0] * len(stops)

    def spread(level: list[int]) -> None:
        for row, item in enumerate(level):
            heights[item] = row - (len(level) - 1) / 2

    def wish(item: int, side: int) -> float:
        places = [heights[other] for other in neighbors[item, side]]
        return sum(places) / len(places) if places else heights[item]

    for level in levels:
        spread(level)
    for sweep in range(_SWEEPS):
        side = 1 if sweep % 2 == 0 else -1
        for level in levels[::-1] if side == 1 else levels:
            level.sort(key=lambda item, side=side: wish(item, side))  # type: ignore[misc]
            spread(level)
    top = min(heights)
    corners = [
        (4.0 + stops[i] * (_BOX_WIDTH + _GAP), 4 + (heights[i] - top) * _ROW)
        for i in range(len(stops))
    ]
    routes = []
    for chain in chains:
        *_, last = chain
        route = [(corners[chain[0]][0] + _BOX_WIDTH, corners[chain[0]][1] + _BOX_HEIGHT / 2)]
        for stop in chain[1:-1]:
            x, y = corners[stop][0], corners[stop][1] + _BOX_HEIGHT / 2
            route += [(x, y), (x + _BOX_WIDTH, y)]
        route.append((corners[last][0], corners[last][1] + _BOX_HEIGHT / 2))
        routes.append(route)
    return _Layout(
        corners[: len(graph.nodes)],
        routes,
        max(x for x, _ in corners) + _BOX_WIDTH + 4,
        max(y for _, y in corners) + _BOX_HEIGHT + 4,
    )


class GraphView(StillWidget):
    """The graph of a computation, with values and gradients, to be stepped backward.

    Args:
        result: A `Value`, or a number of your own class that has `data`, `parents`, `slopes` and `operation`.
            Its graph is not changed; the gradients shown are the view's own.
        step: How many nodes have passed their gradient on; by default none.
        title: Stands above the picture.

    Raises:
        ConfigurationError: It is no such number, a parent has no slope, its graph has more than 60
            nodes, or the step does not exist.
    """

    _esm = Path(__file__).with_suffix(".js")

    title = traitlets.Unicode().tag(sync=True)
    picture = traitlets.Unicode().tag(sync=True)
    sentences = traitlets.List(traitlets.Unicode()).tag(sync=True)
    gradients = traitlets.Bytes().tag(sync=True)
    # The node that each step passes, and each edge's child: one byte each.
    passes = traitlets.Bytes().tag(sync=True)
    children = traitlets.Bytes().tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)

    def __init__(self, result: Any, *, step: int = 0, title: str = "Backward") -> None:
        if not all(hasattr(result, name) for name in ("data", "parents", "slopes", "operation")):
            raise ConfigurationError(
                f"GraphView was given a `{type(result).__name__}`; give a number of the scalar engine, a "
                "`Value`, which remembers how it was made."
            )
        self._graph = _Graph(result)
        self._placed = _layout(self._graph)
        last = len(self._graph.passes)
        if not 0 <= step <= last:
            raise ConfigurationError(
                f"There is no step {step}; this graph has the steps 0 to {last}."
            )
        self._steps = self._graph.gradients()
        super().__init__(
            title=title,
            picture=self._draw(step),
            sentences=self._graph.sentences(self._steps),
            gradients=np.array(self._steps, dtype=np.float64).tobytes(),
            passes=bytes(self._graph.passes),
            children=bytes(edge.child for edge in self._graph.edges),
            step=step,
        )

    def _text(self) -> str:
        gradients = ", ".join(
            f"{name} {_number(gradient)}"
            for name, gradient in zip(self._graph.names, self._steps[self.step], strict=True)
        )
        return f"{self.title}. {self.sentences[self.step]} Gradients: {gradients}."

    def _svg(self) -> str:
        return self._draw(self.step)

    def _draw(self, step: int) -> str:
        """Draw the graph after a number of steps."""
        graph, layout = self._graph, self._placed
        state = dict.fromkeys(graph.passes[:step], "passed")
        if step:
            state[graph.passes[step - 1]] = "current"
        gradients = self._steps[step]
        # Edges that share both ends, as those of a square, are bent apart.
        twins = Counter((edge.child, edge.parent) for edge in graph.edges)
        drawn: Counter[tuple[int, int]] = Counter()
        parts = []
        for number, (edge, route) in enumerate(zip(graph.edges, layout.routes, strict=True)):
            ends = edge.child, edge.parent
            bend = _BEND * (drawn[ends] - (twins[ends] - 1) / 2)
            drawn[ends] += 1
            parts.append(
                f'<g class="llmlab-graph-edge {state.get(edge.child, "")}" data-edge="{number}">'
                f'<path d="{_curve(route, bend)}"/>{_slope(edge, route, bend)}</g>'
            )
        for number, (x, y) in enumerate(layout.corners):
            parts.append(self._node(number, x, y, state.get(number, ""), gradients[number]))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="llmlab-graph" width="{layout.width:.0f}" '
            f'height="{layout.height:.0f}"><style>{_STYLE}</style>{"".join(parts)}</svg>'
        )

    def _node(self, number: int, x: float, y: float, state: str, gradient: float) -> str:
        node = self._graph.nodes[number]
        sign = html.escape(_SIGNS.get(node.operation, node.operation))
        name = html.escape(_short(self._graph.names[number]))
        breadth = 16 + 6 * len(sign)
        operation = (
            f'<rect class="llmlab-graph-operation" x="{-breadth / 2}" y="16" width="{breadth}" height="20" '
            f'rx="10"/><text y="30" text-anchor="middle">{sign}</text>'
            if sign
            else ""
        )
        middle = _BOX_WIDTH / 2 + (breadth / 4 if sign else 0)
        data = _number(node.data)
        lines = [
            ("name", name),
            ("data", "" if name == data else data),
            ("gradient", f"grad {_number(gradient)}"),
        ]
        texts = "".join(
            f'<text class="llmlab-graph-{kind}" x="{middle:.0f}" y="{16 + 15 * row}">{text}</text>'
            for row, (kind, text) in enumerate(lines)
        )
        return (
            f'<g class="llmlab-graph-node {state}" data-node="{number}" transform="translate({x:.0f} {y:.0f})">'
            f'<rect width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="6"/>{operation}'
            f'<g text-anchor="middle">{texts}</g></g>'
        )


_SIGNS = {"*": "×", "-": "−", "/": "÷"}


def _short(name: str) -> str:
    return name if len(name) <= 10 else name[:9] + "…"


def _curve(route: Sequence[tuple[float, float]], bend: float) -> str:
    """Draw a line through the points of a route, level where it meets them."""
    x, y = route[0]
    path = f"M{x:.0f} {y:.0f}"
    for next_x, next_y in route[1:]:
        middle = (x + next_x) / 2
        path += f"C{middle:.0f} {y + bend:.0f} {middle:.0f} {next_y + bend:.0f} {next_x:.0f} {next_y:.0f}"
        x, y = next_x, next_y
    return path


def _slope(edge: _Edge, route: Sequence[tuple[float, float]], bend: float) -> str:
    """Write the slope beside the first stretch of an edge, a little nearer to the parent."""
    (x, y), (next_x, next_y) = route[:2]
    slope = _number(edge.slope)
    text = f"× ({slope})" if edge.slope < 0 else f"× {slope}"
    # A curve that is level at its ends stands at a quarter of its rise after two fifths of its way.
    left, top = x + 0.4 * (next_x - x), y + 0.35 * (next_y - y) + 0.7 * bend
    return f'<text x="{left:.0f}" y="{top - 3:.0f}">{text}</text>'
