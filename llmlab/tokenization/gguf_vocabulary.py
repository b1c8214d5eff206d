"""Reading the tokenizer that a GGUF file carries beside its weights (llama.cpp)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from llmlab.tokenization.byte_level import ByteLevelBPE
from llmlab.tokenization.errors import TokenizerFileError
from llmlab.tokenization.pretokenization import GPT2_PATTERN, SMOLLM2_PATTERN

_PATTERNS = {"gpt-2": GPT2_PATTERN, "gpt2": GPT2_PATTERN, "smollm": SMOLLM2_PATTERN}
# The kind of a token that no text is cut into by chance.
_CONTROL = 3


def load_gguf_tokenizer(path: Path) -> ByteLevelBPE:
    """Open the byte-level BPE of a GGUF file.

    Raises:
        TokenizerFileError: It is no GGUF file, or carries a tokenizer of another kind.
    """
    from gguf import GGUFReader

    try:
        reader = GGUFReader(path)
    except (ValueError, IndexError, KeyError, OSError, OverflowError) as error:
        raise TokenizerFileError(
            f"{path} is no GGUF file, or is cut short ({error}); download it again."
        ) from error

    def value(name: str) -> Any:
        field = reader.get_field(f"tokenizer.ggml.{name}")
        return None if field is None else field.contents()

    kind, pattern = value("model"), value("pre")
    if kind != "gpt2" or pattern not in _PATTERNS:
        raise TokenizerFileError(
            f"{path} carries a tokenizer of the kind {kind!r} that cuts words like {pattern!r}; only byte-level "
            f"BPE that cuts them like {', '.join(map(repr, _PATTERNS))} can be read."
        )
    tokens, kinds = value("tokens"), value("token_type")
    special = {
        token: number
        for number, (token, kind) in enumerate(zip(tokens, kinds, strict=True))
        if kind == _CONTROL
    }
    return ByteLevelBPE(
        {token: number for number, token in enumerate(tokens)},
        [(left, right) for left, _, right in (merge.partition(" ") for merge in value("merges"))],
        pattern=_PATTERNS[pattern],
        special_tokens=special,
        missing_bytes="drop",
    )
