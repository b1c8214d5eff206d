"""`learning.backward`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Generator

from autograder.exercise import normal
from autograder.exercises.learning import LAB
from llmlab.foundations import Value, topological_order

exercise = LAB.exercise(
    "backward",
    reference=Value.backward,
    hints=(
        "Two jobs: find an order of the nodes, then walk it from the result to the inputs.",
        "A function inside yours can visit a node: skip it if it was seen, visit its parents, and "
        "only then write it down. In that list every node stands after its parents, so the list "
        "turned around is the order you need.",
        "Set the gradient of the result to 1. Then, for each node of the reversed list, and for "
        "each of its parents with its slope, add the slope times the node's "
        "gradient to what the parent has.",
    ),
)


def _gradients(implementation: Any, result: Value, **nodes: Value) -> dict[str, Any]:
    returned = implementation(result)
    return {
        "what it returns": returned,
        "gradients": {name: node.grad for name, node in nodes.items()},
    }


@exercise.probe
def used_twice(implementation: Any, generator: Generator) -> Any:
    """(a * b + a) squared, where a is used twice: the gradients of a, b and the sum."""
    a, b = (Value(number) for number in normal(generator, 2).tolist())
    total = a * b + a
    return _gradients(implementation, total * total, a=a, b=b, total=total)


@exercise.probe
def early_and_late(implementation: Any, generator: Generator) -> Any:
    """With x = 3 w, x times tanh(x): the gradients of w and x."""
    w = Value(0.5 + torch.rand((), generator=generator).item() / 4)
    x = w * Value(3.0)
    return _gradients(implementation, x * x.tanh(), w=w, x=x)


@exercise.probe
def three_ways(implementation: Any, generator: Generator) -> Any:
    """Three ways from one number to the result, of which two share a part."""
    a, b = (Value(number) for number in normal(generator, 2).tolist())
    shared = (a + b).tanh()
    result = shared * b + shared**2 - a
    return _gradients(implementation, result, a=a, b=b, shared=shared)


def _spread(nodes: Iterable[Any], result: Any, add: Callable[[Any, float, float], float]) -> None:
    result.grad = 1.0
    for node in nodes:
        for parent, slope in zip(node.parents, node.slopes, strict=True):
            parent.grad = add(parent, slope, node.grad)


def _added(parent: Any, slope: float, gradient: float) -> float:
    return float(parent.grad + slope * gradient)


@exercise.misconception(
    "A number that is used twice keeps only what came last: your code overwrites its gradient "
    "where it should add to it. Each use is a way of its own to change the result. Reread "
    "'Gradients add up'."
)
def overwritten(result: Value) -> None:
    nodes = reversed(topological_order(result))
    _spread(nodes, result, lambda parent, slope, gradient: slope * gradient)


@exercise.misconception(
    "All gradients stay 0, for nobody says where the walk begins. How fast does the result change "
    "with itself? Reread 'Backward through the graph'."
)
def never_started(result: Value) -> None:
    _spread([], Value(0.0), _added)


@exercise.misconception(
    "Your code passes gradients on at each visit, and a node that is reached in two ways passes "
    "its first part on twice. A node has one gradient, and it must be complete before it goes on. "
    "Reread 'Each node when it is complete'."
)
def passed_on_at_each_visit(result: Value) -> None:
    def visit(node: Any) -> None:
        for parent, slope in zip(node.parents, node.slopes, strict=True):
            parent.grad += slope * node.grad
            visit(parent)

    result.grad = 1.0
    visit(result)


@exercise.misconception(
    "Your code deals with a node when it first meets it, and what reaches that node later is never "
    "passed on. Wait until all that was made from it is done. Reread 'Each "
    "node when it is complete'."
)
def first_come(result: Value) -> None:
    queue = [result]
    for node in queue:
        queue += [one for one in dict.fromkeys(node.parents) if one not in queue]
    _spread(queue, result, _added)


@exercise.misconception(
    "Your walk goes from the inputs to the result. Then a node is dealt with before any gradient "
    "has reached it, and only the last operation's parents get one. Reread 'Each "
    "node when it is complete'."
)
def from_the_inputs(result: Value) -> None:
    _spread(topological_order(result), result, _added)


@exercise.misconception(
    "Your code adds up slopes and leaves out the gradient of the node they belong to. The chain "
    "rule multiplies the two. Reread 'Backward through the graph'."
)
def slopes_alone(result: Value) -> None:
    nodes = reversed(topological_order(result))
    _spread(nodes, result, lambda parent, slope, gradient: parent.grad + slope)
