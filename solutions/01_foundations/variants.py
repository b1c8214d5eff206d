"""Correct answers to lab 01, written differently: each must get full points."""

import math
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

Function = Callable[[Tensor], Tensor]


def similarity_after(first: Tensor, second: Tensor) -> Tensor:
    """Divide the products by the products of the lengths."""
    lengths = torch.outer(first.norm(dim=1), second.norm(dim=1))
    return torch.einsum("nd,md->nm", first, second) / lengths


def similarity_loop(first: Tensor, second: Tensor) -> Tensor:
    """Compare one pair after the other, in float64."""
    rows = [
        [float(a.double() @ b.double() / (a.double().norm() * b.double().norm())) for b in second]
        for a in first
    ]
    return torch.tensor(rows)


def similarity_broadcast(first: Tensor, second: Tensor) -> Tensor:
    """Broadcast to (n, m, dim) and add up."""
    products = (first[:, None] * second[None]).sum(-1)
    squares = first.pow(2).sum(-1)[:, None] * second.pow(2).sum(-1)[None]
    return products / squares.sqrt()


def numerical_one_hot(function: Function, x: Tensor, step: float = 1e-5) -> Tensor:
    """Move along the rows of an identity matrix."""
    slopes = []
    for direction in torch.eye(x.numel(), dtype=x.dtype):
        move = step * direction.reshape(x.shape)
        slopes.append((function(x + move) - function(x - move)).item() / (2 * step))
    return torch.tensor(slopes, dtype=x.dtype).reshape(x.shape)


def numerical_flat(function: Function, x: Tensor, step: float = 1e-5) -> Tensor:
    """Move one entry of a flat copy, and put it back."""
    place = x.flatten().clone()
    gradient = torch.empty_like(place)
    for i in range(len(place)):
        before = place[i].item()
        place[i] = before + step
        above = function(place.reshape(x.shape).clone())
        place[i] = before - step
        below = function(place.reshape(x.shape).clone())
        place[i] = before
        gradient[i] = (above - below) / step / 2
    return gradient.view(*x.shape)


def numerical_mean(function: Function, x: Tensor, step: float = 1e-5) -> Tensor:
    """Average the forward and the backward difference."""
    here = function(x).item()
    gradient = torch.zeros_like(x)
    for index in torch.cartesian_prod(*[torch.arange(size) for size in x.shape]).reshape(
        -1, x.dim()
    ):
        move = torch.zeros_like(x)
        move[tuple(index)] = step
        forward = (function(x + move).item() - here) / step
        backward = (here - function(x - move).item()) / step
        gradient[tuple(index)] = (forward + backward) / 2
    return gradient


