"""`learning.backward`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Generator

from autograder.exercise import Switches, normal
from autograder.exercises.learning import LAB
from llmlab import foundations

exercise = LAB.exercise(
    "backward",
    reference=foundations.Value.backward,
    hints=(
        "Two jobs: find an order of the nodes, then walk it from the result to the inputs.",
        "A function inside yours can visit a node: skip it if it was seen, visit its parents, and "
        "only then write it down. In that list every node stands after its parents, so the list "
        "turned around is the order you need.",
        "Set the gradient of the result to 1. Then, for each node of the reversed list, and for "
        "each of its parents with its slope, add the slope times the node's "
        "gradient to what the parent has.",
    ),
    matters="One such walk costs about twice what computing the result did, whether it serves two weights or the 405 "
    "billion of Llama 3's largest model (2024). Read llmlab/foundations/scalar.py.",
)


class Value(foundations.Value):
    """A number as the library's, but for what it lets an answer write into it: any attribute."""

    def __add__(self, other: Any) -> Value:
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Any) -> Value:
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, exponent: Any) -> Value:
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))

    def tanh(self) -> Value:
        """Bend the number."""
        bent = math.tanh(self.data)
        return Value(bent, (self,), (1 - bent**2,))


def _record(node: Value) -> tuple[Any, ...]:
    return (node.data, tuple(node.parents), tuple(node.slopes), sorted(vars(node)))


def walked(implementation: Any, result: Value, **nodes: Value) -> dict[str, Any]:
    """Let an answer walk a graph, and say what it wrote where.

    Args:
        implementation: The answer.
        result: The end of the graph.
        nodes: What else of the graph is looked at, by name.
    """
    everything = {**nodes, "result": result}
    before = [_record(node) for node in everything.values()]
    returned = implementation(result)
    return {
        "returned value": "nothing" if returned is None else "something",
        "gradients": {name: node.grad for name, node in everything.items()},
        "numbers as they were": before == [_record(node) for node in everything.values()],
    }


@exercise.probe
def used_twice(implementation: Any, generator: Generator) -> Any:
    """(a * b + a) times itself, where a is used twice: the gradients of a, b, the sum and the result."""
    a, b = (Value(number) for number in normal(generator, 2).tolist())
    total = a * b + a
    return walked(implementation, total * total, a=a, b=b, total=total)


@exercise.probe
def early_and_late(implementation: Any, generator: Generator) -> Any:
    """With x = 3 w, x times tanh(x): the gradients of w, x and the result."""
    w = Value(0.5 + torch.rand((), generator=generator).item() / 4)
    x = w * Value(3.0)
    return walked(implementation, x * x.tanh(), w=w, x=x)


@exercise.probe
def three_ways(implementation: Any, generator: Generator) -> Any:
    """Three ways from one number to the result, of which two share a part."""
    a, b = (Value(number) for number in normal(generator, 2).tolist())
    shared = (a + b).tanh()
    result = shared * b + shared**2 + a
    return walked(implementation, result, a=a, b=b, shared=shared)


@exercise.probe
def equal_numbers(implementation: Any, generator: Generator) -> Any:
    """With a = b = 0.25 and c = 3, the sum of a * c and b * c, times c: equal numbers that are not the same."""
    a, b, c = Value(0.25), Value(0.25), Value(3.0)
    return walked(implementation, (a * c + b * c) * c, a=a, b=b, c=c)


@exercise.probe
def one_number(implementation: Any, generator: Generator) -> Any:
    """A graph of a single number, which was given."""
    return walked(implementation, Value(3.0))


@exercise.probe
def two_graphs(implementation: Any, generator: Generator) -> Any:
    """A square, and then another one: the gradients of both when the second is done."""
    first, second = (Value(number) for number in normal(generator, 2).tolist())
    implementation(first**2)
    found = walked(implementation, second**2, number=second)
    return {**found, "gradient in the first graph": first.grad}


def neuron(implementation: Any, generator: Generator, inputs: int) -> Any:
    """Walk a neuron whose inputs count twice: in its sum, and in what it is multiplied by."""
    weights, given = (
        [Value(number) for number in normal(generator, inputs).tolist()] for _ in range(2)
    )
    total = Value(0.1)
    for weight, number in zip(weights, given, strict=True):
        total = total + weight * number
    names = {f"w{i + 1}": weight for i, weight in enumerate(weights)}
    names |= {f"x{i + 1}": number for i, number in enumerate(given)}
    return walked(implementation, total.tanh() * given[-1] + given[0], total=total, **names)


@exercise.probe
def two_inputs(implementation: Any, generator: Generator) -> Any:
    """A neuron of two inputs, which the result uses once more: the gradients of weights and inputs."""
    return neuron(implementation, generator, 2)


