"""`foundations.entropy`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches
from autograder.exercises.foundations import LAB
from autograder.exercises.foundations._shared import Rules, distributions, unless
from llmlab import foundations

exercise = LAB.exercise(
    "entropy",
    reference=foundations.entropy,
    forbidden=("torch.special.entr",),
    hints=(
        "An average over outcomes: each outcome's surprise, weighted by how often it happens.",
        "What does your code give for a probability of 0? Python's 0 times minus infinity is no "
        "number, and the text says what it should be.",
        "Replace the probabilities of 0 by 1 before the logarithm, multiply the logarithms by the "
        "probabilities, add up over the last dimension, and change the sign.",
    ),
    matters="The entropy of the next token is watched while a chatbot is trained by reinforcement: when it falls "
    "toward 0, the model has stopped trying anything new (DAPO, 2025). Read llmlab/foundations/information.py.",
)


@exercise.probe
def two_distributions(implementation: Any, generator: Generator) -> Any:
    """The distributions (0.5, 0.25, 0.25) and (0.1, 0.2, 0.7)."""
    return implementation(torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]]))


@exercise.probe
def with_impossible_outcomes(implementation: Any, generator: Generator) -> Any:
    """The distributions (0, 1, 0) and (0.5, 0.5, 0), which have impossible outcomes."""
    return implementation(torch.tensor([[0.0, 1.0, 0.0], [0.5, 0.5, 0.0]]))


@exercise.probe
def drawn(implementation: Any, generator: Generator) -> Any:
    """Two distributions of four outcomes, drawn at random."""
    return implementation(distributions(generator, 2, 4))


@exercise.probe
def small_probabilities(implementation: Any, generator: Generator) -> Any:
    """The distribution (0.9939, 0.005, 0.001, 0.0001, 0), which has small probabilities."""
    return implementation(torch.tensor([[0.9939, 0.005, 0.001, 0.0001, 0.0]]))


@exercise.probe
def one_alone(implementation: Any, generator: Generator) -> Any:
    """One distribution of three outcomes, without a leading dimension."""
    return implementation(distributions(generator, 3))


@exercise.probe
def leading_dimensions(implementation: Any, generator: Generator) -> Any:
    """Distributions in a tensor of the shape (2, 2, 3), with two leading dimensions."""
    return implementation(distributions(generator, 2, 2, 3))


_SURPRISE = "Reread 'Surprise'."
_UNITS = "Reread 'Bits and nats'."
_AVERAGE = "Reread 'The average surprise'."
_ADDED = (
    "Your code keeps the probabilities away from 0 by a number that is not small enough, or that stays in the sum: "
    f"it adds surprise that nobody has. {_AVERAGE}"
)
_SIZES = {"1e1": 0.1, "1e2": 1e-2, "1e3": 1e-3, "1e4": 1e-4, "1e5": 1e-5}
_MOST = (1, 2, 3, 5)
_CUT = (
    "Your code lets no surprise be larger than a limit. What is rare is more surprising than that; only an "
    f"outcome of probability 0 needs care. {_AVERAGE}"
)
_ONE_ZERO = (
    "Your code answers 0 for a distribution in which some outcome is impossible, or puts 0 in the place of the whole "
    f"sum when it is no number. It is only that outcome which adds nothing. {_AVERAGE}"
)
_DIMENSION = (
    "Your code names the second dimension (`dim=1`). That is the last one of a matrix only: the leading dimensions "
    f"are free, none, one or several, and the last is always -1. {_AVERAGE}"
)


def _terms(probabilities: Tensor) -> Tensor:
    return -torch.xlogy(probabilities, probabilities)


@exercise.faults(
    **dict.fromkeys([f"floor_{name}" for name in _SIZES], _ADDED),
    **dict.fromkeys([f"plus_{name}" for name in _SIZES], _ADDED),
    **dict.fromkeys([f"in_logarithm_{name}" for name in list(_SIZES)[:4]], _ADDED),
    **dict.fromkeys([f"surprise_{most}" for most in _MOST], _CUT),
    zero_times_infinity="Your code takes the logarithm of 0, which is minus infinity, and 0 times infinity is no "
    f"number. An outcome that never happens surprises nobody. {_AVERAGE}",
    nan_hidden_late=_ONE_ZERO,
    in_bits="Your entropy is in bits, since its logarithm has the base 2. The text asks for nats, the unit "
    f"of the natural logarithm. {_UNITS}",
    the_other_way="Your code multiplies by log 2 what is in nats already. " + _UNITS,
    base_ten="Your entropy has a logarithm with the base 10. The text asks for nats, the unit of the natural "
    f"logarithm. {_UNITS}",
    one_in_the_logarithm="Your code adds 1 inside the logarithm. That keeps 0 out of it, and makes everything "
    f"else less surprising than it is, or of another sign. {_SURPRISE}",
    not_weighted="Your code adds up the surprises as if each outcome came once. What is rare is surprising and "
    f"rarely happens, so each surprise is weighted by its probability. {_AVERAGE}",
    not_weighted_finite="Your code adds up the surprises of the outcomes that can happen, as if each came once. "
    f"What is rare is surprising and rarely happens, so each surprise is weighted by its probability. {_AVERAGE}",
    squared_weights="Your code weighs each surprise by the square of its probability. " + _AVERAGE,
    complement_weights="Your code weighs each surprise by the probability that it does not happen. "
    + _AVERAGE,
    no_logarithm="Your code takes 1 less the probability for the surprise. Surprises at independent events add "
    f"up, and only a logarithm does that. {_SURPRISE}",
    inverse_inside="Your code weighs one over each probability, without the logarithm. Only a logarithm makes "
    f"surprises add up. {_SURPRISE}",
    softmax_first="Your code takes its probabilities for scores, and sends them through a softmax. They add up to 1 "
    f"already. {_AVERAGE}",
    both_outcomes="Your code adds a term for each outcome that it does not happen. That is right for a coin of "
    f"which one side is given; here all outcomes are. {_AVERAGE}",
)
def by_terms(on: Switches) -> Any:
    def entropy(probabilities: Tensor) -> Tensor:
        p = probabilities.softmax(dim=-1) if on("softmax_first") else probabilities
        for name, size in _SIZES.items():
            if on(f"floor_{name}"):
                p = p.clamp_min(size)
            if on(f"plus_{name}"):
                p = p + size
        sums = _each(on, p).sum(dim=-1)
        if on("nan_hidden_late"):
            return (-(p * p.log()).sum(dim=-1)).nan_to_num()
        return sums

    return entropy


def _each(on: Switches, p: Tensor) -> Tensor:
    """Compute what each outcome adds."""
    others: Rules = {
        "zero_times_infinity": lambda: -p * p.log(),
        "in_bits": lambda: _terms(p) / math.log(2),
        "the_other_way": lambda: _terms(p) * math.log(2),
        "base_ten": lambda: _terms(p) / math.log(10),
        "one_in_the_logarithm": lambda: -p * (p + 1).log(),
        "not_weighted": lambda: -p.log(),
        "not_weighted_finite": lambda: -torch.where(p > 0, p, 1.0).log(),
        "squared_weights": lambda: p * _terms(p),
        "complement_weights": lambda: (p - 1) * torch.where(p > 0, p, 1.0).log(),
        "no_logarithm": lambda: p * (1 - p),
        "inverse_inside": lambda: torch.where(p > 0, 1.0, 0.0),
        "both_outcomes": lambda: _terms(p) + _terms(1 - p),
        **{
            f"in_logarithm_{name}": (lambda size=size: -p * (p + size).log())
            for name, size in list(_SIZES.items())[:4]
        },
        **{f"surprise_{most}": (lambda most=most: -p * p.log().clamp_min(-most)) for most in _MOST},
    }
    return unless(on, others, _terms(p))


@exercise.faults(
    divided_by_outcomes="Your code divides by the number of outcomes. The probabilities are the weights of the "
    f"average already, so the weighted surprises add up. {_AVERAGE}",
    divided_by_possible="Your code divides by the number of outcomes that can happen. The probabilities are the "
    f"weights of the average already, so the weighted surprises add up. {_AVERAGE}",
    negative="Your entropy is negative. The logarithm of a probability is at most 0, and surprise is what is "
    f"left when its sign is changed. {_SURPRISE}",
    one_for_all="Your code adds up all distributions into one number. Each row is a distribution with an entropy "
    f"of its own. {_AVERAGE}",
    mean_of_all="Your code averages over all distributions. Each row is a distribution with an entropy of its own. "
    + _AVERAGE,
    along_columns="Your code adds up along the first dimension. One distribution is one row, so the sum runs "
    f"along the last dimension. {_AVERAGE}",
    second_dimension=_DIMENSION,
    kept="Your result keeps the dimension of the outcomes. There is to be one number for each distribution. "
    + _AVERAGE,
    not_added="Your code returns what each outcome adds. There is to be one number for each distribution, their sum. "
    + _AVERAGE,
    choices="Your code returns the exponential of the entropy, a number of choices. That is perplexity, which comes "
    f"later. {_AVERAGE}",
    share_of_largest="Your code divides by the largest entropy there could be, the logarithm of the number of "
    f"outcomes. Asked for is the entropy itself, in nats. {_AVERAGE}",
    unevenness="Your code returns how much is missing to the largest entropy there could be. Asked for is the "
    f"entropy itself. {_AVERAGE}",
    largest_term="Your code keeps the largest of the outcomes' shares. They are to be added up. "
    + _AVERAGE,
    first_row="Your code returns the entropy of the first row alone. Does the function return after one round of "
    "a loop? " + _AVERAGE,
    row_by_row="Your code takes its input for a list of rows, and is right for a matrix only. The leading "
    f"dimensions are free: none, one, or several. {_AVERAGE}",
    listed="Your code returns a list of numbers. The result has to be a tensor. " + _AVERAGE,
    rounded="Your code rounds its result. " + _AVERAGE,
    item="Your code asks for a Python number (`item`), and there is one number for each distribution. The leading "
    f"dimensions are free. {_AVERAGE}",
    only_expected="Your code returns the surprise at the most probable outcome. All outcomes count, each weighted "
    f"by its probability. {_AVERAGE}",
    mean_probability="Your code takes the logarithm of an average of probabilities. Averaged are the surprises. "
    + _AVERAGE,
)
def by_sums(on: Switches) -> Any:
    def entropy(probabilities: Tensor) -> Any:
        terms = _terms(probabilities)
        return _summed(on, terms, probabilities)

    return entropy


def _summed(on: Switches, terms: Tensor, p: Tensor) -> Any:
    sums, count = terms.sum(dim=-1), p.shape[-1]
    others: Rules = {
        "divided_by_outcomes": lambda: terms.mean(dim=-1),
        "divided_by_possible": lambda: sums / (p > 0).sum(dim=-1),
        "negative": lambda: -sums,
        "one_for_all": lambda: terms.sum(),
        "mean_of_all": lambda: sums.mean(),
        "along_columns": lambda: terms.sum(dim=0),
        "second_dimension": lambda: terms.sum(dim=1),
        "kept": lambda: terms.sum(dim=-1, keepdim=True),
        "not_added": lambda: terms,
        "choices": lambda: sums.exp(),
        "share_of_largest": lambda: sums / math.log(count),
        "unevenness": lambda: math.log(count) - sums,
        "largest_term": lambda: terms.amax(dim=-1),
        "first_row": lambda: sums[0],
        "row_by_row": lambda: torch.stack([row.sum() for row in terms]),
        "listed": lambda: sums.tolist(),
        "rounded": lambda: sums.round(decimals=2),
        "item": lambda: sums.item(),
        "only_expected": lambda: -p.amax(dim=-1).log(),
        "mean_probability": lambda: -p.square().sum(dim=-1).log(),
    }
    return unless(on, others, sums)
