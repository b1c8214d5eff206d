"""`pretraining.snapshot`: its probes, and what people get wrong about it."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograder.exercise import Switches
from autograder.exercises.pretraining import LAB
from autograder.exercises.pretraining._shared import way
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
    matters="Llama 3 405B was interrupted 419 times without plan in 54 days (2024); each time a checkpoint like yours "
    "decided how much was lost. Read llmlab/training/checkpoint.py.",
)


class Lines:
    """Batches without end that know their place, and give the very dictionary in which they note it."""

    def __init__(self, seed: int) -> None:
        self.state = {"place": 0, "seed": seed}

    def __iter__(self) -> Iterator[Tensor]:
        while True:
            own = torch.Generator().manual_seed(self.state["seed"] + self.state["place"])
            self.state["place"] += 4
            yield torch.randn(4, 3, generator=own)

    def state_dict(self) -> dict[str, int]:
        return self.state

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        self.state = dict(state)


class Momentum:
    """SGD with momentum, whose state is shared as that of PyTorch's optimizers is (which load for seconds)."""

    def __init__(self, model: nn.Module) -> None:
        self.parameters = list(model.parameters())
        self.state = {
            number: {"mean": torch.zeros_like(one)} for number, one in enumerate(self.parameters)
        }
        self.param_groups = [{"lr": 0.0}]

    @torch.no_grad()
    def step(self) -> None:
        for number, parameter in enumerate(self.parameters):
            mean = self.state[number]["mean"]
            mean.mul_(0.9).add_(parameter.grad)  # type: ignore[arg-type]
            parameter.sub_(self.param_groups[0]["lr"] * mean)
            parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        return {"state": dict(self.state), "param_groups": list(map(dict, self.param_groups))}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        for number, kept in state["state"].items():
            self.state[number]["mean"].copy_(kept["mean"])
        self.param_groups = list(map(dict, state["param_groups"]))


_NAMED = ("model", "optimizer", "step", "batches")
Run = tuple[nn.Module, Momentum, Lines]


def _new_run(seed: int) -> Run:
    model = nn.Linear(3, 1)
    with torch.no_grad():
        model.weight.fill_(0.5)
        model.bias.zero_()
    # A model's state holds more than its parameters.
    model.register_buffer("steps", torch.zeros(()))
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
        optimizer.param_groups[0]["lr"] = 0.1 / (1 + number)
        optimizer.step()
        model.get_buffer("steps").add_(1)
        losses.append(value.item())
    return losses


def resumed(implementation: Any, generator: Generator, before: int, after: int) -> Any:
    """Take a snapshot in the middle of a run, let the run go on, and begin a new one from the snapshot."""
    seed = int(torch.randint(10_000, (), generator=generator))
    run = _new_run(seed)
    _walk(run, 0, before)
    kept = implementation(*run[:2], before, run[2])
    went_on = _walk(run, before, after)
    if not isinstance(kept, Mapping):
        return {"names": None if kept is None else "not those of a dictionary", "result": kept}
    new = _new_run(seed)
    parts: tuple[Any, ...] = new
    for name, part in zip(("model", "optimizer", "batches"), parts, strict=True):
        state = kept.get(name)
        if isinstance(state, Mapping) and state.keys() == part.state_dict().keys():
            part.load_state_dict(state)
    step = kept.get("step")
    return {
        "names": sorted(name if name in _NAMED else "another name" for name in kept),
        "step": step,
        "weights": kept.get("model"),
        "optimizer": kept.get("optimizer"),
        "batches": kept.get("batches"),
        "mode of the run's model": "training" if run[0].training else "evaluation",
        "losses of the run": went_on,
        "losses after going back": _walk(new, step if isinstance(step, int) else 0, after),
    }


@exercise.probe
def taken_after_three_steps(implementation: Any, generator: Generator) -> Any:
    """Three steps, a snapshot, two more steps; then a new run that goes on from the snapshot."""
    return resumed(implementation, generator, 3, 2)


@exercise.probe
def taken_after_one_step(implementation: Any, generator: Generator) -> Any:
    """One step, a snapshot, three more steps; then a new run that goes on from the snapshot."""
    return resumed(implementation, generator, 1, 3)


