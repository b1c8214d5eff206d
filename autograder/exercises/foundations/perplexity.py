"""`foundations.perplexity`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches
from autograder.exercises.foundations import LAB
from autograder.exercises.foundations._shared import Rules
from llmlab import foundations

exercise = LAB.exercise(
    "perplexity",
    reference=foundations.perplexity,
    hints=(
        "Check with four equally likely tokens: every logarithm is that of 1/4, and the answer is 4.",
        "From the inside out: the average, its sign, and what undoes the natural logarithm.",
        "Average the logarithms, change the sign, and take the exponential.",
    ),
    matters="GPT-2 was reported by it: 35.8 a word on the Penn Treebank without having been trained on it (2019). "
    "Read llmlab/foundations/information.py.",
)


def _number(found: Any) -> Any:
    """Accept one number as a tensor or a Python number, in any shape of one entry."""
    return float(found) if isinstance(found, Tensor) and found.numel() == 1 else found


@exercise.probe
def three_tokens(implementation: Any, generator: Generator) -> Any:
    """Three tokens that had the probabilities 0.5, 0.25 and 0.1."""
    return _number(implementation(torch.tensor([0.5, 0.25, 0.1]).log()))


@exercise.probe
def five_tokens(implementation: Any, generator: Generator) -> Any:
    """Five tokens with random probabilities."""
    return _number(implementation(torch.rand(5, generator=generator).clamp_min(0.05).log()))


@exercise.probe
def one_token(implementation: Any, generator: Generator) -> Any:
    """A single token that had the probability 0.3."""
    return _number(implementation(torch.tensor([0.3]).log()))


@exercise.probe
def certain(implementation: Any, generator: Generator) -> Any:
    """Four tokens that were certain: each had the probability 1."""
    return _number(implementation(torch.zeros(4)))


@exercise.probe
def long_text(implementation: Any, generator: Generator) -> Any:
    """A text of 1000 tokens with random probabilities."""
    return _number(implementation(torch.rand(1000, generator=generator).clamp_min(0.01).log()))


_HOW = "Reread 'How many choices?'."


@exercise.faults(
    base_two="Your code raises 2 to the average, and the average is in nats. What undoes a natural logarithm "
    f"has the base e; 2 belongs to bits. {_HOW}",
    base_ten="Your code raises 10 to the average, and the average is in nats. What undoes a natural logarithm "
    f"has the base e. {_HOW}",
    bits_then_e="Your code turns the average into bits and then raises e to it. Bits belong to the base 2, nats "
    f"to the base e. {_HOW}",
    nats_twice="Your code multiplies by log 2 an average that is in nats already. " + _HOW,
    of_the_whole_text="Your code adds the surprises up, so a longer text is more perplexing whatever it says. "
    f"Perplexity is that of one token. {_HOW}",
    below_one="Your perplexity is at most 1: it is one over the number of choices. A number of choices is at "
    f"least 1. {_HOW}",
    mean_of_inverses="Your code takes the exponential before the average. One unlikely token then outweighs all "
    f"others; the average is that of the surprises. {_HOW}",
    inverse_of_mean="Your code averages the probabilities. Probabilities of a text multiply, so their logarithms are "
    f"what is averaged. {_HOW}",
    mean_of_probabilities="Your code returns the average probability of a token. Averaged are the surprises, and "
    f"what comes out is a number of choices. {_HOW}",
    still_a_loss="Your code returns the average surprise itself, the loss. Perplexity turns it back into a number "
    f"of choices. {_HOW}",
    average_logarithm="Your code returns the average logarithm itself, which is negative. Perplexity turns it "
    f"into a number of choices. {_HOW}",
    in_bits="Your code returns the average surprise in bits. Perplexity is a number of choices. "
    + _HOW,
    sign_outside="Your perplexity is negative: the sign was changed after the exponential. " + _HOW,
    divided_outside="Your code divides by the number of tokens after the exponential. Averaged are the surprises, "
    "before it. " + _HOW,
    one_less="Your code divides by one less than the number of tokens. " + _HOW,
    one_more="Your code divides by one more than the number of tokens. " + _HOW,
    by_three="Your code divides by 3, whatever the text is. The worked example has three tokens; other texts have "
    "more. " + _HOW,
    by_root="Your code divides by the root of the number of tokens. " + _HOW,
    middle="Your code takes the median of the surprises. Perplexity comes from their average. "
    + _HOW,
    worst="Your code takes the largest surprise. Perplexity comes from their average. " + _HOW,
    best="Your code takes the smallest surprise. Perplexity comes from their average. " + _HOW,
    first_token="Your code looks at the first token alone. Perplexity comes from the average over all. "
    + _HOW,
    last_token="Your code looks at the last token alone. Perplexity comes from the average over all. "
    + _HOW,
    each_token="Your code returns a number for each token. Perplexity is one number, from their average surprise. "
    + _HOW,
    weighted="Your code weighs each surprise by its probability, as an entropy does. The tokens came already: "
    f"each counts once. {_HOW}",
    weighted_mean="Your code weighs each surprise by its probability, as an entropy does, and averages. The "
    f"tokens came already: each counts once. {_HOW}",
    logarithm_again="Your code takes the logarithm of what is a logarithm already. " + _HOW,
    rounded="Your code rounds the number of choices. It need not be whole. " + _HOW,
    one_off="Your perplexity is 1 off. A text that was certain has the perplexity 1. " + _HOW,
    squared="Your code squares the surprises. Their average is taken as they are. " + _HOW,
    softmax_first="Your code takes the logarithms for scores and shares 1 out among the tokens of the text. They are "
    f"logarithms of probabilities as they stand. {_HOW}",
    inverse_average="Your code divides 1 by the average surprise. What undoes a logarithm is the exponential. "
    + _HOW,
)
def by_average(on: Switches) -> Any:
    def perplexity(log_probabilities: Tensor) -> Any:
        for name, compute in _OTHERWISE.items():
            if on(name):
                return compute(log_probabilities)
        return (-log_probabilities.mean()).exp()

    return perplexity


_OTHERWISE: Rules = {
    "base_two": lambda logs: 2.0 ** -logs.mean(),
    "base_ten": lambda logs: 10.0 ** -logs.mean(),
    "bits_then_e": lambda logs: (-logs.mean() / math.log(2)).exp(),
    "nats_twice": lambda logs: (-logs.mean() * math.log(2) ** 2).exp(),
    "of_the_whole_text": lambda logs: (-logs.sum()).exp(),
    "below_one": lambda logs: logs.mean().exp(),
    "mean_of_inverses": lambda logs: (-logs).exp().mean(),
    "inverse_of_mean": lambda logs: 1 / logs.exp().mean(),
    "mean_of_probabilities": lambda logs: logs.exp().mean(),
    "still_a_loss": lambda logs: -logs.mean(),
    "average_logarithm": lambda logs: logs.mean(),
    "in_bits": lambda logs: -logs.mean() / math.log(2),
    "sign_outside": lambda logs: -logs.mean().exp(),
    "divided_outside": lambda logs: (-logs.sum()).exp() / len(logs),
    "one_less": lambda logs: (-logs.sum() / (len(logs) - 1)).exp(),
    "one_more": lambda logs: (-logs.sum() / (len(logs) + 1)).exp(),
    "by_three": lambda logs: (-logs.sum() / 3).exp(),
    "by_root": lambda logs: (-logs.sum() / len(logs) ** 0.5).exp(),
    "middle": lambda logs: (-logs).median().exp(),
    "worst": lambda logs: (-logs).max().exp(),
    "best": lambda logs: (-logs).min().exp(),
    "first_token": lambda logs: (-logs[0]).exp(),
    "last_token": lambda logs: (-logs[-1]).exp(),
    "each_token": lambda logs: (-logs).exp(),
    "weighted": lambda logs: (-(logs.exp() * logs).sum()).exp(),
    "weighted_mean": lambda logs: (-(logs.exp() * logs).mean()).exp(),
    "logarithm_again": lambda logs: (-logs.log().mean()).exp(),
    "rounded": lambda logs: (-logs.mean()).exp().round(),
    "one_off": lambda logs: (-logs.mean()).exp() - 1,
    "squared": lambda logs: logs.square().mean().exp(),
    "softmax_first": lambda logs: (-logs.log_softmax(dim=-1).mean()).exp(),
    "inverse_average": lambda logs: -1 / logs.mean(),
}

_PRODUCT = (
    "Your code goes by the probability of the whole text, the product of all. For a long text it is rounded to 0, "
    f"or its inverse to infinity, and the root with it. Stay with logarithms, which add. {_HOW}"
)


@exercise.misconception(_PRODUCT)
def product_vanishes(log_probabilities: Tensor) -> Tensor:
    return log_probabilities.exp().prod() ** (-1 / log_probabilities.numel())


@exercise.misconception(_PRODUCT)
def product_in_double(log_probabilities: Tensor) -> float:
    return float(math.prod(math.exp(one) for one in log_probabilities.tolist())) ** (
        -1 / len(log_probabilities)
    )
