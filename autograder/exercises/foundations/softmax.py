"""`foundations.softmax`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches, normal
from autograder.exercises.foundations import LAB
from autograder.exercises.foundations._shared import Rules, unless
from llmlab import foundations

exercise = LAB.exercise(
    "softmax",
    reference=foundations.softmax,
    forbidden=(
        "torch.softmax",
        "torch.log_softmax",
        "torch.logsumexp",
        "torch._masked_softmax",
        "llmlab.foundations.log_softmax",
        "llmlab.foundations.logsumexp",
    ),
    hints=(
        "Try your code on the scores 1000, 999, 0. What is the exponential of 1000?",
        "Take the largest score of each row away first, with keepdim, so that it broadcasts back.",
        "Subtract the row's largest score, take the exponential, and divide by its sum over the last "
        "dimension, kept as a column.",
    ),
    matters="Llama 3 takes a softmax over 128,256 tokens for every token that it writes (2024), and one in each "
    "of its attention heads. Read llmlab/foundations/probability.py.",
)


@exercise.probe
def two_rows(implementation: Any, generator: Generator) -> Any:
    """Two rows of four scores between about -3 and 3."""
    return implementation(1.5 * normal(generator, 2, 4))


@exercise.probe
def square(implementation: Any, generator: Generator) -> Any:
    """Three rows of three scores, so that rows and columns can be confused."""
    return implementation(1.5 * normal(generator, 3, 3))


@exercise.probe
def large_scores(implementation: Any, generator: Generator) -> Any:
    """The scores (1000, 999, 0), (-1000, -1001, -2000), (120, 60, 0) and (1, 1, 1)."""
    rows = [[1000.0, 999.0, 0.0], [-1000.0, -1001.0, -2000.0], [120.0, 60.0, 0.0], [1.0, 1.0, 1.0]]
    return implementation(torch.tensor(rows))


@exercise.probe
def one_row_alone(implementation: Any, generator: Generator) -> Any:
    """One row of three scores, without a leading dimension."""
    return implementation(2 * normal(generator, 3))


@exercise.probe
def leading_dimensions(implementation: Any, generator: Generator) -> Any:
    """Scores of the shape (2, 2, 3), with two leading dimensions."""
    return implementation(2 * normal(generator, 2, 2, 3))


@exercise.probe
def one_score(implementation: Any, generator: Generator) -> Any:
    """Two rows of a single score, 7 and -200."""
    return implementation(torch.tensor([[7.0], [-200.0]]))


@exercise.probe
def gradient(implementation: Any, generator: Generator) -> Any:
    """The gradient that flows back to two rows of three scores, from a weighted sum of the result."""
    scores = (2 * normal(generator, 2, 3)).requires_grad_()
    weights = normal(generator, 2, 3)
    (implementation(scores) * weights).sum().backward()
    return {"gradient of the scores": scores.grad}


_SHARES = "Reread 'From scores to shares'."
_LARGE = "Reread 'Too large for a float'."
_TRAP = "Reread 'Broadcasting, and its trap'."
_CUT = (
    "Your code keeps the scores below a limit, so that the exponential does not overflow. Scores beyond it become "
    f"equal, and 1000 as probable as 999. {_LARGE}"
)
_LIMITS = {"cut_at_50": 50.0, "cut_at_80": 80.0, "cut_at_88": 88.0}
_ADDED = (
    "Your code adds something to the sum of the exponentials, so that a row adds up to less than 1. No sum can be 0 "
    f"here: the largest exponential of a row is in it. {_LARGE}"
)
_EPSILONS = {"plus_1": 1.0, "plus_1e1": 0.1, "plus_1e2": 1e-2, "plus_1e3": 1e-3}


@exercise.faults(
    overflows="Your softmax is right for small scores, and overflows for large ones: the exponential of 1000 "
    f"is infinite, and infinity divided by infinity is no number. {_LARGE}",
    **dict.fromkeys(_LIMITS, _CUT),
    cut_on_both_sides="Your code keeps the scores between two limits. Scores beyond them become equal, and 1000 as "
    f"probable as 999. {_LARGE}",
    nan_hidden="Your softmax overflows for large scores, and your code puts 0 where the result is no number. The row "
    f"adds up to 0 then. {_LARGE}",
    one_maximum="Your code takes the largest score of all rows away from every row. A row that lies far below "
    f"it is rounded to zeros, and 0/0 is no number. {_LARGE}",
    column_maximum="Your code takes the largest score of a column away, or shares it out over the rows. What "
    f"cancels is one number for a whole row. {_LARGE}",
    minimum="Your code takes the smallest score of a row away. It cancels as well, and leaves large scores large, so "
    f"that they overflow. {_LARGE}",
    mean_away="Your code takes the mean of a row away. It cancels as well, and can leave large scores large, so that "
    f"they overflow. {_LARGE}",
    added_maximum="Your code adds the largest score where it should take it away: the scores grow, and overflow "
    "sooner. " + _LARGE,
    by_maximum="Your code divides the scores by the largest. That changes the result: only adding or taking away one "
    f"number for a whole row cancels. {_LARGE}",
    absolute_maximum="Your code takes the largest absolute score away. In a row of negative scores that is far above "
    f"all of them: every exponential is rounded to 0, and 0/0 is no number. {_LARGE}",
    maximum_lost="Your largest scores have lost their last dimension: PyTorch lines them up with the columns, where "
    f"they do not fit, or are taken from other rows. {_TRAP}",
    sums_lost="Your sums have lost their last dimension: PyTorch lines them up with the columns, where they do not "
    f"fit, or divide other rows. {_TRAP}",
    both_lost="Your largest scores and your sums have lost their last dimension: PyTorch lines them up with the "
    f"columns, where they do not fit, or meet other rows. {_TRAP}",
    one_sum="Your code finds the largest score of each row and then divides by one sum for all rows. Each "
    f"row has a sum of its own. {_SHARES}",
    column_sums="Your code divides by the sums of the columns. Each row has to add up to 1. "
    + _SHARES,
    mean_for_sum="Your code divides by the mean of the exponentials, so that a row adds up to the count of its "
    "scores. " + _SHARES,
    not_shared_out="Your code stops after the exponential: the largest of each row comes out as 1, and the rows "
    f"do not add up to 1. {_SHARES}",
    by_sum_of_scores="Your code divides by the exponential of a sum. The formula has the sum of the exponentials. "
    + _SHARES,
    scores_below="Your code divides by the sum of the scores. Below the line stand the same exponentials as above "
    "it. " + _SHARES,
    length_for_sum="Your code brings each row of exponentials to length 1. Probabilities add up to 1. "
    + _SHARES,
    **dict.fromkeys(_EPSILONS, _ADDED),
)
def by_steps(on: Switches) -> Any:
    def softmax(scores: Tensor) -> Tensor:
        shifted = _shifted(on, scores)
        powers = shifted.exp()
        if on("scores_below"):
            return powers / shifted.sum(dim=-1, keepdim=True)
        if on("by_sum_of_scores"):
            return powers / shifted.sum(dim=-1, keepdim=True).exp()
        shares = powers / _sums(on, powers)
        return shares.nan_to_num() if on("nan_hidden") else shares

    return softmax


def _shifted(on: Switches, scores: Tensor) -> Tensor:
    """Take the row's largest score away, or what a fault takes."""
    largest = scores.amax(dim=-1, keepdim=True)
    others: Rules = {
        "overflows": lambda: scores,
        "nan_hidden": lambda: scores,
        "cut_on_both_sides": lambda: scores.clamp(-80, 80),
        "one_maximum": lambda: scores - scores.max(),
        "column_maximum": lambda: scores - scores.max(dim=0).values,
        "minimum": lambda: scores - scores.amin(dim=-1, keepdim=True),
        "mean_away": lambda: scores - scores.mean(dim=-1, keepdim=True),
        "added_maximum": lambda: scores + largest,
        "by_maximum": lambda: scores / largest,
        "absolute_maximum": lambda: scores - scores.abs().amax(dim=-1, keepdim=True),
        "maximum_lost": lambda: scores - scores.amax(dim=-1),
        "both_lost": lambda: scores - scores.amax(dim=-1),
        **{name: (lambda limit=limit: scores.clamp(max=limit)) for name, limit in _LIMITS.items()},
    }
    return unless(on, others, scores - largest)


