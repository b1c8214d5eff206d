"""`gpt.name_from_gguf`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import Generator

from autograder.exercise import Switches, whole
from autograder.exercises.gpt import LAB
from llmlab import model

exercise = LAB.exercise(
    "name_from_gguf",
    reference=model.name_from_gguf,
    hints=(
        "Split a name at its dots. What are the first two pieces of a name with a layer, and what is "
        "the last piece of every name?",
        "Two dictionaries hold all of it: one for the three names outside the blocks, one for the nine "
        "inside. What stands between `blk` and the part is the number of the layer, of any length.",
        "Split at the dots. With two pieces, look the first up in the short dictionary; with four, look "
        "the third up in the long one and put the number between `blocks` and what you found. Put "
        "the last piece at the end. Return None where a piece is not known.",
    ),
    matters="Every program that opens other people's weights holds such a table: llama.cpp has one for more than "
    "a hundred families of models (2025). Read llmlab/model/gguf_file.py.",
)

_INSIDE = {
    "attn_norm": "attention_norm",
    "attn_q": "attention.query",
    "attn_k": "attention.key",
    "attn_v": "attention.value",
    "attn_output": "attention.output",
    "ffn_norm": "feed_forward_norm",
    "ffn_gate": "feed_forward.gate",
    "ffn_up": "feed_forward.up",
    "ffn_down": "feed_forward.down",
}
_OUTSIDE = {"token_embd": "embedding", "output_norm": "norm", "output": "head"}


def translated(implementation: Any, names: Iterable[str]) -> dict[str, Any]:
    """Translate several names."""
    return {name: implementation(name) for name in names}


def of_layer(implementation: Any, layer: int, kind: str = "weight") -> dict[str, Any]:
    """Translate the nine names of one layer."""
    return translated(implementation, [f"blk.{layer}.{part}.{kind}" for part in _INSIDE])


@exercise.probe
def one_block(implementation: Any, generator: Generator) -> Any:
    """The nine tensors of one block with a layer from 2 to 9."""
    return of_layer(implementation, whole(generator, 2, 9))


@exercise.probe
def outside_the_blocks(implementation: Any, generator: Generator) -> Any:
    """The three tensors outside the blocks."""
    return translated(implementation, [f"{part}.weight" for part in _OUTSIDE])


@exercise.probe
def other_layers(implementation: Any, generator: Generator) -> Any:
    """Layers whose numbers have one, two and three digits."""
    layers = (0, 12, whole(generator, 33, 99), 125)
    return translated(implementation, [f"blk.{layer}.attn_q.weight" for layer in layers])


@exercise.probe
def biases(implementation: Any, generator: Generator) -> Any:
    """Biases of a query, of a norm in a block, and of the last norm."""
    layer = whole(generator, 2, 30)
    names = (f"blk.{layer}.attn_q.bias", f"blk.{layer}.ffn_norm.bias", "output_norm.bias")
    return translated(implementation, names)


@exercise.probe
def not_in_the_table(implementation: Any, generator: Generator) -> Any:
    """Names that are not in the table, outside the blocks and inside."""
    names = ("rope_freqs.weight", "blk.3.ssm_in.weight", "blk.2.output_norm.weight")
    return translated(implementation, (*names, "blk.4.attn_q_norm.weight", "blk.5.attn_qkv.weight"))


@exercise.probe
def other_beginnings(implementation: Any, generator: Generator) -> Any:
    """Names that have another word where the table has `blk`."""
    names = ("vision.3.attn_q.weight", "audio.3.ffn_up.weight", "vision.3.output.weight")
    return translated(implementation, names)


_WHOSE = "Reread 'Whose weights are these'."
_SAME_SHAPE = (
    "They have the same shape, so the weights load without a word, and the model talks nonsense. "
)
_KEY_ERROR = f"A name that is not in the table raises an error, and it should give None. {_WHOSE}"
_CHAIN = (
    "You replace piece after piece in one text, and a later replacement changes what an earlier one wrote: "
    f"`output` is a piece of other names too. {_WHOSE}"
)
_ANYWHERE = (
    "You look whether a piece occurs anywhere in the name, and replace it there. `output` is a piece of other "
    "names too, and a name that only holds a known piece is not in the table. " + _WHOSE
)
_FEW_LAYERS = (
    "Layers with large numbers give None with you. A model can have any number of them. " + _WHOSE
)
_ENTRIES_SWAPPED = "in your table are exchanged. "


@exercise.faults(
    gate_and_up="Gate and up " + _ENTRIES_SWAPPED + _SAME_SHAPE + _WHOSE,
    gate_and_down="Gate and down "
    + _ENTRIES_SWAPPED
    + "Their shapes are each other's transpose. "
    + _WHOSE,
    up_and_down="Up and down "
    + _ENTRIES_SWAPPED
    + "Their shapes are each other's transpose. "
    + _WHOSE,
    norms_exchanged="Your two norms of a block are exchanged: each would scale what the other is for. "
    + _WHOSE,
    keys_and_values="Keys and values " + _ENTRIES_SWAPPED + _SAME_SHAPE + _WHOSE,
    queries_and_keys="Queries and keys " + _ENTRIES_SWAPPED + _WHOSE,
    queries_and_values="Queries and values " + _ENTRIES_SWAPPED + _WHOSE,
    queries_and_outputs="Query and output " + _ENTRIES_SWAPPED + _SAME_SHAPE + _WHOSE,
    tables_exchanged="Embedding and head " + _ENTRIES_SWAPPED + _SAME_SHAPE + _WHOSE,
    norm_and_head="`output` and `output_norm` " + _ENTRIES_SWAPPED + _WHOSE,
    one_digit="You take one digit for the number of the layer, and a model of 30 layers has numbers of two. "
    + _WHOSE,
    one_place_for_digit="Your code allows one digit for the number of the layer, either by a pattern or by "
    f"cutting the name at a fixed place. It has as many as it needs. {_WHOSE}",
    from_one="Your layers are counted from 1. Both files count them from 0, so each block would get its "
    f"neighbor's weights. {_WHOSE}",
    one_less=f"You subtract 1 from the number of the layer. Both files count from 0. {_WHOSE}",
    without_layer="The number of the layer is missing. Each block has weights of its own. "
    + _WHOSE,
    layer_zero=f"All layers get the number 0. Each block has weights of its own. {_WHOSE}",
    literal_layer="You look the number up as the letter N. It stands for the number of a layer, from the name. "
    + _WHOSE,
    blk_kept=f"Your names still begin with `blk`. The model says `blocks`. {_WHOSE}",
    layers_for_blocks="Your names begin with `layers`. The model says `blocks`. " + _WHOSE,
    block_singular=f"Your names begin with `block`. The model says `blocks`. {_WHOSE}",
    with_prefix="Your names begin with the name of a model. Parameters of `GPT` begin with those of its own "
    "parts. " + _WHOSE,
    norms_dotted="Your norms of a block are parts of attention and of the feed-forward network, `attention.norm`. "
    f"In our block they stand beside them. {_WHOSE}",
    parts_underlined="Your names have an underline where the model has a part inside a part: `attention_query` for "
    f"`attention.query`. {_WHOSE}",
    short_parts="You keep the short names q, k and v. The model says query, key and value. "
    + _WHOSE,
    short_ffn="You keep the short name `ffn`. The model says `feed_forward`. " + _WHOSE,
    short_attn="You keep the short name `attn`. The model says `attention`. " + _WHOSE,
    norms_untranslated="The norms of a block keep their names. The model has others for them. "
    + _WHOSE,
    without_weight="The last piece of the name, `weight`, is missing. A module can have several parameters, and the "
    f"name says which. {_WHOSE}",
    always_weight="Your names always end with `weight`. Where a file has `bias`, it stays `bias`. "
    + _WHOSE,
    no_biases="Names that end with `bias` give None with you. They stay `bias`. " + _WHOSE,
    doubled_weight="Your names end with `weight` twice. " + _WHOSE,
    without_weight_outside="Outside the blocks the last piece of the name, `weight`, is missing. "
    + _WHOSE,
    unknown_kept="A name that is not in the table is returned as it came, and would be taken for one of ours. "
    + _WHOSE,
    unknown_inside_kept="A part of a block that is not in the table keeps its name in yours, and would be taken "
    f"for one of ours. The answer for a name that is not in the table is None. {_WHOSE}",
    unknown_empty="A name that is not in the table gives an empty text, and it should give None. "
    + _WHOSE,
    unknown_as_text="A name that is not in the table gives the text 'None', and it should give None. "
    + _WHOSE,
    unknown_written_in="A name that is not in the table gives a name with None in its middle. None alone is asked "
    "for. " + _WHOSE,
    unknown_raises=_KEY_ERROR,
    unknown_raises_for_name=_KEY_ERROR,
    unknown_raises_value=_KEY_ERROR,
    unknown_raises_inside="A part of a block that is not in the table raises an error, and it should give None. "
    f"{_WHOSE}",
    unknown_index=_KEY_ERROR,
    unknown_added=_KEY_ERROR,
    third_piece_first="You ask every name for its third piece. Names outside the blocks have two. "
    + _WHOSE,
    unknown_part_kept="A part that is not in the table keeps its name with you, and would be taken for one of "
    f"ours. The answer for such a name is None. {_WHOSE}",
    few_layers=_FEW_LAYERS,
    few_layers_of_a_hundred=_FEW_LAYERS,
    piece_anywhere=_ANYWHERE,
    piece_anywhere_outside_first=_ANYWHERE,
    by_beginning="A part that only begins like one of the table is taken for it: `attn_q_norm` is no `attn_q`. "
    + _WHOSE,
    one_table_for_all="You look outside and inside names up in one table, so that a block can have an "
    f"`output_norm` of the whole model. {_WHOSE}",
    nothing_outside="The names outside the blocks give None with you. " + _WHOSE,
    nothing_inside=f"The names inside the blocks give None with you. {_WHOSE}",
    chain=_CHAIN,
    chain_short_first=_CHAIN,
    pieces="You return a list of pieces. A name is one text, with dots between them. " + _WHOSE,
    without_dots=f"The pieces of your names are joined without dots. {_WHOSE}",
)
def faulty(on: Switches) -> Any:
    def name_from_gguf(name: str) -> Any:
        if on("chain") or on("chain_short_first"):
            return _replaced(name, on)
        if on("piece_anywhere") or on("piece_anywhere_outside_first"):
            return _replaced_once(name, on)
        if on("one_place_for_digit") and name.startswith("blk."):
            pieces = ["blk", name[4], *name[6:].split(".")]
        else:
            pieces = name.split(".")
        if on("no_biases") and pieces[-1] == "bias":
            return None
        inside = pieces[0] == "blk" and len(pieces) >= 4
        most = 32 if on("few_layers") else 100 if on("few_layers_of_a_hundred") else None
        if inside and most is not None and int(pieces[1]) >= most:
            return None
        if on("third_piece_first") and pieces[2] in _INSIDE:
            return _joined(pieces, _INSIDE[pieces[2]], inside, on)
        found = _found(pieces, inside, on)
        if found is None:
            return _unknown(name, pieces, inside, on)
        return _joined(pieces, found, inside, on)

    return name_from_gguf


def _replaced(name: str, on: Switches) -> str:
    tables = (_OUTSIDE, _INSIDE) if on("chain_short_first") else (_INSIDE, _OUTSIDE)
    for table in tables:
        for theirs, ours in table.items():
            name = name.replace(theirs, ours)
    return name.replace("blk", "blocks")


def _replaced_once(name: str, on: Switches) -> str | None:
    tables = [_INSIDE, _OUTSIDE]
    for table in reversed(tables) if on("piece_anywhere_outside_first") else tables:
        for theirs, ours in table.items():
            if theirs in name:
                return name.replace(theirs, ours).replace("blk", "blocks")
    return None


def _found(pieces: list[str], inside: bool, on: Switches) -> str | None:
    """Look the part up, in a table that may be wrong."""
    if (inside and on("nothing_inside")) or (not inside and on("nothing_outside")):
        return None
    table = _tables(on)[0 if inside else 1]
    if on("one_table_for_all"):
        table = _INSIDE | _OUTSIDE
    part = pieces[2] if inside else pieces[0]
    if on("by_beginning") and part not in table:
        part = next((known for known in table if part.startswith(known)), part)
    if on("unknown_raises") or (on("unknown_raises_inside") and inside):
        return table[part]
    return table.get(part)


def _tables(on: Switches) -> tuple[dict[str, str], dict[str, str]]:
    inside, outside = dict(_INSIDE), dict(_OUTSIDE)
    exchanged = {
        "gate_and_up": ("ffn_gate", "ffn_up"),
        "gate_and_down": ("ffn_gate", "ffn_down"),
        "up_and_down": ("ffn_up", "ffn_down"),
        "norms_exchanged": ("attn_norm", "ffn_norm"),
        "keys_and_values": ("attn_k", "attn_v"),
        "queries_and_keys": ("attn_q", "attn_k"),
        "queries_and_values": ("attn_q", "attn_v"),
        "queries_and_outputs": ("attn_q", "attn_output"),
    }
    for switch, (one, other) in exchanged.items():
        if on(switch):
            inside[one], inside[other] = inside[other], inside[one]
    if on("tables_exchanged"):
        outside |= {"token_embd": "head", "output": "embedding"}
    if on("norm_and_head"):
        outside |= {"output_norm": "head", "output": "norm"}
    return {theirs: _respelled(ours, on) for theirs, ours in inside.items()}, outside


def _respelled(ours: str, on: Switches) -> str:
    if on("norms_dotted"):
        return ours.replace("_norm", ".norm")
    if on("parts_underlined"):
        return ours.replace(".", "_")
    if on("short_parts"):
        for long, short in (("query", "q"), ("key", "k"), ("value", "v")):
            ours = ours.replace(long, short)
    if on("short_ffn"):
        return ours.replace("feed_forward", "ffn")
    if on("short_attn"):
        return ours.replace("attention", "attn")
    if on("norms_untranslated"):
        return {"attention_norm": "attn_norm", "feed_forward_norm": "ffn_norm"}.get(ours, ours)
    return ours


def _unknown(name: str, pieces: list[str], inside: bool, on: Switches) -> Any:
    if on("unknown_raises_for_name"):
        raise KeyError(name)
    if on("unknown_raises_value"):
        raise ValueError(name)
    if on("unknown_index") and not inside:
        return pieces[2]
    if on("unknown_added"):
        missing: Any = None
        return missing + "." + pieces[-1]
    if on("unknown_part_kept"):
        return f"blocks.{'.'.join(pieces[1:])}" if inside else name
    if on("unknown_kept"):
        return name
    if on("unknown_inside_kept") and inside:
        return f"blocks.{'.'.join(pieces[1:])}"
    if on("unknown_written_in"):
        return f"blocks.{pieces[1]}.None.{pieces[3]}" if inside else f"None.{pieces[1]}"
    if on("unknown_as_text"):
        return "None"
    return "" if on("unknown_empty") else None


def _joined(pieces: list[str], found: str, inside: bool, on: Switches) -> Any:
    front = [_first_piece(on), *_layer(pieces[1], on)] if inside else []
    last = ["weight"] if on("always_weight") else pieces[-1:]
    if on("without_weight") or (on("without_weight_outside") and not inside):
        last = []
    elif on("doubled_weight"):
        last = last * 2
    made = [*(["model"] if on("with_prefix") else []), *front, found, *last]
    if on("pieces"):
        return made
    return ("" if on("without_dots") else ".").join(made)


def _first_piece(on: Switches) -> str:
    if on("blk_kept"):
        return "blk"
    if on("layers_for_blocks"):
        return "layers"
    return "block" if on("block_singular") else "blocks"


def _layer(number: str, on: Switches) -> list[str]:
    if on("without_layer"):
        return []
    if on("layer_zero"):
        return ["0"]
    if on("literal_layer"):
        return ["N"]
    if on("one_digit"):
        return [number[0]]
    if on("from_one") or on("one_less"):
        return [str(int(number) + (1 if on("from_one") else -1))]
    return [number]
