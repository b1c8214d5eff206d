"""`learning.backward`: hidden probes, and right answers written differently."""

import copy
import math
from typing import Any

import torch
from torch import Generator, nn
from torch.nn import functional

from autograder.exercise import Private, fill_parameters, normal
from llmlab.foundations import Value

private = Private()


@private.probe
def long_chain(implementation: Any, generator: Generator) -> Any:
    """A number that takes part in each of sixty steps, and a graph of a single number."""
    number = Value(0.2 + torch.rand((), generator=generator).item())
    result = number
    for _ in range(60):
        result = (result * number + number).tanh()
    implementation(result)
    single = Value(3.0)
    implementation(single)
    return {"gradients": [number.grad, single.grad]}


@private.probe
def network(implementation: Any, generator: Generator) -> Any:
    """Two layers that share their inputs: the gradients of all weights."""
    weights = [Value(number) for number in normal(generator, 9).tolist()]
    inputs = [Value(number) for number in normal(generator, 2).tolist()]
    hidden = [
        (weights[3 * unit] * inputs[0] + weights[3 * unit + 1] * inputs[1]).tanh()
        + weights[3 * unit + 2]
        for unit in range(2)
    ]
    result = (hidden[0] * weights[6] + hidden[1] * weights[7] + weights[8]) ** 2
    implementation(result)
    return {"gradients": [node.grad for node in (*weights, *inputs)]}


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
            if not any(node is other for other in order):
                order.append(node)
        elif not any(node is other for other in order):
            stack.append((node, True))
            stack.extend((parent, False) for parent in node.parents)
    result.grad = 1
    for node in order[::-1]:
        for i in range(len(node.parents)):
            node.parents[i].grad += node.slopes[i] * node.grad
