"""`pretraining.decay_groups`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograder.exercise import Switches
from autograder.exercises.pretraining import LAB
from autograder.exercises.pretraining._shared import way
from llmlab import training

exercise = LAB.exercise(
    "decay_groups",
    reference=training.decay_groups,
    hints=(
        "You do not need to look at names. What tells a matrix from a bias is how many dimensions it has.",
        "`model.parameters()` gives each parameter once, tied ones too. Leave out those whose `requires_grad` is "
        "false, and sort the others by `dim()`.",
        "Two list comprehensions over the trainable parameters: at least two dimensions, and fewer; each in a "
        "dictionary under `params`, with its `weight_decay` beside it.",
    ),
    matters="GPT-3 and LLaMA trained with a weight decay of 0.1 (2020, 2023), and most public code spares norms and "
    "biases as you do. Read llmlab/training/optimizer.py.",
)


class Sorted(nn.Module):
    """A model with everything that has to be sorted: a table, a matrix with a bias, a norm, and a head."""

    def __init__(self, tied: bool = False) -> None:
        super().__init__()
        self.table = nn.Embedding(6, 4)
        self.map = nn.Linear(4, 4)
        self.norm = nn.LayerNorm(4)
        self.head = nn.Linear(4, 6, bias=False)
        if tied:
            self.head.weight = self.table.weight


class Unusual(nn.Module):
    """Parameters that stand in no layer: of no, two, and three dimensions, and one in two as long as it is narrow."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.kernel = nn.Parameter(torch.ones(2, 3, 2))
        self.column = nn.Parameter(torch.ones(3, 1))


def groups_by_name(implementation: Any, model: nn.Module, weight_decay: float) -> Any:
    """Give the groups with names in the place of parameters."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    groups = implementation(model, weight_decay)
    if not isinstance(groups, (list, tuple)):
        return "a dictionary" if isinstance(groups, dict) else "no list"
    return [_named(group, names) for group in groups]


def _named(group: Any, names: Mapping[int, str]) -> Any:
    if not isinstance(group, dict):
        return (
            [_name(one, names) for one in group] if isinstance(group, list) else _name(group, names)
        )
    found = {key: value for key, value in group.items() if key in ("params", "weight_decay")}
    if "params" in found:
        found["params"] = sorted(_name(one, names) for one in group["params"])
    return found


def _name(one: Any, names: Mapping[int, str]) -> str:
    if id(one) in names:
        return names[id(one)]
    kinds = {str: "text, not a parameter", tuple: "a pair, not a parameter"}
    otherwise = "a tensor that is no parameter" if isinstance(one, Tensor) else "something else"
    return next((name for kind, name in kinds.items() if isinstance(one, kind)), otherwise)


@exercise.probe
def table_map_and_norm(implementation: Any, generator: Generator) -> Any:
    """A table, a matrix with a bias, a norm with weight and bias, and a head; a weight decay of 0.1."""
    return groups_by_name(implementation, Sorted(), 0.1)


@exercise.probe
def tied_head(implementation: Any, generator: Generator) -> Any:
    """The same with the head tied to the table; a weight decay of 0.3."""
    return groups_by_name(implementation, Sorted(tied=True), 0.3)


@exercise.probe
def frozen(implementation: Any, generator: Generator) -> Any:
    """The same with a table and a norm's weight that are not to be trained."""
    model = Sorted()
    model.table.weight.requires_grad_(False)
    model.norm.weight.requires_grad_(False)
    return groups_by_name(implementation, model, 0.1)


@exercise.probe
def names_that_say_nothing(implementation: Any, generator: Generator) -> Any:
    """A table, a linear map and a norm in an `nn.Sequential`, whose parameters are called `0.weight` and so on."""
    model = nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 2), nn.LayerNorm(2))
    return groups_by_name(implementation, model, 0.2)


@exercise.probe
def unusual_shapes(implementation: Any, generator: Generator) -> Any:
    """A single number, a parameter of three dimensions, and a matrix of one column, in no layer."""
    return groups_by_name(implementation, Unusual(), 0.1)


