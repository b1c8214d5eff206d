"""Lab 01: the exercises on vectors, derivatives, probability and a first language model."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Lab, normal
from llmlab import foundations

LAB = Lab(1, "foundations", "Foundations")
Function = Callable[[Tensor], Tensor]
Sequences = list[list[int]]


def distributions(generator: Generator, *shape: int) -> Tensor:
    """Draw distributions along the last dimension, all of whose outcomes are possible."""
    weights = torch.rand(*shape, generator=generator) + 0.05
    return weights / weights.sum(dim=-1, keepdim=True)


# ----------------------------------------------------------------------------------------------
similarity = LAB.exercise(
    "cosine_similarity",
    points=2,
    reference=foundations.cosine_similarity,
    forbidden=("torch.nn.functional.cosine_similarity", "torch.nn.functional.normalize"),
    hints=(
        "Two steps: bring each vector to length 1, then compare all pairs. Which sizes does the "
        "tensor of lengths have?",
        "One matrix product holds the dot products of all pairs, if the second matrix is turned so "
        "that its vectors are columns.",
        "Divide each matrix by the norms of its rows, taken over the last dimension and kept as a "
        "column, and multiply the first by the transpose of the second.",
    ),
)


@similarity.probe
def two_by_three(implementation: Any, generator: Generator) -> Any:
    """Two vectors of four numbers beside three others."""
    return implementation(3 * normal(generator, 2, 4), normal(generator, 3, 4))


@similarity.probe
def as_many_as_numbers(implementation: Any, generator: Generator) -> Any:
    """Three vectors of three numbers beside three others, so that rows and columns can be confused."""
    return implementation(normal(generator, 3, 3), 2 * normal(generator, 3, 3) + 1)


@similarity.misconception(
    "Your code returns dot products: the lengths still count, so a long vector seems like "
    "everything. Reread 'How alike are two vectors?'."
)
def raw_products(first: Tensor, second: Tensor) -> Tensor:
    return first @ second.T


@similarity.misconception(
    "Your code divides each column by its own length. The vectors here are the rows, so each row "
    "has to come to length 1. Reread 'Broadcasting, and its trap'."
)
def columns_scaled(first: Tensor, second: Tensor) -> Tensor:
    return (first / first.norm(dim=0)) @ (second / second.norm(dim=0)).T


@similarity.misconception(
    "Your lengths are lined up with each other and not with the pairs: the length of the first "
    "vector meets that of the first, and then both divide a column. Reread 'Broadcasting, and its "
    "trap'."
)
def lengths_lined_up(first: Tensor, second: Tensor) -> Tensor:
    return (first @ second.T) / (first.norm(dim=-1) * second.norm(dim=-1))


@similarity.misconception(
    "Your code compares the first vector with the first, the second with the second, and so on. "
    "Each is to be compared with every other one, which gives a matrix. Reread 'All pairs at once'."
)
def pair_by_pair(first: Tensor, second: Tensor) -> Tensor:
    lengths = first.norm(dim=-1) * second.norm(dim=-1)
    return (first * second).sum(dim=-1) / lengths


@similarity.misconception(
    "Your code takes one length for a whole matrix. Each vector has a length of its own. Reread "
    "'Broadcasting, and its trap'."
)
def one_length_for_all(first: Tensor, second: Tensor) -> Tensor:
    return (first @ second.T) / (first.norm() * second.norm())


@similarity.misconception(
    "Your code brings one of the two to length 1 and leaves the other as long as it was. A cosine "
    "knows the lengths of neither. Reread 'How alike are two vectors?'."
)
def one_side_scaled(first: Tensor, second: Tensor) -> Tensor:
    return (first / first.norm(dim=-1, keepdim=True)) @ second.T


@similarity.misconception(
    "Your matrix product takes the columns of the second matrix for its vectors. A product "
    "multiplies rows by columns, and the vectors of both are rows. Reread 'All pairs at once'."
)
def not_turned(first: Tensor, second: Tensor) -> Tensor:
    first = first / first.norm(dim=-1, keepdim=True)
    return first @ (second / second.norm(dim=-1, keepdim=True))


# ----------------------------------------------------------------------------------------------
numerical = LAB.exercise(
    "numerical_gradient",
    points=2,
    reference=foundations.numerical_gradient,
    hints=(
        "The gradient has one number for each entry of x, and each asks for two calls of the "
        "function.",
        "For one entry: copy x, move that entry up, call the function; copy x, move it down, call "
        "it again. All other entries stay.",
        "Loop over the indices of x. In each turn take the value with the entry moved up, subtract "
        "the value with it moved down, and divide by twice the step.",
    ),
)


@numerical.probe
def sum_of_cubes(implementation: Any, generator: Generator) -> Any:
    """The sum of the cubes of (1, 2, -1.5), with a step of 0.1."""
    x = torch.tensor([1.0, 2.0, -1.5], dtype=torch.float64)
    return {"gradient": implementation(lambda x: (x**3).sum(), x, 0.1)}


@numerical.probe
def of_a_matrix(implementation: Any, generator: Generator) -> Any:
    """A function of a matrix of two by three, with products of its rows and sines; a step of 0.1."""
    x = normal(generator, 2, 3).double()
    return {"gradient": implementation(lambda x: (x[0] * x[1]).sum() + x.sin().sum(), x, 0.1)}


def _each_entry(x: Tensor, slope: Callable[[Tensor, float], Tensor], step: float) -> Tensor:
    """Fill a gradient by a rule that is given the direction of each entry in turn."""
    directions = torch.eye(x.numel(), dtype=x.dtype).reshape(-1, *x.shape)
    return torch.stack([slope(one, step) for one in directions]).reshape(x.shape)


@numerical.misconception(
    "Your code looks forward alone: it compares the function at x and a step ahead. Its error falls "
    "with the step, that of the central difference with the step's square. Reread 'Which "
    "difference?'."
)
def forward_difference(function: Function, x: Tensor, step: float = 1e-5) -> Tensor:
    return _each_entry(x, lambda one, h: (function(x + h * one) - function(x)) / h, step)


@numerical.misconception(
    "Your code looks backward alone: it compares the function at x and a step behind. Its error "
    "falls with the step, that of the central difference with the step's square. Reread 'Which "
    "difference?'."
)
def backward_difference(function: Function, x: Tensor, step: float = 1e-5) -> Tensor:
    return _each_entry(x, lambda one, h: (function(x) - function(x - h * one)) / h, step)


@numerical.misconception(
    "Your gradient is twice too large: the two places lie two steps apart, and your code divides by "
    "one. Reread 'Which difference?'."
)
def divided_by_one_step(function: Function, x: Tensor, step: float = 1e-5) -> Tensor:
    return _each_entry(x, lambda one, h: (function(x + h * one) - function(x - h * one)) / h, step)


@numerical.misconception(
    "Your code moves all entries together and returns one number, the effect of all. The gradient "
    "asks what one entry does while the others stay. Reread 'One entry at a time'."
)
def all_at_once(function: Function, x: Tensor, step: float = 1e-5) -> Tensor:
    return (function(x + step) - function(x - step)) / (2 * step)


@numerical.misconception(
    "Your code moves a whole row of the tensor at once, so the entries of a row are told the effect "
    "of all of them. Indexing a matrix by one number gives a row. Reread 'One entry at a time'."
)
def a_row_at_once(function: Function, x: Tensor, step: float = 1e-5) -> Tensor:
    gradient = torch.zeros_like(x)
    for i in range(len(x)):
        move = torch.zeros_like(x)
        move[i] = step
        gradient[i] = (function(x + move) - function(x - move)) / (2 * step)
    return gradient


@numerical.misconception(
    "Your code asks PyTorch for the exact gradient. Here it is to be measured, with the step that is "
    "given, so that it can judge what was computed by a rule. Reread 'Which difference?'."
)
def by_rule(function: Function, x: Tensor, step: float = 1e-5) -> Tensor:
    leaf = x.clone().requires_grad_()
    return torch.autograd.grad(function(leaf), leaf)[0]


@numerical.misconception(
    "Your code does not put an entry back before it moves the next, so later entries are measured "
    "at another place. Reread 'One entry at a time'."
)
def not_put_back(function: Function, x: Tensor, step: float = 1e-5) -> Tensor:
    place, gradient = x.clone(), torch.zeros_like(x)
    for i in range(x.numel()):
        place.view(-1)[i] += step
        above = function(place)
        place.view(-1)[i] -= 2 * step
        gradient.view(-1)[i] = (above - function(place)) / (2 * step)
    return gradient


# ----------------------------------------------------------------------------------------------
by_hand = LAB.exercise(
    "linear_gradients",
    points=3,
    reference=foundations.linear_gradients,
    forbidden=("torch.Tensor.backward", "torch.autograd.grad"),
    hints=(
        "Each gradient has the shape of what it belongs to. Write the four shapes down side by side.",
        "For x and for the weight there is one product each whose shapes fit, with one matrix "
        "transposed. The bias is added to every row, so every row has a say in its gradient.",
        "Multiply the upstream gradient by the transposed weight; the transposed x by the upstream "
        "gradient; and add the upstream gradient up over the batch.",
    ),
)


_THREE = ("gradient of x", "gradient of the weight", "gradient of the bias")


@by_hand.probe
def small_batch(implementation: Any, generator: Generator) -> Any:
    """A batch of four, three inputs, two outputs."""
    shapes = ((4, 3), (3, 2), (4, 2))
    found = implementation(*(normal(generator, *shape) for shape in shapes))
    return dict(zip(_THREE, found, strict=False))


@by_hand.probe
def square(implementation: Any, generator: Generator) -> Any:
    """A batch of three, three inputs, three outputs: all products fit, and one is right."""
    found = implementation(*(normal(generator, 3, 3) for _ in range(3)))
    return dict(zip(_THREE, found, strict=False))


def _gradients(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return upstream @ weight.T, x.T @ upstream, upstream.sum(dim=0)


@by_hand.misconception(
    "Your gradient of the bias is an average over the batch. The bias is added to every row and the "
    "loss gathers the effects of all, so they add up. Reread 'The bias is shared'."
)
def bias_averaged(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[Tensor, ...]:
    return (*_gradients(x, weight, upstream)[:2], upstream.mean(dim=0))


@by_hand.misconception(
    "Your gradient of the bias has a row for each example. There is one bias for all of them, and "
    "one gradient of its shape. Reread 'The bias is shared'."
)
def bias_for_each_row(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[Tensor, ...]:
    return (*_gradients(x, weight, upstream)[:2], upstream)


@by_hand.misconception(
    "Your gradient of the bias adds up each example over its outputs. Every output has a bias of its "
    "own, and what adds up is the examples. Reread 'The bias is shared'."
)
def bias_over_outputs(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[Tensor, ...]:
    return (*_gradients(x, weight, upstream)[:2], upstream.sum(dim=-1))


@by_hand.misconception(
    "Your gradient of the weight is turned on its side: rows and columns are exchanged. A gradient "
    "has the shape of what it belongs to, here (inputs, outputs). Reread 'The rule, from one "
    "entry'."
)
def weight_turned(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[Tensor, ...]:
    for_x, for_weight, for_bias = _gradients(x, weight, upstream)
    return for_x, for_weight.T, for_bias


@by_hand.misconception(
    "Your gradient of x goes through the weight in the forward direction. On the way back outputs "
    "become inputs, so rows and columns of the weight change places. Reread 'The rule, from one "
    "entry'."
)
def forward_again(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[Tensor, ...]:
    return (upstream @ weight, *_gradients(x, weight, upstream)[1:])


@by_hand.misconception(
    "Your gradient of the weight is divided by the size of the batch. If the loss is an average, "
    "that division is in the upstream gradient already. Reread 'The rule, from one entry'."
)
def weight_averaged(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[Tensor, ...]:
    for_x, for_weight, for_bias = _gradients(x, weight, upstream)
    return for_x, for_weight / len(x), for_bias


@by_hand.misconception(
    "Your gradients take no notice of the upstream gradient: they are those of the sum of all "
    "outputs. The chain rule multiplies by what comes from above. Reread 'The rule, from one entry'."
)
def upstream_ignored(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[Tensor, ...]:
    return _gradients(x, weight, torch.ones_like(upstream))


@by_hand.misconception(
    "Your three gradients are right and in another order. The text asks for that of x first, then "
    "the weight, then the bias. Reread 'The bias is shared'."
)
def weight_first(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[Tensor, ...]:
    for_x, for_weight, for_bias = _gradients(x, weight, upstream)
    return for_weight, for_x, for_bias


# ----------------------------------------------------------------------------------------------
softmax = LAB.exercise(
    "softmax",
    points=2,
    reference=foundations.softmax,
    forbidden=("torch.softmax", "torch.log_softmax", "torch.logsumexp"),
    hints=(
        "Try your code on the scores 1000, 999, 0. What is the exponential of 1000?",
        "Take the largest score of each row away first, with keepdim, so that it broadcasts back.",
        "Subtract the row's largest score, take the exponential, and divide by its sum over the last "
        "dimension, kept as a column.",
    ),
)


@softmax.probe
def three_rows(implementation: Any, generator: Generator) -> Any:
    """Three rows of four scores between about -3 and 3."""
    return implementation(1.5 * normal(generator, 3, 4))


@softmax.probe
def large_scores(implementation: Any, generator: Generator) -> Any:
    """The scores (1000, 999, 0) and (-1000, -1001, -2000), and (1, 1, 1)."""
    rows = [[1000.0, 999.0, 0.0], [-1000.0, -1001.0, -2000.0], [1.0, 1.0, 1.0]]
    return implementation(torch.tensor(rows))


def _shares(powers: Tensor) -> Tensor:
    return powers / powers.sum(dim=-1, keepdim=True)


@softmax.misconception(
    "Your softmax is right for small scores, and overflows for large ones: the exponential of 1000 "
    "is infinite, and infinity by infinity is no number. Reread 'Too large for a float'."
)
def overflows(scores: Tensor) -> Tensor:
    return _shares(scores.exp())


@softmax.misconception(
    "Your softmax shares out along the columns. One distribution is one row: each row has to add up "
    "to 1. Reread 'From scores to shares'."
)
def along_columns(scores: Tensor) -> Tensor:
    return scores.softmax(dim=0)


@softmax.misconception(
    "All rows together add up to 1. Each row is a distribution of its own and has a sum of its own. "
    "Reread 'From scores to shares'."
)
def over_everything(scores: Tensor) -> Tensor:
    return scores.flatten().softmax(dim=0).reshape(scores.shape)


@softmax.misconception(
    "Your code takes the largest score of all rows away from every row. A row that lies far below "
    "it is rounded to zeros, and zero by zero is no number. Reread 'Too large for a float'."
)
def one_maximum(scores: Tensor) -> Tensor:
    return _shares((scores - scores.max()).exp())


@softmax.misconception(
    "Your code divides the scores by their sum. Scores can be negative and can add up to 0, so the "
    "exponential has to make them positive first. Reread 'From scores to shares'."
)
def no_exponential(scores: Tensor) -> Tensor:
    return _shares(scores)


@softmax.misconception(
    "Your code stops after the exponential: what comes out is positive and does not add up to 1. "
    "Reread 'From scores to shares'."
)
def not_shared_out(scores: Tensor) -> Tensor:
    return (scores - scores.amax(dim=-1, keepdim=True)).exp()


@softmax.misconception(
    "Your code finds the largest score of each row and then divides by one sum for all rows. Each "
    "row has a sum of its own. Reread 'From scores to shares'."
)
def one_sum(scores: Tensor) -> Tensor:
    powers = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    return powers / powers.sum()


@softmax.misconception(
    "Your sums have lost their last dimension: PyTorch lines them up with the columns, so a row is "
    "divided by the sums of others. Reread 'Broadcasting, and its trap'."
)
def sums_lined_up(scores: Tensor) -> Tensor:
    powers = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    return powers / powers.sum(dim=-1)


# ----------------------------------------------------------------------------------------------
entropy = LAB.exercise(
    "entropy",
    points=2,
    reference=foundations.entropy,
    forbidden=("torch.special.entr",),
    hints=(
        "An average over outcomes: each outcome's surprise, weighted by how often it happens.",
        "What does your code give for a probability of 0? Python's 0 times minus infinity is no "
        "number, and the text says what it should be.",
        "Replace the probabilities of 0 by 1 before the logarithm, multiply the logarithms by the "
        "probabilities, add up over the last dimension, and change the sign.",
    ),
)


@entropy.probe
def two_distributions(implementation: Any, generator: Generator) -> Any:
    """The distributions (0.5, 0.25, 0.25) and (0.1, 0.2, 0.7)."""
    return implementation(torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]]))


@entropy.probe
def with_impossible_outcomes(implementation: Any, generator: Generator) -> Any:
    """The distributions (0, 1, 0) and (0.5, 0.5, 0), which have impossible outcomes."""
    return implementation(torch.tensor([[0.0, 1.0, 0.0], [0.5, 0.5, 0.0]]))


@entropy.misconception(
    "Your entropy is in bits, since its logarithm has the base 2. The text asks for nats, the unit "
    "of the natural logarithm. Reread 'Bits and nats'."
)
def in_bits(probabilities: Tensor) -> Tensor:
    return foundations.entropy(probabilities) / math.log(2)


@entropy.misconception(
    "Your code takes the logarithm of 0, which is minus infinity, and 0 times infinity is no number. "
    "An outcome that never happens surprises nobody. Reread 'The average surprise'."
)
def zero_times_infinity(probabilities: Tensor) -> Tensor:
    return -(probabilities * probabilities.log()).sum(dim=-1)


@entropy.misconception(
    "Your code divides by the number of outcomes. The probabilities are the weights of the average "
    "already, so the weighted surprises add up. Reread 'The average surprise'."
)
def divided_by_outcomes(probabilities: Tensor) -> Tensor:
    return foundations.entropy(probabilities) / probabilities.shape[-1]


@entropy.misconception(
    "Your entropy is negative. The logarithm of a probability is at most 0, and surprise is what is "
    "left when its sign is changed. Reread 'Surprise'."
)
def negative(probabilities: Tensor) -> Tensor:
    return -foundations.entropy(probabilities)


@entropy.misconception(
    "Your code adds up all distributions into one number. Each row is a distribution with an entropy "
    "of its own. Reread 'The average surprise'."
)
def one_for_all(probabilities: Tensor) -> Tensor:
    return foundations.entropy(probabilities).sum()


@entropy.misconception(
    "Your code adds up the surprises as if each outcome came once. What is rare is surprising and "
    "rarely happens, so each surprise is weighted by its probability. Reread 'The average surprise'."
)
def not_weighted(probabilities: Tensor) -> Tensor:
    return -probabilities.log().sum(dim=-1)


# ----------------------------------------------------------------------------------------------
divergence = LAB.exercise(
    "kl_divergence",
    points=2,
    reference=foundations.kl_divergence,
    forbidden=("torch.nn.functional.kl_div",),
    hints=(
        "Which of the two draws the outcomes, and which is only believed? The first is the weight.",
        "It is the average, over what p draws, of one surprise less another. Where p is 0 there is "
        "nothing to average.",
        "Subtract the logarithm of q from that of p, where p is 0 put 0 in its place, multiply by p, "
        "and add up over the last dimension.",
    ),
)


@divergence.probe
def truth_and_belief(implementation: Any, generator: Generator) -> Any:
    """The truth (0.5, 0.5) and the belief (0.9, 0.1)."""
    return implementation(torch.tensor([[0.5, 0.5]]), torch.tensor([[0.9, 0.1]]))


@divergence.probe
def never_drawn(implementation: Any, generator: Generator) -> Any:
    """Three outcomes, one of which the truth never draws and the belief thinks possible."""
    truth = torch.tensor([[0.3, 0.0, 0.7], [0.2, 0.6, 0.2]])
    return implementation(truth, distributions(generator, 2, 3))


@divergence.misconception(
    "The two distributions have changed places: your outcomes are drawn from the belief. p draws "
    "them, so p is the weight, and the result is not the same. Reread 'Which way round?'."
)
def wrong_way_round(p: Tensor, q: Tensor) -> Tensor:
    return foundations.kl_divergence(q, p)


@divergence.misconception(
    "Your divergence is negative: the two surprises are subtracted the other way. Who believes q is "
    "surprised more, and the difference counts what is more. Reread 'Believing the wrong thing'."
)
def sign_changed(p: Tensor, q: Tensor) -> Tensor:
    return -foundations.kl_divergence(p, q)


@divergence.misconception(
    "Your code takes the logarithm of 0 where p never draws an outcome, and 0 times infinity is no "
    "number. What is never drawn adds nothing. Reread 'Believing the wrong thing'."
)
def nothing_times_infinity(p: Tensor, q: Tensor) -> Tensor:
    return (p * (p / q).log()).sum(dim=-1)


@divergence.misconception(
    "Your code returns the whole surprise of one who believes q: the cross-entropy. The divergence "
    "is only what comes on top of p's own entropy. Reread 'Believing the wrong thing'."
)
def whole_surprise(p: Tensor, q: Tensor) -> Tensor:
    return -(p * q.log()).sum(dim=-1)


@divergence.misconception(
    "Your code subtracts two entropies, each averaged over its own distribution. Both surprises have "
    "to be averaged over what p draws. Reread 'Believing the wrong thing'."
)
def difference_of_entropies(p: Tensor, q: Tensor) -> Tensor:
    return foundations.entropy(q) - foundations.entropy(p)


@divergence.misconception(
    "Your divergence is in bits, since its logarithm has the base 2. The text asks for nats, as "
    "everywhere in this course. Reread 'Bits and nats'."
)
def divergence_in_bits(p: Tensor, q: Tensor) -> Tensor:
    return foundations.kl_divergence(p, q) / math.log(2)


# ----------------------------------------------------------------------------------------------
loss = LAB.exercise(
    "cross_entropy",
    points=3,
    reference=foundations.cross_entropy,
    forbidden=(
        "torch.nn.functional.cross_entropy",
        "torch.nn.functional.nll_loss",
        "torch.log_softmax",
        "torch.logsumexp",
    ),
    hints=(
        "Three questions: what is the logarithm of the softmax, which entry of each row is wanted, "
        "and how many rows count?",
        "The logarithm of a quotient is a difference: shifted score less the logarithm of the sum of "
        "exponentials. No small probability is ever computed.",
        "Drop the rows whose target is the ignored one. Take each row's largest score away, subtract "
        "the logarithm of the sum of the exponentials, pick the entry of the target in each row, "
        "change the sign, and average.",
    ),
)


@loss.probe
def four_tokens(implementation: Any, generator: Generator) -> Any:
    """Four rows of five scores, all targets count."""
    return implementation(2 * normal(generator, 4, 5), torch.tensor([3, 0, 0, 4]))


@loss.probe
def sure_and_wrong(implementation: Any, generator: Generator) -> Any:
    """The scores (1000, 0, -1000) when the last class is right, and the gradient."""
    scores = torch.tensor([[1000.0, 0.0, -1000.0], [0.0, 1.0, 2.0]], requires_grad=True)
    value = implementation(scores, torch.tensor([2, 1]))
    value.backward()
    return {"loss": value, "gradient of the scores": scores.grad}


@loss.probe
def with_padding(implementation: Any, generator: Generator) -> Any:
    """Five rows of four scores, of which two targets are -100 and do not count."""
    return {"loss": implementation(normal(generator, 5, 4), torch.tensor([2, -100, 1, 3, -100]))}


def _surprises(scores: Tensor, targets: Tensor) -> Tensor:
    """Give the surprise at each target that counts."""
    counted = targets != -100
    return -scores[counted].log_softmax(dim=-1).gather(-1, targets[counted][:, None])[:, 0]


@loss.misconception(
    "Your code computes the probability first and then its logarithm. A small probability is rounded "
    "to 0, and the loss of a model that is sure and wrong becomes infinite. Reread 'The logarithm of "
    "zero'."
)
def log_of_softmax(scores: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    kept = targets != ignore_index
    probabilities = scores[kept].softmax(dim=-1)
    return -probabilities.gather(-1, targets[kept][:, None]).log().mean()


@loss.misconception(
    "Your mean divides by all targets, the ignored ones too, so padding makes the loss look smaller. "
    "Only those that count are counted. Reread 'What counts'."
)
def mean_over_all(scores: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    return _surprises(scores, targets).sum() / len(targets)


@loss.misconception(
    "Your loss is a sum over the targets. Then it grows with the length of the text, and two texts "
    "cannot be compared. Reread 'What counts'."
)
def summed(scores: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    return _surprises(scores, targets).sum()


@loss.misconception(
    "Your code looks up every target in every row: a colon in front of a list of columns takes all "
    "rows. Each row has one target of its own. Reread 'Surprise at what came'."
)
def every_target_everywhere(scores: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    kept = targets != ignore_index
    return -scores[kept].log_softmax(dim=-1)[:, targets[kept]].mean()


@loss.misconception(
    "Your softmax runs down the columns, over the tokens. The classes of one token compete with each "
    "other, and they stand in a row. Reread 'Surprise at what came'."
)
def over_tokens(scores: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    kept = targets != ignore_index
    table = scores[kept].log_softmax(dim=0)
    return -table.gather(-1, targets[kept][:, None]).mean()


@loss.misconception(
    "Your code applies the softmax twice: it takes the probabilities for scores. The loss can then "
    "hardly fall, however sure and right the model is. Reread 'Surprise at what came'."
)
def softmax_twice(scores: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    return _surprises(scores.softmax(dim=-1), targets).mean()


@loss.misconception(
    "Your code takes the ignored targets for class 0, so the model is taught to guess that class "
    "wherever there is padding. Reread 'What counts'."
)
def padding_is_class_0(scores: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    return _surprises(scores, targets.clamp(min=0)).mean()


@loss.misconception(
    "Your loss is negative: it is the log-likelihood, which is to be made large. A loss is to be made "
    "small, so its sign is the other one. Reread 'Surprise at what came'."
)
def likelihood(scores: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    return -_surprises(scores, targets).mean()


# ----------------------------------------------------------------------------------------------
bigram = LAB.exercise(
    "bigram_probabilities",
    points=3,
    reference=foundations.bigram_probabilities,
    hints=(
        "Two parts: count the pairs of neighbors in each sequence, then turn each row of counts into "
        "shares.",
        "Walk through each sequence with two indices, the token and the one after it, and add 1 at "
        "that place of a square table. The smoothing joins the counts before anything is divided.",
        "Add the smoothing to the whole table of counts, and divide it by its own sums over the last "
        "dimension, kept as a column.",
    ),
)


@bigram.probe
def toy_names(implementation: Any, generator: Generator) -> Any:
    """The sequences [0, 1, 1, 1, 2, 0] and [0, 2, 1, 0], three tokens, no smoothing."""
    return implementation([[0, 1, 1, 1, 2, 0], [0, 2, 1, 0]], 3)


@bigram.probe
def smoothed(implementation: Any, generator: Generator) -> Any:
    """Four random sequences over six tokens, with a smoothing of 0.5."""
    inner = torch.randint(1, 6, (4, 7), generator=generator).tolist()
    return implementation([[0, *ids, 0] for ids in inner], 6, 0.5)


def _normalized(counts: Tensor) -> Tensor:
    return counts / counts.sum(dim=-1, keepdim=True)


def _counts(sequences: Sequences, size: int) -> Tensor:
    return foundations.count_pairs(sequences, size).float()


@bigram.misconception(
    "Your table adds up to 1 as a whole: it holds the probability of each pair. A model is told one "
    "token and guesses the next, so each row is a distribution. Reread 'A table of counts'."
)
def whole_table(sequences: Sequences, vocabulary_size: int, smoothing: float = 0.0) -> Tensor:
    counts = _counts(sequences, vocabulary_size) + smoothing
    return counts / counts.sum()


@bigram.misconception(
    "Each column of yours adds up to 1: it says what came before. A model guesses what comes after, "
    "so each row is a distribution. Reread 'A table of counts'."
)
def by_columns(sequences: Sequences, vocabulary_size: int, smoothing: float = 0.0) -> Tensor:
    counts = _counts(sequences, vocabulary_size) + smoothing
    return counts / counts.sum(dim=0)


@bigram.misconception(
    "Your code adds the smoothing to the probabilities, after the division, so the rows no longer "
    "add up to 1. It is a count, and joins the counts. Reread 'What was never seen'."
)
def smoothed_too_late(sequences: Sequences, vocabulary_size: int, smoothing: float = 0.0) -> Tensor:
    return _normalized(_counts(sequences, vocabulary_size)) + smoothing


@bigram.misconception(
    "Your code adds the smoothing above the line of the fraction and not below it, so the rows add "
    "up to more than 1. Reread 'What was never seen'."
)
def smoothed_above(sequences: Sequences, vocabulary_size: int, smoothing: float = 0.0) -> Tensor:
    counts = _counts(sequences, vocabulary_size)
    return (counts + smoothing) / counts.sum(dim=-1, keepdim=True)


@bigram.misconception(
    "Your code counts pairs across sequences: the end of one and the beginning of the next. They are "
    "no neighbors, and the model would learn that nothing follows nothing. Reread 'A table of "
    "counts'."
)
def across(sequences: Sequences, vocabulary_size: int, smoothing: float = 0.0) -> Tensor:
    joined = [token for sequence in sequences for token in sequence]
    return _normalized(_counts([joined], vocabulary_size) + smoothing)


@bigram.misconception(
    "Your code adds the smoothing to every count and only once to their sum, so the rows add up to "
    "more than 1. The sum has as many counts as there are tokens. Reread 'What was never seen'."
)
def smoothed_below_once(
    sequences: Sequences, vocabulary_size: int, smoothing: float = 0.0
) -> Tensor:
    counts = _counts(sequences, vocabulary_size)
    return (counts + smoothing) / (counts.sum(dim=-1, keepdim=True) + smoothing)


@bigram.misconception(
    "Your table knows whether a pair occurs and not how often: each counts once. Adding 1 at a list "
    "of places does that too, for a place that is named twice gets 1 once. Reread 'A table of "
    "counts'."
)
def each_pair_once(sequences: Sequences, vocabulary_size: int, smoothing: float = 0.0) -> Tensor:
    return _normalized(_counts(sequences, vocabulary_size).clamp(max=1) + smoothing)


@bigram.misconception(
    "Your table counts in how many sequences a pair occurs: a pair that comes twice in one sequence "
    "is counted once. Adding 1 at a list of places does that. Reread 'A table of counts'."
)
def once_a_sequence(sequences: Sequences, vocabulary_size: int, smoothing: float = 0.0) -> Tensor:
    each = [_counts([sequence], vocabulary_size).clamp(max=1) for sequence in sequences]
    return _normalized(torch.stack(each).sum(dim=0) + smoothing)


# ----------------------------------------------------------------------------------------------
perplexity = LAB.exercise(
    "perplexity",
    points=1,
    reference=foundations.perplexity,
    hints=(
        "Check with four equally likely tokens: every logarithm is that of 1/4, and the answer is 4.",
        "From the inside out: the average, its sign, and what undoes the natural logarithm.",
        "Average the logarithms, change the sign, and take the exponential.",
    ),
)


@perplexity.probe
def three_tokens(implementation: Any, generator: Generator) -> Any:
    """Three tokens that had the probabilities 0.5, 0.25 and 0.1."""
    return float(implementation(torch.tensor([0.5, 0.25, 0.1]).log()))


@perplexity.probe
def long_text(implementation: Any, generator: Generator) -> Any:
    """A text of 500 tokens with random probabilities."""
    return float(implementation(torch.rand(500, generator=generator).clamp_min(0.01).log()))


@perplexity.misconception(
    "Your code raises 2 to the average, and the average is in nats. What undoes a natural logarithm "
    "has the base e; 2 belongs to bits. Reread 'How many choices?'."
)
def base_two(log_probabilities: Tensor) -> Tensor:
    return 2.0 ** -log_probabilities.mean()


@perplexity.misconception(
    "Your code adds the surprises up, so a longer text is more perplexing whatever it says. "
    "Perplexity is that of one token. Reread 'How many choices?'."
)
def of_the_whole_text(log_probabilities: Tensor) -> Tensor:
    return (-log_probabilities.sum()).exp()


@perplexity.misconception(
    "Your perplexity is below 1: it is the average probability of a token. A number of choices is at "
    "least 1. Reread 'How many choices?'."
)
def below_one(log_probabilities: Tensor) -> Tensor:
    return log_probabilities.mean().exp()


@perplexity.misconception(
    "Your code takes the exponential before the average. One unlikely token then outweighs all "
    "others; the average is that of the surprises. Reread 'How many choices?'."
)
def mean_of_inverses(log_probabilities: Tensor) -> Tensor:
    return (-log_probabilities).exp().mean()


@perplexity.misconception(
    "Your code averages the probabilities. Probabilities of a text multiply, so their logarithms are "
    "what is averaged. Reread 'How many choices?'."
)
def inverse_of_mean(log_probabilities: Tensor) -> Tensor:
    return 1 / log_probabilities.exp().mean()


@perplexity.misconception(
    "Your code returns the average surprise itself, the loss. Perplexity turns it back into a number "
    "of choices. Reread 'How many choices?'."
)
def still_a_loss(log_probabilities: Tensor) -> Tensor:
    return -log_probabilities.mean()


@perplexity.misconception(
    "Your code multiplies the probabilities of all tokens. For a long text the product is rounded to "
    "0, and its root with it. Stay with logarithms, which add. Reread 'How many choices?'."
)
def product_vanishes(log_probabilities: Tensor) -> Tensor:
    return log_probabilities.exp().prod() ** (-1 / log_probabilities.numel())
