"""Lab 02: the exercises on learning, with what people get wrong about them."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from autograder.exercise import Lab, fill_parameters, normal
from llmlab import foundations
from llmlab.foundations import Value, topological_order

LAB = Lab(2, "learning", "Learning")
Examples = tuple[Tensor, Tensor]


# ----------------------------------------------------------------------------------------------
descent = LAB.exercise(
    "gradient_descent",
    points=2,
    reference=foundations.gradient_descent,
    hints=(
        "Write one step first: what are the errors, and what does each weight have to do with them?",
        "The gradient has one number a weight: the average, over the examples, of twice the error "
        "times that weight's input. A transposed matrix of inputs, times the "
        "errors, sums over the examples.",
        "In a loop: predictions less targets; two over the number of examples, times the "
        "transposed inputs, times the errors; new weights are the old ones less the "
        "learning rate times that.",
    ),
)


@descent.probe
def one_step(implementation: Any, generator: Generator) -> Any:
    """Five examples of two features, and one step of 0.1."""
    inputs, targets, weights = (normal(generator, *shape) for shape in ((5, 2), (5,), (2,)))
    return {"weights": implementation(inputs, targets, weights, 0.1, 1)}


@descent.probe
def many_steps(implementation: Any, generator: Generator) -> Any:
    """Eight examples of three features, and ten steps of 0.05."""
    inputs, targets, weights = (normal(generator, *shape) for shape in ((8, 3), (8,), (3,)))
    return {"weights": implementation(inputs, targets, weights, 0.05, 10)}


def _stepped(
    inputs: Tensor, targets: Tensor, weights: Tensor, rate: float, steps: int, factor: float
) -> Tensor:
    for _ in range(steps):
        weights = weights - rate * factor * inputs.mT @ (inputs @ weights - targets)
    return weights


@descent.misconception(
    "Your steps go up the slope: the loss grows with each of them. The gradient points to where "
    "the loss rises. Reread 'Down the slope'."
)
def uphill(
    inputs: Tensor, targets: Tensor, weights: Tensor, learning_rate: float, steps: int
) -> Tensor:
    return _stepped(inputs, targets, weights, learning_rate, steps, -2 / len(targets))


@descent.misconception(
    "Your gradient is that of the sum of the squared errors. The loss is their mean; with the sum, "
    "steps grow with the number of examples, and a learning rate that suits ten of them is too "
    "large for a thousand. Reread 'Down the slope'."
)
def sum_of_errors(
    inputs: Tensor, targets: Tensor, weights: Tensor, learning_rate: float, steps: int
) -> Tensor:
    return _stepped(inputs, targets, weights, learning_rate, steps, 2)


@descent.misconception(
    "Your gradient is half of the right one: the derivative of a square brings down a factor. You "
    "would still arrive, but it is not the gradient of this loss. Reread 'Down the slope'."
)
def half_the_gradient(
    inputs: Tensor, targets: Tensor, weights: Tensor, learning_rate: float, steps: int
) -> Tensor:
    return _stepped(inputs, targets, weights, learning_rate, steps, 1 / len(targets))


@descent.misconception(
    "Your code computes the gradient once and follows it all the way. The slope changes as you "
    "walk: after the first step the old gradient belongs to a place that you have left. Reread "
    "'Down the slope'."
)
def one_gradient(
    inputs: Tensor, targets: Tensor, weights: Tensor, learning_rate: float, steps: int
) -> Tensor:
    gradient = 2 / len(targets) * inputs.mT @ (inputs @ weights - targets)
    return weights - steps * learning_rate * gradient


@descent.misconception(
    "Your descent begins at 0 and not at the weights that it is given, so nobody can go on from "
    "where another descent ended. Reread 'Down the slope'."
)
def from_zero(
    inputs: Tensor, targets: Tensor, weights: Tensor, learning_rate: float, steps: int
) -> Tensor:
    start = torch.zeros_like(weights)
    return _stepped(inputs, targets, start, learning_rate, steps, 2 / len(targets))


# ----------------------------------------------------------------------------------------------
split = LAB.exercise(
    "split_examples",
    points=2,
    reference=foundations.split_examples,
    hints=(
        "Think of a deck of cards: shuffle once, then deal three piles.",
        "What is shuffled are places, not examples: one random order of the numbers 0 to n - 1, "
        "with which inputs and targets are indexed alike.",
        "Draw a permutation with the generator; its first tenth are the places of the test set, "
        "the second tenth those of the validation set, and the rest those of the training set; "
        "index both tensors with each.",
    ),
)


def _seeded(seed: int) -> Generator:
    return torch.Generator().manual_seed(seed)


def _belongs(inputs: Tensor, targets: Tensor) -> bool:
    return torch.equal(targets, 3 * inputs + 7)


@split.probe
def hundred(implementation: Any, generator: Generator) -> Any:
    """The inputs 0 to 99, with three times the input plus 7 as the target of each."""
    inputs = torch.arange(100)
    parts = [(one, two) for one, two in implementation(inputs, 3 * inputs + 7, generator)]
    everything = torch.cat([own for own, _ in parts]).sort().values
    gaps = [own.sort().values.diff() for own, _ in parts]
    return {
        "sizes": [[len(own), len(targets)] for own, targets in parts],
        "targets belong to their inputs": [_belongs(*part) for part in parts],
        "every example is in one part": torch.equal(everything, inputs),
        "is mixed": [bool((gap != 1).any()) for gap in gaps],
    }


@split.probe
def seeds(implementation: Any, generator: Generator) -> Any:
    """Sixty examples, split twice with the same seed and once with another."""
    inputs = torch.arange(60)
    seed = int(torch.randint(1000, (), generator=generator))
    first, again, other = (
        implementation(inputs, 3 * inputs + 7, _seeded(one))[2][0].sort().values
        for one in (seed, seed, seed + 1)
    )
    return {
        "same seed, same test set": torch.equal(first, again),
        "other seed, same test set": torch.equal(first, other),
    }


def _parts(
    inputs: Tensor, targets: Tensor, order: Tensor, order_of_targets: Tensor | None = None
) -> list[Examples]:
    tenth = len(inputs) // 10
    places = [slice(2 * tenth, None), slice(tenth, 2 * tenth), slice(0, tenth)]
    theirs = order if order_of_targets is None else order_of_targets
    return [(inputs[order[place]], targets[theirs[place]]) for place in places]


@split.misconception(
    "Inputs and targets are shuffled apart, each in an order of its own, so inputs meet the "
    "targets of other examples, and there is nothing left to learn. Reread 'Examples set aside'."
)
def shuffled_apart(inputs: Tensor, targets: Tensor, generator: Generator) -> list[Examples]:
    orders = [torch.randperm(len(inputs), generator=generator) for _ in range(2)]
    return _parts(inputs, targets, *orders)


@split.misconception(
    "The examples are dealt out in the order in which they came. Data often come sorted, by date, "
    "by class or by length; then the three sets are of three kinds. Reread 'Examples set aside'."
)
def not_shuffled(inputs: Tensor, targets: Tensor, generator: Generator) -> list[Examples]:
    return _parts(inputs, targets, torch.arange(len(inputs)))


@split.misconception(
    "Your training set holds all examples, those of validation and test too. What a model has "
    "learned from cannot say how it does on something new. Reread 'Examples set aside'."
)
def trains_on_everything(inputs: Tensor, targets: Tensor, generator: Generator) -> list[Examples]:
    order = torch.randperm(len(inputs), generator=generator)
    _, validation, test = _parts(inputs, targets, order)
    return [(inputs[order], targets[order]), validation, test]


@split.misconception(
    "Validation and test set are the same examples. The validation set is used for choosing, and "
    "what was chosen by it looks better on it than it is; the test must be on examples that took "
    "no part. Reread 'Examples set aside'."
)
def tests_on_validation(inputs: Tensor, targets: Tensor, generator: Generator) -> list[Examples]:
    order = torch.randperm(len(inputs), generator=generator)
    training, validation, _ = _parts(inputs, targets, order)
    return [training, validation, validation]


@split.misconception(
    "The order is not drawn by the generator that your function is given, so the same seed gives "
    "other sets each time, and no result can be repeated. Reread 'Examples set aside'."
)
def generator_ignored(inputs: Tensor, targets: Tensor, generator: Generator) -> list[Examples]:
    return _parts(inputs, targets, torch.randperm(len(inputs)))


@split.misconception(
    "Your order is the same whatever generator your function is given: the seed is fixed inside. "
    "Who asks for another seed must get another split. Reread 'Examples set aside'."
)
def seed_fixed(inputs: Tensor, targets: Tensor, generator: Generator) -> list[Examples]:
    return _parts(inputs, targets, torch.randperm(len(inputs), generator=_seeded(0)))


# ----------------------------------------------------------------------------------------------
value = LAB.exercise(
    "Value",
    points=3,
    reference=Value,
    hints=(
        "Look at `__add__`: it makes a new Value from four things. Only the number, the slopes and "
        "the sign change.",
        "A slope answers one question: if this input alone grows by a little, how many times as "
        "much does the result grow?",
        "The slope of a product to one factor is the other factor; that of a power is the exponent "
        "times the power one below; that of the hyperbolic tangent is one less "
        "the square of the result.",
    ),
)


def _written_down(result: Any, *inputs: Any) -> dict[str, Any]:
    return {
        "data": result.data,
        "slopes": list(result.slopes),
        "parents are the inputs": [
            mine is given for mine, given in zip(result.parents, inputs, strict=False)
        ],
    }


@value.probe
def product(implementation: Any, generator: Generator) -> Any:
    """The product of two numbers."""
    first, second = (implementation(number) for number in normal(generator, 2).tolist())
    return _written_down(first * second, first, second)


@value.probe
def powers(implementation: Any, generator: Generator) -> Any:
    """The square and the third power of 1.5."""
    base = implementation(1.5)
    return [_written_down(base**exponent, base) for exponent in (2, 3)]


@value.probe
def bent(implementation: Any, generator: Generator) -> Any:
    """The hyperbolic tangent of 0.8 and of -2."""
    inputs = [implementation(number) for number in (0.8, -2.0)]
    return [_written_down(one.tanh(), one) for one in inputs]


@value.misconception(
    "The slopes of your product are both 1. Those are the slopes of a sum; how fast a product "
    "grows with one factor depends on the other. Reread 'Slopes of one operation'."
)
class LikeASum(Value):
    def __mul__(self, other: Any) -> Value:
        return Value(self.data * other.data, (self, other), (1.0, 1.0), "*")


@value.misconception(
    "The slopes of your product stand in the wrong order: each factor has its own value as its "
    "slope. Try 2 times 5, and let the 2 grow by a little. Reread 'Slopes of one operation'."
)
class NotExchanged(Value):
    def __mul__(self, other: Any) -> Value:
        return Value(self.data * other.data, (self, other), (self.data, other.data), "*")


@value.misconception(
    "The slope of your power lacks the exponent as a factor: a cube would grow no faster than a "
    "square. Reread 'Slopes of one operation'."
)
class PowerWithoutFactor(Value):
    def __pow__(self, exponent: Any) -> Value:
        return Value(self.data**exponent, (self,), (self.data ** (exponent - 1),), "**")


@value.misconception(
    "The slope of your power keeps the exponent as it was, where it goes down by one. Reread "
    "'Slopes of one operation'."
)
class PowerNotLowered(Value):
    def __pow__(self, exponent: Any) -> Value:
        return Value(self.data**exponent, (self,), (exponent * self.data**exponent,), "**")


@value.misconception(
    "The slope of your tanh is computed from its input. The formula has the square of its output "
    "there; far from 0 yours would even be negative, and tanh never falls. Reread "
    "'Slopes of one operation'."
)
class TanhOfTheInput(Value):
    def tanh(self) -> Value:
        return Value(math.tanh(self.data), (self,), (1 - self.data**2,), "tanh")


@value.misconception(
    "The slope of your tanh lacks the square: for negative inputs it comes out above 1, and tanh "
    "is nowhere steeper than 1. Reread 'Slopes of one operation'."
)
class TanhWithoutSquare(Value):
    def tanh(self) -> Value:
        return Value(math.tanh(self.data), (self,), (1 - math.tanh(self.data),), "tanh")


@value.misconception(
    "Your results do not remember what they were made from: their parents are missing, and no "
    "gradient finds the way back. Reread 'Numbers that remember'."
)
class Forgetful(Value):
    def __mul__(self, other: Any) -> Value:
        return Value(self.data * other.data, (), (other.data, self.data), "*")

    def __pow__(self, exponent: Any) -> Value:
        return Value(self.data**exponent, (), (exponent * self.data ** (exponent - 1),), "**")

    def tanh(self) -> Value:
        return Value(math.tanh(self.data), (), (1 - math.tanh(self.data) ** 2,), "tanh")


# ----------------------------------------------------------------------------------------------
backward = LAB.exercise(
    "backward",
    points=3,
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


@backward.probe
def used_twice(implementation: Any, generator: Generator) -> Any:
    """(a * b + a) squared, where a is used twice: the gradients of a, b and the sum."""
    a, b = (Value(number) for number in normal(generator, 2).tolist())
    total = a * b + a
    return _gradients(implementation, total * total, a=a, b=b, total=total)


@backward.probe
def early_and_late(implementation: Any, generator: Generator) -> Any:
    """With x = 3 w, x times tanh(x): the gradients of w and x."""
    w = Value(0.5 + torch.rand((), generator=generator).item() / 4)
    x = w * Value(3.0)
    return _gradients(implementation, x * x.tanh(), w=w, x=x)


@backward.probe
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


@backward.misconception(
    "A number that is used twice keeps only what came last: your code overwrites its gradient "
    "where it should add to it. Each use is a way of its own to change the result. Reread "
    "'Gradients add up'."
)
def overwritten(result: Value) -> None:
    nodes = reversed(topological_order(result))
    _spread(nodes, result, lambda parent, slope, gradient: slope * gradient)


@backward.misconception(
    "All gradients stay 0, for nobody says where the walk begins. How fast does the result change "
    "with itself? Reread 'Backward through the graph'."
)
def never_started(result: Value) -> None:
    _spread([], Value(0.0), _added)


@backward.misconception(
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


@backward.misconception(
    "Your code deals with a node when it first meets it, and what reaches that node later is never "
    "passed on. Wait until all that was made from it is done. Reread 'Each "
    "node when it is complete'."
)
def first_come(result: Value) -> None:
    queue = [result]
    for node in queue:
        queue += [one for one in dict.fromkeys(node.parents) if one not in queue]
    _spread(queue, result, _added)


@backward.misconception(
    "Your walk goes from the inputs to the result. Then a node is dealt with before any gradient "
    "has reached it, and only the last operation's parents get one. Reread 'Each "
    "node when it is complete'."
)
def from_the_inputs(result: Value) -> None:
    _spread(topological_order(result), result, _added)


@backward.misconception(
    "Your code adds up slopes and leaves out the gradient of the node they belong to. The chain "
    "rule multiplies the two. Reread 'Backward through the graph'."
)
def slopes_alone(result: Value) -> None:
    nodes = reversed(topological_order(result))
    _spread(nodes, result, lambda parent, slope, gradient: parent.grad + slope)


# ----------------------------------------------------------------------------------------------
momentum = LAB.exercise(
    "SGD",
    points=2,
    reference=foundations.SGD,
    hints=(
        "What has to survive from one step to the next, and where is it kept?",
        "Each parameter has a dictionary of its own, empty before the first step: `state.get` with "
        "a default of zero covers the first step too.",
        "The new velocity is the momentum times the old one, plus the gradient; keep it in the "
        "state; take the learning rate times it away from the parameter, in place.",
    ),
)


def _walk(
    make: Callable[[list[nn.Parameter]], Any],
    generator: Generator,
    parameters: int,
    steps: int,
    size: float = 1.0,
) -> list[Any]:
    """Give parameters random gradients, step by step, and write down where they go."""
    own = [nn.Parameter(normal(generator, 3)) for _ in range(parameters)]
    optimizer = make(own)
    places = []
    for _ in range(steps):
        for parameter in own:
            parameter.grad = size * normal(generator, 3)
        optimizer.step()
        places.append(torch.stack([one.detach() for one in own]).clone())
    return places


@momentum.probe
def three_steps(implementation: Any, generator: Generator) -> Any:
    """A vector of three numbers, learning rate 0.1, momentum 0.8: where it is after each of three steps."""
    return {"after each step": _walk(lambda p: implementation(p, 0.1, 0.8), generator, 1, 3)}


@momentum.probe
def two_parameters(implementation: Any, generator: Generator) -> Any:
    """Two vectors at once, learning rate 0.05, momentum 0.5."""
    return {"after each step": _walk(lambda p: implementation(p, 0.05, 0.5), generator, 2, 3)}


class _Descent(torch.optim.Optimizer):
    """A descent whose misconception is one method: how velocity and gradient make the next velocity."""

    def __init__(self, params: Any, lr: float, momentum: float = 0.0) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    def velocity(self, old: Tensor, gradient: Tensor, momentum: float) -> Tensor:
        return momentum * old + gradient

    def key(self, parameter: Tensor) -> Tensor:
        """Say whose velocity it is."""
        return parameter

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for parameter in group["params"]:
                state = self.state[self.key(parameter)]
                old = state.get("velocity", torch.zeros_like(parameter))
                state["velocity"] = self.velocity(old, parameter.grad, group["momentum"])
                parameter -= group["lr"] * state["velocity"]


@momentum.misconception(
    "Your steps go up the slope: what you add to the parameter should be taken away from it. "
    "Reread 'Down the slope'."
)
class Uphill(_Descent):
    def velocity(self, old: Tensor, gradient: Tensor, momentum: float) -> Tensor:
        return momentum * old - gradient


@momentum.misconception(
    "Your optimizer has no memory: each step follows the gradient of the moment, and the momentum "
    "has no effect. Look at where the velocity is kept between two calls. "
    "Reread 'Steps with a memory'."
)
class WithoutMemory(_Descent):
    def velocity(self, old: Tensor, gradient: Tensor, momentum: float) -> Tensor:
        return gradient


@momentum.misconception(
    "The momentum has the wrong sign: each step takes back a part of the last one, where it should "
    "go on with it. Reread 'Steps with a memory'."
)
class TakenBack(_Descent):
    def velocity(self, old: Tensor, gradient: Tensor, momentum: float) -> Tensor:
        return gradient - momentum * old


@momentum.misconception(
    "Your velocity is a running mean: the gradient enters with the share that the momentum leaves. "
    "That is Adam's way; here the gradient enters whole, as in PyTorch's SGD, or steps are ten "
    "times too short with a momentum of 0.9. Reread 'Steps with a memory'."
)
class Averaged(_Descent):
    def velocity(self, old: Tensor, gradient: Tensor, momentum: float) -> Tensor:
        return momentum * old + (1 - momentum) * gradient


@momentum.misconception(
    "All parameters share one velocity, so each is carried along by the gradients of the others. "
    "Every parameter has a state of its own. Reread 'Steps with a memory'."
)
class SharedVelocity(_Descent):
    def key(self, parameter: Tensor) -> Tensor:
        first: Tensor = self.param_groups[0]["params"][0]
        return first


# ----------------------------------------------------------------------------------------------
adamw = LAB.exercise(
    "AdamW",
    points=3,
    reference=foundations.AdamW,
    hints=(
        "Go through the box of formulas from top to bottom; each line of it is one line of code.",
        "Three things are kept for each parameter: the number of its steps, and two running means "
        "that start at zero. The correction divides each mean by one less its beta to the power of "
        "the number of steps.",
        "Shrink the parameter first; renew both means; divide each by its correction; take away "
        "the learning rate times the first, over the root of the second plus epsilon, with epsilon "
        "outside the root.",
    ),
)


@adamw.probe
def five_steps(implementation: Any, generator: Generator) -> Any:
    """A vector of three numbers, betas of 0.8 and 0.95, no decay: where it is after each of five steps."""
    return {
        "after each step": _walk(
            lambda p: implementation(p, lr=0.1, betas=(0.8, 0.95), weight_decay=0.0),
            generator,
            1,
            5,
        )
    }


@adamw.probe
def decay_and_epsilon(implementation: Any, generator: Generator) -> Any:
    """Two vectors with small gradients, an epsilon of 0.1 and a weight decay of 0.5."""
    settings = {"lr": 0.1, "betas": (0.7, 0.9), "eps": 0.1, "weight_decay": 0.5}
    return {
        "after each step": _walk(lambda p: implementation(p, **settings), generator, 2, 4, size=0.3)
    }


class _Adaptive(torch.optim.Optimizer):
    """AdamW in parts, of which each misconception changes one."""

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(
            params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        )
        self.calls = 0

    def gradient(self, parameter: Tensor, group: dict[str, Any]) -> Tensor:
        gradient: Tensor = parameter.grad  # type: ignore[assignment]
        return gradient

    def shrink(self, group: dict[str, Any]) -> float:
        return float(1 - group["lr"] * group["weight_decay"])

    def betas(self, group: dict[str, Any]) -> tuple[float, float]:
        first, second = group["betas"]
        return first, second

    def corrected(self, mean: Tensor, beta: float, step: int) -> Tensor:
        return mean / (1 - beta**step)

    def counted(self, step: int) -> int:
        return step

    def size(self, mean_square: Tensor, eps: float) -> Tensor:
        return mean_square.sqrt() + eps

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            beta_1, beta_2 = self.betas(group)
            for parameter in group["params"]:
                self.calls += 1
                state = self.state[parameter]
                state["step"] = state.get("step", 0) + 1
                gradient = self.gradient(parameter, group)
                zero = torch.zeros_like(parameter)
                state["m"] = beta_1 * state.get("m", zero) + (1 - beta_1) * gradient
                state["s"] = beta_2 * state.get("s", zero) + (1 - beta_2) * gradient**2
                step = self.counted(state["step"])
                mean = self.corrected(state["m"], beta_1, step)
                mean_square = self.corrected(state["s"], beta_2, step)
                parameter *= self.shrink(group)
                parameter -= group["lr"] * mean / self.size(mean_square, group["eps"])


@adamw.misconception(
    "The running means are used as they are. They start at 0 and are far too small in the first "
    "steps, the second one more than the first, so the first steps have a wrong length. Reread "
    "'Correcting the start'."
)
class Uncorrected(_Adaptive):
    def corrected(self, mean: Tensor, beta: float, step: int) -> Tensor:
        return mean


@adamw.misconception(
    "Epsilon is added inside the root. There it counts with its own root: one of 0.00000001 would "
    "act like 0.0001, and numbers with small gradients would hardly move. "
    "Reread 'Two running means'."
)
class EpsilonInside(_Adaptive):
    def size(self, mean_square: Tensor, eps: float) -> Tensor:
        return (mean_square + eps).sqrt()


@adamw.misconception(
    "The root is missing: the step is divided by the mean square of the gradients, which has "
    "another unit, so steps grow when gradients shrink. Reread 'Two running means'."
)
class WithoutRoot(_Adaptive):
    def size(self, mean_square: Tensor, eps: float) -> Tensor:
        return mean_square + eps


@adamw.misconception(
    "The weight decay is added to the gradient, and so passes through the running means: numbers "
    "with large gradients hardly decay. That is Adam with L2 regularization; the W stands for a "
    "decay that is decoupled from the gradient. Reread 'Decay on its own'."
)
class Coupled(_Adaptive):
    def gradient(self, parameter: Tensor, group: dict[str, Any]) -> Tensor:
        return super().gradient(parameter, group) + group["weight_decay"] * parameter

    def shrink(self, group: dict[str, Any]) -> float:
        return 1.0


@adamw.misconception("There is no weight decay: what you wrote is Adam. Reread 'Decay on its own'.")
class WithoutDecay(_Adaptive):
    def shrink(self, group: dict[str, Any]) -> float:
        return 1.0


@adamw.misconception(
    "Your decay leaves the learning rate out: at each step the weight decay takes its whole share, "
    "and nothing is left after a few. Reread 'Decay on its own'."
)
class DecayWithoutRate(_Adaptive):
    def shrink(self, group: dict[str, Any]) -> float:
        return float(1 - group["weight_decay"])


@adamw.misconception(
    "The two betas are exchanged: the first belongs to the mean of the gradients, the second to "
    "the mean of their squares. Reread 'Two running means'."
)
class BetasExchanged(_Adaptive):
    def betas(self, group: dict[str, Any]) -> tuple[float, float]:
        first, second = group["betas"]
        return second, first


@adamw.misconception(
    "One counter of steps serves all parameters and goes up with each of them, so the correction "
    "fades too early. Every parameter counts its own steps. Reread 'Correcting the start'."
)
class OneCounter(_Adaptive):
    def counted(self, step: int) -> int:
        return self.calls


# ----------------------------------------------------------------------------------------------
training = LAB.exercise(
    "train",
    points=3,
    reference=foundations.train,
    hints=(
        "Write the loop without the validation first: three lines a batch.",
        "After each `every` batches the validation loss is measured, without gradients. When it is "
        "the lowest so far, keep a copy of the weights: a `state_dict` shares its tensors with the "
        "model, and `copy.deepcopy` does not.",
        "For each batch: clear the gradients, compute the loss and its gradients, step. Every so "
        "often: measure, append, and if it is lower than all before, deep-copy the state. At the "
        "end, load that state into the model.",
    ),
)


def _trained(
    implementation: Any, batches: list[Examples], validation: Examples, every: int
) -> dict[str, Any]:
    model = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        model.weight.zero_()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = implementation(model, functional.mse_loss, optimizer, batches, validation, every)
    return {"validation losses": losses, "weight at the end": model.weight.detach().clone()}


def _unit(generator: Generator) -> Tensor:
    x = normal(generator, 6, 1)
    return x / x.square().mean().sqrt()


@training.probe
def past_the_best(implementation: Any, generator: Generator) -> Any:
    """A line of slope 2, validated on one of slope 1, with two odd batches at the end; measured at each step."""
    x = _unit(generator)
    return _trained(implementation, [(x, 2 * x)] * 9 + [(x, -x)] * 2, (x, x), 1)


@training.probe
def now_and_then(implementation: Any, generator: Generator) -> Any:
    """Seven batches of noisy examples, measured after every second one."""
    batches = [(x, 2 * x + normal(generator, 6, 1)) for x in (_unit(generator) for _ in range(7))]
    x = _unit(generator)
    return _trained(implementation, batches, (x, x), 2)


def _loop(
    model: nn.Module,
    loss_function: Any,
    optimizer: Any,
    batches: Sequence[Examples],
    validation: Examples,
    every: int = 1,
    *,
    clear: bool = True,
    keep: str = "validation",
    learn_from_validation: bool = False,
) -> list[float]:
    losses: list[float] = []
    best, kept = math.inf, copy.deepcopy(model.state_dict())
    for step, (inputs, targets) in enumerate(batches, 1):
        if clear:
            optimizer.zero_grad()
        loss = loss_function(model(inputs), targets)
        loss.backward()
        optimizer.step()
        if step % every:
            continue
        held_out = loss_function(model(validation[0]), validation[1])
        losses.append(held_out.item())
        if learn_from_validation:
            optimizer.zero_grad()
            held_out.backward()
            optimizer.step()
        measure = {"validation": losses[-1], "training": loss.item(), "last": -step}[keep]
        if measure < best:
            best, kept = measure, copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)
    return losses


@training.misconception(
    "The gradients are never cleared. PyTorch adds each new gradient to what is there, so your "
    "steps follow the sum of all gradients since the beginning. Reread 'The loop'."
)
def never_cleared(
    model: Any, loss_function: Any, optimizer: Any, batches: Any, validation: Any, every: int = 1
) -> list[float]:
    return _loop(model, loss_function, optimizer, batches, validation, every, clear=False)


@training.misconception(
    "The model ends with its last weights, not with its best. If you did keep the best ones, look "
    "at how: a `state_dict` shares its tensors with the model, and changes with it. "
    "Reread 'Stop at the best'."
)
def last_weights(
    model: Any, loss_function: Any, optimizer: Any, batches: Any, validation: Any, every: int = 1
) -> list[float]:
    return _loop(model, loss_function, optimizer, batches, validation, every, keep="last")


@training.misconception(
    "Your code keeps the weights of the lowest training loss. That loss goes on falling while the "
    "model learns its examples by heart, and says nothing about new ones. "
    "Reread 'Stop at the best'."
)
def chosen_by_training(
    model: Any, loss_function: Any, optimizer: Any, batches: Any, validation: Any, every: int = 1
) -> list[float]:
    return _loop(model, loss_function, optimizer, batches, validation, every, keep="training")


@training.misconception(
    "Your model learns from the validation set too. From then on its validation loss is one more "
    "training loss, and nothing is left to choose by. Reread 'Stop at the best'."
)
def learns_from_validation(
    model: Any, loss_function: Any, optimizer: Any, batches: Any, validation: Any, every: int = 1
) -> list[float]:
    return _loop(
        model, loss_function, optimizer, batches, validation, every, learn_from_validation=True
    )


# ----------------------------------------------------------------------------------------------
windows = LAB.exercise(
    "context_windows",
    points=2,
    reference=foundations.context_windows,
    hints=(
        "Take the name of the example, and move a window of three letters over it by hand.",
        "Every letter but the first boundary is a target once. Begin each name with a context full "
        "of zeros, and let it slide: drop its oldest letter and append the newest.",
        "For each name, start from a list of zeros; for each id from the second on, append the "
        "context and the id, then make the next context from all but the first of this one and the "
        "id. Turn both lists into tensors.",
    ),
)


@windows.probe
def one_name(implementation: Any, generator: Generator) -> Any:
    """The name 'abe' as [0, 1, 2, 5, 0], with a context of 3."""
    contexts, targets = implementation([[0, 1, 2, 5, 0]], 3)
    return {"contexts": contexts, "targets": targets}


@windows.probe
def several_names(implementation: Any, generator: Generator) -> Any:
    """Three names of 2, 4 and 6 letters, with a context of 2."""
    names = [
        [0, *torch.randint(1, 27, (count,), generator=generator).tolist(), 0] for count in (2, 4, 6)
    ]
    contexts, targets = implementation(names, 2)
    return {"contexts": contexts, "targets": targets}


def _slide(
    sequences: Iterable[Sequence[int]],
    length: int,
    *,
    show: Callable[[list[int], int], list[int]] = lambda context, target: context,
    first: int = 1,
    last: int | None = None,
    renew: bool = True,
) -> Examples:
    contexts, targets = [], []
    context = [0] * length
    for sequence in sequences:
        if renew:
            context = [0] * length
        for target in sequence[first:last]:
            contexts.append(show(context, target))
            targets.append(target)
            context = [*context[1:], target]
    return torch.tensor(contexts), torch.tensor(targets)


@windows.misconception(
    "The target stands in its own context: the answer is given away, the loss falls to almost 0, "
    "and the model cannot write a single letter, since it has learned to copy. "
    "Reread 'Letters in context'."
)
def target_leaked(sequences: Any, length: int) -> Examples:
    return _slide(sequences, length, show=lambda context, target: [*context[1:], target])


@windows.misconception(
    "Your contexts run on from one name into the next, so the first letters of a name are guessed "
    "from the last of another. Each name begins anew. Reread 'Letters in context'."
)
def across_names(sequences: Any, length: int) -> Examples:
    return _slide(sequences, length, renew=False)


@windows.misconception(
    "The end of a name is never a target, so the model cannot learn where names end, and would "
    "write on forever. Reread 'Letters in context'."
)
def without_the_end(sequences: Any, length: int) -> Examples:
    return _slide(sequences, length, last=-1)


@windows.misconception(
    "The boundary at the beginning is a target too. It is always there, so there is nothing to "
    "guess: it makes the loss look better than it is. Reread 'Letters in context'."
)
def guesses_the_beginning(sequences: Any, length: int) -> Examples:
    return _slide(sequences, length, first=0)


@windows.misconception(
    "Your examples begin only where a whole context stands before the target, so the model never "
    "learns how names begin. Short contexts are filled up. Reread 'Letters in context'."
)
def whole_contexts_only(sequences: Any, length: int) -> Examples:
    pairs = [
        (sequence[place - length : place], sequence[place])
        for sequence in sequences
        for place in range(length, len(sequence))
    ]
    contexts, targets = zip(*pairs, strict=True)
    return torch.tensor(contexts), torch.tensor(targets)


@windows.misconception(
    "Your contexts run backward, the newest letter first. A model could learn from them, but the "
    "lab's pictures and its next cells read them the other way round. Reread 'Letters in context'."
)
def newest_first(sequences: Any, length: int) -> Examples:
    return _slide(sequences, length, show=lambda context, target: context[::-1])


# ----------------------------------------------------------------------------------------------
network = LAB.exercise(
    "NeuralLanguageModel",
    points=3,
    reference=foundations.NeuralLanguageModel,
    hints=(
        "Follow the shapes in the table: each row of it is one step.",
        "Indexing the table with the ids gives one more dimension at the end; the last two "
        "dimensions have to become one. Only one of the two maps is followed by a bend.",
        "Look up the vectors, flatten the last two dimensions, apply the hidden map, take its "
        "tanh, and return what the output map makes of that.",
    ),
)


def _filled(implementation: Any, generator: Generator, *sizes: int) -> tuple[Any, dict[str, Any]]:
    model = implementation(*sizes)
    return model, {"parameters": fill_parameters(model, generator)}


@network.probe
def four_contexts(implementation: Any, generator: Generator) -> Any:
    """Four contexts of three letters out of seven, vectors of 2, five hidden units, fixed weights."""
    model, result = _filled(implementation, generator, 7, 3, 2, 5)
    return {**result, "scores": model(torch.randint(7, (4, 3), generator=generator))}


@network.probe
def one_context(implementation: Any, generator: Generator) -> Any:
    """A single context of four letters, and the gradient of the table."""
    model, result = _filled(implementation, generator, 6, 4, 3, 8)
    scores = model(torch.tensor([5, 0, 2, 2]))
    scores.square().sum().backward()
    return {**result, "scores": scores, "gradient of the table": model.table.grad}


@network.misconception(
    "Your model returns probabilities. The loss takes the softmax itself and expects scores; with "
    "two softmaxes one on the other no answer can be certain, and learning crawls. Reread 'A "
    "neural language model'."
)
class Probabilities(foundations.NeuralLanguageModel):
    def forward(self, contexts: Tensor) -> Tensor:
        return super().forward(contexts).softmax(dim=-1)


@network.misconception(
    "There is no bend between the two maps. Two linear maps in a row are one linear map, and the "
    "hidden layer is of no use. Reread 'A neural language model'."
)
class WithoutBend(foundations.NeuralLanguageModel):
    def forward(self, contexts: Tensor) -> Tensor:
        return self.output(self.hidden(self.table[contexts].flatten(-2)))


@network.misconception(
    "The bend comes before the hidden map. There it flattens the vectors of single letters, and "
    "what the hidden map finds in their combination stays linear. Reread 'A neural language model'."
)
class BentTooEarly(foundations.NeuralLanguageModel):
    def forward(self, contexts: Tensor) -> Tensor:
        return self.output(self.hidden(torch.tanh(self.table[contexts].flatten(-2))))


@network.misconception(
    "The scores are bent too, so none can leave the range from -1 to 1, and no letter can be much "
    "more probable than another. Reread 'A neural language model'."
)
class ScoresBent(foundations.NeuralLanguageModel):
    def forward(self, contexts: Tensor) -> Tensor:
        return torch.tanh(super().forward(contexts))


@network.misconception(
    "Your bend is a ReLU. Many networks use it, but this exercise asks for the tanh of 2003. "
    "Reread 'A neural language model'."
)
class WithRelu(foundations.NeuralLanguageModel):
    def forward(self, contexts: Tensor) -> Tensor:
        return self.output(torch.relu(self.hidden(self.table[contexts].flatten(-2))))


@network.misconception(
    "The vectors are interlaced: first all first numbers, then all second ones. Side by side means "
    "that the numbers of one letter stay together, the oldest letter first. "
    "Reread 'Letters as vectors'."
)
class Interlaced(foundations.NeuralLanguageModel):
    def forward(self, contexts: Tensor) -> Tensor:
        vectors = self.table[contexts].transpose(-1, -2).flatten(-2)
        return self.output(torch.tanh(self.hidden(vectors)))