@exercise.probe
def an_empty_group(implementation: Any, generator: Generator) -> Any:
    """One model that has matrices alone, and one that has a norm alone."""
    matrices = nn.Sequential(nn.Linear(3, 2, bias=False), nn.Linear(2, 4, bias=False))
    norm = nn.Sequential(nn.LayerNorm(3))
    return {
        "groups of the matrices": groups_by_name(implementation, matrices, 0.1),
        "groups of the norm": groups_by_name(implementation, norm, 0.1),
    }


_READ = "Reread 'What decays, and what does not'."
_TABLE = (
    "The embedding table does not decay in your groups. It is a matrix like the others, and here it is to decay; when "
    f"the head is tied to it, it is the largest of them. {_READ}"
)
_NORMS = (
    "You left out the biases and let the weights of the norms decay. They are called `weight` like those "
    f"of a matrix, and are none. {_READ}"
)
_NAMES = (
    "Your code knows norms or biases by their names, or by the kind of their layer. A model is free to call them "
    f"anything: what counts is how many dimensions a parameter has. {_READ}"
)
_EXCHANGED = (
    "Your groups are exchanged: the norms and biases decay, and the matrices do not. " + _READ
)
_FIXED = (
    "The weight decay of your first group is always the same number. It is to be the one that your function is given. "
    + _READ
)
_ONE = (
    "Norms and biases decay in your groups: either your code asks for at least one dimension, or for more than one "
    f"number. What decays has two dimensions or more. {_READ}"
)
_SIZES = (
    "Your code goes by how large a parameter is, so that a matrix of one column does not decay. What counts is how "
    f"many dimensions there are, not how many numbers. {_READ}"
)
_FILTERED = (
    "Your groups are empty. Either your code asks for parameters that have a gradient already, or it looks "
    f"at copies that are never trained: those of a `state_dict`. {_READ}"
)

# Whether a parameter decays, by its name and itself.
_DECAYS: dict[str, Callable[[str, Tensor], bool]] = {
    "everything_decays": lambda name, one: True,
    "nothing_decays": lambda name, one: False,
    "norms_decay": lambda name, one: "bias" not in name,
    "norms_decay_by_weight": lambda name, one: name.endswith("weight"),
    "biases_decay": lambda name, one: "norm" not in name,
    "by_names": lambda name, one: "norm" not in name and "bias" not in name,
    "by_weight_names": lambda name, one: name.endswith("weight") and "norm" not in name,
    "table_by_name": lambda name, one: one.dim() >= 2 and "table" not in name,
    "head_kept": lambda name, one: one.dim() >= 2 and "head" not in name,
    "table_and_head_kept": lambda name, one: (
        one.dim() >= 2 and "table" not in name and "head" not in name
    ),
    "exchanged": lambda name, one: one.dim() < 2,
    "more_than_two": lambda name, one: one.dim() > 2,
    "exactly_two": lambda name, one: one.dim() == 2,
    "one_is_enough": lambda name, one: one.dim() >= 1,
    "first_size": lambda name, one: one.shape[0] > 1,
    "first_size_of_matrix": lambda name, one: one.dim() > 0 and one.numel() > one.shape[0],
    "last_size": lambda name, one: one.dim() > 1 and one.shape[-1] > 1,
    "many_numbers": lambda name, one: one.numel() > 4,
    "more_than_one_number": lambda name, one: one.numel() > 1,
}


