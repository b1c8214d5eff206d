"""Reading GGUF files, in which llama.cpp and its kin keep quantized models.

The file is read with the library `gguf`, which also turns the quantized blocks back into numbers.
llama.cpp pairs neighboring dimensions in its rotation, as the paper on RoPE does (Su et al., 2021),
and so stores queries and keys in another order than Hugging Face; they are put back here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from llmlab.errors import CheckpointError
from llmlab.model.config import TransformerConfig
from llmlab.model.huggingface import filled
from llmlab.model.transformer import Transformer

_NAMES = {
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
_WHOLE = {"token_embd": "embedding", "output_norm": "norm", "output": "head"}


def load_gguf(path: Path, *, dtype: torch.dtype = torch.float32, fused: bool = True) -> Transformer:
    """Make a model of LLaMA's family from a GGUF file.

    Args:
        path: The file.
        dtype: What the weights become once they are dequantized.
        fused: Whether attention uses PyTorch's fused kernel.

    Raises:
        CheckpointError: It is no GGUF file, is cut short, or holds a model of another family.
    """
    reader = _open(path)
    family = _value(reader, path, "general.architecture")
    if family != "llama":
        raise CheckpointError(
            f"{path} holds a model of the family {family!r}; only `llama` is known."
        )

    def number(name: str) -> Any:
        return _value(reader, path, f"llama.{name}")

    heads = int(number("attention.head_count"))
    names = {tensor.name for tensor in reader.tensors}
    tokens = reader.get_field("tokenizer.ggml.tokens")
    config = TransformerConfig(
        vocabulary_size=len(tokens.data) if tokens else int(number("vocab_size")),
        max_length=int(number("context_length")),
        model_dim=int(number("embedding_length")),
        num_layers=int(number("block_count")),
        num_heads=heads,
        num_kv_heads=int(number("attention.head_count_kv")),
        hidden_dim=int(number("feed_forward_length")),
        norm_epsilon=float(number("attention.layer_norm_rms_epsilon")),
        rotary_base=float(number("rope.freq_base")),
        tied_embeddings="output.weight" not in names,
    )
    state = {}
    for tensor in reader.tensors:
        ours = name_from_gguf(tensor.name)
        if ours is None:
            raise CheckpointError(f"{path} has a tensor {tensor.name}, which is not known.")
        weight = _numbers(tensor, path).to(dtype)
        if ".attention.query." in ours:
            weight = halves_paired(weight, config.num_heads)
        elif ".attention.key." in ours:
            weight = halves_paired(weight, config.kv_heads)
        state[ours] = weight
    return filled(config, state, path, fused=fused)


def halves_paired(
    weight: Float[Tensor, "rows columns"], heads: int
) -> Float[Tensor, "rows columns"]:
    """Reorder each head's rows from neighbors paired, (0, 1), to halves paired, (0, head_dim / 2)."""
    return rearrange(
        weight, "(head half two) columns -> (head two half) columns", head=heads, two=2
    )


def name_from_gguf(name: str) -> str | None:
    """Translate the name of a tensor in a GGUF file into ours; None for one that is not known."""
    parts = name.split(".")
    if len(parts) == 2 and parts[0] in _WHOLE:
        return f"{_WHOLE[parts[0]]}.{parts[1]}"
    if len(parts) == 4 and parts[0] == "blk" and parts[2] in _NAMES:
        return f"blocks.{parts[1]}.{_NAMES[parts[2]]}.{parts[3]}"
    return None


def _open(path: Path) -> Any:
    from gguf import GGUFReader

    if not path.is_file():
        raise CheckpointError(f"There is no file {path}; look at the name.")
    try:
        return GGUFReader(path)
    except (ValueError, IndexError, KeyError, OSError, OverflowError) as error:
        raise CheckpointError(
            f"{path} is no GGUF file, or is cut short ({error}); download it again."
        ) from error


def _value(reader: Any, path: Path, name: str) -> Any:
    field = reader.get_field(name)
    if field is None:
        raise CheckpointError(f"{path} does not say {name}; it is no complete model.")
    return field.contents()


def _numbers(tensor: Any, path: Path) -> Tensor:
    from gguf.quants import dequantize

    try:
        return torch.from_numpy(np.array(dequantize(tensor.data, tensor.tensor_type)))
    except (NotImplementedError, ValueError) as error:
        raise CheckpointError(
            f"{path} stores {tensor.name} as {tensor.tensor_type.name}, which cannot be read ({error})."
        ) from error
