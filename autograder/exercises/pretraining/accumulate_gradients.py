"""`pretraining.accumulate_gradients`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograder.exercise import Switches, normal
from autograder.exercises.pretraining import LAB
from autograder.exercises.pretraining._shared import some_ids, way
from llmlab import training
from llmlab.training import inputs_and_targets, next_token_loss

exercise = LAB.exercise(
    "accumulate_gradients",
    reference=training.accumulate_gradients,
    hints=(
        "What does `backward()` do with a gradient that is there already?",
        "Gradients add up by themselves. What is wanted is the gradient of the mean over all parts, so each part "
        "brings its own mean, divided by how many parts there are.",
        "For each part: make inputs and targets, compute the loss, divide it by the number of parts, go backward, "
        "and add its number to a total; return the total.",
    ),
    matters="A batch of 16 million tokens, as Llama 3 405B had at the end (2024), fits into no memory at once; nearly "
    "every large run adds gradients up in parts. Read llmlab/training/loop.py.",
)


def reader(generator: Generator, tokens: int = 9, width: int = 4) -> nn.Module:
    """Make a model that gives logits for ids, with drawn weights."""
    model = nn.Sequential(nn.Embedding(tokens, width), nn.Linear(width, tokens))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(normal(generator, *parameter.shape))
    return model


def watched(implementation: Any, model: nn.Module, parts: Sequence[Tensor]) -> Any:
    """Run the answer, and note in which order it goes forward and backward and how much it reads at once."""
    order: list[str] = []
    largest = 0

    def note(module: nn.Module, inputs: Any, output: Tensor) -> None:
        nonlocal largest
        largest = max(largest, len(inputs[0]))
        order.append("forward")
        if output.requires_grad:
            output.register_hook(lambda gradient: order.append("backward"))

    handle = model.register_forward_hook(note)
    total = implementation(model, parts)
    handle.remove()
    return {
        "loss": total,
        "gradients": [one.grad for one in model.parameters()],
        "texts read at once": largest,
        "passes": " ".join(order),
    }


@exercise.probe
def three_parts(implementation: Any, generator: Generator) -> Any:
    """Three parts of two texts each: the loss, the gradients, and in which order the model was run."""
    model = reader(generator)
    parts = [torch.randint(9, (2, 5), generator=generator) for _ in range(3)]
    return watched(implementation, model, parts)


@exercise.probe
def beside_a_gradient(implementation: Any, generator: Generator) -> Any:
    """Two parts of three texts each, and gradients of 1 that were there before."""
    model = reader(generator)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    parts = [torch.randint(9, (3, 4), generator=generator) for _ in range(2)]
    return watched(implementation, model, parts)


@exercise.probe
def one_part(implementation: Any, generator: Generator) -> Any:
    """A single part of two texts."""
    return watched(implementation, reader(generator), [some_ids(generator, 2, 4, below=9)])


_READ = "Reread 'A large batch in small parts'."
_SMALL_DIVISOR = (
    "Your code divides by a count of texts or tokens. The loss of a part is a mean over its texts already; what is "
    f"missing is how many parts there are. {_READ}"
)
_TENSOR = (
    "Your function returns a tensor, and a plain number is asked for: a tensor can keep all that was computed for it "
    f"in memory. {_READ}"
)
_SHIFT = (
    "Your targets are the tokens that the model reads, so it is asked to copy. `inputs_and_targets` gives both, one "
    f"token apart. {_READ}"
)
_CUT_OFF = (
    "Your loss is cut off from the weights before `backward`, so no gradient can flow: it was computed without "
    f"gradients, or detached. {_READ}"
)
_FORGOTTEN = (
    "Your code goes backward through a part a second time, and what that needs was forgotten after the first. Each "
    f"part goes backward once, by itself. {_READ}"
)

Count = Callable[[int, Tensor, int], float]
# By what a part's loss is divided on its way to the gradients, and on its way to the total: a function of how many
# parts there are, the part, and its number from 1.
_DIVISORS: dict[str, tuple[Count, Count]] = {
    "never_divided": (lambda parts, ids, number: 1, lambda parts, ids, number: 1),
    "divided_too_late": (lambda parts, ids, number: 1, lambda parts, ids, number: parts),
    "loss_summed": (lambda parts, ids, number: parts, lambda parts, ids, number: 1),
    "divided_twice": (lambda parts, ids, number: parts**2, lambda parts, ids, number: parts**2),
    "loss_divided_twice": (lambda parts, ids, number: parts, lambda parts, ids, number: parts**2),
    "gradients_divided_twice": (
        lambda parts, ids, number: parts**2,
        lambda parts, ids, number: parts,
    ),
    "by_texts": (lambda parts, ids, number: len(ids), lambda parts, ids, number: len(ids)),
    "by_texts_mean": (lambda parts, ids, number: len(ids), lambda parts, ids, number: parts),
    "by_all_texts": (
        lambda parts, ids, number: parts * len(ids),
        lambda parts, ids, number: parts * len(ids),
    ),
    "by_tokens": (lambda parts, ids, number: ids.numel(), lambda parts, ids, number: ids.numel()),
    "by_length": (lambda parts, ids, number: ids.shape[1], lambda parts, ids, number: ids.shape[1]),
    "by_number": (lambda parts, ids, number: number, lambda parts, ids, number: number),
    "by_one_more": (lambda parts, ids, number: parts + 1, lambda parts, ids, number: parts + 1),
}

_PARTS: dict[str, Callable[[Sequence[Tensor]], list[Tensor]]] = {
    "last_part_lost": lambda parts: list(parts[:-1]),
    "first_part_lost": lambda parts: list(parts[1:]),
    "first_part_alone": lambda parts: list(parts[:1]),
    "last_part_alone": lambda parts: list(parts[-1:]),
}

_PAIRS: dict[str, Callable[[Tensor], Any]] = {
    "not_shifted": lambda ids: (ids[:, :-1], ids[:, :-1]),
    "not_shifted_whole": lambda ids: (ids, ids),
    "exchanged": lambda ids: (ids[:, 1:], ids[:, :-1]),
    "shifted_twice": lambda ids: (ids[:, :-2], ids[:, 2:]),
    "reads_all": lambda ids: (ids, ids[:, 1:]),
}


@exercise.faults(
    never_divided="Your gradients are the sum over the parts, not their mean: four parts give a gradient four times as "
    f"long as that of the one batch which they replace, and a loss four times as high. {_READ}",
    divided_too_late="Your loss is the mean, and your gradients are the sum: the division comes too late for them. "
    f"Whatever is to reach the gradients has to happen before `backward`. {_READ}",
    loss_summed="Your gradients are the mean, and your loss is the sum of the parts, so a curve drawn from it would "
    f"jump whenever the number of parts is changed. {_READ}",
    divided_twice="Loss and gradients are divided twice by the number of parts. Once makes a mean of a sum. "
    + _READ,
    loss_divided_twice="Your gradients are right, and your loss is divided twice by the number of parts. "
    + _READ,
    gradients_divided_twice="Your loss is right, and your gradients are divided twice by the number of parts. "
    + _READ,
    by_texts=_SMALL_DIVISOR,
    by_texts_mean=_SMALL_DIVISOR,
    by_all_texts=_SMALL_DIVISOR,
    by_tokens=_SMALL_DIVISOR,
    by_length=_SMALL_DIVISOR,
    by_number="Your code divides each part by its own number: the first by 1, the second by 2. In a mean all parts "
    f"count alike. {_READ}",
    by_one_more="Your code divides by one more than there are parts. " + _READ,
    last_part_lost="The last part of the batch is never read. " + _READ,
    first_part_lost="The first part of the batch is never read. " + _READ,
    first_part_alone="Only the first part of the batch is read. Does the work end after one round of the loop? "
    + _READ,
    last_part_alone="Only the last part of the batch is read. " + _READ,
    returned_early="Only the first part of the batch is read, and its loss is returned without a division. Does the "
    f"work end after one round of the loop? {_READ}",
    not_shifted=_SHIFT,
    not_shifted_whole=_SHIFT,
    exchanged="Inputs and targets are exchanged in your code: the model reads a token and is asked for the one before "
    f"it. {_READ}",
    shifted_twice="Your targets lie two tokens further than what the model reads. One is right. "
    + _READ,
    reads_all="The model reads one token more than there are targets. `inputs_and_targets` gives both, of one length. "
    + _READ,
    pair_given="The model is given the pair of inputs and targets. It reads the inputs alone; the loss needs the "
    f"targets. {_READ}",
    loss_exchanged="The loss is given the targets first and the logits after them. It wants them the other way around. "
    + _READ,
    cleared_each_time="Gradients are cleared before each part, or each part's take the place of those before, so the "
    f"last part is all that is left of the batch. {_READ}",
    cleared_at_first="The gradients that were there before are lost: your code clears or replaces them. That belongs "
    f"to the step, which calls your function: here gradients are added to what is there. {_READ}",
    cleared_at_the_end="No gradient is left when your function is done: your code clears them at its end. Who calls it "
    f"needs them for the step. {_READ}",
    joined_again="The parts are joined to one large batch again. The gradient is right, but it takes the memory that "
    f"there was not enough of. {_READ}",
    read_twice="The model reads each part twice, which costs twice the time. Once is enough for the loss and its "
    f"gradient. {_READ}",
    last_loss="Your function returns the loss of the last part. That of the whole batch is asked for, the mean of all. "
    + _READ,
    last_share="Your function returns the share of the last part alone. The loss of the whole batch is the sum of all "
    f"shares. {_READ}",
    first_loss="Your function returns the loss of the first part. That of the whole batch is asked for, the mean of "
    f"all. {_READ}",
    list_of_losses="Your function returns a list of losses. One number is asked for, their mean. "
    + _READ,
    smallest_loss="Your function returns the smallest loss of all parts. Their mean is asked for. "
    + _READ,
    tensor=_TENSOR,
    tensor_detached=_TENSOR,
)
def part_by_part(on: Switches) -> Any:
    def accumulate_gradients(model: nn.Module, micro_batches: Sequence[Tensor]) -> Any:
        if on("cleared_at_first"):
            model.zero_grad()
        parts = way(on, _PARTS, list)(micro_batches)
        if on("joined_again"):
            parts = [torch.cat(parts)]
        losses, shares = [], []
        for number, ids in enumerate(parts, start=1):
            if on("cleared_each_time"):
                model.zero_grad()
            loss = _loss(on, model, ids)
            count = len(parts) if on("joined_again") else len(micro_batches)
            for_gradients, for_total = _divisors(on)
            (loss / for_gradients(count, ids, number)).backward()
            losses.append(loss)
            shares.append(loss / for_total(count, ids, number))
            if on("returned_early"):
                return loss.item()
        if on("cleared_at_the_end"):
            model.zero_grad()
        return way(on, _TOTALS, _total)(losses, shares)

    return accumulate_gradients


def _divisors(on: Switches) -> tuple[Count, Count]:
    own: tuple[Count, Count] = (
        lambda parts, ids, number: parts,
        lambda parts, ids, number: parts,
    )
    return next((pair for name, pair in _DIVISORS.items() if on(name)), own)


def _loss(on: Switches, model: nn.Module, ids: Tensor) -> Tensor:
    if on("pair_given"):
        return next_token_loss(model(inputs_and_targets(ids)), ids[:, 1:])
    inputs, targets = way(on, _PAIRS, inputs_and_targets)(ids)
    if on("read_twice"):
        next_token_loss(model(inputs), targets).item()
    if on("loss_exchanged"):
        return next_token_loss(targets, model(inputs))
    return next_token_loss(model(inputs), targets)


def _total(losses: list[Tensor], shares: list[Tensor]) -> float:
    return sum(share.item() for share in shares)


_TOTALS: dict[str, Callable[[list[Tensor], list[Tensor]], Any]] = {
    "last_loss": lambda losses, shares: losses[-1].item(),
    "last_share": lambda losses, shares: shares[-1].item(),
    "first_loss": lambda losses, shares: losses[0].item(),
    "list_of_losses": lambda losses, shares: [loss.item() for loss in losses],
    "smallest_loss": lambda losses, shares: min(loss.item() for loss in losses),
    "tensor": lambda losses, shares: torch.stack(shares).sum(),
    "tensor_detached": lambda losses, shares: torch.stack(shares).sum().detach(),
}


@exercise.faults(
    backward_at_the_end="All parts go forward before the first goes backward. Until then everything that was computed "
    f"is kept, for all of them, and that is what takes the memory. {_READ}",
    backward_for_the_last="Only the last part goes backward. Its gradient alone arrives, and the others were read for "
    f"nothing. Each part goes backward before the next is read. {_READ}",
    backward_for_the_last_whole="Only the last part goes backward, and its loss is not divided. Each part goes "
    f"backward before the next is read. {_READ}",
    no_backward="No gradient arrives: nothing goes backward in your code. " + _READ,
    backward_twice="Each part goes backward twice, so its gradient is added twice. " + _READ,
    total_goes_backward="Your code goes backward from the running total, in which the parts before are still "
    f"contained: their gradients are added again each time. {_READ}",
    graph_gone=_FORGOTTEN,
    graph_gone_undivided=_FORGOTTEN,
    without_gradients=_CUT_OFF,
    detached=_CUT_OFF,
    number_too_early="Your code makes a plain number of the loss and then asks it to go backward. A number does not "
    f"know where it came from: take it after `backward`. {_READ}",
    old_divided="Your code divides the gradients at the end, and with them those that were there before. Divide what "
    f"each part brings before it goes backward. {_READ}",
    old_divided_sum="Your code divides all gradients at the end, those that were there before as well, and its loss is "
    f"the sum. Divide what each part brings before it goes backward. {_READ}",
    divided_each_time="Your code divides all gradients after each part, so the first part is divided again with every "
    f"other one. Divide what a part brings before it goes backward. {_READ}",
    step_taken="Your code changes the weights between the parts. All parts of a batch are read with the same weights; "
    f"the optimizer steps afterward. {_READ}",
)
def by_running_total(on: Switches) -> Any:
    def accumulate_gradients(model: nn.Module, micro_batches: Sequence[Tensor]) -> Any:
        count = len(micro_batches)
        losses = []
        total: Any = 0.0
        for ids in micro_batches:
            inputs, targets = inputs_and_targets(ids)
            with torch.set_grad_enabled(not on("without_gradients")):
                loss: Any = next_token_loss(model(inputs), targets)
            losses.append(loss)
            if on("number_too_early"):
                loss = loss.item()
            if on("detached"):
                loss = loss.detach()
            total = total + loss / (1 if on("graph_gone_undivided") else count)
            _go_backward(on, model, loss, total, count)
        mean = torch.stack(losses).mean()
        if on("backward_at_the_end"):
            mean.backward()
        if on("backward_for_the_last"):
            (losses[-1] / count).backward()
        if on("backward_for_the_last_whole"):
            losses[-1].backward()
        if on("old_divided") or on("old_divided_sum"):
            parameters: Any = model.parameters()
            for parameter in parameters:
                parameter.grad /= count
        return mean.item() * (count if on("old_divided_sum") else 1)

    return accumulate_gradients


_LATER = (
    "backward_at_the_end",
    "backward_for_the_last",
    "backward_for_the_last_whole",
    "no_backward",
)


def _go_backward(on: Switches, model: nn.Module, loss: Any, total: Any, count: int) -> None:
    """Go backward after one part, or not."""
    if any(on(name) for name in _LATER):
        return
    if on("total_goes_backward"):
        total.backward(retain_graph=True)
    elif on("graph_gone") or on("graph_gone_undivided"):
        total.backward()
    elif on("old_divided") or on("old_divided_sum") or on("divided_each_time"):
        loss.backward()
    else:
        share = loss / count
        share.backward(retain_graph=on("backward_twice"))
        if on("backward_twice"):
            share.backward()
    if on("divided_each_time"):
        given: Any = model.parameters()
        for parameter in given:
            parameter.grad /= count
    if on("step_taken"):
        parameters: Any = model.parameters()
        with torch.no_grad():
            for parameter in parameters:
                parameter.sub_(0.1 * parameter.grad)
