"""`attention.embed`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn import functional

from autograder.exercise import Switches, normal
from autograder.exercises.attention import LAB
from autograder.exercises.attention._shared import chosen
from llmlab import model

exercise = LAB.exercise(
    "embed",
    reference=model.embed,
    forbidden=(
        "torch.nn.functional.embedding",
        "torch.nn.functional.embedding_bag",
    ),
    matters="The table of Llama 3 8B (2024) has 128,256 rows of 4,096 numbers, and this one line is all that the "
    "model does with it at its entrance. Read llmlab/model/embedding.py.",
    hints=(
        "Look at the shapes: the table has one row a token, and each id names a row.",
        "A tensor can be indexed by a whole tensor of indices at once; the result has the shape "
        "of the indices, followed by what is left of the table.",
        "Index the table with the ids, and return what comes out: one expression, no loop.",
    ),
)


def learned(implementation: Any, table: Tensor, ids: Tensor) -> dict[str, Any]:
    """Look ids up, and let a gradient that differs from place to place flow back."""
    table.requires_grad_()
    output = implementation(table, ids)
    output.square().sum().backward()
    return {"output": output, "gradient of the table": table.grad}


@exercise.probe
def one_sentence(implementation: Any, generator: Generator) -> Any:
    """The ids [4, 0, 3, 3, 1], one of them twice, and a table of 6 tokens by 3."""
    return {"output": implementation(normal(generator, 6, 3), torch.tensor([4, 0, 3, 3, 1]))}


@exercise.probe
def batch(implementation: Any, generator: Generator) -> Any:
    """The ids [[1, 2, 1], [3, 0, 3]], a square table of 4 by 4, and its gradient for the sum of the squares."""
    return learned(implementation, normal(generator, 4, 4), torch.tensor([[1, 2, 1], [3, 0, 3]]))


@exercise.probe
def other_shapes(implementation: Any, generator: Generator) -> Any:
    """A single id, which is 2, a batch of one with the ids [[3, 1]], and ids of shape (2, 1, 3); a table of 5 by 4."""
    table = normal(generator, 5, 4)
    ids = torch.tensor([[[1, 0, 2]], [[3, 4, 0]]])
    return {
        "output for one id": implementation(table.clone(), torch.tensor(2)),
        "output for a batch of one": implementation(table.clone(), torch.tensor([[3, 1]])),
        "output for three dimensions of ids": implementation(table, ids),
    }


_COLUMNS = (
    "Your code picks columns of the table. A token's vector is a row: the first index of the table counts tokens, "
    "the second counts dimensions. Reread 'A table with one row a token'."
)
_MIXED = (
    "Your code puts the vectors of several tokens together into one. Each token keeps a vector of its own; attention "
    "is what mixes them, later. Reread 'A table with one row a token'."
)
_CUT = (
    "Your code cuts the gradient: the vectors come out right, and the table would never learn, since what you return "
    "is no longer connected to it. Reread 'The table is learned'."
)
_ONE_BY_ONE = (
    "Your code takes each item of `ids` for a number. That holds for a flat list of ids; in a batch, an item is a "
    "whole sentence. Reread 'A table with one row a token': ids can have any shape."
)
_GONE_THROUGH = (
    "Your code goes through the ids one by one, and fails for a single id, which cannot be gone through. Ids can have "
    "any shape. Reread 'A table with one row a token'."
)
_LOST_SHAPE = (
    "The vectors are right, and the shape of the ids is lost. What comes out has that shape, whatever it is, with "
    "the vector's dimensions behind it. Reread 'A table with one row a token'."
)
_TURNED = (
    "Two dimensions of your result have changed places. The shape of the ids comes first, as it is, and the vector's "
    "dimensions last. Reread 'A table with one row a token'."
)
_FLAT_ONLY = (
    "The function that you call takes a flat list of ids only, and ids can have any shape: one id, a sentence, a "
    "batch. Reread 'A table with one row a token'."
)
_PRODUCT = (
    "Your code computes with the ids as if they were amounts. An id is a name: it says which row to take. Reread 'A "
    "table with one row a token'."
)

_LOOKUPS: dict[str, Any] = {
    "columns": lambda table, ids: table[:, ids],
    "columns_of_the_transpose": lambda table, ids: table.T[ids],
    "columns_selected": lambda table, ids: table.index_select(1, ids),
    "first_id": lambda table, ids: table[ids[0]],
    "last_id": lambda table, ids: table[ids[-1]],
    "first_rows": lambda table, ids: table[: len(ids)],
    "unique": lambda table, ids: table[ids.unique()],
    "sorted_ids": lambda table, ids: table[ids.sort().values],
    "reversed_ids": lambda table, ids: table[ids.flip(-1)],
    "from_one": lambda table, ids: table[ids - 1],
    "one_later": lambda table, ids: table[ids + 1],
    "one_hot_too_short": lambda table, ids: functional.one_hot(ids).to(table.dtype) @ table,
    "one_hot_whole": lambda table, ids: functional.one_hot(ids, len(table)) @ table,
    "one_hot_width": lambda table, ids: (
        functional.one_hot(ids, table.shape[1]).to(table.dtype) @ table
    ),
    "multiplied": lambda table, ids: table * ids,
    "matrix_product": lambda table, ids: table @ ids,
    "matrix_product_turned": lambda table, ids: ids @ table,
    "single_numbers": lambda table, ids: table.take(ids),
    "gathered": lambda table, ids: table.gather(0, ids),
    "selected": lambda table, ids: table.index_select(0, ids),
    "flattened": lambda table, ids: table[ids.flatten()],
    "loop_of_items": lambda table, ids: torch.stack([table[i] for i in ids]),
    "loop_of_list": lambda table, ids: torch.stack([table[i] for i in ids.tolist()]),
    "loop_of_int": lambda table, ids: torch.stack([table[int(i)] for i in ids]),
    "loop_of_item": lambda table, ids: torch.stack([table[i.item()] for i in ids]),
    "list_of_rows": lambda table, ids: [table[i] for i in ids],
}
_CHANGES: dict[str, Any] = {
    "mean": lambda vectors: vectors.mean(dim=-2),
    "mean_first": lambda vectors: vectors.mean(dim=0),
    "sum": lambda vectors: vectors.sum(dim=-2),
    "sum_first": lambda vectors: vectors.sum(dim=0),
    "vectors_averaged": lambda vectors: vectors.mean(dim=-1),
    "scaled": lambda vectors: vectors * math.sqrt(vectors.shape[-1]),
    "shrunk": lambda vectors: vectors / math.sqrt(vectors.shape[-1]),
    "of_length_one": lambda vectors: functional.normalize(vectors, dim=-1),
    "turned": lambda vectors: vectors.mT,
    "turned_first": lambda vectors: vectors.transpose(0, 1),
    "squeezed": lambda vectors: vectors.squeeze(),
    "extra_dimension": lambda vectors: vectors.unsqueeze(0),
    "detached": lambda vectors: vectors.detach(),
    "new_leaf": lambda vectors: vectors.detach().requires_grad_(),
    "numbers": lambda vectors: vectors.tolist(),
}


@exercise.faults(
    columns=_COLUMNS,
    columns_of_the_transpose=_COLUMNS,
    columns_selected=_COLUMNS,
    first_id="Your code looks up the first item of `ids` and leaves out the rest. Each id gets a vector. Reread 'A "
    "table with one row a token'.",
    last_id="Your code looks up the last item of `ids` and leaves out the rest. Each id gets a vector. Reread 'A table "
    "with one row a token'.",
    first_rows="Your code takes the first rows of the table, as many as there are ids, whatever the ids say. Reread 'A "
    "table with one row a token'.",
    unique="Your code looks up each different id once: a token that comes twice is lost, and the order too. Two equal "
    "ids get two equal vectors. Reread 'A table with one row a token'.",
    sorted_ids="The vectors come in the order of the ids' numbers, and not of the text. A model that reads sorted "
    "tokens cannot know who bites whom. Reread 'A table with one row a token'.",
    reversed_ids="The vectors come in reverse order: the last token stands first. Reread 'A table with one row a "
    "token'.",
    from_one="Your code takes the row before the one that is asked for, as if ids began at 1. They begin at 0, and "
    "id 0 gets the table's last row from you. Reread 'A table with one row a token'.",
    one_later="Your code takes the row after the one that is asked for; the last id has none. Ids count from 0, as "
    "rows do. Reread 'A table with one row a token'.",
    one_hot_too_short="Your one-hot rows are only as long as the largest id needs. They need one place for each "
    "token of the table, also for those that do not come up. Reread 'The table is learned'.",
    one_hot_whole="Your one-hot rows are whole numbers, and PyTorch does not multiply them with real ones. Give "
    "both one type; or look for a way without a product. Reread 'The table is learned'.",
    one_hot_width="Your one-hot rows have one place a dimension of the vectors. They need one place a token of the "
    "table. Reread 'The table is learned'.",
    multiplied=_PRODUCT,
    matrix_product=_PRODUCT,
    matrix_product_turned=_PRODUCT,
    single_numbers="Your code takes single numbers, as if the table were one long list. Each id stands for a whole "
    "row. Reread 'A table with one row a token'.",
    gathered="`gather` wants one index for each number of its result, and an id stands for a whole row of them. Reread "
    "'A table with one row a token'.",
    selected=_FLAT_ONLY,
    flattened=_LOST_SHAPE,
    loop_of_items=_GONE_THROUGH,
    loop_of_list=_GONE_THROUGH,
    loop_of_int=_ONE_BY_ONE,
    loop_of_item=_ONE_BY_ONE,
    list_of_rows="Your code returns a list of vectors, where one tensor of the shape of the ids, followed by "
    "model_dim, is asked for. Reread 'A table with one row a token'.",
    mean=_MIXED,
    mean_first=_MIXED,
    sum=_MIXED,
    sum_first=_MIXED,
    vectors_averaged="Your code averages the numbers of each vector: one number a token is left. What stands in the "
    "single dimensions is lost with it. Reread 'A table with one row a token'.",
    scaled="The vectors are multiplied by the root of their length. Vaswani et al. (2017) do that where they add "
    "positions; here the rows are asked for as they stand in the table. Reread 'A table with one row a token'.",
    shrunk="The vectors are divided by the root of their length. The rows are asked for as they stand in the table. "
    "Reread 'A table with one row a token'.",
    of_length_one="Your vectors all have length 1: each is divided by its own length. The rows are asked for as they "
    "stand in the table. Reread 'A table with one row a token'.",
    turned=_TURNED,
    turned_first=_TURNED,
    squeezed="Dimensions of size 1 are gone from your result. A batch of one sentence is still a batch. Reread 'A "
    "table with one row a token'.",
    extra_dimension="Your result has a dimension too many in front. What comes out has the shape of the ids, "
    "followed by model_dim. Reread 'A table with one row a token'.",
    detached=_CUT,
    new_leaf=_CUT,
    numbers="Your code returns lists of Python's numbers, where a tensor is asked for; lists know nothing of "
    "gradients, so the table could not learn. Reread 'The table is learned'.",
)
def faulty(on: Switches) -> Any:
    """Look up, then do something to what was looked up."""

    def embed(table: Tensor, ids: Tensor) -> Any:
        vectors = chosen(on, lambda table, ids: table[ids], _LOOKUPS)(table, ids)
        return chosen(on, lambda vectors: vectors, _CHANGES)(vectors)

    return embed
