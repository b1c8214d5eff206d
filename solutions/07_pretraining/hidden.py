"""Probes of lab 07 that are never released: other shapes, and the edges that the text allows."""

from typing import Any

import torch
from torch import Generator, nn

from autograder.exercise import HiddenProbes

HIDDEN = HiddenProbes("pretraining")


@HIDDEN.probe("inputs_and_targets")
def shortest(implementation: Any, generator: Generator) -> Any:
    """Rows of two tokens, the shortest that there are, and one long row."""
    ids = torch.randint(9, (4, 2), generator=generator)
    long = torch.randint(9, (1, 40), generator=generator)
    return [list(implementation(ids)), list(implementation(long))]


@HIDDEN.probe("next_token_loss")
def large_logits(implementation: Any, generator: Generator) -> Any:
    """Logits in the hundreds, whose exponentials overflow."""
    logits = 300 * torch.randn(3, 4, 6, generator=generator)
    return implementation(logits, torch.randint(6, (3, 4), generator=generator))


@HIDDEN.probe("next_token_loss")
def equal_logits(implementation: Any, generator: Generator) -> Any:
    """Equal logits: the logarithm of the size of the vocabulary, whatever the targets."""
    return implementation(torch.ones(2, 3, 11), torch.randint(11, (2, 3), generator=generator))


@HIDDEN.probe("decay_groups")
def convolution(implementation: Any, generator: Generator) -> Any:
    """A parameter of three dimensions, and a single number."""
    model = nn.Module()
    model.kernel = nn.Parameter(torch.ones(2, 2, 2))
    model.scale = nn.Parameter(torch.ones(()))
    names = {id(one): name for name, one in model.named_parameters()}
    return [
        [[names[id(one)] for one in group["params"]], group["weight_decay"]]
        for group in implementation(model, 0.2)
    ]


@HIDDEN.probe("cosine_with_warmup")
def long_run(implementation: Any, generator: Generator) -> Any:
    """A thousand steps, of which some are looked at, and a warm-up that leaves a single step."""
    settings = {"warmup_steps": 100, "total_steps": 1000, "peak": 3e-4, "floor": 3e-5}
    steps = torch.randint(1200, (20,), generator=generator).tolist()
    last = [
        implementation(step, warmup_steps=5, total_steps=6, peak=1.0, floor=0.5)
        for step in range(8)
    ]
    return [[1e3 * implementation(step, **settings) for step in steps], last]


@HIDDEN.probe("accumulate_gradients")
def one_part(implementation: Any, generator: Generator) -> Any:
    """A single part, and five parts of a single text."""
    results = []
    for parts, texts in ((1, 4), (5, 1)):
        model = nn.Sequential(nn.Embedding(6, 3), nn.Linear(3, 6))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
        ids = [torch.randint(6, (texts, 7), generator=generator) for _ in range(parts)]
        loss = implementation(model, ids)
        results.append([loss, [one.grad for one in model.parameters()]])
    return results


@HIDDEN.probe("clip_gradient_norm")
def one_number(implementation: Any, generator: Generator) -> Any:
    """A single gradient of a single number, longer than allowed, and one that is short."""
    results = []
    for size in (7.0, 0.2):
        parameter = nn.Parameter(torch.zeros(1))
        parameter.grad = torch.tensor([-size])
        results.append([float(implementation([parameter], 1.0)), parameter.grad])
    return results


class Keeper:
    """Stands for an optimizer and for batches: gives one state, and shares what is in it."""

    def __init__(self, **state: Any) -> None:
        self.state = state

    def state_dict(self) -> dict[str, Any]:
        """Give the state itself."""
        return self.state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take a state."""
        self.state = state


@HIDDEN.probe("snapshot")
def what_was_kept(implementation: Any, generator: Generator) -> Any:
    """A model, an optimizer and batches: what the snapshot holds after all of them have changed."""
    model = nn.Linear(2, 1)
    with torch.no_grad():
        model.weight.copy_(torch.randn(1, 2, generator=generator))
        model.bias.zero_()
    mean = torch.randn(1, 2, generator=generator)
    optimizer, batches = (
        Keeper(state={0: {"mean": mean}}, param_groups=[{"lr": 0.1}]),
        Keeper(place=5),
    )
    kept = implementation(model, optimizer, 17, batches)
    with torch.no_grad():
        model.weight += 1
    mean += 1
    optimizer.state["param_groups"][0]["lr"] = 0.2
    batches.state["place"] = 6
    return {
        "weight": kept["model"]["weight"],
        "mean": kept["optimizer"]["state"][0]["mean"],
        "learning rate": kept["optimizer"]["param_groups"][0]["lr"],
        "step": kept["step"],
        "batches": kept["batches"],
    }
