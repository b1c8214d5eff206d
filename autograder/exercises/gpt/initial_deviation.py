"""`gpt.initial_deviation`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from typing import Any

from torch import Generator

from autograder.exercise import Switches, whole
from autograder.exercises.gpt import LAB
from autograder.exercises.gpt._shared import as_number
from llmlab import model

exercise = LAB.exercise(
    "initial_deviation",
    reference=model.initial_deviation,
    hints=(
        "Which maps of a block write into the stream, and how often is the stream added to in all?",
        "A sum of N independent draws has N times their variance. To keep the sum's size, each draw's "
        "deviation has to shrink by the root of N.",
        "If the name ends with that of one of the two maps that write into the stream, divide 0.02 by the "
        "root of twice the number of layers; otherwise return 0.02.",
    ),
    matters="GPT-2's largest model (2019) has 48 blocks: its writing matrices are drawn with 0.002, and all "
    "others with 0.02. Read llmlab/model/initialization.py.",
)

_ATTENTION = tuple(f"attention.{part}.weight" for part in ("query", "key", "value", "output"))
_FEED_FORWARD = tuple(f"feed_forward.{part}.weight" for part in ("gate", "up", "down"))


def in_block(implementation: Any, layer: int, depth: int) -> dict[str, Any]:
    """Give the deviation of each matrix of a block."""
    names = (f"blocks.{layer}.{part}" for part in (*_ATTENTION, *_FEED_FORWARD))
    return {name: as_number(implementation(name, depth)) for name in names}


def of_writers(implementation: Any, layer: int, depths: list[int]) -> dict[str, Any]:
    """Give the deviations of both maps that write into the stream, in models of several depths."""
    names = [f"blocks.{layer}.{part}" for part in (_ATTENTION[-1], _FEED_FORWARD[-1])]
    return {
        f"{name}, {depth} layers": as_number(implementation(name, depth))
        for name in names
        for depth in depths
    }


@exercise.probe
def eight_layers(implementation: Any, generator: Generator) -> Any:
    """The matrices of a block in a model of 8 layers."""
    return in_block(implementation, whole(generator, 1, 6), 8)


@exercise.probe
def tables(implementation: Any, generator: Generator) -> Any:
    """The embedding table and the head, in a model of 18 layers."""
    names = ["embedding.weight", "head.weight"]
    return {name: as_number(implementation(name, 18)) for name in names}


@exercise.probe
def other_depths(implementation: Any, generator: Generator) -> Any:
    """The maps that write into the stream, in the first block of models of 1, 2, 32 and 126 layers."""
    return of_writers(implementation, 0, [1, 2, 32, 126])


_SIZE = "Reread 'How large a fresh weight is'."
_ALL = (
    "All your matrices shrink with the depth. Only those that write into the stream have to; a query or a "
    f"gate is read inside its block and added to nothing. {_SIZE}"
)
_NONE = (
    "None of your matrices is drawn smaller, not even those that write into the stream. Does your condition "
    f"fit the names as they are, `blocks.5.attention.output.weight`? {_SIZE}"
)
_TWICE_THE_ROOT = (
    "You divide by twice the root of the number of layers: either you count four additions for each block, or "
    f"the 2 stands outside of the root. {_SIZE}"
)
_SQUARED = f"Your matrices begin from the square of 0.02. It is a deviation already, and no variance. {_SIZE}"


@exercise.faults(
    once_a_block="You count one addition for each block. A block adds twice: what attention gathered, and "
    f"what the feed-forward network made of it. {_SIZE}",
    four_a_block=_TWICE_THE_ROOT,
    additions_plus_two=f"You count two additions more than the blocks are. Each block adds twice. {_SIZE}",
    one_more=f"You count one addition too many: the blocks alone add to the stream, twice each. {_SIZE}",
    without_the_root="You divide by the number of additions, and not by its root: variances add up, "
    f"deviations do not, so the additions become far too small. {_SIZE}",
    layers_without_root="You divide by the number of blocks. Each block adds twice, and what counts is the "
    f"root of the number of additions: variances add up, deviations do not. {_SIZE}",
    two_outside=_TWICE_THE_ROOT,
    layers_outside="You divide by the root of 2, times the number of layers. The root is to be taken of both "
    f"together. {_SIZE}",
    half_root=f"You divide by the root of half the number of layers. Each block adds twice. {_SIZE}",
    layers_multiplied="You divide 0.02 by the root of 2 and then multiply by the number of layers: the deeper "
    f"the model, the larger the draw. `a / b * c` is `(a / b) * c`. {_SIZE}",
    root_of_all="You take the root of the 0.02 as well. It is a deviation already, and no variance. "
    + _SIZE,
    cube_root="You divide by a cube root. Variances add up, and the deviation is the square root of a "
    f"variance. {_SIZE}",
    logarithm="You divide by a logarithm. The deviation of a sum grows with the root of the number of "
    f"additions. {_SIZE}",
    squared="You divide by the square of the number of additions. The deviation grows with the root of it. "
    f"{_SIZE}",
    multiplied="You multiply by the root of the number of additions: the deeper the model, the larger the "
    f"draw. The sum grows by that root already, and the draw has to undo it. {_SIZE}",
    variance=_SQUARED,
    base_squared=_SQUARED,
    base_ten_times=f"Your matrices begin from 0.2 instead of 0.02. {_SIZE}",
    base_one="Your matrices begin from a deviation of 1 instead of 0.02. " + _SIZE,
    base_root="All your matrices begin from the root of 0.02. It is a deviation already, and no variance. "
    + _SIZE,
    by_layer="You take the number of the block in the name for the number of blocks. What counts is how many "
    f"blocks the model has. {_SIZE}",
    by_place="Your draw depends on the place of the block. All blocks of a model are drawn alike: what counts "
    f"is how many there are. {_SIZE}",
    all_of_them=_ALL,
    all_of_the_block="All matrices of your blocks shrink with the depth. Only those that write into the "
    f"stream have to; a query or a gate is read inside its block and added to nothing. {_SIZE}",
    none_of_them=_NONE,
    inverted="Your condition is the wrong way round: what writes into the stream is drawn with 0.02, and all "
    f"others are drawn smaller. {_SIZE}",
    attention_only="Only the attention's map to the stream shrinks. The feed-forward network adds to the same "
    f"stream. {_SIZE}",
    feed_forward_only="Only the feed-forward network's map to the stream shrinks. Attention adds to the same "
    f"stream. {_SIZE}",
    all_attention="All maps of attention shrink with you, and queries, keys and values are added to nothing. "
    + _SIZE,
    all_feed_forward="All maps of the feed-forward network shrink with you, and gate and up are added to "
    "nothing. " + _SIZE,
    up_too="With you the map `up` shrinks too. It is read inside the block; what writes into the stream is "
    "`down`. " + _SIZE,
    up_for_down="You shrink `up`, and not `down`. Which of the two writes into the stream? "
    + _SIZE,
    gate_for_down="You shrink `gate`, and not `down`. Which of the two writes into the stream? "
    + _SIZE,
    value_too="With you the values shrink too. They are gathered inside attention; what writes into the "
    f"stream is the output map. {_SIZE}",
    value_and_up_too="With you `value` and `up` shrink too. They are read inside the block and added to nothing. "
    + _SIZE,
    value_for_output="You shrink the values, and not the output map. Which of the two writes into the stream? "
    + _SIZE,
    head_too="With you the head shrinks too. It reads the stream at its end and adds nothing to it. "
    + _SIZE,
    embedding_too="With you the embedding shrinks too. It is what the blocks add to. " + _SIZE,
    tables_too="With you the tables shrink too, the embedding and the head. What is added to the stream comes "
    "from the blocks. " + _SIZE,
    nothing_for_others=f"Your function returns None for a matrix that does not write into the stream. {_SIZE}",
    one_for_others="Matrices that do not write into the stream have a deviation of 1 with you. They have 0.02. "
    + _SIZE,
    zero_for_others="Matrices that do not write into the stream have a deviation of 0 with you: all their "
    f"numbers would be 0. {_SIZE}",
    zero_for_writers="The matrices that write into the stream have a deviation of 0 with you. Some people do "
    f"begin so (Fixup, 2019), but GPT-2 draws them, only smaller. {_SIZE}",
    one_over_root="Every matrix gets 1 over the root of the number of layers with you. Where are the 0.02, "
    f"and the two kinds of matrices? {_SIZE}",
    one_over_root_for_writers=f"What writes into the stream does not begin from 0.02 with you, but from 1. {_SIZE}",
    one_over_root_of_additions="Every matrix gets 1 over the root of the number of additions with you. Where "
    f"are the 0.02, and the two kinds of matrices? {_SIZE}",
    whole_division="You divide by a whole number: the root loses what stands after the point. "
    + _SIZE,
)
def faulty(on: Switches) -> Any:
    def initial_deviation(name: str, num_layers: int) -> Any:
        if on("one_over_root") or on("one_over_root_of_additions"):
            return 1 / math.sqrt(num_layers if on("one_over_root") else 2 * num_layers)
        base = _base(on)
        if _shrinks(name, on) != on("inverted"):
            return _shrunk(base, name, num_layers, on)
        if on("nothing_for_others"):
            return None
        if on("one_for_others"):
            return 1.0
        if on("zero_for_others"):
            return 0.0
        return base**2 if on("variance") else base

    return initial_deviation


def _base(on: Switches) -> float:
    if on("base_squared"):
        return float(0.02**2)
    if on("base_ten_times"):
        return 0.2
    if on("base_root"):
        return math.sqrt(0.02)
    return 1.0 if on("base_one") else 0.02


def _shrinks(name: str, on: Switches) -> bool:
    if on("all_of_them"):
        return True
    if on("all_of_the_block"):
        return name.startswith("blocks")
    if on("none_of_them"):
        return False
    output, down = name.endswith(_ATTENTION[-1]), name.endswith(_FEED_FORWARD[-1])
    if on("attention_only"):
        return output
    if on("feed_forward_only"):
        return down
    if on("all_attention"):
        return ".attention." in name or down
    if on("all_feed_forward"):
        return output or ".feed_forward." in name
    if on("up_for_down"):
        return output or "up" in name
    if on("gate_for_down"):
        return output or "gate" in name
    if on("value_for_output"):
        return "value" in name or down
    return output or down or _shrinks_too(name, on)


def _shrinks_too(name: str, on: Switches) -> bool:
    too = {
        "up_too": ("up",),
        "value_too": ("value",),
        "value_and_up_too": ("value", "up"),
        "head_too": ("head",),
        "embedding_too": ("embedding",),
        "tables_too": ("head", "embedding"),
    }
    return any(on(switch) and any(part in name for part in parts) for switch, parts in too.items())


def _shrunk(base: float, name: str, layers: int, on: Switches) -> float:
    place = int(name.split(".")[1]) if name.startswith("blocks") else 0
    if on("by_layer"):
        layers = place
    elif on("by_place"):
        layers = place + 1
    if on("variance"):
        return base**2 / (2 * layers)
    if on("root_of_all"):
        return math.sqrt(base / (2 * layers))
    if on("layers_multiplied"):
        return base / math.sqrt(2) * layers
    if on("multiplied"):
        return base * math.sqrt(2 * layers)
    if on("one_over_root_for_writers"):
        return 1 / math.sqrt(2 * layers)
    if on("zero_for_writers"):
        return 0.0
    return base / _divisor(layers, on)


def _divisor(layers: int, on: Switches) -> float:
    if on("without_the_root"):
        return 2 * layers
    if on("layers_without_root"):
        return layers
    if on("two_outside"):
        return 2 * math.sqrt(layers)
    if on("layers_outside"):
        return math.sqrt(2) * layers
    if on("cube_root"):
        return math.cbrt(2 * layers)
    if on("logarithm"):
        return math.log(2 * layers)
    if on("squared"):
        return (2 * layers) ** 2
    if on("whole_division"):
        return math.isqrt(2 * layers)
    return math.sqrt(_additions(layers, on))


def _additions(layers: int, on: Switches) -> float:
    if on("once_a_block"):
        return layers
    if on("four_a_block"):
        return 4 * layers
    if on("additions_plus_two"):
        return 2 + layers
    if on("half_root"):
        return layers / 2
    return 2 * layers + on("one_more")
