"""`foundations.kl_divergence`: its probes, and what people get wrong about it."""

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
    "kl_divergence",
    reference=foundations.kl_divergence,
    forbidden=(
        "torch.nn.functional.kl_div",
        "torch.distributions.kl_divergence",
        "torch.distributions.kl",
    ),
    hints=(
        "Which of the two draws the outcomes, and which is only believed? The first is the weight.",
        "It is the average, over what p draws, of one surprise less another. Where p is 0 there is "
        "nothing to average.",
        "Subtract the logarithm of q from that of p, where p is 0 put 0 in its place, multiply by p, "
        "and add up over the last dimension.",
    ),
    matters="InstructGPT (2022) was rewarded by people's taste less a divergence of this kind, which kept it from "
    "drifting away from the model it was made from. Read llmlab/foundations/information.py.",
)


@exercise.probe
def truth_and_belief(implementation: Any, generator: Generator) -> Any:
    """The truth (0.5, 0.5) and the belief (0.9, 0.1)."""
    return implementation(torch.tensor([[0.5, 0.5]]), torch.tensor([[0.9, 0.1]]))


@exercise.probe
def drawn(implementation: Any, generator: Generator) -> Any:
    """Two truths of four outcomes, each with its belief, drawn at random."""
    return implementation(distributions(generator, 2, 4), distributions(generator, 2, 4))


@exercise.probe
def never_drawn(implementation: Any, generator: Generator) -> Any:
    """Three outcomes, one of which the truth never draws and the belief thinks possible."""
    truth = torch.tensor([[0.3, 0.0, 0.7], [0.2, 0.6, 0.2]])
    return implementation(truth, distributions(generator, 2, 3))


@exercise.probe
def impossible_in_both(implementation: Any, generator: Generator) -> Any:
    """The truth (0.25, 0.75, 0) and the belief (0.5, 0.5, 0), which rule out the same outcome."""
    return implementation(torch.tensor([[0.25, 0.75, 0.0]]), torch.tensor([[0.5, 0.5, 0.0]]))


@exercise.probe
def rare(implementation: Any, generator: Generator) -> Any:
    """The truth (0.9, 0.0995, 0.0005) and the belief (0.5, 0.4999, 0.0001), in which the last outcome is rare."""
    return implementation(
        torch.tensor([[0.9, 0.0995, 0.0005]]), torch.tensor([[0.5, 0.4999, 0.0001]])
    )


@exercise.probe
def one_pair(implementation: Any, generator: Generator) -> Any:
    """One truth of three outcomes and its belief, without a leading dimension."""
    return implementation(distributions(generator, 3), distributions(generator, 3))


@exercise.probe
def leading_dimensions(implementation: Any, generator: Generator) -> Any:
    """Truths and beliefs in tensors of the shape (2, 2, 3)."""
    return implementation(distributions(generator, 2, 2, 3), distributions(generator, 2, 2, 3))


_WRONG = "Reread 'Believing the wrong thing'."
_WAY = "Reread 'Which way round?'."
_UNITS = "Reread 'Bits and nats'."
_ADDED = (
    "Your code keeps probabilities away from 0 by a number that is not small, so that rare outcomes are counted "
    f"wrongly. {_WRONG}"
)
_SIZES = {"1e1": 0.1, "1e2": 1e-2, "1e3": 1e-3, "1e4": 1e-4}
_BOTH = (
    "Your code is no number where both probabilities are 0: the one is taken care of, and the other not. What is "
    f"never drawn adds nothing, whatever is believed of it. {_WRONG}"
)
_WHOLE = (
    "Your code returns the whole surprise of one who believes q: the cross-entropy. The divergence "
    f"is only what comes on top of p's own entropy. {_WRONG}"
)
_SECOND = (
    "Your code names the second dimension (`dim=1`). That is the last one of a matrix only: the leading dimensions "
    f"are free, none, one or several, and the last is always -1. {_WRONG}"
)


def _terms(p: Tensor, q: Tensor) -> Tensor:
    """Give what each outcome adds to the divergence."""
    return torch.xlogy(p, p) - torch.xlogy(p, q)


