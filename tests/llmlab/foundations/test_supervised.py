import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from llmlab.errors import ConfigurationError, ShapeError
from llmlab.foundations import gradient_descent, split_examples, train


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_descent_finds_the_line_that_least_squares_finds():
    inputs = torch.randn(50, 3, generator=generator(1))
    targets = inputs @ torch.tensor([1.0, -2.0, 0.5]) + 0.1 * torch.randn(
        50, generator=generator(2)
    )
    found = gradient_descent(inputs, targets, torch.zeros(3), learning_rate=0.1, steps=500)
    exact = torch.linalg.lstsq(inputs, targets[:, None]).solution[:, 0]
    torch.testing.assert_close(found, exact, atol=1e-5, rtol=0)


def test_a_step_follows_pytorchs_gradient_of_the_mean_squared_error():
    inputs, targets = torch.randn(7, 2, generator=generator()), torch.arange(7.0)
    weights = torch.tensor([0.3, -1.0], requires_grad=True)
    functional.mse_loss(inputs @ weights, targets).backward()
    stepped = gradient_descent(inputs, targets, weights.detach(), learning_rate=0.05, steps=1)
    torch.testing.assert_close(stepped, weights.detach() - 0.05 * weights.grad)


def test_a_descent_of_no_steps_stays_where_it_is():
    start = torch.tensor([1.0, 2.0])
    assert gradient_descent(torch.ones(3, 2), torch.ones(3), start, 0.1, 0) is start


@pytest.mark.parametrize(
    ("count", "sizes"), [(10, (8, 1, 1)), (59, (49, 5, 5)), (100, (80, 10, 10))]
)
def test_every_example_lands_in_one_part_with_its_own_target(count, sizes):
    inputs = torch.arange(count)
    parts = split_examples(inputs, inputs * 3 + 7, generator())
    assert tuple(len(part[0]) for part in parts) == sizes
    assert sorted(torch.cat([part[0] for part in parts]).tolist()) == list(range(count))
    for own_inputs, own_targets in parts:
        assert torch.equal(own_targets, own_inputs * 3 + 7)


def test_the_split_is_drawn_by_the_generator():
    inputs = torch.arange(200)
    first, again, other = (
        split_examples(inputs, inputs, generator(seed))[2][0] for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_what_cannot_be_split_is_told():
    with pytest.raises(ShapeError, match="9 examples are too few to be split in three"):
        split_examples(torch.zeros(9, 2), torch.zeros(9), generator())
    with pytest.raises(ShapeError, match="20 inputs and 19 targets"):
        split_examples(torch.zeros(20, 2), torch.zeros(19), generator())


def setting(rate=0.1):
    """A line to be learned whose validation examples follow another one."""
    model = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        model.weight.zero_()
    x = torch.linspace(-1, 1, 9)[:, None]
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    return model, optimizer, [(x, 2 * x)] * 20, (x, x)


def test_the_model_is_left_with_the_weights_of_the_lowest_validation_loss():
    model, optimizer, batches, validation = setting()
    losses = train(model, functional.mse_loss, optimizer, batches, validation)
    assert len(losses) == 20
    assert 0 < losses.index(min(losses)) < 19
    loss = functional.mse_loss(model(validation[0]), validation[1]).item()
    assert loss == pytest.approx(min(losses))


def test_each_batch_is_one_step_of_pytorchs_own_loop():
    model, optimizer, batches, validation = setting()
    expected = []
    for inputs, targets in batches:
        optimizer.zero_grad()
        functional.mse_loss(model(inputs), targets).backward()
        optimizer.step()
        expected.append(functional.mse_loss(model(validation[0]), validation[1]).item())
    model, optimizer, *_ = setting()
    assert train(model, functional.mse_loss, optimizer, batches, validation) == expected
    model, optimizer, *_ = setting()
    assert train(model, functional.mse_loss, optimizer, batches, validation, every=8) == [
        expected[7],
        expected[15],
    ]


def test_training_that_was_never_measured_is_told():
    model, optimizer, batches, validation = setting()
    with pytest.raises(ConfigurationError, match="0 measurements, one every 21 batches"):
        train(model, functional.mse_loss, optimizer, batches, validation, every=21)
    model, optimizer, batches, (x, _) = setting(rate=1.0)
    with pytest.raises(ConfigurationError, match="never a number: 20 measurements"):
        train(model, functional.mse_loss, optimizer, batches, (x, x * math.nan))
