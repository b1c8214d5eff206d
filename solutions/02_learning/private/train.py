"""`learning.train`: hidden probes, and right answers written differently."""

import copy
import math
from typing import Any

import torch
from torch import Generator, nn
from torch.nn import functional

from autograder.exercise import Private, fill_parameters, normal
from llmlab.foundations import Value

private = Private()


@private.probe
def of_letters(implementation: Any, generator: Generator) -> Any:
    """A network with two layers and a cross-entropy, measured after every third of eight batches."""
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 5))
    fill_parameters(model, generator)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    batches = [
        (normal(generator, 6, 3), torch.randint(5, (6,), generator=generator)) for _ in range(8)
    ]
    losses = implementation(model, functional.cross_entropy, optimizer, batches, batches[0], 3)
    return {"losses": losses, "weights": [one.detach() for one in model.parameters()]}


@private.variant
def train_with_copies(model, loss_function, optimizer, batches, validation, every=1):
    """Copy the parameters one by one, and clear the gradients after the step."""
    losses, best = [], None
    optimizer.zero_grad()
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