def _sums(on: Switches, powers: Tensor) -> Any:
    """Add up what the exponentials are divided by, as a fault does it."""
    sums = powers.sum(dim=-1, keepdim=True)
    others: Rules = {
        "sums_lost": lambda: powers.sum(dim=-1),
        "both_lost": lambda: powers.sum(dim=-1),
        "one_sum": lambda: powers.sum(),
        "column_sums": lambda: powers.sum(dim=0),
        "mean_for_sum": lambda: powers.mean(dim=-1, keepdim=True),
        "not_shared_out": lambda: 1,
        "length_for_sum": lambda: powers.norm(dim=-1, keepdim=True),
        **{name: (lambda more=more: sums + more) for name, more in _EPSILONS.items()},
    }
    return unless(on, others, sums)


_LINEAR = (
    "The exponential makes equal steps in score equal factors in probability, wherever they start. "
)


_MATRIX = (
    "Your code puts the lost dimension back in the second place, which is right for a matrix only. The leading "
    f"dimensions are free: none, one, or several. {_SHARES}"
)


@exercise.faults(
    no_exponential="Your code divides the scores by their sum. Scores can be negative and can add up to 0, so the "
    f"exponential has to make them positive first. {_SHARES}",
    from_the_least="Your code takes the smallest score of a row away and divides by the sum: the least probable "
    f"outcome becomes impossible. {_LINEAR}{_SHARES}",
    from_the_largest="Your code takes the largest score of a row away and divides by the sum, without the "
    f"exponential: the largest score gets the share 0. {_SHARES}",
    only_positive="Your code takes negative scores for 0 and divides by the sum. A negative score is no "
    f"impossible one. {_LINEAR}{_SHARES}",
    squares="Your code makes the scores positive by squaring: a score of -3 becomes as probable as one of 3. "
    + _LINEAR
    + _SHARES,
    absolute="Your code makes the scores positive by dropping their sign: a score of -3 becomes as probable as "
    f"one of 3. {_LINEAR}{_SHARES}",
    hardmax="Your code gives everything to the largest score. The softmax leaves the others a share. "
    + _SHARES,
    logarithms="Your code returns the logarithms of the probabilities. Probabilities are between 0 and 1. "
    + _SHARES,
    squashed="Your code squashes each score by itself (the sigmoid), so that the rows do not add up to 1. "
    + _SHARES,
    squashed_shares="Your code squashes each score by itself (the sigmoid) before it shares out. "
    + _LINEAR
    + _SHARES,
    base_two="Your probabilities are those of base 2: one more point of score is to be a factor of e, and here it "
    "is 2. " + _SHARES,
    base_ten="Your probabilities are those of base 10: one more point of score is to be a factor of e, and here "
    f"it is 10. {_SHARES}",
    twice="Your code applies the softmax to probabilities once more: the shares come out too even. "
    + _SHARES,
    upside_down="Your code gives the largest share to the smallest score: the sign of the scores is changed. "
    + _SHARES,
    cooled="Your code divides the scores by the root of their count first, as attention does with its width (lab "
    f"05). The softmax takes the scores as they are. {_SHARES}",
    scaled_down="Your code brings the scores of a row to length 1 first. Then no outcome can ever be nearly certain. "
    + _SHARES,
    even="Your probabilities are all the same, whatever the scores are. " + _SHARES,
    along_columns="Your softmax runs along the first dimension. One distribution is one row: along the last "
    f"dimension the numbers have to add up to 1. {_SHARES}",
    second_dimension="Your code names the second dimension (`dim=1`). That is the last one of a matrix only: the "
    f"leading dimensions are free, none, one or several, and the last is always -1. {_SHARES}",
    second_dimension_twin="Your code names the second dimension (`dim=1`). That is the last one of a matrix only: "
    f"the leading dimensions are free, none, one or several, and the last is always -1. {_SHARES}",
    over_everything="All numbers of yours together add up to 1. Each row is a distribution of its own and has a "
    f"sum of its own. {_SHARES}",
    row_by_row="Your code takes its input for a list of rows, and is right for a matrix only. The leading "
    f"dimensions are free: none, one, or several. {_SHARES}",
    matrix_alone=_MATRIX,
    matrix_alone_unsqueezed=_MATRIX,
    between_0_and_1="Your code brings the scores into 0 to 1 first. Then no outcome can ever be nearly certain. "
    + _SHARES,
    shrunk_if_large="Your code makes large scores smaller by a factor. That changes the shares: only adding or "
    f"taking away one number for a whole row cancels. {_LARGE}",
    logarithm_of_sum="Your code takes the logarithm of the sum of exponentials, which overflows for large scores "
    f"as the exponentials do. {_LARGE}",
    first_row="Your code returns the first row alone. Does the function return after one round of a loop? "
    + _SHARES,
    listed="Your code returns a list. The result has to be a tensor of the same shape. " + _SHARES,
    flat="Your result is one long row. It has to have the shape of the scores. " + _SHARES,
    rounded="Your code rounds the probabilities, so that small ones are lost and rows no longer add up to 1. "
    + _SHARES,
)
def otherwise(on: Switches) -> Any:
    def softmax(scores: Tensor) -> Any:
        for name, compute in _WHOLE.items():
            if on(name):
                return compute(scores)
        return scores.softmax(dim=-1)

    return softmax


