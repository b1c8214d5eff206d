"""`gpt.top_p`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches
from autograder.exercises.gpt import LAB
from llmlab import model

exercise = LAB.exercise(
    "top_p",
    reference=model.top_p,
    hints=(
        "Sort first, as in the worked example. For which tokens is the line not crossed yet when they "
        "come?",
        "A token is kept if what stands before it adds up to less than p. That is the cumulative sum "
        "without the token itself. What you find in sorted order has to go back to where it came from.",
        "Sort the logits downwards and remember the order; softmax; cumulative sum, less the own "
        "probability; mark what has p or more before it; scatter the marks back by the order; put minus "
        "infinity where they are.",
    ),
    matters="Llama 3.1 (2024) is shipped with a top-p of 0.9, Qwen3 (2025) with 0.95 for thinking and 0.8 without. "
    "Read llmlab/model/generation.py.",
)


def filtered(implementation: Any, logits: Tensor, shares: tuple[float, ...]) -> dict[str, Any]:
    """Give the logarithms of the probabilities that are left: a number added to all logits of a row changes none."""
    return {
        f"log-probabilities with p = {p}": implementation(logits.clone(), p)
        .double()
        .log_softmax(dim=-1)
        for p in shares
    }


@exercise.probe
def worked_example(implementation: Any, generator: Generator) -> Any:
    """The probabilities 0.05, 0.5, 0.15 and 0.3, with p = 0.7; compared as log-probabilities."""
    return filtered(implementation, torch.tensor([0.05, 0.5, 0.15, 0.3]).log(), (0.7,))


@exercise.probe
def small_and_large(implementation: Any, generator: Generator) -> Any:
    """Six logits with a p that the likeliest token reaches alone, and with a p of 1; compared as log-probabilities."""
    logits = torch.tensor([0.4, 2.1, -0.8, 1.6, -0.1, 1.0])
    return filtered(implementation, logits + torch.rand(6, generator=generator) / 5, (0.05, 1.0))


@exercise.probe
def two_rows(implementation: Any, generator: Generator) -> Any:
    """Two rows of nine logits, one sure and one not, with p = 0.9 and p = 0.35; compared as log-probabilities."""
    logits = torch.randn(2, 9, generator=generator) * torch.tensor([[3.0], [1.0]])
    return filtered(implementation, logits, (0.9, 0.35))


@exercise.probe
def after_another_filter(implementation: Any, generator: Generator) -> Any:
    """Eight logits of which three are minus infinity already, with p = 0.8; compared as log-probabilities."""
    logits = 2 * torch.randn(8, generator=generator)
    logits[torch.randperm(8, generator=generator)[:3]] = -torch.inf
    return filtered(implementation, logits, (0.8,))


@exercise.probe
def more_dimensions(implementation: Any, generator: Generator) -> Any:
    """A tensor of (2, 3, 5), with p = 0.6; compared as log-probabilities."""
    return filtered(implementation, 2 * torch.randn(2, 3, 5, generator=generator), (0.6,))


_TAKES = "Reread 'As many tokens as it takes'."
_BACK = "Reread 'Back to where they came from'."
_FILTER = "Reread 'What a filter does'."
_CROSSING = (
    "The token that crosses the line is dropped, so what is kept adds up to less than p; where the "
    f"likeliest token alone has more than p, nothing is left. {_TAKES}"
)
_ONE_ROW = "The leading dimensions are free, and your code counts on a single row. " + _TAKES
_ACROSS = "Each row is a distribution of its own, and you go across rows. The vocabulary is the last dimension. "
_UNCHANGED = f"Your code rules nothing out: the logits come back as they were. {_FILTER}"
_FILLED_LOW = (
    "The logits that you rule out become a large negative number. It has no share of this softmax, but "
    f"who counts what is left finds it, and a filter after yours may too. {_FILTER}"
)
_PLACES_MIXED = (
    "Your marks go to the wrong places: the order says where each sorted token came from, and you read it the "
    f"other way round. {_BACK}"
)


@exercise.faults(
    crossing_dropped=_CROSSING,
    crossing_dropped_at_p=_CROSSING,
    crossing_dropped_but_first="The token that crosses the line is dropped, unless it is the likeliest: what is "
    f"kept adds up to less than p. {_TAKES}",
    one_more="You keep one token more than it takes: the one after that which crosses the line. "
    + _TAKES,
    one_more_at_least="You keep two tokens at least. Where the likeliest alone has p, it is enough. "
    + _TAKES,
    first_not_kept="Your marks are moved by one place, and the first place keeps its old mark: where the "
    f"likeliest token alone has more than p, it is ruled out. {_TAKES}",
    first_dropped="The likeliest token is ruled out. When it comes, nothing stands before it. "
    + _TAKES,
    moved_in_place="You copy marks within one tensor onto themselves, moved by a place, and PyTorch refuses to. "
    "Begin from a copy. " + _TAKES,
    tail_kept=f"Your code adds up from the unlikeliest token on, and keeps the tail instead of the head. {_TAKES}",
    head_dropped="Your marks are turned round: you rule out what should be kept, and keep what should be ruled "
    "out. " + _TAKES,
    rest_of_p="You keep tokens until they have 1 - p together, and it should be p. " + _TAKES,
    own_probability="You compare each token's own probability with p. Top-p looks at what the likeliest tokens have "
    f"together. {_TAKES}",
    own_probability_above="You compare each token's own probability with 1 - p. Top-p looks at what the likeliest "
    f"tokens have together. {_TAKES}",
    like_min_p="You keep tokens that have at least p times the probability of the likeliest. That is min-p; top-p "
    f"looks at what the likeliest tokens have together. {_TAKES}",
    like_top_k="You keep a share p of the tokens, whatever their probabilities are. Top-p keeps the likeliest "
    f"until they have the share p of the *probability*. {_TAKES}",
    likeliest_alone=f"You keep the likeliest token alone, whatever p is. {_TAKES}",
    unsorted="Your code adds up the probabilities in the order of the vocabulary. The likeliest come first: sort "
    "before you add. " + _TAKES,
    added_unsorted="You sort, and then add up in the order of the vocabulary: your sums and your order do not "
    f"belong together. {_TAKES}",
    sums_of_logits="You add up logits. They can be below 0 and have no sum to compare with p: add up "
    "probabilities. " + _TAKES,
    sums_of_exponentials="You add up exponentials that are not divided by their sum, and compare that with p, a "
    "share of 1. " + _TAKES,
    softmax_twice="You take the softmax of probabilities, which makes them nearly even before they are added up. "
    + _TAKES,
    softmax_of_sums="You take the softmax after you have added up. It has to come first: what is added up is "
    "probabilities. " + _TAKES,
    mean_instead=f"Your sum is divided by the number of tokens. Compare the sum itself with p. {_TAKES}",
    not_scattered="Your marks stay in sorted order: the tokens at the first places of the vocabulary are kept, "
    f"whoever they are. {_BACK}",
    returns_sorted="Your logits come back in sorted order. The place of a logit says which token it belongs to, "
    f"so each has to return to its own. {_BACK}",
    gathered=_PLACES_MIXED,
    sorted_twice="Your logits go back to the wrong tokens: what is scattered by the order has to be in sorted "
    "order itself. " + _BACK,
    filled_with_zero="The logits that you rule out become 0, and a logit of 0 still has a share of the softmax, "
    f"often a large one. {_FILTER}",
    filled_low=_FILLED_LOW,
    filled_lowest=_FILLED_LOW,
    filled_high=f"The logits that you rule out become plus infinity. {_FILTER}",
    multiplied_by_marks="You multiply the logits by your marks. What is ruled out becomes 0, which is no ban, and "
    f"minus infinity times 0 is no number. {_FILTER}",
    cut_out="You give back the kept logits alone. The others have to stay in their places, as minus infinity. "
    + _FILTER,
    gives_probabilities="Your code returns probabilities. A filter takes logits and gives logits, so that filters "
    f"can follow each other. {_FILTER}",
    gives_old_probabilities="Your code returns probabilities, with 0 for what is ruled out. A filter takes logits "
    f"and gives logits: taken for logits, a 0 is no ban. {_FILTER}",
    gives_marks="Your code returns marks, which tokens are kept or ruled out. A filter gives logits. "
    + _FILTER,
    gives_places="Your code returns the ids of tokens. A filter gives logits. " + _FILTER,
    shares_changed="What you keep does not keep its logits: the kept tokens all become equally likely. "
    + _FILTER,
    unchanged=_UNCHANGED,
    across_rows_sorted=_ACROSS + _TAKES,
    across_rows_softmax=_ACROSS + "It is the softmax that does. " + _TAKES,
    across_rows_summed=_ACROSS + "It is the cumulative sum that does. " + _TAKES,
    axis_one="You name dimension 1. The vocabulary is the last dimension, however many come before it. "
    + _TAKES,
    axis_one_scattered="You scatter along dimension 1. The vocabulary is the last dimension, however many come "
    "before it. " + _BACK,
    all_rows_together=f"You take all rows for one distribution. Each row is one of its own. {_TAKES}",
    marks_of_first_row="The marks of the first row are used for all rows. Each row is a distribution of its own. "
    + _TAKES,
    one_row_loop=_ONE_ROW,
    one_row_loop_of_numbers=_ONE_ROW,
    one_row_indexed="You put marks back by indexing, which takes the order of one row for numbers of rows. The "
    f"leading dimensions are free. {_BACK}",
)
def faulty(on: Switches) -> Any:
    def top_p(logits: Tensor, p: float) -> Any:
        if on("one_row_loop") or on("one_row_loop_of_numbers"):
            return _by_loop(logits, p, on)
        if on("all_rows_together"):
            return _filtered(logits.flatten(), p, on).view_as(logits)
        return _filtered(logits, p, on)

    return top_p


def _by_loop(logits: Tensor, p: float, on: Switches) -> Tensor:
    shares = logits.softmax(dim=-1)
    order = shares.argsort(descending=True)
    out, total = torch.full_like(logits, -math.inf), torch.tensor(0.0)
    for token in order.tolist() if on("one_row_loop_of_numbers") else order:
        out[token] = logits[token]
        total += shares[token]
        if total >= p:
            break
    return out


def _filtered(logits: Tensor, p: float, on: Switches) -> Any:
    if on("unchanged"):
        return logits
    whole = logits.softmax(dim=-1)
    if on("own_probability"):
        return logits.masked_fill(whole < p, -math.inf)
    if on("own_probability_above"):
        return logits.masked_fill(whole < 1 - p, -math.inf)
    if on("like_min_p"):
        return logits.masked_fill(whole < p * whole.amax(dim=-1, keepdim=True), -math.inf)
    if on("like_top_k") or on("likeliest_alone"):
        count = 1 if on("likeliest_alone") else max(1, int(p * logits.shape[-1]))
        return logits.masked_fill(logits < logits.topk(count, dim=-1).values[..., -1:], -math.inf)
    dim = 0 if on("across_rows_sorted") else 1 if on("axis_one") else -1
    upwards = on("tail_kept")
    ordered, order = logits.sort(dim=dim, descending=not upwards)
    if on("unsorted"):
        ordered, order = logits, torch.arange(logits.shape[-1]).expand(logits.shape)
    if on("added_unsorted"):
        ordered = logits
    out = _ruled_out(ordered, 1 - p if on("rest_of_p") else p, on)
    if on("returns_sorted"):
        return ordered.masked_fill(out, -math.inf)
    if on("sorted_twice"):
        left = logits.masked_fill(out, -math.inf)
        return torch.zeros_like(logits).scatter(-1, order, left)
    if on("marks_of_first_row"):
        while out.dim() > 1:
            out, order = out[0], order[0]
    return _given(logits, _home(out, order, dim, on), order, on)


def _ruled_out(ordered: Tensor, p: float, on: Switches) -> Tensor:
    """Mark what is ruled out, in sorted order."""
    shares, axis = _shares(ordered, on)
    reached = shares.cumsum(dim=axis)
    if on("softmax_of_sums"):
        reached = ordered.cumsum(dim=-1).softmax(dim=-1)
    if on("mean_instead"):
        reached = reached / torch.arange(1, reached.shape[-1] + 1)
    if on("crossing_dropped"):
        return reached > p
    if on("crossing_dropped_at_p"):
        return reached >= p
    if on("crossing_dropped_but_first"):
        out = reached > p
        out[..., 0] = False
        return out
    if on("first_not_kept") or on("moved_in_place"):
        out = reached > p
        out[..., 1:] = out[..., :-1] if on("moved_in_place") else out[..., :-1].clone()
        return out
    out = reached - shares >= p
    if on("one_more"):
        out = torch.cat([torch.zeros_like(out[..., :1]), out[..., :-1]], dim=-1)
    elif on("one_more_at_least"):
        out[..., :2] = False
    elif on("first_dropped"):
        out[..., 0] = True
    return ~out if on("head_dropped") else out


def _shares(ordered: Tensor, on: Switches) -> tuple[Tensor, int]:
    axis = (
        0 if on("across_rows_sorted") or on("across_rows_summed") else 1 if on("axis_one") else -1
    )
    if on("sums_of_logits"):
        return ordered, axis
    if on("sums_of_exponentials"):
        return ordered.exp(), axis
    across = on("across_rows_sorted") or on("across_rows_softmax")
    shares = ordered.softmax(dim=0 if across else 1 if on("axis_one") else -1)
    return shares.softmax(dim=-1) if on("softmax_twice") else shares, axis


def _home(out: Tensor, order: Tensor, dim: int, on: Switches) -> Tensor:
    """Bring marks back from sorted order."""
    if on("not_scattered"):
        return out
    if on("gathered"):
        return out.gather(-1, order)
    if on("axis_one_scattered"):
        dim = 1
    if on("one_row_indexed"):
        home = torch.zeros_like(out)
        home[order] = out
        return home
    return torch.zeros_like(out).scatter(dim, order, out)


def _given(logits: Tensor, out: Tensor, order: Tensor, on: Switches) -> Any:
    if on("filled_with_zero"):
        return logits.masked_fill(out, 0.0)
    if on("filled_low"):
        return logits.masked_fill(out, -1e9)
    if on("filled_lowest"):
        return logits.masked_fill(out, torch.finfo(logits.dtype).min)
    if on("filled_high"):
        return logits.masked_fill(out, math.inf)
    if on("multiplied_by_marks"):
        return logits * ~out
    if on("cut_out"):
        return logits[~out]
    left = logits.masked_fill(out, -math.inf)
    if on("gives_probabilities"):
        return left.softmax(dim=-1)
    if on("gives_old_probabilities"):
        return logits.softmax(dim=-1).masked_fill(out, 0.0)
    if on("gives_marks"):
        return ~out
    if on("gives_places"):
        return order[..., : int((~out).sum(dim=-1).max())]
    if on("shares_changed"):
        return torch.zeros_like(logits).masked_fill(out, -math.inf)
    return left