@exercise.faults(
    everything_decays="Everything decays, norms and biases too. A norm's weight stands at 1 because 1 is where it "
    f"should be; drawn to 0, it makes all that passes through it smaller. {_READ}",
    nothing_decays="All parameters are in your second group, and nothing decays. " + _READ,
    norms_decay=_NORMS,
    norms_decay_by_weight=_NORMS,
    biases_decay="Your code finds norms by their name and lets the biases of the linear maps decay. A bias has nothing "
    f"to gain from being small. {_READ}",
    by_names=_NAMES,
    by_weight_names=_NAMES,
    by_kind_of_layer=_NAMES,
    by_kind_of_norm=_NAMES,
    table_by_name=_TABLE,
    table_by_kind=_TABLE,
    table_in_no_group="The embedding table is in neither of your groups, so it would never be trained. "
    + _READ,
    head_kept="The last map, from the vectors to the vocabulary, does not decay in your groups. It is a matrix like "
    f"the others. {_READ}",
    table_and_head_kept="Neither the table nor the last map decays in your groups. Both are matrices like the others. "
    + _READ,
    exchanged=_EXCHANGED,
    zeros_exchanged=_EXCHANGED,
    order_exchanged="Your groups stand in the wrong order: what decays is asked for first. "
    + _READ,
    more_than_two="Matrices do not decay in your groups. A matrix has two dimensions, and two are enough. "
    + _READ,
    exactly_two="A parameter of three dimensions does not decay in your groups: either your code asks for exactly two, "
    f"or it knows certain layers only. Two or more is the rule. {_READ}",
    kernel_in_no_group="A parameter of three dimensions is in neither of your groups, so it would never be trained. "
    + _READ,
    number_in_no_group="A parameter that is a single number is in neither of your groups, so it would never be "
    "trained. It has fewer than two dimensions, namely none. " + _READ,
    two_or_one="Your groups take parameters of exactly two and of exactly one dimension. All others are in neither, "
    f"and would never be trained. {_READ}",
    one_is_enough=_ONE,
    more_than_one_number=_ONE,
    first_size="Your code looks at the size of the first dimension. What counts is how many dimensions there are, and "
    f"a single number has none. {_READ}",
    first_size_of_matrix=_SIZES,
    last_size=_SIZES,
    many_numbers=_SIZES,
    tied_twice="A tied parameter is in your list twice: once as the table and once as the head. PyTorch's optimizers "
    f"warn of that, and would change it twice in each step. {_READ}",
    tied_lost="A parameter that is tied is missing from your groups, so it would never be trained. It belongs in them "
    f"once. {_READ}",
    frozen_included="Parameters that are not to be trained are in your groups. They belong in none. "
    + _READ,
    frozen_in_second="Parameters that are not to be trained are in your second group. They belong in none. "
    + _READ,
    frozen_alone="Your groups hold the parameters that are not to be trained, and no others. "
    + _READ,
)
def by_dimensions(on: Switches) -> Any:
    def decay_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
        twice = on("tied_twice")
        named = list(model.named_parameters(remove_duplicate=not twice))
        if on("frozen_alone"):
            named = [(name, one) for name, one in named if not one.requires_grad]
        elif not on("frozen_included") and not on("frozen_in_second"):
            named = [(name, one) for name, one in named if one.requires_grad]
        if on("tied_lost"):
            uses = [id(one) for _, one in model.named_parameters(remove_duplicate=False)]
            named = [(name, one) for name, one in named if uses.count(id(one)) == 1]
        tables = _weights(model, nn.Embedding)
        if on("norms_decay_by_weight"):
            named = [(name, one) for name, one in named if name.endswith(("weight", "bias"))]
        if on("table_in_no_group"):
            named = [(name, one) for name, one in named if id(one) not in tables]

        def by_rule(name: str, one: Tensor) -> bool:
            if on("by_kind_of_layer"):
                return id(one) in tables | _weights(model, nn.Linear)
            if on("by_kind_of_norm"):
                return "bias" not in name and id(one) not in _weights(model, nn.LayerNorm)
            trained = one.requires_grad or not on("frozen_in_second")
            return one.dim() >= 2 and trained and not (on("table_by_kind") and id(one) in tables)

        decays = way(on, _DECAYS, by_rule)
        first = [one for name, one in named if decays(name, one)]
        second = [one for name, one in named if not decays(name, one)]
        if on("kernel_in_no_group") or on("two_or_one"):
            first = [one for one in first if one.dim() == 2]
        if on("number_in_no_group") or on("two_or_one"):
            second = [one for one in second if one.dim() == 1]
        groups = [
            {"params": first, "weight_decay": 0.0 if on("zeros_exchanged") else weight_decay},
            {"params": second, "weight_decay": weight_decay if on("zeros_exchanged") else 0.0},
        ]
        return groups[::-1] if on("order_exchanged") else groups

    return decay_groups


