"""What the tests of the model share: comparison with PyTorch's own, forwards and backwards."""

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor

Agree = Callable[..., None]


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def agree() -> Agree:
    """Compare two functions of the same inputs: their outputs, and the gradients of all inputs.

    `parameters` are pairs of tensors, one of each function, whose gradients are compared as well.
    """

    def compare(
        ours: Callable[..., Tensor],
        theirs: Callable[..., Tensor],
        inputs: Sequence[Tensor],
        parameters: Sequence[tuple[Tensor, Tensor]] = (),
    ) -> None:
        def differentiate(function: Callable[..., Tensor], own: list[Tensor]) -> list[Tensor]:
            leaves = [tensor.detach().clone().requires_grad_() for tensor in inputs]
            output = function(*leaves)
            generator = torch.Generator().manual_seed(1)
            direction = torch.randn(output.shape, dtype=output.dtype, generator=generator)
            return [output, *torch.autograd.grad(output, [*leaves, *own], direction)]

        torch.testing.assert_close(
            differentiate(ours, [pair[0] for pair in parameters]),
            differentiate(theirs, [pair[1] for pair in parameters]),
            atol=1e-5,
            rtol=1e-5,
        )

    return compare
