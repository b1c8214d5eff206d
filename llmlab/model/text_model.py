"""A model together with what turns text into tokens: it goes on with a text, or answers messages.

A folder holds the model as `save_huggingface` writes it, and the tokenizer beside it; a GGUF file
holds both. A model that was taught to chat brings a template (Jinja), which writes a conversation
as the one text that it was taught with.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from llmlab.errors import CheckpointError, OutOfRangeError
from llmlab.model.generation import GREEDY, Memory, Sampling, stream, stream_text
from llmlab.model.gguf_file import GGUFFile
from llmlab.model.huggingface import load_huggingface
from llmlab.model.layout import laid_out
from llmlab.model.transformer import Transformer
from llmlab.tokenization import Tokenizer, load_tokenizer

END_OF_TEXT = "<|endoftext|>"
Message = Mapping[str, str]


@dataclass(frozen=True)
class TextModel:
    """A model, its tokenizer, and how messages to it are written.

    Attributes:
        transformer: The model, laid out for writing.
        tokenizer: Turns text into tokens and back.
        chat_template: A Jinja template of `messages`, each with a `role` and a `content`; None for a
            model that was not taught to chat.
    """

    transformer: Transformer
    tokenizer: Tokenizer
    chat_template: str | None = None

    def prompt(self, text: str) -> list[int]:
        """Turn a text that is to be gone on with into tokens; it stands at the beginning of a document."""
        begin = self.tokenizer.special_tokens.get(END_OF_TEXT)
        return [*([] if begin is None else [begin]), *self.tokenizer.encode(text)]

    def conversation(self, messages: Sequence[Message]) -> list[int]:
        """Turn messages into tokens, up to where the model's answer begins.

        Without a chat template the messages follow each other as one text.

        Raises:
            CheckpointError: The template cannot be used for these messages.
        """
        if self.chat_template is None:
            return self.prompt("".join(message["content"] for message in messages))
        return self.tokenizer.encode(_filled(self.chat_template, messages, self.tokenizer))

    def write(
        self,
        prompt: Sequence[int],
        max_new_tokens: int,
        sampling: Sampling = GREEDY,
        *,
        stop_strings: Sequence[str] = (),
        generator: torch.Generator | None = None,
        memory: Memory | None = None,
    ) -> Iterator[str]:
        """Go on from a prompt, and give the text as it comes; a special token ends it.

        Args:
            prompt: Token ids, at least one.
            max_new_tokens: When to stop at the latest.
            sampling: How tokens are chosen.
            stop_strings: Texts that end the writing; they are not given.
            generator: Draws the tokens; needed when the temperature is above 0.
            memory: What was read before of a conversation that this prompt goes on with.

        Yields:
            Pieces of text.

        Raises:
            OutOfRangeError: The prompt leaves no room for a token.
        """
        room = self.transformer.config.max_length - len(prompt)
        if room < 1:
            raise OutOfRangeError(
                f"The prompt has {len(prompt)} tokens, and the model was made for texts of "
                f"{self.transformer.config.max_length}; shorten it."
            )
        special = self.tokenizer.special_tokens.values()
        steps = stream(
            self.transformer,
            [prompt],
            min(max_new_tokens, room),
            sampling,
            stop=[*special],
            generator=generator,
            memory=memory,
        )
        texts = ([None if step[0] in special else step[0]] for step in steps)
        return stream_text(texts, self.tokenizer.decode, stop_strings)


def open_text_model(
    path: Path, *, dtype: torch.dtype | None = None, device: torch.device | str = "cpu"
) -> TextModel:
    """Open a model with its tokenizer.

    Args:
        path: A GGUF file; or a folder with config.json, model.safetensors and tokenizer.json.
        dtype: What the weights become; by default they stay as they are, those of a GGUF file float32.
        device: Where the model is put.

    Raises:
        CheckpointError: A file is missing, damaged, or of a kind that is not known.
        TokenizationError: The tokenizer cannot be read.
    """
    if path.is_dir():
        settings = path / "tokenizer_config.json"
        template = path / "chat_template.jinja"
        transformer, tokenizer = load_huggingface(path), load_tokenizer(path)
        written = template.read_text("utf-8-sig") if template.is_file() else _template_in(settings)
        dtype = dtype or transformer.embedding.weight.dtype
    else:
        file = GGUFFile(path)
        transformer, tokenizer, written = file.model(), file.tokenizer(), file.chat_template
        dtype = dtype or torch.float32
    known, needed = tokenizer.vocab_size, transformer.config.vocabulary_size
    if known > needed:
        raise CheckpointError(
            f"The tokenizer of {path} has {known} tokens, and its model knows {needed}; they do not belong together."
        )
    return TextModel(laid_out(transformer.to(device, dtype)), tokenizer, written)


def _template_in(settings: Path) -> str | None:
    if not settings.is_file():
        return None
    try:
        template = json.loads(settings.read_text("utf-8-sig")).get("chat_template")
    except (OSError, ValueError, AttributeError) as error:
        raise CheckpointError(
            f"{settings} is no JSON file ({error}); download it again."
        ) from error
    return template if isinstance(template, str) else None


def _filled(template: str, messages: Sequence[Message], tokenizer: Tokenizer) -> str:
    """Fill a chat template in; it comes with the model, so it runs in Jinja's sandbox."""
    from jinja2 import TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def refuse(why: str) -> Any:
        raise TemplateError(why)

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = refuse
    try:
        return environment.from_string(template).render(
            messages=messages, add_generation_prompt=True, bos_token="", eos_token=END_OF_TEXT
        )
    except TemplateError as error:
        raise CheckpointError(f"The model's chat template cannot be used: {error}") from error
