"""Numbers in half precision, and where they do not suffice."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def at_least_float32(x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Widen half precision: float16 ends at 65504, which the square of 256 passes, and many a sum."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
