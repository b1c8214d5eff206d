"""Probes of lab 01 that are never released: other shapes, and the edges that the text allows."""

from typing import Any

import torch
from torch import Generator

from autograder.exercise import HiddenProbes

HIDDEN = HiddenProbes("foundations")


def shares(generator: Generator, *shape: int) -> torch.Tensor:
    """Draw distributions along the last dimension."""
    return torch.rand(*shape, generator=generator).add(0.01).log().mul(2).softmax(dim=-1)


@HIDDEN.probe("cosine_similarity")
def one_and_many(implementation: Any, generator: Generator) -> Any:
    """One vector beside five, and vectors of a single number."""
    first = torch.randn(1, 6, generator=generator)
    many = 40 * torch.randn(5, 6, generator=generator)
    return [implementation(first, many), implementation(many[:, :1], many[:2, 1:2])]


@HIDDEN.probe("cosine_similarity")
def with_itself(implementation: Any, generator: Generator) -> Any:
    """A matrix beside itself, in double precision."""
    x = torch.randn(4, 4, generator=generator, dtype=torch.float64)
    return implementation(x, x)


@HIDDEN.probe("numerical_gradient")
def other_shapes(implementation: Any, generator: Generator) -> Any:
    """Three dimensions, a single number in a vector, and the default step."""
    x = torch.randn(2, 2, 3, generator=generator, dtype=torch.float64)
    return [
        implementation(lambda x: (x.sin() * x).sum(), x),
        implementation(lambda x: x[0] ** 4, x[0, 0, :1], 0.5),
    ]


@HIDDEN.probe("linear_gradients")
def one_example(implementation: Any, generator: Generator) -> Any:
    """A batch of one, a single input, a single output, and a wide map."""
    found = []
    for batch, inputs, outputs in ((1, 3, 2), (5, 1, 4), (5, 4, 1), (2, 9, 7)):
        x = torch.randn(batch, inputs, generator=generator)
        weight = torch.randn(inputs, outputs, generator=generator)
        found.append(implementation(x, weight, torch.randn(batch, outputs, generator=generator)))
    return found


@HIDDEN.probe("softmax")
def free_dimensions(implementation: Any, generator: Generator) -> Any:
    """One row alone, two leading dimensions, a single score, and double precision."""
    scores = 100 * torch.randn(2, 3, 5, generator=generator)
    return [
        implementation(scores[0, 0]),
        implementation(scores),
        implementation(scores[..., :1]),
        implementation(scores.double()),
    ]


@HIDDEN.probe("softmax")
def gradient(implementation: Any, generator: Generator) -> Any:
    """The gradient that flows back to the scores."""
    scores = (3 * torch.randn(2, 4, generator=generator)).requires_grad_()
    (implementation(scores) * torch.randn(2, 4, generator=generator)).sum().backward()
    return {"gradient of the scores": scores.grad}


@HIDDEN.probe("entropy")
def many_outcomes(implementation: Any, generator: Generator) -> Any:
    """One distribution alone, two leading dimensions, a single outcome, and a thousand of them."""
    return [
        implementation(shares(generator, 4)),
        implementation(shares(generator, 2, 3, 5)),
        implementation(torch.ones(3, 1)),
        implementation(shares(generator, 1000)),
    ]


@HIDDEN.probe("kl_divergence")
def other_pairs(implementation: Any, generator: Generator) -> Any:
    """One pair alone, two leading dimensions, a pair of equals, and an outcome impossible in both."""
    p, q = shares(generator, 2, 3, 5), shares(generator, 2, 3, 5)
    impossible = torch.tensor([0.25, 0.75, 0.0])
    return [
        implementation(p[0, 0], q[0, 0]),
        implementation(p, q),
        implementation(p, p.clone()),
        implementation(impossible, torch.tensor([0.5, 0.5, 0.0])),
    ]


@HIDDEN.probe("cross_entropy")
def one_that_counts(implementation: Any, generator: Generator) -> Any:
    """A single token; a single target that counts; another mark for what is ignored."""
    scores = 5 * torch.randn(6, 7, generator=generator)
    targets = torch.tensor([3, 3, 3, 6, 3, 3])
    return [
        implementation(scores[:1], targets[:1]),
        implementation(scores, targets, 3),
        implementation(scores, targets.where(targets == 6, -1), -1),
    ]


@HIDDEN.probe("cross_entropy")
def gradient_of_scores(implementation: Any, generator: Generator) -> Any:
    """The gradient that reaches the scores, where some targets are ignored."""
    scores = torch.randn(5, 4, generator=generator).requires_grad_()
    implementation(scores, torch.tensor([0, -100, 3, 1, -100])).backward()
    return {"gradient of the scores": scores.grad}


@HIDDEN.probe("bigram_probabilities")
def more_tokens_than_seen(implementation: Any, generator: Generator) -> Any:
    """A vocabulary with tokens that never come, an empty name, and a large smoothing."""
    sequences = [[0, 3, 3, 3, 0], [0, 0], [0, 1, 3, 0]]
    return [implementation(sequences, 8, 1.0), implementation(sequences[:1], 5, 20.0)]


@HIDDEN.probe("bigram_probabilities")
def many_names(implementation: Any, generator: Generator) -> Any:
    """Two hundred random sequences without smoothing."""
    inner = torch.randint(1, 5, (200, 6), generator=generator).tolist()
    return implementation([[0, *ids, 0] for ids in inner], 5)


@HIDDEN.probe("perplexity")
def other_texts(implementation: Any, generator: Generator) -> Any:
    """A single token, a text that was certain, and one of 20,000 tokens."""
    return [
        float(implementation(torch.tensor([0.3]).log())),
        float(implementation(torch.zeros(4))),
        float(implementation(torch.rand(20_000, generator=generator).clamp_min(1e-3).log())),
    ]
