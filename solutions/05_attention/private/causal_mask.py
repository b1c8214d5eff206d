"""`attention.causal_mask`: hidden probes, and right answers written differently."""

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private

private = Private()


@private.probe
def other_lengths(implementation: Any, generator: Generator) -> Any:
    """Two tokens, and thirty-three."""
    return [implementation(2), implementation(33)]


@private.variant
def mask_compared(length: int) -> Tensor:
    """Compare each query's place with each key's."""
    places = torch.ones(length).cumsum(dim=0)
    return places[:, None] >= places


@private.variant
def mask_loop(length: int) -> Tensor:
    """Write the rows as Python lists."""
    return torch.tensor([[key <= query for key in range(length)] for query in range(length)])


@private.variant
def mask_negated(length: int) -> Tensor:
    """Mark the future, and turn that around."""
    return ~torch.ones(length, length, dtype=torch.bool).triu(diagonal=1)


private.equivalent(
    "key_length = query_length if key_length is None else key_length",
    None,
    "It serves more keys than queries.",
)
private.equivalent(
    "everything = torch.ones(query_length, key_length, dtype=torch.bool)",
    "ARGUMENTS",
    "There are as many keys as queries.",
)
for kind in ("ARGUMENTS", "ARGUMENT", "NAME"):
    private.equivalent(
        "return everything.tril(diagonal=key_length - query_length)",
        kind,
        "There are as many keys as queries, and the diagonal is 0.",
    )
