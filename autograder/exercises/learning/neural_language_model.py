"""`learning.NeuralLanguageModel`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import fill_parameters
from autograder.exercises.learning import LAB
from llmlab import foundations

exercise = LAB.exercise(
    "NeuralLanguageModel",
    reference=foundations.NeuralLanguageModel,
    hints=(
        "Follow the shapes in the table: each row of it is one step.",
        "Indexing the table with the ids gives one more dimension at the end; the last two "
        "dimensions have to become one. Only one of the two maps is followed by a bend.",
        "Look up the vectors, flatten the last two dimensions, apply the hidden map, take its "
        "tanh, and return what the output map makes of that.",
    ),
)


def _filled(implementation: Any, generator: Generator, *sizes: int) -> tuple[Any, dict[str, Any]]:
    model = implementation(*sizes)
    return model, {"parameters": fill_parameters(model, generator)}


@exercise.probe
def four_contexts(implementation: Any, generator: Generator) -> Any:
    """Four contexts of three letters out of seven, vectors of 2, five hidden units, fixed weights."""
    model, result = _filled(implementation, generator, 7, 3, 2, 5)
    return {**result, "scores": model(torch.randint(7, (4, 3), generator=generator))}


@exercise.probe
def one_context(implementation: Any, generator: Generator) -> Any:
    """A single context of four letters, and the gradient of the table."""
    model, result = _filled(implementation, generator, 6, 4, 3, 8)
    scores = model(torch.tensor([5, 0, 2, 2]))
    scores.square().sum().backward()
    return {**result, "scores": scores, "gradient of the table": model.table.grad}


@exercise.misconception(
    "Your model returns probabilities. The loss takes the softmax itself and expects scores; with "
    "two softmaxes one on the other no answer can be certain, and learning crawls. Reread 'A "
    "neural language model'."
)
class Probabilities(foundations.NeuralLanguageModel):
    def forward(self, contexts: Tensor) -> Tensor:
        return super().forward(contexts).softmax(dim=-1)


@exercise.misconception(
    "There is no bend between the two maps. Two linear maps in a row are one linear map, and the "
    "hidden layer is of no use. Reread 'A neural language model'."
)
class WithoutBend(foundations.NeuralLanguageModel):
    def forward(self, contexts: Tensor) -> Tensor:
        return self.output(self.hidden(self.table[contexts].flatten(-2)))


@exercise.misconception(
    "The bend comes before the hidden map. There it flattens the vectors of single letters, and "
    "what the hidden map finds in their combination stays linear. Reread 'A neural language model'."
)
class BentTooEarly(foundations.NeuralLanguageModel):
    def forward(self, contexts: Tensor) -> Tensor:
        return self.output(self.hidden(torch.tanh(self.table[contexts].flatten(-2))))


@exercise.misconception(
    "The scores are bent too, so none can leave the range from -1 to 1, and no letter can be much "
    "more probable than another. Reread 'A neural language model'."
)
class ScoresBent(foundations.NeuralLanguageModel):
    def forward(self, contexts: Tensor) -> Tensor:
        return torch.tanh(super().forward(contexts))


@exercise.misconception(
    "Your bend is a ReLU. Many networks use it, but this exercise asks for the tanh of 2003. "
    "Reread 'A neural language model'."
)
class WithRelu(foundations.NeuralLanguageModel):
    def forward(self, contexts: Tensor) -> Tensor:
        return self.output(torch.relu(self.hidden(self.table[contexts].flatten(-2))))


@exercise.misconception(
    "The vectors are interlaced: first all first numbers, then all second ones. Side by side means "
    "that the numbers of one letter stay together, the oldest letter first. "
    "Reread 'Letters as vectors'."
)
class Interlaced(foundations.NeuralLanguageModel):
    def forward(self, contexts: Tensor) -> Tensor:
        vectors = self.table[contexts].transpose(-1, -2).flatten(-2)
        return self.output(torch.tanh(self.hidden(vectors)))
