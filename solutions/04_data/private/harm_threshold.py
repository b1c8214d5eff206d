"""`data.harm_threshold`: hidden probes, and right answers written differently."""

import math
from collections import defaultdict
from typing import Any

import torch
from torch import Generator

from autograder.exercise import Private
from autograder.exercises.data import harm_threshold as public

private = Private()
GROUPS = ("letters", "recipes", "law")


@private.probe
def other_groups(implementation: Any, generator: Generator) -> Any:
    """Limits, ties and edges with other groups."""
    probes = (public.two_groups, public.ties, public.edges)
    return [probe(implementation, generator, GROUPS) for probe in probes]


@private.probe
def many_documents(implementation: Any, generator: Generator) -> Any:
    """Sixty drawn documents of three groups, with equal scores among them, under five limits."""
    scores = (torch.randint(0, 40, (60,), generator=generator) / 40).tolist()
    harmful = (torch.rand(60, generator=generator) < 0.3).tolist()
    groups = [GROUPS[i] for i in torch.randint(0, 3, (60,), generator=generator).tolist()]
    documents = list(zip(scores, harmful, groups, strict=True))
    return [public.asked(implementation, documents, limit) for limit in (0.0, 0.05, 0.2, 0.5, 1.0)]


@private.variant
def by_trying(
    scores: list[float], harmful: list[bool], groups: list[str], limit: float
) -> tuple[float, dict[str, tuple[float, float]]]:
    """Try each score from the lowest on."""
    harmless = [score for i, score in enumerate(scores) if not harmful[i]]
    threshold = math.inf
    for cut in sorted(scores):
        if sum(score >= cut for score in harmless) / len(harmless) <= limit:
            threshold = cut
            break
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for i, group in enumerate(groups):
        counts[group][2 * harmful[i]] += 1
        counts[group][2 * harmful[i] + 1] += (scores[i] >= threshold) != harmful[i]
    return threshold, {
        group: (b / a if a else 0.0, d / c if c else 0.0) for group, (a, b, c, d) in counts.items()
    }


@private.variant
def by_tensors(
    scores: list[float], harmful: list[bool], groups: list[str], limit: float
) -> tuple[float, dict[str, tuple[float, float]]]:
    """Compare all scores with all candidates at once."""
    values, bad = torch.tensor(scores, dtype=torch.float64), torch.tensor(harmful)
    harmless = values[~bad]
    shares = (harmless >= values[:, None]).double().mean(dim=1)
    threshold = min(values[shares <= limit].tolist(), default=math.inf)
    result: dict[str, Any] = {}
    for group in dict.fromkeys(groups):
        own = torch.tensor([one == group for one in groups])
        false, missed = (values >= threshold)[own & ~bad], (values < threshold)[own & bad]
        # The mean of nothing is not a number, and becomes 0.
        result[group] = tuple(one.double().mean().nan_to_num().item() for one in (false, missed))
    return threshold, result
