"""`learning.train`: hidden probes, and right answers written differently."""

import copy
from typing import Any

import torch
from torch import Generator

from autograder.exercise import Private
from autograder.exercises.learning.train import letters_trained, line_trained, unit

private = Private()


@private.probe
def another_line(implementation: Any, generator: Generator) -> Any:
    """A line of slope 3, validated on one of slope 2, with an odd batch in the middle."""
    x = unit(generator)
    batches = [(x, 3 * x)] * 3 + [(x, -2 * x)] + [(x, 3 * x)] * 6
    return line_trained(implementation, batches, (x, 2 * x), 1)


@private.probe
def more_letters(implementation: Any, generator: Generator) -> Any:
    """Fourteen batches of letters, measured after every fourth."""
    return letters_trained(implementation, generator, 14, 4)


@private.variant
def train_with_copies(model, loss_function, optimizer, batches, validation, every=1):
    """Copy the parameters one by one, and clear the gradients after the step."""
    losses, best = [], None
    for step in range(len(batches)):
        inputs, targets = batches[step]
        loss = loss_function(model(inputs), targets)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if (step + 1) % every:
            continue
        with torch.no_grad():
            loss = float(loss_function(model(validation[0]), validation[1]))
        if not losses or loss < min(losses):
            best = [parameter.detach().clone() for parameter in model.parameters()]
        losses.append(loss)
    with torch.no_grad():
        for parameter, kept in zip(model.parameters(), best, strict=True):
            parameter.copy_(kept)
    return losses


@private.variant
def train_with_all_kept(model, loss_function, optimizer, batches, validation, every=1):
    """Keep the weights of every measurement, and choose in the end; gradients set to None."""
    losses, states = [], []
    for step, batch in enumerate(batches):
        for parameter in model.parameters():
            parameter.grad = None
        loss_function(model(batch[0]), batch[1]).backward()
        optimizer.step()
        if step % every == every - 1:
            with torch.inference_mode():
                losses.append(loss_function(model(validation[0]), validation[1]).item())
            states.append(copy.deepcopy(model.state_dict()))
    model.load_state_dict(states[losses.index(min(losses))])
    return losses


private.equivalent("if losses[-1] < best:", "COMPARISON", "of two equal losses either is lowest")
private.equivalent(
    "if not losses or loss < min(losses):", "COMPARISON", "of two equal losses either is lowest"
)
private.equivalent(
    "best, weights = math.inf, None", "CONSTANT", "the first measurement replaces it"
)
private.equivalent("losses, best = [], None", "CONSTANT", "the first measurement replaces it")
