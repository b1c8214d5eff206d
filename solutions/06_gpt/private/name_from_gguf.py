"""`gpt.name_from_gguf`: hidden probes, and right answers written differently."""

import re
from typing import Any

import torch
from torch import Generator

from autograder.exercise import Private
from autograder.exercises.gpt.name_from_gguf import of_layer, translated

private = Private()


@private.probe
def every_layer(implementation: Any, generator: Generator) -> Any:
    """Drawn layers up to four digits, weights and biases."""
    layers = torch.randint(0, 2000, (4,), generator=generator).tolist()
    names = {f"layer {layer}": of_layer(implementation, layer) for layer in layers}
    return names | {"biases": of_layer(implementation, layers[0], "bias")}


@private.probe
def others(implementation: Any, generator: Generator) -> Any:
    """Tensors outside the blocks, and names that are not in the table."""
    names = ("output.bias", "token_embd.weight", "output_norm.weight", "rope_factors_long.weight")
    return translated(
        implementation, (*names, "blk.11.token_embd.weight", "blk.0.attn_k_norm.weight")
    )


_TABLE = {
    "token_embd": "embedding",
    "output_norm": "norm",
    "output": "head",
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


@private.variant
def name_by_pattern(name: str) -> str | None:
    """Take the name apart by two patterns."""
    if inside := re.fullmatch(r"blk\.(\d+)\.((?:attn|ffn)_\w+)\.(\w+)", name):
        layer, part, kind = inside.groups()
        return f"blocks.{layer}.{_TABLE[part]}.{kind}" if part in _TABLE else None
    if outside := re.fullmatch(r"(token_embd|output_norm|output)\.(\w+)", name):
        return f"{_TABLE[outside[1]]}.{outside[2]}"
    return None


@private.variant
def name_by_matching(name: str) -> str | None:
    """Match the pieces of the name."""
    match name.split("."):
        case ["blk", layer, part, kind] if part.startswith(("attn", "ffn")) and part in _TABLE:
            return ".".join(["blocks", layer, _TABLE[part], kind])
        case ["token_embd" | "output_norm" | "output" as part, kind]:
            return ".".join([_TABLE[part], kind])
        case _:
            return None