_FIRST_COME = (
    "Your code deals with a node when it first meets it, and what reaches that node later is never "
    "passed on. Wait until all that was made from it is done. Reread 'Each "
    "node when it is complete'."
)
_NOT_A_VALUE = (
    "Your code asks a number for what this lab's Values do not have. What they have, the docstring lists. Reread "
    "'Backward through the graph'."
)


@exercise.faults(
    overwritten="A number that is used twice keeps only what came last: your code overwrites its gradient "
    "where it should add to it. Each use is a way of its own to change the result. Reread "
    "'Gradients add up'.",
    never_started="All gradients are 0 in the end: either nobody says where the walk begins, or they are cleared once "
    "they have been computed. How fast does the result change with itself? Reread 'Backward through the graph'.",
    stays_at_result="Only the result has a gradient, and all others stay 0. Either the 1 comes too late, or the "
    "result "
    "itself is passed over, or what a parent gets is multiplied by its own gradient, which is still 0. "
    "Reread 'Backward through the graph'.",
    started_with_data="Your walk begins with the result's own number. How fast does the result change with itself? "
    "Reread 'Backward through the graph'.",
    passed_on_at_each_visit="Your code passes gradients on at each visit, and a node that is reached in two ways "
    "passes "
    "its first part on twice. A node has one gradient, and it must be complete before it goes on. "
    "Reread 'Each node when it is complete'.",
    first_come=_FIRST_COME,
    depth_first=_FIRST_COME,
    from_the_inputs="The gradient ends at the parents of the result. Either your walk goes from the inputs to the "
    "result, and deals with each node before any gradient has reached it, or nothing is passed on from there. Reread "
    "'Each node when it is complete'.",
    listed_at_each_visit="A node that is reached in two ways stands in your list twice, and passes its gradient on "
    "twice. Each node has "
    "one "
    "place in the order. Reread 'Each node when it is complete'.",
    slopes_alone="Your code adds up slopes and leaves out the gradient of the node they belong to. The chain "
    "rule multiplies the two. Reread 'Backward through the graph'.",
    gradients_alone="Your code passes the node's gradient on without the slope. A parent counts as much as the node "
    "changes with it. Reread 'Backward through the graph'.",
    slope_added="Your code adds slope and gradient where the chain rule multiplies them. "
    "Reread 'Backward through the graph'.",
    divided_by_slope="Your code divides by the slope where the chain rule multiplies. "
    "Reread 'Backward through the graph'.",
    data_for_gradient="Your code multiplies the slope by the node's number, and the gradient belongs there. "
    "Reread 'Backward through the graph'.",
    parents_data="Your code multiplies the gradient by the parent's number. What belongs there is the slope, which "
    "the "
    "node keeps for each parent. Reread 'Numbers that remember'.",
    averaged="A number that is used several times gets the mean of what its uses bring. Each use is a way of its own "
    "to change the result, and the effects add up. Reread 'Gradients add up'.",
    parent_counted_once="A number that is multiplied by itself is a parent twice, and your code counts it once. "
    "Reread "
    "'Gradients add up'.",
    parents_unlike_slopes="Your code makes the list of parents shorter and leaves the slopes as they are. A number "
    "times itself is a parent twice, with two slopes. Reread 'Gradients add up'.",
    first_parent_only="Only the first parent of each node gets a gradient. Each parent has its own slope. Reread "
    "'Backward through the graph'.",
    last_parent_only="Only the last parent of each node gets a gradient. Each parent has its own slope. Reread "
    "'Backward through the graph'.",
    first_slope_for_all="Both parents of a node get the slope of the first one. The slopes stand in the order of the "
    "parents. Reread 'Slopes of one operation'.",
    slopes_turned="The slopes are taken in the opposite order of the parents. Reread 'Slopes of one operation'.",
    equal_taken_for_same="Two numbers of equal data are taken for the same one, and the second is passed over. "
    "Remember nodes, and not their numbers. Reread 'Each node when it is complete'.",
    given_alone="In the end only the given numbers have a gradient: your code clears those in between. Here each "
    "number "
    "of the graph keeps its own. Reread 'Backward through the graph'.",
    kept_between_calls="Your list of nodes lives on between two calls, so the second walk goes through the first "
    "graph "
    "again and adds to its gradients. Make the list anew in each call.",
    into_data="Your code changes the numbers themselves. It writes gradients, into `grad`, and nothing else. Reread "
    "'Each node when it is complete'.",
    marks_nodes="Your code writes an attribute of its own into the nodes. It writes gradients, into `grad`, and "
    "nothing "
    "else: what was visited is for your function to remember.",
    cleared_on_the_way="Before a node passes its gradient on, your code sets those of its parents to 0, and what "
    "other "
    "uses have brought is lost. All are 0 when it begins. Reread 'Gradients add up'.",
    first_branch_only="Your walk follows the first parent of each node and never comes back for the others. Each node "
    "of the graph passes its gradient on. Reread 'Each node when it is complete'.",
    started_with_two="All gradients are twice too large, that of the result too. How fast does the result change with "
    "itself? Reread 'Backward through the graph'.",
    gradient_returned="You return something. Gradients are written into the numbers, where their owners find them, "
    "and "
    "nothing is returned. Look at what the text asks `backward` to do.",
    own_walk_back=_NOT_A_VALUE,
    asks_for_prev=_NOT_A_VALUE,
    value_for_gradient="Your code multiplies a slope by a whole Value, where the gradient of it belongs. "
    "Reread 'Backward through the graph'.",
    no_parents_no_graph="A given number has no parents, and a graph may be that number alone: it changes with itself "
    "as "
    "fast as it does. Reread 'Backward through the graph'.",
)
def faulty(on: Switches) -> Any:
    """Build backpropagation with faults."""
    kept: list[Any] = []

    def backward(result: Any) -> Any:
        if on("no_parents_no_graph") and not result.parents:
            return None
        if on("never_started"):
            return None
        if not on("stays_at_result"):
            result.grad = 2.0 if on("started_with_two") else 1.0
            if on("started_with_data"):
                result.grad = result.data
        order = _order(on, result)
        if on("kept_between_calls"):
            kept[:] = [*kept, *order][-100:]
            order = kept
        nodes = order if on("from_the_inputs") or on("first_come") else reversed(order)
        if on("passed_on_at_each_visit"):
            _visit_each(result)
        elif on("depth_first"):
            _visit_first(result, set())
        else:
            _spread(on, nodes, _uses(order))
        if on("stays_at_result"):
            result.grad = 1.0
        return result if on("gradient_returned") else None

    return backward


