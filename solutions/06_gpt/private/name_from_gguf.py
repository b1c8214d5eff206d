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


_OUTSIDE = {"token_embd": "embedding", "output_norm": "norm", "output": "head"}
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


@private.variant
def name_by_pattern(name: str) -> str | None:
    """Take the name apart by a pattern."""
    found = re.fullmatch(r"(?:blk\.(\d+)\.)?(\w+)\.(weight|bias)", name)
    if not found:
        return None
    layer, part, kind = found.groups()
    if layer:
        return f"blocks.{layer}.{_INSIDE[part]}.{kind}" if part in _INSIDE else None
    return f"{_OUTSIDE[part]}.{kind}" if part in _OUTSIDE else None


@private.variant
def name_by_matching(name: str) -> str | None:
    """Match the pieces of the name."""
    found = None
    match name.split("."):
        case ["blk", layer, part, kind] if part in _INSIDE:
            found = ".".join(["blocks", layer, _INSIDE[part], kind])
        case ["token_embd" | "output_norm" | "output" as part, kind]:
            found = ".".join([_OUTSIDE[part], kind])
    return found


for line in (
    "if len(parts) == 2 and parts[0] in _WHOLE:",
    'if len(parts) == 4 and parts[0] == "blk" and parts[2] in _NAMES:',
):
    for kind in ("COMPARISON", "CONDITION"):
        private.equivalent(
            line, kind, "A name's beginning tells whether it has two pieces or four."
        )
private.equivalent("return None", "STATEMENT", "A function that ends without `return` gives None.")
private.equivalent(
    "return None", "INDENTATION", "Without it None is what comes at the end as well."
)
