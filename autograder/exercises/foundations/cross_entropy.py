"""`foundations.cross_entropy`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches, normal
from autograder.exercises.foundations import LAB
from autograder.exercises.foundations._shared import Rules, unless
from llmlab import foundations

exercise = LAB.exercise(
    "cross_entropy",
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
    matters="This is the loss that GPT-3 was trained to lower over 300 billion tokens (2020), and every language "
    "model before and since. Read llmlab/foundations/information.py.",
)


def _loss_and_gradient(implementation: Any, scores: Tensor, targets: list[int], *mark: int) -> Any:
    """Return the loss and the gradient that reaches the scores."""
    scores = scores.clone().requires_grad_()
    value = implementation(scores, torch.tensor(targets), *mark)
    value.backward()
    return {"loss": value, "gradient of the scores": scores.grad}


@exercise.probe
def three_tokens(implementation: Any, generator: Generator) -> Any:
    """Three rows of four scores with the targets (3, 0, 0), which all count."""
    return implementation(2 * normal(generator, 3, 4), torch.tensor([3, 0, 0]))


@exercise.probe
def with_padding(implementation: Any, generator: Generator) -> Any:
    """Five rows of three scores with the targets (2, -100, 1, 0, -100), of which two do not count."""
    return implementation(normal(generator, 5, 3), torch.tensor([2, -100, 1, 0, -100]))


@exercise.probe
def another_mark(implementation: Any, generator: Generator) -> Any:
    """Four rows of three scores with the targets (2, 1, 2, 0), where 2 marks what does not count."""
    return implementation(2 * normal(generator, 4, 3), torch.tensor([2, 1, 2, 0]), 2)


@exercise.probe
def minus_one(implementation: Any, generator: Generator) -> Any:
    """Three rows of two scores with the targets (-1, 0, 1), where -1 marks what does not count."""
    return implementation(2 * normal(generator, 3, 2), torch.tensor([-1, 0, 1]), -1)


@exercise.probe
def one_token(implementation: Any, generator: Generator) -> Any:
    """A single row of three scores, with the target 1."""
    return implementation(2 * normal(generator, 1, 3), torch.tensor([1]))


@exercise.probe
def sure_and_wrong(implementation: Any, generator: Generator) -> Any:
    """The scores (1000, 0, -1000) when the last class is right, and the gradient."""
    return _loss_and_gradient(
        implementation, torch.tensor([[1000.0, 0.0, -1000.0], [0.0, 1.0, 2.0]]), [2, 1]
    )


@exercise.probe
def sure_and_right(implementation: Any, generator: Generator) -> Any:
    """The scores (300, 0, -20) when the first class is right."""
    return implementation(torch.tensor([[300.0, 0.0, -20.0]]), torch.tensor([0]))


@exercise.probe
def gradient(implementation: Any, generator: Generator) -> Any:
    """Three rows of two scores, of which one does not count, and the gradient."""
    return _loss_and_gradient(implementation, normal(generator, 3, 2), [0, -100, 1])


_CAME = "Reread 'Surprise at what came'."
_ZERO = "Reread 'The logarithm of zero'."
_COUNTS = "Reread 'What counts'."
_TRAP = "Reread 'Broadcasting, and its trap'."
_SMALL = (
    "Your code adds a small number before the logarithm, or keeps the probability above one. Then no loss can be "
    f"large, and a model that is sure and wrong gets hardly any gradient. {_ZERO}"
)
_SIZES = {f"1e{power}": 10.0**-power for power in (5, 6, 7, 8, 9, 10, 12, 15, 20, 30)}
_BELOW = (
    "Your code averages the logarithm of the sum of the exponentials: the score of the target plays no part. "
    f"{_CAME}"
)
_SHIFT = (
    "Your code takes the largest score away in one of the two places where it stands, and not in the other. What "
    f"is taken away above the line has to be taken away below it. {_ZERO}"
)


@exercise.faults(
    log_of_softmax="Your code computes the probability first and then its logarithm. A small probability is rounded "
    f"to 0, and the loss of a model that is sure and wrong becomes infinite. {_ZERO}",
    no_maximum="Your code takes the exponential of the scores as they are. For large ones it overflows: take the "
    f"row's largest score away first. {_ZERO}",
    overflowing_softmax="Your code divides exponentials of the scores as they are. For large ones that is "
    f"infinity divided by infinity, which is no number. {_ZERO}",
    **dict.fromkeys([f"plus_{name}" for name in _SIZES], _SMALL),
    **dict.fromkeys([f"floor_{name}" for name in _SIZES], _SMALL),
    one_maximum="Your code takes the largest score of all rows away from every row. In a row that lies far below "
    f"it, all exponentials are rounded to 0. {_ZERO}",
    maximum_lost="Your largest scores have lost their last dimension: PyTorch lines them up with the classes, where "
    f"they do not fit, or belong to other rows. {_TRAP}",
    shifted_below=_SHIFT,
    shifted_above=_SHIFT,
    sums_lost="Your sums have lost their last dimension: PyTorch lines them up with the classes, where they do "
    f"not fit, or belong to other rows. {_TRAP}",
    mean_below="Your code takes the logarithm of a mean of exponentials. Below the line stands their sum. "
    + _ZERO,
    softmax_twice="Your code applies the softmax twice: it takes the probabilities for scores. The loss can then "
    f"hardly fall, however sure and right the model is. {_CAME}",
    over_tokens="Your softmax runs down the columns, over the tokens. The classes of one token compete with each "
    f"other, and they stand in a row. {_CAME}",
    over_everything="Your softmax shares 1 out over all rows. Each row is a distribution of its own. "
    + _CAME,
    no_softmax="Your code takes the score of the target for its logarithm of probability: there is no softmax in it. "
    + _CAME,
    no_logarithm="Your code averages probabilities. The surprise is the logarithm of a probability, with its sign "
    "changed. " + _CAME,
    one_less="Your code averages 1 less the probability. The surprise is the logarithm of a probability, with its "
    f"sign changed. {_CAME}",
    only_below=_BELOW,
    only_below_unguarded=_BELOW,
    in_bits="Your loss is in bits, since its logarithm has the base 2. Losses here are in nats. "
    "Reread 'Bits and nats'.",
    no_exponential="Your code leaves the exponential out below the line: it takes the logarithm of a sum of scores. "
    + _ZERO,
    sign_of_scores="Your code gives the largest probability to the smallest score. " + _CAME,
    margin="Your loss is how far the target's score lies below the largest. The others count as well, by the "
    f"logarithm of the sum. {_ZERO}",
)
def by_logarithms(on: Switches) -> Any:
    def cross_entropy(scores: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
        counted = targets != ignore_index
        table = _logarithms(on, scores[counted])
        return -table[torch.arange(len(table)), targets[counted]].mean()

    return cross_entropy


def _logarithms(on: Switches, scores: Tensor) -> Tensor:
    """Compute the logarithm of each probability, or what is taken for it."""
    largest = scores.amax(dim=-1, keepdim=True)
    for name, size in _SIZES.items():
        if on(f"plus_{name}"):
            return (scores.softmax(dim=-1) + size).log()
        if on(f"floor_{name}"):
            return scores.softmax(dim=-1).clamp_min(size).log()
    others: Rules = {
        "log_of_softmax": lambda: scores.softmax(dim=-1).log(),
        "no_maximum": lambda: scores - scores.exp().sum(dim=-1, keepdim=True).log(),
        "overflowing_softmax": lambda: (
            scores.exp() / scores.exp().sum(dim=-1, keepdim=True)
        ).log(),
        "one_maximum": lambda: _from(scores, scores.max()),
        "maximum_lost": lambda: _from(scores, scores.amax(dim=-1)),
        "shifted_below": lambda: scores - (scores - largest).exp().sum(dim=-1, keepdim=True).log(),
        "shifted_above": lambda: scores - largest - scores.exp().sum(dim=-1, keepdim=True).log(),
        "sums_lost": lambda: scores - largest - (scores - largest).exp().sum(dim=-1).log(),
        "mean_below": lambda: scores - largest - (scores - largest).exp().mean(-1, True).log(),
        "softmax_twice": lambda: scores.softmax(dim=-1).log_softmax(dim=-1),
        "over_tokens": lambda: scores.log_softmax(dim=0),
        "over_everything": lambda: scores - scores.flatten().logsumexp(dim=0),
        "no_softmax": lambda: scores,
        "no_logarithm": lambda: -scores.softmax(dim=-1),
        "one_less": lambda: scores.softmax(dim=-1) - 1,
        "only_below": lambda: -scores.logsumexp(dim=-1, keepdim=True).expand_as(scores),
        "only_below_unguarded": lambda: (
            -scores.exp().sum(dim=-1, keepdim=True).log().expand_as(scores)
        ),
        "in_bits": lambda: scores.log_softmax(dim=-1) / math.log(2),
        "no_exponential": lambda: scores - scores.sum(dim=-1, keepdim=True).log(),
        "sign_of_scores": lambda: (-scores).log_softmax(dim=-1),
        "margin": lambda: scores - largest,
    }
    found = unless(on, others, None)
    return scores.log_softmax(dim=-1) if found is None else found


def _from(scores: Tensor, level: Tensor) -> Tensor:
    shifted = scores - level
    return shifted - shifted.exp().sum(dim=-1, keepdim=True).log()


_FITS = (
    "Your code drops the ignored places from the scores or from the targets, and not from both. "
    + _COUNTS
)
_CUT = (
    "Your loss has the right value, and no gradient reaches the scores: something cuts it off from them (detach, "
    f"no_grad, or a new tensor). Nothing can be learned from it. {_CAME}"
)
_INDEXED = (
    "Your code looks an ignored target up as if it were a class. Where the mark is no class Python stops; where "
    f"it is, or is -1, padding counts. {_COUNTS}"
)


@exercise.faults(
    mean_over_all="Your mean divides by all targets, the ignored ones too, so padding makes the loss look smaller. "
    f"Only those that count are counted. {_COUNTS}",
    padding_is_class_0="Your code takes the ignored targets for class 0, so the model is taught to guess that class "
    f"wherever there is padding. {_COUNTS}",
    padding_adds_up="Your code takes the ignored targets for class 0, or for the class that marks them, and adds "
    f"their surprise to the sum, though it divides by those that count. {_COUNTS}",
    until_padding="Your code stops at the first target that does not count. Others that count can follow it. "
    + _COUNTS,
    first_row_only="Your code looks all targets up in the first row. Each row has one target of its own. "
    + _CAME,
    padding_indexed=_INDEXED,
    padding_gathered=_INDEXED,
    only_minus_100="Your code ignores the targets of -100 and no others. The mark that does not count is given. "
    + _COUNTS,
    only_negatives="Your code ignores negative targets. The mark that does not count is given, and can be a class. "
    + _COUNTS,
    only_class_0="Your code ignores the targets of 0, which is a class like others. The mark that does not count is "
    f"given. {_COUNTS}",
    inverted="Your code keeps the targets that do not count and drops those that do. " + _COUNTS,
    scores_kept=_FITS,
    targets_kept=_FITS,
    padding_flat="Your code replaces the scores of padding by zeros and lets these rows count: each adds the "
    f"logarithm of the number of classes. {_COUNTS}",
    summed="Your loss is a sum over the targets. Then it grows with the length of the text, and two texts "
    f"cannot be compared. {_COUNTS}",
    by_classes="Your code divides by the number of classes. The average is over the targets that count. "
    + _COUNTS,
    by_both="Your code divides by the number of targets and by that of classes. The average is over the targets that "
    f"count. {_COUNTS}",
    one_more="Your code divides by one more than the targets that count. " + _COUNTS,
    one_less_counted="Your code divides by one less than the targets that count. " + _COUNTS,
    not_averaged="Your code returns the surprise at each target. The loss is one number, their average. "
    + _CAME,
    with_dimension="Your loss is a tensor with a dimension. It has to be one number, of the shape (). "
    + _CAME,
    every_target_everywhere="Your code looks up every target in every row: a colon in front of a list of columns "
    f"takes all rows. Each row has one target of its own. {_CAME}",
    rows_looked_up="Your code looks targets up in the rows. Rows are tokens; the targets are classes, which stand "
    f"in the columns. {_CAME}",
    all_classes="Your code averages over all classes of a row. What came is one of them: the target. "
    + _CAME,
    best_class="Your code takes the surprise at the most probable class, whatever came. What counts is the target. "
    + _CAME,
    first_class="Your code looks up the same column in every row. Each row has a target of its own. "
    + _CAME,
    next_target="Your code compares each row with the target of the next place. The shift was made before: row "
    f"and target belong together as they come. {_CAME}",
    likelihood="Your loss is negative: it is the log-likelihood, which is to be made large. A loss is to be made "
    f"small, so its sign is the other one. {_CAME}",
    unsigned_perplexity="Your code returns the exponential of the loss, a number of choices. That is perplexity, "
    f"which comes later. {_CAME}",
    only_first="Your code returns the surprise at the first target that counts. The loss is their average. "
    + _CAME,
    only_last="Your code returns the surprise at the last target that counts: is it written anew in each round of "
    f"a loop? The loss is their average. {_CAME}",
    largest_surprise="Your code returns the largest surprise. The loss is the average. " + _CAME,
    middle_surprise="Your code returns the median of the surprises. The loss is their average. "
    + _CAME,
    squared_surprises="Your code squares the surprises. The loss is their average as they are. "
    + _CAME,
    plain_number="Your loss is a Python number (by `item` or `float`). It has to be a tensor, or no gradient "
    f"reaches the scores. {_CAME}",
    cut_off=_CUT,
    new_tensor=_CUT,
    whole_numbers="Your loss is cut off to a whole number. " + _CAME,
    rounded="Your code rounds the loss. " + _CAME,
)
def by_targets(on: Switches) -> Any:
    def cross_entropy(scores: Tensor, targets: Tensor, ignore_index: int = -100) -> Any:
        if on("cut_off"):
            scores = scores.detach()
        if on("next_target"):
            scores, targets = scores[:-1], targets[1:]
        counted = _counted(on, targets, ignore_index)
        surprises = _surprises(on, scores, targets, counted)
        return _averaged(on, surprises, len(targets), int(counted.sum()), scores.shape[-1])

    return cross_entropy


def _counted(on: Switches, targets: Tensor, mark: int) -> Tensor:
    others: Rules = {
        "only_minus_100": lambda: targets != -100,
        "only_negatives": lambda: targets >= 0,
        "only_class_0": lambda: targets != 0,
        "until_padding": lambda: (targets != mark).cumprod(dim=0).bool(),
        "inverted": lambda: targets == mark,
    }
    return unless(on, others, targets != mark)


def _surprises(on: Switches, scores: Tensor, targets: Tensor, counted: Tensor) -> Tensor:
    """Look up the surprise at each target that counts, as a fault does it."""
    if on("padding_flat"):
        scores = torch.where(counted[:, None], scores, 0.0)
    table = -scores.log_softmax(dim=-1)
    every = torch.arange(len(targets))
    if on("padding_is_class_0") or on("padding_flat"):
        return table[every, torch.where(counted, targets, 0)]
    if on("padding_adds_up"):
        return table[every, targets.clamp_min(0)]
    if on("padding_indexed"):
        return table[every, targets]
    if on("padding_gathered"):
        return table.gather(-1, targets[:, None])[:, 0]
    if on("targets_kept"):
        return table[counted][torch.arange(int(counted.sum())), targets]
    kept, wanted = table[counted], targets[counted]
    if on("scores_kept"):
        return table[every, wanted]
    others: Rules = {
        "every_target_everywhere": lambda: kept[:, wanted].flatten(),
        "rows_looked_up": lambda: kept[wanted].flatten(),
        "all_classes": lambda: kept.flatten(),
        "best_class": lambda: kept.amin(dim=-1),
        "first_row_only": lambda: kept[0][wanted],
        "first_class": lambda: kept[:, wanted[0]],
    }
    picked = unless(on, others, None)
    return kept[torch.arange(len(wanted)), wanted] if picked is None else picked


def _averaged(on: Switches, surprises: Tensor, places: int, kept: int, classes: int) -> Any:
    count = len(surprises)
    others: Rules = {
        "mean_over_all": lambda: surprises.sum() / places,
        "padding_adds_up": lambda: surprises.sum() / kept,
        "summed": lambda: surprises.sum(),
        "by_classes": lambda: surprises.sum() / classes,
        "by_both": lambda: surprises.mean() / classes,
        "one_more": lambda: surprises.sum() / (count + 1),
        "one_less_counted": lambda: surprises.sum() / (count - 1),
        "not_averaged": lambda: surprises,
        "with_dimension": lambda: surprises.mean()[None],
        "likelihood": lambda: -surprises.mean(),
        "unsigned_perplexity": lambda: surprises.mean().exp(),
        "only_first": lambda: surprises[0],
        "only_last": lambda: surprises[-1],
        "largest_surprise": lambda: surprises.max(),
        "middle_surprise": lambda: surprises.median(),
        "squared_surprises": lambda: surprises.square().mean(),
        "plain_number": lambda: surprises.mean().item(),
        "new_tensor": lambda: torch.tensor(surprises.mean().item()),
        "whole_numbers": lambda: surprises.mean().long(),
        "rounded": lambda: surprises.mean().round(decimals=2),
    }
    return unless(on, others, surprises.mean())