def gradients_einsum(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Name the indices."""
    return (
        torch.einsum("no,io->ni", upstream, weight),
        torch.einsum("ni,no->io", x, upstream),
        torch.einsum("no->o", upstream),
    )


def gradients_loop(x: Tensor, weight: Tensor, upstream: Tensor) -> list[Tensor]:
    """Add up the effect of one example after the other."""
    for_x = torch.zeros_like(x)
    for_weight, for_bias = torch.zeros_like(weight), torch.zeros_like(upstream[0])
    for n, (row, above) in enumerate(zip(x, upstream, strict=True)):
        for_x[n] = weight @ above
        for_weight += torch.outer(row, above)
        for_bias += above
    return [for_x, for_weight, for_bias]


def gradients_ones(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Take the bias for the weight of an input that is always 1, in float64."""
    wide = upstream.double()
    with_one = torch.cat([x.double(), torch.ones(len(x), 1, dtype=torch.float64)], dim=1)
    both = with_one.mT @ wide
    return wide @ weight.double().mT, both[:-1], both[-1]


def softmax_in_place(scores: Tensor) -> Tensor:
    """Change a copy in place."""
    powers = scores - scores.max(dim=-1, keepdim=True).values
    powers = powers.exp_()
    return powers.div(powers.sum(-1, keepdim=True))


def softmax_ratios(scores: Tensor) -> Tensor:
    """One over the sum of the ratios to all others."""
    return 1 / (scores[..., None, :] - scores[..., :, None]).exp().sum(dim=-1)


def softmax_double(scores: Tensor) -> Tensor:
    """Compute in float64 and give back the kind that came."""
    wide = scores.double()
    powers = torch.exp(wide - torch.amax(wide, -1)[..., None])
    return (powers / torch.sum(powers, -1)[..., None]).to(scores.dtype)


def entropy_where(probabilities: Tensor) -> Tensor:
    """Replace the products that are no number."""
    products = probabilities * torch.log(probabilities)
    return -torch.where(probabilities > 0, products, torch.zeros_like(products)).sum(-1)


def entropy_xlogy(probabilities: Tensor) -> Tensor:
    """Use the function of PyTorch that knows the limit."""
    return torch.xlogy(probabilities, probabilities).sum(dim=-1).neg()


def entropy_floor(probabilities: Tensor) -> Tensor:
    """Keep the logarithm away from 0, and change its base."""
    bits = probabilities.clamp_min(1e-30).log2() * -probabilities
    return torch.sum(bits * math.log(2), dim=-1)


def divergence_where(p: Tensor, q: Tensor) -> Tensor:
    """Replace the terms in which p is 0."""
    return torch.where(p > 0, p * torch.log(p / q), 0.0).sum(dim=-1)


def divergence_difference(p: Tensor, q: Tensor) -> Tensor:
    """Cross-entropy less entropy."""
    return torch.xlogy(p, p).sum(-1) - torch.xlogy(p, q).sum(-1)


def divergence_nan(p: Tensor, q: Tensor) -> Tensor:
    """Take what is no number for 0."""
    return torch.nansum(p * (p.log() - q.log()), dim=-1)


def loss_loop(scores: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    """Go from token to token."""
    surprises = []
    for row, target in zip(scores, targets.tolist(), strict=True):
        if target != ignore_index:
            shifted = row - row.max()
            surprises.append(shifted.exp().sum().log() - shifted[target])
    return torch.stack(surprises).mean()


def loss_one_hot(scores: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    """Pick by a one-hot table, and weigh by what counts."""
    counts = (targets != ignore_index).to(scores.dtype)
    wanted = torch.eye(scores.shape[-1])[targets.where(targets != ignore_index, 0)]
    shifted = scores - scores.detach().amax(-1, keepdim=True)
    surprises = shifted.exp().sum(-1).log() - (shifted * wanted).sum(-1)
    return (surprises * counts).sum() / counts.sum()


def loss_indexed(scores: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    """Index rows and columns at once, in float64."""
    rows = (targets != ignore_index).nonzero().flatten()
    wide = scores[rows].double()
    wide = wide - wide.max(dim=1, keepdim=True)[0]
    log_probabilities = wide - torch.log(torch.exp(wide).sum(dim=1, keepdim=True))
    return -log_probabilities[torch.arange(len(rows)), targets[rows]].mean()


def bigram_counter(
    sequences: list[list[int]], vocabulary_size: int, smoothing: float = 0.0
) -> Tensor:
    """Count in a dictionary, and write the rows as Python lists."""
    counts = Counter(pair for sequence in sequences for pair in pairwise(sequence))
    rows = []
    for current in range(vocabulary_size):
        row = [counts[current, following] + smoothing for following in range(vocabulary_size)]
        rows.append([count / sum(row) for count in row])
    return torch.tensor(rows)


def bigram_bincount(
    sequences: list[list[int]], vocabulary_size: int, smoothing: float = 0.0
) -> Tensor:
    """Number the pairs, and count the numbers."""
    numbers = [a * vocabulary_size + b for ids in sequences for a, b in pairwise(ids)]
    counts = torch.bincount(torch.tensor(numbers), minlength=vocabulary_size**2)
    table = counts.view(vocabulary_size, vocabulary_size).double() + smoothing
    table /= table.sum(1, keepdim=True)
    return table


def bigram_from_smoothing(
    sequences: list[list[int]], vocabulary_size: int, smoothing: float = 0.0
) -> Tensor:
    """Begin with the smoothing, and count on top of it."""
    table = torch.full((vocabulary_size, vocabulary_size), float(smoothing))
    for sequence in sequences:
        for i in range(len(sequence) - 1):
            table[sequence[i], sequence[i + 1]] += 1
    return torch.stack([row / row.sum() for row in table])


def perplexity_power(log_probabilities: Tensor) -> Tensor:
    """Raise e to the average."""
    return math.e ** (-log_probabilities.sum() / len(log_probabilities))


def perplexity_bits(log_probabilities: Tensor) -> float:
    """Go by bits, and return a plain number."""
    bits = [-value / math.log(2) for value in log_probabilities.tolist()]
    return 2 ** (sum(bits) / len(bits))


def perplexity_inverse(log_probabilities: Tensor) -> Tensor:
    """One over the geometric mean, in float64."""
    return 1 / torch.exp(torch.mean(log_probabilities.double()))


VARIANTS: dict[str, list[object]] = {
    "foundations.cosine_similarity": [similarity_after, similarity_loop, similarity_broadcast],
    "foundations.numerical_gradient": [numerical_one_hot, numerical_flat, numerical_mean],
    "foundations.linear_gradients": [gradients_einsum, gradients_loop, gradients_ones],
    "foundations.softmax": [softmax_in_place, softmax_ratios, softmax_double],
    "foundations.entropy": [entropy_where, entropy_xlogy, entropy_floor],
    "foundations.kl_divergence": [divergence_where, divergence_difference, divergence_nan],
    "foundations.cross_entropy": [loss_loop, loss_one_hot, loss_indexed],
    "foundations.bigram_probabilities": [bigram_counter, bigram_bincount, bigram_from_smoothing],
    "foundations.perplexity": [perplexity_power, perplexity_bits, perplexity_inverse],
}
