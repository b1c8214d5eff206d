"""`learning.backward`: hidden probes, and right answers written differently."""

from typing import Any

import torch
from torch import Generator

from autograder.exercise import Private
from autograder.exercises.learning.backward import Value, neuron, walked

private = Private()


@private.probe
def chain(implementation: Any, generator: Generator) -> Any:
    """A number that takes part in each of six steps."""
    number = Value(0.2 + torch.rand((), generator=generator).item())
    result = number
    for _ in range(6):
        result = (result * number + number).tanh()
    return walked(implementation, result, number=number)


@private.probe
def three_inputs(implementation: Any, generator: Generator) -> Any:
    """A neuron of three inputs, which the result uses once more."""
    return neuron(implementation, generator, 3)


@private.variant
def backward_by_counting(result):
    """Wait until all uses of a node are done, counted beforehand (Kahn's order)."""
    uses, seen = {}, {id(result)}
    stack = [result]
    while stack:
        for parent in stack.pop().parents:
            uses[id(parent)] = uses.get(id(parent), 0) + 1
            if id(parent) not in seen:
                seen.add(id(parent))
                stack.append(parent)
    result.grad = 1.0
    ready = [result]
    while ready:
        node = ready.pop()
        for parent, slope in zip(node.parents, node.slopes, strict=True):
            parent.grad = parent.grad + slope * node.grad
            uses[id(parent)] -= 1
            if uses[id(parent)] == 0:
                ready.append(parent)


@private.variant
def backward_without_recursion(result):
    """Make the order with a list that is gone through twice."""
    order, stack = [], [(result, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif not any(node is other for other in order):
            stack.append((node, True))
            stack.extend((parent, False) for parent in node.parents)
    result.grad = 1
    for node in order[::-1]:
        for i in range(len(node.parents)):
            node.parents[i].grad += node.slopes[i] * node.grad


private.equivalent("result.grad = 1.0", "AUGMENTED", "all gradients are 0 before")
private.equivalent("result.grad = 1", "AUGMENTED", "all gradients are 0 before")
private.equivalent(
    "if uses[id(parent)] == 0:", "COMPARISON", "a use is done once, so that none is below 0"
)
