"""`data.minhash_signature`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches
from autograder.exercises.data import LAB
from llmlab import data
from llmlab.data import PRIME

exercise = LAB.exercise(
    "minhash_signature",
    reference=data.minhash_signature,
    matters="FineWeb (2024) kept 112 such numbers for each of its pages, whatever their length. Read "
    "llmlab/data/duplicates.py, and llmlab/data/minhash.py for the same at speed.",
    hints=(
        "Think of a table with one row a function and one column a shingle. What is its shape, and "
        "what becomes of a row?",
        "`multipliers[:, None]` is a column; a column times a row is the whole table.",
        "Multiply the column of multipliers by the numbers, add the column of offsets, take the "
        "remainder by PRIME, and then the minimum over the last dimension.",
    ),
)


def numbers_below(generator: Generator, count: int, least: int = 0, most: int = PRIME) -> Tensor:
    """Draw whole numbers."""
    return torch.randint(least, most, (count,), generator=generator)


def drawn_functions(implementation: Any, generator: Generator, shingles: int, hashes: int) -> Any:
    """Make the signature of so many shingles with so many functions, all of them drawn."""
    return implementation(
        numbers_below(generator, shingles),
        numbers_below(generator, hashes, 1),
        numbers_below(generator, hashes),
    )


@exercise.probe
def small_numbers(implementation: Any, generator: Generator) -> Any:
    """Four small numbers and three functions that you can compute by hand."""
    numbers = numbers_below(generator, 4, 1, 10)
    return implementation(numbers, torch.tensor([1, 2, 3]), torch.tensor([10, 0, 5]))


@exercise.probe
def five_functions(implementation: Any, generator: Generator) -> Any:
    """Seven shingles and five functions."""
    return drawn_functions(implementation, generator, 7, 5)


@exercise.probe
def as_many_as_shingles(implementation: Any, generator: Generator) -> Any:
    """Six shingles and six functions; one shingle; one function; and a shingle or a function that comes twice."""
    numbers, multipliers = numbers_below(generator, 6), numbers_below(generator, 6, 1)
    offsets = numbers_below(generator, 6)
    return [
        implementation(numbers, multipliers, offsets),
        implementation(numbers[:1], multipliers, offsets),
        implementation(numbers, multipliers[:1], offsets[:1]),
        implementation(numbers[[0, 3, 0]], multipliers[:2], offsets[:2]),
        implementation(numbers, multipliers[[1, 0, 1]], offsets[[1, 0, 1]]),
    ]


@exercise.probe
def around_the_prime(implementation: Any, generator: Generator) -> Any:
    """The smallest and the largest numbers, so that a value is just below the prime, or is the prime."""
    numbers = torch.tensor([PRIME - 1, PRIME - 2])
    multiplier = numbers_below(generator, 1, 2, 1000)
    return [
        implementation(numbers, torch.tensor([1, PRIME - 1]), torch.tensor([0, PRIME - 1])),
        implementation(numbers[:1], torch.tensor([1, 1]), torch.tensor([1, 0])),
        implementation(torch.tensor([0, PRIME - 1]), multiplier, torch.tensor([PRIME - 1])),
    ]


_AGAIN = "Reread 'A short signature'."
_OVER_FUNCTIONS = (
    "The smallest value is taken over the functions, so that there is one a shingle, and the signature "
    f"is as long as the text. It has one number a function. {_AGAIN}"
)
_NO_TABLE = (
    "Your code pairs the first number with the first function, the second with the second, and so on. Each function "
    f"is applied to *all* numbers: that is a table of two dimensions. {_AGAIN}"
)
_OFFSETS_ALONG = (
    "The offsets are laid along the shingles, not along the functions: each function adds its own to all of its "
    f"values. {_AGAIN}"
)
_ROUNDED = (
    "The large values are rounded: the products need 62 bits, and a floating-point number keeps 53 of them or fewer. "
    f"Whole numbers of 64 bits hold them. {_AGAIN}"
)
_NO_REMAINDER = (
    "The remainder is not taken, or only of the offset, since `%` comes before `+`. Without it a larger number always "
    "has a larger value, all functions choose the same shingle, and the signature says one thing many times. "
    f"{_AGAIN}"
)
_ONE_DECIDES = (
    "The smallest number decides for all functions: either it is found first, or the remainder is taken after the "
    "minimum. Then every place of the signature depends on the same shingle. Each function has to find its own. "
    f"{_AGAIN}"
)
_REDUCTIONS: dict[str, Callable[[Tensor], Any]] = {
    "over_the_functions": lambda table: table.amin(dim=0),
    "largest": lambda table: table.amax(dim=1),
    "places": lambda table: table.argmin(dim=1),
    "with_places": lambda table: table.min(dim=1),
    "smallest_of_all": lambda table: table.min(),
    "dimension_kept": lambda table: table.amin(dim=1, keepdim=True),
    "sums": lambda table: table.sum(dim=1),
    "means": lambda table: table.double().mean(dim=1),
    "medians": lambda table: table.median(dim=1).values,
    "first_values": lambda table: table[:, 0],
    "last_values": lambda table: table[:, -1],
    "whole_table": lambda table: table,
    "sorted_signature": lambda table: table.amin(dim=1).sort().values,
    "different_values": lambda table: table.amin(dim=1).unique(),
    "as_list": lambda table: table.amin(dim=1).tolist(),
    "as_set": lambda table: {*table.amin(dim=1).tolist()},
    "as_floats": lambda table: table.amin(dim=1).double(),
    "first_function": lambda table: table.amin(dim=1)[:1],
    "last_function_lost": lambda table: table.amin(dim=1)[:-1],
    "last_shingle_lost": lambda table: table[:, :-1].amin(dim=1),
    "first_shingle_lost": lambda table: table[:, 1:].amin(dim=1),
    "second_smallest": lambda table: table.sort(dim=1).values[:, min(1, table.shape[1] - 1)],
    "python_minimum": lambda table: min(table),
    "shares": lambda table: table.amin(dim=1) / PRIME,
}


def _values(on: Switches, numbers: Tensor, multipliers: Tensor, offsets: Tensor) -> Tensor:
    """Compute (a x + b) mod p, with the faults of the formula."""
    if on("single_precision"):
        return ((multipliers.float() * numbers + offsets) % PRIME).long()
    if on("double_precision"):
        return ((multipliers.double() * numbers + offsets) % PRIME).long()
    if on("half_the_bits"):
        return (multipliers.int() * numbers.int() + offsets.int()) % PRIME
    if on("offset_outside"):
        return multipliers * numbers % PRIME + offsets
    if on("offset_alone_reduced"):
        return multipliers * numbers + offsets % PRIME
    if on("offset_first"):
        return multipliers * (numbers + offsets) % PRIME
    product = numbers.expand(len(multipliers), -1) if on("no_multiplier") else multipliers * numbers
    total = product - offsets if on("subtracted") else product + (0 if on("no_offset") else offsets)
    if on("no_remainder") or on("late_remainder"):
        return total
    if on("divided"):
        return total // PRIME
    modulus = {
        "another_modulus": PRIME + 1,
        "power_of_two": 2**32,
        "one_less": PRIME - 1,
        "by_count": len(multipliers),
    }
    return total % next((number for name, number in modulus.items() if on(name)), PRIME)


@exercise.faults(
    over_the_functions=_OVER_FUNCTIONS,
    numbers_as_column=_OVER_FUNCTIONS,
    largest="The largest value is taken. That would work as well if everybody did it; two signatures can only "
    "be compared when both are made in the same way, and the way is the smallest. "
    f"{_AGAIN}",
    places="The signature holds the place of the shingle with the smallest value, and not the value. Places "
    f"depend on the order of the shingles, and another text has another one. {_AGAIN}",
    with_places="Your code returns the smallest values together with their places, as `min` does with a dimension. "
    f"Only the values are asked for. {_AGAIN}",
    smallest_of_all="Your code takes one smallest value over the whole table. Each function has its own. "
    f"{_AGAIN}",
    dimension_kept="Your signature has a second dimension, of size 1. It is asked for as (hashes,). "
    f"{_AGAIN}",
    sums="The values of each function are added up. Its smallest value is what two texts can have in common. "
    f"{_AGAIN}",
    means="The mean of each function's values is taken. Its smallest value is what two texts can have in common. "
    f"{_AGAIN}",
    medians="The median of each function's values is taken. Its smallest value is what two texts can have in common. "
    f"{_AGAIN}",
    first_values="Only the first shingle is used. Which one counts is for each function to say: the one with the "
    f"smallest value. {_AGAIN}",
    last_values="Only the last shingle is used. Which one counts is for each function to say: the one with the "
    f"smallest value. {_AGAIN}",
    whole_table="Your code returns the table of all values. Of each function the smallest one is asked for. "
    f"{_AGAIN}",
    sorted_signature="Your signature is sorted. Its places belong to the functions, in their order, or two signatures "
    f"could not be compared place by place. {_AGAIN}",
    different_values="Equal values of your signature are put together, and sorted. It has one number a function, in "
    f"their order. {_AGAIN}",
    as_list=f"Your signature is a list. A tensor is asked for. {_AGAIN}",
    as_set=f"Your signature is a set, which keeps no order. Its places belong to the functions. {_AGAIN}",
    as_floats="Your signature has real numbers. Whole numbers are asked for, so that equal ones are equal. "
    f"{_AGAIN}",
    first_function="Your signature has the first function's number alone. There is one for each function. "
    f"{_AGAIN}",
    last_function_lost=f"The number of the last function is missing from your signature. {_AGAIN}",
    last_shingle_lost=f"The last shingle is left out. Each of them may be the smallest. {_AGAIN}",
    first_shingle_lost=f"The first shingle is left out. Each of them may be the smallest. {_AGAIN}",
    second_smallest=f"The second smallest value is taken. The smallest is asked for. {_AGAIN}",
    python_minimum="Python's `min` compares whole rows of the table, and a row is neither smaller nor larger than "
    f"another. A minimum over a dimension is a tensor's own. {_AGAIN}",
    shares=f"Your values are divided by the prime. The remainders themselves are asked for. {_AGAIN}",
    no_remainder=_NO_REMAINDER,
    late_remainder=_ONE_DECIDES,
    offset_outside="The offset is added after the remainder, so values are larger than the prime allows. It belongs "
    f"inside. {_AGAIN}",
    offset_alone_reduced=_NO_REMAINDER,
    another_modulus="The remainder is taken by a number that is not the prime, one more or less, or a power of two. "
    f"{_AGAIN}",
    power_of_two="The remainder is taken by a number that is not the prime, one more or less, or a power of two. "
    f"{_AGAIN}",
    one_less="The remainder is taken by a number that is not the prime, one more or less, or a power of two. "
    f"{_AGAIN}",
    by_count=f"The remainder is taken by a small number, such as the number of functions. It is taken by the prime. "
    f"{_AGAIN}",
    divided="Your values are divided by the prime without a remainder being kept. `//` gives the quotient. "
    f"{_AGAIN}",
    no_offset=f"The offsets are not used. They are part of each function. {_AGAIN}",
    no_multiplier=f"The multipliers are not used. They are part of each function. {_AGAIN}",
    subtracted=f"The offset is taken away, where it should be added. {_AGAIN}",
    exchanged="Multipliers and offsets are exchanged: the numbers are multiplied by the offset, and the multiplier is "
    f"added. {_AGAIN}",
    offset_first="The offset is added to the number before it is multiplied. The function multiplies first. "
    f"{_AGAIN}",
    first_multiplier=f"The first multiplier is used for all functions. Each has its own. {_AGAIN}",
    first_offset=f"The first offset is used for all functions. Each has its own. {_AGAIN}",
    smallest_first=_ONE_DECIDES,
    largest_first="The largest shingle is found first, and the functions are applied to it alone. Each function has to "
    f"find its own. {_AGAIN}",
    no_table=_NO_TABLE,
    no_table_smallest=_NO_TABLE,
    offsets_along=_OFFSETS_ALONG,
    offsets_along_columns=_OFFSETS_ALONG,
    single_precision=_ROUNDED,
    double_precision=_ROUNDED,
    half_the_bits="The values overflow: whole numbers of 32 bits cannot hold the products. Keep the 64 bits that the "
    f"tensors come with. {_AGAIN}",
    shingle_itself="The signature holds the shingle whose value is smallest. The value itself is asked for. "
    f"{_AGAIN}",
)
def signing(on: Switches) -> Any:
    """Make the table, and reduce it, with the faults of both."""

    def table(numbers: Tensor, multipliers: Tensor, offsets: Tensor) -> Tensor:
        if on("exchanged"):
            multipliers, offsets = offsets, multipliers
        if on("first_multiplier"):
            multipliers = multipliers[:1].expand_as(offsets)
        if on("first_offset"):
            offsets = offsets[:1].expand_as(multipliers)
        column, other = multipliers[:, None], offsets[:, None]
        if on("offsets_along"):
            other = offsets
        return _values(on, numbers, column, other)

    def minhash_signature(numbers: Tensor, multipliers: Tensor, offsets: Tensor) -> Any:
        if on("smallest_first"):
            return (multipliers * numbers.min() + offsets) % PRIME
        if on("largest_first"):
            return (multipliers * numbers.max() + offsets) % PRIME
        if on("no_table"):
            return (multipliers * numbers + offsets) % PRIME
        if on("no_table_smallest"):
            return ((multipliers * numbers + offsets) % PRIME).min()
        if on("numbers_as_column"):
            return ((numbers[:, None] * multipliers + offsets) % PRIME).amin(dim=1)
        if on("offsets_along_columns"):
            return ((numbers[:, None] * multipliers + offsets[:, None]) % PRIME).amin(dim=0)
        values = table(numbers, multipliers, offsets)
        if on("shingle_itself"):
            return numbers[values.argmin(dim=1)]
        reduce = next((one for name, one in _REDUCTIONS.items() if on(name)), None)
        found = reduce(values) if reduce else values.amin(dim=1)
        return found % PRIME if on("late_remainder") else found

    return minhash_signature
