"""The commands `llmlab generate` and `llmlab chat`: a model goes on with a text, or talks, in the terminal.

It stands outside llmlab.model, and imports it when a model is opened: `llmlab --help` does not wait for PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import torch
    from rich.console import Console

    from llmlab.model.text_model import TextModel

CHAT_HELP = "/new forgets the conversation, /exit ends; Ctrl-C stops an answer."


class Precision(StrEnum):
    """The numbers that the weights become; half precision takes half the memory, and half the time."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


ModelOption = Annotated[
    str,
    typer.Option(
        "--model", "-m", help="A name from `llmlab models list`, a folder, or a GGUF file."
    ),
]
MaxTokens = Annotated[int, typer.Option(min=1, help="When to stop at the latest.")]
Temperature = Annotated[float, typer.Option(help="0 for the likeliest token, more for surprise.")]
TopK = Annotated[int | None, typer.Option(help="Draw from this many of the likeliest tokens.")]
TopP = Annotated[
    float | None, typer.Option(help="Draw from the likeliest tokens that have this probability.")
]
MinP = Annotated[
    float | None, typer.Option(help="Draw from tokens this many times as likely as the likeliest.")
]
Penalty = Annotated[float, typer.Option(help="Above 1, what has occurred becomes less likely.")]
Seed = Annotated[int, typer.Option(help="Another seed draws another text.")]
Stop = Annotated[
    list[str] | None, typer.Option(help="A text that ends the writing; may be repeated.")
]
PrecisionOption = Annotated[Precision, typer.Option(help="The numbers that the weights become.")]
Device = Annotated[str, typer.Option(help="Where the model computes, as `cpu` or `cuda`.")]


def generate(
    prompt: Annotated[str, typer.Argument(help="The text to go on with; by default none.")] = "",
    model: ModelOption = "tales-1m",
    max_tokens: MaxTokens = 300,
    temperature: Temperature = 0.8,
    top_k: TopK = None,
    top_p: TopP = 0.95,
    min_p: MinP = None,
    repetition_penalty: Penalty = 1.0,
    seed: Seed = 0,
    stop: Stop = None,
    precision: PrecisionOption = Precision.FLOAT32,
    device: Device = "cpu",
) -> None:
    """Go on with a text, token by token."""
    from llmlab.model.generation import Sampling

    sampling = Sampling(temperature, top_k, top_p, min_p, repetition_penalty)
    opened = _opened(model, precision, device)
    console = _console()
    console.print(prompt, end="", style="bold", markup=False, highlight=False, soft_wrap=True)
    pieces = opened.write(
        opened.prompt(prompt),
        max_tokens,
        sampling,
        stop_strings=stop or (),
        generator=_generator(seed, device),
    )
    _shown(pieces, console)


def chat(
    model: ModelOption = "smollm2-135m-instruct",
    system: Annotated[
        str | None, typer.Option(help="What the model is told before the conversation.")
    ] = None,
    max_tokens: MaxTokens = 500,
    temperature: Temperature = 0.2,
    top_k: TopK = None,
    top_p: TopP = 0.9,
    min_p: MinP = None,
    repetition_penalty: Penalty = 1.0,
    seed: Seed = 0,
    precision: PrecisionOption = Precision.FLOAT32,
    device: Device = "cpu",
) -> None:
    """Talk with a model; it remembers the conversation as far as its length allows."""
    from llmlab.model.generation import Memory, Sampling

    sampling = Sampling(temperature, top_k, top_p, min_p, repetition_penalty)
    opened, memory = _opened(model, precision, device), Memory()
    generator, console = _generator(seed, device), _console()
    if opened.chat_template is None:
        console.print(f"{model} was not taught to chat; it goes on with your text.", style="dim")
    console.print(CHAT_HELP, style="dim", highlight=False)
    beginning = [] if system is None else [{"role": "system", "content": system}]
    messages = [*beginning]
    for said in _said(console):
        if said == "/new":
            messages = [*beginning]
            continue
        messages.append({"role": "user", "content": said})
        messages = _as_fits(opened, messages, len(beginning), max_tokens)
        if len(messages) == len(beginning):
            console.print("This is longer than the model can read; shorten it.", style="dim")
            continue
        pieces = opened.write(
            opened.conversation(messages),
            max_tokens,
            sampling,
            generator=generator,
            memory=memory,
        )
        messages.append({"role": "assistant", "content": _shown(pieces, console)})


def _said(console: Console) -> Iterator[str]:
    """Give what the person types, line by line, until they end."""
    while True:
        try:
            said = console.input("[bold]you:[/bold] ").strip()
        except (EOFError, KeyboardInterrupt):
            console.print()
            return
        if said == "/exit":
            return
        if said:
            yield said


def _as_fits(
    opened: TextModel, messages: list[dict[str, str]], kept: int, max_tokens: int
) -> list[dict[str, str]]:
    """Forget the oldest messages until the rest, and an answer to it, fits the model's length.

    Args:
        opened: The model.
        messages: The conversation, which ends with a message to the model.
        kept: How many messages at the beginning are never forgotten.
        max_tokens: The room for the answer; half the length at most.

    Returns:
        The messages that fit; without the last one too if that alone is too long.
    """
    length = opened.transformer.config.max_length
    room = length - min(max_tokens, length // 2)
    while len(messages) > kept and len(opened.conversation(messages)) > room:
        # A message to the model and its answer go together.
        messages = [*messages[:kept], *messages[kept + 2 :]]
    return messages


def _shown(pieces: Iterator[str], console: Console) -> str:
    """Print a text as it comes, until it ends or the person presses Ctrl-C; give what was printed."""
    text = ""
    try:
        for piece in pieces:
            text += piece
            console.print(piece, end="", markup=False, highlight=False, soft_wrap=True)
    except KeyboardInterrupt:
        console.print(" (stopped)", end="", style="dim")
    console.print()
    return text


def _opened(model: str, precision: Precision, device: str) -> TextModel:
    import torch
    from rich.console import Console

    from llmlab.data.models import path_or_name
    from llmlab.model.text_model import open_text_model

    path = path_or_name(model)
    # On the error stream, so that what is written can be piped.
    with Console(stderr=True).status(f"Opening {model} ..."):
        return open_text_model(path, dtype=getattr(torch, precision), device=device)


def _generator(seed: int, device: str) -> torch.Generator:
    import torch

    return torch.Generator(device).manual_seed(seed)


def _console() -> Console:
    from rich.console import Console

    return Console()
