"""How large the weights of a fresh model are drawn."""

from __future__ import annotations

import math

from llmlab.errors import ConfigurationError

DEVIATION = 0.02


def initial_deviation(name: str, num_layers: int) -> float:
    """Give the standard deviation of the normal draw for a matrix (GPT-2; Radford et al., 2019).

    Each block adds to the residual stream twice. So that the stream does not grow with the depth,
    the maps that add are drawn smaller by the root of the number of additions.

    Args:
        name: The parameter's name, as `blocks.3.attention.output.weight`.
        num_layers: How many blocks the model has.

    Raises:
        ConfigurationError: There is no layer.
    """
    if num_layers < 1:
        raise ConfigurationError(f"num_layers is {num_layers}; give a whole number of at least 1.")
    adds = name.endswith(("attention.output.weight", "feed_forward.down.weight"))
    return DEVIATION / math.sqrt(2 * num_layers) if adds else DEVIATION