@exercise.faults(
    **dict.fromkeys([f"plus_{name}" for name in _SIZES], _ADDED),
    **dict.fromkeys([f"floor_{name}" for name in _SIZES], _ADDED),
    **dict.fromkeys([f"ratio_{name}" for name in _SIZES], _ADDED),
    **dict.fromkeys([f"belief_{name}" for name in _SIZES], _ADDED),
    wrong_way_round="The two distributions have changed places: your outcomes are drawn from the belief. p draws "
    f"them, so p is the weight, and the result is not the same. {_WAY}",
    wrong_way_unguarded="The two distributions have changed places: your outcomes are drawn from the belief. p draws "
    f"them, so p is the weight, and the result is not the same. {_WAY}",
    nothing_times_infinity="Your code takes the logarithm of 0 where p never draws an outcome, and 0 times "
    f"infinity is no number. What is never drawn adds nothing. {_WRONG}",
    guarded_product=_BOTH,
    guarded_ratio=_BOTH,
    whole_surprise=_WHOLE,
    whole_surprise_unguarded=_WHOLE,
    difference_of_entropies="Your code subtracts two entropies, each averaged over its own distribution. Both "
    f"surprises have to be averaged over what p draws. {_WRONG}",
    less_entropy_of_q="Your code takes q's own entropy away from the surprise of one who believes q. What nobody "
    f"can avoid is the entropy of p. {_WRONG}",
    entropy_added="Your code adds the entropy of p to the surprise of one who believes q. The divergence is what "
    f"comes on top of it. {_WRONG}",
    surprise_of_p="Your code returns the surprise of one who believes p while q draws. The divergence is a "
    f"difference of two surprises, and p draws. {_WAY}",
    **dict.fromkeys([f"truth_{name}" for name in list(_SIZES)[:3]], _ADDED),
    entropy_of_p="Your code returns the entropy of p with its sign changed: q plays no part. "
    + _WRONG,
    in_bits="Your divergence is in bits, since its logarithm has the base 2. The text asks for nats, as "
    f"everywhere in this course. {_UNITS}",
    base_ten="Your divergence has a logarithm with the base 10. The text asks for nats. " + _UNITS,
    weighted_by_belief="Your code weighs the difference of the surprises by q. The outcomes are drawn from p. "
    + _WAY,
    not_weighted="Your code adds up the differences of the surprises as if each outcome came once. They are "
    f"averaged over what p draws. {_WRONG}",
    weighted_by_both="Your code weighs the difference of the surprises by the average of p and q. The outcomes "
    f"are drawn from p alone. {_WAY}",
    squared_weights="Your code weighs the differences of the surprises by p twice. " + _WRONG,
    ratio_of_logarithms="Your code divides one logarithm by the other. The logarithm of a quotient is a "
    f"difference of logarithms. {_WRONG}",
    no_logarithm="Your code compares the probabilities themselves. What is compared are surprises, which are "
    f"logarithms. {_WRONG}",
    quotients="Your code averages the quotients p/q without the logarithm. " + _WRONG,
    absolute_terms="Your code drops the sign of what each outcome adds. Some outcomes surprise the believer less; "
    f"only the sum cannot be negative. {_WRONG}",
    only_positive_terms="Your code leaves out the outcomes that surprise the believer less. They count as well; "
    f"only the sum cannot be negative. {_WRONG}",
    softmax_first="Your code takes its probabilities for scores, and sends them through a softmax. They add up to 1 "
    f"already. {_WRONG}",
    logarithms_expected="Your code takes q for a logarithm already, as PyTorch's `kl_div` does with its first "
    f"argument. Here both are probabilities. {_WRONG}",
    squared_difference="Your code adds up squared differences of the probabilities. That is a distance; the "
    f"divergence counts surprise. {_WRONG}",
)
def by_terms(on: Switches) -> Any:
    def kl_divergence(p: Tensor, q: Tensor) -> Tensor:
        if on("softmax_first"):
            p, q = p.softmax(dim=-1), q.softmax(dim=-1)
        for name, size in _SIZES.items():
            if on(f"plus_{name}"):
                p, q = p + size, q + size
            if on(f"floor_{name}"):
                p, q = p.clamp_min(size), q.clamp_min(size)
            if name != "1e4" and on(f"truth_{name}"):
                p = p.clamp_min(size)
            if on(f"ratio_{name}"):
                return (p * ((p + size) / (q + size)).log()).sum(dim=-1)
            if on(f"belief_{name}"):
                return (torch.xlogy(p, p) - p * (q + size).log()).sum(dim=-1)
        return _each(on, p, q).sum(dim=-1)

    return kl_divergence


def _each(on: Switches, p: Tensor, q: Tensor) -> Tensor:
    """Compute what each outcome adds."""
    safe = torch.where(p > 0, p, 1.0)
    less = torch.where(p > 0, (p / q).log(), 0.0)
    others: Rules = {
        "wrong_way_round": lambda: _terms(q, p),
        "wrong_way_unguarded": lambda: q * (q / p).log(),
        "nothing_times_infinity": lambda: p * (p / q).log(),
        "guarded_product": lambda: p * (safe.log() - q.log()),
        "guarded_ratio": lambda: torch.xlogy(p, p / q),
        "whole_surprise": lambda: -torch.xlogy(p, q),
        "whole_surprise_unguarded": lambda: -p * q.log(),
        "difference_of_entropies": lambda: torch.xlogy(p, p) - torch.xlogy(q, q),
        "less_entropy_of_q": lambda: torch.xlogy(q, q) - torch.xlogy(p, q),
        "entropy_added": lambda: -torch.xlogy(p, p) - torch.xlogy(p, q),
        "surprise_of_p": lambda: -q * (p + 1e-12).log(),
        "entropy_of_p": lambda: torch.xlogy(p, p),
        "in_bits": lambda: _terms(p, q) / math.log(2),
        "base_ten": lambda: _terms(p, q) / math.log(10),
        "weighted_by_belief": lambda: q * less,
        "not_weighted": lambda: less,
        "weighted_by_both": lambda: (p + q) / 2 * less,
        "squared_weights": lambda: p * p * less,
        "ratio_of_logarithms": lambda: torch.where(p > 0, p * (p.log() / q.log()), 0.0),
        "no_logarithm": lambda: p * (p - q),
        "quotients": lambda: torch.where(p > 0, p * p / q, 0.0),
        "absolute_terms": lambda: _terms(p, q).abs(),
        "only_positive_terms": lambda: _terms(p, q).relu(),
        "logarithms_expected": lambda: torch.xlogy(p, p) - p * q,
        "squared_difference": lambda: (p - q).square(),
    }
    return unless(on, others, _terms(p, q))


