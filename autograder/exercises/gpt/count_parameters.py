"""`gpt.count_parameters`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

from torch import Generator

from autograder.exercise import Switches, whole
from autograder.exercises.gpt import LAB
from autograder.exercises.gpt._shared import as_number
from llmlab import model
from llmlab.model import TransformerConfig

exercise = LAB.exercise(
    "count_parameters",
    reference=model.count_parameters,
    hints=(
        "Go through the table of the text row by row; what is multiplied by the number of layers?",
        "Queries and the output map are as wide as the model. Keys and values are only as wide as their heads "
        "together: the number of key-value heads times the size of a head.",
        "Add up attention (two square maps and two narrow ones), three maps of the feed-forward network, and "
        "two norms; take that times the layers. Add the last norm, and one table, or two where they are not tied.",
    ),
    matters="This arithmetic gives the 8.03 billion parameters of Llama 3 8B (2024), of which 5.6 billion are "
    "its feed-forward networks. Read llmlab/model/counting.py.",
)


@exercise.probe
def worked_example(implementation: Any, generator: Generator) -> Any:
    """The worked example: V = 10, d = 8, L = 2, h = 2, g = 1, f = 12, and tied embeddings."""
    return as_number(implementation(TransformerConfig(10, 64, 8, 2, 2, 1, hidden_dim=12)))


@exercise.probe
def two_tables(implementation: Any, generator: Generator) -> Any:
    """V = 7, d = 24, L = 3, h = 6, g = 2, a drawn f, and embeddings that are not tied."""
    hidden = whole(generator, 30, 60)
    config = TransformerConfig(7, 5, 24, 3, 6, 2, hidden_dim=hidden, tied_embeddings=False)
    return as_number(implementation(config))


@exercise.probe
def no_shared_heads(implementation: Any, generator: Generator) -> Any:
    """V = 100, d = 40, L = 5, h = 4, as many key-value heads, a drawn f, and tied embeddings."""
    hidden = whole(generator, 50, 90)
    return as_number(implementation(TransformerConfig(100, 9, 40, 5, 4, hidden_dim=hidden)))


_TABLE = "Reread 'Where the parameters are'."
_TIED = "Reread 'One table, used twice'."
_KV_NONE = (
    "You use the field `num_kv_heads`, which is None where no heads are shared. `kv_heads` always holds a "
    f"number. {_TABLE}"
)


@exercise.faults(
    both_tables="You count two tables for every model. Where the embeddings are tied, head and embedding are "
    f"one table, and its numbers count once. {_TIED}",
    one_table="You count one table for every model. Where the embeddings are not tied, the head has a table "
    f"of its own. {_TABLE}",
    tied_inverted="You count two tables where they are tied and one where they are not. Tied means that there "
    f"is one. {_TIED}",
    no_table=f"The tables of the vocabulary are missing from your count. {_TABLE}",
    no_head_table="Your count has one table too few: the embedding always has one, and the head a second one "
    f"where the two are not tied. {_TABLE}",
    three_tables=f"Your count has a table too many: untied there are two, and tied there is one. {_TABLE}",
    table_without_width="You count one number for each token of the vocabulary. A token has a whole row of "
    "the table. " + _TABLE,
    head_bias="You count a bias for the head, one number a token. This model has no biases. "
    + _TABLE,
    wide_keys="Your keys and values are as wide as the queries. With fewer key-value heads these two maps are "
    f"narrower, which is what such heads are for. {_TABLE}",
    all_narrow="All your maps of attention are as narrow as the keys. Query and output are as wide as the "
    f"model, however many key-value heads there are. {_TABLE}",
    narrow_output="Only one map of attention is as wide as the model with you, and three are as narrow as the "
    f"keys. Query and output are both wide. {_TABLE}",
    wide_values="Three of your maps of attention are as wide as the model. Keys and values are both narrow "
    f"where heads are shared. {_TABLE}",
    one_key_head="Your keys and values have the width of a single head. There are as many heads of them as "
    f"the configuration has key-value heads. {_TABLE}",
    heads_as_width="Your keys and values are as wide as the number of their heads. Each head has several "
    "numbers. " + _TABLE,
    keys_from_keys="Your maps of keys and values go from their own width to their own width. They read "
    f"vectors of the model's width. {_TABLE}",
    shared_by_group="You divide the width of keys and values by the number of their heads. They are as wide "
    f"as all their heads together. {_TABLE}",
    one_square="Your count has one map of d x d in a block's attention, and there are two: either the query "
    f"or the output map is missing. {_TABLE}",
    no_square=f"The maps of query and output are missing from your count. {_TABLE}",
    three_squares="Your count has three maps of d x d in a block's attention, beside keys and values. There "
    "are two. " + _TABLE,
    one_narrow="Your count has one map for keys and values. Each of the two has its own. " + _TABLE,
    no_narrow=f"The maps of keys and values are missing from your count. {_TABLE}",
    three_narrow="Your count has three maps as narrow as keys and values, and there are two. "
    + _TABLE,
    squares_by_head="You count query and output once for each head, in full width. All heads together are as "
    f"wide as the model: each has its part of one map. {_TABLE}",
    squares_of_a_head="You count the maps of query and output for a single head. All heads together are as "
    f"wide as the model. {_TABLE}",
    narrow_by_head="You count the maps of keys and values once for each query head. Query heads that share a "
    f"key-value head share its maps. {_TABLE}",
    no_attention=f"The maps of attention are missing from your count. {_TABLE}",
    two_maps="You count two maps in the feed-forward network. SwiGLU has a third one, the gate. "
    + _TABLE,
    one_map=f"You count one map in the feed-forward network, and SwiGLU has three. {_TABLE}",
    four_maps=f"You count four maps in the feed-forward network, and SwiGLU has three. {_TABLE}",
    no_feed_forward=f"The feed-forward networks are missing from your count. {_TABLE}",
    four_times_wide="Your feed-forward network has two maps, four times as wide as the model, as in GPT-2. "
    f"Here it has three, and the configuration says how wide. {_TABLE}",
    four_times_gated="Your feed-forward network is four times as wide as the model. The configuration says "
    "how wide it is. " + _TABLE,
    eight_thirds="Your feed-forward network is 8/3 as wide as the model, as LLaMA chose it (2023). The "
    f"configuration says how wide it is here. {_TABLE}",
    square_feed_forward="One of your maps in the feed-forward network is not (model_dim, hidden_dim). All "
    f"three lie between these two widths. {_TABLE}",
    feed_forward_without_width="You count the feed-forward network's width, and not the width of what it "
    f"reads: a map has as many numbers as both multiplied. {_TABLE}",
    no_block_norms="The norms of the blocks are missing from your count. They are small, but each block has "
    f"two with one weight a dimension, and a file of weights holds them too. {_TABLE}",
    one_block_norm="You count one norm in each block. One stands before attention, and one before the "
    "feed-forward network. " + _TABLE,
    three_block_norms=f"You count three norms in each block, and there are two. {_TABLE}",
    no_norms="All norms are missing from your count: two in each block, and the one after the last block. "
    f"They are small, but a file of weights holds them too. {_TABLE}",
    no_last_norm=f"The norm after the last block is missing from your count. {_TABLE}",
    two_last_norms=f"You count the norm after the last block twice. {_TABLE}",
    last_norm_in_block="You count the last norm once for each block. It stands once, after all of them. "
    + _TABLE,
    norm_biases="Your norms have two numbers a dimension, as LayerNorm has. RMSNorm has a scale and nothing "
    "that it adds. " + _TABLE,
    norms_of_one="Your norms have one number each. They have one for each dimension. " + _TABLE,
    square_norms="Your norms are matrices. A norm scales each dimension by itself, with one number. "
    + _TABLE,
    one_layer="You count a single block. The blocks have the same shape and not the same weights: each has "
    f"its own. {_TABLE}",
    one_layer_less="You count one block too few. " + _TABLE,
    one_layer_more="You count one block too many. " + _TABLE,
    layers_times_all="You take everything times the layers, the tables and the last norm too. Those stand "
    "once in the model. " + _TABLE,
    layers_times_tables="You take the tables times the layers. They stand once in the model. "
    + _TABLE,
    attention_alone_by_layers="Only attention is taken times the layers. Each block has a feed-forward network "
    "and two norms too. " + _TABLE,
    squares_by_count="Your maps of query and output are as wide as the number of heads. Each head has several "
    "numbers. " + _TABLE,
    attention_once="You count the attention of a single block. Each block has maps of its own. "
    + _TABLE,
    feed_forward_once="You count the feed-forward network of a single block. Each block has maps of its own. "
    + _TABLE,
    norms_once="You count the norms of a single block. Each block has two of its own. " + _TABLE,
    attention_biases="You count biases in the maps of attention. These models have none. " + _TABLE,
    feed_forward_biases="You count biases in the feed-forward network. These models have none. "
    + _TABLE,
    biases="You count biases in attention and in the feed-forward network. These models have none. "
    + _TABLE,
    positions="You count a table of positions. Rotary positions turn queries and keys, and have nothing to "
    "learn. Reread 'A stack of blocks'.",
    maybe_none=_KV_NONE,
    maybe_none_first=_KV_NONE,
    maybe_none_by_width=_KV_NONE,
)
def faulty(on: Switches) -> Any:
    def count_parameters(config: TransformerConfig) -> int:
        d, layers = config.model_dim, _layers(config, on)
        tables, last_norm = _tables(config, on), _last_norm(config, on)
        attention, feed_forward = _attention(config, on), _feed_forward(config, on)
        norms = _block_norms(config, on)
        if on("attention_alone_by_layers"):
            return tables + layers * attention + feed_forward + norms + last_norm
        if on("attention_once"):
            return tables + attention + layers * (feed_forward + norms) + last_norm
        if on("feed_forward_once"):
            return tables + feed_forward + layers * (attention + norms) + last_norm
        if on("norms_once"):
            return tables + norms + layers * (attention + feed_forward) + last_norm
        block = attention + feed_forward + norms
        if on("layers_times_all"):
            return layers * (tables + block + last_norm)
        if on("layers_times_tables"):
            return layers * (tables + block) + last_norm
        if on("last_norm_in_block"):
            return tables + layers * (block + last_norm)
        positions = config.max_length * d if on("positions") else 0
        return tables + positions + layers * block + last_norm

    return count_parameters


def _layers(config: TransformerConfig, on: Switches) -> int:
    if on("one_layer"):
        return 1
    return config.num_layers - on("one_layer_less") + on("one_layer_more")


def _tables(config: TransformerConfig, on: Switches) -> int:
    count = 2 - (config.tied_embeddings != on("tied_inverted"))
    if on("both_tables"):
        count = 2
    elif on("one_table"):
        count = 1
    elif on("no_table"):
        count = 0
    elif on("no_head_table"):
        count -= 1
    elif on("three_tables"):
        count += 1
    width = 1 if on("table_without_width") else config.model_dim
    bias = config.vocabulary_size if on("head_bias") else 0
    return count * config.vocabulary_size * width + bias


def _key_width(config: TransformerConfig, on: Switches) -> int:
    given: Any = config.num_kv_heads
    if on("maybe_none"):
        return int(given * config.head_dim)
    if on("maybe_none_first"):
        return int(config.head_dim * given)
    if on("maybe_none_by_width"):
        return int(config.model_dim * given)
    if on("wide_keys"):
        return config.model_dim
    if on("one_key_head"):
        return config.head_dim
    if on("heads_as_width"):
        return config.kv_heads
    if on("shared_by_group"):
        return config.model_dim // config.kv_heads
    return config.kv_heads * config.head_dim


def _attention(config: TransformerConfig, on: Switches) -> int:
    d, keys = config.model_dim, _key_width(config, on)
    square, narrow = d * d, (keys if on("keys_from_keys") else d) * keys
    biases = 2 * d + 2 * keys if on("attention_biases") or on("biases") else 0
    if on("no_attention"):
        return 0
    if on("all_narrow"):
        return 4 * narrow
    if on("narrow_output"):
        return square + 3 * narrow
    if on("wide_values"):
        return 3 * square + narrow
    if on("squares_by_head"):
        square *= config.num_heads
    elif on("squares_by_count"):
        square = d * config.num_heads
    elif on("squares_of_a_head"):
        square = d * config.head_dim
    if on("narrow_by_head"):
        narrow *= config.num_heads
    squares = 2 - on("one_square") - 2 * on("no_square") + on("three_squares")
    narrows = 2 - on("one_narrow") - 2 * on("no_narrow") + on("three_narrow")
    return squares * square + narrows * narrow + biases


def _feed_forward(config: TransformerConfig, on: Switches) -> int:
    d, hidden = config.model_dim, config.hidden_dim or 0
    biases = 2 * hidden + d if on("feed_forward_biases") or on("biases") else 0
    if on("no_feed_forward"):
        return 0
    if on("four_times_wide"):
        return 8 * d * d
    if on("four_times_gated"):
        return 12 * d * d
    if on("eight_thirds"):
        return 3 * d * (8 * d // 3)
    if on("square_feed_forward"):
        return 2 * d * hidden + hidden * hidden
    if on("feed_forward_without_width"):
        return 3 * hidden
    maps = 3 - on("two_maps") - 2 * on("one_map") + on("four_maps")
    return maps * d * hidden + biases


def _norm(config: TransformerConfig, on: Switches) -> int:
    if on("norms_of_one"):
        return 1
    if on("square_norms"):
        return config.model_dim**2
    return 2 * config.model_dim if on("norm_biases") else config.model_dim


def _block_norms(config: TransformerConfig, on: Switches) -> int:
    if on("no_block_norms") or on("no_norms"):
        return 0
    return (2 - on("one_block_norm") + on("three_block_norms")) * _norm(config, on)


def _last_norm(config: TransformerConfig, on: Switches) -> int:
    if on("no_last_norm") or on("no_norms"):
        return 0
    return (1 + on("two_last_norms")) * _norm(config, on)