_READ = "Reread 'A run that can be stopped'."
_MODEL = (
    "The weights in your snapshot change with the model: it holds the very tensors that the next step overwrites, so "
    f"going back goes nowhere. A new dictionary is not enough; the tensors in it are what changes. {_READ}"
)
_OPTIMIZER = (
    "The weights are copied, and the optimizer's running means are not: they go on changing with the run, and the next "
    f"steps after going back have the memory of another time. They lie deep in the state. {_READ}"
)
_STATES = (
    "Your snapshot holds objects, or methods that were not called, where it should hold states. A state is what "
    f"`state_dict()` returns. {_READ}"
)
_PARAMETERS = (
    "Your snapshot holds parameters without their names. A model takes back what its `state_dict()` gives. "
    + _READ
)
_CLONE = (
    "Your code asks a dictionary for its `clone`: tensors have one, dictionaries have none, and states are "
    f"dictionaries with others inside. {_READ}"
)
_NAMES = (
    "Your dictionary has other names than were asked for. Whoever goes on from it looks for `model`, `optimizer`, "
    f"`step` and `batches`. {_READ}"
)
_NO_DICTIONARY = (
    "Your function returns the four things in a row. A dictionary is asked for, so that each is found by its name. "
    + _READ
)
_STEP_KIND = "Your step is no plain number. It is given to you as one: keep it as it is. " + _READ

Way = Callable[[Any], Any]


def _state(part: Any) -> Any:
    return part.state_dict()


def _copied(part: Any) -> Any:
    return copy.deepcopy(part.state_dict())


def _shallow(part: Any) -> Any:
    return copy.copy(part.state_dict())


_MODELS: dict[str, Way] = {
    "model_shared": _state,
    "model_shallow": _shallow,
    "model_detached": lambda model: {name: one.detach() for name, one in _state(model).items()},
    "model_itself": copy.deepcopy,
    "model_method": lambda model: model.state_dict,
    "model_list": lambda model: [one.detach().clone() for one in model.parameters()],
    "model_parameters": lambda model: copy.deepcopy(model.parameters()),
    "model_cloned": lambda model: model.state_dict().clone(),
    "model_names": lambda model: list(model.state_dict()),
    "all_shared": _state,
    "all_shallow": _shallow,
}
_OPTIMIZERS: dict[str, Way] = {
    "optimizer_shared": _state,
    "optimizer_shallow": _shallow,
    "optimizer_itself": copy.deepcopy,
    "optimizer_method": lambda optimizer: optimizer.state_dict,
    "optimizer_cloned": lambda optimizer: {
        name: one.clone() for name, one in optimizer.state_dict().items()
    },
    "optimizer_rates": lambda optimizer: copy.deepcopy(optimizer.param_groups),
    "optimizer_state": lambda optimizer: copy.deepcopy(optimizer.state),
    "all_shared": _state,
    "all_shallow": _shallow,
    "model_alone_copied": _state,
}
_BATCHES: dict[str, Way] = {
    "batches_shared": _state,
    "batches_itself": copy.deepcopy,
    "batches_method": lambda batches: batches.state_dict,
    "all_shared": _state,
    "model_alone_copied": _state,
    "place_alone": lambda batches: batches.state_dict()["place"],
}
_STEPS: dict[str, Way] = {
    "step_ahead": lambda step: step + 1,
    "step_behind": lambda step: step - 1,
    "step_as_tensor": torch.tensor,
    "step_as_text": str,
    "step_zero": lambda step: 0,
}
# Which of the four stand under another name; a probe does not look which.
_RENAMED = {
    f"renamed_{'_'.join(some)}": some
    for count in range(1, 5)
    for some in itertools.combinations(_NAMED, count)
}
_KEPT = {
    "weights_alone": ("model",),
    "weights_and_means": ("model", "optimizer"),
    "weights_and_step": ("model", "step"),
    "weights_and_place": ("model", "step", "batches"),
    "place_lost": ("model", "optimizer", "step"),
    "step_lost": ("model", "optimizer", "batches"),
    "weights_lost": ("optimizer", "step", "batches"),
}
_ENDINGS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "as_list": lambda kept: list(kept.values()),
    "as_pairs": lambda kept: list(kept.items()),
    "as_names": list,
    "more_kept": lambda kept: kept | {"random": torch.get_rng_state()},
    "nested": lambda kept: {"snapshot": kept},
}


