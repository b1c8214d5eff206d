"""`learning.split_examples`: its probes, and what people get wrong about it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches
from autograder.exercises.learning import LAB
from llmlab import foundations

exercise = LAB.exercise(
    "split_examples",
    reference=foundations.split_examples,
    hints=(
        "Think of a deck of cards: shuffle once, then deal three piles.",
        "What is shuffled are places, not examples: one random order of the numbers 0 to n - 1, "
        "with which inputs and targets are indexed alike.",
        "Draw a permutation with the generator; its first tenth are the places of the test set, "
        "the second tenth those of the validation set, and the rest those of the training set; "
        "index both tensors with each.",
    ),
    matters="GPT-3's authors could not afford to train again when a bug had left parts of test sets in the training "
    "text (2020); they had to report which results it touched. Read llmlab/foundations/supervised.py.",
)

_SETS = ("training", "validation", "test")


def _kind(part: Any) -> str:
    if isinstance(part, Tensor):
        return "a tensor"
    if isinstance(part, (list, tuple)):
        return f"{len(part)}: {', '.join('tensor' if isinstance(one, Tensor) else 'other' for one in part)}"
    return "something else"


def examined(result: Any, inputs: Tensor, targets: Tensor) -> dict[str, Any]:
    """Say what holds of three sets, whatever order they were drawn in.

    Args:
        result: What the answer returned.
        inputs: Examples whose rows differ from each other.
        targets: The target of each, which differ too.
    """
    result = list(result)
    kinds = [_kind(part) for part in result]
    if kinds != ["2: tensor, tensor"] * 3:
        return {"number of sets": len(kinds), "contents of each set": kinds}
    rows, answers = inputs.tolist(), targets.tolist()
    places = [
        [rows.index(row) if row in rows else -1 for row in part[0].tolist()] for part in result
    ]
    theirs = [
        [answers.index(one) if one in answers else -1 for one in part[1].tolist()]
        for part in result
    ]
    found: dict[str, Any] = {
        "sizes of the sets": [[len(one), len(two)] for one, two in result],
        "inputs have their own targets": places == theirs,
    }
    for one, two in itertools.combinations(range(3), 2):
        shared = bool(set(places[one]) & set(places[two]))
        found[f"{_SETS[one]} and {_SETS[two]} share examples"] = shared
    found["examples in no set"] = bool(set(range(len(rows))) - set().union(*places))
    found["examples twice in a set"] = any(len(set(one)) < len(one) for one in places)
    found["targets in no set"] = bool(set(range(len(rows))) - set().union(*theirs))
    return found


@exercise.probe
def ten_numbers(implementation: Any, generator: Generator) -> Any:
    """The ten inputs 0, 0.5, 1 and so on, with three times the input plus 7 as the target of each."""
    inputs = torch.arange(10) / 2
    return examined(implementation(inputs, 3 * inputs + 7, generator), inputs, 3 * inputs + 7)


@exercise.probe
def twenty_three_numbers(implementation: Any, generator: Generator) -> Any:
    """The inputs 0 to 22, with the targets 100 to 122."""
    inputs = torch.arange(23)
    return examined(implementation(inputs, inputs + 100, generator), inputs, inputs + 100)


@exercise.probe
def rows_and_sums(implementation: Any, generator: Generator) -> Any:
    """The 38 inputs [0, 2], [1, 3], [2, 4] and so on, with the sum of each as its target."""
    inputs = torch.stack([torch.arange(38), torch.arange(38) + 2], dim=1)
    targets = inputs.sum(dim=1)
    return examined(implementation(inputs, targets, generator), inputs, targets)


def mixed(result: Any) -> list[list[bool]]:
    """Say of inputs and targets of each set whether they are anything but a run of neighbors."""
    tensors = [[part] if isinstance(part, Tensor) else list(part) for part in result]
    return [
        [bool((torch.as_tensor(one).sort().values.diff() != 1).any()) for one in part]
        for part in tensors
    ]


@exercise.probe
def a_hundred_in_order(implementation: Any, generator: Generator) -> Any:
    """The inputs 0 to 99, in order, with the targets 100 to 199."""
    inputs = torch.arange(100)
    return {"mixed sets": mixed(implementation(inputs, inputs + 100, generator))}


def repeated(implementation: Any, generator: Generator, count: int) -> dict[str, bool]:
    """Split three times: twice with the same seed, and once with another."""
    inputs = torch.arange(count)
    seed = int(torch.randint(1000, (), generator=generator))
    results = [
        list(implementation(inputs, 3 * inputs + 7, torch.Generator().manual_seed(one)))
        for one in (seed, seed, seed + 1)
    ]
    tests = [result[-1] for result in results]
    first, again, other = (
        sorted(torch.as_tensor(one if isinstance(one, Tensor) else one[0]).tolist())
        for one in tests
    )
    return {"same seed, same test set": first == again, "other seed, same test set": first == other}


@exercise.probe
def seeds(implementation: Any, generator: Generator) -> Any:
    """Sixty examples, split twice with the same seed and once with another."""
    return repeated(implementation, generator, 60)


_STRUCTURE = (
    "What you return has another form. The caller takes it apart as three pairs: the inputs and targets of the "
    "training set, those of the validation set, those of the test set. Look at what the docstring says of the result."
)
_PLACES = (
    "You return places or indices, and not the examples that stand there, or inputs without their targets. "
    "Each set is a pair: its inputs and its targets. Reread 'Examples set aside'."
)


@exercise.faults(
    shuffled_apart="Inputs and targets are shuffled apart, each in an order of its own, so inputs meet the "
    "targets of other examples, and there is nothing left to learn. Reread 'Examples set aside'.",
    inputs_only="The inputs are shuffled and the targets are not, so inputs meet the targets of other examples, and "
    "there is nothing left to learn. Reread 'Examples set aside'.",
    targets_only="The targets are shuffled and the inputs are not, so inputs meet the targets of other examples, and "
    "there is nothing left to learn. Reread 'Examples set aside'.",
    inputs_twice="Your sets hold the inputs a second time where their targets should stand. "
    "Reread 'Examples set aside'.",
    not_shuffled="Each of your sets is a run of neighbors: either nothing is shuffled, or only inside each set. Data "
    "often come sorted, by date, by class or by length; then the three sets are of three kinds. Reread 'Examples set "
    "aside'.",
    trains_on_everything="Your training set holds all examples, those of validation and test too. What a model has "
    "learned from cannot say how it does on something new. Reread 'Examples set aside'.",
    trains_on_validation="Your training set holds the examples of the validation set too. What is chosen by examples "
    "that were learned from favors learning by heart. Reread 'Examples set aside'.",
    trains_on_test="Your training set holds the examples of the test set too. What a model has learned from cannot "
    "say "
    "how it does on something new. Reread 'Examples set aside'.",
    tests_on_validation="Validation and test set are the same examples. The validation set is used for choosing, and "
    "what was chosen by it looks better on it than it is; the test must be on examples that took "
    "no part. Reread 'Examples set aside'.",
    order_drawn_anew="Each of your sets is drawn from all examples anew, so some stand in two sets and some in none. "
    "Shuffle once, then deal. Reread 'Examples set aside'.",
    with_replacement="Your draw can give the same example several times, and leaves others out. Each example belongs "
    "in exactly one set. Reread 'Examples set aside'.",
    thrown="A die is thrown for each example, so the sizes of your sets change with the seed. Validation and test "
    "have "
    "a tenth each, rounded down. Reread 'Examples set aside'.",
    generator_ignored="The order is not drawn by the generator that your function is given, so the same seed gives "
    "other sets each time, and no result can be repeated. Reread 'Examples set aside'.",
    seed_fixed="Your order is the same whatever generator your function is given: the seed is fixed inside. "
    "Who asks for another seed must get another split. Reread 'Examples set aside'.",
    rounded_up="A tenth is rounded up where the text rounds down. Look at the sizes for 38 examples.",
    rounded="A tenth is rounded to the nearest number where the text rounds down. Look at the sizes for 38 examples.",
    rest_to_test="The remainder goes to the test set: with 38 examples yours is larger than a tenth. All that is left "
    "over is for training. Reread 'Examples set aside'.",
    rest_to_validation="The remainder goes to the validation set: with 38 examples yours is larger than a tenth. All "
    "that is left over is for training. Reread 'Examples set aside'.",
    rest_dropped="Some examples are in no set: what remains after the tenths is left out. It is for training. Reread "
    "'Examples set aside'.",
    one_lost="Some examples are in no set. Look at where one part of your order ends and the next begins: the place "
    "after the colon of a slice is not taken.",
    one_shared="Two of your sets share an example at their border. Look at where one part of your order ends and the "
    "next begins: the place after the colon of a slice is not taken.",
    fifths="Your validation and test set have a fifth of the examples each, twice as many as asked. "
    "Reread 'Examples set aside'.",
    ten_each="Your validation and test set have sizes of their own making: each is a tenth of the examples, rounded "
    "down, "
    "whatever their number. Reread 'Examples set aside'.",
    five_percent="Together your validation and test set have a tenth of the examples. Each of them has a tenth. "
    "Reread 'Examples set aside'.",
    thirds="Your three sets have a third of the examples each. Most examples are for training. Reread 'Examples set "
    "aside'.",
    two_sets="You return two sets, and three are asked for: one to learn from, one to choose by, one to report on. "
    "Reread 'Examples set aside'.",
    small_first="Your sets are returned in another order, for the first of them is a small one. Training comes first, "
    "then validation, then test.",
    training_second="Your sets are returned in another order, for the second of them is the large one. Training comes "
    "first, then validation, then test.",
    flat_six=_STRUCTURE,
    inputs_then_targets=_STRUCTURE,
    places=_PLACES,
    lists="Your sets hold lists. Inputs and targets came as tensors, and go on as tensors.",
    in_place="Your code shuffles the inputs that it is given in place, so the caller's examples are in another order "
    "afterward. Make new tensors.",
    in_place_targets="Your code shuffles the targets that it is given in place, so the caller's targets are in "
    "another "
    "order afterward. Make new tensors.",
    columns_shuffled="Your order counts columns, or is applied to them. Examples are rows: the first "
    "dimension. Look at the shape of the inputs.",
)
def faulty(on: Switches) -> Any:
    """Build a split with faults."""

    def split_examples(inputs: Tensor, targets: Tensor, generator: Generator) -> Any:
        if on("in_place_targets"):
            targets[:] = targets[torch.randperm(len(targets), generator=generator)]
        if on("thrown"):
            throw = torch.rand(len(inputs), generator=generator)
            masks = throw >= 0.2, (throw >= 0.1) & (throw < 0.2), throw < 0.1
            return [(inputs[mask], targets[mask]) for mask in masks]
        order = _order(on, inputs, generator)
        if on("in_place"):
            inputs[:] = inputs[order]
        if on("columns_shuffled"):
            inputs = inputs[:, torch.randperm(inputs.shape[1], generator=generator)]
        theirs = order
        if on("shuffled_apart"):
            theirs = torch.randperm(len(targets), generator=generator)
        ours = torch.arange(len(inputs)) if on("targets_only") else order
        theirs = torch.arange(len(inputs)) if on("inputs_only") else theirs
        if on("inputs_twice"):
            targets = inputs
        places = _dealt(on, ours, generator)
        pairs = [
            (inputs[one], targets[two])
            for one, two in zip(places, _dealt(on, theirs, None), strict=True)
        ]
        if on("order_drawn_anew"):
            pairs = [(inputs[place], targets[place]) for place in places]
        return places if on("places") else _arranged(on, pairs)

    return split_examples


def _order(on: Switches, inputs: Tensor, generator: Generator) -> Tensor:
    count = len(inputs)
    if on("not_shuffled"):
        return torch.arange(count)
    if on("generator_ignored"):
        return torch.randperm(count)
    if on("seed_fixed"):
        return torch.randperm(count, generator=torch.Generator().manual_seed(0))
    if on("with_replacement"):
        return torch.randint(count, (count,), generator=generator)
    return torch.randperm(count, generator=generator)


def _tenth(on: Switches, count: int) -> int:
    if on("rounded_up"):
        return math.ceil(count / 10)
    if on("rounded"):
        return round(count / 10)
    if on("fifths"):
        return count // 5
    if on("five_percent"):
        return count // 20
    if on("thirds"):
        return count // 3
    return 10 if on("ten_each") else count // 10


def _dealt(on: Switches, order: Tensor, again: Generator | None) -> Sequence[Tensor]:
    """Deal an order out in three parts: training, validation, test."""
    count = len(order)
    tenth = _tenth(on, count)
    if on("order_drawn_anew") and again:
        second, third = (torch.randperm(count, generator=again) for _ in range(2))
        return order[: count - 2 * tenth], second[:tenth], third[:tenth]
    training, validation, test = order[2 * tenth :], order[tenth : 2 * tenth], order[:tenth]
    if on("trains_on_everything"):
        return order, validation, test
    if on("trains_on_validation"):
        return order[tenth:], validation, test
    if on("trains_on_test"):
        return torch.cat([order[:tenth], training]), validation, test
    if on("tests_on_validation"):
        return training, validation, validation
    if on("rest_dropped"):
        return order[2 * tenth : 10 * tenth], validation, test
    if on("one_lost"):
        return order[2 * tenth + 1 :], validation, test
    if on("one_shared"):
        return order[2 * tenth - 1 :], validation, test
    large = int(0.8 * count)
    if on("rest_to_test"):
        return order[:large], order[large : large + tenth], order[large + tenth :]
    if on("rest_to_validation"):
        return order[:large], order[large : count - tenth], order[count - tenth :]
    return training, validation, test


def _arranged(on: Switches, pairs: list[tuple[Tensor, Tensor]]) -> Any:
    training, validation, test = pairs
    if on("two_sets"):
        return training, validation
    if on("small_first"):
        return test, validation, training
    if on("training_second"):
        return validation, training, test
    if on("flat_six"):
        return [one for pair in pairs for one in pair]
    if on("inputs_then_targets"):
        return tuple(zip(*pairs, strict=True))
    return [(one.tolist(), two.tolist()) for one, two in pairs] if on("lists") else pairs
