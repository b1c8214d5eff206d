"""A scalar autograd engine: numbers that remember how they were made, and can be differentiated.

Each operation writes down its inputs and how fast its result changes with each of them. Going back
through what was written down, from the result to the inputs, the chain rule gives all derivatives in
one pass: reverse-mode differentiation (Linnainmaa, 1970), known as backpropagation (Rumelhart,
Hinton & Williams, 1986). PyTorch does the same with tensors in place of numbers.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from llmlab.errors import ConfigurationError, DomainError, ShapeError


class Value:
    """A number, how it was made, and how fast a final result changes with it.

    Attributes:
        data: The number.
        grad: The derivative of what `backward` was called on with respect to this number.
        parents: The values it was computed from; none for a number that was given.
        slopes: The derivative of this number with respect to each of its parents.
        operation: What made it, as `+`, `*`, `**2` or `tanh`; empty for a number that was given.
        label: A name for people; it has no effect.
    """

    __slots__ = ("data", "grad", "label", "operation", "parents", "slopes")

    def __init__(
        self,
        data: float | int,
        parents: tuple[Value, ...] = (),
        slopes: tuple[float, ...] = (),
        operation: str = "",
        label: str = "",
    ) -> None:
        self.data = float(data)
        self.grad = 0.0
        self.parents, self.slopes = parents, slopes
        self.operation, self.label = operation, label

    def __repr__(self) -> str:
        name = f"{self.label}: " if self.label else ""
        return f"Value({name}{self.data:.6g}, grad={self.grad:.6g})"

    def __add__(self, other: Number) -> Value:
        other = _value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0), "+")

    def __sub__(self, other: Number) -> Value:
        other = _value(other)
        return Value(self.data - other.data, (self, other), (1.0, -1.0), "-")

    def __mul__(self, other: Number) -> Value:
        other = _value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data), "*")

    def __truediv__(self, other: Number) -> Value:
        other = _value(other)
        if not other.data:
            raise DomainError(f"{self.data:g} / 0 has no value; keep the divisor away from 0.")
        quotient = self.data / other.data
        return Value(quotient, (self, other), (1 / other.data, -quotient / other.data), "/")

    def __pow__(self, exponent: Number) -> Value:
        if isinstance(exponent, Value):
            return (self.log() * exponent).exp()
        try:
            power = self.data**exponent
        except ZeroDivisionError:
            power = 1j
        except OverflowError:
            raise _too_large(f"{self.data:g} ** {exponent:g}") from None
        if isinstance(power, complex):
            raise DomainError(
                f"{self.data:g} ** {exponent:g} is no real number; a fractional exponent needs a base "
                "of at least 0, and a negative one a base other than 0."
            )
        return Value(power, (self,), (_power_slope(self.data, exponent),), f"**{exponent:g}")

    def __neg__(self) -> Value:
        return Value(-self.data, (self,), (-1.0,), "neg")

    def __radd__(self, other: float | int) -> Value:
        return _value(other) + self

    def __rsub__(self, other: float | int) -> Value:
        return _value(other) - self

    def __rmul__(self, other: float | int) -> Value:
        return _value(other) * self

    def __rtruediv__(self, other: float | int) -> Value:
        return _value(other) / self

    def __rpow__(self, base: float | int) -> Value:
        return _value(base) ** self

    def exp(self) -> Value:
        """Raise e to this number; the slope of the exponential is the exponential.

        Raises:
            DomainError: The result is larger than any float.
        """
        try:
            power = math.exp(self.data)
        except OverflowError:
            raise _too_large(f"exp({self.data:g})") from None
        return Value(power, (self,), (power,), "exp")

    def log(self) -> Value:
        """Take the natural logarithm, whose slope is `1 / x`.

        Raises:
            DomainError: The number is not positive.
        """
        if self.data <= 0:
            raise DomainError(
                f"log({self.data:g}) has no value; a logarithm needs a number above 0."
            )
        return Value(math.log(self.data), (self,), (1 / self.data,), "log")

    def tanh(self) -> Value:
        """Squash the number into -1 to 1; where the result is `t`, the slope is `1 - t^2`."""
        squashed = math.tanh(self.data)
        return Value(squashed, (self,), (1 - squashed**2,), "tanh")

    def relu(self) -> Value:
        """Keep a positive number and replace any other by 0; the slope is 1 or 0, at 0 it is 0."""
        return Value(max(0.0, self.data), (self,), (float(self.data > 0),), "relu")

    def backward(self) -> None:
        """Compute the derivative of this number with respect to all that it was made from.

        The derivatives of given numbers add up over calls, as PyTorch's do, until they are set to 0;
        those of computed numbers start anew.
        """
        order = topological_order(self)
        for node in order:
            if node.parents:
                node.grad = 0.0
        self.grad += 1.0
        # A node is done when all that was made from it is done, and that is the order turned around.
        for node in reversed(order):
            for parent, slope in zip(node.parents, node.slopes, strict=True):
                parent.grad += slope * node.grad


Number = Value | float | int


def _value(number: Number) -> Value:
    return number if isinstance(number, Value) else Value(number)


def _too_large(what: str) -> DomainError:
    return DomainError(f"{what} is larger than any float; make its argument smaller first.")


def _power_slope(base: float, exponent: float | int) -> float:
    """Give `exponent * base^(exponent - 1)`, infinite where a root of 0 is steep."""
    if not exponent:
        return 0.0
    if not base and exponent < 1:
        return math.inf
    return float(exponent * base ** (exponent - 1))


def topological_order(result: Value) -> list[Value]:
    """List all that a result was made from, each after its parents; the result comes last.

    A stack of our own stands in for recursion, so that a graph may be deeper than Python's own stack.
    """
    order: list[Value] = []
    seen = {result}
    stack = [(result, iter(result.parents))]
    while stack:
        node, parents = stack[-1]
        parent = next((one for one in parents if one not in seen), None)
        if parent is None:
            order.append(node)
            stack.pop()
        else:
            seen.add(parent)
            stack.append((parent, iter(parent.parents)))
    return order


ACTIVATIONS: dict[str, Callable[[Value], Value]] = {
    "tanh": Value.tanh,
    "relu": Value.relu,
    "linear": lambda value: value,
}


class Neuron:
    """One unit of a network: `activation(w_1 x_1 + ... + w_n x_n + b)`.

    Args:
        inputs: How many numbers it takes.
        activation: `tanh`, `relu` or `linear`.
        generator: Draws the weights, of mean 0 and variance `1 / inputs`; the bias starts at 0.

    Raises:
        ConfigurationError: There is no such activation, or no input.
    """

    def __init__(self, inputs: int, activation: str, generator: random.Random) -> None:
        if inputs < 1:
            raise ConfigurationError(
                f"A neuron of {inputs} inputs computes nothing; give 1 or more."
            )
        if activation not in ACTIVATIONS:
            known = ", ".join(ACTIVATIONS)
            raise ConfigurationError(
                f"There is no activation {activation!r}; choose one of {known}."
            )
        spread = inputs**-0.5
        self.weights = [
            Value(generator.gauss(0.0, spread), label=f"w{i + 1}") for i in range(inputs)
        ]
        self.bias = Value(0.0, label="b")
        self.activation = activation

    def __call__(self, inputs: Sequence[Number]) -> Value:
        """Weigh the inputs, add the bias, and bend the sum.

        Raises:
            ShapeError: There are more or fewer inputs than weights.
        """
        if len(inputs) != len(self.weights):
            raise ShapeError(
                f"A neuron with {len(self.weights)} weights was given {len(inputs)} inputs; give as "
                "many inputs as it has weights."
            )
        total = self.bias
        for weight, number in zip(self.weights, inputs, strict=True):
            total = total + weight * number
        return ACTIVATIONS[self.activation](total)

    def parameters(self) -> Iterator[Value]:
        """Yield the weights, then the bias."""
        yield from self.weights
        yield self.bias


class Layer:
    """Neurons side by side, each of which sees all inputs."""

    def __init__(
        self, inputs: int, outputs: int, activation: str, generator: random.Random
    ) -> None:
        self.neurons = [Neuron(inputs, activation, generator) for _ in range(outputs)]

    def __call__(self, inputs: Sequence[Number]) -> list[Value]:
        """Give the output of each neuron."""
        return [neuron(inputs) for neuron in self.neurons]

    def parameters(self) -> Iterator[Value]:
        """Yield the parameters of each neuron in turn."""
        for neuron in self.neurons:
            yield from neuron.parameters()


class MLP:
    """A multilayer perceptron: layers one after the other, the last of them linear.

    Args:
        sizes: How many numbers go in, how many neurons each layer has, the last of them the outputs:
            (2, 8, 1) takes two numbers, has one hidden layer of eight, and gives one number.
        generator: Draws the weights.
        activation: Of all layers but the last: `tanh`, `relu` or `linear`.

    Raises:
        ConfigurationError: There is no layer, or a layer without a neuron.
    """

    def __init__(
        self, sizes: Sequence[int], generator: random.Random, activation: str = "tanh"
    ) -> None:
        if len(sizes) < 2 or min(sizes) < 1:
            raise ConfigurationError(
                f"The sizes {tuple(sizes)} make no network; give the number of inputs and of each "
                "layer's neurons, all at least 1."
            )
        kinds = [activation] * (len(sizes) - 2) + ["linear"]
        self.layers = [
            Layer(inputs, outputs, kind, generator)
            for (inputs, outputs), kind in zip(pairwise(sizes), kinds, strict=True)
        ]

    def __call__(self, inputs: Sequence[Number]) -> list[Value]:
        """Pass the numbers through all layers."""
        outputs: Sequence[Number] = inputs
        for layer in self.layers:
            outputs = layer(outputs)
        return [_value(output) for output in outputs]

    def parameters(self) -> Iterator[Value]:
        """Yield the parameters of each layer in turn."""
        for layer in self.layers:
            yield from layer.parameters()