@exercise.faults(
    all_shared="Your snapshot changes with the run: nothing in it is a copy, or its outermost dictionary alone is one. "
    f"It holds the very tensors that the next step overwrites, so going back to it goes nowhere. {_READ}",
    all_shallow="The tensors of the model and those of the optimizer are not copied. A new dictionary is not enough: "
    f"it keeps the old tensors in it, and the tensors are what changes. {_READ}",
    model_shared=_MODEL,
    model_shallow=_MODEL,
    model_detached=_MODEL,
    model_alone_copied="The weights are copied, and the states of optimizer and batches are not: they go on changing "
    f"with the run. {_READ}",
    optimizer_shared=_OPTIMIZER,
    optimizer_shallow=_OPTIMIZER,
    batches_shared="The place in the data is not copied: it moves on with the run, and going back begins with batches "
    f"that the model has not come to yet. {_READ}",
    model_itself=_STATES,
    model_method=_STATES,
    optimizer_itself=_STATES,
    optimizer_method=_STATES,
    batches_itself=_STATES,
    batches_method=_STATES,
    model_list=_PARAMETERS,
    model_parameters="`parameters()` gives them one after the other and cannot be copied. A model takes back what its "
    f"`state_dict()` gives. {_READ}",
    model_cloned=_CLONE,
    optimizer_cloned=_CLONE,
    model_names="Your snapshot holds the names of the weights and not the weights. " + _READ,
    optimizer_rates="Your snapshot holds the optimizer's settings and not its running means. Its `state_dict()` gives "
    f"both. {_READ}",
    optimizer_state="Your snapshot holds the optimizer's running means and not its settings. Its `state_dict()` gives "
    f"both. {_READ}",
    place_alone="Your snapshot holds a part of the state of the batches. They take back all that their `state_dict()` "
    f"gives. {_READ}",
    step_ahead="Your step is one too many: it is given to you as the number of steps taken, and the next step has that "
    f"number, since steps are counted from 0. {_READ}",
    step_behind="Your step is one too few, so that a run that goes on takes a step twice. It is given to you as the "
    f"number of steps taken. {_READ}",
    step_as_tensor=_STEP_KIND,
    step_as_text=_STEP_KIND,
    step_zero="Your step is 0, whatever it was: a run that goes on would warm up again. " + _READ,
    weights_alone="Only the weights are kept. The optimizer begins with empty means, the schedule with its warm-up, "
    f"and the data with the first batch: the loss jumps, and the model reads again what it knows. {_READ}",
    weights_and_means="Step and place in the data are missing: a run that goes on would warm up again, and read its "
    f"first batches again. {_READ}",
    weights_and_step="The optimizer's running means and the place in the data are missing. A run that goes on begins "
    f"both anew. {_READ}",
    weights_and_place="The optimizer's running means are missing. After going on they begin at 0, and the first steps "
    f"have another length than they would have had. {_READ}",
    place_lost="The place in the data is missing. A run that goes on reads its first batches again, and never gets to "
    f"the last ones. {_READ}",
    step_lost="The step is missing, and with it the place on the schedule: a run that goes on would warm up again. "
    + _READ,
    weights_lost="The weights are missing: a run that goes on would begin with a model that knows nothing. "
    + _READ,
    as_list=_NO_DICTIONARY,
    as_pairs=_NO_DICTIONARY,
    as_names="Your function returns the four names and not what belongs to them. " + _READ,
    more_kept="Your dictionary holds more than the four things of the table. " + _READ,
    nested="Your dictionary holds another one, in which the four things are. They are looked for in the first. "
    + _READ,
    **dict.fromkeys(_RENAMED, _NAMES),
)
def by_parts(on: Switches) -> Any:
    def snapshot(model: Any, optimizer: Any, step: int, batches: Any) -> Any:
        kept = {
            "model": way(on, _MODELS, _copied)(model),
            "optimizer": way(on, _OPTIMIZERS, _copied)(optimizer),
            "step": way(on, _STEPS, lambda step: step)(step),
            "batches": way(on, _BATCHES, _copied)(batches),
        }
        for name, parts in _KEPT.items():
            if on(name):
                kept = {part: kept[part] for part in parts}
        for name, renamed in _RENAMED.items():
            if on(name):
                kept = {f"{part}_state" if part in renamed else part: kept[part] for part in kept}
        return way(on, _ENDINGS, lambda kept: kept)(kept)

    return snapshot


@exercise.faults(
    weights_changed="Your code changes the run itself, whose losses are others afterward. A snapshot looks and copies. "
    + _READ,
    batch_taken="Your code takes a batch from the run, which then goes on with the next. A snapshot looks and copies. "
    + _READ,
)
def by_disturbing(on: Switches) -> Any:
    def snapshot(model: Any, optimizer: Any, step: int, batches: Any) -> Any:
        kept = training.snapshot(model, optimizer, step, batches)
        if on("weights_changed"):
            with torch.no_grad():
                for one in model.parameters():
                    one.zero_()
        if on("batch_taken"):
            next(iter(batches))
        return kept

    return snapshot
