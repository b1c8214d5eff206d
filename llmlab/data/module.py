"""From packs to batches: the order in which a model reads, and the place in it that a checkpoint remembers.

The order is an endless row of sequence numbers: the whole corpus shuffled, then shuffled anew, and so on. It depends
on the seed alone, not on the number of processes or the size of a batch, so a run that goes on from a checkpoint
reads what it would have read, and two processes read what one would have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Int
from lightning.pytorch import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from llmlab.data.errors import PackError
from llmlab.data.packing import MANIFEST_FILE, Pack, pack
from llmlab.data.tales import stories
from llmlab.errors import CheckpointError
from llmlab.tokenization import ByteLevelBPE, Tokenizer, load_tokenizer

END_TOKEN = "<|endoftext|>"  # noqa: S105 - no secret
TRAIN, VALIDATION = "train", "validation"


class Windows(Dataset[Tensor]):
    """The sequences of a pack: windows side by side, of which each shares one token with the next.

    A window is one token longer than what the model reads, since the last one is a target. It begins and ends where
    it happens to, in the middle of a document too.

    Args:
        pack: The ids.
        length: How many tokens the model reads.

    Raises:
        PackError: The pack is shorter than one window.
    """

    def __init__(self, pack: Pack, length: int) -> None:
        self.pack, self.length = pack, length
        if len(self) < 1:
            raise PackError(
                f"{pack.folder} has {len(pack):,} tokens, too few for one sequence of {length} and the token after "
                "it; give more text or shorter sequences."
            )

    def __len__(self) -> int:
        """Count the windows."""
        return (len(self.pack) - 1) // self.length

    def __getitem__(self, index: int) -> Int[Tensor, "length_and_one"]:
        """Read one."""
        return self.pack.read(index * self.length, self.length + 1)


class TokenBatches:
    """Batches without end, of which each process reads its own part.

    Args:
        windows: What the batches are made of.
        batch_size: Sequences a batch of one process.
        seed: Draws the order.
        rank: Which of the processes this is, from 0.
        world_size: How many there are.
        batches: What `len` says, so that a progress bar knows its end; None for nothing.

    Attributes:
        position: How many sequences all processes together have read.
    """

    def __init__(
        self,
        windows: Windows,
        batch_size: int,
        seed: int,
        *,
        rank: int = 0,
        world_size: int = 1,
        batches: int | None = None,
    ) -> None:
        self.windows, self.batch_size, self.seed = windows, batch_size, seed
        self.rank, self.world_size, self.batches = rank, world_size, batches
        self.position = 0
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.int64)

    def __len__(self) -> int:
        """Count the batches that were said to be needed."""
        if self.batches is None:
            raise TypeError("These batches have no end.")
        return self.batches

    def __iter__(self) -> Iterator[Int[Tensor, "batch length_and_one"]]:
        """Go on where the position says."""
        while True:
            first = self.position + self.rank * self.batch_size
            numbers = range(first, first + self.batch_size)
            batch = torch.stack([self.windows[self._window(number)] for number in numbers])
            self.position += self.batch_size * self.world_size
            yield batch

    def _window(self, number: int) -> int:
        """Find which window is the sequence of this number."""
        epoch, place = divmod(number, len(self.windows))
        if epoch != self._epoch:
            # The seed of each epoch is drawn from far apart, so that no two runs share one.
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
            self._epoch = epoch
            self._order = torch.randperm(len(self.windows), generator=generator)
        return int(self._order[place])

    def state_dict(self) -> dict[str, int]:
        """Give the position, and what it would mean nothing without."""
        return {
            "position": self.position,
            "seed": self.seed,
            "length": self.windows.length,
            "tokens": len(self.windows.pack),
        }

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on from a position.

        Raises:
            CheckpointError: It was in another order: of other data, another seed or another length.
        """
        for name, own in self.state_dict().items():
            if name != "position" and state[name] != own:
                raise CheckpointError(
                    f"The checkpoint's data had a {name} of {state[name]}, and this run's have {own}, so its place in "
                    "them means nothing here; resume with the settings of the checkpoint."
                )
        self.position = state["position"]


