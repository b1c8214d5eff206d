"""Lab 07: the exercises on pretraining, with what people get wrong about them."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from autograder.exercise import Lab, normal
from llmlab import foundations, training
from llmlab.training import inputs_and_targets, next_token_loss

LAB = Lab(7, "pretraining", "Pretraining")
Pair = tuple[Tensor, Tensor]


def some_ids(generator: Generator, *shape: int, below: int = 50) -> Tensor:
    """Draw token ids."""
    return torch.randint(below, shape, generator=generator)


# ----------------------------------------------------------------------------------------------
shift = LAB.exercise(
    "inputs_and_targets",
    points=1,
    reference=training.inputs_and_targets,
    hints=(
        "Write one row down, and below it what should be guessed at each place.",
        "Both have one column fewer than the ids. One lacks the last column, and the other the first.",
        "Slice the second dimension twice: once up to the last column, and once from the second one on.",
    ),
)


@shift.probe
def one_row(implementation: Any, generator: Generator) -> Any:
    """The row [5, 6, 7, 8]."""
    inputs, targets = implementation(torch.tensor([[5, 6, 7, 8]]))
    return {"inputs": inputs, "targets": targets}


@shift.probe
def several_rows(implementation: Any, generator: Generator) -> Any:
    """Three rows of six random ids."""
    inputs, targets = implementation(some_ids(generator, 3, 6))
    return {"inputs": inputs, "targets": targets}


@shift.misconception(
    "Your targets are the inputs themselves: at each place the model is asked for the token that it has read there. "
    "It learns to copy, its loss goes to 0, and it has never guessed anything. Reread 'One token further'."
)
def not_shifted(ids: Tensor) -> Pair:
    return ids[:, :-1], ids[:, :-1]


@shift.misconception(
    "Inputs and targets are exchanged: your model reads a token and is asked for the one before it, so it learns to "
    "write backward. Reread 'One token further'."
)
def backward_in_time(ids: Tensor) -> Pair:
    return ids[:, 1:], ids[:, :-1]


@shift.misconception(
    "Your targets lie two tokens further, so the model learns to leave out every second one. "
    "Reread 'One token further'."
)
def two_further(ids: Tensor) -> Pair:
    return ids[:, :-2], ids[:, 2:]


@shift.misconception(
    "Your targets go around: after the last token of a row comes its first one again. That is a wrong answer in each "
    "row, and the model will try to learn it. Reread 'One token further'."
)
def around(ids: Tensor) -> Pair:
    return ids, ids.roll(-1, dims=1)


@shift.misconception(
    "Your code shifts from row to row, where it should shift from place to place. The rows of a batch are different "
    "texts and have nothing to do with each other. Reread 'One token further'."
)
def across_rows(ids: Tensor) -> Pair:
    return ids[:-1], ids[1:]


# ----------------------------------------------------------------------------------------------
loss = LAB.exercise(
    "next_token_loss",
    points=2,
    reference=training.next_token_loss,
    forbidden=(
        "torch.nn.functional.cross_entropy",
        "torch.nn.functional.nll_loss",
    ),
    hints=(
        "The last dimension of the logits runs over the vocabulary; the other two are those of the targets.",
        "Log-probabilities come from a log-softmax over the vocabulary. Of each place one of them counts: that of the "
        "target, which `gather` picks when the targets have a last dimension of their own.",
        "Take the log-softmax over the last dimension; gather along it at the targets, unsqueezed; "
        "average over all places, and turn the sign.",
    ),
)


@loss.probe
def one_text(implementation: Any, generator: Generator) -> Any:
    """One text of three places, a vocabulary of four."""
    return {"loss": implementation(normal(generator, 1, 3, 4), some_ids(generator, 1, 3, below=4))}


@loss.probe
def batch_with_gradient(implementation: Any, generator: Generator) -> Any:
    """Two texts of five places, a vocabulary of seven; the loss, and its gradient."""
    logits = (2 * normal(generator, 2, 5, 7)).requires_grad_()
    value = implementation(logits, some_ids(generator, 2, 5, below=7))
    value.backward()
    return {"loss": value, "gradient": logits.grad}


def _surprise(log_probabilities: Tensor, targets: Tensor) -> Tensor:
    return -log_probabilities.gather(-1, targets.unsqueeze(-1)).squeeze(-1)


@loss.misconception(
    "Your loss adds the places up. Then a long batch has a larger loss than a short one and larger gradients too, and "
    "a learning rate that suits one batch does not suit the next. Reread 'How surprised is it'."
)
def summed(logits: Tensor, targets: Tensor) -> Tensor:
    return _surprise(logits.log_softmax(-1), targets).sum()


@loss.misconception(
    "Your loss adds up the places of each text and averages over the texts alone, so it grows with their length. "
    "Reread 'How surprised is it'."
)
def summed_over_places(logits: Tensor, targets: Tensor) -> Tensor:
    return _surprise(logits.log_softmax(-1), targets).sum(dim=-1).mean()


@loss.misconception(
    "The logarithm comes after the average: your code averages the probabilities of the targets first. One hopeless "
    "guess among many good ones then costs next to nothing. Reread 'How surprised is it'."
)
def logarithm_last(logits: Tensor, targets: Tensor) -> Tensor:
    return -(-_surprise(logits.log_softmax(-1), targets)).exp().mean().log()


@loss.misconception(
    "There are two softmaxes, one on the other. The second makes the probabilities nearly equal, so that no guess can "
    "be certain and the loss never comes down. Reread 'How surprised is it'."
)
def softmax_twice(logits: Tensor, targets: Tensor) -> Tensor:
    return _surprise(logits.softmax(-1).log_softmax(-1), targets).mean()


@loss.misconception(
    "Your softmax runs over the places of a text, where it should run over the vocabulary: tokens compete with their "
    "neighbors in time, not with the other tokens that could stand in their place. Reread 'How surprised is it'."
)
def softmax_over_places(logits: Tensor, targets: Tensor) -> Tensor:
    return _surprise(logits.log_softmax(1), targets).mean()


@loss.misconception(
    "Logits and targets are lined up in different orders, so places are judged by the targets of other places. When "
    "you flatten, flatten both alike, the batch before the places. Reread 'How surprised is it'."
)
def lined_up_differently(logits: Tensor, targets: Tensor) -> Tensor:
    return functional.cross_entropy(logits.flatten(0, 1), targets.T.flatten().roll(1))


@loss.misconception(
    "Only the last place of each text counts in your loss. The model has made a guess at every place, and each of "
    "them has something to learn from. Reread 'How surprised is it'."
)
def last_place_only(logits: Tensor, targets: Tensor) -> Tensor:
    return _surprise(logits.log_softmax(-1), targets)[:, -1].mean()


@loss.misconception(
    "Your surprise is measured in bits. The right answer is in nats, with the natural logarithm, as PyTorch's losses "
    "are. Reread 'How surprised is it'."
)
def in_bits(logits: Tensor, targets: Tensor) -> Tensor:
    return _surprise(logits.log_softmax(-1), targets).mean() / math.log(2)


@loss.misconception(
    "The sign is missing: a log-probability is negative, and going down with it makes the right token less likely. "
    "Reread 'How surprised is it'."
)
def without_sign(logits: Tensor, targets: Tensor) -> Tensor:
    return -_surprise(logits.log_softmax(-1), targets).mean()


# ----------------------------------------------------------------------------------------------
groups = LAB.exercise(
    "decay_groups",
    points=2,
    reference=training.decay_groups,
    hints=(
        "You do not need to look at names. What tells a matrix from a bias is how many dimensions it has.",
        "`model.parameters()` gives each parameter once, tied ones too. Leave out those whose `requires_grad` is "
        "false, and sort the others by `dim()`.",
        "Two list comprehensions over the trainable parameters: at least two dimensions, and fewer; each in a "
        "dictionary under `params`, with its `weight_decay` beside it.",
    ),
)


class Sorted(nn.Module):
    """A model with everything that has to be sorted: a table, a matrix with a bias, a norm, and a tied head."""

    def __init__(self, tied: bool) -> None:
        super().__init__()
        self.table = nn.Embedding(6, 4)
        self.map = nn.Linear(4, 4)
        self.norm = nn.LayerNorm(4)
        self.head = nn.Linear(4, 6, bias=False)
        if tied:
            self.head.weight = self.table.weight


def _by_name(implementation: Any, model: nn.Module, weight_decay: float) -> Any:
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return [
        {
            "params": sorted(names.get(id(one), "something else") for one in group["params"]),
            "weight_decay": group.get("weight_decay"),
        }
        for group in implementation(model, weight_decay)
    ]


@groups.probe
def table_map_and_norm(implementation: Any, generator: Generator) -> Any:
    """A table, a matrix with a bias, a norm with weight and bias, and a head; a weight decay of 0.1."""
    return _by_name(implementation, Sorted(tied=False), 0.1)


@groups.probe
def tied_head(implementation: Any, generator: Generator) -> Any:
    """The same with the head tied to the table; a weight decay of 0.3."""
    return _by_name(implementation, Sorted(tied=True), 0.3)


@groups.probe
def frozen_table(implementation: Any, generator: Generator) -> Any:
    """The same with a table that is not to be trained."""
    model = Sorted(tied=False)
    model.table.weight.requires_grad_(False)
    return _by_name(implementation, model, 0.1)


def _sorted_by(
    model: nn.Module, weight_decay: float, decays: Callable[[str, Tensor], bool]
) -> list[dict[str, Any]]:
    named = [(name, one) for name, one in model.named_parameters() if one.requires_grad]
    return [
        {"params": [one for name, one in named if decays(name, one)], "weight_decay": weight_decay},
        {"params": [one for name, one in named if not decays(name, one)], "weight_decay": 0.0},
    ]


@groups.misconception(
    "Everything decays, norms and biases too. A norm's weight stands at 1 because 1 is where it should be; drawn to "
    "0, it makes all that passes through it smaller. Reread 'What decays, and what does not'."
)
def everything_decays(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    return _sorted_by(model, weight_decay, lambda name, one: True)


@groups.misconception(
    "You left out the biases and let the weights of the norms decay. They are called `weight` like those of a matrix, "
    "and are none. Reread 'What decays, and what does not'."
)
def norms_decay(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    return _sorted_by(model, weight_decay, lambda name, one: "bias" not in name)


@groups.misconception(
    "You left out the norms and let the biases of the linear maps decay. A bias has nothing to gain from being small. "
    "Reread 'What decays, and what does not'."
)
def biases_decay(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    return _sorted_by(model, weight_decay, lambda name, one: "norm" not in name)


@groups.misconception(
    "The embedding table does not decay in your groups. It is a matrix like the others, and here it is to decay; when "
    "the head is tied to it, it is the largest of them. Reread 'What decays, and what does not'."
)
def table_kept(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    return _sorted_by(model, weight_decay, lambda name, one: one.dim() >= 2 and "table" not in name)


@groups.misconception(
    "Your groups are exchanged: the norms and biases decay, and the matrices do not. "
    "Reread 'What decays, and what does not'."
)
def exchanged(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    return _sorted_by(model, weight_decay, lambda name, one: one.dim() < 2)


@groups.misconception(
    "A tied parameter is in your list twice: once as the table and once as the head. PyTorch's optimizers warn of "
    "that, and would change it twice in each step. Reread 'What decays, and what does not'."
)
def tied_twice(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    everything = [
        one
        for part in model.modules()
        for one in part.parameters(recurse=False)
        if one.requires_grad
    ]
    return [
        {"params": [one for one in everything if one.dim() >= 2], "weight_decay": weight_decay},
        {"params": [one for one in everything if one.dim() < 2], "weight_decay": 0.0},
    ]


@groups.misconception(
    "Parameters that are not to be trained are in your groups. Weight decay needs no gradient in some optimizers, and "
    "then shrinks what was meant to stay. Reread 'What decays, and what does not'."
)
def frozen_included(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    everything = list(model.parameters())
    return [
        {"params": [one for one in everything if one.dim() >= 2], "weight_decay": weight_decay},
        {"params": [one for one in everything if one.dim() < 2], "weight_decay": 0.0},
    ]


@groups.misconception(
    "Your second group does not say what its weight decay is, so it gets the optimizer's default, which in AdamW is "
    "not 0. Reread 'What decays, and what does not'."
)
def decay_unsaid(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    first, second = _sorted_by(model, weight_decay, lambda name, one: one.dim() >= 2)
    return [first, {"params": second["params"]}]


# ----------------------------------------------------------------------------------------------
schedule = LAB.exercise(
    "cosine_with_warmup",
    points=2,
    reference=foundations.cosine_with_warmup,
    hints=(
        "There are three stretches: on the way up, on the way down, and after the end.",
        "On the way down, count from the end of the warm-up: how far has the step come of what is left? That share "
        "goes from 0 to 1 and no further, and times pi it goes into the cosine.",
        "Before the warm-up ends, return the peak times one more than the step over one more than the warm-up. "
        "Otherwise take the share, at most 1, and return the floor plus half the difference to the peak, times one "
        "plus the cosine of pi times the share.",
    ),
)


def _curve(implementation: Any, steps: int, **settings: Any) -> list[float]:
    return [implementation(step, **settings) for step in range(steps)]


@schedule.probe
def up_and_down(implementation: Any, generator: Generator) -> Any:
    """A warm-up of 4 steps, 20 in all, a peak of 0.5 and a floor of 0.05: the steps 0 to 25."""
    return _curve(implementation, 26, warmup_steps=4, total_steps=20, peak=0.5, floor=0.05)


@schedule.probe
def without_warm_up(implementation: Any, generator: Generator) -> Any:
    """No warm-up, 8 steps in all, a random peak, and no floor given."""
    peak = 0.1 + torch.rand((), generator=generator).item()
    return _curve(implementation, 9, warmup_steps=0, total_steps=8, peak=peak)


def _scheduled(
    step: int,
    warmup_steps: int,
    total_steps: int,
    peak: float,
    floor: float = 0.0,
    *,
    rising: Callable[[int, int], float] = lambda step, steps: (step + 1) / (steps + 1),
    share: Callable[[int, int, int], float] = lambda step, up, all_: min(
        1, (step - up) / (all_ - up)
    ),
    falling: Callable[[float], float] = lambda share: (1 + math.cos(math.pi * share)) / 2,
    base: float | None = None,
) -> float:
    if step < warmup_steps:
        return peak * rising(step, warmup_steps)
    lowest = floor if base is None else base
    return lowest + (peak - lowest) * falling(share(step, warmup_steps, total_steps))


@schedule.misconception(
    "Your first step has a learning rate of 0: it computes a gradient and does not move. The warm-up begins with its "
    "first part, not with nothing. Reread 'Slowly up, slowly down'."
)
def first_step_lost(
    step: int, *, warmup_steps: int, total_steps: int, peak: float, floor: float = 0.0
) -> float:
    return _scheduled(
        step, warmup_steps, total_steps, peak, floor, rising=lambda step, up: step / up
    )


@schedule.misconception(
    "Your warm-up reaches the peak in its last step, and the step after it has the peak again. In the formula the "
    "first step after the warm-up is the first at the peak. Reread 'Slowly up, slowly down'."
)
def peak_too_early(
    step: int, *, warmup_steps: int, total_steps: int, peak: float, floor: float = 0.0
) -> float:
    return _scheduled(
        step, warmup_steps, total_steps, peak, floor, rising=lambda step, up: (step + 1) / up
    )


@schedule.misconception(
    "There is no warm-up: the first steps have the full learning rate, when the optimizer's running means know one or "
    "two gradients and the model knows nothing. Reread 'Slowly up, slowly down'."
)
def cold_start(
    step: int, *, warmup_steps: int, total_steps: int, peak: float, floor: float = 0.0
) -> float:
    return _scheduled(step, warmup_steps, total_steps, peak, floor, rising=lambda step, up: 1.0)


@schedule.misconception(
    "The cosine counts from step 0, so it has come some way down already when the warm-up ends, and the learning rate "
    "jumps. Count from the end of the warm-up. Reread 'Slowly up, slowly down'."
)
def counted_from_zero(
    step: int, *, warmup_steps: int, total_steps: int, peak: float, floor: float = 0.0
) -> float:
    return _scheduled(
        step,
        warmup_steps,
        total_steps,
        peak,
        floor,
        share=lambda step, up, all_: min(1, step / all_),
    )


@schedule.misconception(
    "After the end your learning rate rises again, for a cosine does not stop at its lowest point. A run that is "
    "longer than planned would undo what it has learned. Reread 'Slowly up, slowly down'."
)
def rises_again(
    step: int, *, warmup_steps: int, total_steps: int, peak: float, floor: float = 0.0
) -> float:
    return _scheduled(
        step,
        warmup_steps,
        total_steps,
        peak,
        floor,
        share=lambda step, up, all_: (step - up) / (all_ - up),
    )


@schedule.misconception(
    "The floor has no effect: your curve goes down to 0. Reread 'Slowly up, slowly down'."
)
def without_floor(
    step: int, *, warmup_steps: int, total_steps: int, peak: float, floor: float = 0.0
) -> float:
    return _scheduled(step, warmup_steps, total_steps, peak, base=0.0)


@schedule.misconception(
    "Your way down is a straight line. The question asks for half a cosine, which leaves the peak slowly and arrives "
    "slowly. Reread 'Slowly up, slowly down'."
)
def straight_down(
    step: int, *, warmup_steps: int, total_steps: int, peak: float, floor: float = 0.0
) -> float:
    return _scheduled(step, warmup_steps, total_steps, peak, floor, falling=lambda share: 1 - share)


@schedule.misconception(
    "Your curve goes through a whole wave: down to the floor and back up to the peak. Half a wave is enough. "
    "Reread 'Slowly up, slowly down'."
)
def whole_wave(
    step: int, *, warmup_steps: int, total_steps: int, peak: float, floor: float = 0.0
) -> float:
    return _scheduled(
        step,
        warmup_steps,
        total_steps,
        peak,
        floor,
        falling=lambda share: (1 + math.cos(2 * math.pi * share)) / 2,
    )


@schedule.misconception(
    "Your learning rate is too high by up to a factor of two: one plus a cosine runs from 2 to 0, and a share of the "
    "way must run from 1 to 0. Reread 'Slowly up, slowly down'."
)
def twice_as_high(
    step: int, *, warmup_steps: int, total_steps: int, peak: float, floor: float = 0.0
) -> float:
    return _scheduled(
        step,
        warmup_steps,
        total_steps,
        peak,
        floor,
        falling=lambda share: 1 + math.cos(math.pi * share),
    )


# ----------------------------------------------------------------------------------------------
accumulation = LAB.exercise(
    "accumulate_gradients",
    points=2,
    reference=training.accumulate_gradients,
    mutates=True,
    hints=(
        "What does `backward()` do with a gradient that is there already?",
        "Gradients add up by themselves. What is wanted is the gradient of the mean over all parts, so each part "
        "brings its own mean, divided by how many parts there are.",
        "For each part: make inputs and targets, compute the loss, divide it by the number of parts, go backward, "
        "and add its number to a total; return the total.",
    ),
)


def _reader(generator: Generator) -> nn.Module:
    model = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 9))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(normal(generator, *parameter.shape))
    return model


def _watched(implementation: Any, model: nn.Module, parts: Sequence[Tensor]) -> Any:
    """Run the answer, and note in which order it goes forward and backward and how much it reads at once."""
    order: list[str] = []
    largest = 0

    def note(module: nn.Module, inputs: Any, output: Tensor) -> None:
        nonlocal largest
        largest = max(largest, len(inputs[0]))
        order.append("forward")
        output.register_hook(lambda gradient: order.append("backward"))

    handle = model.register_forward_hook(note)
    total = implementation(model, parts)
    handle.remove()
    return {
        "loss": total,
        "gradients": [one.grad for one in model.parameters()],
        "texts read at once": largest,
        "order": " ".join(order),
    }


@accumulation.probe
def three_parts(implementation: Any, generator: Generator) -> Any:
    """Three parts of two texts each: the loss, the gradients, and in which order the model was run."""
    model = _reader(generator)
    return _watched(implementation, model, [some_ids(generator, 2, 5, below=9) for _ in range(3)])


@accumulation.probe
def beside_a_gradient(implementation: Any, generator: Generator) -> Any:
    """Two parts, and gradients of 1 that were there before."""
    model = _reader(generator)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    return _watched(implementation, model, [some_ids(generator, 1, 4, below=9) for _ in range(2)])


def _accumulated(
    model: nn.Module,
    parts: Sequence[Tensor],
    *,
    divisor: Callable[[int], float] = float,
    before: Callable[[], Any] = lambda: None,
    average: bool = True,
) -> float:
    total = 0.0
    for ids in parts:
        before()
        inputs, targets = inputs_and_targets(ids)
        part = next_token_loss(model(inputs), targets)
        (part / divisor(len(parts))).backward()
        total += part.item() / (len(parts) if average else 1)
    return total


@accumulation.misconception(
    "Your gradients are the sum over the parts, not their mean: four parts give a gradient four times as long as that "
    "of the one batch which they replace, and a loss four times as high. Reread 'A large batch in small parts'."
)
def never_divided(model: nn.Module, micro_batches: Sequence[Tensor]) -> float:
    return _accumulated(model, micro_batches, divisor=lambda count: 1.0, average=False)


@accumulation.misconception(
    "Your loss is the mean, and your gradients are the sum: the division comes too late for them. Whatever is to reach "
    "the gradients has to happen before `backward`. Reread 'A large batch in small parts'."
)
def divided_too_late(model: nn.Module, micro_batches: Sequence[Tensor]) -> float:
    return _accumulated(model, micro_batches, divisor=lambda count: 1.0)


@accumulation.misconception(
    "Your gradients are the mean, and your loss is the sum of the parts, so a curve drawn from it would jump whenever "
    "the number of parts is changed. Reread 'A large batch in small parts'."
)
def loss_summed(model: nn.Module, micro_batches: Sequence[Tensor]) -> float:
    return _accumulated(model, micro_batches, average=False)


@accumulation.misconception(
    "Gradients are cleared before each part, so the last one is all that is left of the batch. "
    "Reread 'A large batch in small parts'."
)
def cleared_each_time(model: nn.Module, micro_batches: Sequence[Tensor]) -> float:
    return _accumulated(model, micro_batches, before=model.zero_grad)


@accumulation.misconception(
    "Your function clears the gradients at its beginning. That belongs to the step, which calls it: here gradients are "
    "added to what is there. Reread 'A large batch in small parts'."
)
def cleared_at_first(model: nn.Module, micro_batches: Sequence[Tensor]) -> float:
    model.zero_grad()
    return _accumulated(model, micro_batches)


@accumulation.misconception(
    "The parts are joined to one large batch again. The gradient is right, but it takes the memory that there was not "
    "enough of. Reread 'A large batch in small parts'."
)
def joined_again(model: nn.Module, micro_batches: Sequence[Tensor]) -> float:
    return _accumulated(model, [torch.cat(list(micro_batches))])


@accumulation.misconception(
    "All parts go forward before the first goes backward. Until then everything that was computed is kept, for all of "
    "them, and that is what takes the memory. Reread 'A large batch in small parts'."
)
def backward_at_the_end(model: nn.Module, micro_batches: Sequence[Tensor]) -> float:
    losses = []
    for ids in micro_batches:
        inputs, targets = inputs_and_targets(ids)
        losses.append(next_token_loss(model(inputs), targets))
    mean = torch.stack(losses).mean()
    mean.backward()
    return mean.item()


# ----------------------------------------------------------------------------------------------
clipping = LAB.exercise(
    "clip_gradient_norm",
    points=2,
    reference=foundations.clip_gradient_norm,
    mutates=True,
    forbidden=("torch.nn.utils.clip_grad_norm_", "torch.nn.utils.clip_grad_value_"),
    hints=(
        "All gradients together are one long vector. How long is it?",
        "The square of its length is the sum of the squares of all numbers, over all parameters. `parameters` may be "
        "a generator, which can be gone through once: make a list of the gradients first.",
        "Collect the gradients that are not None; take the root of the sum of all squares; if that is longer than "
        "allowed, multiply each gradient in place by what is allowed over what there is; return the length.",
    ),
)


def _with_gradients(generator: Generator, size: float) -> list[nn.Parameter]:
    parameters = [nn.Parameter(normal(generator, *shape)) for shape in ((3,), (2, 2), (4,))]
    for parameter in parameters:
        parameter.grad = size * normal(generator, *parameter.shape)
    return parameters


def _clipped(implementation: Any, parameters: list[nn.Parameter], max_norm: float) -> Any:
    length = implementation(parameters, max_norm)
    return {"length before": float(length), "gradients": [one.grad for one in parameters]}


@clipping.probe
def too_long(implementation: Any, generator: Generator) -> Any:
    """Three parameters with gradients that are too long by far."""
    return _clipped(implementation, _with_gradients(generator, 5.0), 1.0)


@clipping.probe
def short_enough(implementation: Any, generator: Generator) -> Any:
    """Gradients that are shorter than allowed."""
    return _clipped(implementation, _with_gradients(generator, 0.05), 10.0)


@clipping.probe
def of_a_model(implementation: Any, generator: Generator) -> Any:
    """`model.parameters()`, which can be gone through once; one parameter has no gradient."""
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    parameters = list(model.parameters())
    for parameter in parameters[:3]:
        parameter.grad = 3 * normal(generator, *parameter.shape)
    length = implementation(model.parameters(), 0.5)
    return {"length before": float(length), "gradients": [one.grad for one in parameters[:3]]}


def _gradients(parameters: Iterable[Tensor]) -> list[Tensor]:
    return [one.grad for one in parameters if one.grad is not None]


def _length(gradients: Sequence[Tensor]) -> Tensor:
    return torch.stack([one.norm() for one in gradients]).norm()


def _shorten(gradients: Sequence[Tensor], factor: Tensor) -> None:
    for gradient in gradients:
        gradient.mul_(factor)


@clipping.misconception(
    "Each number of the gradient is cut off at the limit by itself. Large numbers shrink and small ones stay, so the "
    "gradient points elsewhere than down. Reread 'A step that is too long'."
)
def cut_by_value(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    gradients = _gradients(parameters)
    length = _length(gradients)
    for gradient in gradients:
        gradient.clamp_(-max_norm, max_norm)
    return length


@clipping.misconception(
    "Each parameter is shortened by itself. Those with long gradients lose more than the others, so the direction of "
    "the whole changes. One factor goes for all. Reread 'A step that is too long'."
)
def each_by_itself(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    gradients = _gradients(parameters)
    length = _length(gradients)
    for gradient in gradients:
        gradient.mul_((max_norm / gradient.norm()).clamp(max=1.0))
    return length


@clipping.misconception(
    "Short gradients are made longer, up to the limit. Near a minimum gradients are short for a reason, and yours "
    "would step over it again and again. Reread 'A step that is too long'."
)
def lengthened(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    gradients = _gradients(parameters)
    length = _length(gradients)
    _shorten(gradients, max_norm / length)
    return length


@clipping.misconception(
    "Your length is the sum of the parameters' lengths. Lengths at right angles do not add up; their squares do. "
    "Reread 'A step that is too long'."
)
def lengths_added(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    gradients = _gradients(parameters)
    length = torch.stack([one.norm() for one in gradients]).sum()
    _shorten(gradients, (max_norm / length).clamp(max=1.0))
    return length


@clipping.misconception(
    "The root is missing: what you compare with the limit is the square of the length. "
    "Reread 'A step that is too long'."
)
def without_root(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    gradients = _gradients(parameters)
    square = _length(gradients).square()
    _shorten(gradients, (max_norm / square).clamp(max=1.0))
    return square


@clipping.misconception(
    "You return the length after shortening. It is the limit whenever there was something to shorten, and tells nobody "
    "how long the gradient was. Reread 'A step that is too long'."
)
def length_after(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    gradients = _gradients(parameters)
    _shorten(gradients, (max_norm / _length(gradients)).clamp(max=1.0))
    return _length(gradients)


@clipping.misconception(
    "The gradients stay as long as they were: your code makes shorter ones and gives them to nobody. They have to be "
    "changed in place. Reread 'A step that is too long'."
)
def nothing_changed(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    return _length(_gradients(parameters))


@clipping.misconception(
    "Your code goes through `parameters` twice. `model.parameters()` can be gone through once, and the second time it "
    "is empty, so nothing is shortened. Make a list first. Reread 'A step that is too long'."
)
def gone_through_twice(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    length = _length(_gradients(parameters))
    _shorten(_gradients(parameters), (max_norm / length).clamp(max=1.0))
    return length


# ----------------------------------------------------------------------------------------------
saved = LAB.exercise(
    "snapshot",
    points=3,
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


@saved.probe
def taken_after_three_steps(implementation: Any, generator: Generator) -> Any:
    """Three steps, a snapshot, four more steps; then a new run that goes on from the snapshot."""
    return _resumed(implementation, generator, 3, 4)


@saved.probe
def taken_after_one_step(implementation: Any, generator: Generator) -> Any:
    """One step, a snapshot, three more steps; then a new run that goes on from the snapshot."""
    return _resumed(implementation, generator, 1, 3)


@saved.misconception(
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


@saved.misconception(
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


@saved.misconception(
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


@saved.misconception(
    "Only the weights are kept. The optimizer begins with empty means, the schedule with its warm-up, and the data "
    "with the first batch: the loss jumps, and the model reads again what it knows. Reread 'A run that can be stopped'."
)
def weights_alone(model: nn.Module, optimizer: Any, step: int, batches: Any) -> dict[str, Any]:
    return {"model": copy.deepcopy(model.state_dict())}


@saved.misconception(
    "The optimizer's running means are missing. After going on they begin at 0, and the first steps have another "
    "length than they would have had. Reread 'A run that can be stopped'."
)
def means_lost(model: nn.Module, optimizer: Any, step: int, batches: Any) -> dict[str, Any]:
    kept = training.snapshot(model, optimizer, step, batches)
    return {name: kept[name] for name in ("model", "step", "batches")}


@saved.misconception(
    "The place in the data is missing. A run that goes on reads its first batches again, and never gets to the last "
    "ones. Reread 'A run that can be stopped'."
)
def place_lost(model: nn.Module, optimizer: Any, step: int, batches: Any) -> dict[str, Any]:
    kept = training.snapshot(model, optimizer, step, batches)
    return {name: kept[name] for name in ("model", "optimizer", "step")}


@saved.misconception(
    "The step is missing, and with it the place on the schedule: a run that goes on would warm up again. "
    "Reread 'A run that can be stopped'."
)
def step_lost(model: nn.Module, optimizer: Any, step: int, batches: Any) -> dict[str, Any]:
    kept = training.snapshot(model, optimizer, step, batches)
    return {name: kept[name] for name in ("model", "optimizer", "batches")}
