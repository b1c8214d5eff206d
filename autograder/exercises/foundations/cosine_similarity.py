"""`foundations.cosine_similarity`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches, normal
from autograder.exercises.foundations import LAB
from autograder.exercises.foundations._shared import Rules, unless
from llmlab import foundations

exercise = LAB.exercise(
    "cosine_similarity",
    reference=foundations.cosine_similarity,
    forbidden=(
        "torch.nn.functional.cosine_similarity",
        "torch.nn.functional.normalize",
        "torch.nn.functional.cosine_embedding_loss",
    ),
    hints=(
        "Two steps: bring each vector to length 1, then compare all pairs. Which sizes does the "
        "tensor of lengths have?",
        "One matrix product holds the dot products of all pairs, if the second matrix is turned so "
        "that its vectors are columns.",
        "Divide each matrix by the norms of its rows, taken over the last dimension and kept as a "
        "column, and multiply the first by the transpose of the second.",
    ),
    matters="Search by meaning compares a question with millions of passages in this way, by one matrix product of "
    "vectors of length 1 (Sentence-BERT, 2019). Read llmlab/foundations/linear.py.",
)


@exercise.probe
def two_by_three(implementation: Any, generator: Generator) -> Any:
    """Two vectors of four numbers beside three others."""
    return implementation(3 * normal(generator, 2, 4), normal(generator, 3, 4))


@exercise.probe
def as_many_as_numbers(implementation: Any, generator: Generator) -> Any:
    """Three vectors of three numbers beside three others, so that rows and columns can be confused."""
    return implementation(normal(generator, 3, 3), 2 * normal(generator, 3, 3) + 1)


@exercise.probe
def one_beside_many(implementation: Any, generator: Generator) -> Any:
    """One vector of two numbers beside four others, all of them long."""
    return implementation(20 * normal(generator, 1, 2), 40 * normal(generator, 4, 2))


@exercise.probe
def of_one_number(implementation: Any, generator: Generator) -> Any:
    """Three vectors of a single number, 4, -0.5 and 2, beside the vectors 3 and -7."""
    return implementation(torch.tensor([[4.0], [-0.5], [2.0]]), torch.tensor([[3.0], [-7.0]]))


_LENGTHS = "Reread 'How alike are two vectors?'."
_PAIRS = "Reread 'All pairs at once'."
_TRAP = "Reread 'Broadcasting, and its trap'."
_LOST = (
    "Your lengths have lost their last dimension. PyTorch lines such a tensor up with the columns, so that it "
    f"does not fit, or divides what belongs to other vectors. {_TRAP}"
)
_ROOTED = (
    "Your code takes one root too many: it divides by the roots of the lengths, and a length has had its root "
    f"already. {_LENGTHS}"
)
_SMALL = (
    "Your code keeps the lengths away from 0 by a number that is not small, so that every cosine is a little off. "
    f"No vector here has the length 0. {_LENGTHS}"
)
_EPSILONS = {"plus_1e1": 0.1, "plus_1e2": 0.01, "plus_1e3": 1e-3}


@exercise.faults(
    absolute="Your lengths are sums of absolute numbers: (3, 4) would have the length 7, and it has 5. "
    + _LENGTHS,
    squared="Your code divides by the squares of the lengths: a length is the root of the dot product of a vector "
    f"with itself. {_LENGTHS}",
    rooted=_ROOTED,
    largest="Your code divides each vector by its largest absolute number. That is no length: (3, 4) would have "
    f"the length 4. {_LENGTHS}",
    averaged="Your results are the cosines times the count of numbers in a vector, as if the root of an average were "
    f"taken for a length. {_LENGTHS}",
    summed="Your code divides each vector by the sum of its numbers. That is no length: it can be negative, or 0. "
    + _LENGTHS,
    columns="Your code divides each column by its own length. The vectors here are the rows, so each row "
    f"has to come to length 1. {_TRAP}",
    lost=_LOST,
    whole="Your code takes one length for a whole matrix. Each vector has a length of its own. "
    + _TRAP,
    at_least_one="Your code divides by no length below 1, so that a short vector stays short. "
    + _LENGTHS,
    centered="Your code takes the mean of each vector away first. That is the correlation (Pearson's); the cosine "
    f"takes the vectors as they are. {_LENGTHS}",
    **dict.fromkeys(_EPSILONS, _SMALL),
    first_only="Your code brings the vectors of `first` to length 1 and leaves those of `second` as long as they "
    f"were. A cosine knows the lengths of neither. {_LENGTHS}",
    second_only="Your code brings the vectors of `second` to length 1 and leaves those of `first` as long as they "
    f"were. A cosine knows the lengths of neither. {_LENGTHS}",
    raw_products="Your code returns dot products: the lengths still count, so a long vector seems like "
    f"everything. {_LENGTHS}",
    first_twice="Your code divides the second matrix by lengths of the first. Each vector has a length of its own. "
    + _TRAP,
    second_twice="Your code divides the first matrix by lengths of the second. Each vector has a length of its own. "
    + _TRAP,
    second_ignored="Your code compares the vectors of `first` with each other: `second` plays no part. "
    + _PAIRS,
    first_ignored="Your code compares the vectors of `second` with each other: `first` plays no part. "
    + _PAIRS,
    not_turned="Your matrix product takes the columns of the second matrix for its vectors. A product "
    f"multiplies rows by columns, and the vectors of both are rows. {_PAIRS}",
    first_turned="Your matrix product turns the first matrix and not the second, so that it multiplies places of the "
    f"vectors and not vectors. {_PAIRS}",
    other_way="Your table is turned on its side: the vectors of `first` belong in its rows, those of `second` in its "
    f"columns. {_PAIRS}",
    elementwise="Your code multiplies the two matrices number by number and does not add up. A dot product adds "
    f"up, and there is one for every pair. {_PAIRS}",
    mean_product="Your results are the cosines divided by the count of numbers in a vector: a dot product adds up "
    f"and does not average. {_LENGTHS}",
)
def by_unit_vectors(on: Switches) -> Any:
    def cosine_similarity(first: Tensor, second: Tensor) -> Tensor:
        first = second if on("first_ignored") else first
        second = first if on("second_ignored") else second
        left, right = _unit(on, first, second, "first"), _unit(on, second, first, "second")
        return _products(on, left, right)

    return cosine_similarity


def _unit(on: Switches, vectors: Tensor, others: Tensor, side: str) -> Tensor:
    """Bring vectors to length 1, or fail to in the way of the fault that is on."""
    if on("centered"):
        vectors = vectors - vectors.mean(dim=-1, keepdim=True)
    if on("raw_products") or on("second_only" if side == "first" else "first_only"):
        return vectors
    if on("second_twice" if side == "first" else "first_twice"):
        return vectors / others.norm(dim=-1, keepdim=True)
    return vectors / _length(on, vectors)


def _length(on: Switches, vectors: Tensor) -> Tensor:
    lengths = vectors.norm(dim=-1, keepdim=True)
    other: Rules = {
        "absolute": lambda: vectors.abs().sum(dim=-1, keepdim=True),
        "squared": lambda: lengths.square(),
        "rooted": lambda: lengths.sqrt(),
        "largest": lambda: vectors.abs().amax(dim=-1, keepdim=True),
        "averaged": lambda: vectors.square().mean(dim=-1, keepdim=True).sqrt(),
        "summed": lambda: vectors.sum(dim=-1, keepdim=True),
        "columns": lambda: vectors.norm(dim=0, keepdim=True),
        "lost": lambda: vectors.norm(dim=-1),
        "whole": lambda: vectors.norm(),
        "at_least_one": lambda: lengths.clamp_min(1.0),
    }
    for name, compute in other.items():
        if on(name):
            return compute()
    for name, epsilon in _EPSILONS.items():
        if on(name):
            return lengths + epsilon
    return lengths


def _products(on: Switches, left: Tensor, right: Tensor) -> Tensor:
    if on("not_turned"):
        return left @ right
    if on("first_turned"):
        return left.T @ right
    if on("other_way"):
        return right @ left.T
    if on("elementwise"):
        return left * right
    return left @ right.T / (left.shape[-1] if on("mean_product") else 1)


_COLUMN = (
    "Your code divides by a column of lengths of `second`. In the result the vectors of `second` stand in the "
    f"columns, so their lengths have to lie in a row. {_TRAP}"
)


@exercise.faults(
    pair_by_pair="Your code compares the first vector with the first, the second with the second, and so on. "
    f"Each is to be compared with every other one, which gives a matrix. {_PAIRS}",
    lengths_lined_up="Your lengths are lined up with each other and not with the pairs: the length of the first "
    f"vector meets that of the first, and then both divide a column. {_TRAP}",
    both_rows="Your code divides the columns of the products by the lengths of `first`, and the vectors of `first` "
    f"stand in the rows. {_TRAP}",
    both_columns=_COLUMN,
    second_column=_COLUMN,
    multiplied="Your code divides by the lengths of `first` and multiplies by those of `second`: a/b*c is (a/b)*c in "
    f"Python. {_LENGTHS}",
    lengths_added="Your code divides by the sum of two lengths. The formula has their product. "
    + _LENGTHS,
    root_of_lengths=_ROOTED,
    one_is_added="Your code divides by 1 more than the product of the lengths, so that every cosine is too small. "
    + _LENGTHS,
    by_count="Your code divides the dot products by the count of numbers in a vector. What makes them large is "
    f"the lengths. {_LENGTHS}",
    by_root_of_count="Your code divides the dot products by the root of the count of numbers in a vector. Attention "
    f"does that (lab 05); a cosine divides by the two lengths. {_LENGTHS}",
    by_largest="Your code divides the dot products by the largest of them. What is to be divided by is the lengths "
    f"of the two vectors. {_LENGTHS}",
    products_scaled="Your code brings the rows of dot products to length 1, and not the vectors. "
    + _LENGTHS,
    by_length_of_table="Your code divides by the length of the whole table of dot products, and not by those of "
    "the vectors. " + _LENGTHS,
    distances="Your code returns distances, which grow with the lengths of the vectors. Asked for are the cosines. "
    + _LENGTHS,
    by_spread="Your code divides by standard deviations, which measure each vector from its mean. A length is "
    f"measured from 0. {_LENGTHS}",
    first_unrooted="Your code takes the root for the lengths of `second` alone: those of `first` are squared. "
    + _LENGTHS,
    second_unrooted="Your code takes the root for the lengths of `first` alone: those of `second` are squared. "
    + _LENGTHS,
    first_squared="Your code divides the dot products by the lengths of `first` twice, and never by those of "
    "`second`. " + _LENGTHS,
)
def by_products(on: Switches) -> Any:
    def cosine_similarity(first: Tensor, second: Tensor) -> Tensor:
        one, two = first.norm(dim=-1, keepdim=True), second.norm(dim=-1, keepdim=True)
        if on("pair_by_pair"):
            return (first * second).sum(dim=-1) / (one * two)[:, 0]
        products = first @ second.T
        if on("products_scaled"):
            return products / products.norm(dim=-1, keepdim=True)
        if on("distances"):
            return torch.cdist(first, second)
        if on("by_spread"):
            return products / (first.std(dim=-1, keepdim=True) * second.std(dim=-1))
        if on("second_column"):
            return products / one / two
        if on("multiplied"):
            return products / one * two.T
        return products / _divisor(on, products, one, two, first.shape[-1])

    return cosine_similarity


def _divisor(on: Switches, products: Tensor, one: Tensor, two: Tensor, count: int) -> Any:
    """Compute what the products are divided by."""
    other: Rules = {
        "lengths_lined_up": lambda: one[:, 0] * two[:, 0],
        "both_rows": lambda: one[:, 0],
        "both_columns": lambda: one * two,
        "lengths_added": lambda: one + two.T,
        "root_of_lengths": lambda: (one * two.T).sqrt(),
        "one_is_added": lambda: one * two.T + 1,
        "by_count": lambda: count,
        "by_root_of_count": lambda: count**0.5,
        "by_largest": lambda: products.abs().max(),
        "first_squared": lambda: one * one,
        "by_length_of_table": lambda: products.norm(),
        "first_unrooted": lambda: one**2 * two.T,
        "second_unrooted": lambda: one * two.T**2,
    }
    return unless(on, other, one * two.T)


@exercise.faults(
    unsigned="Your cosines have lost their sign. Vectors that point in opposite directions have the cosine -1. "
    + _LENGTHS,
    no_negatives="Your code replaces negative cosines by 0. Vectors that point in opposite directions have the "
    f"cosine -1. {_LENGTHS}",
    squares="Your results are the squares of the cosines, which lose the sign. " + _LENGTHS,
    negated="Your cosines have the other sign: the same direction is to give 1. " + _LENGTHS,
    angle="Your code returns the angle, in radians. What is asked is the cosine of the angle. "
    + _LENGTHS,
    degrees="Your code returns the angle, in degrees. What is asked is the cosine of the angle. "
    + _LENGTHS,
    distance="Your code returns 1 less the cosine: a distance, as SciPy's `cosine` does. Here the same direction "
    f"gives 1, not 0. {_LENGTHS}",
    halved="Your code squeezes the cosines into 0 to 1. They run from -1 to 1. " + _LENGTHS,
    cut_off="Your result holds whole numbers: each cosine was cut off on its way into a tensor of whole numbers. "
    + _LENGTHS,
    listed="Your code returns a list of lists. The result has to be one tensor. " + _PAIRS,
    flat="Your cosines stand in one long row. There is to be a row for each vector of `first` and a column for each "
    f"of `second`. {_PAIRS}",
    one_row="Your result has the cosines of the first vector of `first` alone. Does the work end after one round? "
    + _PAIRS,
    best_only="Your code keeps the largest cosine of each row. All pairs are asked for. " + _PAIRS,
    averaged_row="Your code averages the cosines of each row. All pairs are asked for. " + _PAIRS,
    rounded="Your code rounds the cosines. " + _LENGTHS,
    shares="Your code turns the cosines into shares of 1. A cosine is asked for as it is. "
    + _LENGTHS,
    rows_left_zero="Your result is right in its first row, and 0 in all others. Does the work end after one round? "
    + _PAIRS,
)
def finished_otherwise(on: Switches) -> Any:
    endings: Rules = {
        "unsigned": lambda found: found.abs(),
        "no_negatives": lambda found: found.clamp_min(0),
        "squares": lambda found: found.square(),
        "negated": lambda found: -found,
        "angle": lambda found: found.clamp(-1, 1).acos(),
        "degrees": lambda found: found.clamp(-1, 1).acos().rad2deg(),
        "distance": lambda found: 1 - found,
        "halved": lambda found: (found + 1) / 2,
        "cut_off": lambda found: found.long(),
        "listed": lambda found: found.tolist(),
        "flat": lambda found: found.flatten(),
        "one_row": lambda found: found[0],
        "best_only": lambda found: found.amax(dim=-1),
        "averaged_row": lambda found: found.mean(dim=-1),
        "rounded": lambda found: found.round(decimals=2),
        "shares": lambda found: found.softmax(dim=-1),
        "rows_left_zero": lambda found: found * (torch.arange(len(found)) == 0)[:, None],
    }

    def cosine_similarity(first: Tensor, second: Tensor) -> Any:
        first = first / first.norm(dim=-1, keepdim=True)
        second = second / second.norm(dim=-1, keepdim=True)
        chosen = [ending for name, ending in endings.items() if on(name)]
        found = first @ second.T
        for ending in chosen:
            found = ending(found)
        return found

    return cosine_similarity