def _by_second(scores: Tensor) -> Tensor:
    powers = (scores - scores.max(dim=1, keepdim=True).values).exp()
    return powers / powers.sum(dim=1, keepdim=True)


def _each_row(scores: Tensor) -> Tensor:
    rows = [(row - row.max()).exp() for row in scores]
    return torch.stack([row / row.sum() for row in rows])


def _with(scores: Tensor, put_back: Callable[[Tensor], Tensor]) -> Tensor:
    powers = (scores - put_back(scores.amax(dim=-1))).exp()
    return powers / put_back(powers.sum(dim=-1))


def _share(weights: Tensor) -> Tensor:
    return weights / weights.sum(dim=-1, keepdim=True)


def _from_least(scores: Tensor) -> Tensor:
    return _share(scores - scores.amin(dim=-1, keepdim=True))


_WHOLE: Rules = {
    "no_exponential": _share,
    "from_the_least": _from_least,
    "from_the_largest": lambda scores: _share(scores - scores.amax(dim=-1, keepdim=True)),
    "only_positive": lambda scores: _share(scores.relu()),
    "squares": lambda scores: _share(scores.square()),
    "absolute": lambda scores: _share(scores.abs()),
    "hardmax": lambda scores: torch.eye(scores.shape[-1])[scores.argmax(dim=-1)],
    "logarithms": lambda scores: scores.log_softmax(dim=-1),
    "squashed": lambda scores: scores.sigmoid(),
    "squashed_shares": lambda scores: _share(scores.sigmoid()),
    "base_two": lambda scores: (scores * math.log(2)).softmax(dim=-1),
    "base_ten": lambda scores: (scores * math.log(10)).softmax(dim=-1),
    "twice": lambda scores: scores.softmax(dim=-1).softmax(dim=-1),
    "upside_down": lambda scores: (-scores).softmax(dim=-1),
    "cooled": lambda scores: (scores / scores.shape[-1] ** 0.5).softmax(dim=-1),
    "scaled_down": lambda scores: (scores / scores.norm(dim=-1, keepdim=True)).softmax(dim=-1),
    "even": lambda scores: (0 * scores).softmax(dim=-1),
    "along_columns": lambda scores: scores.softmax(dim=0),
    "second_dimension": _by_second,
    "second_dimension_twin": lambda scores: scores.softmax(dim=1),
    "over_everything": lambda scores: scores.flatten().softmax(dim=0).reshape(scores.shape),
    "row_by_row": _each_row,
    "matrix_alone": lambda scores: _with(scores, lambda values: values[:, None]),
    "matrix_alone_unsqueezed": lambda scores: _with(scores, lambda values: values.unsqueeze(1)),
    "between_0_and_1": lambda scores: (
        (scores - scores.min()) / (scores.max() - scores.min())
    ).softmax(dim=-1),
    "shrunk_if_large": lambda scores: (scores * (80 / scores.max()).clamp(max=1)).softmax(dim=-1),
    "logarithm_of_sum": lambda scores: (
        scores - scores.exp().sum(dim=-1, keepdim=True).log()
    ).exp(),
    "first_row": lambda scores: scores.softmax(dim=-1)[0],
    "listed": lambda scores: scores.softmax(dim=-1).tolist(),
    "flat": lambda scores: scores.softmax(dim=-1).flatten(),
    "rounded": lambda scores: scores.softmax(dim=-1).round(decimals=2),
}