def _order(on: Switches, result: Any) -> list[Any]:
    if on("first_come"):
        queue = [result]
        for node in queue:
            queue += [one for one in dict.fromkeys(node.parents) if one not in queue]
        return queue
    if on("first_branch_only"):
        return _branch(result)
    order, seen = [], set()

    def visit(node: Any) -> None:
        mark = node.data if on("equal_taken_for_same") else node
        if mark in seen and not on("listed_at_each_visit"):
            return
        seen.add(mark)
        if on("marks_nodes"):
            node.visited = True
        for parent in node._prev if on("asks_for_prev") else node.parents:
            visit(parent)
        order.append(node)

    visit(result)
    return order


def _branch(result: Any) -> list[Any]:
    branch = [result]
    while branch[0].parents:
        branch.insert(0, branch[0].parents[0])
    return branch


def _uses(order: list[Any]) -> dict[Any, int]:
    uses: dict[Any, int] = {}
    for node in order:
        for parent in node.parents:
            uses[parent] = uses.get(parent, 0) + 1
    return uses


def _visit_each(node: Any) -> None:
    for parent, slope in zip(node.parents, node.slopes, strict=True):
        parent.grad += slope * node.grad
        _visit_each(parent)


def _visit_first(node: Any, seen: set[Any]) -> None:
    if node in seen:
        return
    seen.add(node)
    for parent, slope in zip(node.parents, node.slopes, strict=True):
        parent.grad += slope * node.grad
    for parent in node.parents:
        _visit_first(parent, seen)


def _edges(on: Switches, node: Any) -> list[tuple[Any, float]]:
    parents, slopes = node.parents, node.slopes
    if on("parent_counted_once"):
        return list(dict(zip(parents, slopes, strict=True)).items())
    if on("parents_unlike_slopes"):
        return list(zip(dict.fromkeys(parents), slopes, strict=True))
    if on("first_slope_for_all"):
        return [(parent, slopes[0]) for parent in parents]
    if on("slopes_turned"):
        return list(zip(parents, reversed(slopes), strict=True))
    pairs = list(zip(parents, slopes, strict=True))
    if on("first_parent_only"):
        return pairs[:1]
    return pairs[-1:] if on("last_parent_only") else pairs


def _passed_on(on: Switches, node: Any, parent: Any, slope: float) -> float:
    if on("slopes_alone"):
        return slope
    if on("gradients_alone"):
        return float(node.grad)
    if on("slope_added"):
        return float(slope + node.grad)
    if on("divided_by_slope"):
        return float(node.grad / slope)
    if on("data_for_gradient"):
        return float(slope * node.data)
    if on("parents_data"):
        return float(node.grad * parent.data)
    return float(slope * (node if on("value_for_gradient") else node.grad))


def _spread(on: Switches, nodes: Iterable[Any], uses: dict[Any, int]) -> None:
    for node in nodes:
        if on("own_walk_back"):
            node._backward()
        for parent in node.parents if on("cleared_on_the_way") else ():
            parent.grad = 0.0
        for parent, slope in _edges(on, node):
            change = _passed_on(on, node, parent, slope)
            if on("averaged"):
                change /= uses[parent]
            parent.grad = change if on("overwritten") else parent.grad + change
            if on("into_data"):
                parent.data -= change
        if on("given_alone") and node.parents:
            node.grad = 0.0
