"""`attention.sinusoidal_positions`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches
from autograder.exercises.attention import LAB
from autograder.exercises.attention._shared import chosen
from llmlab import model

exercise = LAB.exercise(
    "sinusoidal_positions",
    reference=model.sinusoidal_positions,
    matters="Llama 3 (2024) turns its queries and keys by angles made in this way, with 500,000 in the place of "
    "10,000, so that longer texts fit. Read llmlab/model/positions.py.",
    hints=(
        "Look at the formula: which part depends on the position, and which on the dimension?",
        "Make the vector of frequencies first, one for each pair of dimensions, and multiply each "
        "position by each frequency. Sine goes to the even dimensions and cosine to the odd ones.",
        "Start from a tensor of zeros of the final shape; assign the sines of the angles to every "
        "second column from column 0 on, and the cosines to every second column from column 1 on.",
    ),
)


@exercise.probe
def small_positions(implementation: Any, generator: Generator) -> Any:
    """Four positions, vectors of 6."""
    return implementation(4, 6)


@exercise.probe
def long_positions(implementation: Any, generator: Generator) -> Any:
    """Forty positions, vectors of 32."""
    return implementation(40, 32)


@exercise.probe
def smallest(implementation: Any, generator: Generator) -> Any:
    """One position with a vector of 8, then five positions with a single pair of dimensions."""
    return {"one position": implementation(1, 8), "a single pair": implementation(5, 2)}


_HALVES = (
    "Your sines fill the first half of each vector and your cosines the second. In Vaswani et al. they alternate: even "
    "dimensions are sines, odd ones cosines. Both work in a model, but this lab checks the paper's order. Reread "
    "'Waves for positions'."
)
_LAST_EXPONENT = (
    "Your exponents reach 1 at the last pair. The formula divides by the number of dimensions, so that they end "
    "just before 1; and with a single pair yours has to divide by 0, or begins and ends at once. Reread 'Waves for "
    "positions'."
)
_ONE_FREQUENCY = (
    "All your waves turn equally fast: the exponent is 0 in every pair. Either it is rounded to a whole number, or it "
    "does not reach the angle. Reread 'Waves for positions'."
)
_OTHER_BASE = (
    "Your pairs slow down in even steps, as they should, and not at the rate of the formula: another number is raised "
    "to the power. Reread 'Waves for positions'."
)
_KIND = (
    "Your numbers are right, and they come in another container than a tensor: a list, say, or NumPy's array. Return "
    "one tensor of shape (length, model_dim). Reread 'Waves for positions'."
)


def _pairs(dim: int) -> Tensor:
    return torch.arange(0, dim, 2)


_FREQUENCIES: dict[str, Any] = {
    "counts_pairs": lambda length, dim: 10_000 ** -(torch.arange(dim // 2) / dim),
    "twice_the_exponent": lambda length, dim: 10_000 ** -(2 * _pairs(dim) / dim),
    "last_is_one": lambda length, dim: 10_000 ** -torch.linspace(0, 1, dim // 2),
    "last_is_one_divided": lambda length, dim: 10_000 ** -(torch.arange(dim // 2) / (dim // 2 - 1)),
    "whole_exponent": lambda length, dim: 10_000.0 ** -(_pairs(dim) // dim),
    "second_pair_first": lambda length, dim: 10_000 ** -((_pairs(dim) + 2) / dim),
    "odd_exponents": lambda length, dim: 10_000 ** -((_pairs(dim) + 1) / dim),
    "exponent_by_length": lambda length, dim: 10_000 ** -(_pairs(dim) / length),
    "not_divided_by_size": lambda length, dim: 10_000.0 ** -_pairs(dim),
    "growing": lambda length, dim: 10_000 ** (_pairs(dim) / dim),
    "slowest_first": lambda length, dim: (10_000 ** -(_pairs(dim) / dim)).flip(0),
    "base_1000": lambda length, dim: 1_000 ** -(_pairs(dim) / dim),
    "base_100000": lambda length, dim: 100_000 ** -(_pairs(dim) / dim),
    "base_500000": lambda length, dim: 500_000 ** -(_pairs(dim) / dim),
    "base_million": lambda length, dim: 1_000_000 ** -(_pairs(dim) / dim),
    "base_two": lambda length, dim: 2 ** -(_pairs(dim) / dim),
    "base_e": lambda length, dim: torch.exp(-(_pairs(dim) / dim)),
    "without_base": lambda length, dim: 1 / (1 + _pairs(dim) / dim),
    "full_turns": lambda length, dim: 2 * math.pi * 10_000 ** -(_pairs(dim) / dim),
    "degrees": lambda length, dim: math.pi / 180 * 10_000 ** -(_pairs(dim) / dim),
    "slower_by_length": lambda length, dim: 10_000 ** -(_pairs(dim) / dim) / length,
}
_ANGLES: dict[str, Any] = {
    "from_one": lambda length, frequencies: torch.arange(1, length + 1)[:, None] * frequencies,
    "one_too_many": lambda length, frequencies: torch.arange(length + 1)[:, None] * frequencies,
    "one_too_few": lambda length, frequencies: torch.arange(length - 1)[:, None] * frequencies,
    "backwards": lambda length, frequencies: (
        torch.arange(length - 1, -1, -1)[:, None] * frequencies
    ),
    "negative": lambda length, frequencies: -torch.arange(length)[:, None] * frequencies,
    "whole_angles": lambda length, frequencies: torch.arange(length)[:, None] // (1 / frequencies),
    "added": lambda length, frequencies: torch.arange(length)[:, None] + frequencies,
    "power_of_all": lambda length, frequencies: (
        (torch.arange(length)[:, None] / 10_000)
        ** (_pairs(2 * len(frequencies)) / (2 * len(frequencies)))
    ),
}
_WAVES: dict[str, Any] = {
    "halves": lambda angles: torch.cat([angles.sin(), angles.cos()], dim=-1),
    "cosine_half_first": lambda angles: torch.cat([angles.cos(), angles.sin()], dim=-1),
    "cosine_first": lambda angles: torch.stack([angles.cos(), angles.sin()], dim=-1).flatten(-2),
    "all_sines_first": lambda angles: torch.stack([angles.sin(), angles.cos()]).reshape(
        len(angles), -1
    ),
    "sines_only": lambda angles: angles.sin().repeat_interleave(2, dim=-1),
    "cosines_only": lambda angles: angles.cos().repeat_interleave(2, dim=-1),
    "odd_left_zero": lambda angles: torch.stack([angles.sin(), 0 * angles], dim=-1).flatten(-2),
    "even_left_zero": lambda angles: torch.stack([0 * angles, angles.cos()], dim=-1).flatten(-2),
    "half_the_size": lambda angles: angles.sin(),
    "angles_themselves": lambda angles: angles.repeat_interleave(2, dim=-1),
    "pairs_apart": lambda angles: torch.stack([angles.sin(), angles.cos()], dim=-1),
}
_ENDS: dict[str, Any] = {
    "transposed": lambda waves: waves.T,
    "batched": lambda waves: waves.unsqueeze(0),
    "batched_in_the_middle": lambda waves: waves.unsqueeze(1),
    "list_of_lists": lambda waves: waves.tolist(),
    "numpy_array": lambda waves: waves.numpy(),
    "first_row_zero": lambda waves: torch.cat([torch.zeros_like(waves[:1]), waves[1:]]),
    "whole_numbers": lambda waves: waves.long(),
    "of_length_one": lambda waves: waves / waves.norm(dim=-1, keepdim=True),
    "shrunk": lambda waves: waves / math.sqrt(waves.shape[-1]),
}


def _own_frequencies(length: int, dim: int) -> Tensor:
    angles = torch.arange(length)[:, None] * 10_000 ** -(torch.arange(dim) / dim)
    return torch.where(torch.arange(dim) % 2 == 1, angles.cos(), angles.sin())


def _own_exponents(length: int, dim: int) -> Tensor:
    places = torch.arange(length)[:, None]
    sines = (places * 10_000 ** -(2 * _pairs(dim) / dim)).sin()
    cosines = (places * 10_000 ** -(2 * (_pairs(dim) + 1) / dim)).cos()
    return torch.stack([sines, cosines], dim=-1).flatten(-2)


def _amplitudes(length: int, dim: int) -> Tensor:
    places = torch.arange(length)[:, None].float()
    pairs = torch.stack([places.sin(), places.cos()], dim=-1)
    return (pairs * 10_000 ** -(_pairs(dim) / dim)[:, None]).flatten(-2)


@exercise.faults(
    counts_pairs="Your exponent grows half as fast as the formula's and stops at a half, so the slowest waves are too "
    "fast: either it counts pairs where the formula counts dimensions, or the power is one of 100. Reread 'Waves for "
    "positions'.",
    twice_the_exponent="Your exponent grows twice as fast as the formula's and ends near 2, so the slowest waves stand "
    "still. Reread 'Waves for positions'.",
    last_is_one=_LAST_EXPONENT,
    last_is_one_divided=_LAST_EXPONENT,
    whole_exponent=_ONE_FREQUENCY,
    second_pair_first="Your first pair has the frequency of the second one, and so on: i begins at 1. It begins at 0, "
    "where the frequency is 1. Reread 'Waves for positions'.",
    odd_exponents="Your exponents are those of the odd dimensions: the first pair does not turn by 1 for each place. A "
    "pair has one exponent, that of its even dimension. Reread 'Waves for positions'.",
    exponent_by_length="Your exponent is divided by the number of positions. Then the waves of a place would change "
    "with the length of the text. Reread 'Waves for positions'.",
    not_divided_by_size="Your exponent is not divided by the length of the vector, and so large that all pairs but the "
    "first stand still. Reread 'Waves for positions'.",
    growing="Your waves turn faster from pair to pair, where they should turn more slowly: the power multiplies the "
    "position, and the formula divides by it. Reread 'Waves for positions'.",
    slowest_first="Your frequencies come in reverse order: the first pair turns most slowly. Reread 'Waves for "
    "positions'.",
    base_1000=_OTHER_BASE,
    base_100000=_OTHER_BASE,
    base_500000=_OTHER_BASE,
    base_million=_OTHER_BASE,
    base_two=_OTHER_BASE,
    base_e=_OTHER_BASE,
    without_base="Your frequencies go down to about a half only, without any power. In the formula each pair is slower "
    "than the one before by the same factor. Reread 'Waves for positions'.",
    full_turns="Your angles are multiplied by 2π: then the first pair goes once round for each place and is the "
    "same at all of them. Reread 'Waves for positions'.",
    degrees="Your angles are turned from degrees into radians. In the formula they are radians already, and a place "
    "turns the first pair by 1. Reread 'Waves for positions'.",
    slower_by_length="Your angles are divided by the number of positions. Then the vector of a place would change with "
    "the length of the text. Reread 'Waves for positions'.",
    from_one="Your positions start at 1. The first token stands at position 0, where all sines are 0 and all cosines "
    "are 1. Reread 'Waves for positions'.",
    one_too_many="There is a position too many: the places run from 0 to length - 1. Reread 'Waves for positions'.",
    one_too_few="The last position is missing: the places run from 0 to length - 1. Reread 'Waves for positions'.",
    backwards="Your positions run backwards: the last token stands at 0. Reread 'Waves for positions'.",
    negative="Your sines have the opposite sign: the angles are negative. Your circles turn the other way. Reread "
    "'Waves for positions'.",
    whole_angles="Your angles are whole numbers: the division cuts the fraction off. Slow waves stand still for "
    "many places and then jump. Reread 'Waves for positions'.",
    added="Your angles are sums of position and frequency: then all waves turn equally fast, from different places. "
    "Reread 'Waves for positions'.",
    power_of_all="In your code the power is taken of the whole quotient, position included. In the formula it is taken "
    "of 10,000 alone. Reread 'Waves for positions'.",
    halves=_HALVES,
    cosine_half_first="Your cosines fill the first half of each vector and your sines the second. In the formula they "
    "alternate, and the sine comes first. Reread 'Waves for positions'.",
    cosine_first="Your cosines are in the even dimensions and your sines in the odd ones: the two are exchanged. "
    "Reread 'Waves for positions'.",
    all_sines_first="Your first rows hold sines only and your last rows cosines only. Each position needs both in its "
    "own row, side by side. Reread 'Waves for positions'.",
    sines_only="Each pair of yours is the same sine twice. With a cosine beside it, a pair is a point on a circle. "
    "Reread 'Waves for positions'.",
    cosines_only="Each pair of yours is the same cosine twice. With a sine beside it, a pair is a point on a circle. "
    "Reread 'Waves for positions'.",
    odd_left_zero="Your sines are right and the odd dimensions are still 0. Reread 'Waves for positions'.",
    even_left_zero="Your cosines are right and the even dimensions are still 0. Reread 'Waves for positions'.",
    half_the_size="Your vectors have the sines only and half the length. A vector of model_dim numbers has model_dim / "
    "2 pairs of two. Reread 'Waves for positions'.",
    angles_themselves="Your vectors hold the angles, and no sine or cosine of them. They grow with the position "
    "without end. Reread 'Waves for positions'.",
    pairs_apart="Your pairs have a dimension of their own: the result has three. Put them side by side in one vector. "
    "Reread 'Waves for positions'.",
    transposed="Your result is turned round: one row a dimension. It needs one row a position. Reread 'Waves for "
    "positions'.",
    batched="Your result has a third dimension, of size 1. Two are asked for: (length, model_dim). Reread 'Waves for "
    "positions'.",
    batched_in_the_middle="Your result has a third dimension, of size 1, between its two. Some code on the web keeps "
    "it for a batch; here (length, model_dim) is asked for. Reread 'Waves for positions'.",
    list_of_lists=_KIND,
    numpy_array=_KIND,
    first_row_zero="Your first row is all zeros. Position 0 has waves like any other: sines of 0 and cosines of 1. "
    "Reread 'Waves for positions'.",
    whole_numbers="Your numbers are whole: between -1 and 1 nothing of the waves is left. Reread 'Waves for "
    "positions'.",
    of_length_one="Your vectors are divided by their own length. The waves are asked for as they are, between -1 "
    "and 1. Reread 'Waves for positions'.",
    shrunk="Your waves are divided by the root of the vectors' length. They are asked for as they are, between -1 and "
    "1. Reread 'Waves for positions'.",
    own_frequencies="Each dimension of yours has a frequency of its own. A sine and the cosine beside it share one: "
    "that is what makes a shift in position a rotation of the pair. Reread 'Waves for positions'.",
    own_exponents="Your exponents are twice too large, and a cosine has another one than the sine beside it, as in "
    "some code on the web: i counts pairs in the formula, and a pair shares one. Reread 'Waves for positions'.",
    amplitudes="Your power divides the sine, and not the angle inside it: all waves turn equally fast, and the later "
    "ones are flat. Reread 'Waves for positions'.",
)
def faulty(on: Switches) -> Any:
    """Frequencies, angles, waves, and what is done to them."""

    def sinusoidal_positions(length: int, model_dim: int) -> Any:
        if on("own_frequencies"):
            return _own_frequencies(length, model_dim)
        if on("own_exponents"):
            return _own_exponents(length, model_dim)
        if on("amplitudes"):
            return _amplitudes(length, model_dim)
        rule = chosen(on, lambda length, dim: 10_000 ** -(_pairs(dim) / dim), _FREQUENCIES)
        frequencies = rule(length, model_dim)
        turn = chosen(on, lambda length, slow: torch.arange(length)[:, None] * slow, _ANGLES)
        angles = turn(length, frequencies)
        waves = chosen(
            on,
            lambda angles: torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2),
            _WAVES,
        )(angles)
        return chosen(on, lambda waves: waves, _ENDS)(waves)

    return sinusoidal_positions
