"""`pretraining.inputs_and_targets`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches
from autograder.exercises.pretraining import LAB
from autograder.exercises.pretraining._shared import some_ids, way
from llmlab import training

exercise = LAB.exercise(
    "inputs_and_targets",
    reference=training.inputs_and_targets,
    hints=(
        "Write one row down, and below it what should be guessed at each place.",
        "Both have one column fewer than the ids. One lacks the last column, and the other the first.",
        "Slice the second dimension twice: once up to the last column, and once from the second one on.",
    ),
    matters="Llama 3 405B was trained on 15.6 trillion such pairs of a place and its next token (2024), and no human "
    "wrote one of the answers. Read llmlab/training/loss.py.",
)


def pair_for(implementation: Any, ids: Tensor) -> Any:
    """Name the two results; a dictionary is shown as one, and what else is no pair cannot be unpacked."""
    result = implementation(ids)
    if isinstance(result, dict):
        return {"dictionary": result}
    inputs, targets = result
    return {"inputs": inputs, "targets": targets}


@exercise.probe
def one_row(implementation: Any, generator: Generator) -> Any:
    """The row [5, 6, 7, 8]."""
    return pair_for(implementation, torch.tensor([[5, 6, 7, 8]]))


@exercise.probe
def several_rows(implementation: Any, generator: Generator) -> Any:
    """Three rows of five random ids."""
    return pair_for(implementation, some_ids(generator, 3, 5))


@exercise.probe
def rows_of_two(implementation: Any, generator: Generator) -> Any:
    """Four rows of two random ids, the shortest that hold a question."""
    return pair_for(implementation, some_ids(generator, 4, 2))


_READ = "Reread 'One token further'."
_COPIED = (
    "Your targets are the inputs themselves: at each place the model is asked for the token that it has read there. It "
    f"learns to copy, its loss goes to 0, and it has never guessed anything. {_READ}"
)
_PADDED = (
    "Your targets are filled up with a token that nobody wrote, so that the last place of each row has an invented "
    f"answer. A place without a next token is no question: leave it out. {_READ}"
)
_ONE_TARGET = (
    "Only the last token of each row is a target in your answer. The model guesses at every place, so every place "
    f"needs its own target. {_READ}"
)
_ALONE = (
    "Your function does not return two things. Inputs and targets are asked for, each a tensor for all rows "
    f"together. {_READ}"
)
_FLAT = (
    "Your result has lost its rows: all texts stand in one long line. A model reads a batch row by row, "
    f"and needs to know where one ends. {_READ}"
)
_REAL = (
    "Your result holds real numbers. A token's id is a whole number: it is looked up in a table, and not computed "
    f"with. {_READ}"
)

_FAULTY: dict[str, Callable[[Tensor], Any]] = {
    "copied": lambda ids: (ids[:, :-1], ids[:, :-1]),
    "copied_whole": lambda ids: (ids, ids),
    "copied_later": lambda ids: (ids[:, 1:], ids[:, 1:]),
    "backward_in_time": lambda ids: (ids[:, 1:], ids[:, :-1]),
    "two_further": lambda ids: (ids[:, :-2], ids[:, 2:]),
    "around": lambda ids: (ids, ids.roll(-1, dims=1)),
    "around_backward": lambda ids: (ids, ids.roll(1, dims=1)),
    "around_batch": lambda ids: (ids, ids.roll(-1)),
    "across_rows": lambda ids: (ids[:-1], ids[1:]),
    "inputs_whole": lambda ids: (ids, ids[:, 1:]),
    "targets_whole": lambda ids: (ids[:, :-1], ids),
    "padded_zero": lambda ids: (ids, torch.cat([ids[:, 1:], 0 * ids[:, :1]], dim=1)),
    "padded_ignored": lambda ids: (ids, torch.cat([ids[:, 1:], 0 * ids[:, :1] - 100], dim=1)),
    "padded_repeated": lambda ids: (ids, torch.cat([ids[:, 1:], ids[:, -1:]], dim=1)),
    "last_target": lambda ids: (ids[:, :-1], ids[:, -1]),
    "last_target_column": lambda ids: (ids[:, :-1], ids[:, -1:]),
    "first_question": lambda ids: (ids[:, :1], ids[:, 1:2]),
    "first_row": lambda ids: (ids[0, :-1], ids[0, 1:]),
    "first_row_kept": lambda ids: (ids[:1, :-1], ids[:1, 1:]),
    "first_lost": lambda ids: (ids[:, 1:-1], ids[:, 2:]),
    "last_lost": lambda ids: (ids[:, :-2], ids[:, 1:-1]),
    "inputs_too_short": lambda ids: (ids[:, :-2], ids[:, 1:]),
    "targets_too_short": lambda ids: (ids[:, :-1], ids[:, 2:]),
    "every_second": lambda ids: (ids[:, :-1:2], ids[:, 1::2]),
    "halves": lambda ids: ids.tensor_split(2, dim=1),
    "run_together": lambda ids: (ids.flatten()[:-1], ids.flatten()[1:]),
    "flat": lambda ids: (ids[:, :-1].flatten(), ids[:, 1:].flatten()),
    "flat_targets": lambda ids: (ids[:, :-1], ids[:, 1:].flatten()),
    "turned": lambda ids: (ids[:, :-1].T, ids[:, 1:].T),
    "real": lambda ids: (ids[:, :-1].float(), ids[:, 1:].float()),
    "real_targets": lambda ids: (ids[:, :-1], ids[:, 1:].float()),
    "next_ids": lambda ids: (ids[:, :-1], ids[:, :-1] + 1),
    "pairs": lambda ids: ids.unfold(1, 2, 1),
    "inputs_alone": lambda ids: ids[:, :-1],
    "targets_alone": lambda ids: ids[:, 1:],
    "dictionary": lambda ids: {"inputs": ids[:, :-1], "targets": ids[:, 1:]},
    "lists": lambda ids: (ids[:, :-1].tolist(), ids[:, 1:].tolist()),
    "arrays": lambda ids: (ids[:, :-1].numpy(), ids[:, 1:].numpy()),
}


@exercise.faults(
    copied=_COPIED,
    copied_whole=_COPIED,
    copied_later=_COPIED,
    backward_in_time="Inputs and targets are exchanged: your model reads a token and is asked for the one before it, "
    f"so it learns to write backward. {_READ}",
    two_further="Your targets lie two tokens further, so the model learns to leave out every second one. "
    + _READ,
    around="Your targets go around: after the last token of a row comes its first one again. That is a wrong answer "
    f"in each row, and the model will try to learn it. {_READ}",
    around_backward="Your targets are moved the other way: each place is asked for the token before it, and the first "
    f"place for the last token of its row. {_READ}",
    around_batch="Your targets go on from one row to the next: the last place of a row is asked for the first token of "
    f"another text. {_READ}",
    across_rows="Your code shifts from row to row, where it should shift from place to place. The rows of a batch are "
    f"different texts and have nothing to do with each other. {_READ}",
    inputs_whole="Your inputs are the whole row, and the targets are one shorter. The last token is followed by "
    f"nothing here, so there is nothing to ask after it. {_READ}",
    targets_whole="Your targets are the whole row, and the inputs are one shorter, so that place by place they do not "
    f"belong together. Nobody is asked for the first token: nothing comes before it. {_READ}",
    padded_zero=_PADDED,
    padded_ignored=_PADDED,
    padded_repeated=_PADDED,
    last_target=_ONE_TARGET,
    last_target_column=_ONE_TARGET,
    first_question="Your answer keeps one question a row, the first. A row of n + 1 tokens holds n of them. "
    + _READ,
    first_row="Your answer keeps the first row alone. Each row of the batch is a text of its own with its own "
    f"questions. {_READ}",
    first_row_kept="Your answer keeps the first row and drops the others. Each row of the batch is a text with its "
    f"own questions. {_READ}",
    first_lost="Your answer leaves the first question of each row out: the first token is never read. "
    + _READ,
    last_lost="Your answer leaves the last question of each row out: its last token is never asked for. "
    + _READ,
    inputs_too_short="Your inputs lack two tokens, so there are fewer places than targets. One token alone is not "
    f"read. {_READ}",
    targets_too_short="Your targets lack two tokens, so the last places have none. One token alone is not asked for. "
    + _READ,
    every_second="Your code cuts each row into separate pairs. Then each token is either read or asked for, and half "
    f"of the questions are lost: every token but the ends is both. {_READ}",
    halves="Your code cuts each row in the middle, and the second half is to be guessed. Inputs and targets overlap: "
    f"they are the same row, moved. {_READ}",
    run_together="Your code joins the rows to one before it shifts, so the last token of a text is asked to foretell "
    f"the first of another. {_READ}",
    flat=_FLAT,
    flat_targets="Your targets have lost their rows, and your inputs have kept them. Place by place the two should "
    f"have the same shape. {_READ}",
    turned="Your result is turned on its side: a row of it holds one place of all texts. Texts stay in the rows. "
    + _READ,
    real=_REAL,
    real_targets=_REAL,
    next_ids="Your targets are ids that are larger by one. The next token is the one that stands next in the row; its "
    f"id can be any number. {_READ}",
    pairs=_ALONE,
    inputs_alone=_ALONE,
    targets_alone=_ALONE,
    dictionary="Your function returns a dictionary. It is asked for two tensors, first the inputs and then the "
    f"targets. {_READ}",
    lists="Your function returns lists of numbers. A model reads tensors. " + _READ,
    arrays="Your function returns arrays of NumPy. A model reads tensors of PyTorch. " + _READ,
)
def shifted(on: Switches) -> Any:
    def right(ids: Tensor) -> Any:
        return ids[:, :-1], ids[:, 1:]

    def inputs_and_targets(ids: Tensor) -> Any:
        return way(on, _FAULTY, right)(ids)

    return inputs_and_targets
