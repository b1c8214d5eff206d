"""The order in which a model reads a pack, and the place in it that a checkpoint remembers.

The order is an endless row of sequence numbers: the whole corpus shuffled, then shuffled anew, and so on. It depends
on the seed alone, not on the number of processes or the size of a batch, so a run that goes on from a checkpoint
reads what it would have read, and two processes read what one would have.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from jaxtyping import Int
from torch import Tensor
from torch.utils.data import Dataset

from llmlab.data.errors import PackError
from llmlab.data.packing import Pack
from llmlab.errors import CheckpointError


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
