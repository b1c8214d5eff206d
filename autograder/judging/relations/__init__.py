"""How a result relates to the right one, in one sentence: the transpose, twice the value, the last item missing.

When no fault of an author's explains an answer, a simple relation often does. It is looked for in the public
probes that failed, must hold in every one of them and on data that can tell it from chance, and is said as an
observation, not as a cause: 'Every value of yours is twice the expected one.'
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from autograder.judging.relations import kinds, layout, patterns, scaling, sequences, texts
from autograder.judging.relations.parts import Pair, Part, first_named, lead_in, levels, only_part

__all__ = ["Pair", "only_difference", "relation"]

Finder = Callable[[Sequence[Part]], str]

# What tells everything about how two results differ, the most particular first.
_EXACT: tuple[Finder, ...] = (
    kinds.gradient,
    kinds.another_kind,
    sequences.elsewhere,
    sequences.ends,
    sequences.order,
    layout.cut,
    sequences.pieces,
    sequences.members,
    sequences.nesting,
    sequences.dictionaries,
    layout.exchanged,
    layout.reshaped,
    layout.turned,
    scaling.factor,
    scaling.signs,
    scaling.function,
    scaling.constant,
    scaling.whole_multiple,
    scaling.fractions,
    layout.running,
    layout.broadcast,
    layout.summed,
    layout.largest_places,
    scaling.bounds,
    texts.text,
    patterns.let_through,
    scaling.inverse,
    scaling.proportions,
)
# What tells something about it.
_PARTIAL: tuple[Finder, ...] = (
    patterns.not_finite,
    patterns.adds_up,
    scaling.line_by_line,
    layout.repeated,
    sequences.all_alike,
    sequences.scattered,
    patterns.where_zero,
    layout.one_line,
    sequences.later_wrong,
    sequences.empty_only,
    patterns.negative,
    patterns.does_not_add_up,
    layout.block,
)


def relation(pairs: Sequence[Pair]) -> str:
    """Say how the results relate to the expected ones in every failing probe.

    Args:
        pairs: What the public probes that failed by comparison expected and got.

    Returns:
        One sentence, or an empty text when nothing simple holds in all of them.
    """
    walked = list(levels(pairs))
    named = [chosen for parts in walked if (chosen := first_named(parts, pairs))]
    for finders, steps in (
        (_EXACT, walked),
        (_EXACT, named),
        (_PARTIAL, walked),
        (_PARTIAL, named),
    ):
        for parts in steps:
            for find in finders:
                clause = find(parts)
                if clause:
                    return _sentence(lead_in(parts, pairs) + clause)
    return ""


def only_difference(pairs: Sequence[Pair]) -> str:
    """Name the one part in which all results differ, in one sentence, or return an empty text."""
    walked = list(levels(pairs))
    only = only_part(walked[-1], pairs) if walked else ""
    return _sentence(f"the only difference is in {only}; the rest is right") if only else ""


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
