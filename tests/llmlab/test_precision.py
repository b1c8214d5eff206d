"""Half precision is widened, and nothing else is touched."""

from __future__ import annotations

import pytest
import torch

from llmlab.precision import at_least_float32


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_becomes_float32(dtype: torch.dtype) -> None:
    wide = at_least_float32(torch.tensor([256.0], dtype=dtype))
    assert wide.dtype == torch.float32
    assert float(wide.square()) == 65536


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_is_wide_enough_stays_what_it_is(dtype: torch.dtype) -> None:
    x = torch.tensor([1.0], dtype=dtype)
    assert at_least_float32(x) is x
