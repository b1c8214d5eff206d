"""Pretraining for real runs: what `llmlab.training.loop` does, handed to Lightning.

Lightning brings devices, processes, precision, accumulation and checkpoints. What is ours: the groups of the
optimizer, the schedule, clipping with a look at whether the gradient is a number, what belongs to a checkpoint, and
how the model is sharded.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any, Literal

import torch
from jaxtyping import Float, Int
from lightning.pytorch import LightningModule
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from torch.utils.checkpoint import checkpoint

from llmlab.errors import ConfigurationError
from llmlab.foundations import cosine_with_warmup
from llmlab.model import Transformer, TransformerConfig
from llmlab.training.checkpoint import check_configuration
from llmlab.training.errors import NotFiniteError, TrainingError
from llmlab.training.loss import inputs_and_targets
from llmlab.training.optimizer import make_optimizer
from llmlab.training.schedules import warmup_stable_decay


class LanguageModel(LightningModule):
    """A transformer, and how it is trained.

    Batches are ids of (batch, length + 1). Of each step it logs `loss` (nats a token, before the step, over all
    micro-batches and processes), `learning_rate` and `gradient_norm` (before clipping); of each validation
    `validation_loss`.

    Args:
        config: Of the model.
        learning_rate: The peak.
        schedule: `cosine`, or `stable` (warm-up, level, and a straight way down).
        warmup_steps: How many steps come before the peak.
        decay_steps: With `stable`, how many steps the way down takes; by default a fifth of all.
        final_share: The last learning rate, as a share of the peak.
        weight_decay: Of matrices and tables.
        beta1: How much of the mean gradient is kept from step to step.
        beta2: How much of the mean square is kept.
        max_norm: Gradients are shortened to this length.
        compiled: Whether the model is compiled by torch.compile.
        checkpoint_activations: Whether each block is computed again on the way back instead of kept, which takes a
            third more time and far less memory (Chen et al., 2016).
    """

    def __init__(
        self,
        config: TransformerConfig,
        learning_rate: float = 3e-3,
        schedule: Literal["cosine", "stable"] = "cosine",
        warmup_steps: int = 100,
        decay_steps: int | None = None,
        final_share: float = 0.1,
        weight_decay: float = 0.1,
        beta1: float = 0.9,
        beta2: float = 0.95,
        max_norm: float = 1.0,
        compiled: bool = False,
        checkpoint_activations: bool = False,
    ) -> None:
        super().__init__()
        if schedule not in ("cosine", "stable"):
            raise ConfigurationError(
                f"There is no schedule {schedule!r}; choose `cosine` or `stable`."
            )
        self.learning_rate, self.schedule = learning_rate, schedule
        self.warmup_steps, self.decay_steps = warmup_steps, decay_steps
        self.final_share, self.weight_decay = final_share, weight_decay
        self.betas, self.max_norm = (beta1, beta2), max_norm
        self.model = Transformer(config)
        if checkpoint_activations:
            for block in self.model.blocks:
                block.forward = partial(checkpoint, block.forward, use_reentrant=False)
        if compiled:
            # In place, so that the names of the weights in a checkpoint stay what they are.
            self.model.compile()
        # The losses of the micro-batches since the last step.
        self._losses: list[Tensor] = []
        self._random: Tensor | None = None
        self._sharded = False

    def configure_model(self) -> None:
        """Shard the model over the processes, block by block, if the strategy asks for it (FSDP2)."""
        if self._sharded or self._device_mesh is None:
            return
        from torch.distributed.fsdp import fully_shard

        mesh = self._device_mesh["data_parallel"]
        for block in self.model.blocks:
            fully_shard(block, mesh=mesh)
        fully_shard(self.model, mesh=mesh)
        self._sharded = True

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Make AdamW, with decay for matrices and tables alone."""
        return make_optimizer(
            self.model, self.learning_rate, betas=self.betas, weight_decay=self.weight_decay
        )

    def on_fit_start(self) -> None:
        """Refuse data of another vocabulary before anything is computed.

        Raises:
            TrainingError: The data have ids that the model has no vector for.
        """
        own = self.model.config.vocabulary_size
        theirs = getattr(self.trainer.datamodule, "vocabulary_size", own)  # type: ignore[attr-defined]
        if theirs > own:
            raise TrainingError(
                f"The data have a vocabulary of {theirs:,} tokens and the model one of {own:,}; set "
                f"model.config.vocabulary_size to {theirs}."
            )

    def rate(self, step: int) -> float:
        """Give the learning rate of a step, counted from 0."""
        total = int(self.trainer.estimated_stepping_batches)
        floor = self.final_share * self.learning_rate
        if self.schedule == "cosine":
            return cosine_with_warmup(
                step,
                warmup_steps=self.warmup_steps,
                total_steps=total,
                peak=self.learning_rate,
                floor=floor,
            )
        return warmup_stable_decay(
            step,
            warmup_steps=self.warmup_steps,
            decay_steps=max(1, total // 5) if self.decay_steps is None else self.decay_steps,
            total_steps=total,
            peak=self.learning_rate,
            floor=floor,
        )

    def on_train_start(self) -> None:
        """Let random numbers go on where the checkpoint left them, in the process that wrote it."""
        if self._random is not None and self.global_rank == 0:
            torch.set_rng_state(self._random)

    def on_train_batch_start(
        self, batch: Int[Tensor, "batch length_and_one"], batch_idx: int
    ) -> None:
        """Set the learning rate: it follows from the step alone, so there is no state to restore."""
        for group in self._optimizer.param_groups:
            group["lr"] = self.rate(self.global_step)

    @property
    def _optimizer(self) -> torch.optim.Optimizer:
        optimizer = self.optimizers(use_pl_optimizer=False)
        assert isinstance(optimizer, torch.optim.Optimizer)  # noqa: S101 - one is all there is
        return optimizer

    def training_step(
        self, batch: Int[Tensor, "batch length_and_one"], batch_idx: int
    ) -> Float[Tensor, ""]:
        """Compute the loss of one micro-batch."""
        inputs, targets = inputs_and_targets(batch)
        loss = self.model(inputs, targets=targets)
        self._losses.append(loss.detach())
        return loss

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Shorten the gradient, and stop before a step that would spoil the weights.

        Raises:
            NotFiniteError: The gradient is no finite number, as it is when the loss is none.
        """
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.max_norm)
        if isinstance(norm, DTensor):
            norm = norm.full_tensor()
        loss = torch.stack(self._losses).mean()
        self._losses.clear()
        if not math.isfinite(norm.item()):
            raise NotFiniteError(
                f"At step {self.global_step} the loss is {loss.item()} and the gradient has the length {norm.item()}. "
                "No weight has been changed by it, and the last checkpoint is whole. Resume from that with a lower "
                "learning rate or a longer warm-up."
            )
        several = self.trainer.world_size > 1
        self.log("loss", loss, prog_bar=True, sync_dist=several)
        self.log("gradient_norm", norm)
        self.log("learning_rate", optimizer.param_groups[0]["lr"])

    def validation_step(self, batch: Int[Tensor, "batch length_and_one"], batch_idx: int) -> None:
        """Measure the loss on held-out text."""
        inputs, targets = inputs_and_targets(batch)
        loss = self.model(inputs, targets=targets)
        several = self.trainer.world_size > 1
        self.log("validation_loss", loss, prog_bar=True, sync_dist=several, batch_size=len(batch))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the configuration and the state of random numbers to what Lightning saves."""
        checkpoint["config"] = asdict(self.model.config)
        checkpoint["random"] = torch.get_rng_state()

    def on_load_checkpoint(self, checkpoint: Mapping[str, Any]) -> None:
        """Refuse a checkpoint of another model.

        Raises:
            CheckpointError: Its configuration differs from this model's; the message says where.
        """
        check_configuration(checkpoint.get("config", {}), self.model.config)
        self._random = checkpoint.get("random")