class TokenData(LightningDataModule):
    """Training and validation data of a folder that holds the packs `train` and `validation` and a tokenizer.json.

    Args:
        folder: The folder.
        length: How many tokens the model reads at once.
        batch_size: Sequences a batch of one process.
        validation_batches: How many batches of the validation set are read at most.
        seed: Draws the order of the training data.
        verify: Whether the packs' SHA-256 are compared first.
    """

    def __init__(
        self,
        folder: Path,
        length: int = 256,
        batch_size: int = 16,
        validation_batches: int = 20,
        seed: int = 0,
        verify: bool = True,
    ) -> None:
        super().__init__()
        self.folder, self.length, self.batch_size = Path(folder), length, batch_size
        self.validation_batches, self.seed, self.verify = validation_batches, seed, verify
        self._batches: TokenBatches | None = None

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer that the packs were made with."""
        return load_tokenizer(self.folder)

    def setup(self, stage: str) -> None:
        """Open the packs.

        Raises:
            PackError: A pack is missing, damaged or too short.
            ChecksumError: A file of a pack is not the one that was packed.
        """
        self._train = Windows(Pack(self.folder / TRAIN, verify=self.verify), self.length)
        self._validation = Windows(Pack(self.folder / VALIDATION, verify=self.verify), self.length)
        self.vocabulary_size = self._train.pack.manifest.vocabulary_size
        trainer = self.trainer
        rank, world_size, batches = 0, 1, None
        if trainer is not None:
            rank, world_size = trainer.global_rank, trainer.world_size
            if trainer.max_steps > 0:
                batches = trainer.max_steps * trainer.accumulate_grad_batches
        if batches is None:
            batches = max(1, len(self._train) // (self.batch_size * world_size))
        self._batches = TokenBatches(
            self._train,
            self.batch_size,
            self.seed,
            rank=rank,
            world_size=world_size,
            batches=batches,
        )

    def train_dataloader(self) -> TokenBatches:
        """Give the training batches, from where they stand; (batch, length + 1) each."""
        return self._opened()

    def val_dataloader(self) -> DataLoader[Tensor]:
        """Give the first validation batches, always the same."""
        count = min(len(self._validation), self.validation_batches * self.batch_size)
        some = torch.utils.data.Subset(self._validation, range(count))
        return DataLoader(some, batch_size=self.batch_size)

    def state_dict(self) -> dict[str, Any]:
        """Give the place in the training data, which Lightning puts into the checkpoint."""
        return dict(self._opened().state_dict())

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a place in the training data."""
        self._opened().load_state_dict(state_dict)

    def _opened(self) -> TokenBatches:
        if self._batches is None:
            raise PackError(f"The packs of {self.folder} are not open; call setup('fit') first.")
        return self._batches


def pack_texts(texts: Iterable[str], folder: Path, tokenizer: Tokenizer) -> None:
    """Encode texts and pack them, unless the folder holds a finished pack already.

    Raises:
        PackError: There is no text, the tokenizer has no end token, or the folder cannot be written.
    """
    if (folder / MANIFEST_FILE).exists():
        return
    end_id = tokenizer.special_tokens.get(END_TOKEN)
    if end_id is None:
        raise PackError(
            f"The tokenizer has no {END_TOKEN}, which ends each document; train one with "
            f"special_tokens=[{END_TOKEN!r}]."
        )
    documents = (tokenizer.encode(text, parse_special=False) for text in texts)
    pack(documents, folder, vocabulary_size=tokenizer.vocab_size, end_id=end_id)


class TalesData(TokenData):
    """Stories of `llmlab.data.tales`, told, encoded and packed at the first use.

    Args:
        folder: Where the packs and the tokenizer lie, or are made.
        stories: How many to tell for training; a hundredth of that, told with another seed, are for validation.
        vocabulary_size: Of the tokenizer, which learns from the first 5,000 stories at most.
        length: How many tokens the model reads at once.
        batch_size: Sequences a batch of one process.
        validation_batches: How many batches of the validation set are read at most.
        seed: Draws the stories and their order.
        verify: Whether the packs' SHA-256 are compared first.
    """

    def __init__(
        self,
        folder: Path = Path("data/tales"),
        stories: int = 100_000,
        vocabulary_size: int = 1024,
        length: int = 256,
        batch_size: int = 16,
        validation_batches: int = 20,
        seed: int = 0,
        verify: bool = True,
    ) -> None:
        super().__init__(folder, length, batch_size, validation_batches, seed, verify)
        self.stories, self.tokens = stories, vocabulary_size

    def prepare_data(self) -> None:
        """Tell, encode and pack what is not there yet; Lightning calls it in one process."""
        if not (self.folder / "tokenizer.json").exists():
            some = list(islice(stories(self.seed), min(self.stories, 5000)))
            trained = ByteLevelBPE.train(some, self.tokens, special_tokens=[END_TOKEN])
            trained.save(self.folder)
        tokenizer = self.tokenizer
        pack_texts(islice(stories(self.seed), self.stories), self.folder / TRAIN, tokenizer)
        held_out = islice(stories(self.seed + 1), max(1, self.stories // 100))
        pack_texts(held_out, self.folder / VALIDATION, tokenizer)
