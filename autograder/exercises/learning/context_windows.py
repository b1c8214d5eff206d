"""`learning.context_windows`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches
from autograder.exercises.learning import LAB
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
    matters="Every language model learns from such pairs: the context of Llama 3.1 is 131,072 tokens long, and each "
    "place of it is a target once (2024). Read llmlab/foundations/neural.py.",
)


def windows_of(implementation: Any, names: list[list[int]], length: int) -> dict[str, Any]:
    """Ask for the windows of some names."""
    result = implementation(names, length)
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        kind = "a tensor" if isinstance(result, Tensor) else "something else"
        return {
            "result": f"{len(result)} things" if isinstance(result, (tuple, list)) else kind,
        }
    contexts, targets = result
    return {"contexts": contexts, "targets": targets}


def drawn(generator: Generator, *letters: int) -> list[list[int]]:
    """Draw names of so many letters, without a letter twice in a row."""
    return [[0, *(torch.randperm(26, generator=generator)[:n] + 1).tolist(), 0] for n in letters]


@exercise.probe
def one_name(implementation: Any, generator: Generator) -> Any:
    """The name 'abe' as [0, 1, 2, 5, 0], with a context of 3."""
    return windows_of(implementation, [[0, 1, 2, 5, 0]], 3)


@exercise.probe
def three_names(implementation: Any, generator: Generator) -> Any:
    """Three names of 2, 4 and 3 letters, with a context of 2."""
    return windows_of(implementation, drawn(generator, 2, 4, 3), 2)


@exercise.probe
def single_letters(implementation: Any, generator: Generator) -> Any:
    """Two names, one of them with a letter twice in a row, and a context of a single letter."""
    return windows_of(implementation, [[0, 3, 3, 0], [0, 26, 1, 0]], 1)


@exercise.probe
def short_names(implementation: Any, generator: Generator) -> Any:
    """A name of one letter, the same name again, and a name without letters; a context of 5."""
    return windows_of(implementation, [[0, 4, 0], [0, 4, 0], [0, 0]], 5)


_ACROSS = (
    "Your contexts run on from one name into the next, so the first letters of a name are guessed "
    "from the last of another. Each name begins anew. Reread 'Letters in context'."
)
_REAL = (
    "Your ids are real numbers. They are names of letters, and a table cannot be indexed by them: look at how your "
    "lists "
    "become tensors. Reread 'Letters as vectors'."
)
_NAMES_CHANGED = (
    "Your code changes the names that it is given, in place, and the caller finds other names than before. "
    "Work on new lists."
)
_LISTS = "You return lists. Contexts and targets are one tensor each. Look at what the docstring says of the result."


@exercise.faults(
    target_leaked="The target stands in its own context: the answer is given away, the loss falls to almost 0, "
    "and the model cannot write a single letter, since it has learned to copy. "
    "Reread 'Letters in context'.",
    context_too_old="Your contexts end one letter too early: the letter right before the target is missing, and it "
    "tells "
    "the most. Reread 'Letters in context'.",
    across_names=_ACROSS,
    one_long_text=_ACROSS,
    one_long_padded_text=_ACROSS,
    without_the_end="The end of a name is never a target, so the model cannot learn where names end, and would "
    "write on forever. Reread 'Letters in context'.",
    guesses_the_beginning="The boundary at the beginning is a target too. It is always there, so there is nothing to "
    "guess: it makes the loss look better than it is. Reread 'Letters in context'.",
    first_letter_skipped="The first letter of a name is never a target, so the model cannot learn how names begin. "
    "Reread 'Letters in context'.",
    another_end="Each name gets one target too many: a second boundary at its end. Its ids have one already. "
    "Reread 'Letters in context'.",
    whole_contexts_only="Your examples begin only where a whole context stands before the target, so the model never "
    "learns how names begin. Short contexts are filled up. Reread 'Letters in context'.",
    newest_first="Your contexts run backward, the newest letter first. A model could learn from them, but the "
    "lab's pictures and its next cells read them the other way round. Reread 'Letters in context'.",
    names_turned="Your names are read from their end to their beginning. A name is guessed letter by letter from its "
    "first one on. Reread 'Letters in context'.",
    filled_on_the_right="Short contexts are filled up on their right, so the newest letter stands now here, now "
    "there. "
    "The zeros go to the left, and the newest letter comes last. Reread 'Letters in context'.",
    filled_with_more="Short contexts are filled up with another number than 0. They are filled with the boundary. "
    "Reread 'Letters in context'.",
    unfilled="Your contexts are of several lengths, and make no tensor: short ones have to be filled up. "
    "Reread 'Letters in context'.",
    beginnings="Your contexts are the whole beginning of each name, whatever `length` is. Reread 'Letters in "
    "context'.",
    one_letter_longer="Your contexts are one letter longer than `length`. Look at the width of the worked example's.",
    one_letter_shorter="Your contexts are one letter shorter than `length`. Look at the width of the worked "
    "example's.",
    always_three="Your contexts have three letters, whatever `length` is. The three belongs to the worked example.",
    always_two="Your contexts have two letters, whatever `length` is.",
    one_list_for_all="All contexts of a name are the same at the end: one list stands in all places, and you change "
    "it "
    "afterward. Make a new list for each example.",
    names_padded=_NAMES_CHANGED,
    names_changed=_NAMES_CHANGED,
    first_name_only="You return the examples of the first name alone. Look at where the `return` stands.",
    last_name_only="You return the examples of the last name alone. Look at where your lists are made.",
    first_letters_only="Each name gives only its first example. Every letter after the first boundary is a target "
    "once. "
    "Reread 'Letters in context'.",
    last_letters_only="Each name gives only its last example. Every letter after the first boundary is a target once. "
    "Reread 'Letters in context'.",
    steps_by_length="Your window jumps by its whole length, so most letters are no target. It moves by one letter at "
    "a "
    "time. Reread 'Letters in context'.",
    no_example_twice="Examples that occur several times are kept once. How often something occurs is what a model "
    "learns "
    "from. Keep the order of the letters.",
    targets_first="You return targets and contexts in the wrong order. Look at what the docstring says of the result.",
    pairs="You return pairs of a context and its target. Two tensors are asked for: all contexts, and all targets. "
    "Look "
    "at what the docstring says of the result.",
    one_tensor="You return a single tensor, in which the targets are a column. Two are asked for. Look at what the "
    "docstring says of the result.",
    lists=_LISTS,
    lists_of_tensors=_LISTS,
    list_of_targets=_LISTS,
    real_numbers=_REAL,
    real_contexts=_REAL,
    real_targets=_REAL,
    targets_as_column="Your targets are a column: each stands in a list of its own. A cross-entropy takes them as "
    "one row "
    "of ids. Look at what the docstring says of the result.",
    next_contexts="Your targets are contexts themselves, moved by one letter. Here each context has one target, the "
    "letter after it. Reread 'Letters in context'.",
    contexts_as_columns="Your contexts stand in columns. One example a row is asked for. Look at what the docstring "
    "says "
    "of the result.",
    letters="Your ids are letters. They came as numbers and go on as numbers.",
)
def faulty(on: Switches) -> Any:
    """Build windows with faults."""

    def context_windows(sequences: Any, length: int) -> Any:
        if on("names_padded") or on("names_changed"):
            for sequence in sequences:
                sequence[:0] = [0] * (length if on("names_changed") else length - 1)
        width = _width(on, length)
        contexts: list[Any] = []
        targets: list[Any] = []
        context = _filling(on, width)
        for sequence in _names(on, sequences):
            if on("last_name_only"):
                contexts, targets = [], []
            if not on("across_names"):
                context = _filling(on, width)
            found = _examples(on, sequence, context)
            context = [*found[-1][0][1:], found[-1][1]] if found else context
            for one, target in _chosen(on, found, width):
                contexts.append(one)
                targets.append(target)
            if on("first_name_only"):
                break
        return _returned(on, contexts, targets)

    return context_windows


def _width(on: Switches, length: int) -> int:
    if on("always_three"):
        return 3
    if on("always_two"):
        return 2
    if on("one_letter_shorter"):
        return length - 1
    return length + 1 if on("one_letter_longer") else length


def _filling(on: Switches, width: int) -> list[int]:
    return [-1 if on("filled_with_more") else 0] * width


def _names(on: Switches, sequences: Any) -> list[list[int]]:
    if on("one_long_text"):
        return [[letter for sequence in sequences for letter in sequence]]
    if on("one_long_padded_text"):
        text = [letter for sequence in sequences for letter in sequence]
        return [[0, *text]]
    if on("names_turned"):
        return [list(reversed(sequence)) for sequence in sequences]
    if on("another_end"):
        return [[*sequence, 0] for sequence in sequences]
    if on("without_the_end"):
        return [sequence[:-1] for sequence in sequences]
    return [list(sequence) for sequence in sequences]


def _examples(on: Switches, sequence: list[int], context: list[int]) -> list[tuple[Any, Any]]:
    """Let a context slide over one name."""
    width, found = len(context), []
    shared = list(context)
    if on("filled_with_more") and width:
        context = [*context[1:], sequence[0]]
    for place in range(0 if on("guesses_the_beginning") else 1, len(sequence)):
        target = sequence[place]
        following = [*context[1:], target] if width else []
        shown = context
        if on("target_leaked"):
            shown = following
        if on("context_too_old"):
            shown = [0, *context[:-1]]
        if on("beginnings"):
            shown = sequence[:place]
        if on("unfilled"):
            shown = sequence[max(0, place - width) : place]
        if on("filled_on_the_right"):
            own = sequence[max(0, place - width) : place]
            shown = own + [0] * (width - len(own))
        if on("one_list_for_all"):
            shown = shared
            shared[:] = following
        found.append((shown[::-1] if on("newest_first") else shown, target))
        context = following
    return found


def _chosen(on: Switches, found: list[tuple[Any, Any]], width: int) -> list[tuple[Any, Any]]:
    if on("whole_contexts_only"):
        return found[width - 1 :]
    if on("first_letter_skipped"):
        return found[1:]
    if on("first_letters_only"):
        return found[:1]
    if on("last_letters_only"):
        return found[-1:]
    return found[:: max(1, width)] if on("steps_by_length") else found


def _returned(on: Switches, contexts: list[Any], targets: list[Any]) -> Any:
    if on("no_example_twice"):
        unique = dict.fromkeys(
            (tuple(one), target) for one, target in zip(contexts, targets, strict=True)
        )
        contexts, targets = [list(one) for one, _ in unique], [target for _, target in unique]
    if on("pairs"):
        return list(zip(contexts, targets, strict=True))
    if on("one_tensor"):
        return torch.tensor([[*one, two] for one, two in zip(contexts, targets, strict=True)])
    if on("lists"):
        return contexts, targets
    if on("lists_of_tensors"):
        return [torch.tensor(one) for one in contexts], [torch.tensor(one) for one in targets]
    if on("list_of_targets"):
        return torch.tensor(contexts), targets
    if on("letters"):
        return [["." if i == 0 else chr(96 + i) for i in one] for one in contexts], targets
    if on("next_contexts"):
        moved = [[*one[1:], two] for one, two in zip(contexts, targets, strict=True)]
        return torch.tensor(contexts), torch.tensor(moved)
    return _in_tensors(on, contexts, targets)


def _in_tensors(on: Switches, contexts: list[Any], targets: list[Any]) -> Any:
    whole = on("real_numbers")
    first = torch.Tensor(contexts) if whole or on("real_contexts") else torch.tensor(contexts)
    second = torch.Tensor(targets) if whole or on("real_targets") else torch.tensor(targets)
    if on("targets_as_column"):
        second = second[:, None]
    if on("contexts_as_columns"):
        first = first.T
    return (second, first) if on("targets_first") else (first, second)
