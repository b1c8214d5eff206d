"""The command `llmlab train`: Lightning's own command line over our model and data, with settings that come along.

Settings are read from YAML and can each be overridden, as in

    llmlab train --config tales-1m --model.learning_rate 0.002 --trainer.max_steps 500

Started by `torchrun` or by SLURM's `srun` on several processes, Lightning finds the others by the environment.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from llmlab.training.errors import TrainingError

CONFIGS = Path(str(files("llmlab"))) / "configs"
EXPORT, CHECKPOINTS, LOGS = "model", "checkpoints", "logs"


def run(arguments: list[str]) -> None:
    """Train as the arguments say.

    A folder of the run (`--output`) receives checkpoints, logs, samples and at last the model, in the form that
    Hugging Face's `transformers` reads. With `--resume auto` a run goes on from its newest checkpoint, if there is
    one.

    Raises:
        TrainingError: A configuration or a checkpoint to resume from is not there.
        LlmlabError: What goes wrong in the run itself.
    """
    # Lightning takes seconds to import, which only who trains should wait for.
    from llmlab.training.command_line import train_from_arguments

    train_from_arguments(with_configurations(arguments))


def configurations() -> list[str]:
    """List the settings that come along, as `tales-1m`."""
    return sorted(path.stem for path in CONFIGS.glob("*.yaml"))


def with_configurations(arguments: list[str]) -> list[str]:
    """Replace the name of settings that come along by the path of their file.

    Raises:
        TrainingError: There is neither such a file nor such a name.
    """
    found = []
    for before, argument in zip(["", *arguments], arguments, strict=False):
        option, equals, value = argument.partition("=")
        if before in ("--config", "-c"):
            found.append(str(_configuration(argument)))
        elif equals and option in ("--config", "-c"):
            found.append(f"{option}={_configuration(value)}")
        else:
            found.append(argument)
    return found


def _configuration(name: str) -> Path:
    for path in (Path(name), CONFIGS / f"{name}.yaml"):
        if path.is_file():
            return path
    raise TrainingError(
        f"There is no configuration {name!r}, neither as a file nor among those that come along: "
        f"{', '.join(configurations())}."
    )


def newest_checkpoint(folder: Path) -> Path | None:
    """Find the checkpoint that was written last; None if there is none."""
    found = sorted(folder.glob("*.ckpt"), key=lambda path: path.stat().st_mtime_ns)
    return found[-1] if found else None
