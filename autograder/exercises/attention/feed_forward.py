"""`attention.feed_forward`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn import functional

from autograder.exercise import Switches, normal
from autograder.exercises.attention import LAB
from autograder.exercises.attention._shared import chosen
from llmlab import model

exercise = LAB.exercise(
    "feed_forward",
    reference=model.feed_forward,
    forbidden=("torch.nn.functional.gelu",),
    matters="Two thirds of the weights in GPT-2's blocks (2019) stand in these two matrices; Llama 3 (2024) has "
    "three of them, with a gate. Read llmlab/model/feed_forward.py.",
    hints=(
        "Read the formula from the inside: a map, a bend, a map. Each map is a product and a sum.",
        "The bend is number by number: each x is multiplied by the chance that a standard normal draw lies "
        "below it, and PyTorch has the error function `torch.erf` for that.",
        "Multiply x by the first matrix and add its bias; multiply each number by half of one plus the error "
        "function of itself over the root of 2; multiply by the second matrix and add its bias.",
    ),
)


def weights(generator: Generator, dim: int, hidden: int) -> tuple[Tensor, ...]:
    """Draw the two matrices and the two biases."""
    shapes = ((dim, hidden), (hidden,), (hidden, dim), (dim,))
    return tuple(normal(generator, *shape) for shape in shapes)


def learned(implementation: Any, generator: Generator, hidden: int, *shape: int) -> dict[str, Any]:
    """Run the network, and let a gradient flow back to the input and to all weights."""
    given = (normal(generator, *shape), *weights(generator, shape[-1], hidden))
    tensors = [one.requires_grad_() for one in given]
    output = implementation(*tensors)
    output.square().sum().backward()
    names = ("x", "up", "up_bias", "down", "down_bias")
    found = {f"gradient of {name}": one.grad for name, one in zip(names, tensors, strict=True)}
    return {"output": output, **found}


@exercise.probe
def two_tokens(implementation: Any, generator: Generator) -> Any:
    """Two tokens, vectors of 3, 5 hidden numbers."""
    return {"output": implementation(normal(generator, 2, 3), *weights(generator, 3, 5))}


@exercise.probe
def square(implementation: Any, generator: Generator) -> Any:
    """Three tokens, vectors of 4 and as many hidden numbers: both matrices are square."""
    return {"output": implementation(normal(generator, 3, 4), *weights(generator, 4, 4))}


@exercise.probe
def batch(implementation: Any, generator: Generator) -> Any:
    """A batch of two sequences of three tokens, vectors of 4, 7 hidden numbers; and all gradients."""
    return learned(implementation, generator, 7, 2, 3, 4)


@exercise.probe
def other_shapes(implementation: Any, generator: Generator) -> Any:
    """A single vector of 4; then one token in a batch of one, with numbers ten times as large."""
    matrices = weights(generator, 4, 6)
    return {
        "output for one vector": implementation(normal(generator, 4), *matrices),
        "output for large numbers": implementation(10 * normal(generator, 1, 1, 4), *matrices),
    }


_TURNED = (
    "A matrix is multiplied the wrong way round. In the formula a token is a row and stands on the left; the transpose "
    "is what nn.Linear stores. Reread 'A network for each token'."
)
_OTHER_BEND = (
    "There is another bend between your two maps. GPT-2 and this lab use GELU, whose formula is in the text. Reread "
    "'A network for each token'."
)
_CHANCE = (
    "Your GELU weighs with something else than the chance that a standard normal draw lies below x: it does not run "
    "from 0 to 1 as it should. Reread 'A network for each token'."
)
_CUT = (
    "The output is right, and a gradient is lost: the input and all four weights have to learn. Reread 'What holds for "
    "every answer'."
)
_SHAPE = (
    "The result has another shape than x. It has the same, whatever leading dimensions there are, also those of "
    "size 1. Reread 'What holds for every answer'."
)
_ROOT = math.sqrt(2)


def _gelu(x: Tensor) -> Tensor:
    return 0.5 * x * (1 + torch.erf(x / _ROOT))


_UPS: dict[str, Any] = {
    "up_turned": lambda x, up, bias: x @ up.T + bias,
    "up_on_the_left": lambda x, up, bias: up @ x + bias,
    "up_number_by_number": lambda x, up, bias: x * up + bias,
    "no_up_bias": lambda x, up, bias: x @ up,
    "up_bias_taken_away": lambda x, up, bias: x @ up - bias,
    "up_bias_multiplied": lambda x, up, bias: (x @ up) * bias,
    "bent_first": lambda x, up, bias: _gelu(x) @ up + bias,
    "normed_first": lambda x, up, bias: functional.layer_norm(x, x.shape[-1:]) @ up + bias,
    "x_detached": lambda x, up, bias: x.detach() @ up + bias,
    "up_detached": lambda x, up, bias: x @ up.detach() + bias.detach(),
}
_BENDS: dict[str, Any] = {
    "no_bend": lambda x: x,
    "relu": lambda x: x.relu(),
    "relu_squared": lambda x: x.relu().square(),
    "leaky_relu": lambda x: functional.leaky_relu(x),
    "elu": lambda x: functional.elu(x),
    "silu": lambda x: functional.silu(x),
    "mish": lambda x: functional.mish(x),
    "softplus": lambda x: functional.softplus(x),
    "sigmoid": lambda x: x.sigmoid(),
    "tanh": lambda x: x.tanh(),
    "squared": lambda x: x.square(),
    "absolute": lambda x: x.abs(),
    "softmax": lambda x: x.softmax(dim=-1),
    "by_tanh": lambda x: functional.gelu(x, approximate="tanh"),
    "by_sigmoid": lambda x: x * torch.sigmoid(1.702 * x),
    "chance_alone": lambda x: 0.5 * (1 + torch.erf(x / _ROOT)),
    "error_function_alone": lambda x: torch.erf(x / _ROOT),
    "no_root": lambda x: 0.5 * x * (1 + torch.erf(x)),
    "divided_by_two": lambda x: 0.5 * x * (1 + torch.erf(x / 2)),
    "root_multiplied": lambda x: 0.5 * x * (1 + torch.erf(x * _ROOT)),
    "root_outside": lambda x: 0.5 * x * (1 + torch.erf(x) / _ROOT),
    "no_half": lambda x: x * (1 + torch.erf(x / _ROOT)),
    "half_too_early": lambda x: x * (0.5 + torch.erf(x / _ROOT)),
    "no_one": lambda x: 0.5 * x * torch.erf(x / _ROOT),
    "neither_half_nor_one": lambda x: x * torch.erf(x / _ROOT),
    "chance_above": lambda x: 0.5 * x * (1 - torch.erf(x / _ROOT)),
    "added": lambda x: x + 0.5 * (1 + torch.erf(x / _ROOT)),
    "density": lambda x: x * torch.exp(-x.square() / 2) / math.sqrt(2 * math.pi),
    "bent_twice": lambda x: _gelu(_gelu(x)),
    "bend_detached": lambda x: _gelu(x).detach(),
    "chance_detached": lambda x: x * (0.5 * (1 + torch.erf(x / _ROOT))).detach(),
    "dropout": lambda x: functional.dropout(_gelu(x), 0.1),
}
_DOWNS: dict[str, Any] = {
    "no_down": lambda hidden, x, down, bias: hidden,
    "down_turned": lambda hidden, x, down, bias: hidden @ down.T + bias,
    "no_down_bias": lambda hidden, x, down, bias: hidden @ down,
    "down_bias_taken_away": lambda hidden, x, down, bias: hidden @ down - bias,
    "bent_after": lambda hidden, x, down, bias: _gelu(hidden @ down + bias),
    "relu_after": lambda hidden, x, down, bias: (hidden @ down + bias).relu(),
    "softmax_after": lambda hidden, x, down, bias: (hidden @ down + bias).softmax(dim=-1),
    "residual": lambda hidden, x, down, bias: x + hidden @ down + bias,
    "normed_after": lambda hidden, x, down, bias: functional.layer_norm(
        hidden @ down + bias, x.shape[-1:]
    ),
    "averaged": lambda hidden, x, down, bias: (hidden @ down + bias).mean(dim=-2),
    "one_number": lambda hidden, x, down, bias: (hidden @ down + bias).sum(dim=-1),
    "flattened": lambda hidden, x, down, bias: (hidden @ down + bias).reshape(-1, len(bias)),
    "squeezed": lambda hidden, x, down, bias: (hidden @ down + bias).squeeze(),
    "down_detached": lambda hidden, x, down, bias: hidden @ down.detach() + bias,
    "all_detached": lambda hidden, x, down, bias: (hidden @ down + bias).detach(),
    "returns_both": lambda hidden, x, down, bias: (hidden @ down + bias, hidden),
}


@exercise.faults(
    up_turned=_TURNED,
    up_on_the_left=_TURNED,
    down_turned=_TURNED,
    both_turned=_TURNED,
    maps_exchanged="The two maps are exchanged: the second matrix comes first. The first one makes a token's vector "
    "wider. Reread 'A network for each token'.",
    up_number_by_number="Your code multiplies x and the first matrix number by number. Each hidden number is a sum "
    "over all of x: a matrix product. Reread 'A network for each token'.",
    no_up_bias="The first bias is not added. Without it every bend sits at 0. Reread 'A network for each token'.",
    up_bias_taken_away="The first bias has the wrong sign. Reread 'A network for each token'.",
    up_bias_multiplied="The first bias is multiplied, where it should be added. Reread 'A network for each token'.",
    up_bias_late="The first bias is added after the bend. It belongs to the map, before it: it says where each bend "
    "sits. Reread 'A network for each token'.",
    bent_first="The bend is taken of x, too, before the first map. There is one bend, between the maps. Reread "
    "'A network for each token'.",
    only_bent_first="The bend is taken of x and not between the maps: then the two maps are as good as one. Reread "
    "'A network for each token'.",
    normed_first="Your code norms x first. Norms belong to the block, which comes next. Reread 'A network for each "
    "token'.",
    x_detached=_CUT,
    up_detached=_CUT,
    no_bend="There is no bend between the maps. Two linear maps in a row are as good as one: the wide layer adds "
    "nothing. Reread 'A network for each token'.",
    relu="Your bend is a ReLU, which is 0 for all negative numbers. That is how it was in 2017; GPT-2 and this lab "
    "use GELU. Reread 'A network for each token'.",
    relu_squared=_OTHER_BEND,
    leaky_relu=_OTHER_BEND,
    elu=_OTHER_BEND,
    silu="Your bend is a SiLU (swish): it weighs x by its sigmoid. GELU weighs it by a chance of the normal "
    "distribution. Reread 'A network for each token'.",
    mish=_OTHER_BEND,
    softplus=_OTHER_BEND,
    sigmoid=_OTHER_BEND,
    tanh=_OTHER_BEND,
    squared=_OTHER_BEND,
    absolute=_OTHER_BEND,
    softmax="Your bend is a softmax, in which the hidden numbers compete. GELU is taken number by number. Reread "
    "'A network for each token'.",
    by_tanh="Your GELU is the approximation with a tanh, which GPT-2 was trained with: it is off by some "
    "ten-thousandths. The exact one is asked for. Reread 'A network for each token'.",
    by_sigmoid="Your GELU is the approximation with a sigmoid: it is off by about a hundredth. The exact one is "
    "asked for. Reread 'A network for each token'.",
    chance_alone="Your bend is the chance alone, between 0 and 1. GELU multiplies each number by its chance. Reread "
    "'A network for each token'.",
    error_function_alone="Your bend is the error function alone, between -1 and 1. GELU makes a chance of it, and "
    "multiplies each number by that. Reread 'A network for each token'.",
    no_root="The error function takes x as it is in your code. The normal distribution stretches it by a root. Reread "
    "'A network for each token'.",
    divided_by_two="The error function takes x divided by 2 in your code: the root is missing. Reread 'A network "
    "for each token'.",
    root_multiplied="Inside the error function your x is multiplied by the root, which should divide it. Reread "
    "'A network for each token'.",
    root_outside="The root divides the error function in your code. It belongs inside, under x. Reread 'A network "
    "for each token'.",
    no_half=_CHANCE,
    half_too_early=_CHANCE,
    no_one=_CHANCE,
    neither_half_nor_one=_CHANCE,
    chance_above="Your GELU weighs x by the chance that a normal draw lies above it: large numbers vanish, and "
    "should pass. Reread 'A network for each token'.",
    added="Your GELU adds the chance to x. It multiplies. Reread 'A network for each token'.",
    density="Your GELU weighs x by the normal density, the bell curve. It is the area to the left, the chance of a "
    "smaller draw. Reread 'A network for each token'.",
    bent_twice="The bend is taken twice. Reread 'A network for each token'.",
    bend_detached=_CUT,
    chance_detached=_CUT,
    dropout="Your code sets some hidden numbers to 0 at random (dropout). The formula has no chance in it that is "
    "drawn. Reread 'A network for each token'.",
    no_down="Your code returns the hidden numbers. The second map brings them back to the size of x. Reread "
    "'A network for each token'.",
    no_down_bias="The second bias is not added. Reread 'A network for each token'.",
    no_biases="Neither bias is added. Reread 'A network for each token'.",
    down_bias_taken_away="The second bias has the wrong sign. Reread 'A network for each token'.",
    bent_after="There is a bend after the second map, too. The network ends with a map, so that it can answer with any "
    "number. Reread 'A network for each token'.",
    relu_after="There is a ReLU after the second map. The network ends with a map, so that it can answer with any "
    "number. Reread 'A network for each token'.",
    softmax_after="There is a softmax after the second map. What comes out is added to a vector, and is no share. "
    "Reread 'A network for each token'.",
    residual="Your code adds x to the result. That sum belongs to the block, which comes next, and would be there "
    "twice. Reread 'A network for each token'.",
    normed_after="Your code norms the result. Norms belong to the block, which comes next. Reread 'A network for "
    "each token'.",
    averaged="Your code averages over the tokens. The network works on each token by itself. Reread 'A network for "
    "each token'.",
    one_number="Your code adds up the numbers of each token's result. A vector of the size of x is asked for. Reread "
    "'A network for each token'.",
    flattened=_SHAPE,
    squeezed=_SHAPE,
    down_detached=_CUT,
    all_detached=_CUT,
    returns_both="Your code returns two things, the result and the hidden numbers. Only the result is asked for. "
    "Reread 'A network for each token'.",
)
def faulty(on: Switches) -> Any:
    """Up, bend, down."""

    def feed_forward(
        x: Tensor, up: Tensor, up_bias: Tensor, down: Tensor, down_bias: Tensor
    ) -> Any:
        if on("maps_exchanged"):
            return _gelu(x @ down + down_bias) @ up + up_bias
        if on("both_turned"):
            return _gelu(x @ up.T + up_bias) @ down.T + down_bias
        if on("up_bias_late"):
            return (_gelu(x @ up) + up_bias) @ down + down_bias
        if on("only_bent_first"):
            return (_gelu(x) @ up + up_bias) @ down + down_bias
        if on("no_biases"):
            return _gelu(x @ up) @ down
        hidden = chosen(on, lambda x, up, bias: x @ up + bias, _UPS)(x, up, up_bias)
        bent = chosen(on, _gelu, _BENDS)(hidden)
        way = chosen(on, lambda hidden, x, down, bias: hidden @ down + bias, _DOWNS)
        return way(bent, x, down, down_bias)

    return feed_forward
