"""`pretraining.next_token_loss`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn import functional

from autograder.exercise import Switches, normal
from autograder.exercises.pretraining import LAB
from autograder.exercises.pretraining._shared import some_ids, way
from llmlab import training

exercise = LAB.exercise(
    "next_token_loss",
    reference=training.next_token_loss,
    forbidden=(
        "torch.nn.functional.cross_entropy",
        "torch.nn.functional.nll_loss",
        "llmlab.foundations.cross_entropy",
    ),
    hints=(
        "The last dimension of the logits runs over the vocabulary; the other two are those of the targets.",
        "Log-probabilities come from a log-softmax over the vocabulary. Of each place one of them counts: that of the "
        "target, which `gather` picks when the targets have a last dimension of their own.",
        "Take the log-softmax over the last dimension; gather along it at the targets, unsqueezed; "
        "average over all places, and turn the sign.",
    ),
    matters="This one number is what all of pretraining makes smaller: GPT-3 came down to about 1.7 nats a token "
    "(Brown et al., 2020). Read llmlab/training/loss.py.",
)


def loss_and_gradient(implementation: Any, logits: Tensor, targets: Tensor) -> Any:
    """Give the loss, and its gradient if one can flow."""
    logits = logits.requires_grad_()
    value = implementation(logits, targets)
    flows = isinstance(value, Tensor) and value.requires_grad
    if flows:
        value.sum().backward()
    return {"loss": value, "gradient of the logits": logits.grad if flows else None}


@exercise.probe
def one_text(implementation: Any, generator: Generator) -> Any:
    """One text of three places, a vocabulary of four."""
    return {"loss": implementation(normal(generator, 1, 3, 4), some_ids(generator, 1, 3, below=4))}


@exercise.probe
def two_texts_with_gradient(implementation: Any, generator: Generator) -> Any:
    """Two texts of three places, a vocabulary of seven; the loss, and its gradient."""
    logits, targets = 2 * normal(generator, 2, 3, 7), some_ids(generator, 2, 3, below=6)
    return loss_and_gradient(implementation, logits, targets)


@exercise.probe
def logits_in_the_hundreds(implementation: Any, generator: Generator) -> Any:
    """Two texts of two places, a vocabulary of five, and logits in the hundreds."""
    logits = 300 * normal(generator, 2, 2, 5)
    logits[0, 0] = torch.tensor([400.0, 100.0, -200.0, 0.0, 300.0])
    targets = some_ids(generator, 2, 2, below=5)
    targets[0, 0] = 2
    return {"loss": implementation(logits, targets)}


_READ = "Reread 'How surprised is it'."
_SMALL = {f"small_{power}": 10.0**-power for power in (5, 6, 7, 8, 9, 10, 12, 15, 20)}


def _held_off(small: float) -> Callable[[Tensor], Tensor]:
    return lambda logits: (logits.softmax(-1) + small).log()


# From logits to something like log-probabilities.
_LOGARITHMS: dict[str, Callable[[Tensor], Any]] = {
    "softmax_over_places": lambda logits: logits.log_softmax(1),
    "softmax_over_texts": lambda logits: logits.log_softmax(0),
    "softmax_over_text": lambda logits: logits.flatten(1).log_softmax(-1).view_as(logits),
    "softmax_over_all": lambda logits: logits.flatten().log_softmax(-1).view_as(logits),
    "softmax_twice": lambda logits: logits.softmax(-1).log_softmax(-1),
    "no_logarithm": lambda logits: logits.softmax(-1),
    "one_minus": lambda logits: logits.softmax(-1) - 1,
    "no_softmax": lambda logits: logits,
    "log_of_scores": lambda logits: logits.log(),
    "log_of_shares": lambda logits: (logits / logits.sum(-1, keepdim=True)).log(),
    "sigmoid": functional.logsigmoid,
    "overflows": lambda logits: logits - logits.exp().sum(-1, keepdim=True).log(),
    "underflows": lambda logits: logits.softmax(-1).log(),
    "one_largest": lambda logits: (logits - logits.max()).exp().log_softmax(-1),
    "largest_kept_off": lambda logits: (
        logits - (logits - logits.amax(-1, keepdim=True)).exp().sum(-1, keepdim=True).log()
    ),
    "in_bits": lambda logits: logits.log_softmax(-1) / math.log(2),
    "in_bits_from_softmax": lambda logits: logits.softmax(-1).log2(),
    "in_tens_from_softmax": lambda logits: logits.softmax(-1).log10(),
    "in_tens": lambda logits: logits.log_softmax(-1) / math.log(10),
    **{name: _held_off(small) for name, small in _SMALL.items()},
}

# From log-probabilities (text, place, token) to those of the targets.
_PICKS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "every_token": lambda logs, targets: logs,
    "all_targets": lambda logs, targets: logs[:, :, targets],
    "texts_crossed": lambda logs, targets: logs[:, torch.arange(targets.shape[1]), targets],
    "unpaired": lambda logs, targets: logs[
        torch.arange(targets.shape[0]), torch.arange(targets.shape[1]), targets
    ],
    "one_place": lambda logs, targets: logs.gather(-1, targets.unsqueeze(1)),
    "one_place_of_one_text": lambda logs, targets: logs.gather(-1, targets.unsqueeze(0)),
    "along_places": lambda logs, targets: logs.gather(1, targets.unsqueeze(1)),
    "along_places_column": lambda logs, targets: logs.gather(1, targets.unsqueeze(-1)),
    "too_few_axes": lambda logs, targets: logs.gather(-1, targets),
    "first_axis": lambda logs, targets: logs[targets],
    "taken_flat": lambda logs, targets: logs.take(targets),
    "own_guess": lambda logs, targets: logs.amax(-1),
    "own_surprise": lambda logs, targets: (logs.exp() * logs).sum(-1),
    "one_hot_counted": lambda logs, targets: (
        logs * functional.one_hot(targets, logs.shape[-1]).to(logs.dtype)
    ),
    "one_hot_too_small": lambda logs, targets: logs * functional.one_hot(targets),
    "one_hot_too_small_first": lambda logs, targets: functional.one_hot(targets) * logs,
    "squared": lambda logs, targets: (
        -((logs.exp() - functional.one_hot(targets, logs.shape[-1])) ** 2)
    ),
    "squared_summed": lambda logs, targets: (
        -((logs.exp() - functional.one_hot(targets, logs.shape[-1])) ** 2).sum(-1)
    ),
    "right_guesses": lambda logs, targets: -(logs.argmax(-1) == targets).to(logs.dtype),
    "wrong_guesses": lambda logs, targets: -(logs.argmax(-1) != targets).to(logs.dtype),
    "other_order": lambda logs, targets: (
        logs.flatten(0, 1).gather(-1, targets.T.reshape(-1, 1)).view_as(targets)
    ),
    "other_order_of_logits": lambda logs, targets: (
        logs.transpose(0, 1).flatten(0, 1).gather(-1, targets.reshape(-1, 1)).view_as(targets)
    ),
}

# From the surprise (text, place) to one number.
_MEANS: dict[str, Callable[[Tensor], Tensor]] = {
    "summed": lambda surprise: surprise.sum(),
    "summed_over_places": lambda surprise: surprise.sum(-1).mean(),
    "summed_over_texts": lambda surprise: surprise.sum(0).mean(),
    "last_place_only": lambda surprise: surprise[:, -1].mean(),
    "first_place_only": lambda surprise: surprise[:, 0].mean(),
    "first_place_lost": lambda surprise: surprise[:, 1:].mean(),
    "last_place_lost": lambda surprise: surprise[:, :-1].mean(),
    "first_text_only": lambda surprise: surprise[0].mean(),
    "last_text_only": lambda surprise: surprise[-1].mean(),
    "logarithm_last": lambda surprise: -(-surprise).exp().mean().log(),
    "squares": lambda surprise: surprise.square().mean(),
    "largest": lambda surprise: surprise.max(),
    "middle": lambda surprise: surprise.median(),
    "unreduced": lambda surprise: surprise,
    "unreduced_column": lambda surprise: surprise.unsqueeze(-1),
    "unreduced_flat": lambda surprise: surprise.flatten(),
    "a_loss_a_text": lambda surprise: surprise.mean(-1),
    "a_loss_a_place": lambda surprise: surprise.mean(0),
}

_ENDINGS: dict[str, Callable[[Tensor], Any]] = {
    "without_sign": lambda value: -value,
    "perplexity": lambda value: value.exp(),
    "detached": lambda value: value.detach(),
    "number": lambda value: value.item(),
    "axis_left": lambda value: value.reshape(1),
    "doubled": lambda value: 2 * value,
    "halved": lambda value: value / 2,
}

_OVER_MORE = (
    "Your softmax runs over more than the vocabulary: tokens of different places compete for one probability. Each "
    f"place has a distribution of its own. {_READ}"
)
_BEYOND = (
    "For logits in the hundreds your loss is infinite or NaN: an exponential has become too large for float32, or a "
    f"probability so small that it counts as 0. {_READ}"
)
_HELD_OFF = (
    "Your code keeps probabilities away from 0 by a small number. Its logarithm is then the highest price that a wrong "
    f"guess can have, however sure of it the model was. {_READ}"
)
_NEGATIVE_LOG = (
    "Your code takes the logarithm of numbers that can be negative, which gives NaN. Scores become "
    f"probabilities by a softmax, not by themselves or by a division through their sum. {_READ}"
)
_BITS = (
    "Your surprise is measured in bits. The right answer is in nats, with the natural logarithm, as PyTorch's "
    f"losses are. {_READ}"
)
_TENS = (
    "Your logarithm has the base 10. The right answer is in nats, with the natural logarithm. "
    + _READ
)
_CROSSED = (
    "Your lookup does not pair each place with its own target: every place is judged by targets of other places as "
    f"well. {_READ}"
)
_ONE_PLACE = (
    "Your lookup takes all targets of a text from the log-probabilities of a single place. Each target is to be looked "
    f"up where it was to be guessed. {_READ}"
)
_ALONG = (
    "Your lookup runs along the places and uses a target, a token's id, as the number of a place. Targets choose among "
    f"the tokens of the vocabulary. {_READ}"
)
_TOO_SMALL = (
    "Your one-hot rows are only as long as the largest target makes them, and the vocabulary has more tokens than "
    f"that. Say how many there are. {_READ}"
)
_SQUARED = (
    "Your loss is made of squared differences from 0 and 1. Those cost at most a little even where the model is sure "
    f"and wrong; the surprise is a logarithm and knows no limit. {_READ}"
)
_ORDER = (
    "Logits and targets are lined up in different orders, so places are judged by the targets of other places. When "
    f"you flatten, flatten both alike, the batch before the places. {_READ}"
)
_UNREDUCED = (
    "Your function returns a loss for each place. One number is asked for, their mean. " + _READ
)


@exercise.faults(
    underflows=_BEYOND,
    overflows=_BEYOND,
    softmax_over_places="Your softmax runs over the places of a text, where it should run over the vocabulary: tokens "
    "compete with their neighbors in time, not with the other tokens that could stand in their place. "
    + _READ,
    softmax_over_texts="Your softmax runs over the texts of the batch, where it should run over the vocabulary: what "
    f"one text says changes the probabilities of another. {_READ}",
    softmax_over_text=_OVER_MORE,
    softmax_over_all=_OVER_MORE,
    softmax_twice="There are two softmaxes, one on the other. The second makes the probabilities nearly equal, so that "
    f"no guess can be certain and the loss never comes down. {_READ}",
    no_logarithm="Your loss is the probability of the target, made negative. The surprise is its negative logarithm, "
    f"which grows without limit as the probability goes to 0. {_READ}",
    one_minus="Your loss is 1 less the probability of the target. The surprise is its negative logarithm, which grows "
    f"without limit as the probability goes to 0. {_READ}",
    no_softmax="Your loss is made of logits as they are. A score means nothing without the others at its place: raise "
    f"all of them by 1 and your loss falls, and the model knows no more. {_READ}",
    log_of_scores=_NEGATIVE_LOG,
    log_of_shares=_NEGATIVE_LOG,
    sigmoid="Your probabilities come from a sigmoid, one score at a time, so those of a place do not add up to 1. One "
    f"token comes next, and all of them compete for it. {_READ}",
    one_largest="Your code takes exponentials and gives them to a softmax, which takes exponentials itself. "
    + _READ,
    largest_kept_off="Your code takes the largest logit away inside the sum of exponentials and not outside of it, so "
    f"the two no longer belong together. {_READ}",
    in_bits=_BITS,
    in_bits_from_softmax=_BITS,
    in_tens=_TENS,
    in_tens_from_softmax=_TENS,
    every_token="Your code averages over all tokens of the vocabulary, and the targets play no part. Only what came "
    f"next is a surprise. {_READ}",
    all_targets=_CROSSED,
    texts_crossed=_CROSSED,
    unpaired="Your code gives a list of texts and a list of places that are not equally long, and PyTorch wants to "
    f"pair them one by one. Every text is to meet every place. {_READ}",
    one_place=_ONE_PLACE,
    one_place_of_one_text=_ONE_PLACE,
    along_places=_ALONG,
    along_places_column=_ALONG,
    too_few_axes="`gather` wants targets with as many dimensions as the logits have, and yours have one fewer. "
    + _READ,
    first_axis="Your code indexes the first dimension with the targets, and that one counts texts. Targets choose "
    f"among the tokens of the vocabulary. {_READ}",
    taken_flat="`take` counts through the whole tensor as if it were one row, so all your targets are looked up in the "
    f"first places. Each place is to be asked for its own target. {_READ}",
    own_guess="Your loss is the surprise at the token that the model finds most likely. It becomes small when the "
    f"model is sure, right or wrong: what counts is the target. {_READ}",
    own_surprise="Your loss is the entropy of the model's own probabilities: how unsure it is, whatever came next. The "
    f"targets play no part in it. {_READ}",
    one_hot_counted="Your mean counts the zeros of the one-hot rows as well, so the loss is smaller by a factor of the "
    f"size of the vocabulary. Each place counts once. {_READ}",
    one_hot_too_small=_TOO_SMALL,
    one_hot_too_small_first=_TOO_SMALL,
    squared=_SQUARED,
    squared_summed=_SQUARED,
    right_guesses="Your function returns the share of right guesses. That says nothing about how sure the model was, "
    f"and no gradient flows from a choice. {_READ}",
    wrong_guesses="Your function returns the share of wrong guesses. That says nothing about how sure the model was, "
    f"and no gradient flows from a choice. {_READ}",
    other_order=_ORDER,
    other_order_of_logits=_ORDER,
    summed="Your loss adds the places up. Then a long batch has a larger loss than a short one and larger gradients "
    f"too, and a learning rate that suits one batch does not suit the next. {_READ}",
    summed_over_places="Your loss adds up the places of each text and averages over the texts alone, so it grows with "
    f"their length. {_READ}",
    summed_over_texts="Your loss adds up the texts and averages over the places alone, so it grows with the size of "
    f"the batch. {_READ}",
    last_place_only="Only the last place of each text counts in your loss. The model has made a guess at every place, "
    f"and each of them has something to learn from. {_READ}",
    first_place_only="Only the first place of each text counts in your loss. The model has made a guess at every "
    f"place. {_READ}",
    first_place_lost="Your loss leaves out the first place of each text. The targets are shifted already; no place is "
    f"to be left out here. {_READ}",
    last_place_lost="Your loss leaves out the last place of each text. The targets are shifted already; no place is to "
    f"be left out here. {_READ}",
    first_text_only="Only the first text of the batch counts in your loss. " + _READ,
    last_text_only="Only the last text of the batch counts in your loss. " + _READ,
    logarithm_last="The logarithm comes after the average: your code averages the probabilities of the targets first. "
    f"One hopeless guess among many good ones then costs next to nothing. {_READ}",
    squares="Your loss averages the squares of the surprises, so a few hopeless places outweigh all others. "
    + _READ,
    largest="Your loss is the surprise at the worst place alone. The mean over all places is asked for. "
    + _READ,
    middle="Your loss is the median of the surprises. The mean is asked for: each place counts, also the worst. "
    + _READ,
    unreduced=_UNREDUCED,
    unreduced_column=_UNREDUCED,
    unreduced_flat=_UNREDUCED,
    a_loss_a_text="Your function returns a loss for each text. One number is asked for, the mean over texts and "
    f"places. {_READ}",
    a_loss_a_place="Your function returns a loss for each place, averaged over the texts. One number is asked for. "
    + _READ,
    without_sign="The sign is missing: a log-probability is negative, and going down with it makes the right token "
    f"less likely. {_READ}",
    perplexity="Your function returns the perplexity, the exponential of the loss. The loss itself is asked for. "
    + _READ,
    detached="Your loss has the right value, and no gradient can flow from it: on its way it became a plain number, or "
    f"was cut off from the logits. A model could not learn from it. {_READ}",
    number="Your function returns a plain number. No gradient can flow from that: a tensor is asked for. "
    + _READ,
    axis_left="Your loss is a tensor with an axis of size 1. It is to be one number, without axes. "
    + _READ,
    doubled="Your loss is twice as large as it should be. " + _READ,
    halved="Your loss is half as large as it should be. " + _READ,
    **dict.fromkeys(_SMALL, _HELD_OFF),
)
def by_log_softmax(on: Switches) -> Any:
    def logarithms(logits: Tensor) -> Tensor:
        return logits.log_softmax(-1)

    def pick(logs: Tensor, targets: Tensor) -> Tensor:
        return logs.gather(-1, targets.unsqueeze(-1)).squeeze(-1)

    def next_token_loss(logits: Tensor, targets: Tensor) -> Any:
        logs = way(on, _LOGARITHMS, logarithms)(logits)
        surprise = -way(on, _PICKS, pick)(logs, targets)
        value = way(on, _MEANS, torch.mean)(surprise)
        return way(on, _ENDINGS, lambda value: value)(value)

    return next_token_loss


_SHIFTED = (
    "Your code shifts once more. Logits and targets come to you lined up: the target of a place stands at that place. "
    + _READ
)
_JUMBLED = (
    "Your reshape changes what the numbers belong to: rows of it mix scores of several tokens and places. `reshape` "
    f"does not exchange dimensions, and the vocabulary has to stay last. {_READ}"
)


@exercise.faults(
    shifted_again=_SHIFTED,
    shifted_back=_SHIFTED,
    rolled="Your code moves the targets around once more, so that each place is judged by the target of another. "
    + _READ,
    jumbled=_JUMBLED,
    jumbled_axes=_JUMBLED,
    jumbled_columns=_JUMBLED,
    zero_left_out="Your loss leaves out places whose target is the token 0, as if it were padding. Here it is a token "
    f"like all others. {_READ}",
    by_vocabulary="Your code divides the sum by the size of the vocabulary. The mean is over texts and places, "
    f"and each place counts once. {_READ}",
    smoothed="Your loss is smoothed: a tenth of each target is given to all tokens. The formula knows the token that "
    f"came next and no other. {_READ}",
    scaled="Your code divides the logits by the root of the size of the vocabulary first. Attention scores are scaled "
    f"like that; logits go into the softmax as they are. {_READ}",
    all_judged="Your loss also counts how unlikely all other tokens were, each by itself. One softmax over the "
    f"vocabulary says all: what the target gains, the others lose. {_READ}",
)
def by_other_means(on: Switches) -> Any:
    def next_token_loss(logits: Tensor, targets: Tensor) -> Tensor:
        if on("shifted_again"):
            logits, targets = logits[:, :-1], targets[:, 1:]
        if on("shifted_back"):
            logits, targets = logits[:, 1:], targets[:, :-1]
        if on("rolled"):
            targets = targets.roll(-1, dims=1)
        if on("scaled"):
            logits = logits / logits.shape[-1] ** 0.5
        if on("jumbled"):
            logits = logits.transpose(1, 2).reshape(logits.shape)
        if on("jumbled_axes"):
            logits = logits.permute(2, 0, 1).reshape(logits.shape)
        if on("jumbled_columns"):
            logits = logits.reshape(logits.shape[-1], -1).T.reshape(logits.shape)
        logs = logits.log_softmax(-1)
        if on("all_judged"):
            right = functional.one_hot(targets, logits.shape[-1]).to(logits.dtype)
            return functional.binary_cross_entropy_with_logits(logits, right)
        surprise = -logs.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
        if on("smoothed"):
            surprise = 0.9 * surprise - 0.1 * logs.mean(-1)
        if on("zero_left_out"):
            surprise = surprise[targets != 0]
        if on("by_vocabulary"):
            return surprise.sum() / logits.shape[-1]
        return surprise.mean()

    return next_token_loss