def _weights(model: nn.Module, kind: type[nn.Module]) -> set[int]:
    return {id(part.weight) for part in model.modules() if isinstance(part, kind)}


_IN_BOTH = (
    "Some parameters are in both of your groups, which optimizers refuse. Each parameter belongs in one of them. "
    + _READ
)
_PARAMETERS = (
    "Your lists hold no parameters of the model: an optimizer could not change it through them. "
    + _READ
)


@exercise.faults(
    decay_in_both="Both of your groups decay. The second is there for what must not. " + _READ,
    decay_in_none="Neither of your groups decays. The first has the weight decay that your function is given. "
    + _READ,
    decay_unsaid="Your second group does not say what its weight decay is, so it gets the optimizer's default, which "
    f"in AdamW is not 0. {_READ}",
    first_unsaid="Your first group does not say what its weight decay is, so it gets the optimizer's default. "
    + _READ,
    both_unsaid="Your groups do not say what their weight decay is, or not under that name, so both get the "
    f"optimizer's default. {_READ}",
    decay_none="The weight decay of your second group is None. An optimizer computes with it: it has to be a number. "
    + _READ,
    fixed_tenth=_FIXED,
    fixed_hundredth=_FIXED,
    asks_for_gradients=_FILTERED,
    used_up="Your second group is empty. Your code goes twice through something that can be gone through once: the "
    f"first list takes all, and for the second nothing is left. {_READ}",
    one_list="Both of your groups hold the same list, so everything is in both of them. " + _READ,
    vectors_twice=_IN_BOTH,
    matrices_twice=_IN_BOTH,
    all_in_second=_IN_BOTH,
    all_in_first=_IN_BOTH,
    matrices_in_both="Both of your groups hold the matrices, and norms and biases are in neither. "
    + _READ,
    full_decay="The weight decay of your second group is 1. What does not decay has a weight decay of 0. "
    + _READ,
    first_alone="Your function returns the first group alone. What does not decay has to be trained too: an optimizer "
    f"never touches what no group names. {_READ}",
    second_alone="Your function returns the second group alone. An optimizer never touches what no group names. "
    + _READ,
    empty_left_out="Your function leaves a group out when it is empty. Two groups are asked for, always. "
    + _READ,
    a_group_each="Your function makes a group for each parameter. Two groups are asked for, with many parameters each. "
    + _READ,
    bare_lists="Your function returns two lists of parameters. An optimizer takes dictionaries, which say what the "
    f"weight decay of each list is. {_READ}",
    one_dictionary="Your function returns one dictionary. A list of two dictionaries is asked for. "
    + _READ,
    as_names="Your lists hold names. An optimizer wants the parameters themselves. " + _READ,
    as_pairs="Your lists hold pairs of a name and a parameter. The parameters alone are asked for. "
    + _READ,
    as_data=_PARAMETERS,
    as_copies=_PARAMETERS,
    other_key="Your groups have no `params`. That is the name under which an optimizer looks for them. "
    + _READ,
)
def packed_otherwise(on: Switches) -> Any:
    def decay_groups(model: nn.Module, weight_decay: float) -> Any:
        named = [(name, one) for name, one in model.named_parameters() if one.requires_grad]
        if on("asks_for_gradients"):
            named = [(name, one) for name, one in named if one.grad is not None]
        first = [(name, one) for name, one in named if one.dim() >= 2]
        second = [(name, one) for name, one in named if one.dim() < 2]
        if on("used_up"):
            second = []
        if on("one_list"):
            first = second = named
        if on("vectors_twice") or on("all_in_first"):
            first = [(name, one) for name, one in named if one.dim() >= on("vectors_twice")]
        if on("matrices_twice"):
            second = [(name, one) for name, one in named if one.dim() <= 2]
        if on("all_in_second"):
            second = named
        if on("matrices_in_both"):
            second = first
        shape: Callable[[tuple[str, Tensor]], Any] = way(on, _SHAPES, lambda pair: pair[1])
        groups = [list(map(shape, first)), list(map(shape, second))]
        first_decay = way(on, _FIRST_DECAYS, lambda given: given)(weight_decay)
        second_decay = way(on, _SECOND_DECAYS, lambda given: 0.0)(weight_decay)
        return way(on, _PACKINGS, _packed)(groups, [first_decay, second_decay])

    return decay_groups


