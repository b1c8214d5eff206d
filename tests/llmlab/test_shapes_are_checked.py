"""The import hook of tests/conftest.py is at work: without it, the other tests check no shapes."""

import pytest
import torch
from jaxtyping import TypeCheckError

from llmlab.model import RMSNorm, embed, rms_norm


def test_a_wrong_shape_is_refused():
    # A weight of one number would broadcast, and PyTorch would not object.
    with pytest.raises(TypeCheckError, match="weight"):
        rms_norm(torch.ones(2, 3), torch.ones(1))


def test_a_wrong_shape_is_refused_in_a_method():
    norm = RMSNorm(3)
    # Of another type of number, so that the formula is used, and not PyTorch's kernel.
    norm.weight = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
    with pytest.raises(TypeCheckError, match="weight"):
        norm(torch.ones(2, 3))


def test_a_wrong_kind_of_number_is_refused():
    with pytest.raises(TypeCheckError, match="ids"):
        embed(torch.ones(2, 3), torch.tensor([0.0, 1.0]))


def test_a_right_shape_passes():
    assert rms_norm(torch.ones(2, 3), torch.ones(3)).shape == (2, 3)