_LOST = (
    "Your probabilities are right, and no gradient flows back to the scores: something cuts the result off from them "
    f"(detach, item, tolist, no_grad, or a new tensor). A model could not be trained through it. {_SHARES}"
)
_IN_PLACE = (
    "Your code changes a tensor in place (by `/=`, `-=` or a method whose name ends with an underscore) whose values "
    f"the gradient still needs. Make a new tensor in that step. {_SHARES}"
)


@exercise.misconception(_LOST)
def cut_off(scores: Tensor) -> Tensor:
    return scores.detach().softmax(dim=-1)


@exercise.misconception(
    "Your code goes through NumPy, which knows nothing of gradients: none can flow back to the scores. Stay with "
    f"tensors. {_SHARES}"
)
def through_numpy(scores: Tensor) -> Tensor:
    return torch.from_numpy(scores.numpy()).softmax(dim=-1)


@exercise.misconception(_IN_PLACE)
def divided_in_place(scores: Tensor) -> Tensor:
    powers = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    powers /= powers.sum(dim=-1, keepdim=True)
    return powers


@exercise.misconception(_IN_PLACE)
def all_in_place(scores: Tensor) -> Tensor:
    powers = scores.clone()
    powers -= powers.amax(dim=-1, keepdim=True)
    powers.exp_()
    powers /= powers.sum(dim=-1, keepdim=True)
    return powers


@exercise.misconception(_IN_PLACE)
def shifted_in_place(scores: Tensor) -> Tensor:
    powers = scores.clone()
    powers -= powers.max(dim=-1, keepdim=True).values
    powers = powers.exp()
    powers /= powers.sum(dim=-1, keepdim=True)
    return powers


@exercise.misconception(
    "Your code gives every score the same gradient as if nothing were shared out: the sum, or the largest score, is "
    f"cut off from it. When one probability grows, the others fall. {_SHARES}"
)
def sum_cut_off(scores: Tensor) -> Tensor:
    powers = (scores - scores.detach().amax(dim=-1, keepdim=True)).exp()
    return powers / powers.detach().sum(dim=-1, keepdim=True)
