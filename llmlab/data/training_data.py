"""From texts to what training reads: a tokenizer, and two packs, one to learn from and one that is held out."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from llmlab.data.errors import PackError
from llmlab.data.packing import END_TOKEN, TRAIN, VALIDATION, Manifest, pack_texts, read_manifest
from llmlab.tokenization import ByteLevelBPE, Tokenizer

# Is given the texts of one reading and what they are read for, and gives them on, as a progress bar does.
Watch = Callable[[Iterable[str], str], Iterable[str]]


@dataclass(frozen=True)
class Prepared:
    """What a folder for training holds.

    Attributes:
        train: The pack to learn from.
        validation: The pack that is held out.
    """

    train: Manifest
    validation: Manifest


def prepare_texts(
    texts: Callable[[], Iterable[str]],
    folder: Path,
    *,
    vocabulary_size: int = 4096,
    tokenizer: Tokenizer | None = None,
    hold_out_every: int = 100,
    watch: Watch = lambda texts, purpose: texts,
) -> Prepared:
    """Learn a tokenizer from texts, and pack them with it: most into `train`, some into `validation`.

    Args:
        texts: Gives the documents. It is called for each reading, and must give the same each time; none is kept.
        folder: A new one; `TokenData` reads it. It appears when all is done.
        vocabulary_size: Of the tokenizer that is learned.
        tokenizer: One to take instead.
        hold_out_every: The first of so many documents is held out.
        watch: Is shown each reading.

    Raises:
        PackError: The folder exists or cannot be written, there are fewer than two documents, or the tokenizer has no
            end token.
        ConfigurationError: The vocabulary is too small.
    """
    if folder.exists():
        raise PackError(f"{folder} exists, and is not overwritten; remove it, or name another.")
    if hold_out_every < 2:
        raise PackError(
            f"To hold out one document in {hold_out_every} leaves none to learn from; hold out one in 2 at most."
        )
    if len(list(islice(texts(), 2))) < 2:
        raise PackError(
            "Two documents are needed at least, one to learn from and one to hold out; in a .txt, put empty lines "
            "between documents."
        )
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    if tokenizer is None:
        read = watch(texts(), "learning the tokenizer")
        tokenizer = ByteLevelBPE.train(read, vocabulary_size, special_tokens=[END_TOKEN])
    for name, held_out in ((TRAIN, False), (VALIDATION, True)):
        read = watch(texts(), f"packing {name}")
        some = _part(read, hold_out_every, held_out=held_out)
        pack_texts(some, unfinished / name, tokenizer)
    tokenizer.save(unfinished)
    unfinished.rename(folder)
    return Prepared(read_manifest(folder / TRAIN), read_manifest(folder / VALIDATION))


def _part(texts: Iterable[str], every: int, *, held_out: bool) -> Iterator[str]:
    return (text for number, text in enumerate(texts) if (number % every == 0) is held_out)
