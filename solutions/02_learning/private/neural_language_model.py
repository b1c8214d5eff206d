"""`learning.NeuralLanguageModel`: hidden probes, and right answers written differently."""

from typing import Any

import torch
from torch import Generator, nn
from torch.nn import functional

from autograder.exercise import Private
from autograder.exercises.learning.neural_language_model import scored

private = Private()


@private.probe
def other_sizes(implementation: Any, generator: Generator) -> Any:
    """Other sizes, with two leading dimensions."""
    contexts = torch.randint(9, (3, 2, 4), generator=generator)
    return scored(implementation, generator, (9, 4, 3, 6), contexts)


@private.probe
def a_single_letter(implementation: Any, generator: Generator) -> Any:
    """Contexts of a single letter."""
    return scored(implementation, generator, (4, 1, 2, 3), torch.tensor([[3], [0]]))


@private.variant
class ModelByColumns(nn.Module):
    """One part of the hidden map for each place, and the results added up."""

    def __init__(self, vocabulary_size, context_length, embedding_dim, hidden_dim):
        super().__init__()
        self.table = nn.Parameter(torch.randn(vocabulary_size, embedding_dim))
        self.hidden = nn.Linear(context_length * embedding_dim, hidden_dim)
        self.output = nn.Linear(hidden_dim, vocabulary_size)

    def forward(self, contexts):
        """Score the next letter."""
        total = self.hidden.bias
        for place, part in enumerate(self.hidden.weight.split(self.table.shape[1], dim=1)):
            total = total + self.table[contexts[..., place]] @ part.T
        return torch.einsum("...h,vh->...v", total.tanh(), self.output.weight) + self.output.bias


@private.variant
class ModelByFunctions(ModelByColumns):
    """PyTorch's functions, and a view in place of flatten."""

    def forward(self, contexts):
        """Score the next letter."""
        vectors = functional.embedding(contexts, self.table)
        joined = vectors.reshape(*contexts.shape[:-1], -1)
        return self.output(functional.tanh(functional.linear(joined, *self.hidden.parameters())))


for _line in (
    "if vectors.shape[-1] != self.hidden.in_features:",
    "expected = self.hidden.in_features // self.table.shape[1]",
    "raise ShapeError(",
):
    private.equivalent(_line, None, "contexts of another length do not come")
