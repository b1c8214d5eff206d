"""Measure storytellers against the grammar of the stories, whose entropy no model can go below.

    python benchmarks/tales.py
    python benchmarks/tales.py runs/tales-1m/model

Each model reads the same held-out stories, each from its beginning, and the surprise at a whole story is compared,
since tokens of two tokenizers are not. SmolLM2, which was never trained on them, is the peer. Then each model that
was trained on stories tells some, and it is counted how many of them keep to one hero, one helper, and so on from
beginning to end, as all stories of the grammar do.
"""

from __future__ import annotations

import argparse
import math
import sys
from itertools import islice
from pathlib import Path

import torch

# A file beside this one has the name of a library, which Python would find in its place.
HERE = Path(__file__).resolve().parent
sys.path = [str(HERE.parent), *(entry for entry in sys.path if Path(entry).resolve() != HERE)]

from rich.console import Console  # noqa: E402
from rich.progress import track  # noqa: E402
from rich.table import Table  # noqa: E402

from llmlab.data.models import path_or_name  # noqa: E402
from llmlab.data.tales import entropy, stories, threads  # noqa: E402
from llmlab.model import Sampling, generate  # noqa: E402
from llmlab.model.text_model import TextModel, open_text_model  # noqa: E402

PEER = "smollm2-135m-instruct"
# No training of this project uses this seed.
HELD_OUT_SEED = 123_456


@torch.inference_mode()
def surprise(opened: TextModel, text: str) -> float:
    """Give how surprised a model is by a text and its end, in nats.

    Of a text that is longer than what the model can read, the rest is read in quarters of its length, each after as
    much as goes before it.
    """
    ids = [*opened.prompt(text), *opened.prompt("")]
    length = min(opened.transformer.config.max_length, 1024)
    total, read, end = 0.0, 1, min(length + 1, len(ids))
    while read < len(ids):
        window = torch.tensor([ids[max(0, end - length - 1) : end]])
        chances = opened.transformer(window[:, :-1]).log_softmax(dim=-1)
        said = chances[0].gather(-1, window[0, 1:, None]).squeeze(-1)
        total -= said[read - end :].sum().item()
        read, end = end, min(end + length // 4, len(ids))
    return total


def threads_kept(story: str) -> list[str]:
    """Say of what a story mentions exactly one."""
    return [kind for kind, found in threads(story).items() if len(found) == 1]


def told(opened: TextModel, temperature: float, count: int) -> list[str | None]:
    """Let a model tell stories; None for one that does not come to its end."""
    (end,) = opened.prompt("")
    room = opened.transformer.config.max_length - 1
    written = generate(
        opened.transformer,
        [[end]] * count,
        room,
        Sampling(temperature),
        stop=[end],
        generator=torch.Generator().manual_seed(0),
    )
    return [opened.tokenizer.decode(ids[:-1]) if ids[-1] == end else None for ids in written]


def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("models", nargs="*", default=["tales-1m"], help="Names or folders.")
    parser.add_argument("--stories", type=int, default=100)
    options = parser.parse_args()
    console = Console(width=130)
    texts = list(islice(stories(HELD_OUT_SEED), options.stories))
    characters = sum(map(len, texts)) / len(texts)
    floor = entropy()

    table = Table("who", "nats a story", "standard error", "times the floor", "bits a character")
    table.add_row(
        "the grammar itself", f"{floor:.1f}", "", "1.00", f"{floor / math.log(2) / characters:.3f}"
    )
    trained = {}
    for name in [*options.models, PEER]:
        opened = open_text_model(path_or_name(name), dtype=torch.float32)
        if name != PEER:
            trained[name] = opened
        each = torch.tensor(
            [surprise(opened, text) for text in track(texts, name, console=console, transient=True)]
        )
        mean, error = each.mean().item(), (each.std() / math.sqrt(len(texts))).item()
        table.add_row(
            name,
            f"{mean:.1f}",
            f"{error:.1f}",
            f"{mean / floor:.2f}",
            f"{mean / math.log(2) / characters:.3f}",
        )
    console.print(f"{len(texts)} held-out stories of {characters:.0f} characters on the average")
    console.print(table)

    kinds = list(threads(""))
    table = Table(
        "who", "temperature", "to the end", *(f"one {kind}" for kind in kinds), "all of these"
    )
    for name, opened in trained.items():
        for temperature in track((0.3, 0.6, 0.9), f"{name} tells", console=console, transient=True):
            found = told(opened, temperature, options.stories)
            ended = [story for story in found if story is not None]
            kept = [threads_kept(story) for story in ended]
            counts = [sum(thread in one for one in kept) for thread in kinds]
            whole = sum(len(one) == len(kinds) for one in kept)
            shares = [f"{count / len(found):.0%}" for count in (len(ended), *counts, whole)]
            table.add_row(name, str(temperature), *shares)
    console.print(table)


if __name__ == "__main__":
    main()
