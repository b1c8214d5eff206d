"""`gpt.count_parameters`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

from torch import Generator

from autograder.exercise import whole
from autograder.exercises.gpt import LAB
from llmlab import model
from llmlab.model import TransformerConfig

exercise = LAB.exercise(
    "count_parameters",
    reference=model.count_parameters,
    hints=(
        "Go through the table of the text row by row; what is multiplied by the number of layers?",
        "Queries and the output map are as wide as the model. Keys and values are only as wide as "
        "their heads together: the number of key-value heads times the size of a head.",
        "Add up attention (two square maps and two narrow ones), three maps of the feed-forward "
        "network, and two norms; take that times the layers. Add the last norm, and one table, or "
        "two where they are not tied.",
    ),
)


@exercise.probe
def as_many_key_heads(implementation: Any, generator: Generator) -> Any:
    """A tied model of 5 layers, with as many key-value heads as heads."""
    hidden = whole(generator, 20, 40)
    return implementation(TransformerConfig(100, 64, 24, 5, 4, hidden_dim=hidden))


@exercise.probe
def shared_key_heads(implementation: Any, generator: Generator) -> Any:
    """A model of 3 layers that is not tied, with 8 heads that share 2 key-value heads."""
    hidden = whole(generator, 50, 90)
    return implementation(
        TransformerConfig(
            77, 64, 48, 3, 8, num_kv_heads=2, hidden_dim=hidden, tied_embeddings=False
        )
    )


def _counted(
    config: TransformerConfig,
    *,
    kv_heads: int | None = None,
    maps: int = 3,
    norms: int = 2,
    last_norm: int = 1,
    tables: int | None = None,
    layers: int | None = None,
) -> int:
    dim, hidden = config.model_dim, config.hidden_dim or 0
    keys = (config.kv_heads if kv_heads is None else kv_heads) * config.head_dim
    block = 2 * dim * dim + 2 * dim * keys + maps * dim * hidden + norms * dim
    count = 2 - config.tied_embeddings if tables is None else tables
    stack = (config.num_layers if layers is None else layers) * block
    return count * config.vocabulary_size * dim + stack + last_norm * dim


@exercise.misconception(
    "You count two tables for every model. Where the embeddings are tied, head and embedding are one "
    "table, and its numbers count once. Reread 'One table, used twice'."
)
def both_tables(config: TransformerConfig) -> int:
    return _counted(config, tables=2)


@exercise.misconception(
    "You count one table for every model. Where the embeddings are not tied, the head has a table of "
    "its own. Reread 'Where the parameters are'."
)
def one_table(config: TransformerConfig) -> int:
    return _counted(config, tables=1)


@exercise.misconception(
    "Your keys and values are as wide as the queries. With fewer key-value heads these two maps are "
    "narrower, which is what such heads are for. Reread 'Where the parameters are'."
)
def wide_keys(config: TransformerConfig) -> int:
    return _counted(config, kv_heads=config.num_heads)


@exercise.misconception(
    "You count two maps in the feed-forward network. SwiGLU has a third one, the gate. Reread 'Where "
    "the parameters are'."
)
def two_maps(config: TransformerConfig) -> int:
    return _counted(config, maps=2)


@exercise.misconception(
    "The norms of the blocks are missing from your count. They are small, but each block has two with "
    "one weight a dimension, and a file of weights holds them too. Reread 'Where the parameters are'."
)
def no_norms(config: TransformerConfig) -> int:
    return _counted(config, norms=0)


@exercise.misconception(
    "The norm after the last block is missing from your count. Reread 'Where the parameters are'."
)
def no_last_norm(config: TransformerConfig) -> int:
    return _counted(config, last_norm=0)


@exercise.misconception(
    "You count a single block. The blocks have the same shape and not the same weights: each has its "
    "own. Reread 'Where the parameters are'."
)
def one_layer(config: TransformerConfig) -> int:
    return _counted(config, layers=1)
