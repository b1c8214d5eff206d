"""Probes of lab 02 that are never released: other sizes, and the edges that the text allows."""

from typing import Any

import torch
from torch import Generator, nn
from torch.nn import functional

from autograder.exercise import HiddenProbes, fill_parameters, normal
from llmlab.foundations import Value

HIDDEN = HiddenProbes("learning")


@HIDDEN.probe("gradient_descent")
def one_example(implementation: Any, generator: Generator) -> Any:
    """A single example of one feature, and more features than examples, in double precision."""
    inputs, targets = normal(generator, 1, 1), normal(generator, 1)
    wide = normal(generator, 3, 6).double()
    return [
        implementation(inputs, targets, torch.zeros(1), 0.2, 3),
        implementation(wide, torch.arange(3).double(), torch.ones(6).double(), 0.01, 5),
    ]


@HIDDEN.probe("split_examples")
def uneven(implementation: Any, generator: Generator) -> Any:
    """Thirty-seven examples of two features, whose targets are their sums."""
    inputs = normal(generator, 37, 2)
    parts = [(one, two) for one, two in implementation(inputs, inputs.sum(dim=1), generator)]
    together = torch.cat([one for one, _ in parts])
    return {
        "sizes": [len(one) for one, _ in parts],
        "targets belong to their inputs": [torch.equal(one.sum(dim=1), two) for one, two in parts],
        "every example is in one part": torch.equal(
            together[:, 0].sort().values, inputs[:, 0].sort().values
        ),
    }


@HIDDEN.probe("Value")
def mixed(implementation: Any, generator: Generator) -> Any:
    """A number times itself, a negative base, a negative exponent, and the signs of the inputs."""
    base = implementation(-1.5)
    square, inverse = base * base, base**-2
    return {
        "square": [square.data, list(square.slopes), len(square.parents)],
        "inverse": [inverse.data, list(inverse.slopes), len(inverse.parents)],
        "untouched": [base.data, base.grad, len(base.parents)],
        "chain": [(base.tanh() * base + base).data, (base.tanh() ** 3).data],
    }


@HIDDEN.probe("backward")
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


@HIDDEN.probe("backward")
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


@HIDDEN.probe("SGD")
def without_momentum(implementation: Any, generator: Generator) -> Any:
    """A matrix and a single number, without momentum, down a real loss."""
    weight, bias = nn.Parameter(normal(generator, 2, 3)), nn.Parameter(normal(generator))
    optimizer = implementation([weight, bias], 0.1)
    for _ in range(3):
        optimizer.zero_grad()
        (weight.square().sum() + 3 * bias.square()).backward()
        optimizer.step()
    return [weight.detach(), bias.detach()]


@HIDDEN.probe("AdamW")
def defaults(implementation: Any, generator: Generator) -> Any:
    """A matrix and a single number, all settings at their defaults, down a real loss."""
    weight, bias = nn.Parameter(normal(generator, 2, 3)), nn.Parameter(normal(generator))
    optimizer = implementation([weight, bias])
    for _ in range(20):
        optimizer.zero_grad()
        (weight.square().sum() + 3 * bias.square()).backward()
        optimizer.step()
    return [1000 * weight.detach(), 1000 * bias.detach()]


@HIDDEN.probe("train")
def of_letters(implementation: Any, generator: Generator) -> Any:
    """A network with two layers and a cross-entropy, measured after every third of eight batches."""
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 5))
    fill_parameters(model, generator)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    batches = [
        (normal(generator, 6, 3), torch.randint(5, (6,), generator=generator)) for _ in range(8)
    ]
    losses = implementation(model, functional.cross_entropy, optimizer, batches, batches[0], 3)
    return {"losses": losses, "weights": [one.detach() for one in model.parameters()]}


@HIDDEN.probe("context_windows")
def edges(implementation: Any, generator: Generator) -> Any:
    """A context of one letter; a context longer than the names; an empty name."""
    names = [[0, 3, 3, 0], [0, 0], [0, 26, 1, 0]]
    return [list(implementation(names, length)) for length in (1, 6)]


@HIDDEN.probe("NeuralLanguageModel")
def leading_dimensions(implementation: Any, generator: Generator) -> Any:
    """Two leading dimensions; a context of a single letter; large weights."""
    model = implementation(5, 2, 3, 4)
    shapes = fill_parameters(model, generator)
    with torch.no_grad():
        model.hidden.weight.mul_(4)
    single = implementation(4, 1, 2, 3)
    fill_parameters(single, generator)
    contexts = torch.randint(5, (2, 3, 2), generator=generator)
    return [shapes, model(contexts), single(torch.tensor([[3], [0]]))]
