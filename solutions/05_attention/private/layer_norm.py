"""`attention.layer_norm`: hidden probes, and right answers written differently."""

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private
from autograder.exercises.attention.layer_norm import learned

private = Private()


@private.probe
def other_epsilon(implementation: Any, generator: Generator) -> Any:
    """A single vector with an epsilon of its own, vectors of equal numbers, and four dimensions."""
    x = torch.randn(2, 2, 3, 6, generator=generator)
    x[1, 1, 2] = 0.5
    weight, bias = torch.randn(2, 6, generator=generator)
    return [
        implementation(x[0, 0, 0].clone(), weight, bias, 0.4),
        implementation(x / 500, weight, bias, epsilon=1e-4),
        implementation(x, weight, bias),
    ]


@private.probe
def gradient_of_the_norm(implementation: Any, generator: Generator) -> Any:
    """The gradients of the input, the weight and the bias."""
    return learned(implementation, generator, 4, 7)


@private.variant
def norm_double(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float = 1e-5) -> Tensor:
    """Compute in float64 and leave it there."""
    x = x.double()
    variance, mean = torch.var_mean(x, dim=-1, correction=0, keepdim=True)
    return weight * ((x - mean) / (variance + epsilon).sqrt()) + bias


@private.variant
def norm_in_place(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float = 1e-5) -> Tensor:
    """Change a new tensor in place, and divide by the number of dimensions."""
    dim = x.shape[-1]
    out = x - x.sum(dim=-1, keepdim=True) / dim
    scale = torch.rsqrt(out.square().sum(dim=-1, keepdim=True) / dim + epsilon)
    out = out * scale
    out *= weight
    out += bias
    return out


@private.variant
def norm_of_squares(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float = 1e-5) -> Tensor:
    """Take the variance as the mean of the squares less the square of the mean."""
    mean = x.mean(-1, keepdim=True)
    variance = (x**2).mean(-1, keepdim=True) - mean**2
    return (x - mean) / (variance + epsilon) ** 0.5 * weight + bias


private.equivalent("wide = at_least_float32(x)", None, "It serves numbers of 16 bits.")
private.equivalent(
    "return (normalized * weight + bias).to(x.dtype)", "NAME", "All numbers are of one type."
)
