"""`learning.train`: its probes, and what people get wrong about it."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from autograder.exercise import Switches, fill_parameters, normal
from autograder.exercises.learning import LAB
from autograder.exercises.learning._shared import Examples
from llmlab import foundations

exercise = LAB.exercise(
    "train",
    reference=foundations.train,
    hints=(
        "Write the loop without the validation first: three lines a batch.",
        "After each `every` batches the validation loss is measured, without gradients. When it is "
        "the lowest so far, keep a copy of the weights: a `state_dict` shares its tensors with the "
        "model, and `copy.deepcopy` does not.",
        "For each batch: clear the gradients, compute the loss and its gradients, step. Every so "
        "often: measure, append, and if it is lower than all before, deep-copy the state. At the "
        "end, load that state into the model.",
    ),
    matters="Makers of models keep many such copies: of Pythia's models (2023) 154 each were published, from the "
    "first "
    "step to the last. Read llmlab/foundations/supervised.py.",
)


def line_trained(
    implementation: Any, batches: list[Examples], validation: Examples, *every: int
) -> dict[str, Any]:
    """Train a line through 0 that begins at slope 0; without `every` the loss is measured at each step."""
    model = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        model.weight.zero_()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = implementation(model, functional.mse_loss, optimizer, batches, validation, *every)
    return {"validation losses": losses, "weight at the end": model.weight.detach().clone()}


def letters_trained(
    implementation: Any, generator: Generator, batches: int, every: int
) -> dict[str, Any]:
    """Train a small network to choose among four letters, with a rate so high that its loss jumps."""
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 4))
    fill_parameters(model, generator)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    drawn = [
        (normal(generator, 5, 2), torch.randint(4, (5,), generator=generator))
        for _ in range(batches + 1)
    ]
    losses = implementation(
        model, functional.cross_entropy, optimizer, drawn[:-1], drawn[-1], every
    )
    return {
        "validation losses": losses,
        "weights at the end": [one.detach().clone() for one in model.parameters()],
    }


def unit(generator: Generator) -> Tensor:
    """Draw four inputs with a mean square of 1."""
    x = normal(generator, 4, 1)
    return x / x.square().mean().sqrt()


@exercise.probe
def past_the_best(implementation: Any, generator: Generator) -> Any:
    """Batches on a line of slope 2, the third and the last two on one of -1; validated on slope 1, at each step."""
    x = unit(generator)
    usual, odd = (x, 2 * x), (x, -x)
    batches = [usual, usual, odd, *[usual] * 6, odd, odd]
    return line_trained(implementation, batches, (x, x))


@exercise.probe
def now_and_then(implementation: Any, generator: Generator) -> Any:
    """Seven batches of noisy examples, measured after every second one."""
    batches = [(x, 2 * x + normal(generator, 4, 1)) for x in (unit(generator) for _ in range(7))]
    x = unit(generator)
    return line_trained(implementation, batches, (x, x), 2)


@exercise.probe
def worse_from_the_start(implementation: Any, generator: Generator) -> Any:
    """Three batches on a line of slope -1, validated on slope 0, where the line begins: measured after each batch."""
    x = unit(generator)
    return line_trained(implementation, [(x, -x)] * 3, (x, 0 * x), 1)


@exercise.probe
def of_letters(implementation: Any, generator: Generator) -> Any:
    """A network of two layers and a cross-entropy over four letters, eleven batches, measured after every third."""
    return letters_trained(implementation, generator, 11, 3)


_LEARNS = (
    "Your model learns from the validation set too. From then on its validation loss is one "
    "more "
    "training loss, and nothing is left to choose by. Reread 'Stop at the best'."
)
_NOT_THE_LOSSES = (
    "You return something else than a list. The caller wants the validation losses, in the order in which they were "
    "measured. Look at what the docstring says of the result."
)


@exercise.faults(
    never_cleared="The gradients are never cleared. PyTorch adds each new gradient to what is there, so your "
    "steps follow the sum of all gradients since the beginning. Reread 'The loop'.",
    cleared_when_measured="The gradients are cleared only when the validation loss is measured. In between, each step "
    "follows the sum of several. Reread 'The loop'.",
    never_moves="The weights never change: either no gradients reach them, or these are cleared before the step, or "
    "there is no step. Reread 'The loop'.",
    steps_when_measured="A step is taken only when the validation loss is measured. Each batch is one step. Reread "
    "'The loop'.",
    steps_summed="A step is taken only when the validation loss is measured, with the sum of the gradients since the "
    "last. Each batch is one step. Reread 'The loop'.",
    first_batch_only="Your function ends after the first measurement. Look at where the `return` stands.",
    stops_at_a_rise="Your loop ends at the first validation loss that is worse. It may get better again: this "
    "function "
    "goes through all batches, and then back to the best. Reread 'Stop at the best'.",
    last_weights="The model ends with its last weights, not with its best. If you did keep the best ones, look "
    "at how: a `state_dict` shares its tensors with the model, and changes with it. "
    "Reread 'Stop at the best'.",
    last_measured="The model ends with the weights of the last measurement, whatever its loss was. Those of the "
    "lowest "
    "are wanted. Reread 'Stop at the best'.",
    first_measured="The model ends with the weights of the first measurement. What is kept is to be renewed when a "
    "lower loss comes. Reread 'Stop at the best'.",
    before_training="The model ends with the weights that it began with. Copy them when a loss is the lowest, and not "
    "before the loop. Reread 'Stop at the best'.",
    lower_than_previous="Your code keeps the weights whenever the loss is lower than the one before. Lower than all "
    "before is meant. Reread 'Stop at the best'.",
    highest="Your code keeps the weights of the highest validation loss. A loss is the better the lower it is. "
    "Reread 'Stop at the best'.",
    best_from_zero="Your best loss begins at 0, and no loss is lower, so nothing is ever kept. "
    "Reread 'Stop at the best'.",
    chosen_by_training="Your code keeps the weights of the lowest training loss. That loss goes on falling while the "
    "model learns its examples by heart, and says nothing about new ones. "
    "Reread 'Stop at the best'.",
    back_at_each_measurement="Your code goes back to the best weights at each measurement, in the middle of training. "
    "It goes back once, in the end. Reread 'Stop at the best'.",
    kept_a_step_late="What your code keeps are weights of another moment than the loss it keeps them for. Measure "
    "after "
    "the step, and copy then. Reread 'Stop at the best'.",
    learns_from_validation=_LEARNS,
    learns_before_keeping=_LEARNS,
    learns_from_both_at_once=_LEARNS,
    counts_from_zero="Your first measurement comes after the first batch: with `every=2` you measure after batches "
    "1, 3 "
    "and 5. Look at where your count begins. Reread 'Stop at the best'.",
    every_step="You measure after every batch and leave `every` out. Reread 'Stop at the best'.",
    at_the_end_too="You measure once more after the last batch, where `every` does not ask for it.",
    before_the_step="The validation loss is measured before the step, so it belongs to the weights of before. "
    "Reread 'Stop at the best'.",
    on_the_batch="You measure on the batch that the model has learned from, and the validation set is never used. "
    "Reread 'Stop at the best'.",
    on_the_batch_before_step="What you return and choose by are training losses, one for each measurement. The "
    "validation set is never used. Reread 'Stop at the best'.",
    training_losses="You choose by the validation losses and return training losses. Look at what the docstring says "
    "of "
    "the result.",
    all_training_losses="You return the training loss of each batch. The caller wants the validation losses. Look at "
    "what the docstring says of the result.",
    summed_losses="Your list adds up: each entry holds the losses before it as well. Look at the worked example of "
    "'Stop at the best'.",
    tensors="Your list holds tensors. Plain numbers are asked for: a tensor of one number hands its number out by "
    "`item`.",
    steps_with_losses="Your list holds pairs of a step and a loss. The caller wants the losses alone.",
    best_losses="Your list holds only the losses that were lowest so far. The caller wants all that were measured.",
    lowest_loss="You return one number, the lowest validation loss. The caller wants all of them in order. Look at "
    "what "
    "the docstring says of the result.",
    last_loss="You return one number, the last validation loss. The caller wants all of them in order. Look at what "
    "the docstring says of the result.",
    tensor_of_losses=_NOT_THE_LOSSES,
    losses_and_best=_NOT_THE_LOSSES,
    weights=_NOT_THE_LOSSES,
    model_returned="You return the model. It is the caller's already; wanted are the validation losses. Look at what "
    "the "
    "docstring says of the result.",
    targets_first="Your code hands the targets to the loss function first. It takes predictions and then targets, and "
    "for cross-entropy these are no equals. Look at what the docstring says of `loss_function`.",
    inputs_as_predictions="Your code gives the inputs themselves to the loss function. The model makes predictions of "
    "them first. Reread 'The loop'.",
    validation_gone_through="Your code goes through the validation set as if it were a list of batches. It is one "
    "pair, "
    "of inputs and targets. Look at what the docstring says of `validation`.",
)
def faulty(on: Switches) -> Any:
    """Build a training loop with faults."""

    def train(
        model: Any,
        loss_function: Any,
        optimizer: Any,
        batches: Any,
        validation: Any,
        every: int = 1,
    ) -> Any:
        trained: list[float] = []
        record = _Record(on, model)
        for number, (inputs, targets) in enumerate(batches, int(not on("counts_from_zero"))):
            measuring = on("every_step") or number % every == 0
            if not (on("never_cleared") or on("cleared_when_measured") or on("steps_summed")):
                optimizer.zero_grad()
            early = _measured(on, model, loss_function, validation, inputs, targets)
            given = inputs if on("inputs_as_predictions") else model(inputs)
            pair = (targets, given) if on("targets_first") else (given, targets)
            loss = loss_function(*pair)
            trained.append(loss.item())
            waits = (on("steps_when_measured") or on("steps_summed")) and not measuring
            if not on("never_moves"):
                _stepped(optimizer, loss, waits)
            if not measuring:
                continue
            if on("cleared_when_measured") or on("steps_summed"):
                optimizer.zero_grad()
            late = _measured(on, model, loss_function, validation, inputs, targets)
            held_out = early if on("before_the_step") else late
            if on("on_the_batch_before_step"):
                held_out = loss.detach()
            if on("learns_before_keeping") or on("learns_from_both_at_once"):
                clear = on("learns_before_keeping")
                _learn(model, loss_function, optimizer, validation, clear)
            if on("kept_a_step_late"):
                record.note(early, trained[-1], number)
                record.losses[-1] = late.item()
            elif record.note(held_out, trained[-1], number):
                break
            if on("learns_from_validation"):
                _learn(model, loss_function, optimizer, validation, clear=True)
        if on("at_the_end_too") and number % every:
            record.note(
                _measured(on, model, loss_function, validation, inputs, targets),
                trained[-1],
                number,
            )
        return record.result(trained)

    return train


def _stepped(optimizer: Any, loss: Tensor, waits: bool) -> None:
    loss.backward()
    if not waits:
        optimizer.step()


def _learn(
    model: Any, loss_function: Any, optimizer: Any, validation: Examples, clear: bool
) -> None:
    if clear:
        optimizer.zero_grad()
    loss_function(model(validation[0]), validation[1]).backward()
    optimizer.step()


def _measured(
    on: Switches, model: Any, loss_function: Any, validation: Any, inputs: Tensor, targets: Tensor
) -> Tensor:
    with torch.no_grad():
        if on("on_the_batch"):
            validation = inputs, targets
        if on("validation_gone_through"):
            for one, two in validation:
                validation = one, two
        given = model(validation[0])
        measured: Tensor = loss_function(given, validation[1])
        return measured


class _Record:
    """The losses so far, and the weights that are kept."""

    def __init__(self, on: Switches, model: Any) -> None:
        self.on, self.model = on, model
        self.losses: list[float] = []
        self.best: list[float] = []
        self.pairs: list[tuple[int, float]] = []
        self.measure = math.inf
        self.kept = copy.deepcopy(model.state_dict()) if on("before_training") else None

    def note(self, held_out: Tensor, trained: float, number: int) -> bool:
        """Write a loss down, keep the weights or not, and say whether the loop ends."""
        on, loss = self.on, held_out.item()
        if on("stops_at_a_rise") and loss > self.measure:
            return True
        previous = self.losses[-1] if self.losses else math.inf
        summed = loss + (previous if self.losses else 0.0)
        self.losses.append(summed if on("summed_losses") else loss)
        self.pairs.append((number, loss))
        if self._better(trained if on("chosen_by_training") else loss, previous):
            self.measure = trained if on("chosen_by_training") else loss
            self.best.append(loss)
            self.kept = copy.deepcopy(self.model.state_dict())
        if on("back_at_each_measurement"):
            self.model.load_state_dict(self.kept)
        return on("first_batch_only")

    def _better(self, measure: float, previous: float) -> bool:
        on = self.on
        if on("before_training"):
            return False
        if on("last_measured"):
            return True
        if on("first_measured"):
            return self.kept is None
        if on("lower_than_previous"):
            return measure < previous
        if on("highest"):
            return self.kept is None or measure > self.measure
        if on("best_from_zero"):
            return measure < 0
        return measure < self.measure

    def result(self, trained: list[float]) -> Any:
        """Load the kept weights, and return the losses."""
        on, losses = self.on, self.losses
        if not on("last_weights"):
            self.model.load_state_dict(self.kept)
        if on("training_losses"):
            return [trained[number - 1] for number, _ in self.pairs]
        if on("all_training_losses"):
            return trained
        if on("tensors"):
            return [torch.tensor(loss) for loss in losses]
        if on("steps_with_losses"):
            return self.pairs
        if on("best_losses"):
            return self.best
        return self._other_result()

    def _other_result(self) -> Any:
        on, losses = self.on, self.losses
        if on("lowest_loss"):
            return min(losses)
        if on("last_loss"):
            return losses[-1]
        if on("tensor_of_losses"):
            return torch.tensor(losses)
        if on("losses_and_best"):
            return losses, min(losses)
        if on("weights"):
            return self.kept
        return self.model if on("model_returned") else losses
