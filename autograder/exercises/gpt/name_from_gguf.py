"""`gpt.name_from_gguf`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

from torch import Generator

from autograder.exercise import whole
from autograder.exercises.gpt import LAB
from llmlab import model

exercise = LAB.exercise(
    "name_from_gguf",
    reference=model.name_from_gguf,
    hints=(
        "Split a name at its dots. What are the first two pieces of a name with a layer, and what is the last "
        "piece of every name?",
        "Two dictionaries hold all of it: one for the three names outside the blocks, one for the nine "
        "inside. What stands between `blk` and the part is the number of the layer, of any length.",
        "Split at the dots. With two pieces, look the first up in the short dictionary; with four, look the "
        "third up in the long one and put the number between `blocks` and what you found. Put the last piece "
        "at the end. Return None where a piece is not known.",
    ),
)


_PARTS = (
    *("attn_norm", "attn_q", "attn_k", "attn_v", "attn_output"),
    *("ffn_norm", "ffn_gate", "ffn_up", "ffn_down"),
)


@exercise.probe
def one_block(implementation: Any, generator: Generator) -> Any:
    """The nine tensors of one block with a layer from 2 to 9."""
    layer = whole(generator, 2, 9)
    return {name: implementation(f"blk.{layer}.{name}.weight") for name in _PARTS}


@exercise.probe
def others(implementation: Any, generator: Generator) -> Any:
    """Tensors outside the blocks, layers of two and three digits, and two names that are not known."""
    names = ["token_embd.weight", "output_norm.weight", "output.weight"]
    names += [f"blk.{whole(generator, 10, 99)}.ffn_down.weight", "blk.125.attn_q.weight"]
    names += ["rope_freqs.weight", "blk.3.ssm_in.weight"]
    return {name: implementation(name) for name in names}


def _swapped(name: str, first: str, second: str) -> str | None:
    swap = {first: second, second: first}
    return model.name_from_gguf(".".join(swap.get(piece, piece) for piece in name.split(".")))


@exercise.misconception(
    "Your gate and your up are exchanged. They have the same shape, so the weights load without a word, and "
    "the model talks nonsense. Reread 'Whose weights are these'."
)
def gate_and_up(name: str) -> str | None:
    return _swapped(name, "ffn_gate", "ffn_up")


@exercise.misconception(
    "Your two norms of a block are exchanged: each would scale what the other is for. Reread 'Whose weights "
    "are these'."
)
def norms_exchanged(name: str) -> str | None:
    return _swapped(name, "attn_norm", "ffn_norm")


@exercise.misconception(
    "Your keys and values are exchanged. Their maps have the same shape, so nothing complains. Reread 'Whose "
    "weights are these'."
)
def keys_and_values(name: str) -> str | None:
    return _swapped(name, "attn_k", "attn_v")


@exercise.misconception(
    "You take one digit for the number of the layer, and a model of 30 layers has numbers of two. Reread "
    "'Whose weights are these'."
)
def one_digit(name: str) -> str | None:
    pieces = name.split(".")
    if len(pieces) == 4:
        pieces[1] = pieces[1][0]
    return model.name_from_gguf(".".join(pieces))


@exercise.misconception(
    "Your layers are counted from 1. Both files count them from 0, so each block would get its neighbor's "
    "weights. Reread 'Whose weights are these'."
)
def from_one(name: str) -> str | None:
    pieces = name.split(".")
    if len(pieces) == 4:
        pieces[1] = str(int(pieces[1]) + 1)
    return model.name_from_gguf(".".join(pieces))


@exercise.misconception(
    "The last piece of the name, `weight`, is missing. A module can have several parameters, and the name "
    "says which. Reread 'Whose weights are these'."
)
def without_weight(name: str) -> str | None:
    found = model.name_from_gguf(name)
    return found.removesuffix(".weight") if found else None


@exercise.misconception(
    "A name that is not in the table is returned as it came, and would be taken for one of ours. Reread "
    "'Whose weights are these'."
)
def unknown_kept(name: str) -> str | None:
    return model.name_from_gguf(name) or name
