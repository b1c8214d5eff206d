"""SamplingView: what the settings leave, what is drawn, what stands in its place, and what it refuses."""

from __future__ import annotations

import base64
import re
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from llmlab.errors import ConfigurationError, ShapeError
from llmlab.model import Sampling
from llmlab.widgets import SamplingView

WORDS = ["<b>", " cat", " dog", "\n", " owl"]
LOGITS = torch.tensor([0.05, 0.5, 0.3, 0.02, 0.13]).log()


def view(**options: Any) -> SamplingView:
    return SamplingView(LOGITS, WORDS.__getitem__, "the <old>", **options)


def shares(data: bytes) -> list[float]:
    return np.frombuffer(data, np.float32).tolist()


def test_tokens_stand_in_the_order_of_their_probability_and_the_rest_is_summed() -> None:
    shown = view(rows=3)
    assert shown.labels == ["␣cat", "␣dog", "␣owl"]
    assert shares(shown.before) == pytest.approx([0.5, 0.3, 0.13, 0.07])
    assert shown.before == shown.after
    assert shown.others == 2


@pytest.mark.parametrize(
    ("settings", "sampling"),
    [
        ({"temperature": 0.5}, Sampling(0.5)),
        ({"temperature": 0.0}, Sampling(0.0)),
        ({"top_k": 2}, Sampling(1.0, top_k=2)),
        ({"top_p": 0.8}, Sampling(1.0, top_p=0.8)),
        ({"min_p": 0.2, "temperature": 2.0}, Sampling(2.0, min_p=0.2)),
    ],
)
def test_the_settings_do_what_sampling_does(settings: dict[str, Any], sampling: Sampling) -> None:
    shown = view()
    for name, value in settings.items():
        setattr(shown, name, value)
    expected = sampling.probabilities(LOGITS)[[1, 2, 4, 0, 3]].tolist()
    assert shares(shown.after)[:-1] == pytest.approx(expected)
    assert shares(view(**settings).after) == shares(shown.after)
    assert shares(shown.before) == pytest.approx([0.5, 0.3, 0.13, 0.05, 0.02, 0.0], abs=1e-6)


def test_a_top_p_of_zero_keeps_the_likeliest_token() -> None:
    assert shares(view(top_p=0.0).after)[:2] == [1.0, 0.0]


def test_the_status_counts_what_can_come_next() -> None:
    status = view(top_k=2).status
    assert status.startswith("2 of 5 tokens can come next; the model itself gave them 80.0%;")
    assert view(temperature=0.0).status.endswith("as open as one of 1.0 equal tokens.")


def test_drawing_follows_the_probabilities_and_a_new_setting_begins_again() -> None:
    shown = view(rows=2, top_k=3)
    shown.draws = 1
    shown.draws = 501
    counts = np.frombuffer(shown.counts, np.uint32)
    assert counts.sum() == 501
    chances = torch.tensor([0.5, 0.3, 0.13]) / 0.93
    assert torch.from_numpy(counts / 501).float().allclose(chances, atol=0.06)
    assert len(shown.drawn) == 60
    assert set(shown.drawn) <= {"␣cat", "␣dog", "␣owl"}
    shown.temperature = 0.5
    assert shown.drawn == []
    assert not np.frombuffer(shown.counts, np.uint32).any()


def test_equal_seeds_draw_equal_tokens() -> None:
    drawn = []
    for seed in (1, 1, 2):
        shown = view(seed=seed)
        shown.draws = 30
        drawn.append(shown.drawn)
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_saved_page_shows_bars_and_a_text() -> None:
    data, _ = view(top_p=0.7, rows=4, title="Next")._repr_mimebundle_()
    assert data["text/plain"].startswith(
        "Next after “the <old>”, temperature 1.00, top-p 0.70: ␣cat 62.5%, ␣dog 37.5%."
    )
    picture = base64.b64decode(re.search('base64,([^"]+)', data["text/html"])[1]).decode()
    assert "the &lt;old&gt;" in picture
    assert picture.count("ruled out") == 3
    assert "all 1 others together" in picture


@pytest.mark.parametrize(
    ("logits", "options", "error", "said"),
    [
        (LOGITS[None], {}, ShapeError, "the shape (1, 5); give those of one place"),
        (LOGITS[:0], {}, ShapeError, "the shape (0,)"),
        (LOGITS * torch.nan, {}, ConfigurationError, "NaN"),
        (LOGITS - torch.inf, {}, ConfigurationError, "rule every token out"),
        (LOGITS, {"temperature": -1.0}, ConfigurationError, "temperature is -1.0; give a number"),
        (LOGITS, {"top_k": 51}, ConfigurationError, "from 0 to 50"),
        (LOGITS, {"top_p": 1.5}, ConfigurationError, "top_p is 1.5"),
        (LOGITS, {"min_p": 0.6}, ConfigurationError, "from 0 to 0.5"),
        (LOGITS, {"rows": 0}, ConfigurationError, "rows is 0; give a number from 1 to 40"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_a_sentence(
    unchecked: None, logits: Tensor, options: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=re.escape(said)):
        SamplingView(logits, WORDS.__getitem__, **options)
