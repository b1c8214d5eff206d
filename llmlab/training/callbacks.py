"""What watches a run: its speed, what the model writes, jumps of the loss, and how checkpoints reach the disk."""

from __future__ import annotations

import logging
import statistics
import time
from collections import deque
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.utilities.throughput import get_available_flops
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.plugins import TorchCheckpointIO
from lightning.pytorch.utilities import rank_zero_only
from torch import Tensor

from llmlab.model import Sampling, generate
from llmlab.training.checkpoint import read_checkpoint, write_checkpoint
from llmlab.training.flops import flops_per_token, matmul_rate
from llmlab.training.module import LanguageModel

_LOG = logging.getLogger(__name__)


class WholeCheckpoints(TorchCheckpointIO):
    """Writes checkpoints as a whole or not at all, and reads no code from them."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Write one.

        Raises:
            CheckpointError: It cannot be written; the one before it is as it was.
        """
        write_checkpoint(checkpoint, path)

    def load_checkpoint(
        self, path: str | Path, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Read one.

        Raises:
            CheckpointError: It is missing, cut short or damaged.
        """
        return read_checkpoint(path)


class Throughput(Callback):
    """Logs `tokens_per_second` over all processes, and `model_flops_utilization`.

    Args:
        every: After how many steps; the first ones are left out, since they warm the machine up.
        peak_flops: What one device could do, in floating-point operations a second; by default what is known of the
            GPU, and on a processor the rate of large matrix products, measured at the start.
    """

    def __init__(self, every: int = 10, peak_flops: float | None = None) -> None:
        self.every, self.peak_flops = every, peak_flops
        self._tokens, self._began, self._step = 0, 0.0, -1

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Find out what the machine could do."""
        self._step = -1
        if self.peak_flops is None:
            self.peak_flops = _peak_flops(pl_module.device, trainer.precision)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Tensor,
        batch_idx: int,
    ) -> None:
        """Count the tokens, and divide by the time now and then."""
        assert isinstance(pl_module, LanguageModel)  # noqa: S101 - what this callback is for
        self._tokens += batch.shape[0] * (batch.shape[1] - 1) * trainer.world_size
        if trainer.global_step == self._step or trainer.global_step % self.every:
            return
        now = time.perf_counter()
        if self._step >= 0:
            rate = self._tokens / (now - self._began)
            pl_module.log("tokens_per_second", rate, prog_bar=True)
            if self.peak_flops:
                each = flops_per_token(pl_module.model.config, batch.shape[1] - 1)
                share = rate * each / (self.peak_flops * trainer.world_size)
                pl_module.log("model_flops_utilization", share)
        self._tokens, self._began, self._step = 0, now, trainer.global_step

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin to measure anew: this time was not spent on training."""
        self._tokens, self._began = 0, time.perf_counter()


def _peak_flops(device: torch.device, precision: str | int | None) -> float | None:
    kind = torch.bfloat16 if "bf16" in str(precision) else torch.float32
    if device.type == "cpu":
        return matmul_rate(device, kind)
    known = get_available_flops(device, kind)
    return None if known is None else float(known)


class _AfterStep(Callback):
    """Acts once after each step, however many micro-batches it has."""

    _last = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave out the step that a resumed run goes on from."""
        self._last = trainer.global_step

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Tensor,
        batch_idx: int,
    ) -> None:
        """Act after the last micro-batch of a step."""
        assert isinstance(pl_module, LanguageModel)  # noqa: S101 - what these callbacks are for
        if trainer.global_step != self._last:
            self._last = trainer.global_step
            self.after_step(trainer, pl_module)

    def after_step(self, trainer: Trainer, module: LanguageModel) -> None:
        raise NotImplementedError


class Samples(_AfterStep):
    """Lets the model write now and then, so that its progress can be read.

    What it writes goes to `samples.txt` in the run's folder, and to TensorBoard. The draws have a seed of their own,
    so they change nothing in the run.

    Args:
        every: After how many steps; 0 for never.
        prompt: What the model is to continue; by default it begins a text.
        tokens: How many it writes at most.
        temperature: 0 takes the most probable token each time.
        seed: Of the draws.
    """

    def __init__(
        self,
        every: int = 500,
        prompt: str = "",
        tokens: int = 200,
        temperature: float = 0.8,
        seed: int = 0,
    ) -> None:
        self.every, self.prompt, self.tokens = every, prompt, tokens
        self.temperature, self.seed = temperature, seed

    def after_step(self, trainer: Trainer, module: LanguageModel) -> None:
        """Write, if it is time to."""
        step = trainer.global_step
        if self.every > 0 and step % self.every == 0:
            # All processes write: of a sharded model each has only a part.
            text = self.write(module, trainer.datamodule.tokenizer)  # type: ignore[attr-defined]
            _keep(trainer, step, text)

    def write(self, module: LanguageModel, tokenizer: Any) -> str:
        """Let the model write one text."""
        end = tokenizer.special_tokens.get("<|endoftext|>")
        # A text begins after the end of another.
        ids = [*([] if end is None else [end]), *tokenizer.encode(self.prompt)]
        generator = torch.Generator(module.device).manual_seed(self.seed)
        model, length = module.model, module.model.config.max_length
        written = generate(
            model,
            [ids],
            min(self.tokens, length - len(ids)),
            Sampling(temperature=self.temperature),
            stop=[] if end is None else [end],
            generator=generator,
        )[0]
        return self.prompt + tokenizer.decode(token for token in written if token != end)


@rank_zero_only
def _keep(trainer: Trainer, step: int, text: str) -> None:
    path = Path(trainer.default_root_dir, "samples.txt")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"--- step {step}\n{text}\n")
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoardLogger):
            logger.experiment.add_text("sample", text, step)


class Spikes(_AfterStep):
    """Says when the loss jumps far above where it was, as it does before a run goes astray.

    A spike is a loss that lies more than `deviations` standard deviations above the mean of the steps before it. Each
    is logged as `spikes`, their number so far. Large runs have gone back to a checkpoint and left out the batches
    around it (Chowdhery et al., 2022, section 5.1).

    Args:
        window: How many steps are looked back on; nothing is said before so many were taken.
        deviations: How far above the mean is too far.
    """

    def __init__(self, window: int = 50, deviations: float = 6.0) -> None:
        self.deviations = deviations
        self.losses: deque[float] = deque(maxlen=window)
        self.count = 0

    def after_step(self, trainer: Trainer, module: LanguageModel) -> None:
        """Compare the loss of the step with those before it."""
        if "loss" not in trainer.callback_metrics:
            return
        if self.observe(trainer.callback_metrics["loss"].item()) and trainer.is_global_zero:
            # Not a warning: the command line keeps those of libraries to itself.
            _LOG.warning(
                "The loss jumped to %.3f at step %d; if it does not come back, resume from the checkpoint before "
                "with a lower learning rate.",
                self.losses[-1],
                trainer.global_step - 1,
            )
        module.log("spikes", float(self.count))

    def observe(self, loss: float) -> bool:
        """Take in the loss of a step, and say whether it is a spike."""
        spike = False
        if len(self.losses) == self.losses.maxlen:
            mean, deviation = statistics.fmean(self.losses), statistics.pstdev(self.losses)
            spike = loss > mean + self.deviations * deviation
        self.losses.append(loss)
        self.count += spike
        return spike

    def state_dict(self) -> dict[str, Any]:
        """Give what was seen, for the checkpoint."""
        return {"losses": list(self.losses), "count": self.count}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on with what was seen."""
        self.losses.extend(state_dict["losses"])
        self.count = state_dict["count"]
