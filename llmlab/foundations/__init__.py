"""The ground floor: derivatives, optimizers and probability, in the order in which labs 01 and 02 use them."""

# ruff: noqa: RUF022 - the chapter's order, not the alphabet's

from llmlab.foundations.optimizers import SGD, Adam, AdamW, clip_gradient_norm
from llmlab.foundations.scalar import MLP, Layer, Neuron, Value, topological_order
from llmlab.foundations.schedules import cosine_with_warmup

__all__ = [
    # backpropagation
    "Value",
    "topological_order",
    "Neuron",
    "Layer",
    "MLP",
    # optimization
    "SGD",
    "Adam",
    "AdamW",
    "clip_gradient_norm",
    "cosine_with_warmup",
]
