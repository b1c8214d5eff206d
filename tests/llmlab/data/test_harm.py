import math

import pytest
import torch

from llmlab.data import harm_threshold

SCORES = [0.1, 0.2, 0.4, 0.35, 0.8, 0.3, 0.7, 0.5, 0.9]
HARMFUL = [False, False, False, True, True, False, False, True, True]
GROUPS = ["news"] * 5 + ["forum"] * 4


def test_an_overall_limit_is_kept_and_one_group_pays_for_it() -> None:
    threshold, errors = harm_threshold(SCORES, HARMFUL, GROUPS, 0.2)
    assert threshold == 0.5
    assert errors == {"news": (0.0, 0.5), "forum": (0.5, 0.0)}


def test_a_limit_of_one_removes_everything_and_misses_nothing() -> None:
    assert harm_threshold(SCORES, HARMFUL, GROUPS, 1.0) == (
        0.1,
        {"news": (1.0, 0.0), "forum": (1.0, 0.0)},
    )


def test_where_the_highest_score_is_harmless_a_limit_of_zero_removes_nothing() -> None:
    threshold, errors = harm_threshold([0.2, 0.9], [True, False], ["a", "a"], 0.0)
    assert threshold == math.inf
    assert errors == {"a": (0.0, 1.0)}


def test_documents_of_one_score_go_or_stay_together() -> None:
    scores, harmful = [0.5, 0.5, 0.5, 0.1, 0.9], [False, False, True, False, True]
    threshold, errors = harm_threshold(scores, harmful, ["a"] * 5, 0.4)
    assert threshold == 0.9
    assert errors == {"a": (0.0, 0.5)}


def test_a_group_without_a_kind_of_document_has_no_errors_of_that_kind() -> None:
    _, errors = harm_threshold([0.9, 0.1], [True, False], ["bad", "good"], 0.0)
    assert errors == {"bad": (0.0, 0.0), "good": (0.0, 0.0)}


def test_no_lower_score_keeps_to_the_limit() -> None:
    generator = torch.Generator().manual_seed(4)
    for limit in (0.0, 0.1, 0.37, 0.9):
        scores = torch.randint(0, 20, (40,), generator=generator).div(20).tolist()
        harmful = (torch.rand(40, generator=generator) < 0.3).tolist()
        threshold, _ = harm_threshold(scores, harmful, ["all"] * 40, limit)
        harmless = [
            score for score, is_harmful in zip(scores, harmful, strict=True) if not is_harmful
        ]

        def share(cut: float, of: list[float] = harmless) -> float:
            return sum(score >= cut for score in of) / len(of)

        assert share(threshold) <= limit
        assert all(share(score) > limit for score in scores if score < threshold)


def test_lists_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        harm_threshold([0.1, 0.2], [True], ["a", "a"], 0.5)
