"""`learning.NeuralLanguageModel`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from autograder.exercise import Switches, fill_parameters
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
    matters="Llama 3 8B begins and ends in the same way: a table of 128,256 vectors of 4,096 numbers, and an output "
    "map "
    "to as many scores (2024); what lies between is new. Read llmlab/foundations/neural.py.",
)


def scored(
    implementation: Any, generator: Generator, sizes: tuple[int, int, int, int], contexts: Tensor
) -> dict[str, Any]:
    """Score contexts with fixed weights, and go back from the scores to all weights."""
    model = implementation(*sizes)
    shapes = fill_parameters(model, generator)
    scores = model(contexts)
    if not isinstance(scores, Tensor):
        return {"parameters": shapes, "scores": scores}
    if not scores.requires_grad:
        return {"parameters": shapes, "scores": scores, "gradients": "none flow"}
    scores.square().sum().backward()
    return {
        "parameters": shapes,
        "scores": scores,
        "gradients": {name: one.grad for name, one in sorted(model.named_parameters())},
    }


@exercise.probe
def four_contexts(implementation: Any, generator: Generator) -> Any:
    """Four contexts of three letters out of seven, vectors of 2, five hidden units, fixed weights."""
    contexts = torch.randint(7, (4, 3), generator=generator)
    return scored(implementation, generator, (7, 3, 2, 5), contexts)


@exercise.probe
def one_context(implementation: Any, generator: Generator) -> Any:
    """A single context of four letters out of six, without a leading dimension."""
    return scored(implementation, generator, (6, 4, 3, 8), torch.tensor([5, 0, 2, 2]))


@exercise.probe
def two_leading_dimensions(implementation: Any, generator: Generator) -> Any:
    """Contexts of two letters out of five, with two leading dimensions: (2, 3, 2)."""
    contexts = torch.randint(5, (2, 3, 2), generator=generator)
    return scored(implementation, generator, (5, 2, 3, 4), contexts)


@exercise.probe
def one_letter(implementation: Any, generator: Generator) -> Any:
    """A list of one context, which is a single letter out of five: (1, 1)."""
    return scored(implementation, generator, (5, 1, 2, 3), torch.tensor([[3]]))


_LEADING = (
    "Your forward counts on exactly one leading dimension. Leading dimensions are free: one context alone has none, "
    "and "
    "there may be several. Count dimensions from the last one. Reread 'A neural language model'."
)
_ONE_VECTOR = (
    "The hidden map gets a single vector where it takes those of the whole context: yours are added up, averaged, or "
    "all "
    "but one is left out. They belong side by side. Reread 'Letters as vectors'."
)
_TABLE = (
    "The table is to be a parameter named `table`, as the stub makes it: the lab reads it later. Yours "
    "has "
    "another name or is a module."
)


@exercise.faults(
    probabilities="Your model returns probabilities. The loss takes the softmax itself and expects scores; with "
    "two softmaxes one on the other no answer can be certain, and learning crawls. Reread 'A "
    "neural language model'.",
    log_probabilities="Your model returns logarithms of probabilities. Scores are any numbers at all, and the "
    "softmax is "
    "a part of the loss. Reread 'A neural language model'.",
    softmax_over_first="Your model takes a softmax, and not even over the letters that may come next. Scores are any "
    "numbers at all, and the softmax is a part of the loss. Reread 'A neural language model'.",
    without_bend="There is no bend between the two maps. Two linear maps in a row are one linear map, and the "
    "hidden layer is of no use. Reread 'A neural language model'.",
    bent_too_early="The bend comes before the hidden map. There it flattens the vectors of single letters, and "
    "what the hidden map finds in their combination stays linear. Reread 'A neural language model'.",
    bent_twice="Both the vectors and the hidden layer are bent. There is one bend, between the two maps. Reread 'A "
    "neural language model'.",
    hidden_bent_twice="The hidden layer is bent two times. Once is enough. Reread 'A neural language model'.",
    scores_bent="The scores are bent too, so none can leave the range from -1 to 1, and no letter can be much "
    "more probable than another. Reread 'A neural language model'.",
    bent_at_the_end="The bend comes after the output map and not before: no score can leave the range from -1 to 1, "
    "and "
    "the two maps in a row are one linear map. Reread 'A neural language model'.",
    relu="Your bend is a ReLU. Many networks use it, but this exercise asks for the tanh of 2003. "
    "Reread 'A neural language model'.",
    sigmoid="Your bend is a sigmoid, which runs from 0 to 1. This exercise asks for the tanh. "
    "Reread 'A neural language model'.",
    gelu="Your bend is a GELU. Many models of today use it, but this exercise asks for the tanh of 2003. "
    "Reread 'A neural language model'.",
    silu="Your bend is a SiLU. Many models of today use it, but this exercise asks for the tanh of 2003. "
    "Reread 'A neural language model'.",
    softmax_hidden="Your bend is a softmax, which makes shares of the hidden layer. This exercise asks for the tanh. "
    "Reread 'A neural language model'.",
    interlaced="The vectors are interlaced: first all first numbers, then all second ones. Side by side means "
    "that the numbers of one letter stay together, the oldest letter first. "
    "Reread 'Letters as vectors'.",
    newest_first="The order of the letters is turned around: the newest comes first. The oldest stands first, in the "
    "context and "
    "in "
    "what the hidden map reads. Reread 'Letters as vectors'.",
    vectors_flipped="The numbers of all vectors run backward, from the last of the newest letter to the first of the "
    "oldest. Reread 'Letters as vectors'.",
    one_vector=_ONE_VECTOR,
    not_side_by_side="The hidden map gets each vector by itself. It takes those of the whole context at once, side by "
    "side: look at the shapes. Reread 'Letters as vectors'.",
    scaled="Your vectors are multiplied by the root of their length, as some models do. Here they are taken as they "
    "are. Reread 'Letters as vectors'.",
    normalized="Your vectors are brought to length 1. Here they are taken as they are. Reread 'Letters as vectors'.",
    first_rows="Your model reads the first rows of the table, whatever the letters are. Each id picks its own row. "
    "Reread 'Letters as vectors'.",
    ids_as_numbers="Your model computes with the ids themselves. They are names: each picks a row of the table. "
    "Reread "
    "'Letters as vectors'.",
    one_leading_dimension=_LEADING,
    two_sizes_taken_apart=_LEADING,
    places_as_columns=_LEADING,
    places_counted=_LEADING,
    rows_one_by_one=_LEADING,
    leading_lost="Your scores have lost their leading dimensions: contexts of one or several levels come back as one "
    "list of rows. Leading dimensions are free, and stay as they came. Reread 'A neural language model'.",
    squeezed="Your scores lose dimensions of size 1: a list of one context comes back without its list. Leading "
    "dimensions stay as they came. Reread 'A neural language model'.",
    listed="Your model returns lists of numbers. Scores are a tensor, through which gradients flow back.",
    all_flattened="Everything is flattened into one row, the examples too. Only the last two dimensions become one. "
    "Reread 'Letters as vectors'.",
    three_letters="Your code takes three letters by name. A model may be made for another length: look at "
    "`context_length`.",
    hidden_bias_forgotten="The bias of the hidden map is left out. Its weights alone are not the whole map. Reread 'A "
    "neural language model'.",
    output_bias_forgotten="The bias of the output map is left out. Its weights alone are not the whole map. Reread 'A "
    "neural language model'.",
    weight_not_transposed="Your product takes the weights of a map as they lie. They have one row an output: a map "
    "multiplies by their transpose, or is called as a function. Look at the shapes of 'A neural language model'.",
    hidden_returned="You return the hidden layer. The scores are what the output map makes of it. Reread 'A neural "
    "language model'.",
    letter_chosen="Your model returns a letter. It returns a score for each, and whoever uses it chooses. Reread 'A "
    "neural language model'.",
    highest_score="Your model returns the highest score alone. It returns one for each letter. Reread 'A neural "
    "language "
    "model'.",
    two_things="You return two things. The caller wants the scores.",
    shortcut="You add something to the scores that goes by the hidden layer. Bengio's first model had such a way; "
    "this "
    "one has not. Reread 'A neural language model'.",
    table_cut_off="No gradient reaches the table, so the vectors of the letters stay random: `detach` and `data` cut "
    "the "
    "way back. Reread 'Letters as vectors'.",
    nothing_flows="No gradient flows back from your scores, so nothing can be learned: either gradients are switched "
    "off, or the scores are cut off from what they were made of. Reread 'Letters as vectors'.",
    hidden_cut_off="No gradient reaches the hidden map and the table: the way back is cut behind the output map. "
    "Reread "
    "'Backward through the graph'.",
    table_module=_TABLE,
    table_renamed=_TABLE,
    own_maps="The two maps are to be named `hidden` and `output`, as the stub makes them: the lab reads them later.",
    ids_changed="Your code changes the contexts that it is given. Make a new tensor.",
)
def faulty(on: Switches) -> Any:
    """Build the model with faults."""

    class NeuralLanguageModel(nn.Module):
        def __init__(
            self, vocabulary_size: int, context_length: int, embedding_dim: int, hidden_dim: int
        ) -> None:
            super().__init__()
            if on("table_module"):
                self.table: Any = nn.Embedding(vocabulary_size, embedding_dim)
            elif on("table_renamed"):
                self.embedding = nn.Embedding(vocabulary_size, embedding_dim)
            else:
                self.table = nn.Parameter(torch.randn(vocabulary_size, embedding_dim))
            hidden = nn.Linear(context_length * embedding_dim, hidden_dim)
            output = nn.Linear(hidden_dim, vocabulary_size)
            if on("own_maps"):
                self.linear1, self.linear2 = hidden, output
            else:
                self.hidden, self.output = hidden, output

        def forward(self, contexts: Tensor) -> Any:
            if on("ids_changed"):
                contexts += 1
            maps = (self.linear1, self.linear2) if on("own_maps") else (self.hidden, self.output)
            table: Any = self.embedding.weight if on("table_renamed") else self.table
            table = table.weight if on("table_module") else table
            if on("nothing_flows"):
                with torch.no_grad():
                    return maps[1](torch.tanh(maps[0](table[contexts].flatten(-2))))
            vectors = _vectors(on, table, contexts)
            hidden = _hidden(on, maps[0], vectors)
            if on("hidden_cut_off"):
                hidden = hidden.detach()
            if on("hidden_returned"):
                return hidden
            if on("shortcut"):
                return maps[1](hidden) + vectors.sum(dim=-1, keepdim=True)
            return _scores(on, maps[1], hidden)

    return NeuralLanguageModel


def _vectors(on: Switches, table: Any, contexts: Tensor) -> Any:
    """Look the letters up, and put their vectors side by side."""
    if on("table_cut_off"):
        table = table.detach()
    if on("ids_as_numbers"):
        return contexts.float()
    if on("newest_first"):
        contexts = contexts.flip(-1)
    if on("first_rows"):
        contexts = torch.zeros_like(contexts) + torch.arange(contexts.shape[-1])
    if on("places_as_columns") or on("places_counted"):
        count = contexts.shape[1] if on("places_counted") else contexts.shape[-1]
        return torch.cat([table[contexts[:, place]] for place in range(count)], dim=-1)
    if on("rows_one_by_one"):
        return torch.stack([torch.cat([table[i] for i in row]) for row in contexts])
    if on("three_letters"):
        return torch.cat([table[contexts[..., place]] for place in (0, 1, 2)], dim=-1)
    vectors = table[contexts]
    if on("scaled"):
        vectors = vectors * math.sqrt(vectors.shape[-1])
    if on("normalized"):
        vectors = functional.normalize(vectors, dim=-1)
    if on("one_vector"):
        return vectors.sum(dim=-2)
    if on("not_side_by_side"):
        return vectors
    return _flattened(on, vectors, contexts)


def _flattened(on: Switches, vectors: Any, contexts: Tensor) -> Any:
    if on("one_leading_dimension"):
        return vectors.view(len(contexts), -1)
    if on("two_sizes_taken_apart"):
        batch, length = contexts.shape
        return vectors.view(batch, length * vectors.shape[-1])
    if on("leading_lost"):
        return vectors.reshape(-1, vectors.shape[-1] * vectors.shape[-2])
    if on("all_flattened"):
        return vectors.flatten()
    if on("interlaced"):
        return vectors.transpose(-1, -2).flatten(-2)
    flat = vectors.flatten(-2)
    return flat.flip(-1) if on("vectors_flipped") else flat


def _hidden(on: Switches, hidden_map: Any, vectors: Tensor) -> Any:
    if on("weight_not_transposed"):
        return torch.tanh(vectors @ hidden_map.weight + hidden_map.bias)
    if on("bent_too_early"):
        return hidden_map(torch.tanh(vectors))
    if on("bent_twice"):
        vectors = torch.tanh(vectors)
    biased = not on("hidden_bias_forgotten")
    hidden = hidden_map(vectors) if biased else vectors @ hidden_map.weight.T
    if on("without_bend") or on("bent_at_the_end"):
        return hidden
    bends: dict[str, Any] = {
        "relu": torch.relu,
        "sigmoid": torch.sigmoid,
        "gelu": functional.gelu,
        "silu": functional.silu,
    }
    for name, bend in bends.items():
        if on(name):
            return bend(hidden)
    if on("softmax_hidden"):
        return hidden.softmax(dim=-1)
    bent = torch.tanh(hidden)
    return torch.tanh(bent) if on("hidden_bent_twice") else bent


def _scores(on: Switches, output_map: Any, hidden: Tensor) -> Any:
    if on("output_bias_forgotten"):
        return hidden @ output_map.weight.T
    scores = output_map(hidden)
    if on("probabilities"):
        return scores.softmax(dim=-1)
    if on("log_probabilities"):
        return scores.log_softmax(dim=-1)
    if on("softmax_over_first"):
        return scores.softmax(dim=0)
    if on("scores_bent") or on("bent_at_the_end"):
        return torch.tanh(scores)
    if on("squeezed"):
        return scores.squeeze()
    if on("listed"):
        return scores.tolist()
    if on("letter_chosen"):
        return scores.argmax(dim=-1)
    if on("highest_score"):
        return scores.max(dim=-1).values
    return (scores, hidden) if on("two_things") else scores
