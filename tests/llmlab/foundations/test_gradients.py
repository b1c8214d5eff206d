import math

import pytest
import torch

from llmlab.errors import ShapeError
from llmlab.foundations import check_gradients, numerical_gradient

FUNCTIONS = {
    "squares": lambda x: x.square().sum(),
    "waves": lambda x: (x.sin() * x.cos()).mean(),
    "softmax": lambda x: torch.cat([x.flatten(), x.new_zeros(1)]).softmax(dim=0)[-1].log(),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 1, 2), (0,)])
def test_a_numerical_gradient_is_pytorchs(name, shape):
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    function = FUNCTIONS[name]
    (expected,) = torch.autograd.grad(function(x), x)
    found = numerical_gradient(function, x)
    torch.testing.assert_close(found, expected, atol=1e-8, rtol=1e-8)


def test_the_error_falls_with_the_square_of_the_step():
    x = torch.tensor([1.0], dtype=torch.float64)
    errors = [
        (numerical_gradient(lambda x: x.exp().sum(), x, step) - math.e).abs().item()
        for step in (1e-2, 1e-3)
    ]
    assert errors[0] / errors[1] == pytest.approx(100, rel=0.01)


def test_single_precision_is_widened_and_the_input_is_left_alone():
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).T
    before = x.clone()
    gradient = numerical_gradient(lambda x: (x**3).sum(), x)
    assert gradient.dtype == torch.float64
    torch.testing.assert_close(gradient, 3 * x.double() ** 2, atol=1e-6, rtol=0)
    assert torch.equal(x, before)


def test_a_function_that_changes_its_input_does_not_disturb_the_measurement():
    gradient = numerical_gradient(lambda x: x.mul_(2).sum(), torch.ones(3))
    torch.testing.assert_close(gradient, torch.full((3,), 2.0, dtype=torch.float64))


def test_right_gradients_pass():
    report = check_gradients(
        lambda a, b: (a @ b).tanh().sum(), [torch.randn(2, 3), torch.randn(3, 4)]
    )
    assert report.passed
    assert report.error < 1e-8
    assert str(report).startswith("The gradients agree with their finite differences")


def test_the_worst_entry_is_named():
    x, y = torch.ones(3), torch.full((2, 2), 2.0)
    right = [y.sum() * torch.ones(3), torch.full((2, 2), 3.0)]
    right[1][1, 0] += 0.5
    right[0][2] -= 1e-3
    report = check_gradients(lambda x, y: x.sum() * y.sum(), [x, y], right)
    assert not report.passed
    assert (report.input, report.index) == (1, (1, 0))
    assert report.computed == 3.5
    assert report.measured == pytest.approx(3)
    assert "differ from their finite differences; the worst is at [1, 0] of input 1" in str(report)


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_gradient_that_is_no_number_is_the_worst(wrong):
    gradients = [torch.tensor([1.0, 1.0, wrong])]
    report = check_gradients(lambda x: x.sum(), [torch.zeros(3)], gradients)
    assert not report.passed
    assert report.index == (2,)


def test_an_input_without_influence_has_a_gradient_of_zero():
    assert check_gradients(lambda a, b: a.sum(), [torch.ones(2), torch.ones(2)]).passed


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: numerical_gradient(lambda x: x, torch.ones(2)), r"tensor of shape \(2,\)"),
        (lambda: check_gradients(lambda: torch.ones(1), []), "no number to move"),
        (lambda: check_gradients(torch.sum, [torch.ones(0)]), "no number to move"),
        (
            lambda: check_gradients(torch.sum, [torch.ones(2)], [torch.ones(3)]),
            r"shapes \[\(3,\)\] and the inputs \[\(2,\)\]",
        ),
    ],
)
def test_what_has_no_gradient_is_refused_in_a_sentence(call, message):
    with pytest.raises(ShapeError, match=message):
        call()
