"""`pretraining.snapshot`: its probes, and what people get wrong about it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograder.exercises.pretraining import LAB
from llmlab import training

exercise = LAB.exercise(
    "snapshot",
    reference=training.snapshot,
    hints=(
        "Four things change while a model is trained. Which of them would you miss if they began anew?",
        "`state_dict()` of the model, the optimizer and the batches give three of them; the step is a number. But "
        "a `state_dict` shares its tensors with the model, and the next step will change them.",
        "Put the three states and the step into a dictionary under the names of the table, and return a deep copy "
        "of it.",
    ),
)


class Lines:
    """Batches without end that know their place: what `snapshot` calls `batches`."""

    def __init__(self, seed: int) -> None:
        self.seed, self.place = seed, 0

    def __iter__(self) -> Iterator[Tensor]:
        while True:
            own = torch.Generator().manual_seed(self.seed + self.place)
            self.place += 1
            yield torch.randn(4, 3, generator=own)

    def state_dict(self) -> dict[str, int]:
        return {"place": self.place}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.place = state["place"]


class Momentum:
    """SGD with momentum, whose state is its own tensors, as that of PyTorch's optimizers (which load for seconds)."""

    def __init__(self, model: nn.Module) -> None:
        self.parameters = list(model.parameters())
        self.means = [torch.zeros_like(one) for one in self.parameters]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        for parameter, mean in zip(self.parameters, self.means, strict=True):
            mean.mul_(0.9).add_(parameter.grad)  # type: ignore[arg-type]
            parameter.sub_(rate * mean)
            parameter.grad = None

    def state_dict(self) -> dict[str, list[Tensor]]:
        return {"means": self.means}

    def load_state_dict(self, state: dict[str, list[Tensor]]) -> None:
        for mean, kept in zip(self.means, state["means"], strict=True):
            mean.copy_(kept)


Run = tuple[nn.Module, Momentum, Lines]


def _new_run(seed: int) -> Run:
    model = nn.Linear(3, 1)
    with torch.no_grad():
        model.weight.fill_(0.5)
        model.bias.zero_()
    return model, Momentum(model), Lines(seed)


def _walk(run: Run, first: int, steps: int) -> list[float]:
    """Take steps whose length depends on their number, as under a schedule, and give the losses."""
    model, optimizer, lines = run
    losses = []
    source = iter(lines)
    for number in range(first, first + steps):
        inputs = next(source)
        value = (model(inputs).squeeze(-1) - inputs.sum(dim=-1)).square().mean()
        value.backward()
        optimizer.step(0.1 / (1 + number))
        losses.append(value.item())
    return losses


def _resumed(implementation: Any, generator: Generator, before: int, after: int) -> Any:
    seed = int(torch.randint(10_000, (), generator=generator))
    run = _new_run(seed)
    _walk(run, 0, before)
    kept = implementation(*run[:2], before, run[2])
    _walk(run, before, after)  # the run goes on, and must not change what was kept

    model, optimizer, lines = _new_run(seed)
    if kept.get("model"):
        model.load_state_dict(kept["model"])
    if kept.get("optimizer"):
        optimizer.load_state_dict(kept["optimizer"])
    if kept.get("batches"):
        lines.load_state_dict(kept["batches"])
    step = kept.get("step", 0)
    return {
        "what it holds": sorted(kept),
        "step": step,
        "losses after going on from it": _walk((model, optimizer, lines), step, after),
    }


@exercise.probe
def taken_after_three_steps(implementation: Any, generator: Generator) -> Any:
    """Three steps, a snapshot, four more steps; then a new run that goes on from the snapshot."""
    return _resumed(implementation, generator, 3, 4)


@exercise.probe
def taken_after_one_step(implementation: Any, generator: Generator) -> Any:
    """One step, a snapshot, three more steps; then a new run that goes on from the snapshot."""
    return _resumed(implementation, generator, 1, 3)


@exercise.misconception(
    "Your snapshot changes with the model: it holds the very tensors that the next step overwrites, so going back to "
    "it goes nowhere. Reread 'A run that can be stopped'."
)
def shared_tensors(model: nn.Module, optimizer: Any, step: int, batches: Any) -> dict[str, Any]:
    return {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "step": step,
        "batches": batches.state_dict(),
    }


@exercise.misconception(
    "The weights are copied, and the optimizer's running means are not: they go on changing with the run, and the "
    "next steps after going back have the memory of another time. Reread 'A run that can be stopped'."
)
def optimizer_shared(model: nn.Module, optimizer: Any, step: int, batches: Any) -> dict[str, Any]:
    return {
        "model": copy.deepcopy(model.state_dict()),
        "optimizer": optimizer.state_dict(),
        "step": step,
        "batches": batches.state_dict(),
    }


@exercise.misconception(
    "`copy` makes a new dictionary and keeps the old tensors in it. The tensors are what changes. "
    "Reread 'A run that can be stopped'."
)
def dictionary_copied(model: nn.Module, optimizer: Any, step: int, batches: Any) -> dict[str, Any]:
    return {
        "model": copy.copy(model.state_dict()),
        "optimizer": copy.deepcopy(optimizer.state_dict()),
        "step": step,
        "batches": batches.state_dict(),
    }


@exercise.misconception(
    "Only the weights are kept. The optimizer begins with empty means, the schedule with its warm-up, and the data "
    "with the first batch: the loss jumps, and the model reads again what it knows. Reread 'A run that can be stopped'."
)
def weights_alone(model: nn.Module, optimizer: Any, step: int, batches: Any) -> dict[str, Any]:
    return {"model": copy.deepcopy(model.state_dict())}


@exercise.misconception(
    "The optimizer's running means are missing. After going on they begin at 0, and the first steps have another "
    "length than they would have had. Reread 'A run that can be stopped'."
)
def means_lost(model: nn.Module, optimizer: Any, step: int, batches: Any) -> dict[str, Any]:
    kept = training.snapshot(model, optimizer, step, batches)
    return {name: kept[name] for name in ("model", "step", "batches")}


@exercise.misconception(
    "The place in the data is missing. A run that goes on reads its first batches again, and never gets to the last "
    "ones. Reread 'A run that can be stopped'."
)
def place_lost(model: nn.Module, optimizer: Any, step: int, batches: Any) -> dict[str, Any]:
    kept = training.snapshot(model, optimizer, step, batches)
    return {name: kept[name] for name in ("model", "optimizer", "step")}


@exercise.misconception(
    "The step is missing, and with it the place on the schedule: a run that goes on would warm up again. "
    "Reread 'A run that can be stopped'."
)
def step_lost(model: nn.Module, optimizer: Any, step: int, batches: Any) -> dict[str, Any]:
    kept = training.snapshot(model, optimizer, step, batches)
    return {name: kept[name] for name in ("model", "optimizer", "batches")}
