"""What several exercises of lab 05 draw their inputs and faults from."""

from __future__ import annotations

import math
from typing import Any

from torch import Generator, Tensor

from autograder.exercise import fill_parameters


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None = None,
    *,
    scale: float | None = None,
    dim: int = -1,
    invert: bool = False,
    fill: float = -math.inf,
) -> Tensor:
    scores = query @ key.mT / (scale or math.sqrt(query.shape[-1]))
    if mask is not None:
        scores = scores.masked_fill(mask if invert else ~mask, fill)
    return scores.softmax(dim=dim) @ value


def filled(implementation: Any, generator: Generator, *args: Any) -> tuple[Any, dict[str, Any]]:
    module = implementation(*args)
    return module, {"parameters": fill_parameters(module, generator)}
