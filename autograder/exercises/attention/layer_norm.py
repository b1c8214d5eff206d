"""`attention.layer_norm`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches, normal
from autograder.exercises.attention import LAB
from autograder.exercises.attention._shared import chosen
from llmlab import model

exercise = LAB.exercise(
    "layer_norm",
    reference=model.layer_norm,
    forbidden=(
        "torch.nn.functional.layer_norm",
        "torch.nn.functional.batch_norm",
        "torch.nn.functional.group_norm",
        "torch.nn.functional.instance_norm",
        "torch.nn.functional.rms_norm",
    ),
    matters="GPT-2 small (2019) norms each token 25 times on its way: twice in each of 12 blocks, and once at the end. "
    "Read llmlab/model/norms.py.",
    hints=(
        "Which numbers belong to one token? Mean and variance are taken over those, and no others.",
        "Four steps: center, measure the variance, divide by its root, scale and shift.",
        "Take mean and (biased) variance over the last dimension with keepdim, add epsilon to the "
        "variance inside the root, then multiply by the weight and add the bias.",
    ),
)


def learned(implementation: Any, generator: Generator, *shape: int) -> dict[str, Any]:
    """Normalize, and let a gradient flow back to the input, the weight and the bias."""
    x = (3 * normal(generator, *shape) + 1).requires_grad_()
    weight, bias = (normal(generator, shape[-1]).requires_grad_() for _ in range(2))
    output = implementation(x, weight, bias)
    output.square().sum().backward()
    found = {"input": x.grad, "weight": weight.grad, "bias": bias.grad}
    return {"output": output, **{f"gradient of the {name}": one for name, one in found.items()}}


@exercise.probe
def two_tokens(implementation: Any, generator: Generator) -> Any:
    """Two tokens, vectors of 4, with weight and bias."""
    x = 3 * normal(generator, 2, 4) + 1
    return {"output": implementation(x, normal(generator, 4), normal(generator, 4))}


@exercise.probe
def one_batch(implementation: Any, generator: Generator) -> Any:
    """A batch of two sequences of three tokens, vectors of 5; and the gradients for the sum of the squares."""
    return learned(implementation, generator, 2, 3, 5)


@exercise.probe
def constant_vector(implementation: Any, generator: Generator) -> Any:
    """Two tokens: one whose numbers are all equal, one with tiny differences; epsilon matters here."""
    x = torch.tensor([[2.0, 2.0, 2.0, 2.0], [0.0, 0.003, -0.003, 0.001]])
    return {"output": implementation(x, torch.ones(4), torch.zeros(4))}


@exercise.probe
def one_vector(implementation: Any, generator: Generator) -> Any:
    """A single vector of 6, with an epsilon of 2; then four dimensions."""
    x, weight, bias = normal(generator, 2, 2, 3, 6), normal(generator, 6), normal(generator, 6)
    return {
        "output for one vector": implementation(x[0, 0, 0].clone(), weight, bias, 2.0),
        "output for four dimensions": implementation(x, weight, bias),
    }


_OVER_OTHERS = (
    "Mean and variance are not taken over the numbers of one token, but over several tokens. LayerNorm looks at one "
    "token at a time; otherwise a token would change with its neighbors. Reread 'Keeping vectors in bounds'."
)
_FROM_THE_FRONT = (
    "Your code names the dimension of the vectors by counting from the front, and that fits one number of dimensions "
    "only. The vectors lie along the last one. Reread 'Keeping vectors in bounds'."
)
_NO_KEEPDIM = (
    "The mean or the variance has lost a dimension, and no longer lines up with the tokens that it belongs to. Keep "
    "that dimension, with size 1. Reread 'Keeping vectors in bounds'."
)
_FIXED_EPSILON = (
    "Your code adds a fixed number, and epsilon is an argument: 1e-5 only where the caller gives none. Reread 'Keeping "
    "vectors in bounds'."
)
_MATRIX = (
    "Your code multiplies by the weight as a matrix product. Each dimension has a weight of its own: the product is "
    "number by number. Reread 'Keeping vectors in bounds'."
)
_CUT = (
    "The output is right, and a gradient is lost: mean and variance are made of the input too, and weight and bias "
    "learn. Nothing may be detached. Reread 'What holds for every answer'."
)
_CHANGED = (
    "Your code changes x in place, and the caller still needs it: the residual sum does. Make a new tensor. Reread "
    "'What holds for every answer'."
)


def _mean(x: Tensor) -> Tensor:
    return x.mean(dim=-1, keepdim=True)


def _biased(x: Tensor) -> Tensor:
    return x.var(dim=-1, keepdim=True, correction=0)


def _over(*dims: int) -> Any:
    """Take mean and variance over other dimensions."""

    def statistics(x: Tensor) -> tuple[Tensor, Tensor]:
        return (
            x.mean(dim=dims, keepdim=True),
            x.var(dim=dims, keepdim=True, correction=0),
        )

    return statistics


_STATISTICS: dict[str, Any] = {
    "over_tokens": _over(-2),
    "over_first": _over(0),
    "over_second": _over(1),
    "over_third": _over(2),
    "over_tokens_and_numbers": _over(-2, -1),
    "over_all_but_first": lambda x: _over(*range(1, x.dim()))(x),
    "divided_by_length": lambda x: (
        x.sum(dim=-1, keepdim=True) / len(x),
        (x - x.sum(dim=-1, keepdim=True) / len(x)).square().sum(dim=-1, keepdim=True) / len(x),
    ),
    "mean_not_squared": lambda x: (_mean(x), _mean(x.square()) - _mean(x)),
    "over_everything": lambda x: (x.mean(), x.var(correction=0)),
    "no_keepdim": lambda x: (x.mean(dim=-1), x.var(dim=-1, correction=0)),
    "not_centered": lambda x: (0 * _mean(x), _mean(x.square())),
    "centered_variance_only": lambda x: (0 * _mean(x), _biased(x)),
    "mean_square": lambda x: (_mean(x), _mean(x.square())),
    "unbiased": lambda x: (_mean(x), x.var(dim=-1, keepdim=True)),
    "sum_of_squares": lambda x: (
        _mean(x),
        (x - _mean(x)).square().sum(dim=-1, keepdim=True),
    ),
    "sum_for_mean": lambda x: (x.sum(dim=-1, keepdim=True), _biased(x)),
    "not_squared": lambda x: (_mean(x), _mean(x - _mean(x))),
    "absolute": lambda x: (_mean(x), _mean((x - _mean(x)).abs())),
    "median": lambda x: (x.median(dim=-1, keepdim=True).values, _biased(x)),
    "mean_detached": lambda x: (_mean(x).detach(), _biased(x)),
    "variance_detached": lambda x: (_mean(x), _biased(x).detach()),
    "statistics_detached": lambda x: (_mean(x.detach()), _biased(x.detach())),
}
_SIZES: dict[str, Any] = {
    "epsilon_outside": lambda variance, epsilon: variance.sqrt() + epsilon,
    "epsilon_forgotten": lambda variance, epsilon: variance.sqrt(),
    "epsilon_twice": lambda variance, epsilon: torch.sqrt(variance + epsilon) + epsilon,
    "epsilon_squared": lambda variance, epsilon: torch.sqrt(variance + epsilon**2),
    "epsilon_taken_away": lambda variance, epsilon: torch.sqrt(variance - epsilon),
    "epsilon_as_floor": lambda variance, epsilon: torch.sqrt(variance.clamp_min(epsilon)),
    "epsilon_as_floor_outside": lambda variance, epsilon: variance.sqrt().clamp_min(epsilon),
    "epsilon_fixed": lambda variance, epsilon: torch.sqrt(variance + 1e-5),
    "epsilon_of_six": lambda variance, epsilon: torch.sqrt(variance + 1e-6),
    "epsilon_of_eight": lambda variance, epsilon: torch.sqrt(variance + 1e-8),
    "no_root": lambda variance, epsilon: variance + epsilon,
    "root_of_deviation": lambda variance, epsilon: torch.sqrt(torch.sqrt(variance) + epsilon),
    "root_twice": lambda variance, epsilon: torch.sqrt(torch.sqrt(variance + epsilon)),
    "variance_squared": lambda variance, epsilon: (variance + epsilon) ** 2,
    "multiplied": lambda variance, epsilon: 1 / torch.sqrt(variance + epsilon),
    "not_divided": lambda variance, epsilon: 1,
}
_LASTS: dict[str, Any] = {
    "no_scale_and_shift": lambda normed, weight, bias: normed,
    "no_bias": lambda normed, weight, bias: normed * weight,
    "no_weight": lambda normed, weight, bias: normed + bias,
    "one_plus_weight": lambda normed, weight, bias: normed * (1 + weight) + bias,
    "bias_first": lambda normed, weight, bias: (normed + bias) * weight,
    "bias_taken_away": lambda normed, weight, bias: normed * weight - bias,
    "exchanged": lambda normed, weight, bias: normed * bias + weight,
    "divided_by_weight": lambda normed, weight, bias: normed / weight + bias,
    "weight_added": lambda normed, weight, bias: normed + weight + bias,
    "matrix_product": lambda normed, weight, bias: normed @ weight + bias,
    "weight_detached": lambda normed, weight, bias: normed * weight.detach() + bias,
    "bias_detached": lambda normed, weight, bias: normed * weight + bias.detach(),
    "all_detached": lambda normed, weight, bias: (normed * weight + bias).detach(),
    "one_weight": lambda normed, weight, bias: normed * weight[0] + bias[0],
    "bounded": lambda normed, weight, bias: (normed * weight + bias).tanh(),
}


@exercise.faults(
    over_tokens=_OVER_OTHERS,
    over_first=_OVER_OTHERS,
    over_second=_FROM_THE_FRONT,
    over_third=_FROM_THE_FRONT,
    over_tokens_and_numbers="Mean and variance are taken over the whole sequence. LayerNorm looks at one token at a "
    "time; otherwise a token would change with its neighbors. Reread 'Keeping vectors in bounds'.",
    over_all_but_first="Mean and variance are taken over all dimensions but the first. That is one token only where "
    "there are two dimensions; with more of them it is a whole sequence. Reread 'Keeping vectors in bounds'.",
    divided_by_length="Your sums are divided by the length of the first dimension, a number of tokens or sequences. "
    "A mean over a vector divides by its own length. Reread 'Keeping vectors in bounds'.",
    mean_not_squared="Your variance is the mean of the squares less the mean. The mean has to be squared, too, "
    "before it is taken away. Reread 'Keeping vectors in bounds'.",
    over_everything="Mean and variance are taken over all numbers of the input. LayerNorm looks at one token at a "
    "time; otherwise a token would change with its neighbors. Reread 'Keeping vectors in bounds'.",
    no_keepdim=_NO_KEEPDIM,
    not_centered="The mean is not taken away: what you wrote is RMSNorm with a bias. LayerNorm centers first. Reread "
    "'Keeping vectors in bounds'.",
    centered_variance_only="The mean is taken away for the variance alone. What is divided has to be centered, too. "
    "Reread 'Keeping vectors in bounds'.",
    mean_square="Your variance is the mean of the squares of x itself. It is the mean of the squares of what is "
    "left when the mean is taken away. Reread 'Keeping vectors in bounds'.",
    unbiased="The variance divides by one less than the number of dimensions, as PyTorch's var does by default. "
    "LayerNorm divides by the number itself. Reread 'Keeping vectors in bounds'.",
    unbiased_outside="Two things differ from the formula, as in much code on the web: your deviation divides by one "
    "less than the number of dimensions, and epsilon is added outside the root. Reread 'Keeping vectors in bounds'.",
    sum_of_squares="Your variance is a sum, and not a mean: it is not divided by the number of dimensions. Your "
    "vectors get length 1. Reread 'Keeping vectors in bounds'.",
    sum_for_mean="Your mean is a sum: it is not divided by the number of dimensions. Reread 'Keeping vectors in "
    "bounds'.",
    not_squared="The differences from the mean are not squared, and their own mean is 0: nothing is left to divide "
    "by but epsilon. Reread 'Keeping vectors in bounds'.",
    absolute="Your variance is the mean of the absolute differences. They have to be squared. Reread 'Keeping "
    "vectors in bounds'.",
    absolute_without_root="Your vectors are divided by the mean of the absolute differences. The formula squares "
    "them, and takes a root. Reread 'Keeping vectors in bounds'.",
    median="Your code takes the median away, the number in the middle. The mean is asked for. Reread 'Keeping "
    "vectors in bounds'.",
    mean_detached=_CUT,
    variance_detached=_CUT,
    statistics_detached=_CUT,
    epsilon_outside="Epsilon is added to the standard deviation, outside the root. The formula adds it to the "
    "variance, inside; for vectors that hardly vary the two differ much. Reread 'Keeping vectors in bounds'.",
    epsilon_forgotten="Epsilon is not used: a vector whose numbers are all equal has the variance 0, and 0 / 0 is NaN. "
    "Reread 'Keeping vectors in bounds'.",
    epsilon_twice="Epsilon is added twice, inside the root and outside. Reread 'Keeping vectors in bounds'.",
    epsilon_squared="Epsilon is squared before it is added. Reread 'Keeping vectors in bounds'.",
    epsilon_taken_away="Epsilon is taken away from the variance, which can become negative by that: its root is "
    "NaN. Reread 'Keeping vectors in bounds'.",
    epsilon_as_floor="Epsilon is the least value of the variance in your code. The formula adds it, always. Reread "
    "'Keeping vectors in bounds'.",
    epsilon_as_floor_outside="Epsilon is the least value of the deviation in your code. The formula adds it to the "
    "variance, always. Reread 'Keeping vectors in bounds'.",
    epsilon_fixed=_FIXED_EPSILON,
    epsilon_of_six=_FIXED_EPSILON,
    epsilon_of_eight=_FIXED_EPSILON,
    no_root="The variance is not put under a root: dividing by it leaves vectors whose size is one over their spread, "
    "instead of 1. Reread 'Keeping vectors in bounds'.",
    root_of_deviation="The root is taken of the standard deviation, which is a root already. It is taken of the "
    "variance. Reread 'Keeping vectors in bounds'.",
    root_twice="The root is taken twice: what divides is the root of the standard deviation. Reread 'Keeping "
    "vectors in bounds'.",
    variance_squared="Your vectors are divided by the square of the variance. The formula takes its root. Reread "
    "'Keeping vectors in bounds'.",
    multiplied="Your vectors are multiplied by the standard deviation, where they should be divided by it. Reread "
    "'Keeping vectors in bounds'.",
    not_divided="Your vectors are centered and not divided: their variance is what it was. Reread 'Keeping vectors in "
    "bounds'.",
    no_scale_and_shift="Weight and bias are not used: the vectors are normalized, and the model cannot choose a "
    "scale and a shift of its own. Reread 'Keeping vectors in bounds'.",
    no_bias="The bias is not added. Reread 'Keeping vectors in bounds'.",
    no_weight="The weight is not used: the model cannot choose a scale of its own. Reread 'Keeping vectors in bounds'.",
    one_plus_weight="Your code scales by one plus the weight, as Gemma's norm does (2024). Here the weight itself "
    "is the scale. Reread 'Keeping vectors in bounds'.",
    bias_first="The bias is added before the weight multiplies: it is scaled along. First scale, then shift. Reread "
    "'Keeping vectors in bounds'.",
    bias_taken_away="The bias has the wrong sign. Reread 'Keeping vectors in bounds'.",
    exchanged="Weight and bias are exchanged: the bias scales and the weight shifts. Reread 'Keeping vectors in "
    "bounds'.",
    divided_by_weight="Your code divides by the weight, which is to multiply. Reread 'Keeping vectors in bounds'.",
    weight_added="The weight is added, as the bias is. It is to multiply. Reread 'Keeping vectors in bounds'.",
    matrix_product=_MATRIX,
    weight_detached=_CUT,
    bias_detached=_CUT,
    all_detached=_CUT,
    one_weight="The first weight and the first bias serve for all dimensions. Each has its own. Reread 'Keeping "
    "vectors in bounds'.",
    bounded="There is a tanh around your result. The norm keeps vectors in bounds without one. Reread 'Keeping "
    "vectors in bounds'.",
    centered_in_place=_CHANGED,
    between_zero_and_one="Your code stretches each vector so that it runs from 0 to 1. LayerNorm uses mean and "
    "variance, which one odd number moves less. Reread 'Keeping vectors in bounds'.",
    softmax="Your code takes a softmax of each vector. LayerNorm gives it mean 0 and variance 1. Reread 'Keeping "
    "vectors in bounds'.",
    weighed_first="Weight and bias are applied before the norm, which takes their effect away again in part. They come "
    "last. Reread 'Keeping vectors in bounds'.",
)
def faulty(on: Switches) -> Any:
    """Center, measure, divide, scale and shift."""

    def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float = 1e-5) -> Any:
        if on("weighed_first"):
            x = x * weight + bias
        if on("softmax"):
            return x.softmax(dim=-1) * weight + bias
        if on("between_zero_and_one"):
            low, high = x.amin(dim=-1, keepdim=True), x.amax(dim=-1, keepdim=True)
            return (x - low) / (high - low + epsilon) * weight + bias
        if on("unbiased_outside"):
            return (x - _mean(x)) / (x.std(dim=-1, keepdim=True) + epsilon) * weight + bias
        if on("absolute_without_root"):
            distance = _mean((x - _mean(x)).abs())
            return (x - _mean(x)) / (distance + epsilon) * weight + bias
        statistics = chosen(on, lambda x: (_mean(x), _biased(x)), _STATISTICS)
        mean, variance = statistics(x)
        if on("centered_in_place"):
            x -= mean
            return x / torch.sqrt(variance + epsilon) * weight + bias
        size = chosen(on, lambda variance, epsilon: torch.sqrt(variance + epsilon), _SIZES)
        normed = (x - mean) / size(variance, epsilon)
        if on("weighed_first"):
            return normed
        return chosen(on, lambda normed, w, b: normed * w + b, _LASTS)(normed, weight, bias)

    return layer_norm
