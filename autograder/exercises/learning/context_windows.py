"""`learning.context_windows`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Generator

from autograder.exercises.learning import LAB
from autograder.exercises.learning._shared import Examples
from llmlab import foundations

exercise = LAB.exercise(
    "context_windows",
    reference=foundations.context_windows,
    hints=(
        "Take the name of the example, and move a window of three letters over it by hand.",
        "Every letter but the first boundary is a target once. Begin each name with a context full "
        "of zeros, and let it slide: drop its oldest letter and append the newest.",
        "For each name, start from a list of zeros; for each id from the second on, append the "
        "context and the id, then make the next context from all but the first of this one and the "
        "id. Turn both lists into tensors.",
    ),
)


@exercise.probe
def one_name(implementation: Any, generator: Generator) -> Any:
    """The name 'abe' as [0, 1, 2, 5, 0], with a context of 3."""
    contexts, targets = implementation([[0, 1, 2, 5, 0]], 3)
    return {"contexts": contexts, "targets": targets}


@exercise.probe
def several_names(implementation: Any, generator: Generator) -> Any:
    """Three names of 2, 4 and 6 letters, with a context of 2."""
    names = [
        [0, *torch.randint(1, 27, (count,), generator=generator).tolist(), 0] for count in (2, 4, 6)
    ]
    contexts, targets = implementation(names, 2)
    return {"contexts": contexts, "targets": targets}


def _slide(
    sequences: Iterable[Sequence[int]],
    length: int,
    *,
    show: Callable[[list[int], int], list[int]] = lambda context, target: context,
    first: int = 1,
    last: int | None = None,
    renew: bool = True,
) -> Examples:
    contexts, targets = [], []
    context = [0] * length
    for sequence in sequences:
        if renew:
            context = [0] * length
        for target in sequence[first:last]:
            contexts.append(show(context, target))
            targets.append(target)
            context = [*context[1:], target]
    return torch.tensor(contexts), torch.tensor(targets)


@exercise.misconception(
    "The target stands in its own context: the answer is given away, the loss falls to almost 0, "
    "and the model cannot write a single letter, since it has learned to copy. "
    "Reread 'Letters in context'."
)
def target_leaked(sequences: Any, length: int) -> Examples:
    return _slide(sequences, length, show=lambda context, target: [*context[1:], target])


@exercise.misconception(
    "Your contexts run on from one name into the next, so the first letters of a name are guessed "
    "from the last of another. Each name begins anew. Reread 'Letters in context'."
)
def across_names(sequences: Any, length: int) -> Examples:
    return _slide(sequences, length, renew=False)


@exercise.misconception(
    "The end of a name is never a target, so the model cannot learn where names end, and would "
    "write on forever. Reread 'Letters in context'."
)
def without_the_end(sequences: Any, length: int) -> Examples:
    return _slide(sequences, length, last=-1)


@exercise.misconception(
    "The boundary at the beginning is a target too. It is always there, so there is nothing to "
    "guess: it makes the loss look better than it is. Reread 'Letters in context'."
)
def guesses_the_beginning(sequences: Any, length: int) -> Examples:
    return _slide(sequences, length, first=0)


@exercise.misconception(
    "Your examples begin only where a whole context stands before the target, so the model never "
    "learns how names begin. Short contexts are filled up. Reread 'Letters in context'."
)
def whole_contexts_only(sequences: Any, length: int) -> Examples:
    pairs = [
        (sequence[place - length : place], sequence[place])
        for sequence in sequences
        for place in range(length, len(sequence))
    ]
    contexts, targets = zip(*pairs, strict=True)
    return torch.tensor(contexts), torch.tensor(targets)


@exercise.misconception(
    "Your contexts run backward, the newest letter first. A model could learn from them, but the "
    "lab's pictures and its next cells read them the other way round. Reread 'Letters in context'."
)
def newest_first(sequences: Any, length: int) -> Examples:
    return _slide(sequences, length, show=lambda context, target: context[::-1])