_SYMMETRIC = "The divergence is not symmetric: who draws makes the difference. " + _WAY


@exercise.faults(
    sign_changed="Your divergence is negative: the two surprises are subtracted the other way. Who believes q is "
    f"surprised more, and the difference counts what is more. {_WRONG}",
    both_ways_averaged="Your code averages the divergences of both ways round. " + _SYMMETRIC,
    both_ways_added="Your code adds the divergences of both ways round. " + _SYMMETRIC,
    to_the_middle="Your code compares both distributions with their average (Jensen and Shannon). "
    + _SYMMETRIC,
    absolute="Your code takes the absolute value of a difference of entropies. Both surprises have to be averaged "
    f"over what p draws. {_WRONG}",
    rooted="Your code takes the root of the divergence, as of a distance. It is a number of nats as it stands. "
    + _WAY,
    divided_by_outcomes="Your code divides by the number of outcomes. The probabilities are the weights of the "
    f"average already, so what they weigh adds up. {_WRONG}",
    one_for_all="Your code adds up all pairs of distributions into one number. There is to be one number for each "
    "pair. " + _WRONG,
    batch_mean="Your code averages over the pairs of distributions, as PyTorch's `batchmean` does. There is to be "
    f"one number for each pair. {_WRONG}",
    mean_of_all="Your code averages over everything into one number. There is to be one number for each pair of "
    f"distributions, and the outcomes add up. {_WRONG}",
    along_columns="Your code adds up along the first dimension. One distribution is one row, so the sum runs "
    f"along the last dimension. {_WRONG}",
    second_dimension=_SECOND,
    kept="Your result keeps the dimension of the outcomes. There is to be one number for each pair. "
    + _WRONG,
    not_added="Your code returns what each outcome adds. There is to be one number for each pair of "
    f"distributions, their sum. {_WRONG}",
    nan_hidden_late="Your code puts 0 in the place of the whole divergence where some outcome is never drawn. It "
    f"is only that outcome which adds nothing. {_WRONG}",
    exponential="Your code returns the exponential of the divergence. Asked for is the divergence itself, in nats. "
    + _WRONG,
    first_pair="Your code returns the divergence of the first pair alone. Does the function return after one "
    f"round of a loop? {_WRONG}",
    row_by_row="Your code takes its inputs for lists of rows, and is right for matrices only. The leading "
    f"dimensions are free: none, one, or several. {_WRONG}",
    listed="Your code returns a list of numbers. The result has to be a tensor. " + _WRONG,
    item="Your code asks for a Python number (`item`), and there is one number for each pair. The leading dimensions "
    f"are free. {_WRONG}",
)
def by_sums(on: Switches) -> Any:
    def kl_divergence(p: Tensor, q: Tensor) -> Any:
        terms = _terms(p, q)
        sums = terms.sum(dim=-1)
        middle = (p + q) / 2
        others: Rules = {
            "sign_changed": lambda: -sums,
            "both_ways_averaged": lambda: (sums + _guarded(q, p)) / 2,
            "both_ways_added": lambda: sums + _guarded(q, p),
            "to_the_middle": lambda: (_guarded(p, middle) + _guarded(q, middle)) / 2,
            "absolute": lambda: (foundations.entropy(q) - foundations.entropy(p)).abs(),
            "rooted": lambda: sums.sqrt(),
            "divided_by_outcomes": lambda: terms.mean(dim=-1),
            "one_for_all": lambda: terms.sum(),
            "batch_mean": lambda: sums.mean(),
            "mean_of_all": lambda: terms.mean(),
            "along_columns": lambda: terms.sum(dim=0),
            "second_dimension": lambda: terms.sum(dim=1),
            "kept": lambda: terms.sum(dim=-1, keepdim=True),
            "not_added": lambda: terms,
            "nan_hidden_late": lambda: (p * (p / q).log()).sum(dim=-1).nan_to_num(),
            "exponential": lambda: sums.exp(),
            "first_pair": lambda: sums[0],
            "row_by_row": lambda: torch.stack([row.sum() for row in terms]),
            "listed": lambda: sums.tolist(),
            "item": lambda: sums.item(),
        }
        return unless(on, others, sums)

    return kl_divergence


def _guarded(p: Tensor, q: Tensor) -> Tensor:
    return torch.where(p > 0, p * (p / q).log(), 0.0).sum(dim=-1)
