"""Lightning's command line, filled with our model, data, callbacks and loggers."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any, Literal

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.cli import ArgsType, LightningArgumentParser, LightningCLI
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict

from llmlab.data.module import TokenData
from llmlab.model import Transformer
from llmlab.training.callbacks import Samples, Spikes, Throughput, WholeCheckpoints
from llmlab.training.commands import CHECKPOINTS, EXPORT, LOGS, newest_checkpoint
from llmlab.training.errors import TrainingError
from llmlab.training.export import export_model
from llmlab.training.module import LanguageModel
from llmlab.training.strategy import ShardedStrategy


class TrainingCommand(LightningCLI):
    """`llmlab train`."""

    def __init__(self, args: ArgsType = None) -> None:
        super().__init__(
            LanguageModel,
            TokenData,
            subclass_mode_data=True,
            save_config_callback=None,
            seed_everything_default=0,
            parser_kwargs={"prog": "llmlab train", "description": "Pretrain a language model."},
            run=False,
            args=args,
        )

    def parse_arguments(self, parser: LightningArgumentParser, args: ArgsType) -> None:
        """Parse what `llmlab` handed on; Lightning's own would warn of the rest of the command line."""
        assert isinstance(args, list)  # noqa: S101 - train_from_arguments gives nothing else
        self.config = parser.parse_args(args)

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add what belongs to a run: its folder, where it goes on, and what watches it."""
        parser.add_argument(
            "--output", type=Path, default=Path("runs/run"), help="The folder of the run."
        )
        parser.add_argument(
            "--resume",
            type=str,
            default=None,
            help="A checkpoint to go on from, or `auto` for the newest of this folder, if it has one.",
        )
        parser.add_argument(
            "--export",
            type=Literal["float32", "bfloat16", "float16"],
            default="float32",
            help="The type of numbers in which the model is written at the end.",
        )
        for kind, name in ((Throughput, "speed"), (Samples, "samples"), (Spikes, "spikes")):
            parser.add_lightning_class_args(kind, name)
        parser.add_lightning_class_args(ModelCheckpoint, "checkpoint")
        # The newest is kept, and removed only when the next is safe.
        parser.set_defaults({"checkpoint.every_n_train_steps": 500, "checkpoint.save_top_k": 1})
        parser.link_arguments("output", "trainer.default_root_dir", compute_fn=str)
        parser.link_arguments(
            "output", "checkpoint.dirpath", compute_fn=lambda output: str(Path(output, CHECKPOINTS))
        )

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """Make the trainer, with loggers and plugins of ours where the settings name none."""
        output, settings = self.config["output"], self.config_init["trainer"]
        if settings["logger"] in (None, True):
            kwargs["logger"] = [CSVLogger(output, LOGS), TensorBoardLogger(output, "tensorboard")]
        if not settings["plugins"]:
            kwargs["plugins"] = [WholeCheckpoints()]
        if settings["strategy"] == "fsdp2":
            kwargs["strategy"] = ShardedStrategy()
        if settings["enable_progress_bar"] is None:
            # A log file is no place for a bar.
            kwargs["enable_progress_bar"] = sys.stdout.isatty()
        return super().instantiate_trainer(**kwargs)


def train_from_arguments(arguments: list[str]) -> None:
    """Train, and write the model at the end.

    Raises:
        TrainingError: The checkpoint to resume from is not there, or the run was stopped by hand.
        LlmlabError: What goes wrong in the run itself.
    """
    # Lightning's hints at products of others are not for those who learn here.
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    command = TrainingCommand(arguments)
    output = command.config["output"]
    checkpoint = _resumed(command.config["resume"], output)
    if checkpoint is None:
        print(f"A new run in {output}.")
    else:
        print(f"The run goes on from {checkpoint}.")
    try:
        command.trainer.fit(command.model, command.datamodule, ckpt_path=checkpoint)
    except SystemExit:
        if not command.trainer.interrupted:
            raise
        raise TrainingError(
            f"The run was stopped by hand; go on with --output {output} --resume auto."
        ) from None
    _export(command, output / EXPORT)


def _resumed(wish: str | None, output: Path) -> Path | None:
    if wish == "auto":
        return newest_checkpoint(output / CHECKPOINTS)
    if wish is None:
        return None
    if not Path(wish).exists():
        raise TrainingError(
            f"There is no checkpoint {wish}; give a file of {output / CHECKPOINTS}, or `auto`."
        )
    return Path(wish)


def _export(command: TrainingCommand, folder: Path) -> None:
    """Write the model and its tokenizer; all processes bring their parts of it, and the first writes."""
    model = command.model.model
    options = StateDictOptions(full_state_dict=True, cpu_offload=True)
    state = get_model_state_dict(model, options=options)
    if command.trainer.is_global_zero:
        whole = Transformer(model.config)
        whole.load_state_dict(state)
        whole.to(getattr(torch, command.config["export"]))
        settings = command.parser.dump(command.config, skip_default=False)
        logs = command.config["output"] / LOGS
        export_model(whole, command.datamodule.tokenizer, settings, logs, folder)
        print(f"The model is in {folder}.")
