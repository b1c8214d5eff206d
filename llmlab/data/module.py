"""Training and validation data for Lightning, whose place is part of the checkpoint."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader

from llmlab.data.batches import TokenBatches, Windows
from llmlab.data.errors import PackError
from llmlab.data.packing import END_TOKEN, TRAIN, VALIDATION, Pack, pack_texts
from llmlab.data.tales import stories
from llmlab.tokenization import ByteLevelBPE, Tokenizer, load_tokenizer


class TokenData(LightningDataModule):
    """Training and validation data of a folder that holds the packs `train` and `validation` and a tokenizer.json.

    Args:
        folder: The folder, as `prepare_texts` makes it.
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
