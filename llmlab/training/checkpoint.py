"""Checkpoints: all that a run needs to go on as if nothing had happened.

Weights are not enough. The optimizer's running means, the step (from which the schedule takes the learning rate), the
place in the data and the state of the random numbers belong to it too. A file is written under another name and
renamed when it is whole, so a crash, or a full disk, leaves the checkpoint before it as it was.
"""

from __future__ import annotations

import copy
import os
import pickle
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, Protocol, runtime_checkable

import torch
from torch import nn

from llmlab.errors import CheckpointError
from llmlab.model import Transformer, TransformerConfig


@runtime_checkable
class HasState(Protocol):
    """Something that can give its state and take it back."""

    def state_dict(self) -> dict[str, Any]:
        """Give the state."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> Any:
        """Take it back."""


def write_checkpoint(content: Mapping[str, Any], path: str | Path) -> None:
    """Write a file as a whole or not at all; what was there before stays until the new one is safe.

    Raises:
        CheckpointError: It cannot be written.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            torch.save(dict(content), file)
            file.flush()
            # Without this a power cut could leave the name of the new file and the contents of neither.
            os.fsync(file.fileno())
        part.replace(path)
    except (OSError, RuntimeError) as error:
        part.unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise CheckpointError(
            f"The checkpoint {path} cannot be written ({reason}). The one before it is whole: make room, and resume "
            "from that."
        ) from error


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """Read a file that `write_checkpoint` wrote; no code in it is run.

    Raises:
        CheckpointError: It is missing, cut short, damaged, or no checkpoint.
    """
    try:
        with Path(path).open("rb") as file:
            content = _loaded(file)
    except OSError as error:
        raise CheckpointError(
            f"The checkpoint {path} cannot be read ({error.strerror}); give the path of a file that a run has written."
        ) from error
    if content is None:
        raise CheckpointError(
            f"The checkpoint {path} is damaged or was cut short; resume from the one before it, or copy it again."
        )
    if not isinstance(content, dict):
        raise CheckpointError(
            f"{path} holds no checkpoint; give a file that a training run has written."
        )
    return content


def _loaded(file: BinaryIO) -> Any:
    """Load what is in a file; None if it cannot be."""
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError):
        return None


def check_configuration(
    saved: Mapping[str, Any], own: TransformerConfig, path: str | Path = ""
) -> None:
    """Refuse weights of a model of another configuration.

    Args:
        saved: The fields of the configuration that was saved, as `asdict` gives them.
        own: The configuration of the model that is to take the weights.
        path: The file, for the message.

    Raises:
        CheckpointError: A field differs; the message says which, and both values.
    """
    mine = asdict(own)
    different = [
        f"{name} is {saved.get(name)!r} there and {mine.get(name)!r} here"
        for name in sorted({*saved, *mine})
        if saved.get(name) != mine.get(name)
    ]
    if different:
        raise CheckpointError(
            f"The checkpoint {path} is of another model: {', '.join(different)}. Resume with the configuration of the "
            "checkpoint."
        )


def snapshot(model: nn.Module, optimizer: HasState, step: int, batches: HasState) -> dict[str, Any]:
    """Copy what a run needs to go on, so that the run can go on before the copy is used.

    Args:
        model: Its weights.
        optimizer: Its running means.
        step: How many steps were taken; the schedule follows from it.
        batches: Knows the place in the data.

    Returns:
        The states under the names of the arguments. They share no tensor with the run.
    """
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "step": step,
        "batches": batches.state_dict(),
    }
    return copy.deepcopy(state)


def save_checkpoint(
    path: str | Path,
    *,
    model: Transformer,
    optimizer: torch.optim.Optimizer,
    step: int,
    batches: HasState,
) -> None:
    """Save all that a run needs to go on.

    Args:
        path: The file.
        model: Its weights and its configuration are saved.
        optimizer: Its running means.
        step: How many steps were taken.
        batches: Knows the place in the data.

    Raises:
        CheckpointError: The file cannot be written.
    """
    content = snapshot(model, optimizer, step, batches)
    content |= {"config": asdict(model.config), "random": torch.get_rng_state()}
    write_checkpoint(content, path)


def load_checkpoint(
    path: str | Path,
    *,
    model: Transformer,
    optimizer: torch.optim.Optimizer,
    batches: HasState,
) -> int:
    """Put everything back as it was when the checkpoint was saved; nothing is changed when it does not fit.

    Args:
        path: The file.
        model: Takes the weights.
        optimizer: Takes its running means.
        batches: Takes the place in the data.

    Returns:
        How many steps were taken.

    Raises:
        CheckpointError: The file is missing, cut short, damaged, or of another configuration.
    """
    content = read_checkpoint(path)
    missing = {"config", "model", "optimizer", "step", "batches", "random"} - content.keys()
    if missing:
        raise CheckpointError(
            f"The checkpoint {path} lacks {', '.join(sorted(missing))}; give a file that save_checkpoint has written."
        )
    check_configuration(content["config"], model.config, path)
    batches.load_state_dict(content["batches"])
    model.load_state_dict(content["model"])
    optimizer.load_state_dict(content["optimizer"])
    torch.set_rng_state(content["random"])
    step: int = content["step"]
    return step
