"""Measure storytellers against the grammar of the stories, whose entropy no model can go below.

    python benchmarks/tales.py
    python benchmarks/tales.py runs/tales-1m/model

Each model reads the same held-out stories, each from its beginning, and the surprise at a whole story is compared,
since tokens of two tokenizers are not. Where a story says a word of one of its threads again, it is asked how sure
the model is of it. SmolLM2, which was never trained on them, is the peer. Then each model that was trained on stories
tells some, and it is counted how many of them keep to one hero, one helper, and so on from beginning to end, as all
stories of the grammar do.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice
from pathlib import Path
from statistics import mean

import torch
from torch import Tensor

# A file beside this one has the name of a library, which Python would find in its place.
HERE = Path(__file__).resolve().parent
sys.path = [str(HERE.parent), *(entry for entry in sys.path if Path(entry).resolve() != HERE)]

from rich.console import Console  # noqa: E402
from rich.progress import track  # noqa: E402
from rich.table import Table  # noqa: E402

from llmlab.data.models import path_or_name  # noqa: E402
from llmlab.data.tales import THREADS, entropy, said_again, stories, threads  # noqa: E402
from llmlab.model import Sampling, generate  # noqa: E402
from llmlab.model.text_model import TextModel, open_text_model  # noqa: E402

PEER = "smollm2-135m-instruct"
# No training of this project uses this seed.
HELD_OUT_SEED = 123_456


@torch.inference_mode()
def log_chances(opened: TextModel, ids: Sequence[int]) -> Tensor:
    """Give the logarithm of the chance of each token at each place after the first; (places, vocabulary).

    Of a text that is longer than what the model can read, the rest is read in quarters of its length, each after as
    much as goes before it.
    """
    length = min(opened.transformer.config.max_length, 1024)
    found, read, end = [], 1, min(length + 1, len(ids))
    while read < len(ids):
        window = torch.tensor([ids[max(0, end - length - 1) : end]])
        found.append(opened.transformer(window[:, :-1])[0, read - end :].log_softmax(dim=-1))
        read, end = end, min(end + length // 4, len(ids))
    return torch.cat(found)


def recalled(
    opened: TextModel, text: str, ids: Sequence[int], found: Tensor
) -> Iterator[tuple[str, float]]:
    """Give how sure a model is of the right word wherever a text takes up one of its threads, and of which.

    That a name comes next, and not another word, is left out of account: the chance is that of the right word among
    all words of its kind. Where several begin with the same token, only that one is looked at.
    """
    tokenizer = opened.tokenizer
    firsts = {
        kind: sorted({tokenizer.encode(f" {word}")[0] for word in words})
        for kind, words in THREADS.items()
    }
    lengths = [len(tokenizer.decode([one])) for one in ids[1:]]
    places = {end: place for place, end in enumerate(accumulate(lengths), start=1)}
    for kind, start in said_again(text):
        place = places[start - 1]  # the space before a word belongs to its token
        chances = found[place].exp()
        yield kind, (chances[ids[place + 1]] / chances[firsts[kind]].sum()).item()


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
    recall = Table("who", *THREADS)
    recall.add_row("by chance", *(f"{1 / len(words):.0%}" for words in THREADS.values()))
    trained = {}
    for name in [*options.models, PEER]:
        opened = open_text_model(path_or_name(name), dtype=torch.float32)
        if name != PEER:
            trained[name] = opened
        surprises, shares = [], defaultdict(list)
        for text in track(texts, name, console=console, transient=True):
            ids = [*opened.prompt(text), *opened.prompt("")]
            found = log_chances(opened, ids)
            surprises.append(-found.gather(-1, torch.tensor(ids[1:])[:, None]).sum().item())
            for kind, share in recalled(opened, text, ids, found):
                shares[kind].append(share)
        recall.add_row(name, *(f"{mean(shares[kind]):.0%}" for kind in THREADS))
        each = torch.tensor(surprises)
        average, error = each.mean().item(), (each.std() / math.sqrt(len(texts))).item()
        table.add_row(
            name,
            f"{average:.1f}",
            f"{error:.1f}",
            f"{average / floor:.2f}",
            f"{average / math.log(2) / characters:.3f}",
        )
    console.print(f"{len(texts)} held-out stories of {characters:.0f} characters on the average")
    console.print(table)
    console.print("How sure each is of the right word among its kind, where a story says it again")
    console.print(recall)

    kinds = list(THREADS)
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
