"""Correct answers to lab 07, written differently: each must get full points."""

import copy
import io
import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from llmlab import training


def shift_narrowed(ids: Tensor) -> tuple[Tensor, Tensor]:
    """Narrow the second dimension."""
    length = ids.shape[1] - 1
    return ids.narrow(1, 0, length), ids.narrow(1, 1, length)


def shift_unfolded(ids: Tensor) -> tuple[Tensor, Tensor]:
    """Look at all pairs of neighbors."""
    pairs = ids.unfold(1, 2, 1)
    return pairs[..., 0].contiguous(), pairs[..., 1].contiguous()


def loss_indexed(logits: Tensor, targets: Tensor) -> Tensor:
    """Flatten, and pick by two indices."""
    flat = torch.log_softmax(logits.reshape(-1, logits.shape[-1]), dim=1)
    return -flat[torch.arange(len(flat)), targets.reshape(-1)].mean()


def loss_logsumexp(logits: Tensor, targets: Tensor) -> Tensor:
    """Take the right logit from the logarithm of the sum of all exponentials, in float64."""
    logits = logits.double()
    right = logits.gather(2, targets[:, :, None])[:, :, 0]
    return (logits.logsumexp(dim=2) - right).sum() / targets.numel()


def loss_one_hot(logits: Tensor, targets: Tensor) -> Tensor:
    """Multiply by one-hot rows, text by text."""
    losses = []
    for text, answers in zip(logits, targets, strict=True):
        chosen = torch.eye(text.shape[-1])[answers]
        losses.append(-(text.log_softmax(-1) * chosen).sum(-1))
    return torch.cat(losses).mean()


def groups_loop(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Sort one parameter after the other."""
    decayed, kept = [], []
    for _, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        (decayed if parameter.ndim > 1 else kept).append(parameter)
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"weight_decay": 0, "params": kept},
    ]


def groups_filter(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Filter by the length of the shape."""
    trained = list(filter(lambda one: one.requires_grad, model.parameters()))
    by_kind = {
        kind: [one for one in trained if (len(one.shape) < 2) == kind] for kind in (False, True)
    }
    return [
        {"params": by_kind[small], "weight_decay": 0.0 if small else weight_decay}
        for small in by_kind
    ]


def schedule_branches(
    step: int, *, warmup_steps: int, total_steps: int, peak: float, floor: float = 0.0
) -> float:
    """Treat the three stretches one by one."""
    if step >= total_steps:
        return floor
    if step < warmup_steps:
        return (step + 1) * (peak / (warmup_steps + 1))
    angle = math.pi * (step - warmup_steps) / (total_steps - warmup_steps)
    return floor + 0.5 * (1 + math.cos(angle)) * (peak - floor)


def schedule_half_angle(
    step: int, *, warmup_steps: int, total_steps: int, peak: float, floor: float = 0.0
) -> float:
    """Use that (1 + cos x) / 2 is the square of cos(x / 2), as a tensor's number."""
    if step < warmup_steps:
        return peak * (1 - (warmup_steps - step) / (warmup_steps + 1))
    share = torch.tensor((step - warmup_steps) / (total_steps - warmup_steps)).clamp(max=1)
    weight = torch.cos(share * torch.pi / 2).square().item()
    return weight * peak + (1 - weight) * floor


def accumulate_backward_scaled(model: nn.Module, micro_batches: Sequence[Tensor]) -> float:
    """Give `backward` the share as the gradient of the loss."""
    share = 1 / len(micro_batches)
    losses = []
    for ids in micro_batches:
        inputs, targets = training.inputs_and_targets(ids)
        loss = training.next_token_loss(model(inputs), targets)
        loss.backward(torch.tensor(share))
        losses.append(float(loss))
    return sum(losses) * share


def accumulate_by_grad(model: nn.Module, micro_batches: Sequence[Tensor]) -> float:
    """Ask for the gradients, and add them by hand."""
    parameters, total = list(model.parameters()), torch.zeros(())
    for ids in micro_batches:
        loss = training.next_token_loss(model(ids[:, :-1]), ids[:, 1:]) / len(micro_batches)
        for parameter, gradient in zip(
            parameters, torch.autograd.grad(loss, parameters), strict=True
        ):
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
        total += loss.detach()
    return total.item()


def clip_flat(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    """Make one vector of all gradients to measure it."""
    gradients = [one.grad for one in parameters if one.grad is not None]
    length = torch.cat([gradient.flatten() for gradient in gradients]).norm()
    factor = min(1.0, max_norm / length.item())
    for gradient in gradients:
        gradient *= factor
    return length


def clip_new_tensors(parameters: Iterable[Tensor], max_norm: float) -> float:
    """Sum in Python, and give the parameters new gradients."""
    owners = [one for one in parameters if one.grad is not None]
    length = math.sqrt(sum(float((one.grad.double() ** 2).sum()) for one in owners))
    if length > max_norm:
        for one in owners:
            one.grad = one.grad * (max_norm / length)
    return length


def snapshot_cloned(
    model: nn.Module, optimizer: torch.optim.Optimizer, step: int, batches: Any
) -> dict[str, Any]:
    """Clone the weights one by one."""
    weights = {name: value.detach().clone() for name, value in model.state_dict().items()}
    return {
        "model": weights,
        "optimizer": copy.deepcopy(optimizer.state_dict()),
        "step": step,
        "batches": dict(batches.state_dict()),
    }


def snapshot_in_memory_file(
    model: nn.Module, optimizer: torch.optim.Optimizer, step: int, batches: Any
) -> dict[str, Any]:
    """Write all into a file in memory, and read it back."""
    file = io.BytesIO()
    names = {"model": model, "optimizer": optimizer, "batches": batches}
    torch.save({name: one.state_dict() for name, one in names.items()} | {"step": step}, file)
    file.seek(0)
    content: dict[str, Any] = torch.load(file, weights_only=True)
    return content


VARIANTS = {
    "pretraining.inputs_and_targets": [shift_narrowed, shift_unfolded],
    "pretraining.next_token_loss": [loss_indexed, loss_logsumexp, loss_one_hot],
    "pretraining.decay_groups": [groups_loop, groups_filter],
    "pretraining.cosine_with_warmup": [schedule_branches, schedule_half_angle],
    "pretraining.accumulate_gradients": [accumulate_backward_scaled, accumulate_by_grad],
    "pretraining.clip_gradient_norm": [clip_flat, clip_new_tensors],
    "pretraining.snapshot": [snapshot_cloned, snapshot_in_memory_file],
}
