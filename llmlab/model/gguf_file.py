"""Reading GGUF files, in which llama.cpp and its kin keep quantized models with their tokenizers.

The file is read with the library `gguf`, which also turns the quantized blocks back into numbers.
llama.cpp pairs neighboring dimensions in its rotation, as the paper on RoPE does (Su et al., 2021),
and so stores queries and keys in another order than Hugging Face; they are put back here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from llmlab.errors import CheckpointError, ConfigurationError
from llmlab.model.config import TransformerConfig
from llmlab.model.huggingface import filled
from llmlab.model.transformer import Transformer

if TYPE_CHECKING:
    from llmlab.tokenization import ByteLevelBPE

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
# The kind of a token that is no text; others are ordinary, unknown, unused, or single bytes.
_CONTROL = 3


def load_gguf(path: Path, *, dtype: torch.dtype = torch.float32, fused: bool = True) -> Transformer:
    """Make a model of LLaMA's family from a GGUF file; `GGUFFile` gives its tokenizer as well.

    Args:
        path: The file.
        dtype: What the weights become once they are dequantized.
        fused: Whether attention uses PyTorch's fused kernel.

    Raises:
        CheckpointError: It is no GGUF file, is cut short, or holds a model of another family.
    """
    return GGUFFile(path).model(dtype=dtype, fused=fused)


class GGUFFile:
    """An opened GGUF file: a model, its tokenizer, and how messages to it are written.

    Args:
        path: The file.

    Raises:
        CheckpointError: It is no GGUF file, or is cut short.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = _open(path)

    def model(self, *, dtype: torch.dtype = torch.float32, fused: bool = True) -> Transformer:
        """Make the model; `load_gguf` says what the arguments mean.

        Raises:
            CheckpointError: It is of another family than LLaMA's, or not complete.
        """
        config = self._config()
        state = {}
        for name, _, numbers in self.tensors():
            ours = name_from_gguf(name)
            if ours is None:
                raise CheckpointError(f"{self.path} has a tensor {name}, which is not known.")
            weight = numbers.to(dtype)
            for part, heads in (("query", config.num_heads), ("key", config.kv_heads)):
                if f".attention.{part}." in ours and weight.shape[0] % (2 * heads) == 0:
                    weight = halves_paired(weight, heads)
            state[ours] = weight
        return filled(config, state, self.path, fused=fused)

    def tensors(self) -> Iterator[tuple[str, str, Float[Tensor, "..."]]]:
        """Give what the file holds, in its own order of rows: name, kind of storage, and the numbers of each.

        Raises:
            CheckpointError: A tensor is stored in a way that cannot be read.
        """
        for tensor in self._reader.tensors:
            yield tensor.name, tensor.tensor_type.name, _numbers(tensor, self.path)

    def tokenizer(self) -> ByteLevelBPE:
        """Make the tokenizer.

        Raises:
            CheckpointError: There is none, or it is of a kind that is unknown here.
            TokenizationError: Its vocabulary and merges do not fit together.
        """
        from llmlab.tokenization import GPT2_PATTERN, SMOLLM2_PATTERN, ByteLevelBPE

        patterns = {
            ("gpt2", "gpt-2"): GPT2_PATTERN,
            ("gpt2", "smollm"): SMOLLM2_PATTERN,
        }
        kind = (self._value("tokenizer.ggml.model"), self._value("tokenizer.ggml.pre", "default"))
        if kind not in patterns:
            raise CheckpointError(
                f"{self.path} has a tokenizer of the kind {'/'.join(map(str, kind))}, which is unknown here; "
                f"known are {', '.join('/'.join(one) for one in patterns)}."
            )
        tokens = self._value("tokenizer.ggml.tokens")
        kinds = self._value("tokenizer.ggml.token_type", [])
        special = {
            token: number
            for number, (token, kind_) in enumerate(zip(tokens, kinds, strict=False))
            if kind_ == _CONTROL
        }
        return ByteLevelBPE(
            {token: number for number, token in enumerate(tokens) if token not in special},
            [tuple(merge.split(" ", 1)) for merge in self._value("tokenizer.ggml.merges")],
            pattern=patterns[kind],
            special_tokens=special,
            missing_bytes="drop",
        )

    @property
    def chat_template(self) -> str | None:
        """How messages are written, as a Jinja template; None for a model that does not chat."""
        template: str | None = self._value("tokenizer.chat_template", None)
        return template

    def _config(self) -> TransformerConfig:
        family = self._value("general.architecture")
        if family != "llama":
            raise CheckpointError(
                f"{self.path} holds a model of the family {family!r}; only `llama` is known."
            )
        scaling = self._value("llama.rope.scaling.type", "none")
        if scaling != "none":
            raise CheckpointError(
                f"{self.path} stretches rotary positions by {scaling!r}, which cannot be imported."
            )
        heads = self._value("llama.attention.head_count")
        tokens = self._reader.get_field("tokenizer.ggml.tokens")
        try:
            return TransformerConfig(
                vocabulary_size=len(tokens.data) if tokens else self._value("llama.vocab_size"),
                max_length=self._value("llama.context_length"),
                model_dim=self._value("llama.embedding_length"),
                num_layers=self._value("llama.block_count"),
                num_heads=heads,
                num_kv_heads=self._value("llama.attention.head_count_kv", heads),
                hidden_dim=self._value("llama.feed_forward_length"),
                norm_epsilon=self._value("llama.attention.layer_norm_rms_epsilon"),
                rotary_base=self._value("llama.rope.freq_base", 10_000.0),
                tied_embeddings="output.weight" not in {one.name for one in self._reader.tensors},
            )
        except (ConfigurationError, TypeError) as error:
            raise CheckpointError(f"{self.path} cannot be used: {error}") from error

    def _value(self, name: str, *default: Any) -> Any:
        """Look a field up; without a default it has to be there."""
        field = self._reader.get_field(name)
        if field is not None:
            return field.contents()
        if not default:
            raise CheckpointError(f"{self.path} does not say {name}; it is no complete model.")
        return default[0]


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

    class Reader(GGUFReader):
        """The library's reader on a plain array: of numpy.memmap, a million slices take seconds."""

        @property
        def data(self) -> Any:
            return self._plain

        @data.setter
        def data(self, mapped: Any) -> None:
            self._plain = np.asarray(mapped)

    if not path.is_file():
        raise CheckpointError(f"There is no file {path}; look at the name.")
    try:
        return Reader(path)
    except (ValueError, IndexError, KeyError, OSError, OverflowError, MemoryError) as error:
        raise CheckpointError(
            f"{path} is no GGUF file, or is cut short ({error}); download it again."
        ) from error


def _numbers(tensor: Any, path: Path) -> Tensor:
    from gguf.quants import dequantize

    try:
        numbers = dequantize(tensor.data, tensor.tensor_type)
    except (NotImplementedError, ValueError) as error:
        raise CheckpointError(
            f"{path} stores {tensor.name} as {tensor.tensor_type.name}, which cannot be read ({error})."
        ) from error
    # What was not quantized still lies in the file, where it cannot be written.
    return torch.from_numpy(np.require(numbers, requirements="W"))
