"""Which parameters decay, and the optimizer for all of them.

AdamW (Loshchilov & Hutter, 2017) draws weights to 0. Matrices can bear that, since what they lose in size a norm
gives back; the weights of the norms themselves, and biases, are left out (as in GPT-3's and LLaMA's recipes).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from llmlab.errors import ConfigurationError


def decay_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Sort the parameters into those that decay, matrices and tables, and those that do not.

    Args:
        model: Its parameters that are to be trained are taken, each once, tied ones too.
        weight_decay: Of the first group; the second has 0.

    Returns:
        Two groups as optimizers take them: `params` (in the model's order) and `weight_decay`.

    Raises:
        ConfigurationError: The weight decay is negative.
    """
    if not weight_decay >= 0:
        raise ConfigurationError(f"weight_decay is {weight_decay}; give a number of at least 0.")
    parameters = [one for one in model.parameters() if one.requires_grad]
    return [
        {"params": [one for one in parameters if one.dim() >= 2], "weight_decay": weight_decay},
        {"params": [one for one in parameters if one.dim() < 2], "weight_decay": 0.0},
    ]


def make_optimizer(
    model: nn.Module,
    learning_rate: float,
    *,
    betas: tuple[float, float] = (0.9, 0.95),
    weight_decay: float = 0.1,
) -> torch.optim.AdamW:
    """Make AdamW for a model, by PyTorch's fused kernel: `foundations.AdamW` in one pass over memory.

    Args:
        model: Its parameters.
        learning_rate: Until a schedule sets it.
        betas: How much of the running means of gradients and of their squares is kept; 0.95 for the second,
            as in GPT-3 (Brown et al., 2020), forgets a bad batch sooner than the usual 0.999.
        weight_decay: Of matrices and tables.
    """
    groups = decay_groups(model, weight_decay)
    return torch.optim.AdamW(groups, lr=learning_rate, betas=betas, fused=True)
