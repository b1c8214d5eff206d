"""`attention.layer_norm`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import normal
from autograder.exercises.attention import LAB
from llmlab import model

exercise = LAB.exercise(
    "layer_norm",
    reference=model.layer_norm,
    forbidden=("torch.nn.functional.layer_norm", "torch.nn.functional.batch_norm"),
    hints=(
        "Which numbers belong to one token? Mean and variance are taken over those, and no others.",
        "Four steps: center, measure the variance, divide by its root, scale and shift.",
        "Take mean and (biased) variance over the last dimension with keepdim, add epsilon to the "
        "variance inside the root, then multiply by the weight and add the bias.",
    ),
)


@exercise.probe
def one_batch(implementation: Any, generator: Generator) -> Any:
    """A batch of two sequences of three tokens, vectors of 8, with weight and bias."""
    x = 3 * normal(generator, 2, 3, 8) + 1
    return {"output": implementation(x, normal(generator, 8), normal(generator, 8))}


@exercise.probe
def constant_vector(implementation: Any, generator: Generator) -> Any:
    """Two tokens: one whose numbers are all equal, one with tiny differences; epsilon matters here."""
    x = torch.tensor([[2.0, 2.0, 2.0, 2.0], [0.0, 0.003, -0.003, 0.001]])
    return {"output": implementation(x, torch.ones(4), torch.zeros(4))}


def _normalized(x: Tensor, dim: int = -1, correction: int = 0, epsilon: float = 1e-5) -> Tensor:
    variance = x.var(dim=dim, keepdim=True, correction=correction)
    return (x - x.mean(dim=dim, keepdim=True)) / torch.sqrt(variance + epsilon)


@exercise.misconception(
    "Mean and variance are taken over the tokens. LayerNorm looks at one token at a time, over "
    "the dimensions of its vector; otherwise a token would change with its neighbors. Reread "
    "'Keeping vectors in bounds'."
)
def over_tokens(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float = 1e-5) -> Tensor:
    return _normalized(x, dim=-2, epsilon=epsilon) * weight + bias


@exercise.misconception(
    "The variance divides by one less than the number of dimensions, as PyTorch's var does by "
    "default. LayerNorm divides by the number itself. Reread 'Keeping vectors in bounds'."
)
def unbiased(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float = 1e-5) -> Tensor:
    return _normalized(x, correction=1, epsilon=epsilon) * weight + bias


@exercise.misconception(
    "Epsilon is added to the standard deviation, outside the root. The formula adds it to "
    "the variance, inside; for vectors that hardly vary the two differ much. Reread "
    "'Keeping vectors in bounds'."
)
def epsilon_outside(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float = 1e-5) -> Tensor:
    deviation = x.std(dim=-1, keepdim=True, correction=0)
    return (x - x.mean(dim=-1, keepdim=True)) / (deviation + epsilon) * weight + bias


@exercise.misconception(
    "The mean is not taken away: what you wrote is RMSNorm with a bias. LayerNorm centers first. "
    "Reread 'Keeping vectors in bounds'."
)
def not_centered(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float = 1e-5) -> Tensor:
    return x * torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + epsilon) * weight + bias


@exercise.misconception(
    "The variance is not put under a root: dividing by it leaves vectors whose size is one over "
    "their spread, instead of 1. Reread 'Keeping vectors in bounds'."
)
def no_root(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float = 1e-5) -> Tensor:
    variance = x.var(dim=-1, keepdim=True, correction=0)
    return (x - x.mean(dim=-1, keepdim=True)) / (variance + epsilon) * weight + bias


@exercise.misconception(
    "Weight and bias are not used: the vectors are normalized, and the model cannot choose a scale "
    "and a shift of its own. Reread 'Keeping vectors in bounds'."
)
def no_scale_and_shift(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float = 1e-5) -> Tensor:
    return _normalized(x, epsilon=epsilon)