def _packed(groups: list[Any], decays: list[Any]) -> list[dict[str, Any]]:
    return [
        {"params": group, "weight_decay": decay}
        for group, decay in zip(groups, decays, strict=True)
    ]


_SHAPES: dict[str, Callable[[tuple[str, Tensor]], Any]] = {
    "as_names": lambda pair: pair[0],
    "as_pairs": lambda pair: pair,
    "as_data": lambda pair: pair[1].data,
    "as_copies": lambda pair: pair[1].detach().clone(),
}
_FIRST_DECAYS: dict[str, Callable[[float], Any]] = {
    "fixed_tenth": lambda given: 0.1,
    "fixed_hundredth": lambda given: 0.01,
    "decay_in_none": lambda given: 0.0,
}
_SECOND_DECAYS: dict[str, Callable[[float], Any]] = {
    "decay_in_both": lambda given: given,
    "decay_none": lambda given: None,
    "full_decay": lambda given: 1.0,
}
_PACKINGS: dict[str, Callable[[list[Any], list[Any]], Any]] = {
    "decay_unsaid": lambda groups, decays: [
        _packed(groups, decays)[0],
        {"params": groups[1]},
    ],
    "first_unsaid": lambda groups, decays: [{"params": groups[0]}, _packed(groups, decays)[1]],
    "both_unsaid": lambda groups, decays: [{"params": group} for group in groups],
    "first_alone": lambda groups, decays: _packed(groups, decays)[:1],
    "second_alone": lambda groups, decays: _packed(groups, decays)[1:],
    "empty_left_out": lambda groups, decays: [
        one for one in _packed(groups, decays) if one["params"]
    ],
    "a_group_each": lambda groups, decays: [
        {"params": [one], "weight_decay": decay}
        for group, decay in zip(groups, decays, strict=True)
        for one in group
    ],
    "bare_lists": lambda groups, decays: groups,
    "one_dictionary": lambda groups, decays: {
        "params": groups[0] + groups[1],
        "weight_decay": decays[0],
    },
    "other_key": lambda groups, decays: [
        {"parameters": group, "weight_decay": decay}
        for group, decay in zip(groups, decays, strict=True)
    ],
}


_LINEAR = (
    "Only the weights of linear maps decay in your groups. A table decays too, and whatever else has two dimensions or "
    f"more: go by how many there are. {_READ}"
)


@exercise.faults(linear_alone=_LINEAR, linear_by_module=_LINEAR)
def by_modules(on: Switches) -> Any:
    def decay_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
        found = [
            (isinstance(part, nn.Linear) and name == "weight", one)
            for part in model.modules()
            for name, one in part.named_parameters(recurse=False)
            if one.requires_grad
        ]
        if not on("linear_by_module"):
            linear = _weights(model, nn.Linear)
            matrices = [(id(one) in linear, one) for one in model.parameters() if one.requires_grad]
            every = [(one.dim() >= 2, one) for _, one in matrices]
            found = matrices if on("linear_alone") else every
        return [
            {"params": [one for decays, one in found if decays], "weight_decay": weight_decay},
            {"params": [one for decays, one in found if not decays], "weight_decay": 0.0},
        ]

    return decay_groups
